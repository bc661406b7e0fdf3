"""What is said of one service as against another: "checkout had a higher error rate than payments"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.report import metrics
from worker.agent.grounding.report.known import Known, Level
from worker.agent.grounding.text import context
from worker.agent.grounding.text.claims import Claim, Found, Span, judged
from worker.agent.grounding.text.topics import topics

THAN = re.compile(
    r"\b(?:(?P<more>higher|larger|greater|bigger|longer|slower|more)"
    r"|(?:lower|smaller|shorter|faster|quicker|fewer|less))\b(?! (?:likely|probable|plausible)\b)"
    r"[^,;.()]{0,60}? than (?:(?:that|those|the one|what) (?:of|on|in|at) )?(?:the )?",
    re.IGNORECASE,
)
ALIKE = re.compile(
    r"\b(?:fail\w*|(?:has|have|had|show\w*) errors) (?:at|with) (?:about |roughly |nearly |almost )?"
    r"(?:the same|an equal) rate\b"
    r"|\b(?:fail\w*) (?:about |roughly |just )?(?:equally|as) (?:often|badly)\b",
    re.IGNORECASE,
)


def compared(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Every measure of what the clause speaks of that both have must be so."""
    for found in THAN.finditer(text):
        if (both := _both(found, mentions, known)) and (told := _measures(found, text, known)):
            pairs = _pairs(*both, told, known)
            holds = bool(pairs) and all((one.actual > other.actual) == bool(found["more"]) for one, other in pairs)
            yield judged("direction", found, holds, "it is the other way round", is_open=not pairs)


def alike(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "auth and checkout failed at about the same rate": of the two that stand before it."""
    for found in ALIKE.finditer(text):
        two = [one.text for one in mentions if one.text in known.services and one.span[1] <= found.start()][-2:]
        rates = [max((_rates(one, known)), default=None) for one in two]
        first, second = rates if len(rates) == len({*two}) == 2 else (None, None)
        if first is not None and second is not None:
            is_so = abs(first - second) <= 0.15 * max(first, second)
            yield judged("direction", found, is_so, "they do not")


# "Among the services, payments fails most often".
MOST_OFTEN = re.compile(
    r" (?:in [\w-]+ )?(?:itself )?fail(?:s|ed) (?:the )?(?P<often>most|least)"
    r"(?: often| of all| frequently)?(?=\s*(?:[,.;]|$))"
)


def most(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """By its error rate, of all that were measured."""
    rates = {one.subject.service: one.actual for one in known.levels if one.signal == "errors"}
    for one in mentions:
        found = MOST_OFTEN.match(text, one.span[1]) if one.text in rates else None
        if found and len(rates) > 1:
            best = max if found["often"] == "most" else min
            yield judged("direction", found, rates[one.text] == best(rates.values()), "another one does")


def _rates(service: str, known: Known) -> list[float]:
    return [one.actual for one in known.levels if (one.subject.service, one.signal) == (service, "errors")]


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
    told = frozenset(metrics.of_clause(span, text, known)) or topics(text[start:end]) & measured
    # "Less available", of `availability_percent`.
    words = {one for one in measured if len(one) > 7 and re.search(rf"\b{one[:7]}", text[start:end], re.IGNORECASE)}
    return told or frozenset(words)


def _pairs(one: Found, other: Found, told: frozenset[str], known: Known) -> list[tuple[Level, Level]]:
    levels = [level for level in known.levels if told & {level.signal, level.metric}]
    mine, theirs = ([level for level in levels if level.subject.service == of.text] for of in (one, other))
    return [(level, its) for level in mine for its in theirs if level.metric == its.metric]
