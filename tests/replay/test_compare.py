"""Two reports side by side: what counts as a difference, and what does not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.replay.builders import NOW, document
from tests.webhook_pages import samples
from worker.domain.report import CauseKind, RootCause, Verdict
from worker.domain.severity import Severity
from worker.replay.compare import NAMED_PARTS, differences, gist, is_lost


def stored(**changes: Any) -> dict[str, Any]:
    """A full report, with everything that one can hold."""
    return samples.report(**changes).model_dump(mode="json", by_alias=True)


def fields(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return [one.field for one in differences(before, after)]


def test_ids_and_times_of_writing_are_no_findings() -> None:
    again = stored(
        report_id="r-other",
        replay_of="r-1",
        replay_id="replay-1",
        incident_id=None,
        created_at=NOW,
        timings={"survey_seconds": 9.0},
        markdown="# r-other",
    )
    assert differences(stored(), again) == []


@pytest.mark.parametrize("name", sorted(set(samples.report().model_dump(by_alias=True)) - {"narrative"}))
def test_every_other_field_is_compared(name: str) -> None:
    other = stored() | {name: [{"what": "else"}] if name in NAMED_PARTS else {"something": "else"}}
    of_the_writing = {"created_at", "known_by", "timings", "markdown", "provenance"}
    ignored = {"report_id", "alert_id", "incident_id", "replay_of", "replay_id", *of_the_writing}
    assert bool(fields(stored(), other)) == (name not in ignored)


def test_what_people_act_on_comes_first() -> None:
    cause = RootCause(kind=CauseKind.ERROR, service="search")
    after = document(verdict=Verdict.INCONCLUSIVE, root_cause=cause, severity=Severity.LOW, headline="Otherwise.")
    found = fields(document(), after)
    assert found[:2] == ["verdict", "root_cause.service"]
    assert found.index("severity") < found.index("headline")
    assert differences(document(), after)[0].model_dump() == {
        "field": "verdict",
        "before": "root_cause",
        "after": "inconclusive",
    }


def test_a_figure_differs_by_more_than_the_last_digits() -> None:
    def of(likely: float) -> dict[str, Any]:
        quantity = {"low": 1.0, "likely": likely, "high": 9.0}
        return document() | {"impact": {"carbon": {"excess_co2_grams": quantity}}}

    assert fields(of(3.0), of(3.0 * (1 + 1e-12))) == []
    assert fields(of(3.0), of(3.001)) == ["impact.carbon.excess_co2_grams.likely"]


def test_parts_are_named_that_are_not_the_same() -> None:
    before, after = stored(), stored()
    title = before["evidence"][0]["title"]
    before["evidence"][0]["result"] = {"errors": 1, "same": 2, "types": ["a"]}
    after["evidence"][0]["result"] = {"errors": 7, "same": 2, "types": ["a", "b"]}
    after["evidence"].append({"title": "Something new"})
    (one,) = differences(before, after)
    assert one.field == "evidence"
    assert one.before == [f"{title}: result.errors 1, result.types of 1"]
    assert one.after == [f"{title}: result.errors 7, result.types of 2", "Something new"]


def test_candidates_are_told_by_what_they_accuse() -> None:
    before, after = stored(), stored()
    first = before["candidates"][0]
    after["candidates"][0] = first | {"score": 0.1}
    (one,) = differences(before, after)
    assert one.after == [f"{one.before[0].partition(':')[0]}: score 0.1"]
    assert first["service"] in one.after[0]


def test_what_was_left_out_for_room_is_not_compared() -> None:
    lean = {name: value for name, value in stored().items() if name not in ("evidence", "charts", "markdown")}
    assert differences(lean, stored()) == []
    assert differences(stored(), lean) == []


def test_a_field_that_only_one_version_knows_is_a_difference_where_it_says_something() -> None:
    assert fields(document(), document() | {"forecast": None}) == []
    assert fields(document(), document() | {"forecast": 3}) == ["forecast"]


def test_long_texts_are_cut() -> None:
    (one,) = differences(document(headline="a" * 999), document(headline="b" * 999))
    assert one.before == "a" * 300 + "…"


values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(values, values)
def test_a_report_is_as_it_is_and_differences_go_both_ways(one: Any, other: Any) -> None:
    before, after = document() | {"x": one}, document() | {"x": other}
    assert differences(before, before) == []
    assert {d.field for d in differences(before, after)} == {d.field for d in differences(after, before)}
    json.dumps([d.model_dump() for d in differences(before, after)])


@pytest.mark.parametrize(
    ("cause", "words"),
    [({"service": "checkout"}, "checkout"), ({"kind": "voodoo", "service": "search"}, "search"), (None, None)],
)
def test_the_cause_of_another_version_may_lack_what_this_one_says(
    cause: dict[str, Any] | None, words: str | None
) -> None:
    found = gist(document() | {"root_cause": cause}).cause
    assert (words in found) if words and found else found is words


UNSURE = {"verdict": Verdict.INCONCLUSIVE, "root_cause": None}
QUIET = {"verdict": Verdict.NOT_CONFIRMED, "root_cause": None}
SURGE = {"root_cause": RootCause(kind=CauseKind.TRAFFIC, service="checkout")}
OTHER = {"root_cause": RootCause(kind=CauseKind.DEPLOYMENT, service="checkout", deployment_id="deploy-2")}
WORDING = {"headline": "Otherwise.", "severity": Severity.LOW}


@pytest.mark.parametrize(
    ("before", "after", "lost"),
    [
        ({}, {}, False),
        ({}, WORDING, False),
        ({}, OTHER, True),
        ({}, UNSURE, True),
        ({}, QUIET, True),
        (QUIET, {}, True),
        (QUIET, UNSURE, True),
        (QUIET, SURGE, False),
        (SURGE, QUIET, False),
        (UNSURE, {}, False),
        (UNSURE, QUIET, False),
    ],
)
def test_an_answer_is_lost_when_it_is_given_no_more(before: dict[str, Any], after: dict[str, Any], lost: bool) -> None:
    assert is_lost(document(**before), document(**after)) is lost


def test_the_gist_names_the_cause() -> None:
    found = gist(document())
    assert (found.verdict, found.severity) == (Verdict.ROOT_CAUSE, Severity.HIGH)
    assert "deploy-1" in (found.cause or "")
    assert gist(document(**UNSURE)).cause is None
