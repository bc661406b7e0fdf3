"""The stand-ins in a thread of the test's own process."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from demo.standins.app import Credentials, create_app, environment, stand_ins
from demo.standins.mail import serving_mail
from tests.standins.serving import address, serving
from worker.settings import Settings, load_settings

# Without the public authorities, which take longer to load than most tests take.
LOCAL = httpx.Client(trust_env=False, verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))


@dataclass(frozen=True)
class Vendors:
    """The stand-ins at `url`, and the mail server's at `mail_url`."""

    url: str
    credentials: Credentials
    mail_url: str = ""

    def settings(self, **changes: str) -> Settings:
        """With Slack's incoming webhook."""
        with_bot = environment(self.credentials, self.url, self.mail_url)
        return load_settings({**with_bot, "SPIKETRACE_SLACK_TOKEN": "", **changes})

    def bot_settings(self) -> Settings:
        return self.settings(SPIKETRACE_SLACK_TOKEN=self.credentials.slack_token)

    def data_center_settings(self, **changes: str) -> Settings:
        return self.settings(
            SPIKETRACE_JIRA_URL=f"{self.url}/jira-data-center",
            SPIKETRACE_JIRA_DEPLOYMENT="data-center",
            SPIKETRACE_JIRA_USER="",
            SPIKETRACE_JIRA_TOKEN=self.credentials.jira_personal_token,
            **changes,
        )

    def forget(self) -> None:
        LOCAL.delete(f"{self.url}/received").raise_for_status()

    def fail(self, path: str, **fault: Any) -> None:
        LOCAL.post(f"{self.url}/faults", json={"path": path, **fault}).raise_for_status()

    @property
    def issues(self) -> list[dict[str, Any]]:
        issues: list[dict[str, Any]] = self._received()["jira"]["issues"]
        return issues

    @property
    def data_center_issues(self) -> list[dict[str, Any]]:
        issues: list[dict[str, Any]] = self._received()["jira_data_center"]["issues"]
        return issues

    @property
    def records(self) -> list[dict[str, Any]]:
        records: list[dict[str, Any]] = self._received()["servicenow"]["records"]
        return records

    @property
    def messages(self) -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = self._received()["slack"]["messages"]
        return messages

    @property
    def alerts(self) -> list[dict[str, Any]]:
        alerts: list[dict[str, Any]] = self._received()["pagerduty"]["alerts"]
        return alerts

    @property
    def mails(self) -> list[dict[str, Any]]:
        mails: list[dict[str, Any]] = self._received()["email"]["mails"]
        return mails

    @property
    def pushes(self) -> list[dict[str, Any]]:
        pushes: list[dict[str, Any]] = self._received()["apprise"]["pushes"]
        return pushes

    def _received(self) -> Any:
        return LOCAL.get(f"{self.url}/received").raise_for_status().json()


@contextmanager
def running_vendors(*, search_lag_seconds: float = 0.0, jira_burst: int | None = None) -> Iterator[Vendors]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url, credentials = address(listening), Credentials()
        made = stand_ins(credentials, url=url, search_lag_seconds=search_lag_seconds, jira_burst=jira_burst)
        with (
            serving_mail(made.mailbox) as mail_port,
            serving(create_app(credentials, made), listening, ready="/received"),
        ):
            yield Vendors(url, credentials, f"smtp://127.0.0.1:{mail_port}")
