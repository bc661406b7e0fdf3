"""The record people act on: one cause, from the first alert to the recovery."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from worker.domain.report import Quantity, RootCause
from worker.domain.severity import Severity


class IncidentStatus(StrEnum):
    OPEN = "open"
    RESOLVED = "resolved"
    CLOSED = "closed"


class Delivery(BaseModel):
    """The receipt of one destination. `vendor_id` is the vendor's own name for what was made.

    `lease_until` is set while an attempt is on its way, and left behind by one that broke off.
    """

    state: Literal["pending", "done", "failed"]
    vendor_id: str | None = None
    url: str | None = None
    reason: str | None = None
    updated_at: AwareDatetime
    lease_until: AwareDatetime | None = None


class HistoryEntry(BaseModel):
    at: AwareDatetime
    event: str
    reason: str


class Incident(BaseModel):
    """What `spiketrace-incidents` holds of ours; others may write documents of their own there.

    `@timestamp` is when the trouble began. `last_alert_at`, `last_recovered_at` and `resolved_at` are times of the
    alerts themselves; the history's times are those of the writing. `wasted_co2` are the grams of the whole incident
    with their interval, settled for its end at `settled_until`. `cause_key` names the service that is to
    blame, and the incidents of one service are told apart by their `root_cause`.
    """

    model_config = ConfigDict(populate_by_name=True)

    incident_id: str
    timestamp: AwareDatetime = Field(validation_alias="@timestamp", serialization_alias="@timestamp")
    title: str
    summary: str
    service: str | None
    region: str | None
    tags: list[str]
    severity: Severity
    status: IncidentStatus
    cause_key: str
    root_cause: RootCause | None
    duration_minutes: float | None = None
    wasted_co2_grams: float | None = None
    wasted_emissions_kg_co2e: float | None = None
    wasted_co2: Quantity | None = None
    settled_until: AwareDatetime | None = None
    orders_affected: float | None = None
    revenue_lost_usd: float | None = None
    alert_ids: list[str]
    report_ids: list[str]
    recovered_alert_ids: list[str] = Field(default_factory=list)
    history: list[HistoryEntry]
    deliveries: dict[str, Delivery] = Field(default_factory=dict)
    last_alert_at: AwareDatetime | None = None
    last_recovered_at: AwareDatetime | None = None
    resolved_at: AwareDatetime | None = None
