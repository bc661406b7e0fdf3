"""Split of the excess, scores and comparisons, on figures that can be checked by eye."""

from __future__ import annotations

from dataclasses import replace

import pytest

from worker.domain.impact_facts import Audience, ServiceCounts
from worker.domain.report import Quantity
from worker.impact import comparisons, sci, waste
from worker.impact.carbon import Demand, Emissions, carbon_impact, holding_zero
from worker.impact.service_level import service_level, users_affected
from worker.impact.tables import shipped
from worker.impact.users import Requests, Totals
from worker.impact.waste import Symptoms
from worker.telemetry.impact_profile import Slo

# 300 requests came where 200 were usual; 100 g in the 100 minutes and 10,000 requests before.
DEMAND = Demand(came=300, usual=200, minutes=10, grams_before=100, requests_before=10_000, minutes_before=100)
STORM = Emissions(200, 80, 5, follows_demand=False, at_all_requests=110, demand=DEMAND)


def test_retries_are_what_their_requests_usually_take() -> None:
    """30 of 120 g; of the other 90 the 20 % that failed are errors, and the rest slower work."""
    found = waste.shares([STORM], Symptoms(failed_share=0.2, latency_ratio=1.5))
    assert found is not None
    assert found == pytest.approx({"retries": 0.25, "errors": 0.15, "slower work": 0.6})
    assert sum(found.values()) == pytest.approx(1)


def test_without_slowness_the_rest_is_overhead() -> None:
    found = waste.shares([replace(STORM, follows_demand=True)], Symptoms(failed_share=0.0, latency_ratio=1.02))
    assert found == {"overhead": 1.0}


def test_nothing_tells_them_apart() -> None:
    assert waste.shares([replace(STORM, follows_demand=True)], Symptoms(None, None)) is None
    assert waste.shares([replace(STORM, actual=80)], Symptoms(0.2, 1.5)) is None
    assert waste.shares([replace(STORM, at_all_requests=None)], Symptoms(0.2, 1.5)) is None


def test_a_split_keeps_the_range() -> None:
    whole = Quantity(low=100, likely=120, high=150)
    parts = waste.split(whole, {"retries": 0.25, "overhead": 0.75})
    assert parts is not None
    assert parts["retries"] == Quantity(low=25, likely=30, high=37.5)
    assert waste.split(None, {"retries": 1.0}) is None
    assert waste.split(whole, None) is None


def test_the_score_is_per_request_that_users_asked_for() -> None:
    """200 g for the 200 requests that are no retries; before it 100 g for 10,000."""
    found = sci.score([STORM], unit="1,000 requests", requests=1000, embodied_per_minute=None)
    assert found is not None
    assert found.incident == pytest.approx(1000)
    assert found.baseline == pytest.approx(10)
    assert not found.includes_embodied


def test_embodied_emissions_are_in_both_scores_or_in_neither() -> None:
    found = sci.score([STORM], unit="request", requests=1, embodied_per_minute=0.5)
    assert found is not None
    assert found.includes_embodied
    assert found.incident == pytest.approx((200 + 5) / 200)
    assert found.baseline == pytest.approx((100 + 50) / 10_000)


def test_no_requests_are_no_score() -> None:
    assert sci.score([replace(STORM, demand=None)], unit="request", requests=1, embodied_per_minute=None) is None
    nobody = replace(STORM, demand=replace(DEMAND, usual=0))
    found = sci.score([nobody], unit="request", requests=1, embodied_per_minute=None)
    assert found is not None
    assert found.incident is None


@pytest.mark.parametrize(
    ("grams", "said"),
    [
        (3, None),
        (12.4, "about 1 smartphone charge (EPA greenhouse gas equivalencies, 2024)"),
        (410, "about 33 smartphone charges (EPA greenhouse gas equivalencies, 2024)"),
        (2490, "about 10 km in a petrol car (EPA-420-F-23-014, 2023)"),
        (117_400, "about 50 litres of petrol (EPA-420-F-23-014, 2023)"),
    ],
)
def test_comparisons_are_chosen_by_size(grams: float, said: str | None) -> None:
    assert comparisons.compare(Quantity(low=grams * 0.9, likely=grams, high=grams * 1.1), shipped()) == said


def test_what_may_be_nothing_is_not_compared() -> None:
    assert comparisons.compare(Quantity(low=-1, likely=410, high=500), shipped()) is None
    assert comparisons.compare(None, shipped()) is None


def test_factors_widen_an_estimate() -> None:
    estimated = replace(STORM, method="estimated", factor=Quantity(low=0.5, likely=1, high=2))
    impact = carbon_impact([estimated])
    assert impact.method == "estimated"
    assert impact.actual_co2_grams == Quantity(low=100, likely=200, high=400)
    assert impact.excess_co2_grams is not None
    assert impact.excess_co2_grams.low == pytest.approx(120 - (5**2 + 60**2) ** 0.5)
    assert impact.excess_co2_grams.high == pytest.approx(120 + (5**2 + 120**2) ** 0.5)


def test_samples_that_speak_of_other_minutes_widen_one_side() -> None:
    """The noise of 5 g is of one side: 1.2816 standard deviations instead of 1.645 as far as the edges outweigh it."""
    found = carbon_impact([replace(STORM, before=0, after=15)]).excess_co2_grams
    noise = 5 * (1 - (1 - 1.2816 / 1.645) * 15 / 20)
    assert found is not None
    assert found.low == pytest.approx(120 - noise)
    assert found.high == pytest.approx(120 + noise + 15)
    assert carbon_impact([STORM]).excess_co2_grams == Quantity(low=115, likely=120, high=125)


def test_what_is_no_waste_holds_zero() -> None:
    assert holding_zero(Quantity(low=2, likely=5, high=9)) == Quantity(low=0, likely=5, high=9)
    assert holding_zero(Quantity(low=-9, likely=-5, high=-2)) == Quantity(low=-9, likely=-5, high=0)


# --- service levels and users


def test_a_burn_rate_of_one_uses_the_budget_in_the_period() -> None:
    """1 % bad at an objective of 99.9 % is ten times too much; 10 of 1,000,000 x 0.001 = 1,000 allowed: 1 %."""
    slo = Slo(objective=0.999, latency_ms=300)
    found = service_level(ServiceCounts(window=1000, window_bad=10, period=1_000_000, period_bad=200), slo)
    assert found is not None
    assert found.burn_rate == pytest.approx(10)
    assert found.budget_burnt == pytest.approx(0.01)
    assert (found.latency_target_ms, found.period_days) == (300, 30)


def test_nothing_logged_is_no_service_level() -> None:
    assert service_level(ServiceCounts(0, 0, 10, 1), Slo(objective=0.99)) is None


def test_users_of_a_sampled_log_are_the_least_there_can_be() -> None:
    audience = Audience(seen=100, failed=7, affected=12)
    sampled = Totals((Requests(lines=100, errors=10, served=500),))
    assert users_affected(audience, sampled) == Quantity(low=12, likely=12, high=60)
    assert users_affected(audience, None) == Quantity(low=12, likely=12, high=12)
