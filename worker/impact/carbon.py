"""Carbon: what was emitted, what would have been without the incident, and the difference.

The counterfactual (`worker.analysis.counterfactual`) follows the demand. Where retries set in, additional requests are
theirs and not demand; where requests fell while something failed, they are lost to what went wrong. In both cases the
rhythm and level of the emissions themselves stand in.

Measured emissions are taken as they are stated; where there are none they are estimated (`worker.impact.estimate`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

import numpy as np

from worker.analysis.baseline import Mask
from worker.analysis.counterfactual import Counterfactual, forecast
from worker.analysis.demand import NINETY_PERCENT
from worker.analysis.half_hours import Observed, on_half_hours
from worker.analysis.sampling import edges
from worker.analysis.signals import Reader, Reading, requests_fell, retries_set_in, series_of
from worker.domain.report import CarbonImpact, Quantity
from worker.domain.telemetry import Floats, Grid, Scope, Series, Survey
from worker.domain.window import Window
from worker.impact.estimate import Estimate
from worker.impact.plausibility import Finding, Samples, covered_minutes, examine, pauses

# Standard deviations of the normal distribution that one case of ten lies beyond, on one side.
ONE_SIDED = 1.2816
# Deviations from which on errors or slowness explain that requests stayed away.
TROUBLE_Z = 4.0
# So small a share of the retries that would explain a rise does not.
BY_CHANCE = 0.05


@dataclass(frozen=True)
class Demand:
    """Requests in the window, as they came and as they were expected; and of the hours before it."""

    came: float
    usual: float
    minutes: float
    grams_before: float
    requests_before: float
    minutes_before: float


@dataclass(frozen=True)
class Emissions:
    """Grams in the window of one scope, as its samples hold them.

    `spread` is half the 90 % interval of `expected`. `before` is the excess that the samples may hold of other minutes
    than the window's, `after` what minutes that no sample holds may have wasted: both are only known when one knows how
    the excess is spread within a sample. `factor` is the range of the factors, as shares of the likely one, where the
    emissions are estimated. `at_all_requests` is what all requests that came would have taken at their usual cost.
    """

    actual: float
    expected: float
    spread: float
    before: float = 0.0
    after: float = 0.0
    method: Literal["measured", "estimated"] = "measured"
    factor: Quantity = field(default_factory=lambda: Quantity(low=1, likely=1, high=1))
    samples: int = 0
    forecast: Counterfactual | None = None
    follows_demand: bool = True
    at_all_requests: float | None = None
    demand: Demand | None = None


def carbon_impact(parts: Iterable[Emissions]) -> CarbonImpact:
    """The sum over the scopes of a report; their errors are taken as independent, those of factors as common."""
    every = list(parts)
    actual = sum(part.actual for part in every)
    expected = sum(part.expected for part in every)
    spread = float(np.sqrt(sum(part.spread**2 for part in every)))
    low, high = max(0.0, expected - spread), expected + spread
    before, after = sum(part.before for part in every), sum(part.after for part in every)
    likely, noise = actual - expected, spread * _share_of_noise(spread, before + after)
    most = min(actual, likely + noise)
    excess = Quantity(low=likely - noise - before, likely=likely, high=max(likely, most) + after)
    return CarbonImpact(
        actual_co2_grams=_with_factors(Quantity(low=actual, likely=actual, high=actual), every),
        expected_co2_grams=_with_factors(Quantity(low=low, likely=expected, high=high), every),
        excess_co2_grams=_with_factors(excess, every),
        method="estimated" if any(part.method == "estimated" for part in every) else "measured",
    )


def _share_of_noise(spread: float, edges: float) -> float:
    """Where an edge takes one side of the interval, the other alone is left to miss the truth: in one case of ten."""
    return 1 - (1 - ONE_SIDED / NINETY_PERCENT) * edges / (edges + spread) if edges > 0 else 1.0


def _with_factors(quantity: Quantity, parts: list[Emissions]) -> Quantity:
    """Widened by the range of the factors: in logarithms, and as independent of the quantity's own range."""
    low, high = min(part.factor.low for part in parts), max(part.factor.high for part in parts)
    if low == high == 1:
        return quantity
    below = np.hypot(quantity.likely - quantity.low, abs(quantity.likely) * (1 - low))
    above = np.hypot(quantity.high - quantity.likely, abs(quantity.likely) * (high - 1))
    return Quantity(low=quantity.likely - float(below), likely=quantity.likely, high=quantity.likely + float(above))


def holding_zero(excess: Quantity) -> Quantity:
    """The excess of what was not confirmed, or is demand: then it is not waste, whatever chance makes of it."""
    return Quantity(low=min(excess.low, 0.0), likely=excess.likely, high=max(excess.high, 0.0))


def emissions(
    reader: Reader,
    scope: Scope,
    window: Window,
    onset: datetime | None,
    *,
    estimate: Estimate | None = None,
    findings: list[Finding] | None = None,
) -> Emissions | None:
    """Emissions of one service in one region; None where neither measured nor (with `estimate`) to be estimated.

    What cannot be believed of the samples is added to `findings`.
    """
    survey, reading = reader.survey, reader.read(scope, window, onset)
    if reading is None:
        return None
    past = series_of(survey.past, scope) or Series()
    found = _read(reading, past, survey, window, onset, estimate)
    if found is None:
        return None
    if findings is not None:
        findings += found.samples.findings
    return _weigh(found, reading, past, survey, window) if found.samples.is_usable else None


@dataclass(frozen=True)
class _Source:
    """Samples of emissions, measured or estimated, and g/min of the half hours before."""

    samples: Samples
    past_rate: Floats
    inside: Mask
    before: Mask
    estimate: Estimate | None = None


def _read(
    reading: Reading, past: Series, survey: Survey, window: Window, onset: datetime | None, estimate: Estimate | None
) -> _Source | None:
    fine, values = survey.fine, reading.series.values
    inside, before = fine.mask(window), _before(fine, window, onset)
    unknown = np.full(survey.coarse.count, np.nan)
    grams = values.get("carbon_grams")
    if grams is not None and np.isfinite(grams[inside]).any():
        past_rate = past.values.get("carbon", unknown)
        samples = examine(grams, values["carbon_minutes"], past_rate, inside, before)
        known = np.isfinite(samples.grams)
        return _Source(samples, past_rate / samples.held_share, inside & known, before & known)
    if estimate is None:
        return None
    rate, past_rate = estimate.rate(values, fine.count), estimate.rate(past.values, survey.coarse.count)
    if not np.isfinite(rate[inside]).any():
        return None
    minutes = covered_minutes(_elapsed(rate) * fine.step_seconds / 60)
    samples = Samples(rate * minutes, np.where(np.isfinite(rate), minutes, np.nan))
    known = np.isfinite(rate)
    return _Source(samples, past_rate, inside & known, before & known, estimate)


def _before(fine: Grid, window: Window, onset: datetime | None) -> Mask:
    end = min(onset or window.start, window.start)
    return fine.mask(Window(start=fine.start, end=max(end, fine.start + timedelta(minutes=1))))


def _elapsed(values: Floats) -> Floats:
    """Buckets since the one before that has a value."""
    known = np.flatnonzero(np.isfinite(values))
    minutes = np.full(values.size, np.nan)
    minutes[known[1:]] = np.diff(known)
    return minutes


def _weigh(source: _Source, reading: Reading, past: Series, survey: Survey, window: Window) -> Emissions | None:
    samples, inside, fine = source.samples, source.inside, survey.fine
    if not inside.any():
        return None
    follows = not (retries_explain(reading) or requests_were_lost(reading))
    every = _forecast(source, reading, past, survey, window, follows_demand=True)
    found = every if follows else _forecast(source, reading, past, survey, window, follows_demand=False)
    if found is None:
        return None
    held = float(samples.minutes[inside].sum())
    lead, tail = edges(np.flatnonzero(inside), np.flatnonzero(np.isfinite(samples.grams)), fine, window)
    lost = max(0.0, window.minutes - tail + lead - held) if samples.are_lost else 0.0
    scale = 1 + lost / held
    actual = float(samples.grams[inside].sum()) * scale
    expected = float((found.rate * samples.minutes[inside]).sum()) * scale
    a_minute = max(0.0, actual - expected) / (held * scale)
    return Emissions(
        actual,
        expected,
        found.error * expected,
        before=(lead + lost) * a_minute,
        after=tail * a_minute,
        method="estimated" if source.estimate else "measured",
        factor=source.estimate.factor if source.estimate else Quantity(low=1, likely=1, high=1),
        samples=int(inside.sum()),
        forecast=found,
        follows_demand=follows,
        at_all_requests=float((every.rate * samples.minutes[inside]).sum()) * scale if every else None,
        demand=_demand(reading, source, fine),
    )


def _forecast(
    source: _Source, reading: Reading, past: Series, survey: Survey, window: Window, *, follows_demand: bool
) -> Counterfactual | None:
    fine, coarse = survey.fine, survey.coarse
    demand = _filled(reading.series.values.get("traffic", np.full(fine.count, np.nan)), fine)
    observed = Observed(fine.seconds(), source.samples.rate, demand)
    # What the hours read minute by minute cover is not read twice.
    count = coarse.count - int((fine.end - fine.start) / coarse.step)
    unknown = np.full(coarse.count, np.nan)
    earlier = on_half_hours(
        Observed(
            (coarse.seconds() + (coarse.start - fine.start).total_seconds())[:count],
            source.past_rate[:count],
            past.values.get("traffic", unknown)[:count],
        ),
        coarse.step_seconds,
    )
    asked = observed.of(source.inside)
    return forecast(observed.of(source.before), earlier, asked, window.minutes, follows_demand=follows_demand)


def _demand(reading: Reading, source: _Source, fine: Grid) -> Demand | None:
    traffic, samples = reading.signals.get("traffic"), source.samples
    if traffic is None:
        return None
    came, usual = _filled(traffic.values, fine) * samples.minutes, traffic.expected * samples.minutes
    inside, before = source.inside, source.before
    return Demand(
        came=float(np.nansum(came[inside])),
        usual=float(np.nansum(usual[inside])),
        minutes=float(np.nansum(samples.minutes[inside])),
        grams_before=float(np.nansum(samples.grams[before])),
        requests_before=float(np.nansum(came[before])),
        minutes_before=float(np.nansum(samples.minutes[before])),
    )


def retries_explain(reading: Reading) -> bool:
    """Whether a rise of requests sets in with retries, and with more than the few that chance logs beside a surge."""
    retries, traffic = reading.deviations.get("retries"), reading.deviations.get("traffic")
    if retries is None or traffic is None or not retries_set_in(reading):
        return retries_set_in(reading)
    needed = 1 - 1 / traffic.ratio if traffic.ratio > 1 else 0.0
    return retries.rise >= BY_CHANCE * needed


def requests_were_lost(reading: Reading) -> bool:
    """Whether fewer requests came because something went wrong; a fall without errors or slowness is less demand."""
    return requests_fell(reading) and max(reading.z("errors"), reading.z("latency")) >= TROUBLE_Z


def missing_minutes(reader: Reader, scope: Scope, window: Window) -> float:
    """Minutes of the window that no sample of emissions of the usual length speaks of."""
    series = reader.survey.recent[scope].values
    if "carbon_minutes" not in series or not np.isfinite(series["carbon_grams"]).any():
        return 0.0
    fine, known = reader.survey.fine, np.isfinite(series["carbon_grams"])
    inside = fine.mask(window) & known
    if not inside.any():
        return window.minutes
    return pauses(series["carbon_minutes"], inside, *edges(np.flatnonzero(inside), np.flatnonzero(known), fine, window))


def _filled(values: Floats, fine: Grid) -> Floats:
    known = np.isfinite(values)
    if not known.any():
        return values
    places = np.arange(fine.count)
    return np.interp(places, places[known], values[known])
