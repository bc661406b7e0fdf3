"""What became of an alert, wherever it is just now: in the inbox, or in Elasticsearch."""

from __future__ import annotations

from typing import Protocol

from pydantic import BaseModel

from worker.domain.alert import AlertState
from worker.errors import EvidenceUnavailable, QueueUnavailable
from worker.ports import AlertRecord, AlertStore


class Waiting(Protocol):
    def find(self, alert_id: str) -> AlertState | None:
        """The state of an alert that is not recorded yet. Raises QueueUnavailable."""


class Standing(BaseModel):
    """What those are told who ask for an alert."""

    alert_id: str
    state: AlertState
    report_id: str | None = None
    incident_id: str | None = None
    reason: str | None = None


def standing_of(alert_id: str, alerts: AlertStore, inbox: Waiting) -> Standing | None:
    """None for an alert that nobody knows. Raises EvidenceUnavailable."""
    if record := _stored(alert_id, alerts):
        return _told(record)
    if state := _waiting(alert_id, inbox):
        return Standing(alert_id=alert_id, state=state)
    # Between the two looks the intake may have moved it from the one place to the other.
    record = alerts.get(alert_id)
    return _told(record) if record else None


def _told(record: AlertRecord) -> Standing:
    return Standing.model_validate(record.model_dump(include=set(Standing.model_fields)))


def _stored(alert_id: str, alerts: AlertStore) -> AlertRecord | None:
    try:
        return alerts.get(alert_id)
    except EvidenceUnavailable:
        return None


def _waiting(alert_id: str, inbox: Waiting) -> AlertState | None:
    try:
        return inbox.find(alert_id)
    except QueueUnavailable:
        return None
