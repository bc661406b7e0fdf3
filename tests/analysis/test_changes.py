"""Which change fits: the same minutes side by side, before and after, and how long ago."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.analysis.builders import AS_OF, CHECKOUT, a_change
from worker.analysis.changes import LOOK_BACK, Comparison, compare, concerns, near, weigh
from worker.domain.telemetry import Part, Scope

OLD, NEW = "deploy-1", "deploy-2"
LIVE = AS_OF - timedelta(minutes=20)
WORSE = Comparison("worse", side_by_side=True)
SAME = Comparison("same", side_by_side=True)
UNKNOWN = Comparison("unknown", side_by_side=False)


def part(minute: int, deployment: str, lines: float, errors: float = 0, latency_ms: float = 80) -> Part:
    """So many minutes after the deployment went live."""
    return Part(LIVE + timedelta(minutes=minute), deployment, lines, errors, lines * latency_ms, lines)


def minutes(
    first: int, last: int, deployment: str, lines: float, errors: float = 0, latency_ms: float = 80
) -> list[Part]:
    return [part(minute, deployment, lines, errors, latency_ms) for minute in range(first, last)]


# --- old against new


def test_in_the_same_minutes_the_new_version_fails() -> None:
    found = compare([*minutes(0, 10, OLD, 20), *minutes(0, 10, NEW, 20, 8)], NEW, LIVE)
    assert (found.verdict, found.side_by_side) == ("worse", True)
    assert found.error_share_new == pytest.approx(0.4)
    assert found.error_share_old == 0
    assert (found.lines_new, found.lines_old) == (200, 200)


def test_when_both_versions_fail_it_is_not_the_new_one() -> None:
    """Everything failed from the moment of the rollout on: a dependency's outage, not the deployment."""
    parts = [*minutes(-30, 0, OLD, 20), *minutes(0, 10, OLD, 20, 8), *minutes(0, 10, NEW, 20, 8)]
    found = compare(parts, NEW, LIVE)
    assert (found.verdict, found.side_by_side) == ("same", True)


def test_minutes_of_one_version_do_not_count_in_a_comparison_side_by_side() -> None:
    parts = [
        *minutes(-30, 0, OLD, 100, 90),
        *minutes(0, 5, OLD, 20),
        *minutes(0, 5, NEW, 20),
        *minutes(5, 30, NEW, 50, 50),
    ]
    found = compare(parts, NEW, LIVE)
    assert (found.verdict, found.side_by_side) == ("same", True)
    assert (found.lines_new, found.lines_old) == (100, 100)


def test_without_a_rollout_after_is_compared_with_before() -> None:
    found = compare([*minutes(-30, 0, OLD, 10), *minutes(0, 15, NEW, 10, 3)], NEW, LIVE)
    assert (found.verdict, found.side_by_side) == ("worse", False)
    assert found.error_share_new == pytest.approx(0.3)


def test_lines_of_the_old_version_after_the_change_are_not_from_before() -> None:
    """A straggler that fails by itself, in minutes of its own."""
    parts = [*minutes(-30, 0, OLD, 10), *minutes(0, 15, NEW, 10), *minutes(15, 20, OLD, 1, 1)]
    found = compare(parts, NEW, LIVE)
    assert found.error_share_old == 0


def test_slower_is_worse_too() -> None:
    found = compare([*minutes(0, 10, OLD, 20), *minutes(0, 10, NEW, 20, latency_ms=200)], NEW, LIVE)
    assert found.verdict == "worse"
    assert (found.latency_new_ms, found.latency_old_ms) == (200, 80)


def test_no_latency_is_not_zero_latency() -> None:
    untimed = [Part(LIVE, OLD, 100, 0, 0, 0), Part(LIVE, NEW, 100, 0, 0, 0)]
    found = compare(untimed, NEW, LIVE)
    assert (found.verdict, found.latency_new_ms, found.latency_old_ms) == ("same", None, None)


@pytest.mark.parametrize("lines", [1, 5, 19])
def test_few_lines_prove_nothing(lines: int) -> None:
    assert compare([part(0, OLD, lines), part(0, NEW, lines, lines)], NEW, LIVE).verdict == "unknown"
    assert compare([part(-5, OLD, lines), part(5, NEW, lines, lines)], NEW, LIVE).verdict == "unknown"


@pytest.mark.parametrize("minute", [0, -5])
def test_twenty_lines_of_each_are_enough(minute: int) -> None:
    assert compare([part(minute, OLD, 20), part(0, NEW, 20, 15)], NEW, LIVE).verdict == "worse"


def test_few_errors_among_enough_lines_prove_nothing() -> None:
    assert compare([part(0, OLD, 30), part(0, NEW, 30, 1)], NEW, LIVE).verdict == "same"


@pytest.mark.parametrize(("old", "new"), [(1e3, 3e3), (1.2e4, 1.9e4)])
def test_a_tiny_difference_of_many_lines_is_not_worse(old: float, new: float) -> None:
    """Certain, but of no weight: 0.3 % against 0.1 %, or 1.9 % against 1.2 %."""
    assert compare([part(0, OLD, 1e6, old), part(0, NEW, 1e6, new)], NEW, LIVE).verdict == "same"


def test_fewer_errors_are_not_worse() -> None:
    assert compare([part(0, OLD, 500, 200), part(0, NEW, 500, 5)], NEW, LIVE).verdict == "same"


def test_several_other_versions_count_as_the_old_one() -> None:
    found = compare([part(0, OLD, 50, 1), part(0, "deploy-0", 50, 1), part(0, NEW, 50, 25)], NEW, LIVE)
    assert (found.verdict, found.lines_old) == ("worse", 100)


def test_nothing_logged_is_unknown() -> None:
    assert compare([], NEW, LIVE) == UNKNOWN
    assert compare(minutes(-10, 10, OLD, 100, 5), NEW, LIVE).verdict == "unknown"
    assert compare(minutes(-10, 10, NEW, 100, 5), NEW, LIVE).verdict == "unknown"


counts = st.integers(0, 300)
some_parts = st.lists(
    st.builds(
        lambda minute, deployment, lines, errors: part(minute, deployment, lines, min(errors, lines)),
        st.integers(-30, 30),
        st.sampled_from([OLD, NEW, "deploy-0"]),
        counts,
        counts,
    ),
    max_size=30,
)


@given(some_parts)
def test_any_parts_can_be_compared(parts: list[Part]) -> None:
    found = compare(parts, NEW, LIVE)
    assert 0 <= found.error_share_new <= 1
    assert 0 <= found.error_share_old <= 1
    if found.verdict == "worse":
        assert found.error_share_new > found.error_share_old


# --- how well a change fits


def test_a_guilty_change_outweighs_a_closer_innocent_one() -> None:
    guilty = weigh(a_change(25), AS_OF, WORSE)
    assert guilty.weight > weigh(a_change(1), AS_OF, UNKNOWN).weight
    assert guilty.weight > weigh(a_change(1), AS_OF, SAME).weight


def test_of_two_like_changes_the_later_one_fits_better() -> None:
    for comparison in (WORSE, SAME, UNKNOWN, Comparison("worse", side_by_side=False)):
        assert weigh(a_change(3), AS_OF, comparison).weight > weigh(a_change(60), AS_OF, comparison).weight


def test_what_was_seen_weighs_more_than_what_was_not_and_more_than_what_speaks_against() -> None:
    change = a_change(10)
    weights = [
        weigh(change, AS_OF, one).weight for one in (WORSE, Comparison("worse", side_by_side=False), UNKNOWN, SAME)
    ]
    assert weights == sorted(weights, reverse=True)
    assert weights[0] > 1.5 * weights[2]
    assert weights[3] < 0.3 * weights[2]


@given(st.floats(-3, 120), st.sampled_from(["worse", "same", "unknown"]), st.booleans())
def test_a_weight_is_a_share(before: float, verdict: str, side_by_side: bool) -> None:
    comparison = Comparison(verdict, side_by_side)  # type: ignore[arg-type]
    found = weigh(a_change(before), AS_OF, comparison)
    assert 0 <= found.weight <= 1
    assert found.minutes_before_onset == pytest.approx(before, abs=1e-6)


# --- which may have brought it about


def test_changes_near_the_onset_the_latest_first() -> None:
    changes = [a_change(before) for before in (90, 4, -2, 300, -30, 119)]
    found = near(changes, AS_OF)
    assert [round((AS_OF - one.at).total_seconds() / 60) for one in found] == [-2, 4, 90, 119]


def test_the_look_back_is_inclusive() -> None:
    edge = a_change(LOOK_BACK.total_seconds() / 60)
    assert near([edge], AS_OF) == [edge]


@pytest.mark.parametrize(
    ("service", "region", "scope", "expected"),
    [
        ("checkout", "us-central1", CHECKOUT, True),
        ("cart", "us-central1", CHECKOUT, False),
        ("checkout", "europe-west1", CHECKOUT, False),
        ("checkout", None, CHECKOUT, True),
        (None, None, CHECKOUT, True),
        (None, "europe-west1", CHECKOUT, False),
        ("checkout", "europe-west1", Scope("checkout", None), True),
        ("cart", "europe-west1", Scope("checkout", None), False),
    ],
)
def test_a_change_concerns_its_own_scope(service: str | None, region: str | None, scope: Scope, expected: bool) -> None:
    assert concerns(a_change(5, service, region=region), scope) is expected
