"""Sections of a profile that only the impact needs. Each is optional: without it its figure is a gap."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Users(_Strict):
    """The field of the log lines that tells one user, or one session, from another."""

    field: str
    kind: Literal["users", "sessions"] = "users"


class Business(_Strict):
    """Business events, one document each: an order, with what it is worth in `revenue`.

    What is missing of them is put down to an incident of one of `services` (none named: of any service), in the region
    that `region`, a field, tells (none named: in any).
    """

    index: str
    region: str | None = None
    services: list[str] = Field(default_factory=list)
    revenue: str | None = None
    usd_per_unit: float = Field(default=1.0, gt=0)


class Machine(_Strict):
    """What a scope runs on. A number, or the field of the metrics that holds it, for one instance.

    `instance` is the field that names an instance: the distinct ones are counted.
    """

    vcpus: float | str | None = None
    memory_gb: float | str | None = None
    instances: float = Field(default=1.0, gt=0)
    instance: str | None = None
    provider: str | None = None
    watt_hours_per_request: float | None = Field(default=None, gt=0)


class Slo(_Strict):
    """A service level objective on log lines: a line is bad if it is an error or slower than `latency_ms`."""

    objective: float = Field(gt=0, lt=1)
    latency_ms: float | None = Field(default=None, gt=0)
    period_days: float = Field(default=30.0, gt=0, le=90)


class Sci(_Strict):
    """The functional unit R of the Software Carbon Intensity: so many requests."""

    functional_unit: str = "1,000 requests"
    requests: float = Field(default=1000.0, gt=0)
