"""A proxy in front of a search engine that can be slow, refuse, cut connections, or lose answers."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 30
# What Elasticsearch answers while its queues are full, and where an index takes no writes.
REJECTED = {"type": "es_rejected_execution_exception", "reason": "rejected execution of a task"}
BLOCKED = {"type": "cluster_block_exception", "reason": "index blocked by: [FORBIDDEN/8/index write (api)];"}
WRITING = ("_bulk", "_doc", "_create", "_update")


class Request(NamedTuple):
    method: str
    path: str

    @property
    def writes(self) -> bool:
        return self.method != "GET" and any(part in WRITING for part in urlsplit(self.path).path.split("/"))


class Answer(NamedTuple):
    status: int
    content_type: str
    body: bytes


class Cut(Exception):
    """The connection ends here, without an answer."""


# Gets the request and a way to have it carried out; answers, or raises Cut.
Rule = Callable[[Request, Callable[[], Answer]], Answer]


def passing(_: Request, ask: Callable[[], Answer]) -> Answer:
    return ask()


def refusing(status: int, error: dict[str, str]) -> Answer:
    body = {"error": {**error, "root_cause": [error]}, "status": status}
    return Answer(status, "application/json", json.dumps(body).encode())


class Proxy:
    """`rule` decides about each request; `struck` counts those that were not simply passed on."""

    def __init__(self, upstream: str) -> None:
        self._upstream = urlsplit(upstream).netloc
        self.url = ""
        self.rule: Rule = passing
        self.struck = 0
        self._lock = threading.Lock()

    @contextmanager
    def by(self, rule: Rule) -> Iterator[None]:
        """While the block lasts, on top of the rule there is: of two, the outer one is asked first."""
        before = self.rule

        def both(request: Request, ask: Callable[[], Answer]) -> Answer:
            return before(request, lambda: rule(request, ask))

        self.rule = both
        try:
            yield
        finally:
            self.rule = before

    def strike(self) -> None:
        with self._lock:
            self.struck += 1

    def ask(self, request: Request, body: bytes, headers: dict[str, str]) -> Answer:
        connection = HTTPConnection(self._upstream, timeout=TIMEOUT_SECONDS)
        try:
            connection.request(request.method, request.path, body=body or None, headers=headers)
            response = connection.getresponse()
            return Answer(response.status, response.getheader("content-type") or "application/json", response.read())
        finally:
            connection.close()


def _handler_of(proxy: Proxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = TIMEOUT_SECONDS

        def __getattr__(self, name: str) -> Any:
            """`do_GET`, `do_POST` and the like, which the standard library looks for."""
            if name.startswith("do_"):
                return self._handle
            raise AttributeError(name)

        def _handle(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            kept = {name: value for name in ("content-type", "accept") if (value := self.headers.get(name))}
            request = Request(self.command, self.path)
            try:
                self._send(proxy.rule(request, lambda: proxy.ask(request, body, kept)))
            except Cut:
                self.close_connection = True

        def _send(self, answer: Answer) -> None:
            self.send_response(answer.status)
            self.send_header("x-elastic-product", "Elasticsearch")
            self.send_header("content-type", answer.content_type)
            self.send_header("content-length", str(len(answer.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body)

        def log_message(self, format: str, *args: Any) -> None: ...  # noqa: A002 - the name is the standard library's

    return Handler


class ListeningServer(ThreadingHTTPServer):
    """In a thread, for as long as the block lasts. Its clients are killed now and then, and read no answer."""

    daemon_threads = True

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    @contextmanager
    def listening(self) -> Iterator[None]:
        thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.1})
        thread.start()
        try:
            yield
        finally:
            self.shutdown()
            thread.join()
            self.server_close()

    def handle_error(self, *_: Any) -> None: ...


@contextmanager
def proxied(upstream: str) -> Iterator[Proxy]:
    proxy = Proxy(upstream)
    server = ListeningServer(_handler_of(proxy))
    proxy.url = server.url
    with server.listening():
        yield proxy


def slow(seconds: float) -> Rule:
    def wait(_: Request, ask: Callable[[], Answer]) -> Answer:
        time.sleep(seconds)
        return ask()

    return wait
