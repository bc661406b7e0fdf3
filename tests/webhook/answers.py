"""Answers as an Answering gives them, and one that gives what a test says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from worker.answering.answer import (
    SIX,
    Answer,
    AnswerChart,
    NotUnderstood,
    Offer,
    Series,
    Step,
    Tell,
    Topic,
    Understood,
)
from worker.answering.answering import ModelAnswer
from worker.domain.evidence import Evidence
from worker.domain.window import Window

NOW = datetime(2026, 2, 26, 11, 0, tzinfo=UTC)
WINDOW = Window.before(NOW, timedelta(hours=24))
QUESTION = "Which services contributed most to CO₂ in the last 24 hours?"


def understood() -> Understood:
    return Understood(Topic.EMISSIONS_RANKING, "emissions by service, all regions, the last 24 hours", WINDOW)


def evidence(number: int = 1, **result: object) -> Evidence:
    return Evidence(
        id=f"e{number}",
        title="Emissions by service",
        index="spiketrace-carbon-metrics-*",
        query={"size": 0},
        window=WINDOW,
        result=result or {"rows": [{"service": "checkout", "co2_grams": 5400.0}]},
        link="https://kibana.shop.example/app/discover#/1",
    )


def ranking(question: str = QUESTION) -> Answer:
    bars = Series("CO₂", [("checkout", 5400.0), ("search", 1200.0)])
    hours = [NOW - timedelta(hours=hour) for hour in (3, 2, 1)]
    lines = [
        Series("checkout", list(zip(hours, [200.0, None, 300.0], strict=True))),
        Series("search", list(zip(hours, [50.0, 51.0, 52.0], strict=True))),
    ]
    text = "checkout emitted most: 5.4 kgCO₂e [e1]."
    return Answer(
        question=question,
        understood=understood(),
        sections={"answer": text},
        text=text,
        evidence=[evidence()],
        charts=[AnswerChart("CO₂ by service", "g", "bars", [bars]), AnswerChart("CO₂ an hour", "g", "line", lines)],
    )


def explaining(offer: Offer | None = None) -> Answer:
    sections: dict[str, str | list[str]] = {name: f"About {name} [e1]." for name in SIX}
    sections["recommendations"] = ["Roll it back [e1].", "Cap the retries."]
    return replace(
        ranking("What's going wrong with checkout?"),
        sections=sections,
        not_understood=[NotUnderstood("purple", "nothing is known by that name")],
        incidents=[{"incident_id": "i-91b2", "title": "checkout fails", "severity": "high", "status": "open"}],
        reports=[{"report_id": "r-1", "headline": "checkout fails since 10:42", "severity": "high"}],
        offer=offer or Offer("Shall I open a ticket of i-91b2 in Jira?", ["jira"], incident_id="i-91b2"),
    )


@dataclass
class Scripted:
    """In an Answering's place: tells two steps, then answers, or fails as it is told to."""

    found: Answer = field(default_factory=ranking)
    fails: Exception | None = None
    model_answer: ModelAnswer | None = None
    between: Callable[[], object] = lambda: None
    asked: list[tuple[str, str]] = field(default_factory=list)

    def __call__(self, question: str, *, zone: str, now: datetime, tell: Tell) -> Answer:
        self.asked.append((question, zone))
        tell(Step("understood", self.found.understood.sentence))
        tell(Step("looking", "looking at the emissions of 24 hours"))
        self.between()
        if self.fails:
            raise self.fails
        tell(Step("found", "two services"))
        answer = replace(self.found, question=question)
        return self.model_answer(question, answer.understood, answer) if self.model_answer else answer
