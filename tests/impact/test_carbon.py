"""Wasted carbon against scopes whose counterfactual is known.

Each simulated scope has a week of demand with a daily rhythm and noise, and an incident in its last minutes of which
the truth is kept: what the same requests would have emitted without it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from tests.analysis.builders import (
    CHECKOUT,
    FINE_MINUTES,
    Plan,
    Simulated,
    a_deviation,
    a_reading,
    a_survey,
    last_minutes,
    log_series,
    metric_series,
    simulate,
)
from worker.analysis.signals import Reader, retries_set_in
from worker.domain.report import Quantity
from worker.domain.telemetry import Scope, Series
from worker.impact.carbon import (
    Emissions,
    carbon_impact,
    emissions,
    requests_were_lost,
    retries_explain,
)
from worker.impact.plausibility import covered_minutes

RUNS = 200


@dataclass(frozen=True)
class Outcome:
    """What was found of a simulated incident, and what was true."""

    excess: Quantity
    expected: Quantity
    actual: Quantity
    truth: Simulated

    @property
    def true_excess(self) -> float:
        return self.truth.actual_grams - self.truth.expected_grams

    @property
    def holds(self) -> bool:
        return self.excess.low <= self.true_excess <= self.excess.high

    @property
    def error(self) -> float:
        return abs(self.excess.likely / self.true_excess - 1)


def outcome(plan: Plan) -> Outcome:
    simulated = simulate(plan)
    found = emissions(simulated.reader, CHECKOUT, simulated.window, simulated.onset)
    assert found is not None
    impact = carbon_impact([found])
    assert impact.excess_co2_grams
    assert impact.expected_co2_grams
    assert impact.actual_co2_grams
    return Outcome(impact.excess_co2_grams, impact.expected_co2_grams, impact.actual_co2_grams, simulated)


def a_plan(seed: int) -> Plan:
    """Incidents of any size, length and noise; every third is a retry storm, every second loses samples."""
    rng = np.random.default_rng(10_000 + seed)
    retries = seed % 3 == 0
    return Plan(
        seed=seed,
        minutes=int(rng.integers(6, 45)),
        work=float(rng.uniform(1.3, 4.0)),
        retry_share=float(rng.uniform(0.3, 2.0)) if retries else 0.0,
        idle=float(rng.uniform(0.2, 5.0)),
        per_request=float(rng.uniform(0.002, 0.02)),
        requests=float(rng.uniform(100, 3000)),
        demand_noise=float(rng.uniform(0.01, 0.08)),
        carbon_noise=float(rng.uniform(0.005, 0.06)),
        missing=0.1 if seed % 2 else 0.0,
        is_logged=retries,
    )


@pytest.fixture(scope="module")
def outcomes() -> list[Outcome]:
    return [outcome(a_plan(seed)) for seed in range(RUNS)]


# --- against the truth


def test_the_interval_holds_the_truth(outcomes: list[Outcome]) -> None:
    assert 0.85 <= np.mean([one.holds for one in outcomes]) <= 0.97


def test_the_interval_says_something(outcomes: list[Outcome]) -> None:
    """Half of it is a small part of the figure, in most incidents."""
    halves = [(one.excess.high - one.excess.low) / 2 / one.true_excess for one in outcomes]
    assert np.quantile(halves, 0.8) <= 0.25


def test_the_likely_figure_is_near_the_truth(outcomes: list[Outcome]) -> None:
    errors = [one.error for one in outcomes]
    assert np.mean(np.array(errors) <= 0.1) >= 0.85
    assert np.median(errors) <= 0.03


def test_the_figure_does_not_lean(outcomes: list[Outcome]) -> None:
    """Neither the incident nor what is believed at the least moves the expectation to one side."""
    lean = [one.expected.likely / one.truth.expected_grams - 1 for one in outcomes]
    assert abs(np.median(lean)) <= 0.01


def test_what_was_measured_is_exact(outcomes: list[Outcome]) -> None:
    """Of those that lost no sample: else the first of a window also holds what was emitted just before it."""
    for one in outcomes[::2]:
        assert one.actual.low == one.actual.likely == one.actual.high
        assert one.actual.likely == pytest.approx(one.truth.actual_grams)


def test_excess_is_actual_less_expected(outcomes: list[Outcome]) -> None:
    for one in outcomes:
        assert one.excess.likely == pytest.approx(one.actual.likely - one.expected.likely)
        noise = one.expected.high - one.expected.likely
        # Where an edge widens one side, the other is that of one case in ten instead of one in twenty.
        assert one.excess.low <= one.excess.likely - 0.77 * noise
        assert one.excess.high >= one.excess.likely + 0.77 * noise
        assert one.excess.low <= one.excess.likely <= one.excess.high


# --- demand is not waste


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("surge", [1.6, 3.0])
def test_a_harmless_surge_wastes_nothing(seed: int, surge: float) -> None:
    """More requests at the usual cost each."""
    one = outcome(Plan(seed=seed, minutes=20, surge=surge))
    assert one.excess.low <= 0 <= one.excess.high or abs(one.excess.likely) < 0.05 * one.actual.likely


def test_requests_that_are_retries_are_waste() -> None:
    storm = outcome(Plan(seed=4, minutes=20, retry_share=1.5))
    surge = outcome(Plan(seed=4, minutes=20, surge=2.5))
    assert storm.actual.likely == pytest.approx(surge.actual.likely, rel=0.05)
    assert storm.excess.likely == pytest.approx(storm.true_excess, rel=0.1)
    assert storm.excess.low > 0
    assert abs(surge.excess.likely) < 0.05 * surge.actual.likely


def test_a_few_retries_by_chance_do_not_make_a_surge_a_storm() -> None:
    """Of demand that has doubled half the lines would be retries; 2 % of them explain nothing."""
    traffic, retries = a_deviation("traffic", 20, 200, 100), a_deviation("retries", 3, 0.022, 0.002, weight=400)
    assert retries_set_in(a_reading(CHECKOUT, traffic, retries))
    assert not retries_explain(a_reading(CHECKOUT, traffic, retries))
    storm = a_deviation("retries", 9, 0.3, 0.002, weight=400)
    assert retries_explain(a_reading(CHECKOUT, traffic, storm))
    assert retries_explain(a_reading(CHECKOUT, storm))
    assert not retries_explain(a_reading(CHECKOUT, traffic))


@pytest.mark.parametrize(
    ("trouble", "are_lost"), [(("errors", 8.0), True), (("latency", 8.0), True), (("memory", 8.0), False)]
)
def test_fewer_requests_are_lost_only_where_something_went_wrong(trouble: tuple[str, float], are_lost: bool) -> None:
    fell = a_deviation("traffic", -9, 60, 100)
    assert requests_were_lost(a_reading(CHECKOUT, fell, a_deviation(*trouble, 2, 1))) == are_lost
    assert not requests_were_lost(a_reading(CHECKOUT, a_deviation(*trouble, 2, 1)))


def test_a_quiet_window_wastes_nothing() -> None:
    """As often as the interval promises, before anything is known of a verdict."""
    quiet = [outcome(Plan(seed=seed, minutes=15, missing=0.1)) for seed in range(60)]
    assert np.mean([one.excess.low <= 0 <= one.excess.high for one in quiet]) >= 0.85


def test_an_earlier_incident_does_not_become_the_norm() -> None:
    """Five times the carbon for two of the hours before and on half of yesterday."""
    simulated = simulate(Plan(seed=5, minutes=15, work=3.0))
    clean = emissions(simulated.reader, CHECKOUT, simulated.window, simulated.onset)
    recent, past = simulated.survey.recent[CHECKOUT], simulated.survey.past[CHECKOUT]
    for series, where in ((recent, slice(20, 80)), (past, slice(-70, -50))):
        for name in ("carbon", "carbon_grams"):
            series.values[name][where] *= 5
    stained = emissions(Reader(simulated.survey), CHECKOUT, simulated.window, simulated.onset)
    assert clean is not None
    assert stained is not None
    assert stained.expected == pytest.approx(clean.expected, rel=0.03)


def test_of_traffic_that_never_varied_the_idle_share_stays_open() -> None:
    """Nothing tells whether thrice the requests should take thrice the carbon or hardly more than before."""
    inside = np.arange(FINE_MINUTES) >= FINE_MINUTES - 10
    traffic, carbon = np.where(inside, 300.0, 100.0), np.where(inside, 9.0, 5.0)
    window = last_minutes(10)
    reader = Reader(a_survey({CHECKOUT: Series(metric_series(carbon, traffic))}))
    found = emissions(reader, CHECKOUT, window, window.start)
    assert found is not None
    expected = carbon_impact([found]).expected_co2_grams
    assert expected is not None
    assert expected.low <= 50
    assert expected.high >= 150


# --- what cannot be known


def test_no_emissions_are_no_figure() -> None:
    logged = log_series(np.full(FINE_MINUTES, 5.0))
    reader = Reader(a_survey({CHECKOUT: Series(logged)}))
    assert emissions(reader, CHECKOUT, last_minutes(10), None) is None
    assert emissions(reader, Scope("cart", "us-central1"), last_minutes(10), None) is None


def test_emissions_that_ended_before_the_window_are_no_figure() -> None:
    series = metric_series(np.full(FINE_MINUTES, 5.0), np.full(FINE_MINUTES, 100.0))
    for values in series.values():
        values[-20:] = np.nan
    reader = Reader(a_survey({CHECKOUT: Series(series)}))
    assert emissions(reader, CHECKOUT, last_minutes(10), None) is None


def test_without_traffic_the_usual_carbon_is_expected() -> None:
    carbon = np.full(FINE_MINUTES, 5.0)
    carbon[-10:] = 15.0
    series = metric_series(carbon, np.full(FINE_MINUTES, np.nan))
    window = last_minutes(10)
    found = emissions(Reader(a_survey({CHECKOUT: Series(series)})), CHECKOUT, window, window.start)
    assert found is not None
    assert found.actual == 150
    assert found.expected == pytest.approx(50)


def test_a_first_sample_covers_the_usual_time() -> None:
    """Nothing is known of when it began."""
    np.testing.assert_array_equal(covered_minutes(np.array([np.nan, 5.0, 5.0, 10.0])), [5, 5, 5, 10])
    np.testing.assert_array_equal(covered_minutes(np.full(2, np.nan)), [1, 1])


# --- sums


def test_scopes_add_up_and_their_errors_in_quadrature() -> None:
    impact = carbon_impact([Emissions(100, 40, 3), Emissions(50, 30, 4)])
    assert impact.actual_co2_grams == Quantity(low=150, likely=150, high=150)
    assert impact.expected_co2_grams == Quantity(low=65, likely=70, high=75)
    assert impact.excess_co2_grams == Quantity(low=75, likely=80, high=85)
    assert impact.method == "measured"


def test_nothing_is_ever_expected_to_be_less_than_nothing() -> None:
    impact = carbon_impact([Emissions(100, 10, 30)])
    assert impact.expected_co2_grams == Quantity(low=0, likely=10, high=40)
    assert impact.excess_co2_grams == Quantity(low=60, likely=90, high=100)


def test_less_than_expected_is_told_as_it_is() -> None:
    impact = carbon_impact([Emissions(50, 80, 10)])
    assert impact.excess_co2_grams == Quantity(low=-40, likely=-30, high=-20)
