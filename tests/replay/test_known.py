"""What was known of incidents at a time: neither what began nor what was written later."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.replay.builders import NOW, seconds
from worker.domain.window import iso
from worker.known import Knowledge, first_knowledge, known

HOUR = timedelta(hours=1)


def entry(event: str, at: float, **more: Any) -> dict[str, Any]:
    return {"at": iso(NOW + seconds(at)), "event": event, "reason": "…", **more}


def ours(*entries: dict[str, Any], **more: Any) -> dict[str, Any]:
    document = {
        "@timestamp": iso(NOW - HOUR),
        "title": "now",
        "summary": "as it is now",
        "status": "resolved",
        "alert_ids": ["first", "second"],
        "history": list(entries),
    }
    return {"_id": "i", "_source": document | more}


def seen(hit: dict[str, Any], by: float | None = 0, **more: Any) -> dict[str, Any] | None:
    knowledge = Knowledge(by=None if by is None else NOW + seconds(by), **more)
    found = known([hit], NOW, knowledge, most=10)
    return found[0]["_source"] if found else None


def test_one_that_was_opened_later_was_not_known() -> None:
    assert seen(ours(entry("opened", 1))) is None
    assert seen(ours(entry("opened", 0))) is not None


def test_what_is_being_written_is_not_known_to_an_investigation_that_begins_now() -> None:
    opened = [ours(entry("opened", 0)), ours(entry("opened", -4)), ours(entry("opened", -5))]
    found = known(opened, NOW, first_knowledge(NOW), most=10)
    assert [hit["_source"]["history"][0]["at"] for hit in found] == [iso(NOW - seconds(5))]


def test_an_alert_knows_that_it_joined_when_its_first_investigation_is_taken_up_again() -> None:
    (found,) = known([ours(entry("opened", -9))], NOW, first_knowledge(NOW), most=10)
    assert found["_source"]["alert_ids"] == ["first", "second"]


def test_one_that_began_later_was_not_known() -> None:
    assert seen(ours(entry("opened", -9), **{"@timestamp": iso(NOW)})) is None


@pytest.mark.parametrize(
    ("entries", "status"),
    [
        ([("opened", -9)], "open"),
        ([("opened", -9), ("resolved", -5)], "resolved"),
        ([("opened", -9), ("resolved", 5)], "open"),
        ([("opened", -9), ("resolved", -5), ("reopened", -3)], "open"),
        ([("opened", -9), ("resolved", -5), ("reopened", 3), ("resolved", 5)], "resolved"),
        ([("opened", -9), ("resolved", -5), ("closed", -2)], "closed"),
        ([("opened", -9), ("resolved", -5), ("closed", 2)], "resolved"),
        ([("opened", -9), ("joined", -5), ("resolved", 2)], "open"),
    ],
)
def test_its_status_is_that_of_then(entries: list[tuple[str, float]], status: str) -> None:
    found = seen(ours(*(entry(*one) for one in entries), resolved_at=iso(NOW - seconds(6))))
    assert found
    assert found["status"] == status


def test_one_that_ended_after_the_alert_was_open_however_late_somebody_looks() -> None:
    ended = ours(entry("opened", -9), entry("resolved", 300), resolved_at=iso(NOW + seconds(60)))
    for by in (None, 4000.0):
        found = seen(ended, by=by)
        assert found
        assert found["status"] == "open"


def test_its_words_are_those_of_then() -> None:
    first, second = {"title": "first", "summary": "one"}, {"title": "second", "summary": "two"}
    hit = ours(entry("opened", -9), entry("cause", 3, was=first), entry("cause", 5, was=second))
    for by, title in ((0, "first"), (4, "second"), (6, "now")):
        found = seen(hit, by=by)
        assert found
        assert found["title"] == title


def test_an_alert_that_joined_later_was_not_its_own() -> None:
    found, live = (seen(ours(entry("opened", -9), entry("joined", 3)), by=by) for by in (0, None))
    assert found
    assert live
    assert (found["alert_ids"], live["alert_ids"]) == (["first"], ["first", "second"])


def test_as_of_now_it_is_what_it_is() -> None:
    hit = ours(entry("opened", 99), resolved_at=iso(NOW + HOUR))
    assert seen(hit, by=None, as_of_now=True) == hit["_source"]


@pytest.mark.parametrize(
    "source",
    [
        {"title": "theirs"},
        {"title": "theirs", "history": "long"},
        {"alert_ids": ["a"], "history": "long"},
        {"alert_ids": ["a"], "history": [{"at": "late"}, 3, None]},
    ],
)
def test_what_others_write_there_is_taken_as_it_stands(source: dict[str, Any]) -> None:
    document = {"@timestamp": iso(NOW - HOUR), **source}
    assert seen({"_id": "i", "_source": document}) == document


def test_the_order_stays_and_the_limit_is_of_what_was_known() -> None:
    hits = [ours(entry("opened", at)) | {"_id": str(at)} for at in (5, -1, 6, -2, -3)]
    found = known(hits, NOW, Knowledge(by=NOW), most=2)
    assert [hit["_id"] for hit in found] == ["-1", "-2"]


events = st.sampled_from(["joined", "cause", "resolved", "reopened", "closed", "settled", "odd"])
later = st.lists(st.tuples(events, st.floats(0.01, 1e6)), max_size=6)


@given(later)
def test_whatever_is_written_later_changes_nothing(more: list[tuple[str, float]]) -> None:
    """An incident is read the same before and after it was changed, once one looks as of before."""
    before = ours(entry("opened", -9), alert_ids=["first"], status="open", title="then", summary="then")
    was = {"title": "then", "summary": "then"}
    entries = [entry(event, at, was=was) for event, at in sorted(more, key=lambda one: one[1])]
    words = {} if any(event == "cause" for event, _ in more) else was
    after = ours(*before["_source"]["history"], *entries, resolved_at=iso(NOW + HOUR), **words)
    fields = ("title", "summary", "status", "alert_ids", "@timestamp")
    seen_before, seen_after = seen(before), seen(after)
    assert seen_before
    assert seen_after
    assert [seen_before[name] for name in fields] == [seen_after[name] for name in fields]
