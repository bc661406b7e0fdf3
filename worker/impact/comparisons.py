"""A mass of CO₂ in something people know. It stands beside the figures and never in place of one."""

from __future__ import annotations

from worker.domain.figures import number
from worker.domain.report import Quantity
from worker.impact.tables import Factors


def compare(excess: Quantity | None, factors: Factors) -> str | None:
    """`about 33 smartphone charges (EPA 2024)`; None where there is no excess, or too little to compare."""
    if excess is None or excess.low <= 0:
        return None
    fitting = [one for one in factors.comparisons if excess.likely >= one.from_g]
    if not fitting:
        return None
    best = max(fitting, key=lambda one: one.from_g)
    count = excess.likely / best.g_per_one
    rounded = round(count) if count >= 1.5 else round(count, 1)
    what = best.what if rounded == 1 else best.plural
    return f"about {number(rounded)} {what} ({best.source.split(':')[0]}, {best.year})"
