"""What the impact is computed from beside the signals: machines, users, service levels, business events."""

from __future__ import annotations

from dataclasses import dataclass, field

from worker.domain.telemetry import Floats, Scope


@dataclass(frozen=True)
class MachineFacts:
    """Of one scope: vCPUs and GB of memory of all its instances together; None where it is not known."""

    vcpus: float | None = None
    memory_gb: float | None = None


@dataclass(frozen=True)
class BusinessEvents:
    """Orders and their worth in each bucket of the fine and the coarse grid; zero where there was none."""

    orders: Floats
    revenue: Floats
    past_orders: Floats
    past_revenue: Floats


@dataclass(frozen=True)
class ImpactFacts:
    """First wave. `business` is by region (None: events that name no region)."""

    machines: dict[Scope, MachineFacts] = field(default_factory=dict)
    business: dict[str | None, BusinessEvents] = field(default_factory=dict)


@dataclass(frozen=True)
class Audience:
    """Distinct users or sessions in the window: all, those with a failed request, those with a failed or slow one."""

    seen: float
    failed: float
    affected: float


@dataclass(frozen=True)
class ServiceCounts:
    """Log lines against a service level: of the window and of the whole period before the alert."""

    window: float
    window_bad: float
    period: float
    period_bad: float


@dataclass(frozen=True)
class ScopeFacts:
    """Second wave, of the report's own scope."""

    audience: Audience | None = None
    service: ServiceCounts | None = None
