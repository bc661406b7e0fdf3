"""What a replay came to, in figures."""

from __future__ import annotations

from typing import Any

from tests.replay import builders
from tests.replay.builders import item, replay
from worker.domain.report import Verdict
from worker.replay.compare import gist
from worker.replay.model import Difference, ItemState, Label
from worker.replay.summary import document, full_document, summarise

LABEL = Label(service="checkout")
DIFFERS: dict[str, Any] = {
    "state": ItemState.DIFFERENT,
    "changed": ["verdict", "confidence"],
    "differences": [
        Difference(field="verdict", before="root_cause", after="inconclusive"),
        Difference(field="confidence", before=0.9, after=0.4),
    ],
    "why": ["data"],
}


def test_the_document_lists_each_difference_and_each_failure() -> None:
    items = [
        item("a", state=ItemState.SAME),
        item("b", **DIFFERS),
        item("c", state=ItemState.NEW, report_id="r-c"),
        item("d", state=ItemState.FAILED, reason="the engine refused"),
    ]
    assert document("replay-1", summarise(items)) == {
        "replay_id": "replay-1",
        "alerts": 4,
        "same": 1,
        "different": [
            {"alert_id": "b", "field": "verdict", "before": "root_cause", "after": "inconclusive"},
            {"alert_id": "b", "field": "confidence", "before": 0.9, "after": 0.4},
            {"alert_id": "c", "field": "report", "before": None, "after": "r-c"},
        ],
        "failed": [{"alert_id": "d", "reason": "the engine refused"}],
        "why": {"b": ["data"]},
    }
    assert full_document(replay(), summarise(items))["reasons"] == {"data": 1}


def test_with_labels_worse_is_fewer_right() -> None:
    right: dict[str, Any] = {"right_before": True, "right_after": True}
    wrong: dict[str, Any] = {"right_before": True, "right_after": False}
    gained: dict[str, Any] = {"right_before": False, "right_after": True}
    done: dict[str, Any] = {"label": LABEL, "state": ItemState.SAME}
    assert summarise([item("a", **done, **wrong), item("b", **done, **right)]).is_worse
    assert not summarise([item("a", **done, **wrong, lost=True), item("b", **done, **gained)]).is_worse
    accuracy = summarise([item("a", **done, **wrong), item("b", **done, **right)]).accuracy
    assert (accuracy.share_before, accuracy.share_after) == (1.0, 0.5)


def test_a_labelled_alert_that_fails_is_not_right() -> None:
    failed = item("a", state=ItemState.FAILED, label=LABEL, right_before=True)
    assert summarise([failed]).is_worse
    assert not summarise([item("a", state=ItemState.CANCELLED, label=LABEL)]).accuracy.labelled


def test_without_labels_worse_is_an_answer_that_is_lost() -> None:
    assert summarise([item("a", **DIFFERS, lost=True)]).worse_in_words() == "1 alert without the answer there was: a"
    assert not summarise([item("a", **DIFFERS)]).is_worse
    assert summarise([item("a", state=ItemState.FAILED, lost=True)]).is_worse
    assert not summarise([item("a", state=ItemState.FAILED)]).is_worse


def test_what_was_held_against_nothing_is_not_compared() -> None:
    new, failed = item("a", state=ItemState.NEW), item("b", state=ItemState.FAILED)
    assert summarise([new, failed]).compared == 0
    assert summarise([new, item("b", state=ItemState.FAILED, lost=True), item("c", **DIFFERS)]).compared == 2


def test_the_full_document_counts_every_state() -> None:
    found = full_document(replay(alerts=2), summarise([item("a"), item("b", state=ItemState.SAME)]))
    assert found["state"] == "running"
    assert found["tally"] == {
        "waiting": 1,
        "running": 0,
        "same": 1,
        "different": 0,
        "new": 0,
        "failed": 0,
        "cancelled": 0,
    }


def test_verdicts_are_counted_from_and_to() -> None:
    was, now = gist(builders.document()), gist(builders.document(verdict=Verdict.INCONCLUSIVE, root_cause=None))
    found = summarise([item("a", was=was, now=now, **DIFFERS)])
    assert found.verdicts == {("root_cause", "inconclusive"): 1}
