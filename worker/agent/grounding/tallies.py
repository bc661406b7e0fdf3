"""Counts that are taken of a list, of lines, or of all others: "two of them: a and b", "none of the others rises"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from worker.agent.grounding import claims, numerals, relations, roster, units
from worker.agent.grounding.claims import Found
from worker.agent.grounding.known import Change, Known
from worker.agent.grounding.pairs import Number
from worker.agent.grounding.topics import SIGNALS, topics

MESSAGES = re.compile(
    r" of (?:the |its )?(?P<all>\w+) (?:(?:quoted|sampled|shown|listed|example|log|error) )*"
    r"(?:messages|lines|examples)\b",
    re.IGNORECASE,
)
OTHERS = re.compile(
    r" of (?:the |its )?(?P<who>others?|rest|(?:\w+ ){0,2}services)\b[^;.]*? (?:show|ha|see)\w*"
    r" (?:an?|any) (?P<what>rise|increase|growth)\b",
    re.IGNORECASE,
)
LIST = re.compile(r"(?P<noun> (?:of (?:them|these)|(?:other |further |more |such )?[a-z]+s)?)(?P<told>[^:;.]*): ")


def is_tallied(number: Number, text: str, sentence: str, mentions: list[Found], known: Known) -> bool | None:
    """Whether it is so many; None where it is not told as such a count. `sentence` is the text with what it quotes."""
    if found := MESSAGES.match(text, number.span[1]):
        return _of_messages(number.value, _count(found["all"]), sentence, known)
    if number.text.lower() == "none" and (found := OTHERS.match(text, number.span[1])):
        named = {one.text for one in mentions if one.span[1] <= number.span[0]} & known.services
        is_of_rest = re.search(r"\b(?:other|others|rest|remaining)\b", found["who"].lower())
        return _none_rises(named if is_of_rest else set(), text, known)
    if ALL.search(text[: number.span[0]]) and not re.match(r" [a-z]+s\b", text[number.span[1] :]):
        named = _listed_before(number, mentions, known)
        return len(named) == number.value if len(named) > 1 else None
    if found := LIST.match(text, number.span[1]):
        listed = [one for one in mentions if one.span[0] >= found.end()]
        return _of_list(number.value, found, listed, sentence, mentions, known)
    return None


# "All four share the onset".
ALL = re.compile(r"\b(?:all|these|those|all of the) $", re.IGNORECASE)


def _listed_before(number: Number, mentions: list[Found], known: Known) -> set[str]:
    """Whom this sentence named before, else the one before it."""
    here = {one.text for one in mentions if one.span[1] <= number.span[0]} & known.services
    return here or ({one.text for one in roster.mentions(known.previous, known)} & known.services)


def _count(word: str) -> float:
    return float(word) if word.isdigit() else units.IN_WORDS.get(word.lower(), (0.0, ""))[0]


def _quoted(sentence: str) -> list[str]:
    return [next(part for part in one.groups() if part) for one in claims.QUOTED.finditer(sentence)]


def _of_messages(some: float, total: float, sentence: str, known: Known) -> bool | None:
    """ "Two of the three messages say “…”": of a type with so many, so many have it."""
    quoted = _quoted(sentence)[:1]
    kinds = [one for one in _messages(known) if len(one) == total]
    if not quoted or not kinds:
        return None
    return any(sum(quoted[0] in message for message in one) == some for one in kinds)


def _messages(known: Known) -> Iterator[list[str]]:
    for item in known.report.evidence:
        for one in item.result.get("types") or ():
            yield [str(message) for message in one.get("messages") or ()]


def _none_rises(named: set[str], text: str, known: Known) -> bool | None:
    """Of whom the rise is: of none but those who are named."""
    told = topics(text) & {*SIGNALS}
    parts: list[dict[str, Any]] = []
    for item in known.report.evidence:
        of = re.match(r"Whose rise of (\w+)", item.title)
        if of and (not told or topics(of[1]) & told):
            parts += item.result.get("parts") or []
    return all(one.get("rise", 0) <= 0 for one in parts if one.get("service") not in named) if parts else None


def _of_list(
    count: float, found: re.Match[str], listed: list[Found], sentence: str, mentions: list[Found], known: Known
) -> bool | None:
    """ "Five services: a, b, …", "two of them hit cart: v1 and v2"."""
    names = {one.text for one in listed}
    changes = [one for one in known.changes if one.at and one.deployment_id in names]
    if changes:
        between = {one.text for one in mentions if found.start() <= one.span[0] < found.end()} & known.services
        is_count = len({one.deployment_id for one in changes}) == count
        return is_count and all(_is_told_so(one, between, found["told"], known) for one in changes)
    services = names & known.services
    if "callers" in found["noun"] and services:
        called = {one.text for one in mentions if found.start() <= one.span[0] < found.end()} & known.services
        is_calling = all(any((one, of) in known.calls for of in called) for one in services)
        return len(services) == count and is_calling if called else None
    if "services" not in found["noun"] or not services:
        return None
    quoted = _quoted(sentence)
    logging = {one.subject.service for one in known.facts if one.of in quoted}
    return len(services) == count and (not quoted or services <= logging)


def _is_told_so(change: Change, services: set[str], told: str, known: Known) -> bool:
    """Whether it is of the service that is named, and as long before the onset as it says."""
    if services and change.service not in services:
        return False
    within = next((one for one in numerals.numbers(told) if one.dimension == "seconds"), None)
    if within is None or change.at is None or "before" not in told:
        return True
    root = known.report.root_cause
    of = [known.report.service, root.service if root else None]
    onsets = [known.report.window.start, *(at for one in of if one and (at := relations.onset(one, known)))]
    return any(timedelta(0) <= onset - change.at <= timedelta(seconds=within.high) for onset in onsets)
