"""What a series should have been: rhythms, gaps, trends, and the line through the traffic."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from tests.analysis.builders import AS_OF, COARSE, DAYS, FINE, autocorrelated, inside_and_before
from worker.analysis.baseline import (
    MIN_PAIRS,
    earlier_days,
    fit_traffic,
    from_the_past,
    mad_sigma,
    median,
    middle,
    spread,
    theil_sen,
)
from worker.domain.telemetry import Floats, Grid

NO_DAYS = np.empty((0, FINE.count))
HALF_HOURS_A_DAY = COARSE.count // DAYS

measurable = st.floats(1e-9, 1e12) | st.just(0.0)
values_or_gaps = measurable | st.floats(-1e12, -1e-9) | st.just(float("nan"))


def series(count: int) -> st.SearchStrategy[Floats]:
    return arrays(np.float64, count, elements=values_or_gaps)


def rhythm(grid: Grid) -> Floats:
    """A daily rhythm of two waves, at the middle of each bucket."""
    hours = (grid.seconds() + (grid.start - AS_OF).total_seconds()) / 3600
    wave: Floats = 100 + 40 * np.sin(2 * np.pi * hours / 24) + 10 * np.sin(2 * np.pi * hours / 12)
    return wave


# --- medians


@given(arrays(np.float64, st.integers(1, 40), elements=measurable))
def test_the_middle_is_the_median(values: Floats) -> None:
    assert middle(values) == np.median(values)


def test_a_spread_is_of_what_is_known() -> None:
    assert spread(np.array([1.0, np.nan, 2.0, 9.0])) == pytest.approx((2.0, 1.4826))
    assert spread(np.array([5.0])) == (5.0, 0.0)
    assert np.isnan(spread(np.array([np.nan]))[0])


# --- earlier days


def test_every_earlier_day_shows_the_rhythm_of_the_same_hours() -> None:
    days = earlier_days(FINE, COARSE, rhythm(COARSE))
    assert len(days) >= DAYS - 1
    np.testing.assert_allclose(days, np.broadcast_to(rhythm(FINE), days.shape), rtol=0.01)


def test_a_day_that_the_past_does_not_reach_back_to_is_no_day() -> None:
    """Of the day before the first only the end is known."""
    assert len(earlier_days(FINE, COARSE, np.ones(COARSE.count))) == DAYS - 1


def test_days_come_newest_first() -> None:
    number_of_day = np.arange(COARSE.count) // HALF_HOURS_A_DAY
    days = earlier_days(FINE, COARSE, number_of_day.astype(float))
    middles = days[:, FINE.count // 2]
    assert list(middles) == [float(DAYS - 2 - day) for day in range(len(days))]


def test_a_day_that_was_hardly_sampled_is_left_out() -> None:
    past = rhythm(COARSE)
    asked = FINE.count * FINE.step_seconds // COARSE.step_seconds
    end = COARSE.count - HALF_HOURS_A_DAY
    past[end - asked : end - asked + asked // 2 + 1] = np.nan
    assert len(earlier_days(FINE, COARSE, past)) == len(earlier_days(FINE, COARSE, rhythm(COARSE))) - 1


def test_a_small_gap_is_bridged() -> None:
    past = rhythm(COARSE)
    past[COARSE.count - HALF_HOURS_A_DAY - 3] = np.nan
    days = earlier_days(FINE, COARSE, past)
    assert np.isfinite(days).all()
    np.testing.assert_allclose(days[0], rhythm(FINE), rtol=0.02)


def test_no_past_is_no_days() -> None:
    assert earlier_days(FINE, COARSE, np.full(COARSE.count, np.nan)).shape == (0, FINE.count)


@given(series(COARSE.count))
@settings(max_examples=60, deadline=None)
def test_earlier_days_are_finite_whatever_was_sampled(past: Floats) -> None:
    days = earlier_days(FINE, COARSE, past)
    assert days.shape[1] == FINE.count
    assert np.isfinite(days).all()


# --- expectations


def test_todays_level_moves_the_rhythm() -> None:
    _, before = inside_and_before(60)
    days = np.tile(rhythm(FINE), (3, 1))
    found = from_the_past(1.3 * rhythm(FINE), before, days)
    np.testing.assert_allclose(found.likely, 1.3 * rhythm(FINE), rtol=1e-6)
    assert found.days == 3


def test_the_incident_itself_does_not_become_the_norm() -> None:
    inside, before = inside_and_before(30)
    today = np.where(inside, 5 * rhythm(FINE), rhythm(FINE))
    found = from_the_past(today, before, np.tile(rhythm(FINE), (2, 1)))
    np.testing.assert_allclose(found.likely, rhythm(FINE), rtol=1e-6)


def test_one_earlier_day_with_an_incident_does_not_become_the_norm() -> None:
    _, before = inside_and_before(30)
    usual = rhythm(FINE)
    found = from_the_past(usual, before, np.array([usual, 6 * usual, usual, usual]))
    np.testing.assert_allclose(found.likely, usual, rtol=1e-6)


def test_a_level_that_is_many_times_the_usual_stays_news() -> None:
    """Ten times all morning is not what this morning should have been."""
    _, before = inside_and_before(30)
    found = from_the_past(10 * rhythm(FINE), before, np.tile(rhythm(FINE), (3, 1)))
    assert np.all(found.likely < 5 * rhythm(FINE))


def test_days_of_nothing_expect_nothing() -> None:
    _, before = inside_and_before(30)
    found = from_the_past(np.full(FINE.count, 7.0), before, np.zeros((3, FINE.count)))
    assert not found.likely.any()


def test_without_days_the_hours_before_are_carried_on() -> None:
    _, before = inside_and_before(20)
    slowly: Floats = 100 + 0.05 * np.arange(FINE.count, dtype=float)
    found = from_the_past(slowly, before, NO_DAYS)
    np.testing.assert_allclose(found.likely, slowly, rtol=1e-6)
    assert found.days == 0


def test_a_steep_trend_is_not_carried_on_for_ever() -> None:
    before = np.arange(FINE.count) < 60
    steep: Floats = 10 + np.arange(FINE.count, dtype=float)
    found = from_the_past(steep, before, NO_DAYS)
    assert found.likely.max() <= 1.3 * np.median(steep[before])


def test_outliers_before_do_not_tilt_the_trend() -> None:
    rng = np.random.default_rng(3)
    _, before = inside_and_before(20)
    values = 100 + rng.normal(0, 1, FINE.count)
    values[rng.choice(200, 30, replace=False)] = 900
    found = from_the_past(values, before, NO_DAYS)
    np.testing.assert_allclose(found.likely, 100, rtol=0.02)


def test_a_constant_stays_constant() -> None:
    _, before = inside_and_before(20)
    found = from_the_past(np.full(FINE.count, 42.0), before, NO_DAYS)
    np.testing.assert_allclose(found.likely, 42.0)


def test_nothing_known_before_is_nothing_expected() -> None:
    _, before = inside_and_before(20)
    assert np.isnan(from_the_past(np.full(FINE.count, np.nan), before, NO_DAYS).likely).all()


@given(series(FINE.count), st.integers(1, FINE.count - 1), st.integers(0, 3), st.data())
@settings(max_examples=60, deadline=None)
def test_any_series_has_an_expectation_of_its_own_length(
    values: Floats, minutes: int, days: int, data: st.DataObject
) -> None:
    _, before = inside_and_before(minutes)
    past = arrays(np.float64, (days, FINE.count), elements=measurable)
    found = from_the_past(values, before, data.draw(past) if days else NO_DAYS)
    assert found.likely.shape == values.shape


# --- the line through the traffic


@pytest.mark.parametrize("seed", range(20))
def test_idle_and_slope_are_recovered_under_noise_and_outliers(seed: int) -> None:
    rng = np.random.default_rng(seed)
    idle, per_request = rng.uniform(5, 50), rng.uniform(0.005, 0.1)
    traffic = rng.uniform(200, 2000, 300)
    values = (idle + per_request * traffic) * (1 + rng.normal(0, 0.02, 300))
    values[rng.choice(300, 45, replace=False)] *= 4
    model = fit_traffic((traffic, values))
    assert model is not None
    assert model.per_request == pytest.approx(per_request, rel=0.1)
    middle = np.array([400.0, 1000.0, 1800.0])
    np.testing.assert_allclose(model.predict(middle), idle + per_request * middle, rtol=0.03)


def test_traffic_that_hardly_varies_gives_a_proportion() -> None:
    traffic = np.linspace(990, 1010, 100)
    model = fit_traffic((traffic, 0.02 * traffic))
    assert model is not None
    assert model.idle == 0.0
    assert model.per_request == pytest.approx(0.02)


def test_less_for_more_traffic_is_no_law() -> None:
    """A falling line would expect less than nothing of a surge."""
    traffic = np.linspace(100, 1000, 100)
    model = fit_traffic((traffic, 50 - 0.03 * traffic))
    assert model is not None
    assert model.per_request == 0.0
    assert model.predict(np.array([1e6]))[0] > 0


def test_no_requests_never_take_less_than_nothing() -> None:
    traffic = np.linspace(500, 1000, 100)
    model = fit_traffic((traffic, 0.1 * traffic - 20))
    assert model is not None
    assert model.predict(np.array([0.0]))[0] >= 0


def test_too_few_pairs_are_no_line() -> None:
    some = np.arange(1.0, MIN_PAIRS)
    assert fit_traffic((some, some)) is None
    gappy = np.where(np.arange(60) % 4 == 0, np.arange(60.0), np.nan)
    assert fit_traffic((gappy, gappy)) is None


# scipy also computes an interval of the slope, which nobody reads, and cannot where values repeat.
@pytest.mark.filterwarnings("ignore:invalid value encountered in sqrt:RuntimeWarning")
@given(st.integers(0, 60).flatmap(lambda count: st.tuples(series(count), series(count))))
@settings(max_examples=150, deadline=None)
def test_any_pairs_give_a_line_that_never_falls(pairs: tuple[Floats, Floats]) -> None:
    model = fit_traffic(pairs)
    if model is not None:
        assert np.isfinite([model.idle, model.per_request]).all()
        assert model.per_request >= 0 or (pairs[1] < 0).any()


# --- robust statistics


@given(arrays(np.float64, st.integers(0, 50), elements=values_or_gaps))
def test_robust_statistics_of_anything(values: Floats) -> None:
    known = values[np.isfinite(values)]
    assert mad_sigma(values) >= 0
    assert np.isnan(median(values)) if not known.size else known.min() <= median(values) <= known.max()


@pytest.mark.parametrize("phi", [0.0, 0.6])
def test_sigma_is_that_of_the_noise_and_not_of_the_outliers(phi: float) -> None:
    values = autocorrelated(np.random.default_rng(1), 2000, phi, 5.0)
    values[::10] = 1e6
    assert mad_sigma(values) == pytest.approx(5.0, rel=0.2)


def test_a_grid_reaches_back_further_than_the_past() -> None:
    """Telemetry of one day: no earlier day is known."""
    short = Grid(AS_OF - timedelta(hours=20), COARSE.step_seconds, 40)
    assert earlier_days(FINE, short, np.ones(40)).shape == (0, FINE.count)


# --- what numpy and scipy say in more steps


@given(arrays(np.float64, st.integers(1, 60), elements=st.floats(-1e12, 1e12)))
def test_the_median_is_the_one_of_numpy_to_the_last_bit(values: Floats) -> None:
    assert median(values) == float(np.median(values))


@settings(max_examples=40)
@given(arrays(np.float64, (2, 30), elements=st.integers(-1_000, 1_000).map(float)))
def test_a_slope_is_the_one_of_scipy_to_the_last_bit(pairs: Floats) -> None:
    x, y = pairs
    x[0], x[1] = -2_000.0, 2_000.0
    with np.errstate(invalid="ignore"):  # its confidence interval may have no bounds
        slope, intercept, *_ = stats.theilslopes(y, x, method="joint")
    assert theil_sen(x, y) == (slope, intercept)
