"""From a pending report to its end, over HTTP to the stand-in: done, failed with a reason, and never anything else."""

from __future__ import annotations

import html
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.agent.conftest import Scene
from tests.webhook_pages.fakes import client as browser
from worker.agent.loop import NO_ROOM, TOOL_TURN_TOKENS, guessed_tokens, tool_specs
from worker.agent.narrator import conversation_about
from worker.domain.report import Narrative, Report
from worker.domain.spending import Spending
from worker.domain.window import iso
from worker.errors import BudgetExceeded

TRUE = {
    "overview": "Errors of checkout rose to 24 % [e2]. The deployment deploy-9 came 2 min before [e6].",
    "reasoning": "45 % of the log lines of deploy-9 are errors [e4].",
    "recommendations": ["Roll back deploy-9 first [e6]."],
}
UNMETERED = {"candidates": [{"content": {"role": "model", "parts": [{"text": json.dumps(TRUE)}]}}]}
SETTLED = (
    "verdict",
    "severity",
    "severity_reasons",
    "confidence",
    "root_cause",
    "impact",
    "headline",
    "charts",
    "gaps",
)


def unchanged(narrated: Report, report: Report) -> bool:
    """All but the narrative, and the Markdown that tells of it."""
    passing: dict[str, Any] = {"narrative": Narrative(), "markdown": "", "report_id": ""}
    return narrated.model_copy(update=passing) == report.model_copy(update=passing)


def look(report: Report, **arguments: Any) -> dict[str, Any]:
    window = {"start": iso(report.window.start), "end": iso(report.window.end)}
    return {"name": "error_rate_by_service", "args": window | arguments}


def test_the_words_stand_after_the_templates(scene: Scene) -> None:
    found = scene.narrated({"answer": TRUE})
    template = scene.pending.sections
    assert found.sections.overview == f"{template.overview}\n{TRUE['overview']}"
    assert found.sections.recommendations == [*template.recommendations, *TRUE["recommendations"]]
    assert found.narrative.reasoning == TRUE["reasoning"]
    assert (found.narrative.author, found.narrative.state, found.narrative.reason) == ("gemini", "done", None)
    assert (found.narrative.model, found.narrative.calls) == ("gemini-2.5-flash", 1)
    assert found.narrative.claims_checked > 0
    for name in SETTLED:
        assert getattr(found, name) == getattr(scene.pending, name)
    page = browser(found).get(f"/reports/{found.report_id}").text
    assert "After the template's words stand those of gemini-2.5-flash" in html.unescape(page)
    assert ">Reasoning<" in page
    assert "## Reasoning" in found.markdown
    assert "gemini-2.5-flash" in found.markdown


def test_a_typical_narrative_keeps_to_three_calls_and_12000_tokens(scene: Scene) -> None:
    """The stand-in by itself: one look with a tool, then the answer; it counts four characters a token."""
    found = scene.narrated()
    assert found.narrative.state == "done"
    assert 1 <= found.narrative.calls <= 3
    assert found.narrative.tokens <= 12_000
    assert found.narrative.cost_usd <= 0.01
    spent, outcomes = scene.ledger.totals()
    assert (spent.calls, spent.tokens) == (found.narrative.calls, found.narrative.tokens)
    assert outcomes["narratives"] == {"done": 1}
    assert scene.ledger.of_day(scene.narrator.now())[:2] == spent[:2]


def test_what_a_tool_found_is_evidence_where_it_is_cited(scene: Scene) -> None:
    answer = TRUE | {"reasoning": "Of the log lines of checkout 24.44 % are errors [t2]."}
    calls = [look(scene.pending, region="nowhere"), look(scene.pending)]
    found = scene.narrated({"calls": calls}, {"answer": answer})
    (added,) = found.evidence[len(scene.pending.evidence) :]
    assert found.evidence[: len(scene.pending.evidence)] == scene.pending.evidence
    assert added.id == f"e{len(found.evidence)}"
    assert added.query["tool"] == "error_rate_by_service"
    assert added.result["rows"][0]["service"] == "checkout"
    assert f"[{added.id}]" in found.narrative.reasoning
    assert "t2" not in found.markdown


def test_several_turns_and_a_refused_tool(scene: Scene) -> None:
    wrong = {"name": "delete_index", "args": {"index": "spiketrace-reports"}}
    too_many = [look(scene.pending)] * 6
    found = scene.narrated({"calls": [wrong]}, {"calls": too_many}, {"answer": TRUE})
    assert (found.narrative.state, found.narrative.calls) == ("done", 3)
    _, second, third = scene.gemini.requests
    (answered,) = second["body"]["contents"][2]["parts"]
    assert "no such tool" in answered["functionResponse"]["response"]["refused"]
    refused = [part["functionResponse"]["response"] for part in third["body"]["contents"][4]["parts"]]
    assert ["refused" in one for one in refused] == [False] * 4 + [True] * 2
    assert "tools" not in third["body"]
    assert third["body"]["generationConfig"]["responseMimeType"] == "application/json"


@pytest.mark.parametrize("text", ["```json\n{}\n```", "Here you are: {}", '{"overview": 7}', "", "[1, 2]"])
def test_what_is_no_answer_is_asked_for_once_more_in_its_form(scene: Scene, text: str) -> None:
    found = scene.narrated({"text": text}, {"text": f"```json\n{json.dumps(TRUE)}\n```"})
    assert (found.narrative.state, found.narrative.calls) == ("done", 2)


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        ([{"text": "no json", "times": 9}], "not of the form"),
        ([{"text": '{"overview": "cut', "finish": "MAX_TOKENS"}], "cut off"),
        ([{"answer": TRUE | {"overview": "long " * 1000}, "times": 9}], "not of the form"),
        ([{"status": 500, "times": 9}], "Gemini answered 500"),
        ([{"status": 429, "retry_seconds": 600}], "asks to wait for 600 s"),
        ([{"status": 400}], "GEMINI_MODEL"),
        ([{"body": "<html>"}], "could not be read"),
        ([{"block": "SAFETY"}], "blocked"),
        ([{"text": "", "finish": "SAFETY"}], "safety"),
        ([{"calls": [{"name": "search_logs", "args": {}}], "times": 9}], "asked for tools to the end"),
        ([{"answer": {"overview": "Nobody said so."}}], "nothing of what the model wrote"),
    ],
)
def test_on_a_failure_the_templates_report_stands_and_says_why(
    scene: Scene, steps: list[dict[str, Any]], reason: str
) -> None:
    found = scene.narrated(*steps)
    assert (found.narrative.author, found.narrative.state) == ("template", "failed")
    assert reason in (found.narrative.reason or "")
    assert unchanged(found, scene.pending)
    assert scene.ledger.totals()[1]["narratives"] == {"failed": 1}


def test_tokens_of_one_narrative_are_bounded(scene: Scene) -> None:
    usage = {"promptTokenCount": 18_500, "totalTokenCount": 19_000, "candidatesTokenCount": 500}
    found = scene.narrated({"calls": [look(scene.pending)], "usage": usage}, {"answer": TRUE})
    assert (found.narrative.state, found.narrative.calls, found.narrative.tokens) == ("failed", 1, 19_000)
    assert "budget of tokens" in (found.narrative.reason or "")
    assert unchanged(found, scene.pending)


def test_who_asks_for_more_than_there_is_room_for_is_told_to_answer(scene: Scene) -> None:
    """Of what it looked up, it gets what leaves room for the answer itself."""
    first = replace(conversation_about(scene.pending), tools=tool_specs())
    tokens = 2 * guessed_tokens(first) + TOOL_TURN_TOKENS + first.most_output_tokens
    scene.narrator = replace(scene.narrator, limit=scene.narrator.limit._replace(tokens=tokens))
    wish = {"name": "search_logs", "args": look(scene.pending)["args"] | {"errors_only": False, "limit": 20}}
    found = scene.narrated({"calls": [wish] * 9}, {"answer": TRUE})
    assert (found.narrative.state, found.narrative.calls) == ("done", 2)
    assert found.narrative.tokens <= tokens
    answered = [
        part["functionResponse"]["response"] for part in scene.gemini.requests[1]["body"]["contents"][2]["parts"]
    ]
    assert "result" in answered[0]
    assert answered[-1] == {"refused": NO_ROOM}


@pytest.mark.parametrize("step", [{"body": json.dumps(UNMETERED)}, {"body": "<html>"}])
def test_who_does_not_say_what_it_took_is_taken_to_have_taken_all(scene: Scene, step: dict[str, Any]) -> None:
    found = scene.narrated(step)
    assert found.narrative.calls == 1
    assert found.narrative.tokens >= guessed_tokens(conversation_about(scene.pending))
    assert scene.ledger.of_day(scene.narrator.now()).tokens == found.narrative.tokens


def test_money_of_one_narrative_is_bounded(scene: Scene) -> None:
    scene.narrator = replace(scene.narrator, limit=scene.narrator.limit._replace(usd=0.001))
    found = scene.narrated({"answer": TRUE})
    assert found.narrative.calls == 0
    assert "US dollars is too small for one call (SPIKETRACE_GEMINI_MAX_USD)" in (found.narrative.reason or "")
    assert scene.gemini.requests == []


def test_a_day_has_room_for_200_narratives_and_no_more(scene: Scene) -> None:
    one, day, now = scene.narrator.limit, scene.narrator.day_limit, scene.narrator.now()
    for _ in range(200):
        scene.ledger.reserve(one, day, now=now)
    found = scene.narrated({"answer": TRUE})
    assert found.narrative.state == "failed"
    assert "the day's budget of calls leaves no room for another" in (found.narrative.reason or "")
    assert "leaves no room for another" in found.markdown
    assert scene.ledger.totals()[1]["narratives"] == {"failed": 1}
    assert scene.gemini.requests == []
    assert scene.ledger.reserve(one, day, now=now + timedelta(days=1))


def test_a_days_budget_is_exact_however_many_workers_ask(scene: Scene) -> None:
    one, day, now = Spending(1, 10, 1.0, 0.001), Spending(1_000, 10_000, 1_000.0, 0.03), scene.narrator.now()

    def book(_: int) -> bool:
        try:
            scene.ledger.reserve(one, day, now=now)
        except BudgetExceeded:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(book, range(100))) == 30
    assert scene.ledger.of_day(now) == Spending(30, 300, 30.0, 0.03)


def test_a_narrative_is_written_once(scene: Scene) -> None:
    stored = scene.store()
    first = scene.narrated({"answer": TRUE}, report=stored)
    scene.gemini.script({"answer": TRUE | {"reasoning": "Again [e1]."}})
    assert not scene.narrator.narrate(stored.report_id, worker="w")
    assert scene.reports.get(stored.report_id) == first
    assert scene.gemini.requests == []


def test_a_worker_writes_one_at_a_time(scene: Scene) -> None:
    stored = scene.store()
    scene.ledger.hold("worker:w", seconds=30)
    assert not scene.narrator.narrate(stored.report_id, worker="w")
    scene.gemini.script({"answer": TRUE})
    assert scene.narrator.narrate(stored.report_id, worker="another")


def test_a_report_that_another_worker_holds_is_left_alone(scene: Scene) -> None:
    stored = scene.store()
    scene.ledger.hold(f"report:{stored.report_id}", seconds=30)
    assert not scene.narrator.narrate(stored.report_id, worker="w")
    found = scene.reports.get(stored.report_id)
    assert found
    assert found.narrative.state == "pending"


def test_a_report_without_a_pending_narrative_is_never_touched(scene: Scene) -> None:
    stored = scene.store(narrative=Narrative())
    assert not scene.narrator.narrate(stored.report_id, worker="w")
    assert not scene.narrator.give_up(stored.report_id, reason="no")
    assert scene.reports.get(stored.report_id) == stored
    assert not scene.narrator.narrate("r-unknown", worker="w")


def test_what_nobody_came_to_is_ended_with_the_reason(scene: Scene) -> None:
    stored = scene.store()
    scene.client.indices.refresh(index="spiketrace-reports")
    assert stored.report_id in scene.narrator.give_up_overdue(limit=500)
    later = scene.narrator.now() + timedelta(seconds=901)
    late = replace(scene.narrator, now=lambda: later)
    assert stored.report_id not in late.give_up_overdue(limit=500)
    found = scene.reports.get(stored.report_id)
    assert found
    assert found.narrative.state == "failed"
    assert "no worker came" in (found.narrative.reason or "")
    assert unchanged(found, stored)


def test_nothing_secret_is_told_to_the_model(scene: Scene) -> None:
    window = {"start": iso(scene.pending.window.start), "end": iso(scene.pending.window.end)}
    scene.narrated({"calls": [{"name": "search_logs", "args": window}]}, {"answer": TRUE})
    assert "PoolTimeoutError" in scene.gemini.told
    assert "hunter2" not in scene.gemini.told
    assert "ana@shop.example" not in scene.gemini.told
