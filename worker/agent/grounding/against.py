"""What is said of one service as against another: "checkout had a higher error rate than payments"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding import context, metrics
from worker.agent.grounding.claims import Claim, Found, Span, judged
from worker.agent.grounding.known import Known, Level
from worker.agent.grounding.topics import topics

THAN = re.compile(
    r"\b(?:(?P<more>higher|larger|greater|bigger|longer|slower|more)"
    r"|(?:lower|smaller|shorter|faster|quicker|fewer|less))\b"
    r"[^,;.()]{0,60}? than (?:(?:that|those|the one|what) (?:of|on|in|at) )?(?:the )?",
    re.IGNORECASE,
)
NEGATED = re.compile(r"\b(?:no|not|never|hardly)\b|n['’]t\b", re.IGNORECASE)


def compared(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Every measure of what the clause speaks of that both have must be so."""
    for found in THAN.finditer(text):
        if (both := _both(found, mentions, known)) and (told := _measures(found, text, known)):
            pairs = _pairs(*both, told, known)
            wanted = bool(found["more"]) != bool(NEGATED.search(text[both[0].span[1] : found.start()]))
            holds = bool(pairs) and all((one.actual > other.actual) == wanted for one, other in pairs)
            yield judged("direction", found, holds, "it is the other way round", is_open=not pairs)


def is_of_two(span: Span, text: str, mentions: list[Found], known: Known) -> bool:
    """Whether the words there set one service against another, and tell no course of things."""
    told = [found for found in THAN.finditer(text) if found.start() < span[1] and span[0] < found.end()]
    return any(_both(found, mentions, known) for found in told)


def _both(found: re.Match[str], mentions: list[Found], known: Known) -> tuple[Found, Found] | None:
    services = [one for one in mentions if one.text in known.services]
    before = [one for one in services if one.span[1] <= found.start()]
    other = next((one for one in services if one.span[0] == found.end()), None)
    return (before[-1], other) if before and other else None


def _measures(found: re.Match[str], text: str, known: Known) -> frozenset[str]:
    span = found.span()
    start, end = context.clause(span, text)
    measured = {level.signal for level in known.levels}
    return frozenset(metrics.of_clause(span, text, known)) or topics(text[start:end]) & measured


def _pairs(one: Found, other: Found, told: frozenset[str], known: Known) -> list[tuple[Level, Level]]:
    levels = [level for level in known.levels if told & {level.signal, level.metric}]
    mine, theirs = ([level for level in levels if level.subject.service == of.text] for of in (one, other))
    return [(level, its) for level in mine for its in theirs if level.metric == its.metric]
