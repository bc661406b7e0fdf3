"""Forecasts of series whose future is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.analysis.builders import autocorrelated
from worker.analysis.counterfactual import Counterfactual, forecast
from worker.analysis.demand import fit_demand
from worker.analysis.half_hours import (
    A_DAY,
    HALF_HOUR,
    Observed,
    averaged,
    by_day,
    curve,
    has_past,
    medians,
    on_half_hours,
)
from worker.domain.telemetry import Floats

DAYS = 7
MINUTES = DAYS * 1440
HOURS = 240
NOBODY = Observed(np.empty(0), np.empty(0), np.empty(0))


def observed(rate: Floats, demand: Floats | None = None, *, ahead: int = 30) -> tuple[Observed, Observed, Observed]:
    """(the hours before, the half hours of the days before, what is asked), of a week of minutes."""
    served = np.full(rate.size, np.nan) if demand is None else demand
    seconds = ((np.arange(rate.size) - (rate.size - HOURS) + 0.5) * 60.0).astype(np.float64)
    near, asked = slice(rate.size - HOURS, rate.size - ahead), slice(rate.size - ahead, rate.size)
    earlier = rate.size - HOURS
    halves = [values[:earlier].reshape(-1, 30).mean(axis=1) for values in (seconds, rate, served)]
    before, future = (Observed(seconds[part], rate[part], served[part]) for part in (near, asked))
    return before, Observed(*halves), future


def forecasted(rate: Floats, demand: Floats | None = None, ahead: int = 30, **kwargs: bool) -> Counterfactual:
    follows = kwargs.get("follows_demand", demand is not None)
    found = forecast(*observed(rate, demand, ahead=ahead), float(ahead), follows_demand=follows)
    assert found is not None
    return found


def rhythm(depth: float = 0.4) -> Floats:
    return 1 + depth * np.cos(2 * np.pi * np.arange(MINUTES) / 1440 - 2)


def test_a_steady_series_goes_on() -> None:
    found = forecasted(np.full(MINUTES, 7.0))
    np.testing.assert_allclose(found.rate, 7.0)
    assert found.error < 0.01
    assert found.days == 0


def test_a_rhythm_of_the_day_is_followed_where_it_helps() -> None:
    rate = 5 * rhythm()
    found = forecasted(rate)
    np.testing.assert_allclose(found.rate, rate[-30:], rtol=0.02)
    assert found.days == DAYS


def test_a_trend_over_the_days_is_todays_level() -> None:
    rate = 5 * rhythm() * 1.06 ** (np.arange(MINUTES) / 1440)
    np.testing.assert_allclose(forecasted(rate).rate, rate[-30:], rtol=0.02)


def test_demand_explains_what_it_takes() -> None:
    """A third of it idle, and today thrice the demand."""
    rng = np.random.default_rng(3)
    demand = 300 * rhythm() * (1 + autocorrelated(rng, MINUTES, 0.6, 0.05))
    demand[-30:] *= 3
    rate = 2 + 0.01 * demand
    found = forecasted(rate, demand)
    assert found.rate.sum() == pytest.approx(rate[-30:].sum(), rel=0.03)
    assert found.elasticity == pytest.approx(3 / 5, abs=0.1)


def test_demand_that_is_not_to_be_followed_is_not_looked_at() -> None:
    demand = 300 * rhythm()
    rate = 0.01 * demand
    demand[-30:] *= 3
    found = forecasted(rate, demand, follows_demand=False)
    np.testing.assert_allclose(found.rate, rate[-30:], rtol=0.02)
    assert found.elasticity is None


def test_demand_that_never_varied_leaves_the_idle_share_open() -> None:
    demand, rate = np.full(MINUTES, 100.0), np.full(MINUTES, 5.0)
    demand[-30:] = 300.0
    found = forecasted(rate, demand)
    assert found.rate.mean() * (1 - found.error) <= 5.1
    assert found.rate.mean() * (1 + found.error) >= 15


def test_a_rhythm_of_the_grid_makes_the_slope_less_sure() -> None:
    rng = np.random.default_rng(4)
    demand = 300 * rhythm() * (1 + autocorrelated(rng, MINUTES, 0.6, 0.02))
    grid = 1 + 0.1 * np.cos(2 * np.pi * np.arange(MINUTES) / 1440 + 1)
    _, plain, _ = observed(0.01 * demand, demand)
    before, mixed, _ = observed(0.01 * demand * grid, demand)
    sure, unsure = fit_demand(before, plain), fit_demand(before, mixed)
    assert sure is not None
    assert unsure is not None
    assert unsure.sigma > 2 * sure.sigma


def test_an_earlier_incident_does_not_become_the_norm() -> None:
    rate = np.full(MINUTES, 5.0)
    rate[-HOURS + 20 : -HOURS + 80] *= 5
    rate[-3000:-2500] *= 5
    found = forecasted(rate)
    np.testing.assert_allclose(found.rate, 5.0, rtol=0.02)


def test_more_noise_is_a_wider_interval() -> None:
    errors = []
    for sigma in (0.02, 0.08, 0.3):
        noise = np.random.default_rng(5).lognormal(0, sigma, MINUTES)
        errors.append(forecasted(5 * noise, ahead=10).error)
    assert errors == sorted(errors)
    assert errors[2] > 5 * errors[0]


def test_a_shorter_window_is_less_sure() -> None:
    rate = 5 * np.random.default_rng(6).lognormal(0, 0.2, MINUTES)
    assert forecasted(rate, ahead=3).error > 1.5 * forecasted(rate, ahead=30).error


@pytest.mark.parametrize("ahead", [5, 20, 60])
@pytest.mark.parametrize("memory", [0.0, 0.95])
def test_the_interval_holds_what_it_promises(ahead: int, memory: float) -> None:
    held = []
    for seed in range(60):
        rng = np.random.default_rng([seed, ahead])
        rate = 5 * rhythm(0.3) * np.exp(autocorrelated(rng, MINUTES, memory, 0.06))
        found = forecasted(rate, ahead=ahead)
        held.append(abs(rate[-ahead:].sum() / found.rate.sum() - 1) <= found.error)
    assert 0.8 <= np.mean(held) <= 1.0


def test_without_days_before_the_hours_must_do() -> None:
    rate = 5 * np.random.default_rng(7).lognormal(0, 0.05, HOURS)
    seconds = ((np.arange(HOURS) + 0.5) * 60.0).astype(np.float64)
    known = Observed(seconds[:210], rate[:210], np.full(210, np.nan))
    asked = Observed(seconds[210:], rate[210:], np.full(30, np.nan))
    found = forecast(known, NOBODY, asked, 30.0, follows_demand=True)
    assert found is not None
    assert found.rate.sum() == pytest.approx(rate[210:].sum(), rel=0.05)
    assert 0.01 < found.error < 0.1
    assert found.elasticity is None


def test_next_to_nothing_known_is_no_forecast() -> None:
    assert forecast(NOBODY, NOBODY, NOBODY, 10.0, follows_demand=True) is None
    short = Observed(np.array([30.0, 90.0]), np.array([5.0, 5.0]), np.array([1.0, 1.0]))
    assert forecast(short, NOBODY, short, 10.0, follows_demand=False) is None


@given(
    st.lists(st.floats(0, 1e6) | st.just(float("nan")), min_size=5, max_size=12),
    st.lists(st.floats(0, 1e6) | st.just(float("nan")), min_size=5, max_size=12),
    st.integers(1, 120),
    st.booleans(),
)
def test_whatever_was_observed_a_forecast_is_a_number_or_none(
    rates: list[float], demands: list[float], ahead: int, follows: bool
) -> None:
    rate, demand = np.resize(rates, MINUTES), np.resize(demands, MINUTES)
    found = forecast(*observed(rate, demand, ahead=ahead), float(ahead), follows_demand=follows)
    if found is not None:
        assert np.isfinite(found.error)
        assert found.error >= 0
        known = found.rate[np.isfinite(found.rate)]
        assert (known >= 0).all()


# --- half hours


def test_medians_pass_over_what_is_unknown() -> None:
    rows = np.array([[1.0, np.nan, 3.0], [np.nan, np.nan, np.nan], [5.0, 1.0, 2.0]])
    np.testing.assert_array_equal(medians(rows), [2.0, np.nan, 2.0])


def test_blocks_end_with_the_last_sample() -> None:
    seconds = np.arange(0, 4000, 60.0)
    found = averaged(Observed(seconds, seconds, np.full(seconds.size, np.nan)), HALF_HOUR)
    assert found.seconds.size == 3
    assert found.rate[-1] == pytest.approx(seconds[seconds > seconds[-1] - HALF_HOUR].mean())


def test_days_end_with_the_newest_half_hour() -> None:
    table = by_day(np.arange(A_DAY * 2 + 40.0))
    assert table.shape == (3, A_DAY)
    assert table[-1, -1] == A_DAY * 2 + 39
    assert np.isnan(table[0, :8]).all()
    assert np.isnan(by_day(np.arange(A_DAY + 3.0))[0]).all(), "a day of which little is known is unknown"


def test_the_rhythm_has_no_level() -> None:
    day = np.sin(np.arange(A_DAY) / 8)
    table = np.array([day + 3, day + 9, np.full(A_DAY, np.nan)])
    np.testing.assert_allclose(np.ptp(curve(table)), np.ptp(day), rtol=0.05)


def test_a_few_half_hours_are_no_past() -> None:
    assert not has_past(Observed(np.arange(5.0), np.arange(5.0), np.arange(5.0)))


@pytest.mark.parametrize("step", [600, 1800, 3600])
def test_other_grids_are_brought_to_half_hours(step: int) -> None:
    seconds = ((np.arange(12 * 3600 // step) + 0.5) * step).astype(np.float64)
    found = on_half_hours(Observed(seconds, seconds / 60, np.full(seconds.size, 5.0)), step)
    np.testing.assert_allclose(found.seconds, (np.arange(24) + 0.5) * HALF_HOUR)
    assert found.rate.mean() == pytest.approx((seconds / 60).mean())
    np.testing.assert_allclose(found.demand, 5.0)


def test_a_grid_that_does_not_fit_says_nothing() -> None:
    seven = Observed(np.arange(10.0), np.arange(10.0), np.arange(10.0))
    assert on_half_hours(seven, 420).seconds.size == 0
