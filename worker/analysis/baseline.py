"""What a series should have been: from earlier days, from the hours before, or from its traffic.

Robust throughout: medians, median absolute deviations and Theil-Sen slopes (Theil 1950, Sen 1968), so that an earlier
incident in the baseline does not become the norm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worker.domain.telemetry import Floats, Grid

Mask = NDArray[np.bool_]

DAY_SECONDS = 86_400
# A day counts as known when it was sampled at this share of the asked moments.
KNOWN_SHARE = 0.8
# How far the level of today may differ from earlier days' before the difference itself is the news.
LEVEL_LIMITS = (0.4, 2.5)
LEVEL_LIMITS_OF_DAYS = (0.7, 1.4)
FEW_DAYS = 2
# A trend of the hours before is carried on by at most this share of the level.
TREND_LIMIT = 0.25
MIN_PAIRS = 20
# Standard deviations per median absolute deviation, for normal noise.
MAD_TO_SIGMA = 1.4826


@dataclass(frozen=True)
class Expectation:
    """`likely` for each fine bucket; `days` earlier days it rests on (0: on the hours before)."""

    likely: Floats
    method: str
    days: int


def mad_sigma(values: Floats) -> float:
    """Robust standard deviation; 0 for fewer than two values."""
    return spread(values)[1]


def spread(values: Floats) -> tuple[float, float]:
    """(median, robust standard deviation); (NaN, 0) of no values, and 0 of a single one."""
    known = values[np.isfinite(values)]
    if not known.size:
        return float("nan"), 0.0
    usual = middle(known)
    return usual, MAD_TO_SIGMA * middle(np.abs(known - usual))


def median(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return middle(known) if known.size else float("nan")


def middle(known: Floats) -> float:
    """The median of finite values, in one line of them; `np.median` takes five times as long to say the same."""
    low, high = (known.size - 1) // 2, known.size // 2
    # Parted at one place, which processors do many values at a time, and not at both.
    parted = np.partition(known, low)
    return float(parted[low] + parted[high:].min()) / 2


def earlier_days(fine: Grid, coarse: Grid, past: Floats) -> Floats:
    """(days, fine.count): the past series at the same time of each earlier day, newest day first; known days only."""
    times = coarse.seconds() + (coarse.start - fine.start).total_seconds()
    known = np.isfinite(past)
    rows = []
    for day in range(1, int((fine.start - coarse.start).total_seconds() // DAY_SECONDS) + 1):
        wanted = fine.seconds() - day * DAY_SECONDS
        if known[_nearest(times, wanted)].mean() >= KNOWN_SHARE:
            rows.append(np.interp(wanted, times[known], past[known]))
    return np.array(rows) if rows else np.empty((0, fine.count))


def _nearest(times: Floats, wanted: Floats) -> NDArray[np.intp]:
    step = times[1] - times[0]
    places: NDArray[np.intp] = np.clip(np.rint((wanted - times[0]) / step), 0, times.size - 1).astype(np.intp)
    return places


def from_the_past(values: Floats, before: Mask, days: Floats) -> Expectation:
    """Earlier days at the same time, moved to today's level; without them the trend of the hours before."""
    if len(days):
        season = np.median(days, axis=0)
        limits = LEVEL_LIMITS if len(days) < FEW_DAYS else LEVEL_LIMITS_OF_DAYS
        level = _level(values[before], season[before], limits)
        return Expectation(season * level, "the same time on earlier days", len(days))
    return Expectation(_trend(values, before), "the hours before", 0)


def _level(today: Floats, season: Floats, limits: tuple[float, float]) -> float:
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = median(np.where(season > 0, today / season, np.nan))
    return float(np.clip(ratio, *limits)) if np.isfinite(ratio) else 1.0


def _trend(values: Floats, before: Mask) -> Floats:
    places = np.arange(values.size, dtype=float)
    known = before & np.isfinite(values)
    if known.sum() < MIN_PAIRS:
        return np.full(values.size, median(values[known]))
    slope, intercept = theil_sen(places[known], values[known])
    level = median(values[known])
    line = intercept + slope * places
    limited: Floats = np.clip(line, level * (1 - TREND_LIMIT), level * (1 + TREND_LIMIT))
    return limited


def theil_sen(x: Floats, y: Floats) -> tuple[float, float]:
    """(slope, intercept): medians of the slopes between all pairs and of what they leave, as `scipy.stats.theilslopes`
    has them by its method "joint", without the confidence interval that it sorts them all for."""
    run = np.subtract.outer(x, x)
    ahead = run > 0
    slope = middle(np.subtract.outer(y, y)[ahead] / run[ahead]) if ahead.any() else float("nan")
    return slope, middle(y - slope * x)


@dataclass(frozen=True)
class TrafficModel:
    """value = idle + per_request · traffic.

    `is_assumed`: traffic hardly varied, so how much of the `level` is idle is not known, and proportion is assumed.
    """

    idle: float
    per_request: float
    level: float = 0.0
    is_assumed: bool = False

    def predict(self, traffic: Floats) -> Floats:
        return self.idle + self.per_request * traffic


def fit_traffic(pairs: tuple[Floats, Floats]) -> TrafficModel | None:
    """A line through (traffic, value); proportional where traffic hardly varied; None with too few pairs."""
    traffic, values = pairs
    known = np.isfinite(traffic) & np.isfinite(values) & (traffic > 0)
    traffic, values = traffic[known], values[known]
    if traffic.size < MIN_PAIRS:
        return None
    low, high = np.percentile(traffic, [5, 95])
    if high < 1.15 * low:
        return TrafficModel(0.0, median(values / traffic), median(values), is_assumed=True)
    # The joint intercept: the median of all values lies too high where traffic varies and some of them are outliers.
    slope, intercept = theil_sen(traffic, values)
    if slope < 0:
        return TrafficModel(median(values), 0.0)
    if intercept < 0:
        return TrafficModel(0.0, median(values / traffic))
    return TrafficModel(float(intercept), float(slope))
