"""Half hours and days: how observations are averaged and lined up to be compared."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np

from worker.analysis.baseline import Mask
from worker.domain.telemetry import Floats

DAY_SECONDS = 86_400
HALF_HOUR = 1800
A_DAY = DAY_SECONDS // HALF_HOUR
FEWEST_FORECASTS = 24


@dataclass(frozen=True)
class Observed:
    """One scope's samples: `seconds` since any moment, g/min, and requests a minute (NaN: unknown)."""

    seconds: Floats
    rate: Floats
    demand: Floats

    def of(self, mask: Mask) -> Observed:
        return Observed(self.seconds[mask], self.rate[mask], self.demand[mask])


def has_past(past: Observed) -> bool:
    return int(np.isfinite(past.rate).sum()) >= FEWEST_FORECASTS


def logs(values: Floats) -> Floats:
    known = np.isfinite(values) & (values > 0)
    return np.where(known, np.log(np.where(known, values, 1.0)), np.nan)


def by_day(values: Floats) -> Floats:
    """(days, half hours): the newest value is the last of all; what the oldest day lacks is unknown.

    A day of which little is known is unknown as a whole.
    """
    days = ceil(values.size / A_DAY)
    padded = np.concatenate([np.full(days * A_DAY - values.size, np.nan), values])
    table = padded.reshape(days, A_DAY)
    table[np.isfinite(table).sum(axis=1) < A_DAY // 3] = np.nan
    return table


def averaged(observed: Observed, seconds: int) -> Observed:
    """Means over blocks that end with the last sample; a block without samples is not there."""
    if not observed.seconds.size:
        return observed
    place = ((observed.seconds[-1] - observed.seconds) // seconds).astype(int)
    parts = [observed.of(place == number) for number in np.unique(place)[::-1]]
    return Observed(
        *(np.array([mean(getattr(part, name)) for part in parts]) for name in ("seconds", "rate", "demand"))
    )


def mean(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")


def curve(table: Floats) -> Floats:
    """The median day, each day's own level taken out, smoothed over neighbours."""
    middle = np.nan_to_num(medians((table - medians(table)[:, None]).T))
    curve: Floats = (np.roll(middle, 1) + 2 * middle + np.roll(middle, -1)) / 4
    return curve


def medians(rows: Floats) -> Floats:
    """Of the known values of each row."""
    count, ordered = np.isfinite(rows).sum(axis=1), np.sort(rows, axis=1)  # unknown ones come last
    places = np.arange(rows.shape[0])
    low, high = (
        ordered[places, np.maximum(place, 0)] for place in ((count - 1) // 2, np.minimum(count // 2, count - 1))
    )
    return np.where(count > 0, (low + high) / 2, np.nan)


def on_half_hours(observed: Observed, step_seconds: int) -> Observed:
    """The same on half hours, from a regular grid of parts or of multiples of them; nothing from any other."""
    if step_seconds == HALF_HOUR:
        return observed
    if step_seconds % HALF_HOUR == 0:
        parts = step_seconds // HALF_HOUR
        seconds = np.repeat(observed.seconds, parts) + np.tile(
            (np.arange(parts) - (parts - 1) / 2) * HALF_HOUR, observed.seconds.size
        )
        return Observed(seconds, np.repeat(observed.rate, parts), np.repeat(observed.demand, parts))
    if HALF_HOUR % step_seconds:
        return Observed(np.empty(0), np.empty(0), np.empty(0))
    parts = HALF_HOUR // step_seconds
    first = observed.seconds.size % parts
    return Observed(*(_grouped(getattr(observed, name)[first:], parts) for name in ("seconds", "rate", "demand")))


def _grouped(values: Floats, parts: int) -> Floats:
    return np.array([mean(group) for group in values.reshape(-1, parts)])


def days_known(table: Floats) -> int:
    return int(np.isfinite(table).any(axis=1).sum())
