"""Orders and revenue: recorded, estimated from the scope's own past, or not known."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.analysis.builders import AS_OF, CHECKOUT, last_minutes
from worker.domain.report import BusinessImpact, Quantity
from worker.domain.telemetry import Scope
from worker.domain.window import iso
from worker.impact.business import business_impact

WINDOW = last_minutes(20)
NOW = WINDOW.start + timedelta(minutes=5)
LONG_AGO = AS_OF - timedelta(days=10)


def hit(at: Any, orders: Any = None, revenue: Any = None, **fields: Any) -> dict[str, Any]:
    document: dict[str, Any] = {"@timestamp": iso(at), "service": "checkout", "region": "us-central1"}
    figures = {"orders_affected": orders, "revenue_lost_usd": revenue}
    return {"_id": "x", "_source": document | {name: one for name, one in figures.items() if one is not None} | fields}


def past(orders: Any = None, revenue: Any = None, minutes: Any = 30, **fields: Any) -> dict[str, Any]:
    return hit(LONG_AGO, orders, revenue, duration_minutes=minutes, **fields)


def found_in(*history: dict[str, Any], scope: Scope = CHECKOUT) -> BusinessImpact | None:
    return business_impact(history, scope, WINDOW)


def exactly(value: float) -> Quantity:
    return Quantity(low=value, likely=value, high=value)


# --- recorded


def test_what_is_recorded_for_the_window_is_taken_as_it_is() -> None:
    assert found_in(hit(NOW, 31, 1519.5)) == BusinessImpact(
        orders_affected=exactly(31), revenue_lost_usd=exactly(1519.5), source="recorded"
    )


def test_several_records_of_the_window_add_up() -> None:
    found = found_in(hit(NOW, 31, 100), hit(NOW, 9), hit(WINDOW.start, revenue=50.0))
    assert found is not None
    assert found.orders_affected == exactly(40)
    assert found.revenue_lost_usd == exactly(150)


def test_a_figure_that_is_not_recorded_is_not_zero() -> None:
    found = found_in(hit(NOW, 31))
    assert found is not None
    assert found.revenue_lost_usd is None


def test_a_recorded_zero_is_recorded() -> None:
    found = found_in(hit(NOW, 0, 0))
    assert found is not None
    assert (found.orders_affected, found.source) == (exactly(0), "recorded")


def test_a_record_comes_before_an_estimate() -> None:
    found = found_in(past(300), past(600), hit(NOW, 7))
    assert found is not None
    assert (found.source, found.orders_affected) == ("recorded", exactly(7))


@pytest.mark.parametrize("at", [WINDOW.end, WINDOW.end + timedelta(minutes=1)])
def test_what_was_recorded_after_the_window_is_not_of_it(at: Any) -> None:
    assert found_in(hit(at, 31, 100)) is None


# --- estimated


def test_an_estimate_is_what_a_minute_cost_before() -> None:
    """10, 20 and 60 orders a minute; the window has 20."""
    found = found_in(past(300), past(600), past(600, minutes=10), past(revenue=900))
    assert found is not None
    assert found.source == "estimated"
    assert found.orders_affected == Quantity(low=200, likely=400, high=1200)
    assert found.revenue_lost_usd == exactly(600)
    assert found.assumption is not None
    assert "4 recorded incidents of checkout, us-central1" in found.assumption


def test_one_past_incident_is_too_few() -> None:
    assert found_in(past(300, 100)) is None


@pytest.mark.parametrize("minutes", [0, -5, None, "30", True])
def test_an_incident_of_unknown_length_says_nothing_of_a_minute(minutes: Any) -> None:
    assert found_in(past(300, minutes=minutes), past(600, minutes=minutes)) is None


# --- whose


def test_our_own_incidents_do_not_confirm_themselves() -> None:
    assert found_in(hit(NOW, 31, 100, alert_ids=["a"])) is None
    assert found_in(past(300, alert_ids=["a"]), past(600, alert_ids=["b"]), past(60)) is None


@pytest.mark.parametrize(
    "other", [{"service": "cart"}, {"region": "europe-west1"}, {"service": None}, {"service": "checkout-api"}]
)
def test_other_scopes_do_not_count(other: dict[str, Any]) -> None:
    assert found_in(hit(NOW, 31, 100, **other)) is None


def test_a_service_in_all_regions_counts_all_of_its_records() -> None:
    history = hit(NOW, 31), hit(NOW, 9, region="europe-west1"), hit(NOW, 100, service="cart")
    found = found_in(*history, scope=Scope("checkout", None))
    assert found is not None
    assert found.orders_affected == exactly(40)


def test_of_no_service_in_particular_nothing_is_claimed() -> None:
    assert found_in(hit(NOW, 31), scope=Scope(None, None)) is None


@pytest.mark.parametrize("value", ["31", True, [31], {}, None])
def test_what_is_no_number_is_no_figure(value: Any) -> None:
    assert found_in(hit(NOW, value, value)) is None


def test_nothing_is_known_of_nothing() -> None:
    assert found_in() is None
