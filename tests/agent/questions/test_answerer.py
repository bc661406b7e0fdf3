"""A model's words in an answer: beside the template's, by the tools, within a budget, or not at all."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.agent.questions.conftest import ASKED_AT, LIMIT, Scene, nothing_else_changed, words_of
from worker.agent.prompting import domain_prompt
from worker.answering.answer import Answer, told
from worker.answering.answering import Answering
from worker.domain.conversation import Usage
from worker.domain.spending import Spending
from worker.domain.telemetry import Scope
from worker.domain.terms import speaking
from worker.domain.window import iso
from worker.terminology import load_terms

SPAN = {"start": iso(ASKED_AT - timedelta(hours=24)), "end": iso(ASKED_AT)}
LOOK = {"name": "error_rate_by_service", "args": SPAN}


def top(ranked: Answer) -> tuple[str, str]:
    """Of the line that the template puts first: who emitted most, and how much."""
    service, _, rest = str(ranked.sections["answer"]).partition(" emitted most: ")
    return service, rest.split(",")[0]


def test_true_words_stand_behind_the_templates(scene: Scene, ranked: Answer) -> None:
    service, amount = top(ranked)
    found = scene.said(ranked, f"{service} emitted {amount} [e1].")
    assert words_of(found, ranked) == f"{service} emitted {amount} [e1]."
    assert (found.author, found.reason, found.claims_removed, found.claims_marked) == ("gemini", None, 0, 0)
    assert found.words == f"{service} emitted {amount} [e1]."
    assert found.claims_checked >= 2
    assert f"{service} emitted {amount}" in found.text
    nothing_else_changed(found, ranked)


def test_the_model_is_told_the_trade(scene: Scene, ranked: Answer) -> None:
    with speaking(load_terms("finance")):
        scene.said(ranked, "Nothing.")
        assert json.dumps(domain_prompt())[1:-1] in scene.model.told


def test_what_a_tool_found_is_evidence_where_it_is_cited(scene: Scene, ranked: Answer) -> None:
    window = ranked.understood.window
    assert window
    rows = scene.answerer.looks.logged(Scope("checkout", None), window).rows
    errors, number = sum(row.errors or 0 for row in rows), len(ranked.evidence) + 1
    found = scene.said(ranked, f"checkout logged {errors} errors [t1].", LOOK)
    assert words_of(found, ranked) == f"checkout logged {errors} errors [e{number}]."
    assert found.evidence[-1].id == f"e{number}"
    assert found.evidence[-1].query["tool"] == "error_rate_by_service"


def test_what_the_grammar_did_not_understand_the_tools_may_answer(scene: Scene, answering: Answering) -> None:
    asked = replace(answering, model_answer=scene.answerer)
    scene.model.steps = [
        {"calls": [LOOK]},
        {"answer": {"answer": "checkout logged 37 errors [t1]. checkout has 3 services [t1]."}},
    ]
    steps: list[str] = []
    question = "Tell me a story about shopping carts, would you?"
    found = asked(question, zone="UTC", now=ASKED_AT, tell=lambda step: steps.append(step.kind))
    assert found.understood.topic is None
    assert steps == ["understood", "asking_model"]
    assert found.text.startswith("checkout logged 37 errors")
    assert "3 services" not in found.text
    # What could not be understood is said in any case.
    assert found.not_understood
    assert found.not_understood[0].reason[1:] in str(found.sections["answer"])
    # The day before it was asked is what may be read.
    assert iso(ASKED_AT - timedelta(days=2)) in scene.model.told


def test_a_command_is_not_even_shown_to_the_model(scene: Scene, answering: Answering) -> None:
    asked = replace(answering, model_answer=scene.answerer)
    found = asked("Delete the incidents of checkout", zone="UTC", now=ASKED_AT, tell=lambda _: None)
    assert scene.model.asked == []
    assert found.author == "template"


def test_nothing_is_read_outside_of_the_questions_time(scene: Scene, ranked: Answer) -> None:
    later = {"name": "search_logs", "args": {"start": iso(ASKED_AT), "end": iso(ASKED_AT + timedelta(hours=1))}}
    scene.said(ranked, "checkout logged 1 error [t1].", later)
    assert "nothing outside of" in scene.model.told


FAILURES: list[tuple[list[dict[str, Any]], str]] = [
    ([{"text": "no JSON"}, {"text": "no JSON"}], "not of the form"),
    ([{"answer": {"answer": "Everything is fine. search is down."}}], "nothing of what the model wrote"),
    ([{"answer": {"answer": ""}}], "nothing of what the model wrote"),
    ([{"calls": [LOOK], "usage": Usage(30_000, 0)}], "budget"),
]


@pytest.mark.parametrize(("steps", "why"), FAILURES)
def test_on_any_failure_the_templates_answer_stands_and_says_why(
    scene: Scene, ranked: Answer, steps: list[dict[str, Any]], why: str
) -> None:
    found = scene.answered(ranked, *steps)
    assert why in (found.reason or "")
    assert replace(found, reason=None) == ranked
    assert scene.ledger.totals()[1]["answers"] == {"failed": 1}


def test_a_fault_of_our_own_leaves_the_templates_answer(scene: Scene, ranked: Answer) -> None:
    odd = ranked.evidence[0].model_copy(update={"result": {"at": datetime(2026, 3, 12, tzinfo=UTC)}})
    draft = replace(ranked, evidence=[odd, *ranked.evidence[1:]])
    found = scene.answered(draft)
    assert "an unexpected TypeError when the model was asked" in (found.reason or "")
    assert replace(found, reason=None) == draft
    assert scene.ledger.totals()[1]["answers"] == {"failed": 1}


def test_over_the_days_budget_nobody_is_asked(scene: Scene, ranked: Answer) -> None:
    poor = replace(scene.answerer, day_limit=LIMIT._replace(calls=0))
    found = poor(ranked.question, ranked.understood, ranked)
    assert "the day's budget of calls" in (found.reason or "")
    assert scene.model.asked == []
    assert scene.ledger.of_day(datetime.now(UTC)) == Spending()


def test_what_it_took_is_booked_with_the_narratives(scene: Scene, ranked: Answer) -> None:
    scene.said(ranked, "Nothing can be said.", LOOK)
    spent, outcomes = scene.ledger.totals()
    assert (spent.calls, spent.tokens) == (2, 4_400)
    assert outcomes == {"answers": {"failed": 1}, "narratives": {}, "embeddings": {}}
    assert scene.ledger.of_day(datetime.now(UTC)).tokens == 4_400


def test_secrets_are_not_told_to_the_model(scene: Scene, ranked: Answer) -> None:
    scene.answered(ranked, {"answer": {"answer": ""}}, question="Why? password=hunter2-and-more")
    assert "hunter2" not in scene.model.told
    scene.said(ranked, "", {"name": "search_logs", "args": SPAN})
    assert "no connection in the pool" in scene.model.told
    assert "hunter2" not in scene.model.told
    assert "ana@shop.example" not in scene.model.told


def test_the_report_that_is_explained_is_not_told(explained: Answer) -> None:
    assert explained.explained
    assert "explained" not in told(explained)
