"""A webhook, a worker and a beat as processes, and a place that hears what they export and what they deliver."""

from __future__ import annotations

import gzip
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from worker.settings import Settings, process_environment

EXPORT_EVERY_MILLISECONDS = "100"


class Span(NamedTuple):
    """Ids as hexadecimal digits; `parent` is empty for the first of a trace."""

    service: str
    name: str
    trace: str
    id: str
    parent: str
    failed: bool
    said: dict[str, Any]


@dataclass
class Collector:
    """Listens as a collector of OTLP over HTTP does, at /v1/traces; anything else is answered as Slack would.

    It is `busy` for so many messages, which it asks to have again in a second.
    """

    url: str
    spans: list[Span] = field(default_factory=list)
    messages: int = 0
    busy: int = 1
    raw: bytes = b""
    headers: list[str | None] = field(default_factory=list)

    def hear(self, body: bytes) -> None:
        self.raw += body
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            (service,) = [a.value.string_value for a in resource.resource.attributes if a.key == "service.name"]
            for scope in resource.scope_spans:
                self.spans += [_span(service, one) for one in scope.spans]

    def named(self, name: str) -> list[Span]:
        return [one for one in self.spans if one.name == name]


def _span(service: str, told: Any) -> Span:
    said = {a.key: getattr(a.value, a.value.WhichOneof("value")) for a in told.attributes}
    failed = told.status.code == told.status.STATUS_CODE_ERROR
    return Span(service, told.name, told.trace_id.hex(), told.span_id.hex(), told.parent_span_id.hex(), failed, said)


@contextmanager
def collecting() -> Iterator[Collector]:
    collector = Collector("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.path == "/v1/traces":
                collector.headers.append(self.headers["authorization"])
                collector.hear(gzip.decompress(body) if self.headers["content-encoding"] == "gzip" else body)
                self._answer(200, b"")
            elif collector.busy:
                collector.busy -= 1
                self._answer(429, b"rate_limited")
            else:
                collector.messages += 1
                self._answer(200, b"ok")

        def _answer(self, status: int, said: bytes) -> None:
            self.send_response(status)
            self.send_header("retry-after", "1")
            self.send_header("content-length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, format: str, *args: Any) -> None: ...  # noqa: A002 - the name is the standard library's

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    collector.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def running(settings: Settings, folder: Path, *names: str) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """`spiketrace NAME` for each, with its log in the folder; told to stop, and waited for, in that order."""
    environment = process_environment(settings) | {"OTEL_BSP_SCHEDULE_DELAY": EXPORT_EVERY_MILLISECONDS}
    with ExitStack() as stack:
        started = {}
        for name in names:
            log = stack.enter_context((folder / f"{name}.log").open("wb"))
            command = [sys.executable, "-m", "cli.main", name, "--json"]
            started[name] = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            yield started
        finally:
            for process in started.values():
                process.terminate()
            for process in started.values():
                process.wait(timeout=60)
