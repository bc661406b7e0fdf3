"""Past incidents that resemble what is asked about, as its report found them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from tests.answering.conftest import NOW, PUBLIC_URL, Desk
from worker.answering.answer import Answer, Topic
from worker.answering.ports import Reports
from worker.domain.report import Report, ReportOutline, SimilarIncident
from worker.domain.window import Window

POOLS = SimilarIncident(
    id="old",
    title="Orders <b>hang</b>",
    at=NOW - timedelta(days=20),
    service="checkout",
    region=None,
    status="Resolved",
    why="same words: pool",
    ended="ended after 52 min",
    helped="Rolled back.",
)


@dataclass
class Remembering:
    """The reports that there are, each with two similar incidents, of which one is its own."""

    reports: Reports

    def get(self, report_id: str) -> Report | None:
        report = self.reports.get(report_id)
        if report is None or report.incident_id is None:
            return report
        own = POOLS.model_copy(update={"id": report.incident_id})
        return report.model_copy(update={"similar_incidents": [own, POOLS]})

    def touching(self, window: Window, limit: int) -> list[ReportOutline]:
        return self.reports.touching(window, limit)


@pytest.fixture
def incident_id(desk: Desk) -> str:
    (incident,) = desk.ask("incidents of ledger").incidents
    return str(incident["incident_id"])


def ask(desk: Desk, question: str) -> Answer:
    answering = replace(desk.answering, reports=Remembering(desk.reports))
    return answering(question, zone="UTC", now=NOW, tell=lambda _: None)


@pytest.mark.parametrize(
    "question",
    ["Which past incidents are similar to {}?", "similar incidents of ledger", "what resembles the trouble of ledger"],
)
def test_similar_ones_are_told_with_why_and_what_helped(desk: Desk, incident_id: str, question: str) -> None:
    answer = ask(desk, question.format(incident_id))
    assert (answer.understood.topic, answer.not_understood) == (Topic.SIMILAR, [])
    first, only = str(answer.sections["answer"]).splitlines()
    assert first.startswith(
        f"1 past incident resembles what {incident_id} is about (ledger, europe-west1), the likest first [e1]; "
        f"its report: {PUBLIC_URL}/reports/r-"
    )
    assert only == (
        "- Orders <b>hang</b> (old, checkout, 20 Feb 2026 01:20 UTC, Resolved); same words: pool; ended after 52 min; "
        "what helped then: Rolled back."
    )
    assert answer.evidence[0].result == {"similar_incidents": ["old"]}
    assert "<b>" not in answer.text


def test_what_explains_an_incident_tells_them_too(desk: Desk, incident_id: str) -> None:
    assert "Similar past incidents:\n- Orders <b>hang</b> (old, " in ask(desk, f"explain {incident_id}").closing


def test_where_there_is_none_that_is_said(desk: Desk, incident_id: str) -> None:
    none = str(desk.ask(f"incidents similar to {incident_id}").sections["answer"])
    assert none.startswith("Its report found no past incident that resembles what inc-2026")
    nothing = str(desk.ask("Which past incidents are similar to those of search?").sections["answer"])
    assert nothing == "No report of search of this time confirms anything that a past incident could be held against."
    assert "There is no incident inc-" in str(desk.ask("similar to inc-20200101-00000000-1").sections["answer"])


def test_what_is_only_known_of_incidents_is_said(desk: Desk) -> None:
    answer = desk.ask("similar errors in search")
    assert answer.understood.topic is Topic.ERRORS
    assert [one.text for one in answer.not_understood] == ["similar"]
