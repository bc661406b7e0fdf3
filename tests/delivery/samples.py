"""An incident, and the report it is told with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.incidents.samples import FIRED, ONSET, a_report
from worker.domain.incident import Delivery, HistoryEntry, Incident, IncidentStatus
from worker.domain.notice import Notice
from worker.domain.report import Report
from worker.domain.severity import Severity
from worker.incidents import record
from worker.ports import DeliveryReceipt

INCIDENT_ID = "inc-20260226-5bd4b5f4-1"


class Nowhere:
    """An IncidentLedger that holds nothing and keeps nothing."""

    def get(self, incident_id: str) -> Incident | None:
        return None

    def create(self, incident: Incident) -> bool:
        return True

    def update(self, incident_id: str, change: Any) -> Incident:
        raise KeyError(incident_id)

    def concerning(self, service_keys: Sequence[str]) -> list[Incident]:
        return []

    def of_alert(self, alert_id: str, *, surely: bool = False) -> Incident | None:
        return None


def an_incident(**changes: Any) -> Incident:
    """Opened just now: a vendor's search begins there."""
    incident = record(a_report(), Nowhere(), datetime.now(UTC))
    assert incident is not None
    return incident.model_copy(update={"incident_id": INCIDENT_ID, **changes})


def a_notice(incident: Incident | None = None, report: Report | None = None) -> Notice:
    """What a destination is told when the incident opens."""
    told = incident or an_incident()
    return Notice(told, report or a_report(), news=tuple(told.news), revision=len(told.news))


REASONS = {
    "cause": "Deployment deploy-8841 was found to be the cause.",
    "severity": "From high to critical: 31 % of requests failed in two regions.",
    "resolved": "All of its alerts have recovered.",
}


def later(incident: Incident, *events: str, **changes: Any) -> Incident:
    """The incident after those pieces of news, in the state that the last of them leaves it in."""
    end = ONSET + timedelta(minutes=38)
    states: dict[str, dict[str, Any]] = {
        "severity": {"severity": Severity.CRITICAL},
        "resolved": {"status": IncidentStatus.RESOLVED, "resolved_at": end, "duration_minutes": 38.0},
        "reopened": {"status": IncidentStatus.OPEN, "resolved_at": None, "duration_minutes": None},
    }
    for event in events:
        entry = HistoryEntry(at=end, event=event, reason=REASONS.get(event, "It is so."))
        incident = incident.model_copy(update={**states.get(event, {}), "history": [*incident.history, entry]})
    return incident.model_copy(update=changes)


def a_later_notice(incident: Incident, *, told: int = 1) -> Notice:
    """What a destination is told that has heard the first `told` pieces of news."""
    return Notice(incident, a_report(), news=tuple(incident.news[told:]), revision=len(incident.news))


def a_receipt(made: DeliveryReceipt, *, told: int = 1) -> Delivery:
    return Delivery(state="done", updated_at=FIRED, told=told, **made.model_dump())
