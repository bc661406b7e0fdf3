"""Whose part of a rise or a fall is the largest or the smallest, and whether it is spread evenly."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.checks.movements import splits
from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text.claims import Claim, Found, judged
from worker.agent.grounding.text.denials import JUST_BEFORE
from worker.agent.grounding.text.topics import SIGNALS, topics

_LARGE = r"(?P<large>largest|biggest|greatest|strongest|highest|steepest|most|larger|bigger|greater)"


_WHAT = (
    r"(?:rise|increase|growth|jump|contribution|contributor|share|part|portion"
    r"|(?P<fall>fall|drop|decrease|decline|reduction))"
)
# "Had the largest fall", "contributed the most", "is the smallest part".
MOST = re.compile(
    rf"\b(?:(?:contribut\w+|adds?|added) (?:by far )?(?:the )?(?:(?P<most>most)|(?P<least>least))\b"
    rf"|(?<!not )the (?:{_LARGE}|(?P<small>smallest|weakest|lowest|least|smaller|lesser))"
    rf" (?:single |individual |absolute )?{_WHAT})\b",
    re.IGNORECASE,
)
BEHIND = re.compile(
    r"[^,;.\d]{0,40}?\b(?:(?:came|comes|stems?|stemmed) from|(?:is|was|were) (?:that of|in|seen in|of|from)"
    r"|belong(?:s|ed) to|(?:goes|went|falls|fell) (?:to|on)|(?:lies|lay|sits|sat|falls|fell) (?:in|with)"
    r"|(?:is|was) (?:due|owed|attributed|down) to|(?:is|was) (?:held|carried|made|taken) by) (?:the )?$"
)
EVENLY = re.compile(
    r"\b(?:spread|distributed|shared|split|divided) (?:\w+ly )?(?:evenly|equally|uniformly)\b"
    r"|\b(?:evenly|equally|uniformly) (?:spread|distributed|shared|split|divided)\b"
    r"|\b(?:rise|increase|growth|excess)\b[^,;.]{0,24} (?:is|was) (?:about |roughly )?(?:the same|equal|as large)"
    r" (?:in|for|at|of) (?:all|every|each|both)\b",
    re.IGNORECASE,
)
# Parts further apart are no even ones.
EVEN = 1.5


def places(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """By how much each of those that are measured rose or fell."""
    for found in MOST.finditer(text):
        parts = rises(text, mentions, known, falling=bool(found["fall"]))
        named = _of_whom(found, text, mentions)
        if named in known.regions and named not in parts and not SERVICE_IN.search(text[: text.index(named)]):
            # "us-central1 holds the larger share of the rise of checkout": of its regions.
            parts = _by_region(text, mentions, known, falling=bool(found["fall"]))
        if named in known.regions and named not in parts:
            # "cart in us-central1 shows the largest rise": of cart.
            named = next(
                (one.text for one in reversed(mentions) if one.span[1] <= found.start() and one.text in parts), ""
            )
        if named in parts and (len(parts) > 1 or parts[named] <= 0):
            best = min if found["small"] or found["least"] else max
            is_best = parts[named] == best(parts.values()) and parts[named] > 0
            holds = is_best != bool(JUST_BEFORE.search(text[: found.start()]))
            yield judged("state", found, holds, "another one has it")
    yield from _orders(text, mentions, known)
    for found in EVENLY.finditer(text):
        parts = rises(text, mentions, known)
        values = [parts[one.text] for one in mentions if one.text in parts] or [*parts.values()]
        is_even = bool(values) and 0 < max(values) <= EVEN * min(values)
        holds = is_even != bool(JUST_BEFORE.search(text[: found.start()]))
        yield judged("state", found, bool(parts) and holds, "it is not spread so", is_open=not parts)


# "cart in us-central1".
SERVICE_IN = re.compile(r"\S (?:in|of|at) (?:the )?$")


def _by_region(text: str, mentions: list[Found], known: Known, *, falling: bool) -> dict[str, float]:
    others = [one for one in mentions if one.text not in known.regions]
    return rises(text, others, known, falling=falling, is_of_regions=True)


AHEAD = re.compile(r"\b(?:ahead of|followed by|(?:and )?then(?: by)?) (?:the )?(?=\S)", re.IGNORECASE)
# "Rose in cart, followed by auth" is told of times.
TELLS = re.compile(
    r"\b(?:with|at) (?:only |just )?0\.\d"
    r"|\b(?:contribut\w+|shares?|largest|biggest|greatest|most|candidates?|ranks?|ranking|ranked|account\w* for)\b",
    re.IGNORECASE,
)
OF_CANDIDATES = re.compile(r"\b(?:candidates?|rank\w*|placed|(?:with|at) (?:only |just )?0\.\d)", re.IGNORECASE)


def _orders(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "Search contributed most, ahead of cart and auth": each of those before it is no less than those behind it."""
    of = [(one.rank, name) for one in known.report.candidates for name in (one.deployment_id, one.service)]
    ranked = {name: -float(rank) for rank, name in reversed(of) if name} if OF_CANDIDATES.search(text) else {}
    parts = ranked or rises(text, mentions, known)
    for found in AHEAD.finditer(text) if TELLS.search(text) else ():
        before = [parts[one.text] for one in mentions if one.span[1] <= found.start() and one.text in parts][-1:]
        after = [one for one in mentions if one.span[0] >= found.end() and one.text in parts]
        if before and after and after[0].span[0] == found.end():
            row = [*before, *(parts[one.text] for one in after[: None if "by" in found[0] else 1])]
            yield judged("state", found, row == sorted(row, reverse=True), "they rank otherwise")


def _of_whom(found: re.Match[str], text: str, mentions: list[Found]) -> str:
    """Who is named last before it; or behind it, as in "the largest part of the rise came from search"."""
    behind = next((one for one in mentions if one.span[0] >= found.end()), None)
    if behind and BEHIND.fullmatch(text[found.end() : behind.span[0]]):
        return behind.text
    return next((one.text for one in reversed(mentions) if one.span[1] <= found.start()), "")


def rises(
    text: str, mentions: list[Found], known: Known, *, falling: bool = False, is_of_regions: bool = False
) -> dict[str, float]:
    """By how much each service rose or fell, and each region, of the signal that the sentence speaks of."""
    signals = topics(text) & set(SIGNALS)
    regions = {one.text for one in mentions} & known.regions
    found: dict[str, float] = {}
    for of, split in splits(known):
        for part in split if not signals or signals & of else ():
            rise = (-1 if falling else 1) * float(part.get("rise", 0))
            if part.get("service") and (not regions or part.get("region") in regions):
                found[part["service"]] = found.get(part["service"], 0.0) + rise
            if part.get("region"):
                found[part["region"]] = found.get(part["region"], 0.0) + rise
    kinds = (
        known.regions
        if is_of_regions or (regions and not {one.text for one in mentions} & known.services)
        else known.services
    )
    return {name: value for name, value in found.items() if name in kinds}
