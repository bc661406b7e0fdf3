"""Orders that did not come, against shops whose orders are known."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from tests.analysis.builders import AS_OF, COARSE, DAYS, FINE, FINE_MINUTES, last_minutes
from worker.domain.impact_facts import BusinessEvents
from worker.domain.window import Window
from worker.impact.events import Measured, events_of, impact_of, measure

MINUTES = DAYS * 1440


def orders(
    seed: int, a_minute: float, kept: float, minutes: int, *, worth: float = 40.0
) -> tuple[BusinessEvents, float]:
    """(events, orders that the incident kept away): Poisson orders with a daily rhythm."""
    rng = np.random.default_rng(seed)
    rhythm = 1 + 0.4 * np.cos(2 * np.pi * np.arange(MINUTES) / 1440)
    would = rng.poisson(a_minute * rhythm).astype(float)
    inside = np.arange(MINUTES) >= MINUTES - minutes
    came = np.where(inside, rng.binomial(would.astype(int), kept), would).astype(float)
    halves = came.reshape(-1, 30).sum(axis=1)
    events = BusinessEvents(came[-FINE_MINUTES:], came[-FINE_MINUTES:] * worth, halves, halves * worth)
    return events, float((would - came).sum())


def measured(seed: int, a_minute: float = 6.0, kept: float = 0.5, minutes: int = 30) -> tuple[Measured, float]:
    events, lost = orders(seed, a_minute, kept, minutes)
    found = measure(events, FINE, COARSE, last_minutes(minutes), 1.0)
    assert found is not None
    return found, lost


def test_the_interval_holds_the_orders_that_were_kept_away() -> None:
    held = []
    for seed in range(60):
        found, lost = measured(seed)
        held.append(found.expected.low - found.orders <= lost <= found.expected.high - found.orders)
    assert np.mean(held) >= 0.8


def test_a_quiet_window_has_lost_next_to_nothing() -> None:
    found, _ = measured(3, kept=1.0)
    lost = impact_of(found, "us-central1").orders_affected
    assert lost is not None
    assert lost.low == 0


def test_revenue_is_at_the_average_order() -> None:
    found, _ = measured(4)
    impact = impact_of(found, "us-central1")
    assert found.usd_an_order == pytest.approx(40)
    assert impact.source == "measured"
    assert impact.orders_affected is not None
    assert impact.revenue_lost_usd is not None
    assert impact.revenue_lost_usd.likely == pytest.approx(40 * impact.orders_affected.likely)
    assert impact.assumption == (
        "every order of us-central1 that is missing against the rhythm of the last 7 days is put down to this"
    )


def test_another_currency_is_turned_into_dollars() -> None:
    events, _ = orders(5, 6.0, 0.5, 30)
    found = measure(events, FINE, COARSE, last_minutes(30), 1.1)
    assert found is not None
    assert found.usd_an_order == pytest.approx(44)


def test_too_few_orders_are_nothing_to_expect_any_from() -> None:
    none = BusinessEvents(*(np.zeros(FINE_MINUTES),) * 2, *(np.zeros(COARSE.count),) * 2)
    assert measure(none, FINE, COARSE, last_minutes(30), 1.0) is None


def test_a_window_outside_of_the_hours_read_is_not_measured() -> None:
    events, _ = orders(6, 6.0, 0.5, 30)
    before = Window(start=AS_OF - timedelta(hours=30), end=AS_OF - timedelta(hours=29))
    assert measure(events, FINE, COARSE, before, 1.0) is None


def test_events_without_worth_have_no_revenue() -> None:
    events, _ = orders(7, 6.0, 0.5, 30, worth=0.0)
    found = measure(events, FINE, COARSE, last_minutes(30), 1.0)
    assert found is not None
    assert impact_of(found, "everywhere").revenue_lost_usd is None


def test_an_incident_of_all_regions_is_measured_by_the_orders_of_all() -> None:
    whole, _ = orders(3, 6.0, 0.5, 30)
    parts = [
        BusinessEvents(
            *(share * values for values in (whole.orders, whole.revenue, whole.past_orders, whole.past_revenue))
        )
        for share in (0.5, 0.25, 0.25)
    ]
    told = dict(zip(("us-central1", "europe-west1", None), parts, strict=True))
    together = events_of(told, None)
    assert together is not None
    assert np.array_equal(together.orders, whole.orders)
    assert np.array_equal(together.past_revenue, whole.past_revenue)
    assert events_of(told, "europe-west1") is parts[1]
    assert events_of(told, "asia-east1") is None
    assert events_of({}, None) is None
