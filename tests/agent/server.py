"""The stand-in for Gemini in a thread of the test's own process, and settings that lead there."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from demo.standins.gemini import create_app, environment
from tests.engines.servers import HTTP
from tests.standins.serving import address, serving
from worker.settings import Settings, load_settings


@dataclass(frozen=True)
class GeminiServer:
    url: str

    def settings(self, **changes: str) -> Settings:
        return load_settings({**environment(self.url), **changes})

    def script(self, *steps: dict[str, Any]) -> None:
        """These steps and no others; what was asked before is forgotten."""
        HTTP.delete(f"{self.url}/script").raise_for_status()
        HTTP.post(f"{self.url}/script", json=list(steps)).raise_for_status()

    @property
    def requests(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = HTTP.get(f"{self.url}/requests").raise_for_status().json()
        return found

    @property
    def told(self) -> str:
        """Everything that was sent there."""
        return json.dumps(self.requests, ensure_ascii=False)


@contextmanager
def running_gemini() -> Iterator[GeminiServer]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = GeminiServer(address(listening))
        with serving(create_app(), listening, ready="/requests"):
            yield server
