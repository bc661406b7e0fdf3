"""Software Carbon Intensity of the incident and of its baseline, by one and the same method.

R is what users asked for: requests without those that retries added. E × I is what was emitted, measured or estimated;
M is added to both where the machines are known, else left out of both, and the score says so.
"""

from __future__ import annotations

from collections.abc import Sequence

from worker.domain.report import Quantity, SciScore
from worker.impact import energy
from worker.impact.carbon import Emissions


def score(
    parts: Sequence[Emissions], *, unit: str, requests: float, embodied_per_minute: float | None
) -> SciScore | None:
    """`embodied_per_minute` in grams, of all parts together; None where no requests are known."""
    demands = [part.demand for part in parts]
    known = [demand for demand in demands if demand]
    if not known or len(known) < len(parts):
        return None
    units = sum(one.came if part.follows_demand else one.usual for one, part in zip(known, parts, strict=True))
    before = sum(one.requests_before for one in known)
    minutes, minutes_before = (max(getattr(one, name) for one in known) for name in ("minutes", "minutes_before"))
    m = embodied_per_minute or 0.0
    return SciScore(
        functional_unit=unit,
        incident=_score(sum(part.actual for part in parts), m * minutes, units / requests),
        baseline=_score(sum(one.grams_before for one in known), m * minutes_before, before / requests),
        includes_embodied=embodied_per_minute is not None,
    )


def _score(operational: float, embodied: float, units: float) -> float | None:
    return energy.per_functional_unit(operational, embodied, units) if units > 0 else None


def per_minute(embodied: Quantity | None, minutes: float) -> float | None:
    return embodied.likely / minutes if embodied else None
