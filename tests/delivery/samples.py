"""An incident, and the report it is told with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.incidents.samples import FIRED, a_report
from worker.domain.incident import Incident
from worker.domain.notice import Notice
from worker.domain.report import Report
from worker.incidents import record

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
    incident = record(a_report(), Nowhere(), FIRED)
    assert incident is not None
    return incident.model_copy(update={"incident_id": INCIDENT_ID, **changes})


def a_notice(incident: Incident | None = None, report: Report | None = None) -> Notice:
    """What a destination is told when the incident opens."""
    told = incident or an_incident()
    return Notice(told, report or a_report(), news=tuple(told.news), revision=len(told.news))
