"""What a question is answered with: plain data, ready for JSON. Nothing here loads the engine or the analysis.

`told(answer)` is the document that `spiketrace ask --json` prints and that `POST /v1/questions` sends:

    {question, understood: {topic, sentence, window: {start, end}, zone, service, region, window_was_said, …},
     not_understood: [{text, reason}],
     direct, sections, closing, text, evidence: [{id, title, index, query, window, result, link}], charts, incidents,
     reports, offer, author, reason, words, claims_checked, claims_marked, claims_removed}
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, NamedTuple

from worker.domain.alert import Alert
from worker.domain.evidence import Evidence
from worker.domain.incident import IncidentStatus
from worker.domain.report import Report, Sections
from worker.domain.severity import Severity
from worker.domain.window import Window, iso

# The report's six, in the order people read them.
SIX = tuple(Sections.model_fields)
# The only section of an answer that explains no incident.
ANSWER = "answer"


class Topic(StrEnum):
    """What was asked. `docs/questions.md` lists the words that each goes by."""

    EMISSIONS_WHY = "emissions_why"
    EMISSIONS_TOTAL = "emissions_total"
    EMISSIONS_RANKING = "emissions_ranking"
    WRONG = "wrong"
    INCIDENTS = "incidents"
    SIMILAR = "similar"
    ERRORS = "errors"
    DEPLOYMENTS = "deployments"
    REPORTS = "reports"
    TICKET = "ticket"


class NotUnderstood(NamedTuple):
    """A part of the question, verbatim, and why it was left out, with what can be asked instead."""

    text: str
    reason: str


@dataclass(frozen=True)
class Understood:
    """How the question was taken. `sentence` says it in words; `zone` is the name of the clock that its times are of.

    Service and region are the telemetry's own names; None stands for all of them. `by`: what a ranking is of; `most`:
    at most so many; `severity`: at least that, `status`: incidents in that; `words`: that log lines should hold, quoted
    one after the other as `phrases`; `record_id`: of the incident or report that is meant. `topic` and `window` are
    None where the question was not understood at all.
    """

    topic: Topic | None
    sentence: str
    window: Window | None = None
    zone: str = "UTC"
    service: str | None = None
    region: str | None = None
    window_was_said: bool = False
    by: Literal["service", "region"] = "service"
    most: int | None = None
    severity: Severity | None = None
    status: IncidentStatus | None = None
    words: str | None = None
    phrases: tuple[str, ...] = ()
    record_id: str | None = None


class Series(NamedTuple):
    """Points are (start of a step, value), or (name, value) for bars. A missing sample is None, and never zero."""

    name: str
    points: Sequence[tuple[datetime | str, float | None]]


@dataclass(frozen=True)
class AnswerChart:
    title: str
    unit: str
    kind: Literal["line", "bars"]
    series: list[Series]


@dataclass(frozen=True)
class Offer:
    """What a yes does: a ticket of that incident at each of `destinations`.

    Where there is no incident on record yet, `alert` is what a yes hands in, under an id that follows from what it is
    about: it is investigated like any other, and its incident gets the ticket. Handing it in again changes nothing.
    """

    sentence: str
    destinations: list[str]
    incident_id: str | None = None
    alert: Alert | None = None


@dataclass(frozen=True)
class Step:
    """Something that happens while a question is answered, as people are told it."""

    kind: Literal["understood", "looking", "found", "asking_model"]
    text: str


Tell = Callable[[Step], None]


@dataclass(frozen=True)
class Answer:
    """`sections` are the report's six where it explains an incident, and `answer` alone otherwise.

    `direct` answers in a sentence or two before the six sections; `closing` says what else is to be known behind them:
    incidents, other causes of the same time, tickets. Lines that begin with "- " are items of a list. `text` is all of
    it in Markdown that cites `evidence` as [e1]. `incidents` and `reports` are one flat document each, with a link.
    `author` is who wrote the words; `words` are those that a model did, which stand in the texts as well; `reason`, if
    any, why a model's were not taken. `explained` is the report that the sections are of, against which words are
    checked: it is not told, and has a page of its own. An answer that was refused has the topic None and says in
    `not_understood` why.
    """

    question: str
    understood: Understood
    sections: dict[str, str | list[str]]
    text: str
    direct: str = ""
    closing: str = ""
    not_understood: list[NotUnderstood] = field(default_factory=list)
    evidence: list[Evidence] = field(default_factory=list)
    charts: list[AnswerChart] = field(default_factory=list)
    incidents: list[dict[str, Any]] = field(default_factory=list)
    reports: list[dict[str, Any]] = field(default_factory=list)
    offer: Offer | None = None
    author: Literal["template", "gemini"] = "template"
    reason: str | None = None
    claims_checked: int = 0
    claims_marked: int = 0
    claims_removed: int = 0
    words: str = ""
    explained: Report | None = None


def told(answer: Answer) -> dict[str, Any]:
    """The answer as JSON has it: times in UTC, as everywhere in SpikeTrace."""
    document: dict[str, Any] = _plain(asdict(replace(answer, explained=None)))
    del document["explained"]
    return document


def _plain(value: Any) -> Any:
    match value:
        case dict():
            return {str(key): _plain(item) for key, item in value.items()}
        case Series() | NotUnderstood():
            return _plain(value._asdict())
        case list() | tuple():
            return [_plain(item) for item in value]
        case datetime():
            return iso(value)
        case Window() | Evidence() | Alert():
            return _plain(value.model_dump())
        case _:
            return value
