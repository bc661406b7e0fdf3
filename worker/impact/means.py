"""What the figures of one deployment are made with: factor tables, hourly intensity, what the profile says."""

from __future__ import annotations

from dataclasses import dataclass, field

from worker.impact.tables import Factors, shipped
from worker.ports import GridIntensity
from worker.telemetry.impact_profile import Business, Machine, Sci, Slo, Users


@dataclass(frozen=True)
class Means:
    """Without an argument: the shipped tables, and a profile that says nothing of the impact."""

    factors: Factors = field(default_factory=shipped)
    hourly: GridIntensity | None = None
    machine: Machine | None = None
    business: Business | None = None
    users: Users | None = None
    slo: Slo | None = None
    sci: Sci = field(default_factory=Sci)
