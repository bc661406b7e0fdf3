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

from dataclasses import dataclass
from math import ceil
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy import stats

from worker.analysis.baseline import MAD_TO_SIGMA, middle
from worker.analysis.demand import (
    FEWEST_BLOCKS,
    FEWEST_DAYS,
    NINETY_PERCENT,
    SHORT_BLOCK,
    Base,
    base_of,
    elasticity_error,
    fit_demand,
)
from worker.analysis.half_hours import (
    A_DAY,
    DAY_SECONDS,
    HALF_HOUR,
    Observed,
    averaged,
    by_day,
    curve,
    days_known,
    has_past,
    logs,
    medians,
)
from worker.domain.telemetry import Floats

COVERED = 0.9
# Of the blocks before the onset the last minutes are left out: the onset may be found late.
GUARD_SECONDS = 180
# No forecast is believed to be off by less, as a share.
LEAST_ERROR = 0.004
UNKNOWN_ERROR = 0.5
# From so many forecasts on that do not overlap, their own quantile is believed.
MANY = 25
# A median rather than a mean, from so many blocks on: an earlier incident is not the norm.
ROBUST_FROM = 4


class Way(NamedTuple):
    """How a level is taken: from so many blocks, and with that share; the rest is of the last day."""

    blocks: int
    share: float


WAYS = (Way(1, 1.0), Way(2, 1.0), Way(7, 1.0), Way(2, 0.5), Way(7, 0.5), Way(A_DAY, 1.0))


@dataclass(frozen=True)
class Counterfactual:
    """`rate` in g/min at the asked moments; the total is off by at most the share `error` in nine of ten cases.

    `forecasts` is how many its error was learned from, `days` how many days' rhythm it uses (0: none), `elasticity` the
    share of CO₂ that follows demand, if demand was used.
    """

    rate: Floats
    error: float
    forecasts: int
    days: int
    elasticity: float | None = None


def forecast(
    before: Observed, past: Observed, asked: Observed, minutes: float, *, follows_demand: bool
) -> Counterfactual | None:
    """What `asked` would have emitted; None where next to nothing is known before it.

    `before` are the hours up to the onset, sample by sample; `past` the half hours of the days before those, without
    holes (NaN: unknown); `minutes` the length of the window. With `follows_demand` the requests of `asked` are demand;
    else they are not looked at.
    """
    model = fit_demand(before, past) if follows_demand else None
    base = base_of(model)
    series = _blocks(before, past, base)
    if np.isfinite(series.values).sum() < FEWEST_BLOCKS:
        return None
    length = max(1, int(minutes * 60 // series.length))
    rhythm, way, errors = _best(series, length)
    level = _levels((series.values - rhythm.at(series.seconds))[None, :])[way][0]
    rate = base(asked) * np.exp(rhythm.at(asked.seconds) + level)
    error = np.hypot(_quantile(errors, length), _fine_error(before, base, minutes, series.length))
    if model:
        error = np.hypot(error, elasticity_error(model, before, asked))
    days = days_known(series.table) if rhythm.is_used else 0
    return Counterfactual(rate, max(float(error), LEAST_ERROR), errors.size, days, model.elasticity if model else None)


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


def _blocks(before: Observed, past: Observed, base: Base) -> Blocks:
    length = HALF_HOUR if has_past(past) else SHORT_BLOCK
    end = before.seconds[-1] if before.seconds.size else 0.0
    near = averaged(before.of(before.seconds <= end - GUARD_SECONDS), length)
    values = logs(near.rate / base(near))
    if not has_past(past):
        return Blocks(near.seconds, values, length, np.empty((0, A_DAY)))
    earlier = logs(past.rate / base(past))
    table = by_day(earlier)
    origin = float(past.seconds[-1]) - (table.size - 1) * HALF_HOUR
    seconds = np.concatenate([past.seconds, near.seconds])
    return Blocks(seconds, np.concatenate([earlier, values]), length, table, origin)


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
        wrapped = np.append(self.curve, self.curve[0])
        return np.asarray(np.interp(places, np.arange(A_DAY + 1), wrapped), dtype=np.float64)


NO_RHYTHM = Rhythm(np.empty(0), 0.0)


def _best(series: Blocks, length: int) -> tuple[Rhythm, Way, Floats]:
    """The rhythm (or none) and the way to a level that forecast best, with the errors that they made."""
    tried = [(NO_RHYTHM, series.values)]
    if days_known(series.table) >= FEWEST_DAYS:
        tried.append((Rhythm(curve(series.table), series.origin), _without_rhythm(series)))
    found = [(rhythm, *one) for rhythm, values in tried for one in _errors(values, length).items()]
    usable = [one for one in found if one[2].size]
    return min(usable, key=lambda one: _spread(one[2]), default=(NO_RHYTHM, Way(7, 1.0), np.empty(0)))


def _without_rhythm(series: Blocks) -> Floats:
    """The values less the rhythm, in which no day has a say of itself."""
    values = series.values - Rhythm(curve(series.table), series.origin).at(series.seconds)
    days = series.table.shape[0]
    for day in range(days):
        start = series.origin + day * DAY_SECONDS - HALF_HOUR / 2
        inside = (series.seconds >= start) & (series.seconds < start + DAY_SECONDS)
        others = Rhythm(curve(np.delete(series.table, day, axis=0)), series.origin)
        values[inside] = series.values[inside] - others.at(series.seconds[inside])
    return values


def _errors(values: Floats, length: int) -> dict[Way, Floats]:
    """Errors that each way makes in forecasts of `length` blocks, from every block on, with the blocks before it."""
    if values.size <= length + 1:
        return {}
    padded = np.concatenate([np.full(A_DAY - 1, np.nan), values])
    histories = sliding_window_view(padded, A_DAY)[: values.size - length]
    ahead = sliding_window_view(values, length)[1:]
    known = np.isfinite(ahead).sum(axis=1)
    actual = np.where(known > 0, np.nansum(ahead, axis=1) / np.maximum(known, 1), np.nan)
    enough = (np.isfinite(histories).sum(axis=1) >= min(7, FEWEST_BLOCKS)) & (known >= 0.6 * length)
    errors = {way: actual - level for way, level in _levels(histories).items()}
    return {way: found[np.isfinite(found) & enough] for way, found in errors.items()}


def _levels(histories: Floats) -> dict[Way, Floats]:
    """The level after each row of values, oldest first, by each way."""
    middles = {blocks: _middle(histories[:, -blocks:]) for blocks in {A_DAY, *(way.blocks for way in WAYS)}}
    day = middles[A_DAY]
    near = {blocks: np.where(np.isfinite(middle), middle, day) for blocks, middle in middles.items()}
    return {way: way.share * near[way.blocks] + (1 - way.share) * day for way in WAYS}


def _middle(rows: Floats) -> Floats:
    """The mean of each row, or the median where a row is long; NaN where nothing is known."""
    if rows.shape[1] >= ROBUST_FROM:
        return medians(rows)
    count = np.isfinite(rows).sum(axis=1)
    return np.where(count > 0, np.nansum(rows, axis=1) / np.maximum(count, 1), np.nan)


# --- how far off it may be


def _spread(errors: Floats) -> float:
    """Mean square with the far ones cut, so that an incident of last week does not choose."""
    limit = 3 * MAD_TO_SIGMA * middle(np.abs(errors))
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
    values = logs(before.rate / base(before))
    step = np.median(np.diff(before.seconds)) / 60
    short, long = max(1, round(minutes / step)), max(2, round(block_seconds / 60 / step))
    values = values[np.isfinite(values)]
    if values.size <= long or short >= long:
        return 0.0
    centre = sliding_window_view(values, long).mean(axis=1)
    start = (long - short) // 2
    inner = sliding_window_view(values, short).mean(axis=1)[start : start + centre.size]
    return NINETY_PERCENT * MAD_TO_SIGMA * middle(np.abs(inner - centre))
