"""Sentences about a past incident that the report is like: its date, how long it took, and what is told of it.

What people wrote of it counts for nothing but such sentences.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from worker.agent.grounding.checks.absences import NO_PAST
from worker.agent.grounding.checks.conditions import NONE_OF
from worker.agent.grounding.report.known import Fact, Known, Subject
from worker.agent.grounding.report.roster import WORD
from worker.agent.grounding.report.vocabulary import common, forms
from worker.agent.grounding.text import numerals, quantifiers
from worker.agent.grounding.text.claims import Claim, judged
from worker.domain.report import SimilarIncident

SPOKEN_OF = re.compile(
    r"(?<!few )(?<!enough )\b(?:similar|past|earlier|previous|prior|former|recorded|known) incidents?\b"
    r"|\b(?:weeks?|months?|days?) (?:ago|earlier)\b|\b(?:last|previous) (?:time|month|week)\b"
    r"|\b(?:seen|happened|occurred|helped) (?:before(?! (?:the|its?|this|that)\b)|then|that time)\b"
    r"|\bback then\b|\bin the past\b",
    re.IGNORECASE,
)


# "It ended after 52 min", "What helped: …", "according to the note" behind a sentence about a past incident.
GOES_ON = re.compile(
    r"\W*(?:(?:There|Then),? (?=(?:it|what) )|)"
    r"(?:(?:\w+,? ){0,6}?what (?:helped|worked|ended it|fixed it|solved it|mended it"
    r"|was done)\b|(?:Status|Same|Remedy)\b"
    r"|(?:(?:it|that|this|that one|this one|the (?:incident|note|record|remedy|latter)"
    r"|according to the (?:record|note)s?|its (?:title|status|cause|end))\b[^;]{0,60}?\b)?"
    r"(?:ended|over|lasted|help(?:s|ed)|resolved|closed|open|took|shares?|concern(?:s|ed)|note|record|title)\b"
    r"|(?:It|This|That)(?: one| incident)? (?:(?:had|was|is|has|been|also|then|still|only) )*"
    r"(?:solved|fixed|mitigated|shared|happened|hit"
    r"|occurred|affected|struck|dated|dates|like|similar|in|of|listed|recorded|found)\b)",
    re.IGNORECASE,
)


# "What helped then is not recorded": of the one that was told before.
WHAT_THEN = re.compile(
    r"\W*what (?:helped|worked|ended it|fixed it|solved it|was done)\b(?![^;]*\bincidents?\b)", re.IGNORECASE
)


def about(text: str, known: Known) -> list[SimilarIncident]:
    """Those of the date or the title that it tells, else all where it speaks of one; else the one it goes on about."""
    is_named = any(one.title and one.title in text for one in known.report.similar_incidents)
    if known.spoken.past and WHAT_THEN.match(text) and not is_named:
        return [*known.spoken.past]
    return _told_of(text, known) or [*(known.spoken.past if GOES_ON.match(text) else ())]


NEVER_SEEN = re.compile(
    r"\b(?:never|not|nor|none of (?:which|them|these)) (?:\w+ ){0,2}(?:seen|happened|occurred) before\b", re.IGNORECASE
)


def _told_of(text: str, known: Known) -> list[SimilarIncident]:
    past, window = known.report.similar_incidents, known.report.window
    # "TariffZoneUnknown had never been seen before" is of log lines.
    text = NEVER_SEEN.sub(" ", text)
    # The day of the alert is that of the alert, unless an earlier incident is spoken of.
    own = set() if SPOKEN_OF.search(text) else {window.start.date(), window.end.date()}
    dated = [
        one
        for one in past
        if (one.at.date() not in own or is_in(f"{one.at:%H:%M}", text))
        and any(is_in(date, text) for date in spelled(one.at))
    ]
    dated += [one for one in past if one.title and one.title in text and one not in dated]
    named = [one for one in past if one.service and one.service in text]
    spoken = (named or past) if SPOKEN_OF.search(text) else []
    return dated or spoken


def lasted(one: SimilarIncident) -> list[float]:
    found = [it.value for it in numerals.numbers(one.ended or "") if it.dimension == "seconds"]
    return [sum(found)] if found else []


CLAIMED = re.compile(
    r"\b(?:an?|one|another|the same|two|several) (?:\w+ )?"
    r"(?:similar|comparable|past|earlier|previous|known) incidents?\b",
    re.IGNORECASE,
)


def claimed(text: str, known: Known) -> Iterator[Claim]:
    """ "A similar incident is on file": not where the report is like none."""
    for found in SO_MANY_ALIKE.finditer(text):
        many = ("none", *quantifiers.SMALL).index(found["many"].lower())
        yield judged("state", found, len(known.report.similar_incidents) == many, "it is another number")
    for found in CLAIMED.finditer(text) if not known.report.similar_incidents else ():
        around = f"{re.split(r'[;:]', text[: found.start()])[-1]}{text[found.start() : found.end() + 40]}"
        if not NONE_OF.search(around):
            yield Claim("state", found.span(), found[0], holds=False, why="the report is like none")


# "12 past incidents were known by then, none of them similar", "…, three of which are similar".
SO_MANY_ALIKE = re.compile(
    rf"\b(?P<many>none|(?:{'|'.join(quantifiers.SMALL)})(?= of \w+ (?:is|are|was|were)\b))"
    r" (?:of (?:(?:them|these|those|which)|the [\w, ]{0,24}\bincidents\b[^,;.]{0,30}) )?"
    r"(?:(?:is|are|was|were) )?(?:(?:listed|counted|noted|given) as )?"
    r"(?:similar|alike|comparable|resembles?(?: (?:this|it)(?: one)?)?)\b",
    re.IGNORECASE,
)


# "The alert belongs to incident inc-20261124-652f5501-1".
BELONGS = re.compile(
    r"\b(?:belongs to|is part of|part of|opened|filed (?:as|under)|recorded as|tracked (?:as|in|under))"
    r"(?: the)? incident (?P<id>[\w-]*\d[\w-]*\w)|\bincident(?: id| number)? is (?P<of>[\w-]*\d[\w-]*\w)",
    re.IGNORECASE,
)


def own(text: str, known: Known) -> Iterator[Claim]:
    """The incident that the alert is part of, by its id."""
    for found in BELONGS.finditer(text):
        yield judged("state", found, (found["id"] or found["of"]) == known.report.incident_id, "it is of another one")


def is_in(date: str, text: str) -> bool:
    """ "23 November" is not the third."""
    return re.search(rf"(?<!\d){re.escape(date)}(?!\d)", text) is not None


def spelled(at: datetime) -> Iterator[str]:
    """The ways in which a day may be written."""
    day = f"{at.day}"
    for month in (f"{at:%B}", f"{at:%b}"):
        yield from (f"{day} {month}", f"{month} {day}", f"In {month}", f"in {month}")
    yield f"{at:%Y-%m-%d}"


def extended(known: Known, past: list[SimilarIncident]) -> Known:
    """What is known besides, where a sentence is about one of them."""
    texts = {one.id: " ".join(filter(None, (one.title, one.ended, one.helped, one.status, one.why))) for one in past}
    words = frozenset(form for text in texts.values() for word in WORD.findall(text.lower()) for form in forms(word))
    if any(one.helped for one in past):
        # What helped solved it.
        words |= {"solved"}
    months = frozenset(f"{one.at:%B}".lower() for one in past)
    facts = [
        Fact(
            number.value,
            number.dimension or "count",
            Subject(of),
            "span" if number.dimension == "seconds" else "helped",
        )
        for one in past
        # Nobody need be named; of which of them it is told, `remembered` sees.
        for of in {one.service, known.report.service}
        for number in numerals.numbers(texts[one.id])
    ]
    told = [text for one in past for text in (one.title, one.helped, one.ended) if text]
    known = replace(known, lines=[*known.lines, *told])
    return replace(known, words=known.words | words | months, facts=[*known.facts, *facts], past=words)


def as_then(found: list[Claim], text: str, words: str, past: list[SimilarIncident], known: Known) -> list[Claim]:
    """The claims of a sentence about those incidents, and what its other words take from what is told of them."""
    placed = [
        replace(one, holds=False, why="it was not there", is_open=True) if _misplaced(one, text, past, known) else one
        for one in found
    ]
    if not NOW.search(text):
        # What log lines say now is not told of then.
        placed = [
            replace(one, holds=False, why=UNTOLD, is_open=True) if _is_of_now(one, known) else one for one in placed
        ]
        placed = [_held(one) if _is_its_end(one, known) or _is_written(one, past) else one for one in placed]
    return [_told(one, known) for one in (*placed, *_message(words, known))]


def _held(claim: Claim) -> Claim:
    return replace(claim, holds=True, why="", is_open=False, is_unproven=False)


def _is_written(claim: Claim, past: list[SimilarIncident]) -> bool:
    """ "An analyzer change in 3.11.0 helped": a name that stands in what was written of it."""
    name = re.compile(rf"(?<![\w.-]){re.escape(claim.text)}(?![\w-])")
    return claim.kind == "name" and claim.is_open and any(name.search(one.helped or "") for one in past)


def _is_its_end(claim: Claim, known: Known) -> bool:
    """ "It ended", where that is told of it; after how long is a figure."""
    return claim.is_unproven and "ended" in known.past and ENDS.search(claim.text) is not None


ENDS = re.compile(r"\b(?:ended|over)$", re.IGNORECASE)


UNTOLD = "it is not told of that incident"


def _is_of_now(claim: Claim, known: Known) -> bool:
    words = WORD.findall(claim.text.lower())
    return claim.kind == "message" and claim.holds and not any({*forms(word)} & known.past for word in words)


def _message(text: str, known: Known) -> Iterator[Claim]:
    """What the sentence takes from what is told of it."""
    for found in WORD.finditer(text.lower()):
        if {*forms(found[0])} & known.past - common():
            yield Claim("message", found.span(), text[slice(*found.span())], holds=True)
            return


# The sentence speaks of what is now, too.
NOW = re.compile(
    r"\b(?:now|again|this time|today|current\w*|present|this (?:incident|one|alert)|like)\b", re.IGNORECASE
)


def _misplaced(claim: Claim, text: str, past: list[SimilarIncident], known: Known) -> bool:
    """Another service or region than that of the incident."""
    own = {one.region for one in past if one.region}
    places = {place for one in past for place in (one.service, one.region)} | {known.report.service}
    if not own or NOW.search(text) or any(region in text for region in own):
        # "As on 16 November in asia-east1, auth in europe-west1 fails".
        places.add(known.report.region)
    return claim.text in known.services | known.regions and claim.text not in places


def _told(claim: Claim, known: Known) -> Claim:
    """How it was then was not measured here, and what helped is no state of now; nor were the errors those of now."""
    if claim.text in known.types and not {*WORD.findall(claim.text.lower())} <= known.past:
        return replace(claim, holds=False, why=UNTOLD, is_open=True)
    if claim.kind == "direction" and {*forms(claim.text.lower())} & {*known.past, "incident"}:
        return _held(claim)
    content = {*WORD.findall(claim.text.lower())} - common()
    if claim.is_unproven and content and all({*forms(word)} & known.past for word in content - {"error", "errors"}):
        # "… ended after 18 minutes", where that is told of it.
        return _held(claim)
    is_of_then = claim.kind in ("direction", "state") and not claim.holds and not NO_PAST.match(claim.text)
    return replace(claim, is_open=True) if is_of_then else claim
