"""A service level objective: how fast the window burnt the error budget (Google SRE Workbook, chapter 5)."""

from __future__ import annotations

from worker.domain.impact_facts import Audience, ServiceCounts
from worker.domain.report import Quantity, ServiceLevel
from worker.impact.users import Totals
from worker.telemetry.impact_profile import Slo


def service_level(counts: ServiceCounts, slo: Slo) -> ServiceLevel | None:
    """None where nothing was logged in the window. A burn rate of 1 uses up the budget in exactly the period."""
    if not counts.window:
        return None
    allowed = 1 - slo.objective
    share = counts.window_bad / counts.window
    return ServiceLevel(
        objective=slo.objective,
        latency_target_ms=slo.latency_ms,
        period_days=slo.period_days,
        bad_share=share,
        burn_rate=share / allowed,
        budget_burnt=counts.window_bad / (allowed * counts.period) if counts.period else None,
    )


def users_affected(audience: Audience, requests: Totals | None) -> Quantity:
    """Distinct users with a failed or slow request; of a sampled log that is the least it can be."""
    known = float(audience.affected)
    most = known * max(1.0, requests.per_line) if requests else known
    return Quantity(low=known, likely=known, high=most)
