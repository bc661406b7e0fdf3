"""Which way an issue goes when its incident is over, or back."""

from __future__ import annotations

from typing import Any

import pytest

from worker.delivery.jira.transitions import Transition, back_to_work, offered, request_of, to_done

REQUIRED_BY_PEOPLE = {"customfield_1": {"required": True, "hasDefaultValue": False}}


def way(number: str, to: str, category: str = "done", *, name: str = "", fields: Any = None) -> Transition:
    to_status = {"name": to, "statusCategory": {"key": category}}
    return Transition.model_validate({"id": number, "name": name or to, "to": to_status, "fields": fields or {}})


def resolution(*names: str, required: bool = True) -> dict[str, Any]:
    allowed = [{"id": str(number), "name": name} for number, name in enumerate(names)]
    return {"resolution": {"required": required, "hasDefaultValue": False, "allowedValues": allowed}}


def taken(transition: Transition | None) -> str | None:
    return transition.id if transition else None


@pytest.mark.parametrize(
    ("ways", "chosen"),
    [
        ([], None),
        ([way("1", "In Progress", "indeterminate")], None),
        ([way("1", "In Progress", "indeterminate"), way("2", "Done")], "2"),
        ([way("1", "Closed"), way("2", "Resolved")], "2"),
        ([way("1", "Erledigt")], "1"),
        ([way("1", "Erledigt"), way("2", "DONE")], "2"),
        ([way("1", "Won't do"), way("2", "Cancelled"), way("3", "Abgeschlossen")], "3"),
        ([way("1", "Done", name="Close as duplicate")], None),
        ([way("1", "Done", fields=REQUIRED_BY_PEOPLE)], None),
        ([way("1", "Done", fields=REQUIRED_BY_PEOPLE), way("2", "Closed")], "2"),
        ([way("1", "Done", fields={"summary": {"required": True, "hasDefaultValue": True}})], "1"),
        ([way("1", "Done", fields=resolution("Duplicate", "Won't Do"))], None),
    ],
)
def test_the_best_way_to_the_end(ways: list[Transition], chosen: str | None) -> None:
    assert taken(to_done(ways, None)) == chosen


@pytest.mark.parametrize("named", ["9", "close it", "Archived"])
def test_the_way_that_is_named(named: str) -> None:
    assert taken(to_done([way("1", "Done"), way("9", "Archived", "new", name="Close it")], named)) == "9"


def test_a_way_that_is_named_and_not_there_is_none() -> None:
    assert to_done([way("1", "Done")], "Close it") is None


def test_the_way_back_is_to_the_beginning() -> None:
    ways = [way("1", "Closed"), way("2", "In Progress", "indeterminate"), way("3", "Open", "new")]
    assert taken(back_to_work(ways)) == "3"
    assert taken(back_to_work(ways[:2])) == "2"
    assert back_to_work(ways[:1]) is None


@pytest.mark.parametrize("required", [True, False])
def test_a_resolution_is_given_wherever_there_is_one(required: bool) -> None:
    end = way("5", "Done", fields=resolution("Duplicate", "Fixed", required=required))
    assert request_of(end) == {"transition": {"id": "5"}, "fields": {"resolution": {"name": "Fixed"}}}


def test_no_field_is_sent_that_the_screen_does_not_have() -> None:
    assert request_of(way("5", "Done")) == {"transition": {"id": "5"}}


@pytest.mark.parametrize("body", [{}, {"transitions": "none"}, {"transitions": [{"name": "without an id"}]}, []])
def test_what_is_no_list_of_transitions_is_said(body: Any) -> None:
    with pytest.raises(ValueError, match="no list of transitions"):
        offered(body)
