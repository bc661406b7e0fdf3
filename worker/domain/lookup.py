"""What a look into telemetry finds, beyond an investigation's own questions: rows that can be told as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

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
    """A deployment or another change (`kind`), at its first record, with the status of its last one."""

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
    """`rows` of `index` in `window`. `flaw`: why it is not whole, if so; `total`: how many there are, if more.

    `query` is the body that was sent, so that a reader can send it again; empty where there are several.
    """

    rows: list[Row]
    index: str
    window: Window
    flaw: str | None = None
    total: int | None = None
    query: dict[str, Any] = field(default_factory=dict)


class Emitted(BaseModel):
    """What one scope emitted: the sum of so many samples, the first and the last of these times. Grams of CO₂e."""

    service: str | None
    region: str | None
    grams: float
    samples: int
    first: AwareDatetime
    last: AwareDatetime


@dataclass(frozen=True)
class EmittedReading(Reading[Emitted]):
    """`grams` is the sum over every sample, also of what `rows` had no room for; None where there is no sample.

    `other_grams` is the same sum as a second field states it, and `checked_grams` that of the samples that have both.
    """

    grams: float | None = None
    checked_grams: float | None = None
    other_grams: float | None = None


class Course(BaseModel):
    """One figure of a scope, step by step from `start` on. A step without a sample is None, and not zero."""

    service: str | None
    region: str | None
    start: AwareDatetime
    step_seconds: int
    values: list[float | None]


class ErrorKind(BaseModel):
    """Errors of one type (None: the telemetry does not tell it) in one scope, with the newest message."""

    service: str | None
    region: str | None
    error_type: str | None
    count: int
    message: str | None


class NamesSeen(BaseModel):
    """The names that telemetry of a span of time bears. `is_whole`: there are no more of them."""

    services: list[str]
    regions: list[str]
    is_whole: bool = True
