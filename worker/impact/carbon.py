"""Carbon: what was emitted, what would have been without the incident, and the difference.

The counterfactual follows the demand: the line through (requests, g/min) of the days before, at the requests that
came. Where retries set in, additional requests are theirs and not demand; where requests fell, they are lost to what
went wrong. In both cases the requests expected at that time of day stand in.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from worker.analysis import signals
from worker.analysis.baseline import Mask
from worker.analysis.signals import Reader, Reading, requests_fell, retries_set_in
from worker.domain.report import CarbonImpact, Quantity
from worker.domain.telemetry import Floats, Grid, Scope
from worker.domain.window import Window

# Of the relative error of a counterfactual over one window: never believed smaller than this.
LEAST_ERROR = 0.015
# The baseline's own windows flatter the fit that was made on them.
OPTIMISM = 1.6
FEW_WINDOWS = 8
# Of one sample: half the 90 % interval of where within it the incident began.
EDGE_SHARE = 0.9
# Standard deviations of a 90 % interval of the normal distribution.
NINETY_PERCENT = 1.645


@dataclass(frozen=True)
class Emissions:
    """Grams in the window of one scope; `spread` is half the 90 % interval of `expected`."""

    actual: float
    expected: float
    spread: float


def carbon_impact(parts: Iterable[Emissions]) -> CarbonImpact:
    """The sum over the scopes of a report; their errors are taken as independent."""
    every = list(parts)
    actual = sum(part.actual for part in every)
    expected = sum(part.expected for part in every)
    spread = float(np.sqrt(sum(part.spread**2 for part in every)))
    low, high = max(0.0, expected - spread), expected + spread
    return CarbonImpact(
        actual_co2_grams=Quantity(low=actual, likely=actual, high=actual),
        expected_co2_grams=Quantity(low=low, likely=expected, high=high),
        excess_co2_grams=Quantity(low=actual - high, likely=actual - expected, high=actual - low),
        method="measured",
    )


def emissions(reader: Reader, scope: Scope, window: Window, onset: datetime | None) -> Emissions | None:
    """Measured emissions of one service in one region; None where none were measured in the window."""
    survey, reading = reader.survey, reader.read(scope, window, onset)
    if reading is None or "carbon_grams" not in reading.series.values:
        return None
    grams, minutes = reading.series.values["carbon_grams"], covered_minutes(reading.series.values["carbon_minutes"])
    inside = survey.fine.mask(window) & np.isfinite(grams)
    rate = expected_rate(reading, survey.fine)
    if not inside.any() or rate is None:
        return None
    expected = rate * minutes
    known = inside & np.isfinite(expected)
    total = float(expected[known].sum()) * (inside.sum() / max(1, known.sum()))
    before = signals.before_mask(survey, window, onset) & np.isfinite(grams) & np.isfinite(expected)
    actual, samples = float(grams[inside].sum()), int(inside.sum())
    noise = total * _relative_error(grams, expected, before, samples)
    # A sample speaks of the time before it: at both ends of the window up to one sample's excess is on the wrong side.
    edges = EDGE_SHARE * abs(actual - total) / samples
    idle = _unknown_idle(reading, total, float(minutes[inside].sum()))
    return Emissions(actual, total + idle, float(np.sqrt(noise**2 + edges**2 + idle**2)))


def _unknown_idle(reading: Reading, expected: float, minutes: float) -> float:
    """Half of what lies between emissions in proportion to requests and emissions that do not follow them at all."""
    model = reading.traffic_model
    return (model.level * minutes - expected) / 2 if model and model.is_assumed else 0.0


def covered_minutes(minutes: Floats) -> Floats:
    """The time each sample covers; of a first sample, whose start is unknown, the usual time between two."""
    known = minutes[np.isfinite(minutes)]
    return np.where(np.isfinite(minutes), minutes, np.median(known) if known.size else 1.0)


def expected_rate(reading: Reading, fine: Grid) -> Floats | None:
    """g/min that the scope would have emitted without the incident."""
    model, traffic = reading.traffic_model, reading.signals.get("traffic")
    if model is None or traffic is None:
        return reading.signals["carbon"].expected if "carbon" in reading.signals else None
    is_usual = retries_set_in(reading) or requests_fell(reading)
    demand = traffic.expected if is_usual else traffic.values
    return _filled(model.predict(demand), fine)


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
