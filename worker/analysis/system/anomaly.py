"""How much one metric of one service deviates in the alert's window, and how much that says.

Robust throughout: medians, the median absolute deviation, and tail quantiles in place of a standard deviation
(Rousseeuw and Croux 1993), so that a metric which is often bursty must burst further than ever to be news. A metric
that had its value already in the sample before the window says half as much: it belongs to another story.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import log2

import numpy as np

from worker.analysis.baseline import MAD_TO_SIGMA, Mask
from worker.domain.telemetry import Floats, Metric, Role

FEWEST_BEFORE = 8
# From so many samples on a window is told by its median, which one odd sample does not move.
ENOUGH_WITHIN = 3
# Normal deviates of the 95th and 99th percentile.
Z95, Z99 = 1.645, 2.326
# No deviation below so many sigma says anything; each doubling beyond says one more bit, up to MOST_BITS.
SILENT_SIGMA = 3.0
MOST_BITS = 5.0
# A rise of so many doublings counts in full.
FULL_DOUBLINGS = 3.0
EARLIER = 0.5
# A window within this share of what earlier days reached around this hour is their peak, not a spike.
PEAK_SHARE = 1.02
FEWEST_DAYS = 3

# What a deviation of such a metric says of a fault: users feel the first ones; levels and flows shift by themselves.
WEIGHTS: Mapping[Role, float] = {
    "latency": 1.0,
    "errors": 1.0,
    "availability": 1.0,
    "saturation": 0.8,
    "carbon": 0.5,
    "memory": 0.4,
    "traffic": 0.3,
    "other": 0.3,
    "waiting": 0.0,
}
# A deviation smaller than this share of the usual value is no news, however steady the metric.
FLOORS: Mapping[Role, float] = {"traffic": 0.08, "availability": 0.0001}
USUAL_FLOOR = 0.05
LEAST_FLOOR: Mapping[Role, float] = {"latency": 0.0005, "errors": 0.001, "availability": 0.0001}
SHARES = ("errors", "availability")


@dataclass(frozen=True)
class Anomaly:
    """`z` in robust standard deviations, positive where it hurts; `strength` is what it says, in weighted bits.

    `onset` is the place in the grid of the first sample that deviates by half of what the window does; `scale` the
    robust standard deviation, in the metric's unit.
    """

    metric: Metric
    actual: float
    usual: float
    z: float
    strength: float
    onset: int
    scale: float

    @property
    def rise(self) -> float:
        return self.actual - self.usual

    @property
    def ratio(self) -> float:
        return self.actual / self.usual if self.usual > 0 else float("inf")


def anomaly(values: Floats, before: Mask, within: Mask, metric: Metric) -> Anomaly | None:
    """None with too few samples before the window, or none within it."""
    known = np.isfinite(values)
    reference, inside = values[known & before], values[known & within]
    if reference.size < FEWEST_BEFORE or not inside.size:
        return None
    actual = float(np.median(inside) if inside.size >= ENOUGH_WITHIN else np.mean(inside))
    usual = float(np.median(reference))
    distance = actual - usual
    scale = _scale(reference, usual, metric, rises=distance > 0)
    z = _towards_worse(distance / scale, metric)
    early = float(np.clip((reference[-1] - usual) / distance, 0.0, 1.0)) if distance else 0.0
    strength = _strength(z, actual, usual, metric) * (1 - EARLIER * early)
    return Anomaly(metric, actual, usual, z, strength, _onset(values, known & within, usual, distance), scale)


def _towards_worse(z: float, metric: Metric) -> float:
    if metric.worse == "both":
        return abs(z)
    return z if metric.worse == "up" else -z


def _scale(reference: Floats, usual: float, metric: Metric, *, rises: bool) -> float:
    """A standard deviation that heavy tails do not fool: the widest of the body's and the tail's."""
    low, least, most, high = (float(value) for value in np.percentile(reference, [1, 5, 95, 99]))
    tail = (most - usual, high - usual) if rises else (usual - least, usual - low)
    spread = MAD_TO_SIGMA * float(np.median(np.abs(reference - usual)))
    floor = max(FLOORS.get(metric.role, USUAL_FLOOR) * abs(usual), LEAST_FLOOR.get(metric.role, 1e-9))
    return max(spread, tail[0] / Z95, tail[1] / Z99, floor)


def _strength(z: float, actual: float, usual: float, metric: Metric) -> float:
    if z <= SILENT_SIGMA:
        return 0.0
    bits = min(log2(1 + (z - SILENT_SIGMA) / 2), MOST_BITS)
    return WEIGHTS[metric.role] * bits * _size(actual, usual, metric)


def _size(actual: float, usual: float, metric: Metric) -> float:
    """0–1 by how many times the usual it is; of a share of failures any certain rise counts in full."""
    if metric.role in SHARES or min(actual, usual) <= 0:
        return 1.0
    return min(abs(log2(actual / usual)), FULL_DOUBLINGS) / FULL_DOUBLINGS


def _onset(values: Floats, inside: Mask, usual: float, distance: float) -> int:
    places = np.flatnonzero(inside)
    deviates = (values[places] - usual) * np.sign(distance) > abs(distance) / 2
    return int(places[int(np.argmax(deviates))])


def is_earlier_peak(values: Floats, within: Mask, earlier: Floats) -> bool | None:
    """Whether the window's highest sample was reached on an earlier day around this hour.

    `earlier`: the highest sample of each earlier day around this hour. None with too few days, or no sample.
    """
    inside = values[within & np.isfinite(values)]
    known = earlier[np.isfinite(earlier)]
    if not inside.size or known.size < FEWEST_DAYS:
        return None
    peak = float(known.max())
    return float(inside.max()) <= peak * PEAK_SHARE if peak > 0 else float(inside.max()) <= peak
