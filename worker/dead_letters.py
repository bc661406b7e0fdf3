"""Dead letters given another chance, once the reason they died of is gone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from pydantic import ValidationError

from worker import receipts
from worker.domain.alert import Alert
from worker.domain.incident import Incident
from worker.errors import SpikeTraceError
from worker.ports import AlertStore, DeadLetter, DeadLetterStore, IncidentLedger, Notification, Queue, ReportStore

DELIVERY_PREFIX = "delivery-"
INVESTIGATION = "investigation"
REFUSED_ALERT = "alert"


@dataclass(frozen=True)
class LetterChoice:
    """Which letters: those that fit all that is given. `kind` may be the part before a dash, `reason` any part."""

    since: datetime | None = None
    kind: str | None = None
    reason: str | None = None

    @property
    def is_empty(self) -> bool:
        return not (self.since or self.kind or self.reason)

    def fits(self, letter: DeadLetter) -> bool:
        return (
            (self.since is None or letter.at >= self.since)
            and (self.kind is None or f"{letter.kind}-".startswith(f"{self.kind}-"))
            and (self.reason is None or self.reason.casefold() in letter.reason.casefold())
        )


def loss(kind: str) -> str:
    """What is lost with a letter of that kind."""
    if kind == INVESTIGATION:
        return "the alert keeps its record as failed and is not investigated"
    if kind == REFUSED_ALERT:
        return "the alert is recorded nowhere else, and is gone"
    if kind.startswith(DELIVERY_PREFIX):
        return f"{kind.removeprefix(DELIVERY_PREFIX)} is not told of the incident"
    return "what came is recorded nowhere else, and is gone"


class NotRequeued(SpikeTraceError):
    """The letter holds nothing that could be tried again."""


class ReopenableAlerts(AlertStore, Protocol):
    def reopen(self, alert_id: str, *, at: datetime) -> bool: ...


class RemovableLetters(DeadLetterStore, Protocol):
    def remove(self, letter_id: str) -> None: ...


def bury_delivery(
    incident_id: str,
    report_id: str,
    destination: str,
    reason: str,
    *,
    reports: ReportStore,
    letters: DeadLetterStore,
) -> None:
    """Doing it twice keeps one letter. Raises EvidenceUnavailable."""
    report = reports.get(report_id)
    letters.put(
        report.alert_id if report else report_id,
        reason=reason,
        kind=DELIVERY_PREFIX + destination,
        payload={"incident_id": incident_id, "report_id": report_id, "destination": destination},
    )


def requeue(
    letter: DeadLetter, *, alerts: ReopenableAlerts, incidents: IncidentLedger, letters: RemovableLetters, queue: Queue
) -> None:
    """Put back what the letter is about. Raises NotRequeued, EvidenceUnavailable and QueueUnavailable.

    The record is set to waiting before the letter goes, and is enqueued last: what breaks off in between is
    either still a letter or found by the sweep.
    """
    if letter.kind in (INVESTIGATION, REFUSED_ALERT):
        _requeue_alert(letter, alerts)
        letters.remove(letter.letter_id)
        queue.investigate([letter.alert_id])
    elif letter.kind.startswith(DELIVERY_PREFIX):
        incident_id, report_id, destination = _delivery(letter)
        _await_delivery(incident_id, destination, incidents)
        letters.remove(letter.letter_id)
        queue.deliver(incident_id, report_id, destination)
    else:
        raise NotRequeued(f"{letter.letter_id} never was an alert: Kibana has to send it again")


def _requeue_alert(letter: DeadLetter, alerts: ReopenableAlerts) -> None:
    now = datetime.now(UTC)
    if alerts.reopen(letter.alert_id, at=now) or alerts.get(letter.alert_id):
        return
    try:
        alert = Alert.model_validate_json(letter.payload)
    except ValidationError as error:
        raise NotRequeued(f"{letter.letter_id} holds no alert that could be read") from error
    notification = Notification(alert=alert, received_at=now, alert_id=letter.alert_id)
    (recorded,) = alerts.record([notification])
    if recorded.refused:
        raise NotRequeued(f"Elasticsearch still refuses the alert: {recorded.refused}")


def _delivery(letter: DeadLetter) -> Sequence[str]:
    try:
        payload = json.loads(letter.payload)
        return payload["incident_id"], payload["report_id"], payload["destination"]
    except (ValueError, TypeError, KeyError) as error:
        raise NotRequeued(f"{letter.letter_id} does not say what was to be delivered") from error


def _await_delivery(incident_id: str, destination: str, incidents: IncidentLedger) -> None:
    now = datetime.now(UTC)

    def reopen(incident: Incident) -> Incident:
        known = incident.deliveries.get(destination)
        if known and known.state == "done":
            raise NotRequeued(f"{destination} has been told of {incident_id} meanwhile")
        waiting = receipts.asked_again(known, now)
        return incident.model_copy(update={"deliveries": {**incident.deliveries, destination: waiting}})

    try:
        incidents.update(incident_id, reopen)
    except KeyError as error:
        raise NotRequeued(f"there is no incident {incident_id} any more") from error
