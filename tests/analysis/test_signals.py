"""Sums of scopes, and the signals of one scope with what each should have been."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.analysis.builders import (
    AS_OF,
    CHECKOUT,
    COARSE,
    FINE,
    FINE_MINUTES,
    Plan,
    a_deviation,
    a_reading,
    a_survey,
    autocorrelated,
    last_minutes,
    log_series,
    metric_series,
    simulate,
)
from worker.analysis.signals import CARRY_SAMPLES, Reader, Reading, combine, retries_set_in
from worker.domain.telemetry import Floats, Scope, Series

NAN = float("nan")
EUROPE = Scope("checkout", "europe-west1")
CART = Scope("cart", "us-central1")


def test_a_sample_and_a_whole_are_added_as_parts_of_what_they_stand_for() -> None:
    """Of the one a tenth of 1,000 lines of 200 ms was read, of the other all 1,000 of 100 ms: the mean is 150."""
    counts = {"lines": 1_000.0, "errors": 3.0}
    sample = {**counts, "latency_count": 100.0, "latency_sum_ms": 100 * 200.0, "latency_squares": 100 * 200.0**2}
    whole = {**counts, "latency_count": 1_000.0, "latency_sum_ms": 1_000 * 100.0, "latency_squares": 1_000 * 100.0**2}
    found = combine(
        [
            Series({name: flat(value) for name, value in sample.items()}, 0.1),
            Series({name: flat(value) for name, value in whole.items()}),
        ]
    )
    assert (found.values["lines"] == 2_000).all()
    assert (found.values["errors"] == 6).all()
    # As few as if a tenth of all had been read: no more is claimed to be known.
    assert found.values["latency_count"] == pytest.approx(flat(200))
    assert found.values["latency_sum_ms"] / found.values["latency_count"] == pytest.approx(flat(150))
    assert found.read_share == 0.1


def flat(value: float) -> Floats:
    return np.full(FINE_MINUTES, value)


def values(*each: float) -> Floats:
    return np.array(each)


def reading_of(series: dict[str, Floats], past: dict[str, Floats] | None = None, minutes: float = 10) -> Reading:
    survey = a_survey({CHECKOUT: Series(series)}, {CHECKOUT: Series(past)} if past else None)
    found = Reader(survey).read(CHECKOUT, last_minutes(minutes))
    assert found is not None
    return found


# --- sums of scopes


def test_flows_and_counts_are_added_and_levels_averaged() -> None:
    one = Series({"carbon": values(1, 2), "cpu": values(20, 40), "lines": values(3, 0), "memory": values(50, 50)})
    two = Series({"carbon": values(10, 20), "cpu": values(60, 60), "lines": values(4, 5), "memory": values(70, NAN)})
    total = combine([one, two]).values
    np.testing.assert_array_equal(total["carbon"], values(11, 22))
    np.testing.assert_array_equal(total["cpu"], values(40, 50))
    np.testing.assert_array_equal(total["lines"], values(7, 5))
    np.testing.assert_array_equal(total["memory"], values(60, 50))


def test_a_missing_sample_of_a_rate_is_bridged_and_not_taken_for_zero() -> None:
    one, two = Series({"carbon": values(1, NAN, NAN, 4)}), Series({"carbon": values(10, 10, 10, 10)})
    np.testing.assert_array_equal(combine([one, two]).values["carbon"], values(11, 11, 11, 14))


def test_a_missing_mass_is_not_counted_twice() -> None:
    """The next sample holds what was emitted meanwhile."""
    one, two = Series({"carbon_grams": values(1, NAN, 2)}), Series({"carbon_grams": values(5, 5, 5)})
    np.testing.assert_array_equal(combine([one, two]).values["carbon_grams"], values(6, 5, 7))


def test_a_scope_that_fell_silent_is_not_bridged_for_ever() -> None:
    ended = np.full(CARRY_SAMPLES + 5, NAN)
    ended[0] = 7.0
    total = combine([Series({"traffic": ended}), Series({"traffic": np.ones(ended.size)})]).values["traffic"]
    assert total[CARRY_SAMPLES] == 8
    assert total[CARRY_SAMPLES + 1] == 1


def test_a_sum_is_unknown_while_one_of_its_parts_pauses() -> None:
    """Without the part it would seem to fall."""
    pausing = np.full(CARRY_SAMPLES + 5, NAN)
    pausing[0], pausing[-1] = 7.0, 6.0
    parts = [Series({"carbon": pausing}), Series({"carbon": np.ones(pausing.size)})]
    total = combine(parts).values["carbon"]
    assert total[CARRY_SAMPLES] == 8
    assert np.isnan(total[CARRY_SAMPLES + 1 : -1]).all()
    assert total[-1] == 7


def test_nothing_known_of_any_is_not_zero() -> None:
    nothing = Series({"carbon": values(NAN, NAN)})
    assert np.isnan(combine([nothing, nothing]).values["carbon"]).all()


def test_a_signal_of_only_one_scope_is_kept() -> None:
    total = combine([Series({"lines": values(3.0)}), Series({"carbon": values(2.0)})]).values
    assert {name: list(row) for name, row in total.items()} == {"lines": [3.0], "carbon": [2.0]}


counts = arrays(np.float64, 8, elements=st.integers(0, 1000).map(float))


@given(st.lists(counts, min_size=1, max_size=5))
@settings(max_examples=50, deadline=None)
def test_counts_of_any_scopes_add_up(rows: list[Floats]) -> None:
    total = combine([Series({"errors": row}) for row in rows]).values["errors"]
    np.testing.assert_allclose(total, np.sum(rows, axis=0))


@given(st.lists(counts, min_size=2, max_size=5), st.sampled_from(["carbon", "cpu", "carbon_grams", "traffic"]))
@settings(max_examples=50, deadline=None)
def test_the_order_of_scopes_does_not_matter(rows: list[Floats], name: str) -> None:
    several = [Series({name: np.where(row > 900, NAN, row)}) for row in rows]
    np.testing.assert_allclose(combine(several).values[name], combine(several[::-1]).values[name])


# --- one scope


def quiet_metrics(seed: int = 1) -> dict[str, Floats]:
    rng = np.random.default_rng(seed)
    traffic = 500 * (1 + autocorrelated(rng, FINE_MINUTES, 0.6, 0.1))
    return metric_series((2 + 0.01 * traffic) * (1 + rng.normal(0, 0.02, FINE_MINUTES)), traffic)


def test_a_surge_raises_carbon_and_not_carbon_per_demand() -> None:
    found = simulate(Plan(seed=1, surge=2.0)).reader.read(CHECKOUT, last_minutes(10))
    assert found is not None
    assert found.deviations["carbon"].z > 4
    assert found.deviations["traffic"].z > 4
    assert found.deviations["carbon_per_demand"].ratio == pytest.approx(1.0, abs=0.05)


def test_more_work_for_the_same_requests_raises_carbon_per_demand() -> None:
    found = simulate(Plan(seed=1, work=2.0)).reader.read(CHECKOUT, last_minutes(10))
    assert found is not None
    assert found.deviations["traffic"].z < 4
    assert found.deviations["carbon_per_demand"].ratio == pytest.approx(2.0, rel=0.05)


@pytest.mark.parametrize("seed", range(6))
def test_a_quiet_scope_shows_nothing(seed: int) -> None:
    found = simulate(Plan(seed=seed, minutes=10, missing=0.1)).reader.read(CHECKOUT, last_minutes(10))
    assert found is not None
    assert {name: one.z for name, one in found.deviations.items() if one.z > 4} == {}


def test_the_onset_of_each_signal_is_told() -> None:
    simulated = simulate(Plan(seed=2, minutes=25, work=2.5))
    found = simulated.reader.read(CHECKOUT, last_minutes(5))
    assert found is not None
    since = found.deviations["carbon"].onset
    assert since is not None
    assert abs(since - simulated.onset) <= timedelta(minutes=2)


def test_a_known_onset_makes_everything_before_it_the_baseline() -> None:
    """Of a long rise the hours before it are all there is to compare with."""
    simulated = simulate(Plan(seed=3, minutes=110, work=2.0))
    assert simulated.window.minutes == 110
    found = simulated.reader.read(CHECKOUT, simulated.window, simulated.onset)
    assert found is not None
    assert found.deviations["carbon_per_demand"].ratio == pytest.approx(2.0, rel=0.05)
    assert found.deviations["carbon_per_demand"].weight == 110


def test_errors_are_a_share_of_lines() -> None:
    lines, errors = flat(10.0), flat(0.0)
    errors[::20] = 1
    errors[-10:] = 4
    found = reading_of(log_series(lines, errors)).deviations["errors"]
    assert found.actual == pytest.approx(0.4)
    assert found.expected == pytest.approx(0.005, rel=0.3)
    assert found.weight == 100


def test_where_only_errors_are_logged_they_are_a_share_of_requests() -> None:
    """Three lines a minute that are all errors say nothing; three of five hundred requests do."""
    errors = flat(1.0)
    errors[-10:] = 50.0
    found = reading_of(log_series(errors.copy(), errors) | quiet_metrics()).deviations["errors"]
    assert found.expected == pytest.approx(1 / 500, rel=0.2)
    assert found.actual == pytest.approx(50 / 500, rel=0.3)


def test_latency_is_a_mean_of_lines_and_not_of_minutes() -> None:
    lines, latency = flat(10.0), flat(100.0)
    lines[-1], latency[-1] = 90.0, 200.0
    found = reading_of(log_series(lines, latency_ms=latency)).deviations["latency"]
    assert found.actual == pytest.approx((90 * 100 + 90 * 200) / 180)


def test_a_service_that_stops_logging_is_silent() -> None:
    rng = np.random.default_rng(1)
    lines = rng.poisson(20, FINE_MINUTES).astype(float)
    lines[-10:] = 0
    found = reading_of(log_series(lines)).deviations["silence"]
    assert found.z > 4
    assert found.actual == 0
    assert found.expected == pytest.approx(-20, rel=0.25)


def test_a_few_lines_are_judged_over_a_longer_time() -> None:
    """A line every other minute: five in the rule's window are too few, ten in twenty minutes are what there is."""
    lines = np.where(np.arange(FINE_MINUTES) % 2 == 0, 1.0, 0.0)
    found = reading_of(log_series(lines, np.zeros(FINE_MINUTES)), minutes=5).deviations["errors"]
    assert found.weight == 10


@pytest.mark.parametrize(
    ("retries", "lines", "usual", "expected"),
    [
        (20, 100, 0.002, True),
        (3, 100, 0.002, True),
        (1, 100, 0.002, False),
        (1, 12, 0.0, False),
        (3, 12, 0.0, True),
        (12, 100, 0.11, False),
        (40, 100, 0.11, True),
        (3, 1000, 0.001, False),
    ],
)
def test_retries_set_in_where_chance_does_not_explain_them(
    retries: int, lines: int, usual: float, expected: bool
) -> None:
    """Chance: less than one time in two hundred, of a share that is never believed to be nothing at all."""
    found = a_deviation("retries", 0.0, retries / lines, usual, lines)
    assert retries_set_in(a_reading(CHECKOUT, found)) is expected


def test_no_retries_were_logged_none_set_in() -> None:
    assert not retries_set_in(a_reading(CHECKOUT))


def test_a_signal_that_was_never_sampled_is_no_signal() -> None:
    found = reading_of(log_series(flat(5.0)) | {"carbon": flat(NAN), "traffic": flat(NAN)})
    assert "carbon" not in found.signals
    assert "traffic" not in found.signals
    assert "errors" in found.signals


def test_no_telemetry_is_no_reading() -> None:
    assert Reader(a_survey({})).read(CHECKOUT, last_minutes(10)) is None
    assert Reader(a_survey({CART: Series(quiet_metrics())})).read(CHECKOUT, last_minutes(10)) is None


def test_earlier_days_are_compared_with_where_they_are_known() -> None:
    """A morning rise that every day has is expected."""
    hours = (FINE.seconds() + (FINE.start - AS_OF).total_seconds()) / 3600
    past_hours = (COARSE.seconds() + (COARSE.start - AS_OF).total_seconds()) / 3600
    shape, past_shape = (100 + 80 * np.sin(2 * np.pi * at / 24) for at in (hours, past_hours))
    with_past = reading_of(metric_series(0.01 * shape, shape), metric_series(0.01 * past_shape, past_shape))
    assert with_past.expectations["traffic"].days >= 6
    assert abs(with_past.deviations["traffic"].ratio - 1) < 0.02
    without = reading_of(metric_series(0.01 * shape, shape))
    assert without.expectations["traffic"].days == 0


# --- several scopes


def test_the_whole_is_read_over_all_it_covers() -> None:
    recent = {CHECKOUT: Series(quiet_metrics(1)), EUROPE: Series(quiet_metrics(2)), CART: Series(quiet_metrics(3))}
    reader = Reader(a_survey(recent))
    whole = reader.read(Scope("checkout", None), last_minutes(10))
    parts = reader.parts(Scope("checkout", None), last_minutes(10))
    assert whole is not None
    assert {part.scope for part in parts} == {CHECKOUT, EUROPE}
    assert whole.deviations["carbon"].actual == pytest.approx(sum(part.deviations["carbon"].actual for part in parts))
    demand = [part.signals["carbon_per_demand"].expected for part in parts]
    np.testing.assert_allclose(whole.signals["carbon_per_demand"].expected, np.sum(demand, axis=0))


def test_a_reading_is_made_once() -> None:
    reader = Reader(a_survey({CHECKOUT: Series(quiet_metrics())}))
    assert reader.read(CHECKOUT, last_minutes(10)) is reader.read(CHECKOUT, last_minutes(10))
    assert reader.read(CHECKOUT, last_minutes(10)) is not reader.read(CHECKOUT, last_minutes(20))


sampled = st.one_of(st.just(NAN), st.floats(0, 1e6, allow_subnormal=False), st.just(0.0))


# scipy also computes an interval of the slope, which nobody reads, and cannot where values repeat.
@pytest.mark.filterwarnings("ignore:invalid value encountered in sqrt:RuntimeWarning")
@given(st.data())
@settings(max_examples=40, deadline=None)
def test_any_samples_and_lines_can_be_read(data: st.DataObject) -> None:
    count = 40
    grid = replace(FINE, start=AS_OF - timedelta(minutes=count), count=count)
    carbon, traffic, cpu = (data.draw(arrays(np.float64, count, elements=sampled)) for _ in range(3))
    lines = data.draw(arrays(np.float64, count, elements=st.integers(0, 50).map(float)))
    errors = np.floor(lines * data.draw(st.floats(0, 1)))
    series = metric_series(carbon, traffic) | log_series(lines, errors) | {"cpu": cpu}
    survey = a_survey({CHECKOUT: Series(series)}, fine=grid)
    found = Reader(survey).read(CHECKOUT, last_minutes(data.draw(st.integers(1, 20))))
    assert found is not None
    assert all(np.isfinite([one.z, one.actual, one.expected]).all() for one in found.deviations.values())
