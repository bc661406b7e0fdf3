"""What is told of places: who leads the candidates, whose part of a rise is the largest, and who comes behind whom."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise

from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text.claims import Claim, Found, judged, judged_at
from worker.agent.grounding.text.topics import SIGNALS, topics

LEADS = re.compile(
    r"\b(?:leads?|led|leading|heads?|headed|heading|tops?|topped|topping) (?:the |all |this )?"
    r"(?:(?:list|ranking|order|table)\b(?: of (?:the )?(?:\w+ )?candidates)?|(?:\w+ )?candidates)\b"
    r"|\b(?:ranks?|ranked|comes?|came) (?:in )?first(?: (?:of|among) (?:the|all) (?:\w+ )?candidates)?\b"
    r"|\bleads?(?= (?:with|at|by) )|\b(?:is|was) (?:(?:the|its) )?(?:favou?r(?:ed|ite)\b|preferred\b|in front(?! of)\b"
    r"|(?:far |well |clearly )?ahead(?! of)\b)"
    r"|(?<=\w )first (?:of|among|in) (?:the |all )?(?:\w+ )?(?:candidates|ranking)\b",
    re.IGNORECASE,
)
_LARGE = r"(?P<large>largest|biggest|greatest|strongest|highest|steepest|most)"
_WHAT = (
    r"(?:rise|increase|growth|jump|contribution|contributor|share|part|portion"
    r"|(?P<fall>fall|drop|decrease|decline|reduction))"
)
# "Had the largest fall", "contributed the most", "is the smallest part".
MOST = re.compile(
    rf"\b(?:(?:contribut\w+|adds?|added) (?:by far )?(?:the )?(?:(?P<most>most)|(?P<least>least))\b"
    rf"|(?<!not )the (?:{_LARGE}|(?P<small>smallest|weakest|lowest|least))"
    rf" (?:single |individual |absolute )?{_WHAT})\b",
    re.IGNORECASE,
)
BEHIND = re.compile(
    r"[^,;.\d]{0,40}?\b(?:(?:came|comes|stems?|stemmed) from|(?:is|was|were) (?:that of|in|seen in|of|from)"
    r"|belong(?:s|ed) to|(?:goes|went|falls|fell) (?:to|on)|(?:lies|lay|sits|sat|falls|fell) (?:in|with)"
    r"|(?:is|was) (?:due|owed|attributed|down) to|(?:is|was) (?:held|carried|made|taken) by) (?:the )?$"
)
AHEAD = re.compile(r"\b(?:ahead of|followed by|(?:and )?then (?:by )?)", re.IGNORECASE)
EVENLY = re.compile(
    r"\b(?:spread|distributed|shared|split|divided) (?:\w+ly )?(?:evenly|equally|uniformly)\b"
    r"|\b(?:evenly|equally|uniformly) (?:spread|distributed|shared|split|divided)\b"
    r"|\b(?:rise|increase|growth|excess)\b[^,;.]{0,24} (?:is|was) (?:about |roughly )?(?:the same|equal|as large)"
    r" (?:in|for|at|of) (?:all|every|each|both)\b",
    re.IGNORECASE,
)
ALIKE = re.compile(
    r"\b(?:candidates|causes|explanations)\b[^,;.]{0,30}\b(?:equally|similarly|about as|nearly as|just as)"
    r" (?:likely|probable|plausible|strong|good|convincing)\b"
    r"|\b(?:candidates|causes|explanations)\b[^,;.]{0,30}\b(?:on a par|neck and neck|hardly (?:differ|apart)|tied)\b",
    re.IGNORECASE,
)
NOT = re.compile(r"\b(?:not|never|hardly|rather than|far from)\b[^,;.]{0,20}$|n['’]t\b[^,;.]{0,20}$", re.IGNORECASE)
# Parts further apart are no even ones.
EVEN = 1.5


def places(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """What leads, what is the largest part, what comes before what, and what is spread evenly."""
    yield from _first(text, mentions, known)
    yield from _likeliest(text, mentions, known)
    yield from _alike(text, known)
    for found in MOST.finditer(text):
        parts = _parts(text, mentions, known, falling=bool(found["fall"]))
        named = _of_whom(found, text, mentions)
        if named in known.regions and named not in parts:
            # "cart in us-central1 shows the largest rise": of cart.
            named = next(
                (one.text for one in reversed(mentions) if one.span[1] <= found.start() and one.text in parts), ""
            )
        if named in parts and (len(parts) > 1 or parts[named] <= 0):
            best = min if found["small"] or found["least"] else max
            is_best = parts[named] == best(parts.values()) and parts[named] > 0
            holds = is_best != bool(NOT.search(text[: found.start()]))
            yield judged("state", found, holds, "another one has it")
    yield from _orders(text, mentions, known)
    for found in EVENLY.finditer(text):
        parts = _parts(text, mentions, known)
        values = [parts[one.text] for one in mentions if one.text in parts] or [*parts.values()]
        is_even = bool(values) and 0 < max(values) <= EVEN * min(values)
        holds = is_even != bool(NOT.search(text[: found.start()]))
        yield judged("state", found, bool(parts) and holds, "it is not spread so", is_open=not parts)


def _first(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "ledger leads the list of candidates": by its rank."""
    candidates = known.report.candidates
    for found in LEADS.finditer(text):
        before = [one.text for one in mentions if one.span[1] <= found.start()]
        named = [one for one in before if one not in known.regions][-1:]
        if named and candidates and RANKING.search(text):
            is_first = named[0] in (candidates[0].service, candidates[0].deployment_id, candidates[0].error_type)
            holds = is_first != bool(NOT.search(text[: found.start()]))
            yield judged("state", found, holds, "another one ranks there")
    for one in mentions if candidates else ():
        placed = FIRST.match(text, one.span[1]) if PUTS.search(text[: one.span[0]]) else None
        if placed:
            there = candidates[-1 if placed["last"] else 0]
            yield judged("state", placed, one.text in (there.service, there.deployment_id), "another one ranks there")


# Else it is told of times, or of parts of a rise.
RANKING = re.compile(r"\b(?:candidates?|ranking|ranks?|ranked|confidence|favou?r\w+|preferred|0\.\d+)\b", re.IGNORECASE)
# "What puts ledger first among the candidates".
PUTS = re.compile(r"\b(?:puts?|places?|ranks?|lists?|keeps?)(?: the)? $", re.IGNORECASE)
FIRST = re.compile(
    r" (?:first|(?P<last>last)|(?:in|on) (?:first place|top)|at the (?:top|head)|in front|ahead(?! of))\b"
)


# "The likeliest candidate is the error DownstreamTimeout of payments".
LIKELIEST = re.compile(
    r"\b(?:likeliest|most likely|most probable|strongest|leading|top|first|best|main|prime) (?:candidate|suspect)"
    r" (?:is|was|remains) (?P<not>not )?(?:the )?(?:error |errors |type )?$",
    re.IGNORECASE,
)
OF_WHOM = re.compile(r"(?: errors?)? (?:of|in|from) $")


def _likeliest(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Whoever ranks first; a type of errors with whose it is."""
    first = known.report.candidates[:1]
    for one in mentions if first else ():
        found = LIKELIEST.search(text[: one.span[0]])
        if found and one.text not in known.regions:
            owner = next((it.text for it in mentions if OF_WHOM.fullmatch(text[one.span[1] : it.span[0]])), "")
            own = (first[0].service, first[0].deployment_id, first[0].error_type, first[0].version)
            is_first = one.text in own and (owner in own or owner not in known.services)
            span = (found.start(), one.span[1])
            holds = is_first != bool(found["not"])
            yield judged_at("state", span, text, holds, "another one ranks there")


def _alike(text: str, known: Known) -> Iterator[Claim]:
    """ "The first two candidates are equally likely": by their confidences."""
    first = [one.confidence for one in known.report.candidates[:2]]
    for found in ALIKE.finditer(text):
        is_so = len(first) > 1 and first[0] - first[1] < CLOSE
        yield judged("state", found, is_so != bool(NOT.search(text[: found.end()])), "they are not")


CLOSE = 0.05


def _of_whom(found: re.Match[str], text: str, mentions: list[Found]) -> str:
    """Who is named last before it; or behind it, as in "the largest part of the rise came from search"."""
    behind = next((one for one in mentions if one.span[0] >= found.end()), None)
    if behind and BEHIND.fullmatch(text[found.end() : behind.span[0]]):
        return behind.text
    return next((one.text for one in reversed(mentions) if one.span[1] <= found.start()), "")


def _orders(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "Search contributed most, ahead of cart and auth": each of those before it is no less than those behind it."""
    if not (AHEAD.search(text) and TELLS.search(text)):
        return
    parts = _ranked(text, known) or _parts(text, mentions, known)
    for found in AHEAD.finditer(text):
        before = [parts[one.text] for one in mentions if one.span[1] <= found.start() and one.text in parts][-1:]
        after = [one for one in mentions if one.span[0] >= found.end() and one.text in parts]
        if before and after and after[0].span[0] - found.end() <= NEAR:
            row = [*before, *(parts[one.text] for one in after[: None if "by" in found[0] else 1])]
            holds = all(one >= other for one, other in pairwise(row))
            yield judged("state", found, holds, "they rank otherwise")


NEAR = 5
# "Rose in cart, followed by auth" is told of times.
TELLS = re.compile(
    r"\b(?:with|at) (?:only |just )?0\.\d"
    r"|\b(?:contribut\w+|shares?|largest|biggest|greatest|most|candidates?|ranks?|ranking|ranked|account\w* for)\b",
    re.IGNORECASE,
)


RANKED = re.compile(r"\b(?:candidates?|ranking|ranks?|ranked|placed|(?:with|at) (?:only |just )?0\.\d)", re.IGNORECASE)


def _ranked(text: str, known: Known) -> dict[str, float]:
    """Where candidates are spoken of: who ranks before whom."""
    if not RANKED.search(text):
        return {}
    found: dict[str, float] = {}
    for one in known.report.candidates:
        for name in filter(None, (one.deployment_id, one.service)):
            found.setdefault(name, -float(one.rank))
    return found


def _parts(text: str, mentions: list[Found], known: Known, *, falling: bool = False) -> dict[str, float]:
    """By how much each service rose or fell, and each region, of the signal that the sentence speaks of."""
    signals = topics(text) & set(SIGNALS)
    regions = {one.text for one in mentions} & known.regions
    found: dict[str, float] = {}
    for item in known.report.evidence:
        split = item.result.get("parts") if item.title.startswith("Whose rise of ") else None
        if not split or (signals and not signals & topics(item.title)):
            continue
        for part in [one for one in split if isinstance(one, Mapping)]:
            rise = (-1 if falling else 1) * float(part.get("rise", 0))
            if part.get("service") and (not regions or part.get("region") in regions):
                found[part["service"]] = found.get(part["service"], 0.0) + rise
            if part.get("region"):
                found[part["region"]] = found.get(part["region"], 0.0) + rise
    kinds = known.regions if regions and not {one.text for one in mentions} & known.services else known.services
    return {name: value for name, value in found.items() if name in kinds}
