"""The demo's client against a server that answers as told."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from demo.api import ATTEMPTS, SpikeTrace
from demo.processes import DemoFailed

Answer = tuple[int, dict[str, str], bytes]


def _lower(headers: Message) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


class Server(ThreadingHTTPServer):
    answers: list[Answer]
    requests: list[tuple[str, str, bytes, dict[str, str]]]


class Handler(BaseHTTPRequestHandler):
    server: Server

    def _answer(self) -> None:
        length = int(self.headers.get("content-length", 0))
        self.server.requests.append((self.command, self.path, self.rfile.read(length), _lower(self.headers)))
        status, headers, body = self.server.answers.pop(0)
        self.send_response(status)
        for name, value in {**headers, "content-length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = _answer  # noqa: N815
    do_POST = _answer  # noqa: N815

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as running:
        running.answers, running.requests = [], []
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def spiketrace(server: Server) -> Iterator[SpikeTrace]:
    url = f"http://127.0.0.1:{server.server_port}"
    with SpikeTrace({"url": url, "elasticsearch_url": url, "user": "kibana", "password": "pässword"}) as client:
        yield client


def test_an_alert_is_posted_as_kibana_s_connector_does(spiketrace: SpikeTrace, server: Server) -> None:
    server.answers = [(202, {}, b'{"alert_id": "a", "status": "accepted"}')]
    assert spiketrace.post_alert('{"é": 1}') == {"alert_id": "a", "status": "accepted"}
    method, path, body, headers = server.requests[0]
    assert (method, path, body.decode()) == ("POST", "/v1/alerts/kibana", '{"é": 1}')
    assert headers["content-type"] == "application/json"
    assert base64.b64decode(headers["authorization"].removeprefix("Basic ")).decode() == "kibana:pässword"


def test_an_alert_that_was_not_taken_is_posted_again(spiketrace: SpikeTrace, server: Server) -> None:
    server.answers = [
        (503, {"retry-after": "0"}, b"{}"),
        (503, {"retry-after": "0"}, b"{}"),
        (202, {}, b'{"alert_id": "a"}'),
    ]
    assert spiketrace.post_alert("{}") == {"alert_id": "a"}
    assert len(server.requests) == 3


def test_an_alert_that_is_never_taken_ends_the_demo(spiketrace: SpikeTrace, server: Server) -> None:
    server.answers = [(503, {"retry-after": "0"}, b"{}")] * ATTEMPTS
    with pytest.raises(DemoFailed, match="not taken"):
        spiketrace.post_alert("{}")
    assert server.answers == []


def test_another_refusal_ends_it_at_once(spiketrace: SpikeTrace, server: Server) -> None:
    server.answers = [(400, {}, b'{"detail": "no JSON"}')]
    with pytest.raises(DemoFailed, match=r"400 .*no JSON"):
        spiketrace.post_alert("{}")


def test_documents_are_read_by_id(spiketrace: SpikeTrace, server: Server) -> None:
    server.answers = [(200, {}, b"{}")] * 3
    spiketrace.alert("a"), spiketrace.report("r"), spiketrace.incident("i")
    assert [path for _, path, _, _ in server.requests] == ["/v1/alerts/a", "/v1/reports/r", "/v1/incidents/i"]


def test_nobody_there_is_said_so() -> None:
    with (
        SpikeTrace({"url": "http://127.0.0.1:9", "elasticsearch_url": "", "user": "u", "password": "p"}) as nobody,
        pytest.raises(DemoFailed, match="ConnectError"),
    ):
        nobody.alert("a")
