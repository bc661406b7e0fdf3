"""Who did it: victims below culprits, whatever names whom; confidences that leave room for the unseen."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis.builders import AS_OF, a_change, a_deviation, a_reading, an_error
from worker.analysis.changes import Comparison, WeighedChange, weigh
from worker.analysis.deviation import Deviation
from worker.analysis.ranking import (
    CONFIDENT,
    DEVIATES,
    Suspect,
    earliest_onset,
    effects,
    kind_of,
    rank,
    tells_of_other_end,
)
from worker.domain.report import CauseKind
from worker.domain.telemetry import Scope, ScopeDetail

US = "us-central1"
ONSET = AS_OF - timedelta(minutes=15)
CHECKOUT = Scope("checkout", US)
WORSE = Comparison("worse", side_by_side=True)
SAME = Comparison("same", side_by_side=True)


def failing(rate: float, onset_minutes: float = 0.0) -> Deviation:
    onset = ONSET + timedelta(minutes=onset_minutes)
    return a_deviation("errors", 20.0, rate, 0.004, 200, onset=onset)


def a_suspect(service: str, *deviations: Deviation, **fields: Any) -> Suspect:
    scope = Scope(service, US)
    reading = a_reading(scope, *deviations)
    found = effects(reading)
    named_by = fields.pop("named_by", {})
    onset = earliest_onset(reading, list(found))
    return Suspect(scope, reading, fields.pop("detail", None), found, named_by=named_by, onset=onset, **fields)


def errors_naming(name: str = "", count: int = 50) -> ScopeDetail:
    return ScopeDetail(errors=[an_error("BadGateway", count, 0, f"upstream {name} failed")])


def ranked(*suspects: Suspect, alerted: Scope = CHECKOUT) -> list[Suspect]:
    return rank(suspects, alerted, ONSET, 0.1)


def order(*suspects: Suspect, alerted: Scope = CHECKOUT) -> list[str | None]:
    return [one.scope.service for one in ranked(*suspects, alerted=alerted)]


def guilty(minutes_before: float = 4, service: str = "checkout") -> WeighedChange:
    return weigh(a_change(minutes_before + 15, service), ONSET, WORSE)


# --- victims and culprits


def test_a_caller_whose_errors_name_a_deviating_callee_ranks_below_it() -> None:
    caller = a_suspect("checkout", failing(0.5), detail=errors_naming("payments"))
    callee = a_suspect("payments", failing(0.3), named_by={"checkout": 0.95})
    assert order(caller, callee) == ["payments", "checkout"]


def test_it_does_so_even_where_the_caller_fails_far_more() -> None:
    caller = a_suspect("checkout", failing(0.95), a_deviation("latency", 30, 2000, 100))
    callee = a_suspect("payments", failing(0.12), named_by={"checkout": 1.0})
    assert order(caller, callee) == ["payments", "checkout"]


def test_a_culprit_with_many_victims_is_as_sure_as_one_with_few() -> None:
    """Only some of them are read closely: the errors of the others are not known to name anybody."""

    def outage(callers: int) -> Suspect:
        read = [a_suspect(f"app-{n}", failing(0.9), detail=errors_naming("billing")) for n in range(min(callers, 8))]
        unread = [a_suspect(f"app-{n}", failing(0.9)) for n in range(8, callers)]
        named_by = {one.scope.service or "": 1.0 for one in read}
        change = guilty(service="billing")
        billing = a_suspect("billing", failing(0.9), named_by=named_by, change=change, detail=ScopeDetail())
        return ranked(*read, *unread, billing, alerted=Scope("app-0", US))[0]

    assert [outage(callers).scope.service for callers in (8, 19, 60)] == ["billing"] * 3
    assert outage(8).confidence > outage(19).confidence == outage(60).confidence >= CONFIDENT


def test_along_a_chain_the_last_is_the_cause() -> None:
    suspects = [
        a_suspect("frontend", failing(0.3)),
        a_suspect("checkout", failing(0.3), named_by={"frontend": 0.9}),
        a_suspect("payments", failing(0.3), named_by={"checkout": 0.9}),
        a_suspect("ledger", failing(0.3), named_by={"payments": 0.9}),
    ]
    assert order(*suspects, alerted=Scope("frontend", US))[0] == "ledger"


def test_a_callee_that_several_name_is_blamed_though_it_logs_nothing() -> None:
    """An outage that only its callers see."""
    callee = Suspect(Scope("payments", US), None, None, named_by={"checkout": 0.9, "cart": 0.9})
    callers = [a_suspect("checkout", failing(0.4)), a_suspect("cart", failing(0.4))]
    assert order(*callers, callee)[0] == "payments"


def test_a_caller_with_a_guilty_change_of_its_own_is_no_victim() -> None:
    """A bad deployment that calls its callee wrongly: the callee's errors come of it."""
    caller = a_suspect("checkout", failing(0.5), change=guilty())
    callee = a_suspect("payments", failing(0.05), named_by={"checkout": 0.8})
    assert order(caller, callee) == ["checkout", "payments"]


def test_two_that_name_each_other_come_to_an_end() -> None:
    one = a_suspect("checkout", failing(0.4), named_by={"cart": 0.9})
    other = a_suspect("cart", failing(0.3), named_by={"checkout": 0.9})
    found = ranked(one, other)
    assert {suspect.scope.service for suspect in found} == {"checkout", "cart"}
    assert all(suspect.score > 0 for suspect in found)


def test_a_cycle_of_three_and_one_that_names_itself_come_to_an_end() -> None:
    names = ["a-service", "b-service", "c-service"]
    suspects = [
        a_suspect(name, failing(0.3), named_by={names[number - 1]: 0.7, name: 0.3}) for number, name in enumerate(names)
    ]
    assert len(ranked(*suspects, alerted=Scope("a-service", US))) == 3


# --- place, time and change


def test_a_service_that_nothing_connects_ranks_below_the_alerted_one() -> None:
    assert order(a_suspect("search", failing(0.35)), a_suspect("checkout", failing(0.3))) == ["checkout", "search"]


def test_what_the_alerted_service_names_is_connected_however_far() -> None:
    far = [
        a_suspect("checkout", failing(0.3)),
        a_suspect("payments", failing(0.3), named_by={"checkout": 0.9}),
        a_suspect("ledger", failing(0.3), named_by={"payments": 0.9}),
        a_suspect("search", failing(0.3), named_by={"frontend": 0.9}),
    ]
    placed = {one.scope.service: one.factors["place"] for one in ranked(*far)}
    assert placed == {"checkout": 1.0, "payments": 1.0, "ledger": 1.0, "search": pytest.approx(0.35)}


def test_a_region_is_wherever_the_alert_is() -> None:
    found = ranked(a_suspect("checkout", failing(0.3)), a_suspect("cart", failing(0.3)), alerted=Scope(None, US))
    assert [one.factors["place"] for one in found] == [1.0, 1.0]


def test_what_set_in_later_is_no_cause() -> None:
    early = a_suspect("payments", failing(0.3), named_by={"checkout": 0.4})
    late = a_suspect("ledger", failing(0.3, onset_minutes=8), named_by={"checkout": 0.4})
    caller = a_suspect("checkout", failing(0.3))
    placed = order(caller, late, early)
    assert placed.index("payments") < placed.index("ledger")


def test_a_change_that_fits_raises_a_suspect() -> None:
    with_change, without = (ranked(a_suspect("checkout", failing(0.3), change=one))[0] for one in (guilty(), None))
    assert with_change.confidence > without.confidence
    assert with_change.confidence > 0.5


def test_a_change_alone_is_no_cause() -> None:
    """Deployed, and nothing to be seen of it."""
    found = ranked(a_suspect("cart", change=guilty(service="cart")), a_suspect("checkout", failing(0.2)))
    assert found[0].scope.service == "checkout"
    assert found[1].score == 0


def test_errors_that_tell_of_an_unnamed_other_end_leave_the_cause_open() -> None:
    timeouts = ScopeDetail(errors=[an_error("ConnectTimeout", 80, 0, "no answer")])
    own = ScopeDetail(errors=[an_error("NullPointerException", 80, 0, "cart is null")])
    suffering, failing_itself = (
        ranked(a_suspect("checkout", failing(0.4), detail=detail))[0].confidence for detail in (timeouts, own)
    )
    assert suffering < 0.5 < failing_itself


@pytest.mark.parametrize(
    ("name", "message", "expected"),
    [
        ("ConnectTimeout", "", True),
        ("", "dial tcp: connection refused", True),
        ("UpstreamUnavailable", "", True),
        ("NullPointerException", "connection is null", False),
        ("ValidationError", "", False),
        ("", "", False),
    ],
)
def test_words_of_the_other_end(name: str, message: str, expected: bool) -> None:
    assert tells_of_other_end(an_error(name, 1, 0, message)) is expected


# --- confidence


def test_nothing_deviates_nobody_is_suspected() -> None:
    assert [one.confidence for one in ranked(a_suspect("checkout"), a_suspect("cart"))] == [0, 0]


def test_a_weak_effect_is_not_trusted_though_it_stands_alone() -> None:
    """What nothing here shows keeps its weight."""
    assert ranked(a_suspect("checkout", failing(0.02)))[0].confidence < 0.5


def test_two_like_suspects_share_the_confidence() -> None:
    found = ranked(a_suspect("checkout", failing(0.3)), a_suspect("cart", failing(0.3)), alerted=Scope(None, US))
    assert found[0].confidence == pytest.approx(found[1].confidence)
    assert found[0].confidence < 0.5


deviations = st.lists(
    st.builds(
        a_deviation,
        st.sampled_from(["errors", "latency", "cpu", "memory", "retries", "carbon_per_demand", "carbon", "traffic"]),
        st.floats(-99, 99),
        st.floats(0, 1e4),
        st.floats(0, 1e4),
    ),
    max_size=4,
)
NAMES = ["checkout", "cart", "payments", "ledger", "search"]


@st.composite
def a_shop(draw: st.DrawFn) -> list[Suspect]:
    """Some services, each with any deviations, any that name it, and maybe a change."""
    suspects = []
    for name in NAMES[: draw(st.integers(1, len(NAMES)))]:
        named_by = draw(st.dictionaries(st.sampled_from([*NAMES, "gone"]), st.floats(0.01, 1), max_size=4))
        change = draw(st.sampled_from([None, guilty(service=name), weigh(a_change(30, name), ONSET, SAME)]))
        found = draw(deviations)
        suspects.append(a_suspect(name, *found, named_by=named_by, change=change, is_demand=draw(st.booleans())))
    return suspects


@given(a_shop(), st.sampled_from([CHECKOUT, Scope(None, US), Scope(None, None), Scope("unknown", US)]))
@settings(max_examples=50, deadline=None)
def test_confidences_are_shares_and_leave_room_for_the_unseen(suspects: list[Suspect], alerted: Scope) -> None:
    found = rank(suspects, alerted, ONSET, 0.1)
    assert {one.scope for one in found} == {one.scope for one in suspects}
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    assert all(0 <= one.confidence <= 1 for one in found)
    assert sum(one.confidence for one in found) < 1
    assert all(0 <= value <= 1 for one in found for name, value in one.factors.items() if name != "change")


@given(a_shop())
@settings(max_examples=50, deadline=None)
def test_the_order_of_the_suspects_does_not_matter(suspects: list[Suspect]) -> None:
    forwards = {one.scope: one.score for one in rank(suspects, CHECKOUT, ONSET, 0.1)}
    backwards = {one.scope: one.score for one in rank(suspects[::-1], CHECKOUT, ONSET, 0.1)}
    assert forwards == pytest.approx(backwards)


# --- effects and kinds


def test_only_what_is_certain_and_material_is_an_effect() -> None:
    scope = Scope("cart", US)
    uncertain = a_deviation("errors", 2.0, 0.5, 0.004)
    immaterial = a_deviation("latency", 40.0, 105, 100)
    both = a_deviation("cpu", 40.0, 90, 40)
    assert set(effects(a_reading(scope, uncertain, immaterial, both))) == {"cpu"}


def test_beside_a_confirmed_spike_less_certainty_is_enough() -> None:
    assert effects(a_reading(Scope("cart", US), a_deviation("errors", 4.5, 0.3, 0.004)))


@pytest.mark.parametrize(("lines", "is_silent"), [(0.0, True), (5.0, True), (9.0, False)])
def test_a_service_that_hardly_logs_is_silent(lines: float, is_silent: bool) -> None:
    """Lines a minute are negated, so that fewer of them is a rise."""
    found = effects(a_reading(Scope("cart", US), a_deviation("silence", 20, -lines, -20)))
    assert ("silence" in found) is is_silent


def test_some_retries_more_are_no_effect() -> None:
    assert not effects(a_reading(Scope("cart", US), a_deviation("retries", 20, 0.05, 0.01)))
    assert effects(a_reading(Scope("cart", US), a_deviation("retries", 20, 0.07, 0.01)))


def test_demand_is_no_effect() -> None:
    assert effects(a_reading(Scope("cart", US), a_deviation("traffic", 50, 900, 300))) == {}


@given(deviations)
def test_effects_are_shares(found: list[Deviation]) -> None:
    suspect = a_suspect("cart", *found)
    assert all(0 <= one <= 1 for one in suspect.effects.values())
    assert 0 <= suspect.own <= 1


def test_more_failing_requests_are_a_greater_effect() -> None:
    owns = [a_suspect("cart", failing(rate)).own for rate in (0.02, 0.1, 0.3, 0.9)]
    assert owns == sorted(owns)
    assert owns[0] < owns[-1]
    assert owns[1] >= DEVIATES


@pytest.mark.parametrize(
    ("suspect", "alerted", "kind"),
    [
        (a_suspect("checkout", failing(0.4), change=guilty()), CHECKOUT, CauseKind.DEPLOYMENT),
        (a_suspect("payments", failing(0.4)), CHECKOUT, CauseKind.DEPENDENCY),
        (a_suspect("payments", failing(0.4), change=guilty(service="payments")), CHECKOUT, CauseKind.DEPLOYMENT),
        (a_suspect("checkout", failing(0.4)), CHECKOUT, CauseKind.ERROR),
        (a_suspect("checkout", a_deviation("cpu", 30, 90, 40)), CHECKOUT, CauseKind.RESOURCE),
        (a_suspect("checkout", a_deviation("carbon_per_demand", 30, 90, 40)), CHECKOUT, CauseKind.RESOURCE),
        (a_suspect("checkout", is_demand=True), CHECKOUT, CauseKind.TRAFFIC),
        (a_suspect("checkout", a_deviation("latency", 30, 900, 100)), CHECKOUT, CauseKind.UNKNOWN),
        (a_suspect("cart", failing(0.4)), Scope(None, US), CauseKind.ERROR),
        (a_suspect("cart", failing(0.4), named_by={"checkout": 1.0}), Scope(None, US), CauseKind.DEPENDENCY),
    ],
)
def test_kinds(suspect: Suspect, alerted: Scope, kind: CauseKind) -> None:
    assert kind_of(suspect, alerted) is kind
