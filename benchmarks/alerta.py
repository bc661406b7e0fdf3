"""Alerta with PostgreSQL, started to be measured beside: both as they ship, on 127.0.0.1, gone afterwards.

Alerta is no dependency of SpikeTrace: it is installed into an environment of its own under .cache, with gunicorn and
a driver for PostgreSQL, which the system has to have (Debian: `apt-get install postgresql`).
https://docs.alerta.io
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.sender import MARK
from cli.settle import free_address
from worker.settings import fresh_environment

HERE = Path(__file__).resolve().parents[1] / ".cache" / "alerta"
PACKAGES = ("alerta-server>=9", "gunicorn>=23", "psycopg2-binary")
# Where Debian and others put what is not on the path.
SERVERS = "/usr/lib/postgresql"
ACCOUNT = "nobody"
PATH = "/alert"
# As many processes as there are cores, each with threads, as connections that stay need.
CORES = str(os.cpu_count() or 1)
# Loaded once, since two that make the tables at the same time make neither.
GUNICORN = ("--preload", "--workers", CORES, "--worker-class", "gthread", "--threads", "8", "--keep-alive", "60")


class CannotBeHad(Exception):
    """Alerta or PostgreSQL is not on this machine and could not be fetched; the text says which and why."""


def alerta_body(run: str) -> str:
    """What an alert of a carbon rule would be to Alerta; each an event of its own, so none is a duplicate."""
    body: dict[str, Any] = {
        "resource": "checkout",
        "event": f"CarbonSpike-{run}-{MARK}",
        "environment": "Production",
        "severity": "major",
        "service": ["checkout"],
        "group": "Carbon",
        "value": f"80.{MARK}",
        "text": f"Carbon spike by service (threshold): avg(estimated_co2_grams) is 80.{MARK}, greater than 50 over 5m",
        "tags": ["spiketrace", "carbon"],
        "attributes": {"rule": "spiketrace-carbon-by-service"},
        "origin": "benchmark",
        "type": "kibanaAlert",
    }
    return json.dumps(body)


def installed() -> Path:
    """The environment's folder of programs. Raises CannotBeHad."""
    programs = HERE / "bin"
    if not (programs / "gunicorn").exists():
        try:
            subprocess.run([sys.executable, "-m", "venv", str(HERE)], check=True, capture_output=True)
            subprocess.run([str(programs / "pip"), "install", "--quiet", *PACKAGES], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            shutil.rmtree(HERE, ignore_errors=True)
            raise CannotBeHad(f"Alerta could not be installed: {error}") from error
    return programs


def postgresql() -> Path:
    """The folder of its programs, of the newest version. Raises CannotBeHad."""
    found = sorted(Path(SERVERS).glob("*/bin/initdb"), key=lambda path: float(path.parents[1].name))
    if found:
        return found[-1].parent
    if on_path := shutil.which("initdb"):
        return Path(on_path).resolve().parent
    raise CannotBeHad("PostgreSQL is not installed: apt-get install postgresql")


@contextmanager
def database() -> Iterator[str]:
    """The address of a PostgreSQL with its own settings, whose commits are on the disk. Raises CannotBeHad."""
    programs = postgresql()
    port = free_address().rsplit(":", 1)[1]
    # It refuses to run as root, so where we do, it goes to an account without rights.
    account = pwd.getpwnam(ACCOUNT) if os.geteuid() == 0 else None
    who: dict[str, Any] = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}
    folder = Path(tempfile.mkdtemp(prefix="spiketrace-postgresql-"))
    try:
        if account:
            os.chown(folder, account.pw_uid, account.pw_gid)
        data = str(folder / "data")
        first = [str(programs / "initdb"), "-D", data, "-U", "alerta", "--auth=trust", "-E", "UTF8"]
        subprocess.run(first, check=True, capture_output=True, cwd=folder, **who)
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
        control = [str(programs / "pg_ctl"), "-D", data, "-w", "-l", str(folder / "log")]
        subprocess.run([*control, "-o", options, "start"], check=True, capture_output=True, cwd=folder, **who)
        try:
            where = ["-h", "127.0.0.1", "-p", port, "-U", "alerta", "alerta"]
            subprocess.run([str(programs / "createdb"), *where], check=True, capture_output=True)
            yield f"postgres://alerta@127.0.0.1:{port}/alerta"
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], check=True, capture_output=True, cwd=folder, **who)
    except subprocess.CalledProcessError as error:
        raise CannotBeHad(f"PostgreSQL did not start: {error.stderr.decode(errors='replace')[-500:]}") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def alerta(folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Its address and the process to measure; it answers some seconds later. Raises CannotBeHad."""
    programs = installed()
    with database() as database_url:
        url = free_address()
        command = [str(programs / "gunicorn"), *GUNICORN, "--bind", url.removeprefix("http://"), "alerta:create_app()"]
        # gunicorn leaves a socket in the home directory.
        ours = {"DATABASE_URL": database_url, "AUTH_REQUIRED": "False", "HOME": str(folder)}
        environment = fresh_environment(ours)
        with (folder / "alerta.log").open("wb") as log:
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            yield url, process
        finally:
            process.terminate()
            process.wait()
