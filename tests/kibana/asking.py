"""A small server that is asked as Elasticsearch is, and answers what a test gives it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, Any]


@dataclass
class Script:
    """`search` and `query` answer one request each; `asked` is what came, in the order of arrival."""

    search: Callable[[dict[str, Any]], Any] = lambda _: hits(0)
    query: Callable[[dict[str, Any]], Answer] = lambda _: (200, {"columns": [], "values": []})
    asked: list[tuple[str, Any]] = field(default_factory=list)
    url: str = ""

    def answer(self, path: str, body: str) -> Answer:
        if path.startswith("/_msearch"):
            lines = [json.loads(line) for line in body.splitlines() if line]
            pairs = list(zip(lines[::2], lines[1::2], strict=True))
            self.asked.append((path, pairs))
            return 200, {"responses": [{"status": 200, **self.search(request)} for _, request in pairs]}
        self.asked.append((path, json.loads(body)))
        return self.query(json.loads(body))


@contextmanager
def serving(script: Script) -> Iterator[Script]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", 0))
            status, content = script.answer(self.path, self.rfile.read(length).decode())
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("X-Elastic-Product", "Elasticsearch")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        script.url = f"http://127.0.0.1:{server.server_port}"
        yield script
        server.shutdown()
        thread.join()


def hits(total: int, **more: Any) -> dict[str, Any]:
    return {
        "_shards": {"total": 1, "failed": 0},
        "timed_out": False,
        "hits": {"total": {"value": total, "relation": "eq"}, "hits": []},
        **more,
    }


def grouped(**values: float | None) -> dict[str, Any]:
    buckets = [{"key": name, "doc_count": 1, "metricAgg": {"value": value}} for name, value in values.items()]
    return hits(len(values), aggregations={"groupAgg": {"buckets": buckets}})


def failed(status: int, kind: str, reason: str, **inner: Any) -> dict[str, Any]:
    cause = {"type": kind, "reason": reason, **inner}
    return {"status": status, "error": {"root_cause": [cause], **cause}}
