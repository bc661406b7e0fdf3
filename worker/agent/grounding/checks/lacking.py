"""What is said not to be there: calls that are no longer made, a rise elsewhere, and what somebody "shows none" of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from worker.agent.grounding.checks.movements import went
from worker.agent.grounding.report import owners
from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text.claims import Claim, Found, judged
from worker.agent.grounding.text.topics import SIGNALS, topics

_HARDLY = r"hardly|no longer|barely|scarcely|almost never|never|(?:has |have )?(?:stopped|ceased)"
# Behind the callee …
CALLED_LESS = re.compile(
    rf" (?:is|was|are|were) (?:{_HARDLY}|not)(?: ever)? called\b(?: any ?more)?"
    r"(?: by (?:the )?(?P<caller>\S+?)\b(?=[\s,.;]|$))?",
    re.IGNORECASE,
)
MISSING_FROM = re.compile(
    r" (?:is|was) (?:the (?P<only>one|only|sole|single) (?:callee|service|one|call)(?:,? (?:that|which) (?:is|was))? )?"
    r"(?:now )?(?:missing|absent|gone) (?:from|in|among) (?:the calls (?:of|from) )?(?:the )?(?P<caller>[\w.:-]+)",
    re.IGNORECASE,
)
CALLS_GONE = re.compile(
    r" (?:are|is|were|have gone|went) (?:now )?(?:missing|absent|gone|lost|no longer made)\b", re.IGNORECASE
)
# … and before it.
CALLS_LESS = re.compile(rf"\b(?:{_HARDLY}) (?:to )?call(?:s|ed|ing)? (?:the )?$", re.IGNORECASE)
MISSING_CALLS = re.compile(
    r"\b(?P<missing>(?:missing|lost|absent) )?calls? (?:(?:from|of) (?:the )?(?P<caller>[\w.:-]+) )?to (?:the )?$",
    re.IGNORECASE,
)
AS_BEFORE = re.compile(
    r"\b(?:is|was) (?:still |itself )?called (?:just )?as (?:before|usual|often as (?:before|usual))\b", re.IGNORECASE
)


def lacking(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    yield from _confined(text, mentions, known)
    yield from _none(text, mentions, known)
    read = [one for item in known.report.evidence for one in item.result.get("fewer") or () if isinstance(one, dict)]
    if not read:
        return
    for one in [one for one in mentions if one.text in known.services]:
        yield from _calls(one, text, mentions, read, known)
    for found in AS_BEFORE.finditer(text):
        of = _caller(found.start(), mentions, known)
        told = [one.reason for one in known.report.candidates if one.service in of]
        holds = any("called as before" in one for one in told)
        yield judged("state", found, holds, "nothing tells so", is_open=True)


def _calls(one: Found, text: str, mentions: list[Found], read: list[dict[str, Any]], known: Known) -> Iterator[Claim]:
    """ "It hardly calls emailservice any more", "emailservice is missing from checkoutservice's calls"."""
    before = text[: one.span[0]]
    less, named = CALLS_LESS.search(before), MISSING_CALLS.search(before)
    gone = CALLS_GONE.match(text, one.span[1])
    missing = MISSING_FROM.match(text, one.span[1])
    found = CALLED_LESS.match(text, one.span[1]) or missing or less
    found = found or (named if named and (named["missing"] or gone) else None)
    if found is None:
        return
    callers = {found["caller"]} & known.services if found is not less and found["caller"] else set()
    callers = _caller(found.start(), mentions, known) if found is less else callers
    of = [it for it in read if (not callers or it.get("service") in callers) and one.text in (it.get("missing") or ())]
    is_only = missing is None or not missing["only"] or any(len(it["missing"]) == 1 for it in of)
    yield judged("cause", found, bool(of) and is_only, "it is called as before")


def _caller(place: int, mentions: list[Found], known: Known) -> set[str | None]:
    """Who was named last before it; of "it hardly calls …", in the sentence before."""
    before = [one.text for one in mentions if one.span[1] <= place and one.text in known.services]
    root = known.report.root_cause
    return {*before[-1:]} or {*known.about} or {root.service if root else None}


# "The rise is confined to ledger", "belongs to europe-west1 alone".
CONFINED = re.compile(
    r"\b(?:(?P<confined>confined|limited|restricted) to|belongs? to|(?:is|lies) (?:all )?in|(?:comes|stems) from)"
    r" (?:the )?(?=\S)",
    re.IGNORECASE,
)
ALONE = re.compile(r" (?:alone|only)\b", re.IGNORECASE)
RISE = re.compile(
    r"\b(?:rise|increase|errors|failures|fault|trouble|problem|incident|emissions|excess)\b", re.IGNORECASE
)
NEARLY_ALL = 0.9


def _confined(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Where nearly all of the rise is its own."""
    for found in CONFINED.finditer(text):
        of = next((one for one in mentions if one.span[0] == found.end()), None)
        is_told = of and (found["confined"] or ALONE.match(text, of.span[1])) and RISE.search(text[: found.start()])
        parts = [one for one in known.facts if one.whole == "rise" and one.dimension == "share"]
        parts = [one for one in parts if one.subject.service or one.subject.region]
        if of and is_told and parts and any(of.text in known.services or one.subject.region for one in parts):
            share = sum(one.value for one in parts if of.text in one.subject)
            yield judged("direction", found, share >= NEARLY_ALL, "others have a part of it")


# "checkout in us-central1 shows none": of the rise, or of the errors, that were spoken of.
NONE = re.compile(r"\b(?:shows?|showed|has|had|have|sees?|saw) none\b(?! of)(?! in)", re.IGNORECASE)
A_RISE = re.compile(r"\b(?:rise|increase|growth|excess)\b", re.IGNORECASE)


def _none(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    for found in NONE.finditer(text):
        before = text[: found.start()]
        if not any(not text[one.span[1] : found.start()].strip() for one in mentions):
            continue
        subjects = owners.subjects_or_scope(found.span(), text, mentions, known)
        parts = [one for one in known.facts if one.whole == "rise" and one.dimension == "share"]
        rises = [one.value for one in parts if any(owners.is_of(one.subject, it) for it in subjects)]
        told = topics(before) & {*SIGNALS} or topics(known.previous) & {*SIGNALS}
        levels = [one for one in known.levels if any(owners.is_of(one.subject, it) for it in subjects)]
        levels = [one for one in levels if one.signal in told or not told]
        if A_RISE.search(before) and rises:
            yield judged("direction", found, max(rises) < SOME, "a part of it is there")
        else:
            is_change = bool(A_RISE.search(before)) or not told
            holds = bool(levels) and all(went(one) == 0 if is_change else one.actual == 0 for one in levels)
            yield judged("direction", found, holds, "it has some", is_open=not levels)


# So small a part of a rise is none.
SOME = 0.01
