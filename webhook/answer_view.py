"""An answer as its page shows it: pure, from the JSON that a worker told to what the template prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from pydantic import TypeAdapter

from webhook.answer_charts import AnswerDrawing, drawing
from webhook.report_view import Exhibit, Receipt, exhibit, receipts_of
from worker.answering.answer import Answer
from worker.domain.asked import Asked, Told
from worker.domain.incident import Incident
from worker.domain.text import one_line

TITLES = {
    "overview": "Overview",
    "user_impact": "User impact",
    "carbon_compute_impact": "Carbon and compute",
    "business_impact": "Business impact",
    "deployment_correlation": "Deployments",
    "recommendations": "Recommendations",
}
IDS = ("incident_id", "report_id")
FACTS = ("severity", "status", "verdict", "service", "region", "at", "@timestamp", "incident_id")
OPENING = ("answer", "overview")
_ANSWER = TypeAdapter(Answer)


@dataclass(frozen=True)
class Section:
    anchor: str
    title: str
    texts: list[str]
    is_list: bool


@dataclass(frozen=True)
class Listed:
    """An incident or a report in a line."""

    title: str
    href: str | None
    facts: list[str]


@dataclass(frozen=True)
class Progress:
    """What was told so far, in words. `failure` is why there is no answer."""

    asked: Asked
    steps: list[str]
    is_over: bool
    failure: str | None


@dataclass(frozen=True)
class AnswerView:
    """`receipts` are what the incident that is on offer has at its destinations already."""

    answer: Answer
    lead: str
    sections: list[Section]
    drawings: list[AnswerDrawing]
    exhibits: list[Exhibit]
    incidents: list[Listed]
    reports: list[Listed]
    receipts: list[Receipt]
    wanted: list[str]

    @property
    def evidence_ids(self) -> frozenset[str]:
        return frozenset(item.id for item in self.answer.evidence)


def read_answer(document: Mapping[str, Any]) -> Answer:
    return _ANSWER.validate_python(document)


def progress_of(asked: Asked, told: Sequence[Told]) -> Progress:
    steps = [str(one.data["text"]) for one in told if one.name in ("understood", "step")]
    failure = next((str(one.data["reason"]) for one in told if one.name == "failed"), None)
    return Progress(asked, steps, any(one.is_last for one in told), failure)


def view_of(answer: Answer, incident: Incident | None, *, kibana_url: str | None) -> AnswerView:
    """`incident` is the one on offer; `kibana_url` is the only place that links of evidence may lead to."""
    drawings = [drawing(chart, name=f"chart-{number}") for number, chart in enumerate(answer.charts, 1)]
    known = incident.deliveries if incident else {}
    offered = answer.offer.destinations if answer.offer else []
    return AnswerView(
        answer=answer,
        lead="\n".join(_texts(answer.sections[name]) for name in OPENING if name in answer.sections),
        sections=[_section(name, said) for name, said in answer.sections.items() if name not in OPENING and said],
        drawings=[one for one in drawings if one],
        exhibits=[exhibit(item, kibana_url) for item in answer.evidence],
        incidents=[_listed(document) for document in answer.incidents],
        reports=[_listed(document) for document in answer.reports],
        receipts=receipts_of(incident),
        wanted=[name for name in offered if name not in known or known[name].state == "failed"],
    )


def _listed(document: Mapping[str, Any]) -> Listed:
    """Its link is made here, of the report's id: no address of data is followed."""
    title = next((str(document[name]) for name in ("title", "headline", *IDS) if document.get(name)), "without a title")
    report_id = document.get("report_id")
    known = [document.get(name) for name in FACTS]
    return Listed(one_line(title), _page_of(report_id), [one_line(str(value)) for value in known if value])


def _page_of(report_id: Any) -> str | None:
    return f"/reports/{quote(report_id, safe='')}" if isinstance(report_id, str) and report_id else None


def _texts(said: str | list[str]) -> str:
    return said if isinstance(said, str) else "\n".join(said)


def _section(name: str, said: str | list[str]) -> Section:
    title = TITLES.get(name, name.replace("_", " ").capitalize())
    return Section(name.replace("_", "-"), title, [said] if isinstance(said, str) else said, isinstance(said, list))
