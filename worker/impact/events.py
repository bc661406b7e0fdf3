"""Orders and revenue measured from business events, against their own counterfactual.

What is missing of the orders in the window, against their rhythm, level and noise of the days before, is put down to
the incident; revenue is that number of orders at the average order before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from worker.analysis.baseline import Mask
from worker.analysis.counterfactual import forecast
from worker.analysis.half_hours import Observed, on_half_hours
from worker.domain.impact_facts import BusinessEvents
from worker.domain.report import BusinessImpact, Quantity
from worker.domain.telemetry import Floats, Grid
from worker.domain.terms import terms
from worker.domain.window import Window

# Orders are counted over so many buckets at a time, so that a usual count is no smaller than this.
FEWEST_A_BIN = 8.0
BINS = (1, 2, 5, 10, 15, 30)
FEWEST_BEFORE = 40.0


@dataclass(frozen=True)
class Measured:
    """Orders in the window, as they came and as they were expected."""

    orders: float
    expected: Quantity
    usd_an_order: float | None
    days: int


def events_of(told: Mapping[str | None, BusinessEvents], region: str | None) -> BusinessEvents | None:
    """Those of a region; without one those of all regions together, with those that name none."""
    if region or not told:
        return told.get(region)
    every = told.values()
    return BusinessEvents(
        orders=np.sum([one.orders for one in every], axis=0),
        revenue=np.sum([one.revenue for one in every], axis=0),
        past_orders=np.sum([one.past_orders for one in every], axis=0),
        past_revenue=np.sum([one.past_revenue for one in every], axis=0),
    )


def measure(events: BusinessEvents, fine: Grid, coarse: Grid, window: Window, usd_per_unit: float) -> Measured | None:
    """None where too few orders were seen before the window to expect any number of them."""
    inside = fine.mask(window)
    before = ~inside & (np.arange(fine.count) < np.flatnonzero(inside)[0]) if inside.any() else inside
    earlier = np.arange(coarse.count) < coarse.count - int((fine.end - fine.start) / coarse.step)
    seen = float(events.orders[before].sum() + events.past_orders[earlier].sum())
    if not inside.any() or seen < FEWEST_BEFORE:
        return None
    near = _binned(events.orders, fine, before)
    counted = np.where(events.past_orders > 0, events.past_orders, np.nan) / (coarse.step_seconds / 60)
    offset = (coarse.start - fine.start).total_seconds()
    nothing = np.full(coarse.count, np.nan)
    known = Observed((coarse.seconds() + offset)[earlier], counted[earlier], nothing[earlier])
    past = on_half_hours(known, coarse.step_seconds)
    asked = Observed(fine.seconds()[inside], np.full(int(inside.sum()), np.nan), np.full(int(inside.sum()), np.nan))
    found = forecast(near, past, asked, window.minutes, follows_demand=False)
    if found is None:
        return None
    share = window.minutes / (inside.sum() * fine.step_seconds / 60)
    expected = float(found.rate.sum()) * fine.step_seconds / 60 * share
    half = found.error * expected
    worth = float(events.revenue[before].sum() + events.past_revenue[earlier].sum()) / seen * usd_per_unit
    return Measured(
        float(events.orders[inside].sum()),
        Quantity(low=max(0.0, expected - half), likely=expected, high=expected + half),
        worth or None,
        found.days,
    )


def _binned(orders: Floats, fine: Grid, before: Mask) -> Observed:
    """Orders a minute over bins long enough to hold some, so that their logarithm means something."""
    count = int(before.sum())
    mean = float(orders[:count].mean()) if count else 0.0
    size = next((size for size in BINS if size * mean >= FEWEST_A_BIN), BINS[-1])
    minutes = size * fine.step_seconds / 60
    bins = count // size
    first = count - bins * size
    totals = orders[first:count].reshape(bins, size).sum(axis=1)
    seconds = fine.seconds()[first:count].reshape(bins, size).mean(axis=1)
    return Observed(seconds, np.where(totals > 0, totals, np.nan) / minutes, np.full(bins, np.nan))


def impact_of(found: Measured, where: str) -> BusinessImpact:
    """Orders that did not come; more than expected is no loss."""
    lost = Quantity(
        low=max(0.0, found.expected.low - found.orders),
        likely=max(0.0, found.expected.likely - found.orders),
        high=max(0.0, found.expected.high - found.orders),
    )
    rhythm = f"the rhythm of the last {found.days} days" if found.days else "the hours before"
    return BusinessImpact(
        orders_affected=lost,
        revenue_lost_usd=lost.times(found.usd_an_order) if found.usd_an_order else None,
        source="measured",
        assumption=f"every {terms().orders.singular} of {where} that is missing against {rhythm} is put down to this",
    )
