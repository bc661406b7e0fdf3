"""What the excess was spent on: retries, requests that failed, slower work, and what is left: overhead.

Retries are what the additional requests take at their usual cost. The rest is more CO₂ a request: of it the share of
requests that failed (beyond the usual) is put down to errors, and what is left to slower work where latency rose, else
to overhead. The shares are those of the likely figures and are applied to the whole range.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from worker.domain.report import Quantity
from worker.impact.carbon import Emissions

SLOWER = 1.1


@dataclass(frozen=True)
class Symptoms:
    """Of the window: the share of requests that failed beyond the usual (None: not known), and latency ÷ the usual."""

    failed_share: float | None
    latency_ratio: float | None


def shares(parts: Sequence[Emissions], symptoms: Symptoms) -> dict[str, float] | None:
    """Shares of the excess that add up to 1; None where there is no excess, or nothing tells what it was spent on."""
    excess = sum(part.actual - part.expected for part in parts)
    if excess <= 0 or any(part.at_all_requests is None for part in parts):
        return None
    retried = sum((part.at_all_requests or 0.0) - part.expected for part in parts if not part.follows_demand)
    retries = min(max(retried / excess, 0.0), 1.0)
    if retries == 0 and symptoms.failed_share is None and symptoms.latency_ratio is None:
        return None
    rest = 1 - retries
    failed = rest * min(max(symptoms.failed_share or 0.0, 0.0), 1.0)
    is_slower = symptoms.latency_ratio is not None and symptoms.latency_ratio >= SLOWER
    found = {"retries": retries, "errors": failed, "slower work" if is_slower else "overhead": rest - failed}
    return {name: share for name, share in found.items() if share > 0.005}


def split(quantity: Quantity | None, parts: dict[str, float] | None) -> dict[str, Quantity] | None:
    if quantity is None or not parts:
        return None
    return {name: quantity.times(share) for name, share in parts.items()}
