"""Metrics that a text calls by the name of their field: `panic_count`, `latency_p99_seconds`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache

from worker.agent.grounding.report import owners, record, vocabulary
from worker.agent.grounding.report.fields import OF_SIGNALS, dimension_of, is_spelled, titles
from worker.agent.grounding.report.known import Known, Subject
from worker.agent.grounding.text import claims, context
from worker.agent.grounding.text.claims import Claim, Found, Span, judged
from worker.agent.grounding.text.pairs import Number
from worker.agent.grounding.text.topics import topics


def enrol(known: Known) -> None:
    """A field of one word is a word like others."""
    names = {one.metric for one in known.levels} | {one.metric or "" for one in known.report.candidates}
    known.fields = frozenset(one for one in names if "_" in one)


def fields(text: str, known: Known) -> list[Found]:
    """Where the text names a metric as its field is called."""
    return list(_fields(text, known.fields))


@lru_cache(maxsize=64)
def _fields(text: str, names: frozenset[str]) -> tuple[Found, ...]:
    return tuple(Found(one.span(), one[0]) for one in _called(names).finditer(text)) if names else ()


@lru_cache(maxsize=64)
def _called(names: frozenset[str]) -> re.Pattern[str]:
    called = "|".join(re.escape(one) for one in sorted(names, key=len, reverse=True))
    return re.compile(rf"(?<![\w.-])(?:{called})(?![\w-]|\.\w)")


def unquoted(text: str, known: Known) -> str:
    """`text` without the marks around a field: a quoted field is a name, no line that was read."""
    marks = [
        place
        for one in fields(text, known)
        for place in (one.span[0] - 1, one.span[1])
        if claims.QUOTED.fullmatch(text[max(0, one.span[0] - 1) : one.span[1] + 1])
    ]
    return claims.blanked(text, [(place, place + 1) for place in marks])


def named(text: str, found: list[Found], mentions: list[Found], known: Known) -> Iterator[Claim]:
    """A field holds, unless it is put to a service of which it was not measured."""
    for one in found:
        told = owners.subjects(one.span, text, mentions, known)
        measured = {fact.subject for fact in known.facts if fact.metric == one.text}
        holds = not told or any(owners.is_of(subject, other) for subject in measured for other in told)
        yield Claim("name", one.span, one.text, holds, "" if holds else f"it was not measured of {told[0].service}")


# "What is not as usual is ledger".
UNUSUAL = re.compile(
    r"\bwhat (?:(?:is|are) (?:not as usual|unusual)|(?:does not|differs?|deviates?)[^,;.]{0,16}),?"
    r" (?:is|are) (?:the )?",
    re.IGNORECASE,
)


def unusual(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    for found in UNUSUAL.finditer(text):
        of = next((one.text for one in mentions if one.span[0] == found.end() and one.text in known.services), None)
        own = [one for one in known.levels if one.subject.service == of]
        if of:
            holds = any(one.deviates for one in own)
            yield judged("direction", found, holds, "it does not deviate", is_open=not own)


# "None of cart's metrics deviates".
NONE_DEVIATES = re.compile(
    r"\b(?:(?:none|not one|not a single one) of (?:[^,;.]{0,60}?\b(?:metrics|signals)|these|those|them)"
    r"|no (?:single |other )?(?:metric|signal)(?: (?:of|in) [^,;.]{1,60}?)?)"
    r" (?:really )?(?:deviat\w+|(?:is|are) unusual"
    r"|(?:points? to|indicates?|shows?|suggests?|hints? at) (?:an?|any) (?:\w+ )?(?:problem|trouble|incident|issue))"
    r"|\bnothing (?:is |was |looks )?(?:unusual|abnormal|wrong|out of the ordinary)"
    r" (?:about|with|in) [^,;.]{0,24}\b(?:metrics|signals)\b[^,;.]*",
    re.IGNORECASE,
)


def calm(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Of whom it is said, every level is as usual."""
    for found in NONE_DEVIATES.finditer(text):
        levels = owners.levels((found.end() - 1, found.end()), text, mentions, known)
        holds = bool(levels) and not any(one.deviates for one in levels)
        yield judged("direction", found, holds, "one of them does", is_open=not levels)


def titled(span: Span, text: str, known: Known) -> str | None:
    """ "syscall write 0 (usually 78); …", as the ranking says it: the field of both."""
    begin, _ = context.part(span, text)
    title = SYMPTOM.search(text[begin : span[0]])
    field = next((one for one in sorted(known.fields) if title and title["title"] in titles(one)), None)
    return field or ("requests" if title and title["title"] == "requests" else None)


SYMPTOM = re.compile(r"^\s*(?P<title>[a-z][a-z\d ]*?) (?:\d[\d.,]*(?: \S+)? \(usually )?$")


def of_clause(span: Span, text: str, known: Known) -> list[str]:
    """The fields that the clause around it names."""
    start, end = context.clause(span, text)
    named = {one.text for one in fields(text, known) if start <= one.span[0] < end}
    return sorted(named)


def of_figure(number: Number, text: str, known: Known) -> str | None:
    """The field that a figure is of: of its own clause, or named before it where its clause speaks of nothing else.

    "syscall_write fell from 100 to 0 and syscall_read from 46 to 0": each the one before it.
    """
    found = fields(text, known)
    if not found or _is_a_time(number.span, text):
        return None
    start, end = context.clause(number.span, text)
    own = [one for one in found if start <= one.span[0] < end]
    before = [one for one in own if one.span[1] <= number.span[0]]
    if not own and not topics(text[start:end]):
        begin, _ = context.part(number.span, text)
        before = [one for one in found if begin <= one.span[0] < number.span[0]]
    field = next(iter([*before[-1:], *own[:1]]), None)
    return field.text if field and _may_be_of(number, field.text, known) else None


def spelled_in(span: Span, text: str, known: Known) -> frozenset[str]:
    """The fields whose words, two of them or more, the figure's clause spells: "the panic count of payments is 24"."""
    clause = text[slice(*context.clause(span, text))]
    return frozenset(one for one in known.fields if is_spelled(clause, one))


def _is_a_time(span: Span, text: str) -> bool:
    """ "Two minutes after the onset"."""
    return context.says_of_time(span, text) not in (None, "taking")


def _may_be_of(number: Number, metric: str, known: Known) -> bool:
    """Whether its unit is one that the metric is told in; without one it is in that of the field."""
    return not number.dimension or any(one.dimension == number.dimension for one in known.facts if one.metric == metric)


def in_its_unit(number: Number, metric: str | None, known: Known) -> Number:
    """ "http_server_duration_p99_milliseconds is 3811.8": without a unit a figure is in that of its field."""
    if metric is None or number.dimension:
        return number
    dimension, factor = dimension_of((metric,))
    own = next((one.dimension for one in known.facts if one.metric == metric and one.role == "now"), dimension)
    return number.scaled(factor if dimension == own else 1.0, own)


# Words of a field's name that say nothing of what it is of.
UNITS = frozenset({"percent", "ratio", "per", "sec", "seconds", "milliseconds", "avg", "count", "rate", "total"})


@lru_cache(maxsize=4_000)
def words_told(metric: str, text: str) -> int:
    """How many words of the metric's name the text has, or others that mean the same."""
    meant = record.meanings(text)
    begun = {one[:6] for one in meant}
    return sum(word[:6] in begun or record.meaning(word) in meant for word in _words(metric))


def _words(metric: str) -> set[str]:
    return {*re.findall(r"[a-z]{3,}", metric)} - UNITS


def is_counted_by(metric: str, dimension: str) -> bool:
    """`of envelopes a minute`, and the metric `envelopes_flushed_per_min`."""
    noun, _, per = dimension.removeprefix("of ").partition(" a ")
    words = metric.split("_")
    is_noun = {form[:5] for form in vocabulary.forms(noun)} & {word[:5] for word in words}
    return bool(is_noun) and (not per or any(word.startswith(per[:3]) for word in words))


def in_units_of(number: Number, text: str, known: Known) -> Iterator[Number]:
    """ "CPU is at 88", "the exact value is 30,998,500": in the unit of what it speaks of, or of all that was"
    " measured."""
    if number.dimension:
        return
    measured = sorted({one.metric for one in known.levels})
    spoken = context.spoken_of(number.span, text)
    told = [one for one in measured if one in spoken or ("_" in one and is_told_by_words(one, text))]
    for metric in told or (measured if len(measured) == 1 else []):
        dimension, factor = OF_SIGNALS.get(metric) or dimension_of((metric,))
        if dimension not in ("count", "grams_per_minute") and metric not in ("errors", "retries"):
            yield number.scaled(factor, dimension)


def is_told_by_words(metric: str, text: str) -> bool:
    """Whether the text has at least half of the words of its name."""
    return 2 * words_told(metric, text) >= len(_words(metric)) > 0


def alone(subjects: Iterable[Subject], known: Known) -> frozenset[str]:
    """The metrics that are the only one of their dimension that was measured there: "it stays at 0.72"."""
    told = [*subjects]
    measured = {
        (fact.dimension, fact.metric)
        for fact in known.facts
        if fact.metric and fact.role == "now" and any(owners.is_of(fact.subject, one) for one in told)
    }
    counts = Counter(dimension for dimension, _ in measured)
    return frozenset(metric for dimension, metric in measured if metric and told and counts[dimension] == 1)
