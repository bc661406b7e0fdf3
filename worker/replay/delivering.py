"""With `--deliver` only: what a live alert's report leads to, for the report of a replay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from worker import incidents
from worker.announcing import due, enqueue
from worker.conclusion import of_incident
from worker.domain.report import Report
from worker.ports import IncidentLedger, Queue


class Delivery(Protocol):
    def record(self, report: Report) -> Report:
        """The report with its incident, opened or joined, if it is anybody's incident."""

    def tell(self, report: Report) -> None:
        """Once the report is stored: enqueue what its incident has to tell. Safe to repeat."""


@dataclass(frozen=True)
class AsIfLive:
    """The Delivery. An alert that has recovered since is found by the sweep, which then ends the incident."""

    incidents: IncidentLedger
    queue: Queue

    def record(self, report: Report) -> Report:
        as_live = report.model_copy(update={"replay_of": None, "replay_id": None})
        incident = incidents.record(as_live, self.incidents, datetime.now(UTC))
        return of_incident(report, incident)

    def tell(self, report: Report) -> None:
        incident = self.incidents.get(report.incident_id) if report.incident_id else None
        if incident:
            enqueue(incident, due(incident), self.queue)
