"""What is said not to be there: a rise elsewhere, and what somebody "shows none" of."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.checks.movements import went
from worker.agent.grounding.report import owners
from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text.claims import Claim, Found, judged
from worker.agent.grounding.text.topics import SIGNALS, topics

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


def confined(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
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


def none(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
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
