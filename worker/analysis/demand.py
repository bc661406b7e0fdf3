"""What demand takes: a robust line through requests and g/min, and how well its slope is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from worker.analysis.baseline import MAD_TO_SIGMA, mad_sigma, middle
from worker.analysis.half_hours import (
    HALF_HOUR,
    Observed,
    averaged,
    by_day,
    curve,
    days_known,
    has_past,
    logs,
    mean,
    medians,
)
from worker.domain.telemetry import Floats

# Standard deviations of a 90 % interval of the normal distribution, and the share that lies within.
NINETY_PERCENT = 1.645
# Without earlier days a block is so long, so that a few hours hold enough of them.
SHORT_BLOCK = 600
FEWEST_DAYS = 2
FEWEST_BLOCKS = 4
# Prior of the share of CO₂ that follows demand, where demand hardly varied: most of it, and nobody knows.
USUAL_ELASTICITY, ELASTICITY_SIGMA = 0.9, 0.55
# What runs with demand may be larger than what is left over beside it: by so much, to be believed.
UNSEEN = 1.4
# Demand that varied by less, as a share, did not vary.
LEAST_RANGE = 1e-6
# No slope of a line is believed to be known better, as a share of the CO₂ that follows demand.
LEAST_ELASTICITY_ERROR = 0.03


@dataclass(frozen=True)
class DemandModel:
    """g/min = level · (1 − e + e · demand ÷ usual): a line by its value at the usual demand and its elasticity e."""

    level: float
    usual: float
    elasticity: float
    sigma: float

    def rate(self, demand: Floats) -> Floats:
        return self.level * np.maximum(1 + self.elasticity * (demand / self.usual - 1), 0.02)


def fit_demand(before: Observed, past: Observed) -> DemandModel | None:
    """The line through demand and g/min over half hours; None where demand is hardly ever known."""
    near = averaged(before, HALF_HOUR if has_past(past) else SHORT_BLOCK)
    rate, demand = np.concatenate([past.rate, near.rate]), np.concatenate([past.demand, near.demand])
    emitted = np.isfinite(rate) & (rate > 0)
    known = emitted & np.isfinite(demand) & (demand > 0)
    if known.sum() < FEWEST_BLOCKS or known.sum() < 0.5 * emitted.sum():
        return None
    usual = middle(demand[known])
    level, elasticity, sigma = _robust_line(demand[known] / usual - 1, rate[known])
    sigma = float(np.hypot(sigma, _confounded(DemandModel(level, usual, elasticity, sigma), past)))
    return DemandModel(level, usual, *_with_prior(elasticity, sigma))


def _confounded(model: DemandModel, past: Observed) -> float:
    """What a rhythm of the grid, or of anything else but demand, may have lent to the slope.

    The part of such a rhythm that runs with demand cannot be told from the slope; the part that does not is what the
    line leaves over, and the first is taken for as large, and somewhat more.
    """
    if not has_past(past):
        return 0.0
    left = by_day(logs(past.rate / model.rate(past.demand)))
    if days_known(left) < FEWEST_DAYS:
        return 0.0
    rhythm, demand = curve(left), curve(by_day(logs(past.demand)))
    scatter = mad_sigma((left - medians(left)[:, None] - rhythm).ravel())
    # A median of n has pi/2n of the variance of one, and smoothing over neighbours leaves 3/8 of that.
    by_chance = scatter**2 * np.pi / 2 / days_known(left) * 3 / 8
    unexplained = max(0.0, float(np.var(rhythm)) - by_chance)
    return UNSEEN * float(np.sqrt(unexplained)) / max(float(np.std(demand)), 1e-3)


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
    if level <= 0 or np.ptp(x) < LEAST_RANGE:
        return middle(rate), USUAL_ELASTICITY, 10.0
    share = slope / level
    groups = np.array_split(np.arange(x.size), min(6, x.size // 2))
    lines = [_theil_sen(np.delete(x, group), np.delete(rate, group)) for group in groups]
    shares = np.array([one[1] / max(one[0], 1e-12) for one in lines])
    jackknife = np.sqrt((shares.size - 1) * np.mean((shares - shares.mean()) ** 2))
    scatter = MAD_TO_SIGMA * middle(np.abs(rate / level - 1 - share * x)) / (np.std(x) * np.sqrt(x.size))
    return level, share, float(max(jackknife, scatter))


def _theil_sen(x: Floats, y: Floats) -> tuple[float, float]:
    """(value at 0, slope), medians both. SciPy's also computes an interval, and warns of some data that it cannot."""
    run, rise = x[:, None] - x, y[:, None] - y
    apart = run > LEAST_RANGE
    if not apart.any():
        return middle(y), 0.0
    slope = middle(rise[apart] / run[apart])
    return middle(y - slope * x), slope


Base = Callable[[Observed], Floats]


def base_of(model: DemandModel | None) -> Base:
    return lambda observed: model.rate(observed.demand) if model else np.ones(observed.seconds.size)


def elasticity_error(model: DemandModel, before: Observed, asked: Observed) -> float:
    """What not knowing the elasticity does to a forecast at another demand than that of the hours before."""
    known, wanted = mean(before.demand), mean(asked.demand)
    if not np.isfinite(known) or not np.isfinite(wanted):
        return 0.0
    rises = [demand / model.usual - 1 for demand in (known, wanted)]
    near, far = (rise / max(1 + model.elasticity * rise, 0.1) for rise in rises)
    return NINETY_PERCENT * model.sigma * abs(far - near)
