"""What a scope would have emitted without its incident, with an interval that its own past vouches for.

What is expected is the product of three parts: what the demand takes (a robust line through requests and g/min), the
rhythm of the day (where leaving it out predicts the past days worse), and today's level (of the last hour, of the last
hours or of the last day, whichever predicted the past days best). The interval is not a formula's: the same forecast is
made for every half hour of the past days, as if an incident of the same length had begun there, and the errors it would
have made are the errors it is believed to make now (split conformal prediction, Vovk et al. 2005; rolling origin,
Tashman 2000). Noise below half an hour is measured on today's minutes and added.

Everything is in logarithms of g/min, so that an error is a share.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy import stats

from worker.analysis.baseline import Mask
from worker.domain.telemetry import Floats

# Standard deviations of a 90 % interval of the normal distribution, and the share that lies within.
NINETY_PERCENT = 1.645
COVERED = 0.9
DAY_SECONDS = 86_400
HALF_HOUR = 1800
# Without earlier days a block is so long, so that a few hours hold enough of them.
SHORT_BLOCK = 600
FEWEST_DAYS = 2
FEWEST_BLOCKS = 4
FEWEST_FORECASTS = 24
# Prior of the share of CO₂ that follows demand, where demand hardly varied: most of it, and nobody knows.
USUAL_ELASTICITY, ELASTICITY_SIGMA = 0.9, 0.55
# No slope of a line is believed to be known better, as a share of the CO₂ that follows demand.
LEAST_ELASTICITY_ERROR = 0.03
# Of the blocks before the onset the last minutes are left out: the onset may be found late.
GUARD_SECONDS = 180
# No forecast is believed to be off by less, as a share.
LEAST_ERROR = 0.004
UNKNOWN_ERROR = 0.5
# From so many forecasts on that do not overlap, their own quantile is believed.
MANY = 25
A_DAY = DAY_SECONDS // HALF_HOUR
# A median rather than a mean, from so many blocks on: an earlier incident is not the norm.
ROBUST_FROM = 4


@dataclass(frozen=True)
class Observed:
    """One scope's samples: `seconds` since any moment, g/min, and requests a minute (NaN: unknown)."""

    seconds: Floats
    rate: Floats
    demand: Floats

    def of(self, mask: Mask) -> Observed:
        return Observed(self.seconds[mask], self.rate[mask], self.demand[mask])


class Way(NamedTuple):
    """How a level is taken: from so many blocks, and with that share; the rest is of the last day."""

    blocks: int
    share: float


WAYS = (Way(1, 1.0), Way(2, 1.0), Way(7, 1.0), Way(2, 0.5), Way(7, 0.5), Way(A_DAY, 1.0))


@dataclass(frozen=True)
class Counterfactual:
    """`rate` in g/min at the asked moments; the total is off by at most the share `error` in nine of ten cases.

    `follows` says what the expectation rests on; `elasticity` the share of CO₂ that follows demand, if it was used.
    """

    rate: Floats
    error: float
    forecasts: int
    days: int
    elasticity: float | None = None


@dataclass(frozen=True)
class DemandModel:
    """g/min = level · (1 − e + e · demand ÷ usual): a line by its value at the usual demand and its elasticity e."""

    level: float
    usual: float
    elasticity: float
    sigma: float

    def rate(self, demand: Floats) -> Floats:
        return self.level * np.maximum(1 + self.elasticity * (demand / self.usual - 1), 0.02)


def forecast(
    before: Observed, past: Observed, asked: Observed, minutes: float, *, follows_demand: bool
) -> Counterfactual | None:
    """What `asked` would have emitted; None where next to nothing is known before it.

    `before` are the hours up to the onset, sample by sample; `past` the half hours of the days before those, without
    holes (NaN: unknown); `minutes` the length of the window. With `follows_demand` the requests of `asked` are demand;
    else they are not looked at.
    """
    model = fit_demand(before, past) if follows_demand else None
    base = _base(model)
    series = _blocks(before, past, base)
    if np.isfinite(series.values).sum() < FEWEST_BLOCKS:
        return None
    length = max(1, ceil(minutes * 60 / series.length))
    rhythm, way, errors = _best(series, length)
    level = _level((series.values - rhythm.at(series.seconds))[None, :], way)[0]
    rate = base(asked) * np.exp(rhythm.at(asked.seconds) + level)
    error = np.hypot(_quantile(errors, length), _fine_error(before, base, minutes, series.length))
    if model:
        error = np.hypot(error, _elasticity_error(model, before, asked))
    days = series.table.shape[0] if rhythm.is_used else 0
    return Counterfactual(
        rate, max(float(error), LEAST_ERROR), errors.size, days, model.elasticity if model else None
    )


# --- what demand takes


def fit_demand(before: Observed, past: Observed) -> DemandModel | None:
    """The line through demand and g/min over half hours; None where demand is hardly ever known."""
    near = _averaged(before, HALF_HOUR if _has_past(past) else SHORT_BLOCK)
    rate, demand = np.concatenate([past.rate, near.rate]), np.concatenate([past.demand, near.demand])
    emitted = np.isfinite(rate) & (rate > 0)
    known = emitted & np.isfinite(demand) & (demand > 0)
    if known.sum() < FEWEST_BLOCKS or known.sum() < 0.5 * emitted.sum():
        return None
    usual = float(np.median(demand[known]))
    level, elasticity, sigma = _robust_line(demand[known] / usual - 1, rate[known])
    sigma = float(np.hypot(sigma, _confounded(DemandModel(level, usual, elasticity, sigma), past)))
    return DemandModel(level, usual, *_with_prior(elasticity, sigma))


def _confounded(model: DemandModel, past: Observed) -> float:
    """What a rhythm of the grid, or of anything else but demand, may have lent to the slope.

    The part of such a rhythm that runs with demand cannot be told from the slope; the part that does not is what the
    line leaves over, and the two are taken for equally large.
    """
    if not _has_past(past):
        return 0.0
    left = _by_day(_logs(past.rate / model.rate(past.demand)))
    if left.shape[0] < FEWEST_DAYS:
        return 0.0
    rhythm, demand = _curve(left), _curve(_by_day(_logs(past.demand)))
    scatter = 1.4826 * float(np.nanmedian(np.abs(left - np.nanmedian(left, axis=1, keepdims=True) - rhythm)))
    # Smoothing over neighbours leaves 3/8 of a variance.
    by_chance = scatter**2 * 0.375 * 1.57 / left.shape[0]
    return float(np.sqrt(max(0.0, np.var(rhythm) - by_chance)) / max(float(np.std(demand)), 1e-3))


def _with_prior(elasticity: float, sigma: float) -> tuple[float, float]:
    """A normal prior, so that demand that never varied leaves the share open instead of certain."""
    sigma = max(sigma, LEAST_ELASTICITY_ERROR)
    weight = ELASTICITY_SIGMA**2 / (ELASTICITY_SIGMA**2 + sigma**2)
    believed = float(np.clip(weight * elasticity + (1 - weight) * USUAL_ELASTICITY, 0.0, 1.0))
    return believed, sigma * float(np.sqrt(weight))


def _robust_line(x: Floats, rate: Floats) -> tuple[float, float, float]:
    """(rate at x = 0, slope as a share of it, the share's standard error).

    Theil-Sen; the error is that of leaving out a sixth of the time after the other, and at least what the scatter says.
    """
    level, slope = _theil_sen(x, rate)
    if level <= 0 or np.std(x) < 1e-6:
        return float(np.median(rate)), USUAL_ELASTICITY, 10.0
    share = slope / level
    groups = np.array_split(np.arange(x.size), min(6, x.size // 2))
    lines = [_theil_sen(np.delete(x, group), np.delete(rate, group)) for group in groups]
    shares = np.array([one[1] / max(one[0], 1e-12) for one in lines])
    jackknife = np.sqrt((shares.size - 1) * np.mean((shares - shares.mean()) ** 2))
    scatter = 1.4826 * np.median(np.abs(rate / level - 1 - share * x)) / (np.std(x) * np.sqrt(x.size))
    return level, share, float(max(jackknife, scatter))


def _theil_sen(x: Floats, y: Floats) -> tuple[float, float]:
    """(value at 0, slope)."""
    slope, intercept, *_ = stats.theilslopes(y, x, method="joint")
    return float(intercept), float(slope)


Base = Callable[[Observed], Floats]


def _base(model: DemandModel | None) -> Base:
    return lambda observed: model.rate(observed.demand) if model else np.ones(observed.seconds.size)


def _elasticity_error(model: DemandModel, before: Observed, asked: Observed) -> float:
    """What not knowing the elasticity does to a forecast at another demand than that of the hours before."""
    known, wanted = _mean(before.demand), _mean(asked.demand)
    if not np.isfinite(known) or not np.isfinite(wanted):
        return 0.0
    rises = [demand / model.usual - 1 for demand in (known, wanted)]
    near, far = (rise / max(1 + model.elasticity * rise, 0.1) for rise in rises)
    return NINETY_PERCENT * model.sigma * abs(far - near)


# --- blocks of time


@dataclass(frozen=True)
class Blocks:
    """Logarithms of g/min ÷ what demand takes, over blocks of `length` seconds, oldest first (NaN: unknown).

    `table` holds the past ones by days, `origin` is the moment of its first column.
    """

    seconds: Floats
    values: Floats
    length: int
    table: Floats
    origin: float = 0.0


def _has_past(past: Observed) -> bool:
    return int(np.isfinite(past.rate).sum()) >= FEWEST_FORECASTS


def _blocks(before: Observed, past: Observed, base: Base) -> Blocks:
    length = HALF_HOUR if _has_past(past) else SHORT_BLOCK
    end = before.seconds[-1] if before.seconds.size else 0.0
    near = _averaged(before.of(before.seconds <= end - GUARD_SECONDS), length)
    values = _logs(near.rate / base(near))
    if not _has_past(past):
        return Blocks(near.seconds, values, length, np.empty((0, A_DAY)))
    earlier = _logs(past.rate / base(past))
    table = _by_day(earlier)
    origin = float(past.seconds[-1]) - (table.size - 1) * HALF_HOUR
    seconds = np.concatenate([past.seconds, near.seconds])
    return Blocks(seconds, np.concatenate([earlier, values]), length, table, origin)


def _logs(values: Floats) -> Floats:
    known = np.isfinite(values) & (values > 0)
    return np.where(known, np.log(np.where(known, values, 1.0)), np.nan)


def _by_day(values: Floats) -> Floats:
    """(days, half hours): the newest value is the last of all; what the oldest day lacks is unknown."""
    days = ceil(values.size / A_DAY)
    padded = np.concatenate([np.full(days * A_DAY - values.size, np.nan), values])
    table = padded.reshape(days, A_DAY)
    return table[np.isfinite(table).sum(axis=1) >= A_DAY // 3]


def _averaged(observed: Observed, seconds: int) -> Observed:
    """Means over blocks that end with the last sample; a block without samples is not there."""
    if not observed.seconds.size:
        return observed
    place = ((observed.seconds[-1] - observed.seconds) // seconds).astype(int)
    parts = [observed.of(place == number) for number in np.unique(place)[::-1]]
    return Observed(
        *(np.array([_mean(getattr(part, name)) for part in parts]) for name in ("seconds", "rate", "demand"))
    )


def _mean(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")


# --- the day's rhythm and today's level


@dataclass(frozen=True)
class Rhythm:
    """Logarithm of the day's rhythm at any moment; zero where there is none."""

    curve: Floats
    origin: float

    @property
    def is_used(self) -> bool:
        return self.curve.size > 0

    def at(self, seconds: Floats) -> Floats:
        if not self.is_used:
            return np.zeros(seconds.size)
        places = ((seconds - self.origin) / HALF_HOUR) % A_DAY
        return np.interp(places, np.arange(A_DAY + 1), np.append(self.curve, self.curve[0]))


NO_RHYTHM = Rhythm(np.empty(0), 0.0)


def _curve(table: Floats) -> Floats:
    """The median day, each day's own level taken out, smoothed over neighbours."""
    middle = np.nan_to_num(_medians((table - _medians(table)[:, None]).T))
    curve: Floats = (np.roll(middle, 1) + 2 * middle + np.roll(middle, -1)) / 4
    return curve


def _best(series: Blocks, length: int) -> tuple[Rhythm, Way, Floats]:
    """The rhythm (or none) and the way to a level that forecast best, with the errors that they made."""
    tried = [(NO_RHYTHM, series.values)]
    if series.table.shape[0] >= FEWEST_DAYS:
        tried.append((Rhythm(_curve(series.table), series.origin), _without_rhythm(series)))
    found = [(rhythm, way, _errors(values, way, length)) for rhythm, values in tried for way in WAYS]
    usable = [one for one in found if one[2].size]
    return min(usable, key=lambda one: _spread(one[2]), default=(NO_RHYTHM, Way(7, 1.0), np.empty(0)))


def _without_rhythm(series: Blocks) -> Floats:
    """The values less the rhythm, in which no day has a say of itself."""
    values = series.values - Rhythm(_curve(series.table), series.origin).at(series.seconds)
    days = series.table.shape[0]
    for day in range(days):
        start = series.origin + day * DAY_SECONDS - HALF_HOUR / 2
        inside = (series.seconds >= start) & (series.seconds < start + DAY_SECONDS)
        curve = Rhythm(_curve(np.delete(series.table, day, axis=0)), series.origin)
        values[inside] = series.values[inside] - curve.at(series.seconds[inside])
    return values


def _errors(values: Floats, way: Way, length: int) -> Floats:
    """Errors of forecasts of `length` blocks from every block on, made with the blocks before it."""
    if values.size <= length + 1:
        return np.empty(0)
    padded = np.concatenate([np.full(A_DAY - 1, np.nan), values])
    histories = sliding_window_view(padded, A_DAY)[: values.size - length]
    ahead = sliding_window_view(values, length)[1:]
    known = np.isfinite(ahead).sum(axis=1)
    actual = np.where(known > 0, np.nansum(ahead, axis=1) / np.maximum(known, 1), np.nan)
    errors = actual - _level(histories, way)
    enough = np.isfinite(histories).sum(axis=1) >= min(7, FEWEST_BLOCKS)
    return errors[np.isfinite(errors) & enough & (known >= 0.6 * length)]


def _level(histories: Floats, way: Way) -> Floats:
    """The level after each row of values, oldest first."""
    near, day = _middle(histories[:, -way.blocks :]), _middle(histories[:, -A_DAY:])
    near = np.where(np.isfinite(near), near, day)
    return way.share * near + (1 - way.share) * day


def _middle(rows: Floats) -> Floats:
    """The mean of each row, or the median where a row is long; NaN where nothing is known."""
    if rows.shape[1] >= ROBUST_FROM:
        return _medians(rows)
    count = np.isfinite(rows).sum(axis=1)
    return np.where(count > 0, np.nansum(rows, axis=1) / np.maximum(count, 1), np.nan)


def _medians(rows: Floats) -> Floats:
    """Of the known values of each row."""
    count, ordered = np.isfinite(rows).sum(axis=1), np.sort(rows, axis=1)  # unknown ones come last
    places = np.arange(rows.shape[0])
    low, high = (ordered[places, np.maximum(place, 0)] for place in ((count - 1) // 2, np.minimum(count // 2, count - 1)))
    return np.where(count > 0, (low + high) / 2, np.nan)


# --- how far off it may be


def _spread(errors: Floats) -> float:
    """Mean square with the far ones cut, so that an incident of last week does not choose."""
    limit = 3 * 1.4826 * float(np.median(np.abs(errors)))
    return float(np.mean(np.minimum(np.abs(errors), limit) ** 2))


def _quantile(errors: Floats, length: int) -> float:
    """Nine of ten errors are no larger; from few of them by their size and Student's t."""
    independent = errors.size / length
    if independent >= MANY:
        place = min(errors.size, ceil(COVERED * (errors.size + 1)))
        return float(np.sort(np.abs(errors))[place - 1])
    if errors.size < 2:
        return UNKNOWN_ERROR
    return float(stats.t.ppf((1 + COVERED) / 2, max(independent - 1, 2.0)) * np.sqrt(np.mean(errors**2)))


def _fine_error(before: Observed, base: Base, minutes: float, block_seconds: int) -> float:
    """What a window shorter than a block adds: the scatter of means of so many minutes around those of a block."""
    if minutes * 60 >= block_seconds or before.seconds.size < 8:
        return 0.0
    values = _logs(before.rate / base(before))
    step = np.median(np.diff(before.seconds)) / 60
    short, long = max(1, round(minutes / step)), max(2, round(block_seconds / 60 / step))
    values = values[np.isfinite(values)]
    if values.size <= long or short >= long:
        return 0.0
    centre = sliding_window_view(values, long).mean(axis=1)
    start = (long - short) // 2
    inner = sliding_window_view(values, short).mean(axis=1)[start : start + centre.size]
    return NINETY_PERCENT * 1.4826 * float(np.median(np.abs(inner - centre)))
