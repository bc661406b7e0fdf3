"""An answer as its page shows it: pure, from the JSON that a worker told to what the template prints."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal, NamedTuple

from pydantic import TypeAdapter

from webhook.answer_charts import AnswerDrawing, drawing
from webhook.report_view import Exhibit, Receipt, exhibit, heading, link_into, receipts_of
from worker.answering.answer import ANSWER, Answer
from worker.domain.asked import Asked, Told
from worker.domain.evidence import Evidence
from worker.domain.incident import Incident
from worker.domain.text import one_line

LONGEST_LINK = 24
IDS = ("incident_id", "report_id")
FACTS = ("severity", "status", "verdict", "service", "region", "cause", "incident_id")
_ANSWER = TypeAdapter(Answer)


class AnswerExhibit(NamedTuple):
    """`ours` is where it is read here, with its report."""

    shown: Exhibit
    ours: str | None


class Block(NamedTuple):
    """A paragraph, or the items of a list, which may be numbered."""

    kind: Literal["p", "ul", "ol"]
    texts: list[str]
    is_of_model: bool = False


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
    """`receipts` are what the incident on offer has already, `wanted` the destinations that it has nothing at.

    `links`: addresses in the texts that may be followed, and how they are called.
    """

    answer: Answer
    lead: list[Block]
    closing: list[Block]
    sections: list[Section]
    drawings: list[AnswerDrawing]
    exhibits: list[AnswerExhibit]
    incidents: list[Listed]
    reports: list[Listed]
    receipts: list[Receipt]
    wanted: list[str]
    links: dict[str, str]

    @property
    def evidence_ids(self) -> frozenset[str]:
        return frozenset(item.id for item in self.answer.evidence)


def read_answer(document: Mapping[str, Any]) -> Answer:
    return _ANSWER.validate_python(document)


def progress_of(asked: Asked, told: Sequence[Told]) -> Progress:
    steps = [str(one.data["text"]) for one in told if one.name in ("understood", "step")]
    failure = next((str(one.data["reason"]) for one in told if one.name == "failed"), None)
    return Progress(asked, steps, any(one.is_last for one in told), failure)


def view_of(answer: Answer, incident: Incident | None, *, kibana_url: str | None, public_url: str) -> AnswerView:
    """`incident` is the one on offer. Links of evidence lead to Kibana or here, those of records here, if anywhere."""
    drawings = [drawing(chart, name=f"chart-{number}") for number, chart in enumerate(answer.charts, 1)]
    known = incident.deliveries if incident else {}
    offered = answer.offer.destinations if answer.offer else []
    # The page says it beside the button.
    offered_in = answer.offer.sentence if answer.offer else None
    return AnswerView(
        answer=answer,
        lead=_lead(answer),
        closing=blocks_of("\n".join(line for line in answer.closing.splitlines() if line != offered_in)),
        sections=[_section(name, said) for name, said in answer.sections.items() if name != ANSWER and said],
        drawings=[one for one in drawings if one],
        exhibits=[_exhibit(item, kibana_url, public_url) for item in answer.evidence],
        incidents=[_listed(document, public_url) for document in answer.incidents],
        reports=[_listed(document, public_url) for document in answer.reports],
        receipts=receipts_of(incident),
        links=_links(answer, public_url),
        wanted=[name for name in offered if name not in known or known[name].state == "failed"],
    )


def _links(answer: Answer, public_url: str) -> dict[str, str]:
    """Of records: the pages here, also those that are only named, and the tickets that were made for them."""
    documents = [*answer.incidents, *answer.reports]
    ours = [link_into(public_url, str(one.get(name))) for one in documents for name in ("report", "link")]
    tickets = [str(url) for one in documents for url in (one.get("tickets") or {}).values()]
    named = re.findall(rf"{re.escape(public_url)}/reports/r-[0-9a-f]+", f"{answer.direct} {answer.closing}")
    known = [url for url in (*ours, *named, *(link_into(url, url) for url in tickets)) if url]
    return {url: _called(url) for url in known}


def _called(url: str) -> str:
    """By the last word of it, which is a record's id."""
    name = re.split(r"[/=?#]", url.rstrip("/"))[-1]
    return name if len(name) <= LONGEST_LINK else f"{name[:LONGEST_LINK]}…"


def _exhibit(item: Evidence, kibana_url: str | None, public_url: str) -> AnswerExhibit:
    ours = link_into(public_url, item.link)
    return AnswerExhibit(exhibit(item, kibana_url), ours)


def _listed(document: Mapping[str, Any], public_url: str) -> Listed:
    title = next((str(document[name]) for name in ("title", "headline", *IDS) if document.get(name)), "without a title")
    href = document.get("report") or document.get("link")
    known = [document.get(name) for name in FACTS]
    return Listed(
        one_line(title),
        link_into(public_url, href) if isinstance(href, str) else None,
        [one_line(str(value)) for value in known if value],
    )


def _lead(answer: Answer) -> list[Block]:
    found = blocks_of(answer.direct or _texts(answer.sections.get(ANSWER, "")))
    by_model = set(answer.words.splitlines())
    return [block._replace(is_of_model=block.kind == "p" and block.texts[0] in by_model) for block in found]


def blocks_of(text: str) -> list[Block]:
    """Lines that begin with "- " and follow each other are one list (`worker.answering.answer.Answer`)."""
    runs = groupby(filter(str.strip, text.splitlines()), key=lambda line: line.startswith("- "))
    return [block for is_list, lines in runs for block in _blocks(list(lines), is_list=is_list)]


def _blocks(lines: list[str], *, is_list: bool) -> list[Block]:
    return [_items([line[2:] for line in lines])] if is_list else [Block("p", [line]) for line in lines]


def _items(lines: list[str]) -> Block:
    if all(line.startswith(f"{number}. ") for number, line in enumerate(lines, 1)):
        return Block("ol", [line.partition(". ")[2] for line in lines])
    return Block("ul", lines)


def _texts(said: str | list[str]) -> str:
    return said if isinstance(said, str) else "\n".join(said)


def _section(name: str, said: str | list[str]) -> Section:
    return Section(
        name.replace("_", "-"), heading(name), [said] if isinstance(said, str) else said, isinstance(said, list)
    )
