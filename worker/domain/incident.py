"""The record people act on: one cause, from the first alert to the recovery."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from worker.domain.report import Quantity, RootCause, Source
from worker.domain.severity import Severity


class IncidentStatus(StrEnum):
    OPEN = "open"
    RESOLVED = "resolved"
    CLOSED = "closed"


# What of an incident's history is worth telling to people who have been told of the incident.
NEWS = frozenset(
    {"opened", "cause", "severity", "spread", "resolved", "reopened", "settled", "asked", "linked", "judged"}
)


class Delivery(BaseModel):
    """The receipt of one destination. `vendor_id` is the vendor's own name for what was made.

    `told` counts the incident's news that it has been told; with none, nothing was made there yet. `options` are where
    the policy sent it when it was first due, so that what exists is not looked for elsewhere later. `details` is what
    the destination needs besides to find again what it made. `lease_until` is set while an attempt is on its way, and
    left behind by one that broke off. `asked_by` is who wanted it where the policy left it open.

    `attempts` counts those since it last succeeded or was given up, `not_before` is when the vendor may be called
    again. `in_doubt`: one of them may have done what it was for. `unfinished`: what was made is not whole yet.
    `tried` counts the news that the last attempt was to tell, `passed_over` those up to which an update was given up.
    """

    state: Literal["pending", "done", "failed"]
    vendor_id: str | None = None
    url: str | None = None
    reason: str | None = None
    updated_at: AwareDatetime
    lease_until: AwareDatetime | None = None
    told: int = 0
    options: dict[str, str] = Field(default_factory=dict)
    details: dict[str, str] = Field(default_factory=dict)
    asked_by: str | None = None
    attempts: int = 0
    not_before: AwareDatetime | None = None
    in_doubt: bool = False
    unfinished: bool = False
    tried: int = 0
    passed_over: int = 0

    @property
    def settled_news(self) -> int:
        """How many of the incident's news need not be told there any more."""
        return max(self.told, self.passed_over)

    def is_owed(self, news: int) -> bool:
        """Whether an incident with so many news makes this receipt `pending` again."""
        heard = self.state == "done" or (self.state == "failed" and self.told > 0)
        return heard and self.settled_news < news


class Feedback(BaseModel):
    """What a person said of a report's root cause. `by` is their id where they said it, e.g. `slack:U024BE7LH`."""

    at: AwareDatetime
    by: str
    report_id: str
    right: bool
    root_cause: RootCause | None


class HistoryEntry(BaseModel):
    """`was` are the `title` and `summary` before the entry changed them. `count`: so many events told in this one."""

    at: AwareDatetime
    event: str
    reason: str
    was: dict[str, str] = Field(default_factory=dict)
    count: int = 1


class Sufferer(BaseModel):
    """A scope that is known to suffer from the incident's cause, which lies elsewhere, and since when."""

    service: str
    region: str | None
    onset: AwareDatetime | None


class Incident(BaseModel):
    """What `spiketrace-incidents` holds of ours; others may write documents of their own there.

    `@timestamp` is when the trouble began. `last_alert_at`, `last_recovered_at` and `resolved_at` are times of the
    alerts themselves; the history's times, `resolves_at` and `closes_at` are those of the clock. `wasted_co2` (grams),
    `orders`, `revenue_usd` and `requests_failed` are the losses of the whole incident with their interval, settled for
    its end at `settled_until`. `cause_key` names the service that is to blame, and the incidents of one service are
    told apart by their `root_cause`; `services` are those that raised alerts, and `service_keys` name every service
    it is about. `merged_into` is the incident in which it goes on. `resolution` is what helped, as a person told it.
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
    services: list[str] = Field(default_factory=list)
    service_keys: list[str] = Field(default_factory=list)
    sufferers: list[Sufferer] = Field(default_factory=list)
    flapping: bool = False
    duration_minutes: float | None = None
    wasted_co2_grams: float | None = None
    wasted_emissions_kg_co2e: float | None = None
    wasted_co2: Quantity | None = None
    settled_until: AwareDatetime | None = None
    orders_affected: float | None = None
    revenue_lost_usd: float | None = None
    orders: Quantity | None = None
    revenue_usd: Quantity | None = None
    requests_failed: Quantity | None = None
    business_source: Source | None = None
    alert_ids: list[str]
    report_ids: list[str]
    recovered_alert_ids: list[str] = Field(default_factory=list)
    history: list[HistoryEntry]
    deliveries: dict[str, Delivery] = Field(default_factory=dict)
    feedback: list[Feedback] = Field(default_factory=list)
    last_alert_at: AwareDatetime | None = None
    last_recovered_at: AwareDatetime | None = None
    resolved_at: AwareDatetime | None = None
    resolves_at: AwareDatetime | None = None
    closes_at: AwareDatetime | None = None
    merged_into: str | None = None
    resolution: str | None = None

    @property
    def still_active(self) -> set[str]:
        """The alerts that have not recovered."""
        return set(self.alert_ids) - set(self.recovered_alert_ids)

    @property
    def quiet_since(self) -> datetime | None:
        """The last recovery, where no alert of it is active; the end, where it has ended."""
        return self.resolved_at or (self.last_recovered_at if self.resolves_at else None)

    @property
    def opened_at(self) -> datetime:
        """When it was written down first; entries are only ever added behind it."""
        return self.history[0].at

    @property
    def news(self) -> list[HistoryEntry]:
        """The entries of its history that are worth telling, the oldest first. Entries are only ever added."""
        return [entry for entry in self.history if entry.event in NEWS]
