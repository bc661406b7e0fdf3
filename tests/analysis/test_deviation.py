"""Quiet noise stays quiet, real rises are found, and few things prove little.

Simulations are seeded: a test fails for a change of the code, never for bad luck.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.analysis.builders import FINE, FINE_MINUTES, autocorrelated, inside_and_before
from worker.analysis.baseline import Mask, from_the_past
from worker.analysis.deviation import Deviation, Signal, deviation, onset
from worker.domain.telemetry import Floats

RUNS = 300
ALERTING_Z = 4.0
# What the signals of a scope believe in at the least: two percent of their level.
FLOOR_SHARE = 0.02
LEVEL = 100.0
SIGMA = 3.0
USUAL_SHARE = 0.004

Noise = Callable[[np.random.Generator, int], Floats]


def plain(values: Floats, before: Mask, floor: float = FLOOR_SHARE * LEVEL) -> Signal:
    """A sampled level with the expectation of the hours before."""
    expected = from_the_past(values, before, np.empty((0, values.size))).likely
    return Signal("carbon", values, expected, np.ones(values.size), floor)


def share(hits: Floats, things: Floats, before: Mask) -> Signal:
    with np.errstate(divide="ignore", invalid="ignore"):
        values = np.where(things > 0, hits / things, np.nan)
    usual = hits[before].sum() / max(things[before].sum(), 1.0)
    return Signal("errors", values, np.full(values.size, usual), things, 0.002, is_share=True)


def mean_of(each: list[Floats], expected: float) -> Signal:
    """The mean of the single values that every bucket holds."""
    counts = np.array([float(one.size) for one in each])
    values = np.array([one.mean() if one.size else np.nan for one in each])
    squares = np.array([float((one**2).sum()) for one in each])
    return Signal("latency", values, np.full(len(each), expected), counts, 0.03 * expected, squares=squares)


def z_of(signal: Signal, inside: Mask, before: Mask) -> float:
    found = deviation(signal, inside, before)
    return found.z if found else 0.0


def share_above(zs: list[float], limit: float = ALERTING_Z) -> float:
    return float(np.mean(np.abs(zs) > limit))


# --- quiet


@pytest.mark.parametrize(
    ("noise", "minutes"),
    [
        pytest.param(lambda rng, count: rng.normal(0, SIGMA, count), 10, id="white"),
        pytest.param(lambda rng, count: autocorrelated(rng, count, 0.8, SIGMA), 10, id="autocorrelated"),
        pytest.param(lambda rng, count: autocorrelated(rng, count, 0.95, SIGMA), 10, id="strongly autocorrelated"),
        pytest.param(lambda rng, count: autocorrelated(rng, count, 0.8, SIGMA), 30, id="autocorrelated, long window"),
        pytest.param(lambda rng, count: SIGMA * rng.standard_t(3, count), 10, id="heavy-tailed"),
    ],
)
def test_quiet_noise_rarely_exceeds_the_limit(noise: Noise, minutes: int) -> None:
    inside, before = inside_and_before(minutes)
    zs = []
    for seed in range(RUNS):
        values = LEVEL + noise(np.random.default_rng(seed), FINE_MINUTES)
        zs.append(z_of(plain(values, before), inside, before))
    assert share_above(zs) <= 0.02


@pytest.mark.parametrize("sampled", [0.5, 0.1])
def test_a_sparsely_sampled_quiet_signal_rarely_exceeds_the_limit(sampled: float) -> None:
    inside, before = inside_and_before(10)
    zs = []
    for seed in range(RUNS):
        rng = np.random.default_rng(seed)
        values = LEVEL + rng.normal(0, SIGMA, FINE_MINUTES)
        values[rng.random(FINE_MINUTES) >= sampled] = np.nan
        zs.append(z_of(plain(values, before), inside, before))
    assert share_above(zs) <= 0.02


def test_a_constant_does_not_deviate() -> None:
    inside, before = inside_and_before(10)
    values = np.full(FINE_MINUTES, LEVEL)
    assert z_of(plain(values, before), inside, before) == 0
    assert z_of(plain(values, before, floor=0.0), inside, before) == 0


def test_less_than_the_least_believed_is_no_deviation() -> None:
    """One percent above a perfectly constant past."""
    inside, before = inside_and_before(10)
    values = np.where(inside, 1.01 * LEVEL, LEVEL)
    assert z_of(plain(values, before), inside, before) <= 1


@pytest.mark.parametrize("lines", [0.3, 1, 4, 40])
@pytest.mark.parametrize("usual", [0.0, USUAL_SHARE, 0.05])
def test_the_usual_share_of_errors_rarely_exceeds_the_limit(lines: float, usual: float) -> None:
    inside, before = inside_and_before(10)
    zs = []
    for seed in range(RUNS):
        rng = np.random.default_rng(seed)
        things = rng.poisson(lines, FINE_MINUTES).astype(float)
        hits = rng.binomial(things.astype(int), usual).astype(float)
        zs.append(z_of(share(hits, things, before), inside, before))
    assert float(np.mean(np.array(zs) > ALERTING_Z)) <= 0.01


# --- nothing to say


def test_a_window_without_a_sample_says_nothing() -> None:
    inside, before = inside_and_before(10)
    values = np.full(FINE_MINUTES, LEVEL)
    values[inside] = np.nan
    assert deviation(plain(values, before), inside, before) is None
    assert onset(plain(values, before), inside, before, FINE) is None


def test_too_short_a_past_says_nothing() -> None:
    inside, before = inside_and_before(10)
    values = np.full(FINE_MINUTES, np.nan)
    values[inside], values[:7] = 5 * LEVEL, LEVEL
    assert deviation(plain(values, before), inside, before) is None


def test_a_missing_sample_is_not_zero() -> None:
    inside, before = inside_and_before(10)
    values = np.full(FINE_MINUTES, LEVEL)
    values[::2] = np.nan
    found = deviation(plain(values, before), inside, before)
    assert found is not None
    assert (found.actual, found.expected, found.z) == (LEVEL, LEVEL, 0.0)


# --- real rises


@pytest.mark.parametrize("length", [6, 15, 40])
@pytest.mark.parametrize("phi", [0.0, 0.7])
@pytest.mark.parametrize("sampled", [1.0, 0.5])
def test_a_real_step_is_found_where_it_set_in(length: int, phi: float, sampled: float) -> None:
    inside, _ = inside_and_before(5)
    before = np.arange(FINE_MINUTES) < 144
    off = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        values = LEVEL + autocorrelated(rng, FINE_MINUTES, phi, SIGMA)
        values[-length:] += 30
        values[rng.random(FINE_MINUTES) >= sampled] = np.nan
        values[-1] = LEVEL + 30
        first = FINE_MINUTES - length + int(np.argmax(np.isfinite(values[-length:])))
        signal = plain(values, before)
        assert z_of(signal, inside, before) > ALERTING_Z
        found = onset(signal, inside, before, FINE)
        off.append(abs(FINE.index(found) - first) if found else FINE_MINUTES)
    assert np.mean(np.array(off) <= 2) >= 0.95


def test_a_fall_is_no_onset_of_a_rise() -> None:
    inside, before = inside_and_before(10)
    rng = np.random.default_rng(1)
    values = LEVEL + rng.normal(0, SIGMA, FINE_MINUTES) - np.where(inside, 40, 0)
    assert z_of(plain(values, before), inside, before) < -ALERTING_Z
    assert onset(plain(values, before), inside, before, FINE) is None


def test_a_spike_that_ended_before_the_window_is_not_its_onset() -> None:
    inside, _ = inside_and_before(5)
    before = np.arange(FINE_MINUTES) < 144
    values = LEVEL + np.random.default_rng(2).normal(0, SIGMA, FINE_MINUTES)
    values[160:180] += 50
    assert onset(plain(values, before), inside, before, FINE) is None


def test_a_short_quiet_moment_does_not_end_a_rise() -> None:
    inside, _ = inside_and_before(5)
    before = np.arange(FINE_MINUTES) < 144
    values = LEVEL + np.random.default_rng(2).normal(0, SIGMA, FINE_MINUTES)
    values[200:] += 50
    values[218:220] -= 50
    found = onset(plain(values, before), inside, before, FINE)
    assert found is not None
    assert abs(FINE.index(found) - 200) <= 2


@given(st.floats(1e-3, 1e3), st.floats(-1e4, 1e4), st.integers(0, 50))
@settings(max_examples=60, deadline=None)
def test_neither_unit_nor_level_matters(unit: float, level: float, seed: int) -> None:
    """The same series in other units, moved up or down, deviates as much."""
    inside, before = inside_and_before(10)
    noise = np.random.default_rng(seed).normal(0, 1, FINE_MINUTES) + np.where(inside, 3.0, 0.0)
    nothing, weights = np.zeros(FINE_MINUTES), np.ones(FINE_MINUTES)
    one = Signal("carbon", noise, nothing, weights, 0.1)
    other = Signal("carbon", unit * (noise + level), nothing + unit * level, weights, 0.1 * unit)
    assert z_of(other, inside, before) == pytest.approx(z_of(one, inside, before), rel=1e-3, abs=1e-3)


# --- errors


@pytest.mark.parametrize(
    ("lines", "rate", "to_the_minute"), [(4, 0.3, 0.75), (4, 0.7, 0.95), (40, 0.1, 0.9), (40, 0.5, 1.0)]
)
def test_many_errors_are_a_failure(lines: int, rate: float, to_the_minute: float) -> None:
    """Found nearly always; its onset within two minutes of the first error as often as so many lines allow."""
    inside, _ = inside_and_before(10)
    before = np.arange(FINE_MINUTES) < 144
    found, off = [], []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        rates = np.where(np.arange(FINE_MINUTES) >= FINE_MINUTES - 15, rate, USUAL_SHARE)
        hits = rng.binomial(lines, rates).astype(float)
        signal = share(hits, np.full(FINE_MINUTES, float(lines)), before)
        found.append(z_of(signal, inside, before) > ALERTING_Z)
        since = onset(signal, inside, before, FINE)
        off.append(abs(FINE.index(since) - FINE_MINUTES + 15 - int(np.argmax(hits[-15:] > 0))) if since else 99)
    assert np.mean(found) >= 0.95
    assert np.mean(np.array(off) <= 2) >= to_the_minute


@pytest.mark.parametrize("hits", [1, 2])
@pytest.mark.parametrize("lines", [1.0, 4.0])
def test_one_or_two_errors_are_not_a_failure(hits: int, lines: float) -> None:
    inside, before = inside_and_before(10)
    errors = np.zeros(FINE_MINUTES)
    errors[-hits:] = 1
    assert z_of(share(errors, np.full(FINE_MINUTES, lines), before), inside, before) < ALERTING_Z


def test_errors_are_weighed_by_what_is_usual() -> None:
    """Four among forty: much where one in a thousand fails, nothing where one in twelve does."""
    inside, before = inside_and_before(10)
    things = np.full(FINE_MINUTES, 4.0)
    burst = np.where(np.arange(FINE_MINUTES) >= FINE_MINUTES - 4, 1.0, 0.0)
    usual = np.where(np.arange(FINE_MINUTES) % 3 == 0, 1.0, 0.0)
    assert z_of(share(burst, things, before), inside, before) > ALERTING_Z
    assert z_of(share(np.where(inside, burst, usual), things, before), inside, before) < 2


def test_a_minute_of_few_lines_weighs_little() -> None:
    """One minute of one failing line among minutes of a hundred good ones."""
    inside, before = inside_and_before(10)
    things, errors = np.full(FINE_MINUTES, 100.0), np.zeros(FINE_MINUTES)
    things[-5], errors[-5] = 1.0, 1.0
    found = deviation(share(errors, things, before), inside, before)
    assert found is not None
    assert found.actual == pytest.approx(1 / 901)
    assert found.weight == 901


def test_the_onset_of_sparse_errors_is_known_to_the_minute() -> None:
    """One line a minute, and from one minute on all of them fail."""
    inside, _ = inside_and_before(10)
    before = np.arange(FINE_MINUTES) < 144
    things = np.ones(FINE_MINUTES)
    things[::7] = 2.0
    errors = np.where(np.arange(FINE_MINUTES) >= 223, things, 0.0)
    found = onset(share(errors, things, before), inside, before, FINE)
    assert found is not None
    assert FINE.index(found) == 223


def test_one_odd_line_before_is_not_the_onset_of_what_fails_later() -> None:
    """Its group holds nothing else, so that it is raised, and no more than three quiet groups are between them."""
    inside, _ = inside_and_before(10)
    before = np.arange(FINE_MINUTES) < 144
    things = np.ones(FINE_MINUTES)
    things[200:210] = 0.0
    things[207] = 1.0
    retries = np.zeros(FINE_MINUTES)
    retries[[207, *range(225, FINE_MINUTES)]] = 1.0
    found = onset(share(retries, things, before), inside, before, FINE)
    assert found is not None
    assert FINE.index(found) == 225


# --- latency


def test_one_slow_request_is_not_a_slow_service() -> None:
    inside, before = inside_and_before(10)
    rng = np.random.default_rng(4)
    each = [rng.lognormal(np.log(80), 0.3, 4) for _ in range(FINE_MINUTES)]
    each[-3][0] = 30_000.0
    signal = mean_of(each, 84.0)
    assert z_of(signal, inside, before) < ALERTING_Z
    assert z_of(replace(signal, squares=None), inside, before) > ALERTING_Z, "the squares make the difference"


@pytest.mark.parametrize("factor", [1.6, 3.0])
def test_a_slow_service_is_one(factor: float) -> None:
    inside, before = inside_and_before(10)
    rng = np.random.default_rng(5)
    each = [rng.lognormal(np.log(80), 0.3, 6) * (factor if inside[place] else 1.0) for place in range(FINE_MINUTES)]
    assert z_of(mean_of(each, 84.0), inside, before) > ALERTING_Z


def test_a_service_that_is_slow_for_a_third_of_its_requests_is_slow() -> None:
    inside, before = inside_and_before(10)
    rng = np.random.default_rng(6)
    each = [rng.lognormal(np.log(80), 0.3, 12) for _ in range(FINE_MINUTES)]
    for place in np.flatnonzero(inside):
        each[place][::3] = 5_000.0
    assert z_of(mean_of(each, 84.0), inside, before) > ALERTING_Z


def test_two_slow_requests_are_too_few_to_judge() -> None:
    inside, before = inside_and_before(10)
    each = [np.full(2, 80.0) + np.array([-1.0, 1.0]) if not within else np.empty(0) for within in inside]
    each[-1] = np.array([900.0, 901.0])
    assert z_of(mean_of(each, 80.0), inside, before) == 0


# --- anything


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_any_signal_has_a_finite_deviation_and_an_onset_on_its_grid(data: st.DataObject) -> None:
    sampled = st.one_of(st.floats(0, 1e9, allow_subnormal=False), st.just(float("nan")))
    count = data.draw(st.integers(2, 60))
    values = data.draw(arrays(np.float64, count, elements=sampled))
    expected = data.draw(arrays(np.float64, count, elements=st.floats(0, 1e9, allow_subnormal=False)))
    weights = data.draw(arrays(np.float64, count, elements=st.integers(0, 50).map(float)))
    is_share, squared = data.draw(st.booleans()), data.draw(st.booleans())
    if is_share:
        values, expected = np.clip(values, 0, 1), np.clip(expected, 0, 1)
    signal = Signal(
        "s", values, expected, weights, 0.01, is_share, weights * np.nan_to_num(values) ** 2 if squared else None
    )
    inside, before = inside_and_before(data.draw(st.integers(1, count - 1)), count)
    found = deviation(signal, inside, before)
    assert found is None or all(np.isfinite([found.z, found.actual, found.expected, found.weight]))
    since = onset(signal, inside, before, replace(FINE, count=count))
    assert since is None or 0 <= FINE.index(since) < count


@pytest.mark.parametrize(
    ("actual", "expected", "ratio"), [(30.0, 10.0, 3.0), (1.0, 0.0, float("inf")), (0.0, 0.0, 1.0), (0.0, 5.0, 0.0)]
)
def test_a_ratio_is_told_where_nothing_was_expected(actual: float, expected: float, ratio: float) -> None:
    found = Deviation("errors", 9.0, actual, expected, 10.0)
    assert (found.ratio, found.rise) == (ratio, actual - expected)


def test_an_onset_is_sought_once_and_only_when_it_is_asked_for() -> None:
    sought: list[str] = []

    def since() -> datetime:
        sought.append("onset")
        return FINE.start

    found = Deviation("errors", 9.0, 0.2, 0.01, 10.0, since=since)
    assert found.ratio == pytest.approx(20)
    assert not sought
    assert found.onset == found.onset == FINE.start
    assert sought == ["onset"]
