"""The arithmetic of what was measured."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import ceil
from statistics import median


def percentile(values: Iterable[float], percent: float) -> float:
    """The smallest value that at least so many percent of all do not exceed. Raises ValueError for no values."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("nothing was measured")
    return ordered[max(0, ceil(len(ordered) * percent / 100) - 1)]


def median_ratio(ours: Sequence[float], others: Sequence[float]) -> float:
    """Of rounds that took turns: each against its neighbour, so that what else the machine did falls on both alike."""
    return median(our / other for our, other in zip(ours, others, strict=True))
