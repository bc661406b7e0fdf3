"""The stand-in for Kibana in a thread of the test's own process: its state is there to look at and to change."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import uvicorn

from demo.standins.kibana.app import create_kibana
from demo.standins.kibana.deployment import Deployment, Space

START_TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True)
class Kibana:
    """Running at `url`."""

    url: str
    deployment: Deployment

    @property
    def space(self) -> Space:
        return self.deployment.spaces["default"]

    def fail(self, path: str, **fault: Any) -> None:
        httpx.post(f"{self.url}/standin/faults", json={"path": path, **fault}).raise_for_status()


@contextmanager
def running_kibana(**options: Any) -> Iterator[Kibana]:
    deployment = Deployment(**options)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        running = Kibana(f"http://127.0.0.1:{listening.getsockname()[1]}", deployment)
        configuration = uvicorn.Config(create_kibana(deployment), log_level="warning", lifespan="off")
        server = uvicorn.Server(configuration)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            httpx.get(f"{running.url}/standin", timeout=START_TIMEOUT_SECONDS).raise_for_status()
            yield running
        finally:
            server.should_exit = True
            thread.join(START_TIMEOUT_SECONDS)
