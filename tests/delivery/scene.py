"""An incident that takes its course, and a destination whose process may die at any moment of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from tests.delivery.contract import COURSE, Case
from tests.delivery.samples import an_incident
from tests.incidents.samples import ONSET, a_report
from tests.standins.queue import Queued
from tests.standins.server import Vendors
from worker.announcing import AnnouncingIncidents
from worker.deliveries import Post, deliver
from worker.domain.incident import Delivery, HistoryEntry, Incident, IncidentStatus
from worker.domain.notice import Notice
from worker.domain.report import Report, ReportSummary
from worker.errors import DeliveryError
from worker.policy import Policy
from worker.ports import DeliveryReceipt, Destination
from worker.store.incidents import ElasticIncidentStore

REPORT = a_report()
REASONS = {
    "cause": "Deployment deploy-8841 was found to be the cause.",
    "resolved": "All of its alerts have recovered.",
    "reopened": "The alert fired again.",
}
Moment = Literal["before", "during", "after"]


class Killed(BaseException):
    """The process is gone: nothing that follows is run."""


@dataclass
class Mortal:
    """A destination whose process dies before the vendor is called, while it answers, or when it has answered."""

    destination: Destination
    dies: Moment

    def __post_init__(self) -> None:
        self.name = self.destination.name
        self.finds_what_it_made = self.destination.finds_what_it_made
        self.hears = self.destination.hears

    def open(self, notice: Notice) -> DeliveryReceipt:
        self._die(lambda: self.destination.open(notice))
        raise AssertionError("dead")

    def update(self, notice: Notice, made: Delivery) -> DeliveryReceipt | None:
        self._die(lambda: self.destination.update(notice, made))
        raise AssertionError("dead")

    def _die(self, call: Callable[[], object]) -> None:
        if self.dies != "before":
            with suppress(DeliveryError):
                call()
        raise Killed


class OneReport:
    """A ReportStore that holds REPORT."""

    def create(self, report: Report) -> bool:
        return False

    def get(self, report_id: str) -> Report | None:
        return REPORT if report_id == REPORT.report_id else None

    def latest(self, limit: int) -> list[ReportSummary]:
        return []


@dataclass
class Scene:
    """The incident `incident_id` of `store`, told to the case's destination by whoever calls `tell`."""

    case: Case
    vendors: Vendors
    store: ElasticIncidentStore
    incident_id: str
    now: datetime = ONSET + timedelta(minutes=10)

    def __post_init__(self) -> None:
        self.destination = self.case.open(self.vendors)
        self.ledger = AnnouncingIncidents(
            self.store, Queued(), Policy(), [self.destination.name], clock=lambda: self.now
        )
        assert self.ledger.create(an_incident(incident_id=self.incident_id))

    def reach(self, step: int, *, told: bool = True) -> None:
        """The incident takes the next step of COURSE, and people hear of it."""
        if step:
            self.ledger.update(self.incident_id, lambda incident: self._after(incident, COURSE[step]))
        if told:
            self.tell()

    def _after(self, incident: Incident, event: str) -> Incident:
        self.now += timedelta(minutes=10)
        entry = HistoryEntry(at=self.now, event=event, reason=REASONS[event])
        changes: dict[str, Any] = {"history": [*incident.history, entry]}
        if event == "resolved":
            changes |= {"status": IncidentStatus.RESOLVED, "resolved_at": self.now, "duration_minutes": 30.0}
        if event == "reopened":
            changes |= {"status": IncidentStatus.OPEN, "resolved_at": None, "duration_minutes": None}
        return incident.model_copy(update=changes)

    def tell(self, destination: Destination | None = None) -> None:
        chosen = destination or self.destination
        post = Post(self.ledger, OneReport(), {chosen.name: chosen}, lambda: self.now)
        deliver(self.incident_id, REPORT.report_id, chosen.name, post)

    def break_off(self, moment: Moment, path: str) -> None:
        """An attempt whose process dies; "during": the vendor has done what it was asked, and nobody hears of it.

        An attempt that has nothing to tell there is none.
        """
        if moment == "during" and self._has_to_tell():
            self.vendors.fail(path, when="after")
        with suppress(Killed):
            self.tell(Mortal(self.destination, moment))
        # Longer than any attempt holds its receipt.
        self.now += timedelta(hours=1)

    def _has_to_tell(self) -> bool:
        incident = self.incident
        known = incident.deliveries.get(self.destination.name)
        if known is None or not known.told:
            return True
        return any(entry.event in self.destination.hears for entry in incident.news[known.told :])

    @property
    def incident(self) -> Incident:
        incident = self.ledger.get(self.incident_id)
        assert incident is not None
        return incident

    @property
    def receipt(self) -> Delivery:
        return self.incident.deliveries[self.destination.name]

    @property
    def shown(self) -> list[str]:
        return self.case.shown(self.vendors)
