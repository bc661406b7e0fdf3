"""What a look into telemetry finds, beyond an investigation's own questions: rows that can be told as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import AwareDatetime, BaseModel

from worker.domain.window import Window

Row = TypeVar("Row")


class Measured(BaseModel):
    """Signals of one scope in two spans: levels are means, flows and masses are per minute."""

    service: str | None
    region: str | None
    before: dict[str, float]
    within: dict[str, float]


class Logged(BaseModel):
    """Log lines of one scope, counted. None: the telemetry does not tell it."""

    service: str | None
    region: str | None
    lines: int
    errors: int | None = None
    retries: int | None = None
    error_types: int | None = None
    p95_latency_ms: float | None = None


class LogLine(BaseModel):
    """One line as it was written."""

    at: AwareDatetime
    service: str | None
    region: str | None
    level: str | None
    error_type: str | None
    deployment_id: str | None
    message: str


class Deployed(BaseModel):
    """A deployment or another change (`kind`), at its first record."""

    at: AwareDatetime
    service: str | None
    region: str | None
    deployment_id: str
    version: str | None
    previous_version: str | None
    status: str | None
    kind: str


class PastIncident(BaseModel):
    """An incident as somebody recorded it. What nobody recorded is None and not zero.

    `why` it is similar to what was asked for; `ended` and `helped`: how it ended, and what was done, in words.
    """

    id: str
    at: AwareDatetime
    title: str | None
    summary: str | None
    service: str | None
    region: str | None
    severity: str | None
    status: str | None
    duration_minutes: float | None
    wasted_co2_grams: float | None
    orders_affected: float | None
    revenue_lost_usd: float | None
    tags: list[str]
    why: str | None = None
    ended: str | None = None
    helped: str | None = None


class Called(BaseModel):
    """One service calls another. Durations are the caller's, in milliseconds; None where it was not measured."""

    caller: str
    callee: str
    calls_before: float | None = None
    calls_within: float | None = None
    median_ms_before: float | None = None
    median_ms_within: float | None = None
    p95_ms_before: float | None = None
    p95_ms_within: float | None = None


@dataclass(frozen=True)
class Reading(Generic[Row]):
    """`rows` of `index` in `window`. `flaw`: why it is not whole, if so; `total`: how many there are, if more."""

    rows: list[Row]
    index: str
    window: Window
    flaw: str | None = None
    total: int | None = None
