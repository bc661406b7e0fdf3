"""A webhook is replaced while alerts come in: nobody is refused, and nothing is lost."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import pytest

from tests.engines.servers import Engine
from tests.webhook.bodies import active, encoded
from tests.webhook.conftest import TOKEN, webhook_settings
from tests.webhook.test_app import POST, eventually
from worker.bootstrap import Stores
from worker.settings import process_environment

SCRIPT = "from webhook.app import serve; from worker.settings import load_settings; serve(load_settings())"
HEADERS = {"authorization": f"Bearer {TOKEN}"}
BEGUN, STREAMED = 20, 60


@dataclass
class Process:
    """A webhook as a deployment runs it."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz").is_success
        except httpx.TransportError:
            return False

    def listens(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5):
                return True
        except ConnectionRefusedError:
            return False


@contextmanager
def started(elasticsearch_url: str, redis_url: str) -> Iterator[Process]:
    with socket.create_server(("127.0.0.1", 0)) as closed_soon:
        port = closed_soon.getsockname()[1]
    settings = webhook_settings(elasticsearch_url=elasticsearch_url, redis_url=redis_url, webhook_port=port)
    process = subprocess.Popen([sys.executable, "-c", SCRIPT], env=process_environment(settings))
    try:
        yield Process(port, process)
    finally:
        process.kill()
        process.wait()


@dataclass
class Begun:
    """A request of which half is sent."""

    connection: socket.socket
    rest: bytes

    def answer(self) -> tuple[int, str]:
        self.connection.sendall(self.rest)
        with self.connection, self.connection.makefile("rb") as reader:
            status = int(reader.readline().split()[1])
            while reader.readline().strip():
                pass
            return status, json.loads(reader.read())["alert_id"]


def begin(port: int, body: bytes) -> Begun:
    connection = socket.create_connection(("127.0.0.1", port), timeout=20)
    head = f"POST {POST} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: {len(body)}\r\n\r\n"
    connection.sendall(head.encode() + body[:10])
    return Begun(connection, body[10:])


@pytest.mark.timeout(180)
def test_a_webhook_is_replaced_under_a_stream_of_alerts(
    embedded_engine: Engine, redis_url: str, stores: Stores
) -> None:
    """Since `preStop` began, the old one has got no new connections: it has these in hand, and the new one the rest."""
    streamed: list[tuple[int, str]] = []
    with started(embedded_engine.url, redis_url) as old, started(embedded_engine.url, redis_url) as new:
        eventually(lambda: old.is_ready() and new.is_ready(), seconds=60)
        begun = [begin(old.port, encoded(active(f"old-{number}"))) for number in range(BEGUN)]
        # One that is answered says that those before it have arrived.
        assert httpx.get(f"{old.url}/healthz").is_success

        def stream() -> None:
            for number in range(STREAMED):
                answer = httpx.post(f"{new.url}{POST}", content=encoded(active(f"new-{number}")), headers=HEADERS)
                streamed.append((answer.status_code, answer.json()["alert_id"]))

        streaming = threading.Thread(target=stream)
        streaming.start()
        old.process.terminate()
        eventually(lambda: not old.listens())
        answered = [one.answer() for one in begun]
        assert old.process.wait(20) in {0, -signal.SIGTERM}
        streaming.join(60)
        alert_ids = [alert_id for _, alert_id in answered + streamed]
        assert [status for status, _ in answered + streamed] == [202] * (BEGUN + STREAMED)
        assert len(set(alert_ids)) == BEGUN + STREAMED
        eventually(lambda: len(stores.alerts.get_many(alert_ids)) == len(alert_ids), seconds=30)
