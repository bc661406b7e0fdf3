"""Which topic the words of a question make. `docs/questions.md` has it as a table."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from worker.answering.answer import NotUnderstood, Topic
from worker.answering.moments import number_of
from worker.answering.reading import QuestionText
from worker.answering.time_forms import NUMBERS, any_of
from worker.answering.vocabulary import CUES, LEFT_OUT, REFUSED, TICKET, cues
from worker.domain.incident import IncidentStatus
from worker.domain.severity import Severity

_SEVERITY = "|".join(severity.value for severity in Severity)
_SEVERE = re.compile(
    rf"\b(?:(?P<a>{_SEVERITY})(?:[- ]severity\b)?(?=\s(?:severity|incidents?|reports?|ones|outages?|problems?))"
    rf"|(?:severity|sev)(?: of| is|:)? (?P<b>{_SEVERITY})|(?P<c>{_SEVERITY})[- ]severity)\b(?: severity)?"
)
_STATUS = re.compile(r"\b(?:still )?(open|active|ongoing|unresolved|resolved|closed)\b")
_COUNT = rf"(\d{{1,3}}|{any_of(NUMBERS)})"
_MOST = re.compile(
    rf"\b(?:top|last|latest|newest|first|biggest|largest|worst) {_COUNT}\b"
    rf"|\b{_COUNT} (?=(?:biggest|largest|worst|latest|newest|services|regions|incidents|reports|deployments|errors)\b)"
)
_BY_REGION = re.compile(r"\b(?:which|what|top(?: \w+)?|by|per|each|every|between|across) (?:cloud )?regions?\b")
_ROLLBACKS = re.compile(r"\broll(?:ed)?[- ]?backs?\b")
# Not before a name: "by service checkout".
_GROUPS = re.compile(r"\b(?:by|per|(?:for |in )?(?:each|every)) (?:cloud )?(?:service|region)s?\b(?! \0)")
_STATUS_CLASS = re.compile(r"\b(?:http )?[45]xx\b")
_STEPS = re.compile(
    r"\b(?:hourly|daily|weekly|(?:by|per|(?:for |in |on )?(?:each|every)) (?:minute|hour|day|week|month))\b"
)
_DIVIDED = {Topic.EMISSIONS_RANKING, Topic.EMISSIONS_TOTAL, Topic.ERRORS}
_BEYOND = (
    (_ROLLBACKS, {Topic.DEPLOYMENTS}, "which deployments were rollbacks is not on record: all of them are listed"),
    (_STEPS, set(Topic), "this answer is not grouped by it"),
    (_STATUS_CLASS, {Topic.ERRORS}, "errors are not told apart by status: every line that is an error is counted"),
    (_GROUPS, set(Topic) - _DIVIDED, "this answer is not grouped by it"),
    (CUES["similar"], set(Topic) - {Topic.SIMILAR}, "what is alike is only known of incidents"),
)
# "What share has us-central1" is of regions, "which services have the largest shares" is not.
_OF_THE_NAMED = re.compile(r"^(?!.*\bservices?\b).*\b(?:shares?|percent(?:age)?|portion|proportion|fraction)\b")
INCIDENT_ID = re.compile(r"\binc-\d{8}-[0-9a-f]{8}-\d{1,6}\b")
REPORT_ID = re.compile(r"\br-[0-9a-f]{32}\b")
MOST = 50


@dataclass(frozen=True)
class Asked:
    """What is wanted to be known, and of how much."""

    topic: Topic | None
    by: Literal["service", "region"] = "service"
    most: int | None = None
    severity: Severity | None = None
    status: IncidentStatus | None = None
    is_of_the_named: bool = False


def take_record(reading: QuestionText) -> str | None:
    """The id of an incident or a report."""
    match = reading.take(INCIDENT_ID) or reading.take(REPORT_ID)
    return match[0] if match else None


def refusal(reading: QuestionText) -> NotUnderstood | None:
    """What makes a question one that is not answered, whatever else it says."""
    for pattern, why in REFUSED.items():
        if match := pattern.search(reading.left):
            return NotUnderstood(reading.said(match), why)
    return None


def take_left_out(reading: QuestionText) -> list[NotUnderstood]:
    found = []
    for pattern, why in LEFT_OUT.items():
        while match := reading.take(pattern):
            found.append(NotUnderstood(reading.said(match), why))
    return found


def beyond(reading: QuestionText, text: str, topic: Topic | None) -> list[NotUnderstood]:
    """What is asked of a topic that its answer does not tell apart; `text` still has the words of the topic."""
    matches = ((pattern.search(text), why) for pattern, topics, why in _BEYOND if topic in topics)
    return [NotUnderstood(reading.said(match), why) for match, why in matches if match]


def take_topic(reading: QuestionText, *, has_record: bool, has_name: bool) -> Asked:
    """Takes out every word that says what is asked."""
    by: Literal["service", "region"] = "region" if _BY_REGION.search(reading.left) else "service"
    is_of_the_named = _OF_THE_NAMED.search(reading.left) is not None
    severity, is_ticket = _severity(reading), _is_ticket(reading)
    found = {name for name, pattern in cues().items() if pattern.search(reading.left)}
    most = _most(reading)
    status = _status(reading) if "incidents" in found or is_ticket else None
    topic = Topic.TICKET if is_ticket else _topic(found, has_record, has_name)
    for pattern in cues().values():
        while reading.take(pattern):
            pass
    return Asked(topic, by, most, severity, status, is_of_the_named)


Cues = set[str]
# Of these none is held against another: only incidents are.
NEVER_SIMILAR = frozenset({"carbon", "deployments", "reports", "errors"})
# The first that fits.
_TOPICS: tuple[tuple[Callable[[Cues], bool], Topic], ...] = (
    (lambda cues: "similar" in cues and ("incidents" in cues or not cues & NEVER_SIMILAR), Topic.SIMILAR),
    (lambda cues: {"why", "carbon"} <= cues, Topic.EMISSIONS_WHY),
    (lambda cues: {"spike", "carbon"} <= cues and not cues & {"ranking", "amount"}, Topic.EMISSIONS_WHY),
    (lambda cues: "why" in cues and bool(cues & {"errors", "wrong", "spike", "incidents"}), Topic.WRONG),
    (lambda cues: "deployments" in cues and "incidents" not in cues, Topic.DEPLOYMENTS),
    (lambda cues: "incidents" in cues, Topic.INCIDENTS),
    (lambda cues: "reports" in cues, Topic.REPORTS),
    (lambda cues: {"carbon", "ranking"} <= cues, Topic.EMISSIONS_RANKING),
    (lambda cues: "carbon" in cues, Topic.EMISSIONS_TOTAL),
    (lambda cues: "errors" in cues, Topic.ERRORS),
    (lambda cues: "cost" in cues, Topic.INCIDENTS),
    (lambda cues: bool(cues & {"wrong", "why", "spike"}), Topic.WRONG),
)


def _topic(cues: Cues, has_record: bool, has_name: bool) -> Topic | None:
    if has_record:
        return Topic.SIMILAR if "similar" in cues else Topic.WRONG
    found = next((topic for fits, topic in _TOPICS if fits(cues)), None)
    # A name by itself asks how it is.
    return found or (Topic.WRONG if has_name and not cues else None)


def _is_ticket(reading: QuestionText) -> bool:
    found = False
    while reading.take(TICKET):
        found = True
    return found


def _severity(reading: QuestionText) -> Severity | None:
    match = reading.take(_SEVERE)
    return Severity(next(name for name in match.groups() if name)) if match else None


def _most(reading: QuestionText) -> int | None:
    match = reading.take(_MOST)
    if match is None:
        return None
    return min(max(number_of(match[1] or match[2]), 1), MOST)


def _status(reading: QuestionText) -> IncidentStatus | None:
    match = reading.take(_STATUS)
    if match is None:
        return None
    return IncidentStatus(match[1]) if match[1] in ("resolved", "closed") else IncidentStatus.OPEN
