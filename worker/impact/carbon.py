"""Carbon: what was emitted, what would have been without the incident, and the difference.

The counterfactual follows the demand: the line through (requests, g/min) of the days before, at the requests that
came. Where retries set in, additional requests are theirs and not demand; where requests fell, they are lost to what
went wrong. In both cases the requests expected at that time of day stand in.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from worker.analysis import signals
from worker.analysis.baseline import Mask
from worker.analysis.counterfactual import Counterfactual, Observed, forecast
from worker.analysis.sampling import edges
from worker.analysis.signals import Reader, Reading, requests_fell, retries_set_in, series_of
from worker.domain.report import CarbonImpact, Quantity
from worker.domain.telemetry import Floats, Grid, Scope, Series, Survey
from worker.domain.window import Window

# Of the relative error of a counterfactual over one window: never believed smaller than this.
LEAST_ERROR = 0.015
# The baseline's own windows flatter the fit that was made on them.
OPTIMISM = 1.6
FEW_WINDOWS = 8
# Of one sample: half the 90 % interval of where within it the incident began.
EDGE_SHARE = 0.0
# Deviations from which on errors or slowness explain that requests stayed away.
TROUBLE_Z = 4.0
# Standard deviations of a 90 % interval of the normal distribution.
NINETY_PERCENT = 1.645


@dataclass(frozen=True)
class Emissions:
    """Grams in the window of one scope, as its samples hold them.

    `spread` is half the 90 % interval of `expected`. `before` is the excess that the first sample may hold of the time
    before the window, `after` what the time since the last sample may hold: both are only known when one knows how the
    excess is spread within a sample.
    """

    actual: float
    expected: float
    spread: float
    before: float = 0.0
    after: float = 0.0


def carbon_impact(parts: Iterable[Emissions]) -> CarbonImpact:
    """The sum over the scopes of a report; their errors are taken as independent."""
    every = list(parts)
    actual = sum(part.actual for part in every)
    expected = sum(part.expected for part in every)
    spread = float(np.sqrt(sum(part.spread**2 for part in every)))
    low, high = max(0.0, expected - spread), expected + spread
    before, after = sum(part.before for part in every), sum(part.after for part in every)
    return CarbonImpact(
        actual_co2_grams=Quantity(low=actual, likely=actual, high=actual),
        expected_co2_grams=Quantity(low=low, likely=expected, high=high),
        excess_co2_grams=Quantity(low=actual - high - before, likely=actual - expected, high=actual - low + after),
        method="measured",
    )


def emissions(reader: Reader, scope: Scope, window: Window, onset: datetime | None) -> Emissions | None:
    """Measured emissions of one service in one region; None where none were measured in the window."""
    survey, reading = reader.survey, reader.read(scope, window, onset)
    if reading is None or "carbon_grams" not in reading.series.values:
        return None
    grams, minutes = reading.series.values["carbon_grams"], covered_minutes(reading.series.values["carbon_minutes"])
    inside = survey.fine.mask(window) & np.isfinite(grams)
    if not inside.any():
        return None
    found = _counterfactual(reading, survey, window, onset, inside)
    if found is None:
        return None
    actual, expected = float(grams[inside].sum()), float((found.rate * minutes[inside]).sum())
    a_minute = max(0.0, actual - expected) / float(minutes[inside].sum())
    lead, tail = edges(np.flatnonzero(inside), np.flatnonzero(np.isfinite(grams)), survey.fine, window)
    return Emissions(actual, expected, found.error * expected, before=lead * a_minute, after=tail * a_minute)


def _counterfactual(
    reading: Reading, survey: Survey, window: Window, onset: datetime | None, inside: Mask
) -> Counterfactual | None:
    fine, values = survey.fine, reading.series.values
    demand = _filled(values.get("traffic", np.full(fine.count, np.nan)), fine)
    observed = Observed(fine.seconds(), values["carbon"], demand)
    before = fine.mask(Window(start=fine.start, end=max(onset or window.start, fine.start + timedelta(minutes=1))))
    past = series_of(survey.past, reading.scope) or Series()
    count = survey.coarse.count - int((fine.end - fine.start) / survey.coarse.step)
    unknown = np.full(survey.coarse.count, np.nan)
    offset = (survey.coarse.start - fine.start).total_seconds()
    earlier = Observed(
        (survey.coarse.seconds() + offset)[:count],
        past.values.get("carbon", unknown)[:count],
        past.values.get("traffic", unknown)[:count],
    )
    usual = retries_set_in(reading) or requests_were_lost(reading)
    known = before & np.isfinite(values["carbon"])
    return forecast(
        observed.of(known), earlier, observed.of(inside), window.minutes, follows_demand=not usual
    )


def requests_were_lost(reading: Reading) -> bool:
    """Whether fewer requests came because something went wrong; a fall without errors or slowness is less demand."""
    return requests_fell(reading) and max(reading.z("errors"), reading.z("latency")) >= TROUBLE_Z


def covered_minutes(minutes: Floats) -> Floats:
    """The time each sample covers; of a first sample, whose start is unknown, the usual time between two."""
    known = minutes[np.isfinite(minutes)]
    return np.where(np.isfinite(minutes), minutes, np.median(known) if known.size else 1.0)


def _filled(values: Floats, fine: Grid) -> Floats:
    known = np.isfinite(values)
    if not known.any():
        return values
    places = np.arange(fine.count)
    return np.interp(places, places[known], values[known])


def _relative_error(grams: Floats, expected: Floats, before: Mask, length: int) -> float:
    """Half the 90 % interval of actual ÷ expected − 1 over windows of `length` samples of the baseline."""
    actual, likely = grams[before], expected[before]
    if actual.size < 3:
        return 0.5
    length = min(length, max(1, actual.size // 3))
    kernel = np.ones(length)
    errors = np.convolve(actual, kernel, "valid") / np.convolve(likely, kernel, "valid") - 1
    half = NINETY_PERCENT * float(np.sqrt(np.mean(errors**2)))
    few = 2.0 if actual.size / length < FEW_WINDOWS else 1.0
    return max(LEAST_ERROR, half * OPTIMISM * few)
