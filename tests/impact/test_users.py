"""Requests that failed or were slow: counted where each has its line, scaled where the log is sampled."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.analysis.builders import FINE, FINE_MINUTES, inside_and_before, log_series, metric_series
from worker.domain.report import Quantity
from worker.domain.telemetry import Floats, ScopeDetail, Series
from worker.impact.users import Requests, Totals, count_requests, users_impact

MINUTES = 10
INSIDE, _ = inside_and_before(MINUTES)


def flat(value: float) -> Floats:
    return np.full(FINE_MINUTES, value)


def counted(lines: float, errors: float, traffic: float | None = None) -> Requests:
    series = log_series(flat(lines), np.where(INSIDE, errors, 0.0))
    if traffic is not None:
        series |= metric_series(flat(1.0), flat(traffic))
    found = count_requests(Series(series), INSIDE, FINE)
    assert found is not None
    return found


def failed(*parts: Requests) -> Quantity:
    found = users_impact(Totals(parts), None).requests_failed
    assert found is not None
    return found


# --- failed


def test_where_each_request_has_its_line_failures_are_counted() -> None:
    assert failed(counted(lines=100, errors=30, traffic=101.5)) == Quantity(low=300, likely=300, high=300)


def test_without_a_measure_of_requests_lines_are_requests() -> None:
    found = counted(lines=100, errors=30)
    assert found.served is None
    assert failed(found) == Quantity(low=300, likely=300, high=300)


def test_a_sampled_log_is_scaled_to_the_requests() -> None:
    """One line in fifty requests."""
    found = counted(lines=10, errors=3, traffic=500)
    assert found.served == pytest.approx(5000)
    assert found.total == pytest.approx(5000)
    impact = failed(found)
    assert impact.likely == pytest.approx(1500)
    assert impact.low < 1500 < impact.high
    assert Totals((found,)).is_sampled


def test_what_the_sample_left_out_is_in_the_interval() -> None:
    """Many logs of the same 20,000 requests of which a tenth failed, one line in fifty."""
    rng = np.random.default_rng(1)
    holds = 0
    for _ in range(300):
        errors = float(rng.binomial(400, 0.1))
        found = failed(Requests(lines=400, errors=errors, served=20_000))
        holds += found.low <= 2000 <= found.high
    assert holds / 300 >= 0.85


def test_several_lines_a_request_are_scaled_too() -> None:
    assert failed(counted(lines=300, errors=30, traffic=100)).likely == pytest.approx(100)


def test_no_failure_in_a_sample_is_not_none_for_certain() -> None:
    found = failed(counted(lines=10, errors=0, traffic=500))
    assert (found.low, found.likely) == (0, 0)
    assert found.high > 0


def test_scopes_are_sampled_differently_and_added_up() -> None:
    """Every line of the one, one in ten of the other."""
    found = Totals((counted(lines=100, errors=10, traffic=100), counted(lines=10, errors=5, traffic=100)))
    assert found.total == pytest.approx(2000)
    assert found.failed == pytest.approx(100 + 500)
    assert found.failed_share == pytest.approx(0.3)
    alone = failed(counted(lines=10, errors=5, traffic=100))
    both = users_impact(found, None).requests_failed
    assert both is not None
    assert both.high - both.low == pytest.approx(alone.high - alone.low), "the counted part adds no doubt"


def test_nothing_logged_is_nothing_known() -> None:
    assert count_requests(Series(log_series(np.where(INSIDE, 0.0, 50.0))), INSIDE, FINE) is None
    assert count_requests(Series(metric_series(flat(1.0), flat(9.0))), INSIDE, FINE) is None


def test_no_requests_at_all_are_no_failures() -> None:
    none = Totals((Requests(lines=0, errors=0, served=None),))
    assert (none.failed_share, none.per_line) == (0, 1)
    assert Totals(()).failed_share == 0


def test_lines_outside_the_window_do_not_count() -> None:
    series = Series(log_series(flat(7.0), np.where(INSIDE, 0.0, 5.0)))
    found = count_requests(series, INSIDE, FINE)
    assert found == Requests(lines=70, errors=0, served=None)


def test_a_missing_sample_of_the_traffic_is_not_zero_requests() -> None:
    series = log_series(flat(10.0)) | metric_series(flat(1.0), flat(500.0))
    series["traffic"][-MINUTES::2] = np.nan
    found = count_requests(Series(series), INSIDE, FINE)
    assert found is not None
    assert found.served == pytest.approx(5000)


def test_a_window_without_a_sample_of_the_traffic_has_lines_only() -> None:
    series = log_series(flat(10.0)) | metric_series(flat(1.0), np.where(INSIDE, np.nan, 500.0))
    found = count_requests(Series(series), INSIDE, FINE)
    assert found is not None
    assert found.served is None


# --- slowed


def slowed(slow: int, timed: int, per_line: float = 1.0) -> Quantity:
    requests = Totals((Requests(lines=timed, errors=0, served=timed * per_line),))
    found = users_impact(requests, ScopeDetail(slow_lines=slow, timed_lines=timed)).requests_slowed
    assert found is not None
    return found


def test_the_twentieth_that_is_always_slow_does_not_count() -> None:
    found = slowed(50, 1000)
    assert found.likely == 0
    assert found.low == 0
    assert slowed(450, 1000).likely == 400


def test_slow_lines_are_scaled_like_all_others() -> None:
    assert slowed(450, 1000, per_line=20).likely == pytest.approx(8000)


def test_fewer_slow_than_usual_is_none_and_not_less_than_none() -> None:
    found = slowed(3, 1000)
    assert (found.low, found.likely) == (0, 0)


def test_all_slow_is_not_certainty() -> None:
    found = slowed(10, 10)
    assert found.low < found.likely


@pytest.mark.parametrize(
    "detail",
    [
        None,
        ScopeDetail(),
        ScopeDetail(slow_lines=3),
        ScopeDetail(slow_lines=0, timed_lines=0),
        ScopeDetail(timed_lines=9),
    ],
)
def test_without_latency_slowness_is_unknown(detail: ScopeDetail | None) -> None:
    assert users_impact(Totals((Requests(100, 3, None),)), detail).requests_slowed is None


def test_users_are_not_guessed() -> None:
    assert users_impact(Totals((Requests(100, 3, None),)), None).users_affected is None


# --- anything

amounts = st.floats(0, 1e7, allow_subnormal=False)


@st.composite
def some_requests(draw: st.DrawFn) -> Requests:
    lines = draw(st.integers(1, 10**6))
    return Requests(lines, draw(st.integers(0, lines)), draw(st.none() | amounts))


@given(st.lists(some_requests(), min_size=1, max_size=5), st.integers(0, 10**5), st.integers(1, 10**5))
def test_figures_are_ordered_and_of_no_more_than_all(parts: list[Requests], slow: int, timed: int) -> None:
    totals = Totals(tuple(parts))
    impact = users_impact(totals, ScopeDetail(slow_lines=min(slow, timed), timed_lines=timed))
    for found in (impact.requests_failed, impact.requests_slowed):
        assert found is not None
        assert 0 <= found.low <= found.likely <= found.high
    assert totals.failed <= totals.total * (1 + 1e-9)
    assert 0 <= totals.failed_share <= 1 + 1e-9
