"""One metric's deviation: short windows, constant and bursty series, gaps, few points, and which way hurts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from worker.analysis.system.anomaly import MOST_BITS, WEIGHTS, Anomaly, anomaly, is_earlier_peak
from worker.domain.telemetry import Floats, Metric, Role

LATENCY = Metric("latency", "latency", "up", "s")
COUNT = 60


def steady(level: float = 1.0, noise: float = 0.05, seed: int = 1) -> Floats:
    return np.random.default_rng(seed).normal(level, noise, COUNT)


def spans(within: int = 4) -> tuple[np.ndarray, np.ndarray]:
    places = np.arange(COUNT)
    return places < COUNT - within, places >= COUNT - within


def found(values: Floats, metric: Metric = LATENCY, within: int = 4) -> Anomaly | None:
    return anomaly(values, *spans(within), metric)


def strength(values: Floats, metric: Metric = LATENCY, within: int = 4) -> float:
    one = found(values, metric, within)
    assert one is not None
    return one.strength


def raised(values: Floats, by: float, within: int = 4) -> Floats:
    values = values.copy()
    values[-within:] *= by
    return values


def test_a_clear_rise_is_strong_and_nothing_is_nothing() -> None:
    assert strength(raised(steady(), 10)) == MOST_BITS
    assert strength(steady()) == 0


def test_a_larger_rise_never_says_less() -> None:
    grown = [strength(raised(steady(), by)) for by in (1, 1.2, 1.5, 2, 4, 8, 16)]
    assert grown == sorted(grown)


def test_a_fall_of_latency_hurts_nobody_and_a_fall_of_availability_does() -> None:
    available = Metric("availability", "availability", "down", "%")
    assert strength(raised(steady(), 0.2)) == 0
    assert strength(raised(np.full(COUNT, 100.0), 0.9), available) == MOST_BITS
    assert strength(raised(np.full(COUNT, 50.0), 1.5), available) == 0


def test_traffic_says_something_either_way_and_little() -> None:
    traffic = Metric("requests", "traffic", "both")
    up, down = strength(raised(steady(100, 2), 10), traffic), strength(raised(steady(100, 2), 1 / 10), traffic)
    assert up == pytest.approx(WEIGHTS["traffic"] * MOST_BITS)
    assert 0 < down <= up


def test_a_constant_series_that_moves_by_little_is_no_news() -> None:
    flat = np.full(COUNT, 10.0)
    assert strength(raised(flat, 1.02)) == 0
    assert strength(raised(flat, 4)) > 1


def test_a_series_that_often_bursts_must_burst_further() -> None:
    bursty = steady(1, 0.05)
    bursty[5:-4:8] = 9.0
    assert strength(raised(bursty, 8)) == 0
    assert strength(raised(bursty, 80)) > 1


def test_one_odd_sample_of_several_is_no_rise() -> None:
    values = steady()
    values[-2] = 50.0
    assert strength(values) == 0


def test_a_gap_is_not_read_as_zero() -> None:
    values = raised(steady(), 10)
    values[10:30] = np.nan
    values[-1] = np.nan
    assert strength(values) == MOST_BITS


@pytest.mark.parametrize("known", [0, 1, 7])
def test_too_few_samples_before_tell_nothing(known: int) -> None:
    values = np.full(COUNT, np.nan)
    values[:known], values[-4:] = 1.0, 9.0
    assert found(values) is None


def test_an_empty_window_tells_nothing() -> None:
    values = steady()
    values[-4:] = np.nan
    assert found(values) is None


def test_what_deviated_before_the_window_says_half_at_the_most() -> None:
    early = raised(steady(), 10)
    early[-5] = early[-1]
    assert 0 < strength(early) <= MOST_BITS / 2


def test_the_onset_is_the_first_sample_that_deviates_by_half() -> None:
    values = steady()
    values[-2:] = 8.0
    one = found(values, within=3)
    assert one is not None
    assert one.onset == COUNT - 2


def test_a_metric_of_waiting_blames_nobody() -> None:
    assert strength(raised(steady(), 8), Metric("client_latency", "waiting", "up")) == 0


@given(arrays(float, COUNT, elements=st.floats(-1e6, 1e6) | st.just(np.nan)), st.sampled_from(sorted(WEIGHTS)))
def test_any_series_has_a_finite_strength_within_bounds(values: Floats, role: Role) -> None:
    one = found(values, Metric("any", role, "both"))
    if one is not None:
        assert 0 <= one.strength <= WEIGHTS[role] * MOST_BITS
        assert np.isfinite(one.z)
        assert one.scale > 0


@given(st.floats(1e-3, 1e3), st.integers(0, 50))
def test_the_unit_of_a_share_of_time_does_not_matter_much(scale: float, seed: int) -> None:
    """Saturation has no floor in its own unit: the same series in another unit says the same."""
    cpu = Metric("cpu", "saturation", "up")
    values = raised(steady(seed=seed), 3)
    assert strength(values * scale, cpu) == pytest.approx(strength(values, cpu))


@pytest.mark.parametrize(
    ("peak", "earlier", "is_peak"),
    [
        (10.0, [9.0, 10.0, 8.0], True),
        (10.1, [9.0, 10.0, 8.0], True),
        (12.0, [9.0, 10.0, 8.0], False),
        (12.0, [9.0, np.nan, 8.0, 7.0], False),
        (12.0, [9.0, 10.0], None),
        (12.0, [], None),
        (0.0, [0.0, 0.0, 0.0], True),
        (1.0, [0.0, 0.0, 0.0], False),
    ],
)
def test_a_peak_is_what_earlier_days_reached_at_this_hour(
    peak: float, earlier: list[float], is_peak: bool | None
) -> None:
    values = np.array([1.0, 1.0, peak, 0.5]) if peak >= 1 else np.full(4, peak)
    assert is_earlier_peak(values, np.array([False, False, True, True]), np.array(earlier)) is is_peak
