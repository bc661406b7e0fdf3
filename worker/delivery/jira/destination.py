"""Jira as a destination: one issue an incident, which tells its whole course."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import structlog

from worker.delivery.http import Network
from worker.delivery.jira.adf import Markup
from worker.delivery.jira.api import CLOUD, DATA_CENTER, JiraApi
from worker.delivery.jira.client import Contents, Issue, JiraClient
from worker.delivery.jira.payload import (
    comment,
    issue_fields,
    label_of,
    priority,
    revision_in,
    summary,
)
from worker.delivery.jira.service_desk import ServiceDesk
from worker.delivery.jira.transitions import DONE, Transition, back_to_work, to_done
from worker.delivery.news import CHANGES_SEVERITY, TOLD_IN_TICKETS, events_of, renames, untold
from worker.delivery.words import report_url
from worker.domain.incident import Delivery
from worker.domain.notice import Notice
from worker.errors import ConfigurationError, DeliveryError
from worker.ports import DeliveryReceipt
from worker.settings import Settings

# That of no incident.
NO_LABEL = "spiketrace-doctor"

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Ways:
    """Where issues go unless the policy says otherwise. Without `request_type` they are no requests."""

    project: str
    issue_type: str
    request_type: str | None
    done_transition: str | None
    public_url: str


class JiraDestination:
    """Fulfils `worker.ports.Destination`."""

    name = "jira"
    finds_what_it_made = True
    hears = TOLD_IN_TICKETS

    def __init__(self, api: JiraApi, ways: Ways) -> None:
        self._client = JiraClient(api)
        self._desk = ServiceDesk(api, self._client)
        self._markup: Markup = api.edition.markup
        self._ways = ways

    def open(self, notice: Notice) -> DeliveryReceipt:
        issue = self._client.find(label_of(notice.incident))
        if issue:
            self._catch_up(issue.key, notice, told=1)
        else:
            issue = self._create(notice)
        self._link(issue.key, notice)
        return DeliveryReceipt(vendor_id=issue.key, url=issue.url)

    def update(self, notice: Notice, made: Delivery) -> None:
        if made.vendor_id is None:
            raise DeliveryError("the receipt names no issue", destination=self.name, retryable=False)
        self._catch_up(made.vendor_id, notice, told=notice.revision - len(notice.news))

    def check(self) -> str:
        self._client.find(NO_LABEL)
        return f"answers, and lets issues be searched; tickets go to {self._ways.project}"

    def _create(self, notice: Notice) -> Issue:
        project = notice.options.get("project", self._ways.project)
        fields = issue_fields(
            notice,
            project=project,
            issue_type=notice.options.get("issue_type", self._ways.issue_type),
            public_url=self._ways.public_url,
            markup=self._markup,
        )
        if request_type := notice.options.get("request_type", self._ways.request_type):
            return self._desk.create(fields, project=project, wanted=request_type)
        return self._client.create(fields)

    def _catch_up(self, key: str, notice: Notice, *, told: int) -> None:
        """Tell what the issue does not say yet, and show how it stands: an attempt before may have got anywhere.

        `told` is the revision that it was told at least.
        """
        contents = self._client.read(key)
        bodies = [contents.description, *contents.comments]
        told = max(told, *(revision_in(body, notice.incident.incident_id) for body in bodies))
        news = untold(notice, told)
        if news.news:
            self._client.comment(key, comment(news, public_url=self._ways.public_url, markup=self._markup))
        self._show(key, contents, notice)

    def _show(self, key: str, contents: Contents, notice: Notice) -> None:
        """How it stands. Many workflows lock what is done: such an issue is edited only after it was opened again."""
        is_open, changes = contents.category != DONE, _changes(contents, notice)
        way = self._way(key, contents, notice)
        is_open_again = way is not None and not is_open and self._takes(key, way)
        if changes and (is_open or is_open_again):
            self._client.edit(key, changes)
        if way and is_open:
            self._takes(key, way)

    def _way(self, key: str, contents: Contents, notice: Notice) -> Transition | None:
        """Where the news leads, unless people have brought the issue there, or the workflow has no such way."""
        events, is_done = events_of(notice), contents.category == DONE
        if notice.is_over and "resolved" in events and not is_done:
            return to_done(self._client.transitions(key), self._ways.done_transition)
        if not notice.is_over and "reopened" in events and is_done:
            return back_to_work(self._client.transitions(key))
        return None

    def _takes(self, key: str, transition: Transition) -> bool:
        """What a workflow's validator refuses is left to people: the comment says how the incident stands."""
        if refused := self._client.move(key, transition):
            log.warning("the workflow did not let the issue pass", action="ticket-not-moved", issue=key, reason=refused)
        return not refused

    def _link(self, key: str, notice: Notice) -> None:
        """For convenience: the description has the same link, and links may be switched off."""
        address = report_url(self._ways.public_url, notice.report)
        name = f"spiketrace={notice.incident.incident_id}"
        try:
            self._client.link(key, name=name, address=address, title="SpikeTrace: the whole report")
        except DeliveryError as error:
            log.warning(
                "the issue is not linked to its report", action="ticket-not-linked", issue=key, reason=error.reason
            )


def _changes(contents: Contents, notice: Notice) -> dict[str, Any]:
    """A priority that people have set without news of it stays theirs, too."""
    title, urgency = summary(notice.incident), priority(notice.incident)
    changes: dict[str, Any] = {}
    if renames(notice, contents.summary) and contents.summary != title:
        changes["summary"] = title
    if events_of(notice) & CHANGES_SEVERITY and contents.priority != urgency["name"]:
        changes["priority"] = urgency
    return changes


def jira_destination(settings: Settings) -> JiraDestination | None:
    """None where Jira is not configured. Raises ConfigurationError where it is, in part."""
    if not settings.jira_url:
        return None
    is_cloud = settings.jira_deployment == "cloud"
    if not (settings.jira_token and settings.jira_project and (settings.jira_user or not is_cloud)):
        raise ConfigurationError(
            "SPIKETRACE_JIRA_URL needs SPIKETRACE_JIRA_TOKEN and SPIKETRACE_JIRA_PROJECT as well, and in the cloud "
            "SPIKETRACE_JIRA_USER; for Data Center set SPIKETRACE_JIRA_DEPLOYMENT=data-center"
        )
    api = JiraApi(
        settings.jira_url,
        token=settings.jira_token.get_secret_value(),
        user=settings.jira_user,
        edition=CLOUD if is_cloud else DATA_CENTER,
        network=Network.of(settings),
    )
    return JiraDestination(
        api,
        Ways(
            project=settings.jira_project,
            issue_type=settings.jira_issue_type,
            request_type=settings.jira_request_type,
            done_transition=settings.jira_done_transition,
            public_url=settings.public_url,
        ),
    )
