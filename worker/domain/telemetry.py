"""Telemetry as the analysis sees it: plain arrays, no engine, no field names of anybody's index."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Scope(NamedTuple):
    """A service in a region; None stands for all of them (or for a service without regions)."""

    service: str | None
    region: str | None

    def covers(self, other: Scope) -> bool:
        return (self.service is None or self.service == other.service) and (
            self.region is None or self.region == other.region
        )

    def __str__(self) -> str:
        return ", ".join(part for part in self if part) or "all services"


@dataclass(frozen=True)
class Grid:
    """`count` buckets of `step_seconds` from `start` on."""

    start: datetime
    step_seconds: int
    count: int


@dataclass
class ScopeSeries:
    """Of one scope, every signal on one grid; NaN where nothing was sampled."""

    scope: Scope
    values: dict[str, Floats] = field(default_factory=dict)


@dataclass(frozen=True)
class ChangeEvent:
    """A deployment or another change, at the moment it was recorded."""

    at: datetime
    service: str | None
    region: str | None
    deployment_id: str | None
    version: str | None
    status: str | None
