"""Whose rise it is: the parts' rises are the total's, and the one that stands out is named."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis.builders import (
    FINE_MINUTES,
    a_deviation,
    a_reading,
    a_survey,
    last_minutes,
    log_series,
    metric_series,
)
from worker.analysis.attribution import Share, alone, attribute, attribute_slices, narrow
from worker.analysis.signals import Reader, Reading
from worker.domain.telemetry import Scope, Series, Slice

EVERYTHING = Scope(None, None)
US, EUROPE, ASIA = "us-central1", "europe-west1", "asia-east1"


def parts(**rises: float) -> list[Reading]:
    """Readings of carbon by `service__region`, each usually at 100 g/min."""
    readings = []
    for name, rise in rises.items():
        service, region = name.split("__")
        scope = Scope(service, {"us": US, "eu": EUROPE, "asia": ASIA}[region])
        readings.append(a_reading(scope, a_deviation("carbon", 5.0, 100 + rise, 100)))
    return readings


def shares_of(**rises: float) -> list[Share]:
    return attribute(parts(**rises), "carbon")


rises = st.lists(st.floats(-1e6, 1e6, allow_subnormal=False), min_size=1, max_size=12)


@given(rises)
def test_shares_are_of_all_rises_and_the_largest_comes_first(amounts: list[float]) -> None:
    readings = [
        a_reading(Scope(f"service-{number}", US), a_deviation("carbon", 1.0, 1e6 + rise, 1e6))
        for number, rise in enumerate(amounts)
    ]
    found = attribute(readings, "carbon")
    assert len(found) == len(amounts)
    assert [one.rise for one in found] == sorted((one.rise for one in found), reverse=True)
    assert all(0 <= one.share <= 1 for one in found)
    total = sum(one.share for one in found)
    assert total == pytest.approx(1.0) if any(one.rise > 0 for one in found) else total == 0


@given(st.integers(0, 10_000))
@settings(max_examples=10, deadline=None)
def test_the_parts_rises_add_up_to_the_totals(seed: int) -> None:
    """Exactly, where all were sampled in the same minutes and rest on the same days."""
    rng = np.random.default_rng(seed)
    recent = {}
    for service in ("cart", "checkout", "search"):
        for region in (US, EUROPE):
            constant = np.full(FINE_MINUTES, rng.uniform(50, 500))
            raised = constant + np.where(np.arange(FINE_MINUTES) >= FINE_MINUTES - 10, rng.uniform(-20, 200), 0.0)
            recent[Scope(service, region)] = Series(metric_series(raised, constant))
    reader = Reader(a_survey(recent))
    found = attribute(reader.parts(EVERYTHING, last_minutes(10)), "carbon")
    whole = reader.read(EVERYTHING, last_minutes(10))
    assert whole is not None
    assert sum(one.rise for one in found) == pytest.approx(whole.deviations["carbon"].rise, rel=1e-9)


def test_the_parts_errors_add_up_to_the_totals() -> None:
    """A share of many lines weighs more than the same share of few: rises are counted in errors."""
    recent = {}
    for service, lines, errors in (("cart", 100.0, 30.0), ("search", 2.0, 1.0)):
        each = np.full(FINE_MINUTES, lines)
        late = np.arange(FINE_MINUTES) >= FINE_MINUTES - 10
        recent[Scope(service, US)] = Series(log_series(each, np.where(late, errors, 0.0)))
    found = attribute(Reader(a_survey(recent)).parts(EVERYTHING, last_minutes(10)), "errors")
    assert {one.scope.service: one.rise for one in found} == {"cart": pytest.approx(300), "search": pytest.approx(10)}
    assert found[0].share == pytest.approx(300 / 310)


def test_a_fall_does_not_make_anothers_rise_smaller() -> None:
    found = shares_of(cart__us=50, search__us=-400, frontend__us=50)
    assert {one.scope.service: one.share for one in found} == {"cart": 0.5, "frontend": 0.5, "search": 0.0}


def test_a_part_without_the_signal_has_no_share() -> None:
    found = attribute([a_reading(Scope("cart", US)), *parts(search__us=10)], "carbon")
    assert {one.scope.service: one.share for one in found} == {"search": 1.0, "cart": 0.0}


# --- the owner


def test_the_service_that_owns_the_rise_of_a_region_is_named() -> None:
    found = shares_of(cart__us=500, search__us=30, frontend__us=20)
    assert narrow(Scope(None, US), found) == Scope("cart", US)


def test_the_region_that_owns_the_rise_of_a_service_is_named() -> None:
    found = shares_of(cart__us=500, cart__eu=10, cart__asia=-5)
    assert narrow(Scope("cart", None), found) == Scope("cart", US)


def test_of_everything_both_are_named() -> None:
    found = shares_of(cart__us=500, cart__eu=10, search__us=40, search__eu=30)
    assert narrow(EVERYTHING, found) == Scope("cart", US)


def test_a_rise_in_all_regions_is_not_one_regions() -> None:
    found = shares_of(cart__us=100, cart__eu=110, cart__asia=90)
    assert narrow(Scope("cart", None), found) == Scope("cart", None)


def test_two_services_with_like_rises_leave_it_open() -> None:
    found = shares_of(cart__us=100, search__us=90)
    assert narrow(Scope(None, US), found) == Scope(None, US)


def test_a_service_needs_to_stand_out_from_the_next_and_not_to_be_most_of_all() -> None:
    """Two fifths of the rise, and twice the next: many others rise a little."""
    many = shares_of(cart__us=100, search__us=50, frontend__us=25, ledger__us=25)
    assert narrow(Scope(None, US), many) == Scope("cart", US)
    two = shares_of(cart__us=100, search__us=60, frontend__us=25, ledger__us=25)
    assert narrow(Scope(None, US), two) == Scope(None, US)
    spread = shares_of(cart__us=100, search__us=37, frontend__us=37, ledger__us=37, users__us=37)
    assert narrow(Scope(None, US), spread) == Scope("cart", US)
    thin = shares_of(cart__us=100, search__us=38, frontend__us=38, ledger__us=38, users__us=38)
    assert narrow(Scope(None, US), thin) == Scope(None, US)


def test_a_region_needs_most_of_the_rise() -> None:
    """Half of it is not enough, for a service that is in trouble in several regions."""
    assert narrow(Scope("cart", None), shares_of(cart__us=50, cart__eu=25, cart__asia=25)) == Scope("cart", None)
    assert narrow(Scope("cart", None), shares_of(cart__us=62, cart__eu=20, cart__asia=18)) == Scope("cart", US)


def test_a_scope_that_was_asked_for_is_kept() -> None:
    found = shares_of(cart__us=1, search__us=5000, cart__eu=3)
    assert narrow(Scope("cart", US), found) == Scope("cart", US)


def test_others_rises_do_not_count() -> None:
    """The alert asks of Europe."""
    found = shares_of(cart__us=5000, search__eu=50, frontend__eu=2)
    assert narrow(Scope(None, EUROPE), found) == Scope("search", EUROPE)


def test_where_nothing_rises_nobody_is_named() -> None:
    assert narrow(EVERYTHING, shares_of(cart__us=-10, search__us=-3, cart__eu=0)) == EVERYTHING
    assert narrow(EVERYTHING, []) == EVERYTHING


def test_the_only_region_of_a_service_is_named_whatever_it_shows() -> None:
    assert narrow(Scope("cart", None), shares_of(cart__us=0)) == Scope("cart", US)


@given(st.dictionaries(st.tuples(st.sampled_from("abcd"), st.sampled_from([US, EUROPE])), st.floats(-1e3, 1e3)))
def test_whatever_is_named_is_part_of_what_was_asked(rises_of: dict[tuple[str, str], float]) -> None:
    readings = [
        a_reading(Scope(*place), a_deviation("carbon", 1.0, 1e3 + rise, 1e3)) for place, rise in rises_of.items()
    ]
    found = attribute(readings, "carbon")
    for asked in (EVERYTHING, Scope(None, US), Scope("a", None), Scope("a", US)):
        named = narrow(asked, found)
        assert asked.covers(named)
        assert named == asked or any(named.covers(one.scope) for one in found)


# --- instances and deployments

values = st.dictionaries(st.just("carbon"), st.floats(0, 1e6))
slices = st.lists(st.builds(Slice, st.text(min_size=1, max_size=4), values, values), max_size=8)


@given(slices)
def test_the_rises_of_all_parts_add_up_to_the_whole(found: list[Slice]) -> None:
    parts = attribute_slices(found, "carbon")
    whole = sum(one.within.get("carbon", 0) for one in found) - sum(one.before.get("carbon", 0) for one in found)
    assert sum(part.rise for part in parts) == pytest.approx(whole, abs=1e-6)
    assert sum(part.share for part in parts) == pytest.approx(1.0 if any(part.rise > 0 for part in parts) else 0.0)


def test_a_deployment_that_is_new_has_all_of_the_rise_and_the_one_it_replaced_falls() -> None:
    parts = attribute_slices([Slice("v1", {"carbon": 10.0}, {}), Slice("v2", {}, {"carbon": 30.0})], "carbon")
    assert [(part.name, part.rise, part.share) for part in parts] == [("v2", 30.0, 1.0), ("v1", -10.0, 0.0)]


def test_one_instance_alone_is_named_and_one_of_several_alike_is_not() -> None:
    calm = [Slice(f"pod-{k}", {"cpu": 20.0}, {"cpu": 21.0}) for k in range(3)]
    found = alone(attribute_slices([*calm, Slice("pod-x", {"cpu": 20.0}, {"cpu": 90.0})], "cpu"))
    assert found is not None
    assert found.name == "pod-x"
    hot = [Slice(f"pod-{k}", {"cpu": 20.0}, {"cpu": 90.0}) for k in range(4)]
    assert alone(attribute_slices(hot, "cpu")) is None
    assert alone(attribute_slices(hot[:1], "cpu")) is None


def test_a_signal_that_nothing_has_is_attributed_to_nobody() -> None:
    assert attribute_slices([Slice("v1", {"cpu": 1.0}, {"cpu": 2.0})], "carbon") == []
