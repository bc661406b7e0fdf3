"""Where the investigation meets the world. Adapters fulfil these; tests bring fakes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, Protocol

from pydantic import AwareDatetime, BaseModel

from worker.domain.alert import Alert, AlertState
from worker.domain.incident import Incident
from worker.domain.report import Report, ReportSummary


class AlertRecord(BaseModel):
    """An accepted alert with what became of it. `version` is the store's own, for conditional writes."""

    alert_id: str
    alert: Alert | None
    state: AlertState
    received_at: AwareDatetime
    queued_at: AwareDatetime
    attempts: int = 0
    claimed_by: str | None = None
    lease_until: AwareDatetime | None = None
    report_id: str | None = None
    incident_id: str | None = None
    recovered_at: AwareDatetime | None = None
    reason: str | None = None
    version: Any = None


class AlertStore(Protocol):
    def get(self, alert_id: str) -> AlertRecord | None: ...

    def claim(self, alert_id: str, *, owner: str, lease_seconds: float) -> AlertRecord | None:
        """The record, now `investigating` and ours until the lease ends; None if another's lease lives
        or it is finished. The same `owner` may claim again: a redelivered task takes up its own claim."""

    def renew(self, alert_id: str, *, owner: str, lease_seconds: float) -> bool: ...

    def finish(self, alert_id: str, *, report_id: str, incident_id: str | None) -> None: ...

    def fail(self, alert_id: str, *, reason: str) -> None: ...

    def stranded(self, *, now: datetime, queued_before: datetime, limit: int) -> list[str]:
        """Ids of alerts that nobody works on: queued before then, or with a lease that has ended."""


class ReportStore(Protocol):
    def create(self, report: Report) -> bool:
        """False if a report of that id is there already: it is kept as it is."""

    def get(self, report_id: str) -> Report | None: ...

    def latest(self, limit: int) -> list[ReportSummary]:
        """The newest reports by `@timestamp`, newest first; only the fields of a summary are read."""


class IncidentStore(Protocol):
    def get(self, incident_id: str) -> Incident | None: ...


class DeadLetterStore(Protocol):
    def put(self, alert_id: str, *, reason: str, kind: str, payload: Mapping[str, Any] | str) -> None:
        """Writing the same letter twice keeps one."""


class Destination(Protocol):
    """Somewhere people are told. `deliver` is safe to repeat: it makes one thing an incident."""

    name: str

    def deliver(self, incident: Incident, report: Report) -> DeliveryReceipt: ...


class DeliveryReceipt(BaseModel):
    vendor_id: str
    url: str | None = None


Status = Literal["accepted", "duplicate", "recovered"]


class Acceptance(BaseModel):
    alert_id: str
    status: Status


class Queue(Protocol):
    """What may be put on the queue."""

    def investigate(self, alert_ids: Sequence[str]) -> None: ...

    def deliver(self, incident_id: str, report_id: str, destination: str) -> None: ...
