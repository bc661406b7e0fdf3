"""Jira as a destination: one issue an incident."""

from __future__ import annotations

from worker.delivery.jira.client import JiraClient
from worker.delivery.jira.payload import issue_fields, label_of
from worker.domain.incident import Delivery
from worker.domain.notice import Notice
from worker.errors import ConfigurationError
from worker.ports import DeliveryReceipt
from worker.settings import Settings


class JiraDestination:
    """Fulfils `worker.ports.Destination`."""

    name = "jira"
    finds_what_it_made = True
    hears: frozenset[str] = frozenset()

    def __init__(self, client: JiraClient, *, project: str, issue_type: str, public_url: str) -> None:
        self._client = client
        self._project = project
        self._issue_type = issue_type
        self._public_url = public_url

    def open(self, notice: Notice) -> DeliveryReceipt:
        incident, report = notice.incident, notice.report
        issue = self._client.find(label_of(incident)) or self._client.create(
            issue_fields(
                incident,
                report,
                project=self._project,
                issue_type=self._issue_type,
                public_url=self._public_url,
            )
        )
        return DeliveryReceipt(vendor_id=issue.key, url=issue.url)

    def update(self, notice: Notice, made: Delivery) -> None:
        """Nothing yet."""


def jira_destination(settings: Settings) -> JiraDestination | None:
    """None where Jira is not configured. Raises ConfigurationError where it is, in part."""
    if not settings.jira_url:
        return None
    if not (settings.jira_user and settings.jira_token and settings.jira_project):
        raise ConfigurationError(
            "SPIKETRACE_JIRA_URL needs SPIKETRACE_JIRA_USER, SPIKETRACE_JIRA_TOKEN and SPIKETRACE_JIRA_PROJECT as well"
        )
    client = JiraClient(settings.jira_url, user=settings.jira_user, token=settings.jira_token.get_secret_value())
    return JiraDestination(
        client,
        project=settings.jira_project,
        issue_type=settings.jira_issue_type,
        public_url=settings.public_url,
    )
