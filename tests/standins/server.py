"""The stand-ins in a thread of the test's own process."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from demo.standins.app import Credentials, create_app, environment
from tests.engines.servers import HTTP
from tests.standins.serving import address, serving
from worker.settings import Settings, load_settings


@dataclass(frozen=True)
class Vendors:
    """Jira and Slack at `url`."""

    url: str
    credentials: Credentials

    def settings(self, **changes: str) -> Settings:
        return load_settings({**environment(self.credentials, self.url), **changes})

    def bot_settings(self) -> Settings:
        return self.settings(
            SPIKETRACE_SLACK_TOKEN=self.credentials.slack_token,
            SPIKETRACE_SLACK_CHANNEL=self.credentials.slack_channel,
            SPIKETRACE_SLACK_API_URL=f"{self.url}/slack/api",
        )

    def fail(self, path: str, **fault: Any) -> None:
        HTTP.post(f"{self.url}/faults", json={"path": path, **fault}).raise_for_status()

    @property
    def issues(self) -> list[dict[str, Any]]:
        issues: list[dict[str, Any]] = self._received()["jira"]["issues"]
        return issues

    @property
    def messages(self) -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = self._received()["slack"]["messages"]
        return messages

    def _received(self) -> Any:
        return HTTP.get(f"{self.url}/received").raise_for_status().json()


@contextmanager
def running_vendors(*, search_lag_seconds: float = 0.0) -> Iterator[Vendors]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        vendors = Vendors(address(listening), Credentials())
        app = create_app(vendors.credentials, url=vendors.url, search_lag_seconds=search_lag_seconds)
        with serving(app, listening, ready="/received"):
            yield vendors
