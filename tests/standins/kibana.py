"""The stand-in for Kibana in a thread of the test's own process: its state is there to look at and to change."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from demo.standins.kibana.app import create_kibana
from demo.standins.kibana.deployment import Deployment, Space
from tests.standins.serving import address, serving


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
        running = Kibana(address(listening), deployment)
        with serving(create_kibana(deployment), listening, ready="/standin"):
            yield running
