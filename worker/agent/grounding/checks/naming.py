"""Whose new errors name whom, told by a share of them: "it is named by all of checkout's new errors"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.report import roster
from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text import numerals
from worker.agent.grounding.text.claims import Claim, Found, judged_at

NAMED_BY = re.compile(
    r"\b(?:is|was|are|gets?) (?:also |even |only |itself )*named (?:by|in) "
    r"(?P<many>all|each|every one|none|[^,;.]{1,24}?)"
    r" of (?:the |its )?(?:new )?(?:(?:errors|error messages) (?:of|in) )?$",
    re.IGNORECASE,
)
WHOLE = {"all": (0.995, 1.0), "each": (0.995, 1.0), "every one": (0.995, 1.0), "none": (0.0, 0.005)}


def naming(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """By the share of the caller's errors that names whom the clause is about."""
    shares = _shares(known)
    for caller in mentions if shares else ():
        found = NAMED_BY.search(text[: caller.span[0]])
        named = _named(found.start(), mentions, known) if found else None
        if found and named and caller.text in {of for of, _ in shares}:
            share = shares.get((caller.text, named), 0.0)
            low, high = _bounds(found, text)
            holds = low - 1e-9 <= share <= high + 1e-9
            span = (found.start(), caller.span[1])
            yield judged_at("number", span, text, holds, "it is another share")


# "The new errors of checkout name ledger but never payments".
NOT_NAMED = re.compile(
    r"\b(?:names?|naming|mentions?|points? to)\b[^;.]{0,60}?(?:,|\band\b|\bbut\b) ?(?:and |but )?"
    r"(?:not|never|hardly ever) (?:the )?$"
    # "The new errors of checkout do not name ledger", "none of payments' errors mentions ledger".
    r"|\berrors?\b[^,;.]{0,40}? (?:(?:do|does|did) not|don['’]t|never) (?:ever )?"
    r"(?:name|mention|point to)\w* (?:the )?$"
    r"|(?:^|[,;] )\W*(?:none|not one) of [^,;.]{0,50}\berrors\b[^,;.]{0,30} (?:names?|mentions?|points? to) (?:the )?$",
    re.IGNORECASE,
)


def unnamed(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Who is said not to be named, and is."""
    shares = _shares(known)
    for one in mentions if shares else ():
        found = NOT_NAMED.search(text[: one.span[0]])
        caller = _whose(found, mentions, known) if found else None
        if found and caller and shares.get((caller, one.text), 0.0) > 0:
            span = (found.start(), one.span[1])
            yield Claim("number", span, text[slice(*span)], holds=False, why="they name it")


def _shares(known: Known) -> dict[tuple[str, str], float]:
    """Of (who logs the errors, whom they name)."""
    found: dict[tuple[str, str], float] = {}
    for item in known.report.evidence:
        service = roster.subject_of(item.title, known).service
        names = item.result.get("names") if "types" in item.result else None
        found |= {(service, callee): float(one) for callee, one in (names or {}).items() if service}
    return found


def _whose(found: re.Match[str], mentions: list[Found], known: Known) -> str | None:
    """Whose errors they are: who is named in it, else before it."""
    inside = [one.text for one in mentions if found.start() <= one.span[0] < found.end() and one.text in known.services]
    return next(iter(inside), None) or _named(found.start(), mentions, known)


def _named(place: int, mentions: list[Found], known: Known) -> str | None:
    """Who is named last before it, else who leads the sentence before."""
    before = [one.text for one in mentions if one.text in known.services and one.span[1] <= place][-1:]
    spoken = [one.text for one in roster.mentions(known.previous, known) if one.text in known.about]
    return next(iter([*before, *spoken]), None)


def _bounds(found: re.Match[str], text: str) -> tuple[float, float]:
    if whole := WHOLE.get(found["many"].lower()):
        return whole
    start, end = found.span("many")
    told = [one for one in numerals.numbers(text) if start <= one.span[0] < end and one.dimension == "share"]
    return (told[0].low, told[0].high) if told else (0.0, 1.0)
