"""Whose new errors name whom: by a share of them, by every one, nobody else, or not at all."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.report import roster
from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text import numerals
from worker.agent.grounding.text.claims import Claim, Found, judged_at

# "Ledger is named by all of checkout's new errors", "every error of checkout names ledger".
NAMED_BY = re.compile(
    r"\b(?:is|was|are|gets?) (?:also |even |only |itself )*named (?:by|in) "
    r"(?:(?:every|each) (?:new )?error (?:of|in) |(?P<many>all|each|every one|none|[^,;.]{1,24}?)"
    r" of (?:the |its )?(?:new )?(?:(?:errors|error messages) (?:of|in) )?)$",
    re.IGNORECASE,
)
_NAMES = r"(?:names?|naming|mentions?|points? (?:to|at)|speaks? of|refers? to)"
EVERY_ERROR = re.compile(
    rf"\b(?:every|each|all)\b[^,;]{{0,40}}?\berrors?\b[^,;]{{0,40}}? {_NAMES} (?:the )?$", re.IGNORECASE
)
# "checkout names payments in all of its new errors, and ledger in 20 % of them".
NAMING = re.compile(rf"\b{_NAMES} (?:the )?(?:[^;.]{{1,60}}, (?:and|but) )?$", re.IGNORECASE)
IN_SO_MANY = re.compile(
    r" in (?P<many>all|each|every one|none|\d[\d.]* ?%) of (?:its|the|their|them|these)\b", re.IGNORECASE
)
# "checkout's new errors name only ledger".
NAME_ONLY = re.compile(
    rf"\b{_NAMES} (?:only|solely|just|exclusively"
    r"|(?:nothing|nobody|none|no (?:one|\w+)) (?:but|except|other than)) (?:the )?$",
    re.IGNORECASE,
)
# "The new errors of checkout name ledger but never payments", "none of payments' errors mentions ledger".
NOT_NAMED = re.compile(
    rf"\b{_NAMES}\b[^;.]{{0,60}}?(?:,|\band\b|\bbut\b) ?(?:and |but )?(?:not|never|hardly ever) (?:the )?$"
    r"|\berrors?\b[^,;.]{0,40}? (?:(?:do|does|did) not|don['’]t|never) (?:ever )?"
    r"(?:name|mention|point to)\w* (?:the )?$"
    rf"|(?:^|[,;] )\W*(?:none|not one) of [^,;.]{{0,50}}\berrors\b[^,;.]{{0,30}} {_NAMES} (?:the )?$"
    r"|\b(?:no|not a single|not one) (?:new )?(?:(?:log )?line|error|message)s? (?:of|from|in)"
    rf" [^,;.]{{1,40}}? {_NAMES} (?:the )?$",
    re.IGNORECASE,
)
# "The new errors of payments name ledger and checkout": the second as well.
NAME_ALSO = re.compile(
    rf"\berrors?\b[^,;.]{{0,60}}? {_NAMES} (?:both )?(?:the )?[\w.@:-]+(?:, [\w.@:-]+)*"
    r"(?:,? (?:and|as well as)|, but also) (?:the )?$",
    re.IGNORECASE,
)
NO_NAMED, ALL = (0.0, 0.005), (0.995, 1.0)
WHOLE = {"all": ALL, "each": ALL, "every one": ALL, "none": NO_NAMED}


def naming(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """By the share of the caller's errors that names whom the clause is about."""
    shares, read = _shares(known), _read(known)
    for one in mentions if read else ():
        before = text[: one.span[0]]
        if found := NAMED_BY.search(before):
            callers, callee, told = [one.text], _named(found.start(), mentions, known), _bounds(found, text)
        elif one.text in known.services and (found := EVERY_ERROR.search(before)):
            callers, callee, told = _whose(found, mentions, known), one.text, ALL
        elif (behind := IN_SO_MANY.match(text, one.span[1])) and (found := NAMING.search(before)):
            services = [it.text for it in mentions if it.text in known.services and it.span[1] <= found.start()]
            callers, callee, told = services[-1:], one.text, _bounds(behind, text)
        else:
            continue
        named = [shares.get((of, callee or ""), 0.0) for of in callers if of in read]
        if callee and named:
            holds = told[0] - 1e-9 <= max(named) <= told[1] + 1e-9
            yield judged_at("number", (found.start(), one.span[1]), text, holds, "it is another share")


def also_named(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Who stands behind another as named, and is not."""
    shares = _shares(known)
    for one in mentions if shares else ():
        found = NAME_ALSO.search(text[: one.span[0]]) if one.text in known.services else None
        caller = _whose(found, mentions, known)[-1] if found else None
        if found and caller in {it for it, _ in shares} and caller != one.text and not shares.get((caller, one.text)):
            yield judged_at("cause", (found.start(), one.span[1]), text, False, "they do not name it")


def unnamed(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Who is said not to be named, and is; or that nobody else is."""
    shares = _shares(known)
    for one in mentions if shares else ():
        before = text[: one.span[0]]
        found, only = NOT_NAMED.search(before), NAME_ONLY.search(before)
        caller = _whose(told, mentions, known)[-1] if (told := found or only) else None
        named = {callee for (of, callee), share in shares.items() if of == caller and share > 0}
        others = named - {it.text for it in mentions if it.span[0] >= one.span[0]}
        if told and (one.text in named if found else others):
            why = "they name it" if found else "they name others"
            yield judged_at("number", (told.start(), one.span[1]), text, False, why)


def _read(known: Known) -> set[str | None]:
    """Whose errors were read, whomever they name."""
    return {roster.subject_of(item.title, known).service for item in known.report.evidence if "types" in item.result}


def _shares(known: Known) -> dict[tuple[str, str], float]:
    """Of (who logs the errors, whom they name)."""
    found: dict[tuple[str, str], float] = {}
    for item in known.report.evidence:
        service = roster.subject_of(item.title, known).service
        names = item.result.get("names") if "types" in item.result else None
        found |= {(service, callee): float(one) for callee, one in (names or {}).items() if service}
    return found


def _whose(found: re.Match[str], mentions: list[Found], known: Known) -> list[str]:
    """Whose errors they may be: who is named in it, else those before it, else who was spoken of."""
    services = [one for one in mentions if one.text in known.services and one.span[0] < found.end()]
    inside = [one.text for one in services if found.start() <= one.span[0]]
    about = [*known.about] if len(known.about) == 1 else [known.report.service or ""]
    return inside[:1] or [one.text for one in services] or about


def _named(place: int, mentions: list[Found], known: Known) -> str | None:
    """Who is named last before it, else who leads the sentence before."""
    before = [one.text for one in mentions if one.text in known.services and one.span[1] <= place][-1:]
    spoken = [one.text for one in roster.mentions(known.previous, known) if one.text in known.about]
    return next(iter([*before, *spoken]), None)


def _bounds(found: re.Match[str], text: str) -> tuple[float, float]:
    if whole := WHOLE.get((found["many"] or "all").lower()):
        return whole
    start, end = found.span("many")
    told = [one for one in numerals.numbers(text) if start <= one.span[0] < end and one.dimension == "share"]
    return (told[0].low, told[0].high) if told else (0.0, 1.0)
