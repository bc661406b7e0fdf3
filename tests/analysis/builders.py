"""Series, surveys and simulated scopes whose truth is known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from worker.analysis.baseline import Mask
from worker.analysis.deviation import Deviation
from worker.analysis.signals import Reader, Reading
from worker.domain.telemetry import Change, ErrorType, Floats, Grid, Scope, Series, Survey
from worker.domain.window import Window

AS_OF = datetime(2026, 2, 26, 14, 0, tzinfo=UTC)
FINE_MINUTES = 240
COARSE_MINUTES = 30
DAYS = 7
FINE = Grid(AS_OF - timedelta(minutes=FINE_MINUTES), 60, FINE_MINUTES)
COARSE = Grid(AS_OF - timedelta(days=DAYS), COARSE_MINUTES * 60, DAYS * 1440 // COARSE_MINUTES)
CHECKOUT = Scope("checkout", "us-central1")


def last_minutes(minutes: float) -> Window:
    return Window.before(AS_OF, timedelta(minutes=minutes))


def inside_and_before(minutes: int, count: int = FINE_MINUTES) -> tuple[Mask, Mask]:
    """The last `minutes` of `count` buckets, and all before them."""
    inside = np.arange(count) >= count - minutes
    return inside, ~inside


def autocorrelated(rng: np.random.Generator, count: int, phi: float, sigma: float) -> Floats:
    """AR(1) noise with standard deviation `sigma`."""
    steps = rng.normal(0, sigma * np.sqrt(1 - phi**2), count)
    steps[0] = rng.normal(0, sigma)
    noise: Floats = lfilter([1.0], [1.0, -phi], steps)
    return noise


def a_survey(recent: dict[Scope, Series], past: dict[Scope, Series] | None = None, **fields: Any) -> Survey:
    everything: dict[str, Any] = {
        "as_of": AS_OF,
        "fine": FINE,
        "coarse": COARSE,
        "recent": recent,
        "past": past or {},
        "changes": [],
        "history": [],
        "providers": {},
        "cross_check": {},
        "asked": {},
        "unread": {},
    }
    return Survey(**everything | fields)


def log_series(
    lines: Floats, errors: Floats | float = 0.0, retries: Floats | float = 0.0, latency_ms: Floats | float = 80.0
) -> dict[str, Floats]:
    """Lines, errors and retries a minute; every line has a latency near `latency_ms`."""
    latency = np.broadcast_to(np.asarray(latency_ms, dtype=float), lines.shape)
    return {
        "lines": lines,
        "errors": np.broadcast_to(np.asarray(errors, dtype=float), lines.shape).copy(),
        "retries": np.broadcast_to(np.asarray(retries, dtype=float), lines.shape).copy(),
        "latency_count": lines.copy(),
        "latency_sum_ms": lines * latency,
        "latency_squares": lines * (latency**2) * 1.09,
    }


def metric_series(carbon: Floats, traffic: Floats) -> dict[str, Floats]:
    """Sampled once a minute: rate and mass are the same numbers."""
    return {
        "carbon": carbon,
        "carbon_grams": carbon.copy(),
        "carbon_minutes": np.ones(carbon.size),
        "traffic": traffic,
    }


def a_deviation(
    signal: str, z: float, actual: float, expected: float, weight: float = 1.0, onset: datetime | None = None
) -> Deviation:
    return Deviation(signal, z, actual, expected, weight, since=lambda: onset)


def a_reading(scope: Scope, *deviations: Deviation) -> Reading:
    """A scope of which only the deviations matter."""
    return Reading(scope, Series(), {}, {one.signal: one for one in deviations})


def an_error(name: str, in_window: int, in_baseline: int = 0, *messages: str) -> ErrorType:
    return ErrorType(name, in_window, in_baseline, messages)


def a_change(minutes_before: float, service: str | None = "checkout", **fields: Any) -> Change:
    """A change so many minutes before AS_OF."""
    everything: dict[str, Any] = {
        "at": AS_OF - timedelta(minutes=minutes_before),
        "service": service,
        "region": "us-central1",
        "deployment_id": "deploy-2",
        "version": "2.0",
        "status": "success",
    }
    return Change(**everything | fields)


@dataclass(frozen=True)
class Simulated:
    """One scope with an incident; `expected_grams` is what it would have emitted in `window` without it."""

    survey: Survey
    window: Window
    onset: datetime
    actual_grams: float
    expected_grams: float

    @property
    def reader(self) -> Reader:
        return Reader(self.survey)


@dataclass(frozen=True)
class Plan:
    """How a scope is simulated. `work` multiplies what a request takes, `surge` the demand, since the onset."""

    seed: int
    minutes: int = 15
    work: float = 1.0
    surge: float = 1.0
    retry_share: float = 0.0
    idle: float = 1.5
    per_request: float = 0.004
    requests: float = 600.0
    demand_noise: float = 0.03
    carbon_noise: float = 0.02
    missing: float = 0.0
    is_logged: bool = True


def simulate(plan: Plan) -> Simulated:
    """A week of minutes with a daily rhythm, and an incident in the last of them."""
    rng = np.random.default_rng(plan.seed)
    count = DAYS * 1440
    inside = np.arange(count) >= count - plan.minutes
    demand = plan.requests * _daily(count) * (1 + autocorrelated(rng, count, 0.6, plan.demand_noise))
    demand = np.where(inside, demand * plan.surge, demand)
    retried = np.where(inside, demand * plan.retry_share, 0.0)
    noise = 1 + rng.normal(0, plan.carbon_noise, count)
    without = (plan.idle + plan.per_request * demand) * noise
    carbon = (plan.idle + plan.per_request * (demand + retried)) * noise * np.where(inside, plan.work, 1.0)
    series = metric_series(carbon, demand + retried)
    if plan.is_logged:
        errors = rng.binomial(12, 0.004, count).astype(float)
        series |= log_series(np.full(count, 12.0), errors, _retry_lines(rng, plan, inside))
    fine = {name: values[-FINE_MINUTES:].copy() for name, values in series.items()}
    _drop_samples(rng, fine, plan.missing)
    coarse = {name: _coarse(name, values) for name, values in series.items()}
    window = last_minutes(plan.minutes)
    survey = a_survey({CHECKOUT: Series(fine)}, {CHECKOUT: Series(coarse)})
    return Simulated(survey, window, window.start, float(carbon[inside].sum()), float(without[inside].sum()))


def _daily(count: int) -> Floats:
    minutes = np.arange(count)
    rhythm: Floats = 1 - 0.35 * np.cos(2 * np.pi * (minutes / 1440 + AS_OF.hour / 24 - 3 / 24))
    return rhythm


def _retry_lines(rng: np.random.Generator, plan: Plan, inside: NDArray[np.bool_]) -> Floats:
    share = plan.retry_share / (1 + plan.retry_share)
    return rng.binomial(12, np.where(inside, share, 0.002)).astype(float)


def _drop_samples(rng: np.random.Generator, fine: dict[str, Floats], missing: float) -> None:
    """Leaves samples out; the mass of a missing one is in the next, as its sender adds it up."""
    kept = rng.random(FINE_MINUTES) >= missing
    kept[-1] = True
    groups = np.concatenate([[0], np.cumsum(kept)[:-1]])
    grams = np.bincount(groups, fine["carbon_grams"])
    minutes = np.bincount(groups, np.ones(FINE_MINUTES))
    for name in ("carbon", "traffic", "carbon_grams", "carbon_minutes"):
        fine[name][~kept] = np.nan
    fine["carbon_grams"][kept], fine["carbon_minutes"][kept] = grams, minutes
    fine["carbon"][kept] = grams / minutes


def _coarse(name: str, values: Floats) -> Floats:
    table = values.reshape(-1, COARSE_MINUTES)
    counted = name in log_series(np.zeros(1))
    whole: Floats = table.sum(axis=1) if counted else table.mean(axis=1)
    return whole
