"""What is said of one service as against another: "checkout had a higher error rate than payments"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.report import metrics
from worker.agent.grounding.report.known import Known, Level
from worker.agent.grounding.text import context
from worker.agent.grounding.text.claims import Claim, Found, Span, judged
from worker.agent.grounding.text.denials import LEFT_OPEN
from worker.agent.grounding.text.topics import SIGNALS, topics

_OF = r"(?:(?:that|those|the ones?|what) (?:of|on|in|at|against|for|from|to|with) )?(?:the )?"
THAN = re.compile(
    r"\b(?:(?P<more>higher|larger|greater|bigger|longer|slower|worse|more)"
    r"|(?:lower|smaller|shorter|faster|quicker|rarer|fewer|less))\b(?! (?:likely|probable|plausible)\b)"
    rf"[^,;.()]{{0,60}}? than {_OF}"
    rf"|\b(?:(?P<over>exceed(?:s|ed)?|outnumber(?:s|ed)?|surpass(?:es|ed)?|tops|topped|outweigh(?:s|ed)?)"
    rf"|(?P<most>(?:is|are|was|were|lies?|stays?|stood) (?:\w+ )?above)"
    rf"|(?:is|are|was|were|lies?|stays?|stood) (?:\w+ )?below) {_OF}",
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
            is_more = bool(found["more"] or found["over"] or found["most"])
            holds = bool(pairs) and all((one.actual > other.actual) == is_more for one, other in pairs)
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


# "The latency of payments, at 1,480 ms, is the highest of the three".
EXTREME = re.compile(
    r"\b(?:is|are|was|were|has|had|shows?) the (?:(?P<high>highest|longest|largest|slowest|worst|most)"
    r"|lowest|shortest|smallest|fastest|fewest|least)(?: [a-z]+){0,3}? (?:of|among) (?:the|all|these|them)\b"
    r"(?: (?:the|two|three|four|five|six|services|candidates|callers)){0,2}(?=\s*(?:[,.;]|$))",
    re.IGNORECASE,
)


def extreme(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """By the one signal that is spoken of, of all services of which it was measured."""
    for found in EXTREME.finditer(text):
        named = [one.text for one in mentions if one.span[1] <= found.start() and one.text in known.services][-1:]
        told = topics(text[context.part(found.span(), text)[0] : found.end()]) & {*SIGNALS}
        values = {one.subject.service: one.actual for one in known.levels if {one.metric} == told}
        if len(values) > 1 and named and named[0] in values:
            best = (max if found["high"] else min)(values.values())
            yield judged("direction", found, values[named[0]] == best, "another one has it")


# "Its share of failed requests was higher than its share of retries".
OF_ONE = re.compile(
    r"\b(?:is|was|are|were|stands?|lies) (?:(?P<more>higher|larger|greater|bigger|commoner"
    r"|more (?:frequent|common|numerous))|(?:lower|smaller|rarer|fewer|less (?:frequent|common|numerous))) than"
    r" (?:its |the |their )?(?P<other>[^,;.\d]{3,40})",
    re.IGNORECASE,
)
# Signals of one unit.
COMPARABLE = ({"errors", "retries"}, {"cpu", "memory"})


def of_one(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Two signals of one service, which are shares of the same."""
    for found in OF_ONE.finditer(text):
        one, other = (
            topics(part) & {*SIGNALS}
            for part in (text[context.part(found.span(), text)[0] : found.start()], found["other"])
        )
        if one == other or not any(len(one) == len(other) == 1 and one | other <= unit for unit in COMPARABLE):
            continue
        named = [it.text for it in mentions if it.span[1] <= found.start() and it.text in known.services][-1:]
        of = named or [known.report.service or ""]
        mine, theirs = (
            [it for it in known.levels if [it.subject.service] == of and {it.metric} == told] for told in (one, other)
        )
        pairs = [(a.actual, b.actual) for a in mine for b in theirs if a.subject == b.subject]
        if pairs:
            holds = all((a > b) == bool(found["more"]) for a, b in pairs)
            yield judged("direction", found, holds, "it is the other way round")


# "All services in europe-west1 fail alike".
EVERY = re.compile(
    r"\b(?:all (?:the |of the )?services|every service|each service)\b(?:[^,;.]|, incl[^,;.]{0,60},){0,60}?"
    r"\b(?:fails?|failed|failing|slow(?:er)?|suffers?|affected|deviates?|deviated|in trouble|errors"
    r"|emit(?:s|ted)? more|rose|(?:shows?|showed) an? rise)\b",
    re.IGNORECASE,
)


def every(text: str, _mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Not where one of them is known to be well, or was not looked at."""
    risen = {one.subject.service for one in known.facts if one.whole == "rise" and one.value > 0}
    well = known.services - {one.subject.service for one in known.levels if one.deviates} - risen
    for found in EVERY.finditer(text):
        if well and not LEFT_OPEN.search(text[: found.end()]):
            yield judged("direction", found, False, "not all of them do")


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


PREDICATE = re.compile(r"\s*(?:(?:is|are|was|were|lies|lie|stays?)\b.*)?", re.IGNORECASE)
ASIDE = re.compile(r", (?:at|with|by|of|being) [^,;]{1,30}(?:,\d{3}[^,;]{0,24})?,$")


def _measures(found: re.Match[str], text: str, known: Known) -> frozenset[str]:
    span = found.span()
    start, end = context.clause(span, text)
    measured = {level.signal for level in known.levels}
    told = frozenset(metrics.of_clause(span, text, known)) or topics(text[start:end]) & measured
    if not told and ASIDE.search(text[:start]) and PREDICATE.fullmatch(text[start : span[0]]):
        # "The retries against checkout, at 25 %, are more frequent than those against payments".
        told = topics(text[context.part(span, text)[0] : span[1]]) & measured
        told = told if len(told) == 1 else frozenset()
    # "Less available", of `availability_percent`.
    words = {one for one in measured if len(one) > 7 and re.search(rf"\b{one[:7]}", text[start:end], re.IGNORECASE)}
    return told or frozenset(words)


def _pairs(one: Found, other: Found, told: frozenset[str], known: Known) -> list[tuple[Level, Level]]:
    levels = [level for level in known.levels if told & {level.signal, level.metric}]
    mine, theirs = ([level for level in levels if level.subject.service == of.text] for of in (one, other))
    return [(level, its) for level in mine for its in theirs if level.metric == its.metric]
