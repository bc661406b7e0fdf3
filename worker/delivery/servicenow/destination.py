"""ServiceNow as a destination: one record of the incident table an incident, whose work notes tell its course."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import structlog

from worker.delivery.http import Network
from worker.delivery.news import CHANGES_SEVERITY, TOLD_IN_TICKETS, events_of, renames, untold
from worker.delivery.servicenow.client import Record, ServiceNowClient
from worker.delivery.servicenow.payload import (
    CANCELED,
    CLOSED,
    IN_PROGRESS,
    RESOLVED,
    close_notes,
    record,
    short_description,
    told_up_to,
    urgency,
    work_note,
)
from worker.domain.incident import Delivery
from worker.domain.notice import Notice
from worker.errors import ConfigurationError, DeliveryError
from worker.ports import DeliveryReceipt
from worker.settings import Settings

NO_INCIDENT = "spiketrace-doctor"

log = structlog.get_logger(__name__)

# What people have ended for good stays ended: a note is all that it gets.
ENDED = (CLOSED, CANCELED)


@dataclass(frozen=True)
class Ways:
    """Where records go unless the policy says otherwise, and how the instance calls their resolution."""

    assignment_group: str | None
    close_code: str
    public_url: str


class ServiceNowDestination:
    """Fulfils `worker.ports.Destination`."""

    name = "servicenow"
    finds_what_it_made = True
    hears = TOLD_IN_TICKETS

    def __init__(self, client: ServiceNowClient, ways: Ways) -> None:
        self._client = client
        self._ways = ways

    def open(self, notice: Notice) -> DeliveryReceipt:
        made = self._client.find(notice.incident.incident_id)
        if made:
            self._catch_up(made, notice)
        else:
            made = self._create(notice)
        address = self._client.address(made.sys_id)
        return DeliveryReceipt(vendor_id=made.number, url=address, details={"sys_id": made.sys_id})

    def update(self, notice: Notice, made: Delivery) -> None:
        sys_id = made.details.get("sys_id")
        if sys_id is None:
            raise DeliveryError("the receipt names no record", destination=self.name, retryable=False)
        self._catch_up(self._client.read(sys_id), notice)

    def check(self) -> str:
        self._client.find(NO_INCIDENT)
        return "answers, and lets incidents be searched"

    def _create(self, notice: Notice) -> Record:
        made = self._client.create(self._new(notice))
        if made.correlation_id != notice.incident.incident_id:
            # A column that the user may not write is passed over in silence: the record would not be found again.
            log.warning(
                "the record's correlation_id was not written: give the user the right to",
                action="record-not-marked",
                record=made.number,
            )
        return made

    def _new(self, notice: Notice) -> dict[str, Any]:
        values = record(notice, public_url=self._ways.public_url)
        group = notice.options.get("assignment_group", self._ways.assignment_group)
        return {**values, "assignment_group": self._client.group(group)} if group else values

    def _catch_up(self, known: Record, notice: Notice) -> None:
        """What is new is written in one call, with its number: the record either tells it all or nothing of it."""
        news = untold(notice, known.told)
        if not news.news:
            return
        note = {
            "work_notes": work_note(news, public_url=self._ways.public_url),
            "correlation_display": told_up_to(notice.revision),
        }
        changes, state = {**note, **_edits(known, news)}, self._state(known, news)
        if known.state in ENDED:
            self._try(known, note, "the record is closed and takes no note")
        elif not state or not self._try(known, {**changes, **state}, "the record's state stays as it is"):
            self._client.change(known.sys_id, changes)

    def _try(self, known: Record, values: dict[str, str], otherwise: str) -> bool:
        """What the instance's policies refuse is left to people."""
        refused = self._client.try_to_change(known.sys_id, values)
        if refused:
            log.warning(otherwise, action="record-not-updated", record=known.number, reason=refused)
        return not refused

    def _state(self, known: Record, notice: Notice) -> dict[str, str]:
        """Where the news leads, unless people have brought the record there or ended it for good."""
        events = events_of(notice)
        if notice.is_over and "resolved" in events and known.state not in (RESOLVED, *ENDED):
            return {"state": RESOLVED, "close_code": self._ways.close_code, "close_notes": close_notes(notice)}
        if not notice.is_over and "reopened" in events and known.state == RESOLVED:
            return {"state": IN_PROGRESS}
        return {}


def _edits(known: Record, notice: Notice) -> dict[str, str]:
    title = short_description(notice.incident)
    return {
        **({"short_description": title} if renames(notice, known.short_description) else {}),
        **(urgency(notice.incident) if events_of(notice) & CHANGES_SEVERITY else {}),
    }


def servicenow_destination(settings: Settings) -> ServiceNowDestination | None:
    """None where ServiceNow is not configured. Raises ConfigurationError where it is, in part."""
    if not settings.servicenow_url:
        return None
    user = settings.servicenow_user if settings.servicenow_password else None
    secret = settings.servicenow_password if user else settings.servicenow_token
    if not secret:
        raise ConfigurationError(
            "SPIKETRACE_SERVICENOW_URL needs SPIKETRACE_SERVICENOW_USER and SPIKETRACE_SERVICENOW_PASSWORD, or "
            "SPIKETRACE_SERVICENOW_TOKEN, as well"
        )
    client = ServiceNowClient(
        settings.servicenow_url,
        user=user,
        secret=secret.get_secret_value(),
        network=Network.of(settings),
    )
    ways = Ways(
        assignment_group=settings.servicenow_assignment_group,
        close_code=settings.servicenow_close_code,
        public_url=settings.public_url,
    )
    return ServiceNowDestination(client, ways)
