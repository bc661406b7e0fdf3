"""What an alert asks: its scope among those that have telemetry, its signal, its span of time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.domain.alert import Alert, Rule
from worker.domain.telemetry import Scope
from worker.question import (
    LONGEST_WINDOW,
    SHORTEST_WINDOW,
    USUAL_WINDOW,
    group_names,
    guess,
    rule_window,
    signal_of,
    understand,
)
from worker.telemetry.profiles import load_profile

PROFILE = load_profile("spiketrace")
DATE = datetime(2026, 2, 26, 10, 42, 30, tzinfo=UTC)
US, EUROPE = "us-central1", "europe-west1"
SCOPES = [Scope(service, region) for service in ("checkout", "cart", "payments") for region in (US, EUROPE)]
BY_SERVICE: dict[str, Any] = {"termField": "service"}
BY_REGION: dict[str, Any] = {"termField": "region"}
BY_BOTH: dict[str, Any] = {"termField": ["service", "region"]}


def alert(
    group: str = "", instance: str = "all documents", *, name: str = "", tags: tuple[str, ...] = (), **params: Any
) -> Alert:
    rule = Rule(id="rule-1", name=name, tags=tags, params=params)
    return Alert(rule=rule, instance=instance, uuid="u", action_group="threshold met", date=DATE, group=group)


def scope_of(one: Alert, scopes: list[Scope] = SCOPES) -> Scope:
    return understand(one, PROFILE, scopes).scope


# --- scope


@pytest.mark.parametrize(
    ("group", "names"),
    [
        ("checkout", ["checkout"]),
        ("checkout,us-central1", ["checkout", US]),
        (" checkout , us-central1 ", ["checkout", US]),
        ("checkout,", ["checkout"]),
        ("all documents", []),
        ("unknown", []),
        ("", []),
    ],
)
def test_names_of_a_group(group: str, names: list[str]) -> None:
    assert group_names(alert(group)) == names


def test_where_the_group_is_empty_the_instance_names_it() -> None:
    assert group_names(alert("", "checkout")) == ["checkout"]
    assert group_names(alert("unknown", US)) == [US]
    assert group_names(alert("cart", "checkout")) == ["cart"]


def test_the_rules_own_id_names_nothing() -> None:
    """A summary bears the rule's id as its instance."""
    assert group_names(alert("", "rule-1")) == []


@pytest.mark.parametrize(
    ("group", "params", "scope"),
    [
        ("checkout", BY_SERVICE, Scope("checkout", None)),
        (US, BY_REGION, Scope(None, US)),
        ("checkout,us-central1", BY_BOTH, Scope("checkout", US)),
        ("us-central1,checkout", {"termField": ["region", "service"]}, Scope("checkout", US)),
        ("", {}, Scope(None, None)),
        ("all documents", {}, Scope(None, None)),
        (US, {}, Scope(None, US)),
        ("checkout", {}, Scope("checkout", None)),
    ],
)
def test_a_name_is_what_telemetry_calls_so(group: str, params: dict[str, Any], scope: Scope) -> None:
    question = understand(alert(group, **params), PROFILE, SCOPES)
    assert (question.scope, question.unknown) == (scope, ())


def test_a_name_that_nothing_bears_is_told() -> None:
    question = understand(alert("chekout,us-central1", **BY_BOTH), PROFILE, SCOPES)
    assert (question.scope, question.unknown) == (Scope(None, US), ("chekout",))


@pytest.mark.parametrize(
    ("group", "unknown"),
    [
        ("checkout,PoolTimeoutError", ()),
        ("chekout,PoolTimeoutError", ("chekout", "PoolTimeoutError")),
        ("checkout,Pool,Timeout", ("Pool", "Timeout")),
    ],
)
def test_beside_a_scope_a_name_of_something_else_is_no_riddle(group: str, unknown: tuple[str, ...]) -> None:
    question = understand(alert(group, termField=["service", "error_type"]), PROFILE, SCOPES)
    assert question.unknown == unknown


@pytest.mark.parametrize(
    ("text", "scope", "unknown"),
    [
        ("FROM x | STATS n = COUNT(*) BY service, error_type | LIMIT 9", Scope("checkout", None), ()),
        ("from x | stats n = count(*) by service,error_type", Scope("checkout", None), ()),
        (
            "FROM x | STATS m = MAX(y) BY a | STATS n = COUNT(*) BY error_type, service",
            Scope("checkout", None),
            ("Pool",),
        ),
        ("FROM x | LIMIT 9", Scope("checkout", None), ("Pool",)),
        ("", Scope("checkout", None), ("Pool",)),
    ],
)
def test_an_esql_query_names_what_it_groups_by(text: str, scope: Scope, unknown: tuple[str, ...]) -> None:
    question = understand(alert("", "checkout,Pool", esqlQuery={"esql": text}), PROFILE, SCOPES)
    assert (question.scope, question.unknown) == (scope, unknown)


@pytest.mark.parametrize("query", [None, "STATS BY service", {"esql": 5}, {}, ["BY"]])
def test_an_esql_query_that_is_none_names_nothing(query: Any) -> None:
    assert scope_of(alert("", "checkout,us-central1", esqlQuery=query)) == Scope("checkout", US)


def test_names_are_compared_exactly() -> None:
    assert understand(alert("Checkout"), PROFILE, SCOPES).unknown == ("Checkout",)
    assert understand(alert("check"), PROFILE, SCOPES).unknown == ("check",)


def test_a_name_of_both_is_what_the_rule_groups_by() -> None:
    scopes = [Scope("edge", "edge"), Scope("cart", "edge"), Scope("edge", US)]
    assert scope_of(alert("edge", **BY_SERVICE), scopes) == Scope("edge", None)
    assert scope_of(alert("edge", **BY_REGION), scopes) == Scope(None, "edge")


def test_without_telemetry_every_name_is_unknown() -> None:
    question = understand(alert("checkout,us-central1", **BY_BOTH), PROFILE, [])
    assert (question.scope, question.unknown) == (Scope(None, None), ("checkout", US))


@pytest.mark.parametrize(
    ("group", "params", "scope"),
    [
        ("checkout", BY_SERVICE, Scope("checkout", None)),
        (US, BY_REGION, Scope(None, US)),
        ("checkout,us-central1", BY_BOTH, Scope("checkout", US)),
        ("checkout", {}, Scope("checkout", None)),
        ("a,b,c", {}, Scope(None, None)),
        ("", {}, Scope(None, None)),
    ],
)
def test_before_any_telemetry_the_grouping_is_believed(group: str, params: dict[str, Any], scope: Scope) -> None:
    assert guess(alert(group, **params), PROFILE) == scope


# --- signal


@pytest.mark.parametrize(
    ("params", "signal"),
    [
        ({"aggField": "estimated_co2_grams"}, "carbon"),
        ({"aggField": "emissions_kg_co2e"}, "carbon"),
        ({"aggField": "cpu_pct"}, "cpu"),
        ({"aggField": "memory_pct"}, "memory"),
        ({"aggField": "requests_per_min"}, "traffic"),
        ({"aggField": "latency_ms"}, "latency"),
        ({"filterKuery": "level: ERROR"}, "errors"),
        ({"esQuery": '{"query": {"terms": {"level": ["ERROR", "FATAL"]}}}'}, "errors"),
        ({"esQuery": '{"query": {"range": {"latency_ms": {"gt": 900}}}}'}, "latency"),
        ({"esqlQuery": "FROM spiketrace-carbon-metrics-* | STATS m = MAX(emissions_kg_co2e)"}, "carbon"),
        ({"filterKuery": "service: TERROR"}, None),
        ({"aggField": ["cpu_pct"]}, None),
        ({}, None),
    ],
)
def test_the_signal_is_what_the_rule_measures(params: dict[str, Any], signal: str | None) -> None:
    assert signal_of(alert(**params), PROFILE) == signal


@pytest.mark.parametrize(
    ("name", "tags", "signal"),
    [
        ("CO₂ spike by service", (), "carbon"),
        ("Slow responses", (), "latency"),
        ("5xx of checkout", (), "errors"),
        ("Heap is filling", (), "memory"),
        ("Rule 17", (), None),
        ("Rule 17", ("team-a", "carbon"), "carbon"),
        ("Latency of checkout", ("error-budget",), "errors"),
    ],
)
def test_a_rule_that_measures_nothing_known_is_taken_at_its_word(
    name: str, tags: tuple[str, ...], signal: str | None
) -> None:
    assert signal_of(alert(name=name, tags=tags), PROFILE) == signal


def test_what_is_measured_goes_before_what_it_is_called() -> None:
    assert signal_of(alert(name="Error spike", tags=("errors",), aggField="cpu_pct"), PROFILE) == "cpu"


# --- time


@pytest.mark.parametrize(
    ("size", "unit", "window"),
    [
        (10, "m", timedelta(minutes=10)),
        (7.5, "m", timedelta(minutes=7.5)),
        (1, "h", timedelta(hours=1)),
        (600, "s", timedelta(minutes=10)),
        (1, "m", SHORTEST_WINDOW),
        (30, "s", SHORTEST_WINDOW),
        (24, "h", LONGEST_WINDOW),
        (7, "d", LONGEST_WINDOW),
        (0, "m", USUAL_WINDOW),
        (-5, "m", USUAL_WINDOW),
        (float("nan"), "m", USUAL_WINDOW),
        (10**400, "m", USUAL_WINDOW),
        ("10", "m", USUAL_WINDOW),
        (10, "y", USUAL_WINDOW),
        (10, None, USUAL_WINDOW),
        (None, "m", USUAL_WINDOW),
        (10, ["m"], USUAL_WINDOW),
        (10, {"m": 1}, USUAL_WINDOW),
    ],
)
def test_the_window_is_the_rules_within_reason(size: Any, unit: Any, window: timedelta) -> None:
    assert rule_window(alert(timeWindowSize=size, timeWindowUnit=unit)) == window


def test_nothing_after_the_alert_is_asked_for() -> None:
    question = understand(alert("checkout", timeWindowSize=10, timeWindowUnit="m"), PROFILE, SCOPES)
    assert question.as_of == question.window.end == DATE
    assert timedelta(minutes=10) <= question.window.length < timedelta(minutes=11)


# --- anything

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
PARAMS = (
    "termField",
    "timeWindowSize",
    "timeWindowUnit",
    "aggField",
    "filterKuery",
    "esQuery",
    "esqlQuery",
    "threshold",
)


@given(
    st.text(max_size=30),
    st.text(max_size=30),
    st.dictionaries(st.sampled_from(PARAMS), json_values),
    st.text(max_size=20),
)
def test_any_rule_asks_something(group: str, instance: str, params: dict[str, Any], name: str) -> None:
    one = alert(group, instance, name=name, tags=(name,), **params)
    question = understand(one, PROFILE, SCOPES)
    assert SHORTEST_WINDOW <= question.window.length <= LONGEST_WINDOW + timedelta(minutes=1)
    assert question.scope.service in (None, "checkout", "cart", "payments")
    assert question.scope.region in (None, US, EUROPE)
    assert not set(question.unknown) & {"checkout", US}
    guess(one, PROFILE)
