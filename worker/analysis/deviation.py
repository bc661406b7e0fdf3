"""Does a signal deviate, by how much, and since when.

A window's mean is compared with the means of all windows of the same length in the baseline, so that
autocorrelation needs no model (a block comparison, after Künsch 1989). The onset is a change point found by PELT
(Killick et al. 2012) on the standardised residuals.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

import numpy as np
import ruptures
from numpy.typing import NDArray
from scipy import stats

from worker.analysis.baseline import Mask, spread
from worker.domain.telemetry import Floats, Grid, Metric

# Residuals beyond this many deviations say no more than that they are far.
CLIP_SIGMA = 12.0
HIGH_SIGMA = 3.0
# BIC-like penalty a change point must earn, per log(n), in squared standard deviations.
PENALTY = 4.0
MIN_POINTS = 8
FEWEST_HITS = 3
# Where only some requests are slow, most of the spread within a window is the effect itself and not noise.
SPREAD_IS_EFFECT = 2.0
# The onset of a sparse signal is sought in groups of so many counted things, no wider than so many buckets.
FULL_BIN = 5.0
WIDEST_BIN = 8
# No share of errors is believed to be usually smaller than this.
LEAST_SHARE = 0.01

Places = NDArray[np.intp]
Amount = float | Floats
Z_LIMIT = 99.0


@dataclass(frozen=True)
class Signal:
    """A series with its expectation. `weights` are sample sizes: the mean of a window is weighted by them.

    `floor` is the least standard deviation of one window's mean that is believed, in the signal's unit. With
    `is_share`, values are shares of `weights` counted things, and a deviation must also be beyond what counting so
    few of them brings about. With `squares` (sums of squares of what the values are means of) it must also be beyond
    what the spread among so few brings about: one slow request is not a slow service.
    """

    name: str
    values: Floats
    expected: Floats
    weights: Floats
    floor: float
    is_share: bool = False
    squares: Floats | None = None

    @property
    def is_counted(self) -> bool:
        """Weights are numbers of things, not just presence."""
        return bool((self.weights != 1).any())


@dataclass(frozen=True)
class Deviation:
    """`z` in robust standard deviations of a window's mean; `weight` is the window's total of sample sizes.

    `metric` is what the profile says of the signal, where it tells signals by their role. `since` finds the onset.
    """

    signal: str
    z: float
    actual: float
    expected: float
    weight: float
    since: Callable[[], datetime | None] = field(default=lambda: None, compare=False)
    metric: Metric | None = None

    @cached_property
    def onset(self) -> datetime | None:
        """Sought when it is first asked for: it takes longer than all the rest, and of most signals nobody asks."""
        return self.since()

    @property
    def ratio(self) -> float:
        """Actual to expected; infinite if nothing was expected."""
        if self.expected > 0:
            return self.actual / self.expected
        return float("inf") if self.actual > 0 else 1.0

    @property
    def rise(self) -> float:
        return self.actual - self.expected


def deviation(signal: Signal, window: Mask, before: Mask) -> Deviation | None:
    """The window's mean against the baseline's windows; None when either holds no sample."""
    known = np.isfinite(signal.values) & np.isfinite(signal.expected) & (signal.weights > 0)
    inside, outside = np.flatnonzero(known & window), np.flatnonzero(known & before)
    if not inside.size or outside.size < MIN_POINTS:
        return None
    weights = signal.weights[inside]
    weight = float(weights.sum())
    actual, expected = (float((one[inside] * weights).sum()) / weight for one in (signal.values, signal.expected))
    residual = signal.values[outside] - signal.expected[outside]
    means = _window_means(residual, signal.weights[outside], inside.size)
    usual, noise = spread(means)
    noise = max(noise, signal.floor)
    if noise <= 0:
        noise = max(abs(expected) * 0.01, 1e-9)
    z = (actual - expected - usual) / noise
    if signal.is_share:
        z = min(z, _counting_z(actual, weight, expected, float(signal.weights[outside].sum())))
    if signal.squares is not None:
        z = min(z, _sampling_z(actual - expected, actual, weight, float(signal.squares[inside].sum())))
    return Deviation(signal.name, min(max(z, -Z_LIMIT), Z_LIMIT), actual, expected, weight)


def _counting_z(actual: float, weight: float, usual: float, known: float) -> float:
    """How surprising so many hits are among `weight` things, as a normal deviate (binomial tail).

    A usual share that was never seen to be above 0 is taken for half a hit in all that is known.
    """
    hits = round(actual * weight)
    if hits < FEWEST_HITS:
        return 0.0
    tail = stats.binom.sf(hits - 1, max(hits, round(weight)), min(max(usual, 0.5 / max(known, 1.0)), 0.99))
    return float(stats.norm.isf(tail)) if tail > 0 else Z_LIMIT


def _sampling_z(rise: float, mean: float, count: float, squares: float) -> float:
    """The rise of a mean of `count` things in standard errors; 0 for too few of them."""
    if count < FEWEST_HITS:
        return 0.0
    error = float(_standard_error(mean, count, squares))
    return rise / error if error > 0 else Z_LIMIT * float(np.sign(rise))


def _standard_error(mean: Amount, count: Amount, squares: Amount) -> Amount:
    variance = np.maximum(squares / count - mean**2, 0.0) * count / np.maximum(count - 1, 1)
    error: Amount = np.sqrt(variance / count) / SPREAD_IS_EFFECT
    return error


def _window_means(residual: Floats, weights: Floats, length: int) -> Floats:
    """Weighted means of all windows of `length` samples; of shorter ones if the baseline is short."""
    length = max(1, min(length, residual.size // 3))
    kernel = np.ones(length)
    totals: Floats = np.convolve(residual * weights, kernel, "valid")
    return totals / np.convolve(weights, kernel, "valid")


def onset(signal: Signal, window: Mask, before: Mask, grid: Grid) -> datetime | None:
    """Start of the run of raised segments that reaches into the window; None if the window is not raised."""
    bins = _bins(signal)
    if bins.count < MIN_POINTS:
        return None
    standard = _standardised(signal, bins, before)
    segments = _segments(standard)
    raised = [float(np.mean(standard[a:b])) >= HIGH_SIGMA for a, b in segments]
    enough = [high and _holds_enough(signal, bins.of(a, b)) for high, (a, b) in zip(raised, segments, strict=True)]
    inside = np.flatnonzero(bins.sums(window.astype(float)))
    first_inside = inside[0] if inside.size else bins.count
    last = max((k for k, (_, end) in enumerate(segments) if raised[k] and end > first_inside), default=None)
    if last is None:
        return None
    first = last
    while first > 0 and (raised[first - 1] or _is_dip(segments, enough, first)):
        first -= 1
    return grid.time(_first_raised(signal, bins, segments[first][0]))


@dataclass(frozen=True)
class Bins:
    """Places of samples, ascending, in groups that begin at `edges[:-1]` of them and end at `edges[1:]`."""

    places: Places
    edges: Places

    @property
    def count(self) -> int:
        return self.edges.size - 1

    def of(self, first: int, end: int) -> Places:
        """The places of the bins from `first` up to `end`."""
        return self.places[self.edges[first] : self.edges[min(end, self.count)]]

    def sums(self, values: Floats) -> Floats:
        """The sum of each bin, those of one size at once."""
        sizes, sums = np.diff(self.edges), np.empty(self.count)
        for size in np.unique(sizes):
            of_size = np.flatnonzero(sizes == size)
            sums[of_size] = values[self.places[self.edges[of_size][:, None] + np.arange(size)]].sum(axis=1)
        return sums


def _bins(signal: Signal) -> Bins:
    """Grouped so that a usual bin holds FULL_BIN counted things, and else each by itself; the last bin is whole."""
    known = np.flatnonzero(np.isfinite(signal.values) & np.isfinite(signal.expected) & (signal.weights > 0))
    span = 1
    if signal.is_counted and known.size:
        span = int(np.clip(np.ceil(FULL_BIN * signal.values.size / signal.weights[known].sum()), 1, WIDEST_BIN))
    order = (signal.values.size - 1 - known) // span
    inner = np.flatnonzero(np.diff(order)) + 1
    return Bins(known, np.array([0, *inner, known.size] if known.size else [0]))


def _first_raised(signal: Signal, bins: Bins, number: int) -> int:
    """The bucket at which the bins around a raised one part best into before and after (least squares)."""
    around = bins.of(max(0, number - 2), number + 3)
    residual, weights = (signal.values - signal.expected)[around], signal.weights[around]
    before, after = np.cumsum(weights)[:-1], np.cumsum(weights[::-1])[::-1][1:]
    sums = np.cumsum(residual * weights)
    rise = (sums[-1] - sums[:-1]) / after - sums[:-1] / before
    gain = np.where(rise > 0, rise**2 * before * after, 0.0)
    return int(around[1 + int(np.argmax(gain))]) if gain.any() else int(bins.of(number, number + 1)[0])


def _holds_enough(signal: Signal, places: Places) -> bool:
    """Whether a raised segment is more than chance by itself: one odd line among few is not the onset of others."""
    if not signal.is_share:
        return True
    return float((signal.values[places] * signal.weights[places]).sum()) > FEWEST_HITS - 0.5


def _is_dip(segments: list[tuple[int, int]], raised: list[bool], first: int) -> bool:
    """A short quiet segment between two raised ones belongs to them."""
    start, end = segments[first - 1]
    return first > 1 and raised[first - 2] and end - start <= 3


def _standardised(signal: Signal, bins: Bins, before: Mask) -> Floats:
    """Residual of each bin in robust standard deviations of the bins before."""
    weight = bins.sums(signal.weights)
    residual = bins.sums((signal.values - signal.expected) * signal.weights) / weight
    reference = residual[bins.sums((~before).astype(float)) == 0]
    usual_residual, noise = spread(reference)
    sigma = np.full(residual.size, max(noise, signal.floor, 1e-12))
    if signal.is_share:
        usual = bins.sums(signal.expected * signal.weights) / weight
        share = np.clip(usual, LEAST_SHARE, 0.5)
        sigma = np.maximum(sigma, np.sqrt(share * (1 - share) / weight))
    if signal.squares is not None:
        means = bins.sums(signal.values * signal.weights) / weight
        sigma = np.maximum(sigma, _standard_error(means, weight, bins.sums(signal.squares)))
    standard: Floats = np.clip((residual - usual_residual) / sigma, -CLIP_SIGMA, CLIP_SIGMA)
    return standard


def _segments(standard: Floats) -> list[tuple[int, int]]:
    model = ruptures.KernelCPD(kernel="linear", min_size=2).fit(standard.reshape(-1, 1))
    ends = model.predict(pen=PENALTY * np.log(standard.size))
    return list(zip([0, *ends[:-1]], ends, strict=True))
