"""A stranger's connection takes little memory and not for long; whoever asks as clients do notices nothing."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from tests.webhook.conftest import Serving
from webhook.bounded_http import BoundedHttp

PATIENCE_SECONDS = 10.0
HEAD = b"POST / HTTP/1.1\r\nHost: x\r\n"


class Terse(BoundedHttp):
    most_bytes_beside_body = 1_000


class Impatient(BoundedHttp):
    request_seconds = 0.1


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """How long the body is."""
    if scope["type"] == "http":
        body = await Request(scope, receive).body()
        await PlainTextResponse(str(len(body)))(scope, receive, send)


def _serving(http: type[BoundedHttp]) -> Iterator[int]:
    running = Serving(echo, http)
    try:
        yield int(running.start().rsplit(":", 1)[1])
    finally:
        running.tell_to_stop()
        running.wait()


@pytest.fixture(scope="module")
def terse() -> Iterator[int]:
    """The port of a server that takes short heads only."""
    yield from _serving(Terse)


@pytest.fixture(scope="module")
def impatient() -> Iterator[int]:
    """The port of a server that does not wait."""
    yield from _serving(Impatient)


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS)


def all_of(connection: socket.socket) -> bytes:
    """Until the server ends the connection; a TimeoutError where it does not."""
    return b"".join(iter(lambda: connection.recv(65_536), b""))


def is_cut(connection: socket.socket, more: bytes) -> bool:
    """Long before it has taken what a process has room for."""
    try:
        for _ in range(20_000):
            connection.sendall(more)
    except ConnectionError:
        return True
    return False


@pytest.mark.parametrize(
    ("begun", "more"),
    [
        (HEAD, b"X-Long: " + b"a" * 1_000 + b"\r\n"),
        (HEAD + b"X: ", b"a" * 1_000),
        (b"GET /", b"a" * 1_000),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X-After: " + b"a" * 1_000 + b"\r\n"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1;" + b"a" * 1_000 + b"\r\nx\r\n"),
    ],
    ids=["headers", "a header", "an address", "trailers", "words beside chunks"],
)
def test_what_does_not_end_is_cut(terse: int, begun: bytes, more: bytes) -> None:
    with connected(terse) as connection:
        connection.sendall(begun)
        assert is_cut(connection, more)


def test_what_does_not_go_on_is_given_up(impatient: int) -> None:
    begun = [
        b"",
        b"GET ",
        HEAD,
        HEAD + b"Content-Length: 10\r\n\r\nabc",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab",
    ]
    for sent in begun:
        with connected(impatient) as connection:
            connection.sendall(sent)
            assert all_of(connection) == b"", sent


def test_whoever_asks_as_clients_do_notices_nothing(terse: int) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{terse}", timeout=PATIENCE_SECONDS) as client:
        sizes = [0, 10, 5_000, 300_000]
        assert [client.post("/", content=b"x" * size).text for size in sizes] == [str(size) for size in sizes]
        assert client.post("/", content=(b"x" * 50_000 for _ in range(5))).text == "250000"
