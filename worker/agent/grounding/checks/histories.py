"""What is told of one past incident among several: how long it lasted, whom it concerned, its day, what helped."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.checks import periods
from worker.agent.grounding.checks.past import NOW, about, is_in, spelled
from worker.agent.grounding.checks.placing import lasted
from worker.agent.grounding.checks.remembered import is_what_helped
from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text import claims, numerals
from worker.agent.grounding.text.claims import Claim, Found, Span, judged
from worker.domain.report import SimilarIncident

# "Ended after", "was resolved within", "lasted".
SO_LONG = re.compile(
    r"\b(?:(?:ended|over|resolved|closed|fixed|solved|mitigated|done|open|stopped)\b(?: \w+ly)? (?:after|within|in|for)"
    r"|lasted(?: for)?|took)(?: about| only| just| roughly| some)* $",
    re.IGNORECASE,
)
CONCERNED = re.compile(
    r"\b(?:concern(?:s|ed)|affect(?:s|ed)|hit|struck|involved|was (?:about|of|in|on)|(?:occurred|happened) (?:in|on"
    r"|at|to)"
    r"|took place (?:in|at|on))(?: also| only| the| service)* $",
    re.IGNORECASE,
)
# "In the past incident “catalog slow”, the service ledger was in trouble".
IN_TROUBLE = re.compile(
    r" (?:was|were|had been) (?:in trouble|affected|hit|failing|slow|down|broken|struck|concerned|involved|the one)\b"
)
SAME_DAY = re.compile(r"\bsame (?P<unit>day|date|month|year)\b", re.IGNORECASE)
_HELPED = r"(?:had |has |have )?(?:helped|fixed it|solved it|ended it|cured it|did it)\b"
HELPED = re.compile(
    rf"(?:^\W*|[,:;] (?:and )?|\b(?:then|that) )(?P<how>(?:an?|the|\w+ing) (?:(?!\bwhat\b|\bnotes?\b)[^,;.:]){{3,60}}?)"
    rf" {_HELPED}",
    re.IGNORECASE,
)
NOT_TOLD = re.compile(
    r"\b(?:what (?:helped|ended it|was done)|the remedy|how it was (?:ended|solved|fixed))\b[^,;.]{0,24}?"
    r" (?:(?:is|was)(?: not|n['’]t) (?:recorded|known|noted|told|on record|written down)|(?:is|was) unknown)\b",
    re.IGNORECASE,
)
IN_UNIT = {"day": "%Y-%m-%d", "date": "%Y-%m-%d", "month": "%Y-%m", "year": "%Y"}


def histories(sentence: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    past = about(sentence, known)
    text = claims.blanked(sentence, [found.span() for found in claims.QUOTED.finditer(sentence)])
    yield from _lengths(sentence, text, past)
    yield from _about_so_long(sentence, text, past)
    yield from _concerned(sentence, mentions, past, known)
    for found in SAME_DAY.finditer(text) if past else ():
        yield judged(
            "state", found, _is_same_day(found, _meant(found.start(), sentence, past), known), "it was another"
        )
    for found in NOT_TOLD.finditer(text) if past else ():
        of = known.spoken.past or past
        yield judged("state", found, not any(one.helped for one in of), "that is recorded")
    for found in HELPED.finditer(text) if past else ():
        of = _meant(found.start(), sentence, past)
        yield judged("state", found, is_what_helped(found["how"], of), "that is not what helped")


def _meant(place: int, text: str, past: list[SimilarIncident]) -> list[SimilarIncident]:
    """The one that is named last before `place`, by its title or its day; else all that the sentence can be about."""
    named = [(text.rfind(name, 0, place), name, one) for one in past for name in (one.title, *spelled(one.at)) if name]
    named = [(begin, name, one) for begin, name, one in named if begin >= 0 and is_in(name, text[:place])]
    last = max((begin for begin, *_ in named), default=0)
    return [one for begin, _, one in named if begin == last] or past


def _lengths(sentence: str, text: str, past: list[SimilarIncident]) -> Iterator[Claim]:
    for one in numerals.numbers(text) if past else ():
        before = text[: one.span[0]]
        if one.dimension != "seconds" or not SO_LONG.search(before):
            continue
        of = _in_turn(one.span, sentence, text, past) or _meant(one.span[0], sentence, past)
        told = [seconds for it in of for seconds in lasted(it)]
        if not any(one.low <= seconds <= one.high for seconds in told):
            yield Claim("number", one.span, one.text, holds=False, why="it lasted otherwise", is_open=not told)


def _in_turn(span: Span, sentence: str, text: str, past: list[SimilarIncident]) -> list[SimilarIncident]:
    """ "… of 5 and 19 November took 310 min and 52 min, respectively": the first of the first, and so on."""
    long = [one.span for one in numerals.numbers(text) if one.dimension == "seconds"]
    if "respectively" not in text or span not in long:
        return []
    named = {begin: one for one in past for begin in _places(one, sentence[: long[0][0]])}
    ordered = list(dict.fromkeys(named[begin].id for begin in sorted(named)))
    own = ordered[long.index(span)] if len(ordered) == len(long) else None
    return [one for one in past if one.id == own]


def _places(one: SimilarIncident, text: str) -> list[int]:
    return [text.find(name) for name in (one.title, *spelled(one.at)) if name and is_in(name, text)]


# "It ended within an hour", "it took less than an hour".
ABOUT_SO_LONG = re.compile(
    r"\b(?P<than>within|in|in less than|less than|under|in under|more than|over|after more than|after|for) "
    r"(?:(?P<half>half an)|an?|one) (?P<unit>hour|day|minute)\b(?! (?:and|before|later|ago|earlier))",
    re.IGNORECASE,
)


def _about_so_long(sentence: str, text: str, past: list[SimilarIncident]) -> Iterator[Claim]:
    for found in ABOUT_SO_LONG.finditer(text) if past else ():
        told = [seconds for it in _meant(found.start(), sentence, past) for seconds in lasted(it)]
        bound = periods.SECONDS[found["unit"].lower()] * (0.5 if found["half"] else 1)
        than = found["than"].lower()
        low = bound if "more" in than or than == "over" else 0.9 * bound if than in ("after", "for") else 0
        high = 1.1 * bound if low < bound else 1e9
        if told and SO_LONG.search(text[: found.end("than") + 1]) and not any(low <= it <= high for it in told):
            yield judged("number", found, False, "it lasted otherwise")


def _concerned(sentence: str, mentions: list[Found], past: list[SimilarIncident], known: Known) -> Iterator[Claim]:
    """The service or region right behind such a verb, where the incident is its subject."""
    places = known.services | known.regions
    for one in (one for one in mentions if past and one.text in places):
        found = CONCERNED.search(sentence[: one.span[0]]) or IN_TROUBLE.match(sentence, one.span[1])
        of = _meant(found.start(), sentence, past) if found else []
        if not found or not of or NOW.search(_since(found.start(), sentence, of)):
            continue
        holds = one.text in {place for it in of for place in (it.service, it.region)}
        span = (found.start(), one.span[1])
        yield Claim("state", span, sentence[slice(*span)], holds, "" if holds else "it was of another")


def _since(place: int, text: str, of: list[SimilarIncident]) -> str:
    """What stands between the name of the incident and `place`."""
    ends = [text.rfind(name, 0, place) for one in of for name in (one.title, *spelled(one.at)) if name]
    return text[max([0, *ends]) : place]


def _is_same_day(found: re.Match[str], of: list[SimilarIncident], known: Known) -> bool:
    """As the report's own, or all of them as each other."""
    unit = IN_UNIT[found["unit"].lower()]
    window, days = known.report.window, {f"{one.at:{unit}}" for one in of}
    return bool(days & {f"{window.start:{unit}}", f"{window.end:{unit}}"}) or (len(of) > 1 and len(days) == 1)
