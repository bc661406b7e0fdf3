"""The comparison of three versions, on any values."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kibana.setup.compare import ABSENT, Applied, Take, flatten, merge, nest, same, settle

LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from(["a", "b"]), st.lists(st.integers(0, 2))
)
# A field is a value or an object, never now this and now that.
BODIES = st.fixed_dictionaries(
    {},
    optional={
        "x": LEAVES,
        "y": LEAVES,
        "z": st.fixed_dictionaries({}, optional={"x": LEAVES, "y": LEAVES, "z": LEAVES}),
    },
)
TAKES = st.sampled_from([None, Take.OURS, Take.THEIRS])


def without_empty(body: dict[str, Any]) -> dict[str, Any]:
    return nest(flatten(body))


@given(BODIES)
def test_a_body_survives_being_taken_apart(body: dict[str, Any]) -> None:
    assert flatten(nest(flatten(body))) == flatten(body)


@given(BODIES, TAKES)
def test_what_is_as_wanted_needs_nothing(body: dict[str, Any], take: Take | None) -> None:
    merged = merge(body, body, None, take)
    assert (merged.changes, merged.kept) == ([], [])


@given(BODIES, BODIES)
def test_without_knowing_who_wrote_it_nothing_is_overwritten(desired: dict[str, Any], there: dict[str, Any]) -> None:
    merged = merge(desired, there, None)
    assert merged.body == without_empty(there)
    assert merged.changes == []


@given(BODIES, BODIES)
def test_what_nobody_touched_becomes_what_is_wanted(desired: dict[str, Any], before: dict[str, Any]) -> None:
    merged = merge(desired, before, Applied(before, before))
    assert merged.body == without_empty(desired)
    assert merged.theirs == []


@given(BODIES, BODIES, BODIES)
def test_what_they_changed_stays(desired: dict[str, Any], before: dict[str, Any], there: dict[str, Any]) -> None:
    merged = merge(desired, there, Applied(before, before))
    now, then, result = flatten(there), flatten(before), flatten(merged.body)
    for path, value in now.items():
        if path not in then or not same(then[path], value):
            assert same(result[path], value)


@given(BODIES, BODIES, BODIES)
def test_ours_leaves_nothing_of_ours_undone(
    desired: dict[str, Any], before: dict[str, Any], there: dict[str, Any]
) -> None:
    merged = merge(desired, there, Applied(before, before), Take.OURS)
    result = flatten(merged.body)
    for path, value in flatten(desired).items():
        assert same(result.get(path, ABSENT), value)


@given(BODIES, BODIES, BODIES, TAKES)
def test_a_second_time_there_is_nothing_to_do(
    desired: dict[str, Any], before: dict[str, Any], there: dict[str, Any], take: Take | None
) -> None:
    applied = Applied(before, before)
    merged = merge(desired, there, applied, take)
    after = settle(merged, desired, merged.body, applied)
    again = merge(desired, merged.body, after, None)
    assert again.changes == []
    assert [change.path for change in again.theirs] == [change.path for change in merged.theirs]
    if take is Take.THEIRS:
        assert again.kept == []


@given(BODIES, BODIES)
def test_kibanas_own_defaults_are_nobodys_change(desired: dict[str, Any], defaults: dict[str, Any]) -> None:
    seen = nest({**flatten(defaults), **flatten(desired)})
    merged = merge(desired, seen, Applied(desired, seen))
    assert (merged.changes, merged.theirs) == ([], [])


def test_a_number_is_no_truth_value() -> None:
    assert same(1, 1.0)
    assert not same(1, True)
    assert not same([0], [False])
    assert same({"a": [1.0]}, {"a": [1]})
