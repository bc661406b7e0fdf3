"""What is told of calls: that they got slower or faster, are no longer made, or are made as before."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise, takewhile

from worker.agent.grounding.report.known import Known
from worker.agent.grounding.report.relations import missing
from worker.agent.grounding.text.claims import Claim, Found, Span, judged, judged_at
from worker.agent.grounding.text.comparisons import IF
from worker.agent.grounding.text.denials import DENIED
from worker.agent.grounding.text.topics import topics

_SLOWER = (
    r"slow(?:s|er|ed|ing)?(?: down)?|(?:takes?|took|taking|lasts?|lasted)(?: \w+ly| much| far| even)* "
    r"(?:longer|more time)|more slowly"
)
_FASTER = (
    r"faster|quicker|(?:speed|sped|speeding) up|(?:takes?|took|taking)(?: \w+ly| much)* (?:less time|shorter)"
    r"|more quickly|quickened|shortened"
)
# "The calls from frontend to checkout slowed down", "its calls to cart take longer".
PACE = re.compile(
    rf"\bcalls?\b(?P<between>(?:(?! calls?\b)[^,;]){{0,110}}?) (?:(?P<slow>{_SLOWER})|(?P<fast>{_FASTER}))\b",
    re.IGNORECASE,
)
# "checkout waits longer for ledger".
WAITS = re.compile(
    r"\b(?:wait(?:s|ed|ing)?|takes?|took|needs?|needed|spends?|spent) (?:\w+ )?"
    r"(?:(?P<slow>longer|more time)|(?P<fast>less(?: time)?|shorter))(?: than \w+)?"
    r" (?:for|on|to call|calling|(?:in|on) calls to|waiting for) (?:the )?$",
    re.IGNORECASE,
)
# "No calls went missing" (`absences`).
NO = re.compile(r"\b(?:no|none of the|not a single|without) $", re.IGNORECASE)
BY = re.compile(r"(?:\b(?:from|by|of|between)(?: the)? |[,;] )$")
TO = re.compile(r"\b(?:to|and|for|on|into)(?: the)? $")
_NONE = r"(?:hardly|barely|scarcely|rarely|no longer|never)"
# "It hardly calls emailservice any more", "the missing calls to cart", "callers stopped calling ledger".
UNMADE = re.compile(
    rf"\b{_NONE} (?:\w+ly )?(?:calls?|called|calling|reach(?:es|ed)?|contacts?)\b"
    r"|\b(?:stop(?:s|ped)?|ceas(?:es|ed)(?: to)?) (?:\w+ly )?call(?:ing)?\b"
    r"|\b(?:does|do|did|has|have)(?: not|n['’]t) (?:call(?:ed)?)\b(?=.*\bany ?more\b)"
    r"|\b(?:missing|lacking|absent|lost) calls?\b"
    rf"|\bcalls?\b[^,;]{{0,60}}? (?:(?:is|are|was|were|went|has|have)(?: \w+ly)? (?:missing|absent|gone|lost|stopped"
    rf"|ceased)|(?:have |has )?(?:stopped|ceased)|(?:are|is|were|was) (?:{_NONE}) made)\b"
    r"|\b(?:is|are|was|were) (?:the (?P<only>one|only|single) (?:callee|service|one)(?: that is)? )?(?:missing|absent)"
    r" (?:from|among|in) (?=[^,;]*\bcalls\b)"
    rf"|\b(?:is|was|are|were) {_NONE} called\b",
    re.IGNORECASE,
)
UNSHOWN = "nothing shows that"
AS_BEFORE = re.compile(
    r"\b(?:is|was|are) (?:still |itself )?(?P<not>no longer |not )?called "
    r"(?:as (?:before|usual|ever|normal)|(?:just |about )?as (?:often|much) as (?:before|usual|ever|always))\b",
    re.IGNORECASE,
)


def calls(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """By the calls that were read; of what advice waits for, nothing."""
    services = [one for one in mentions if one.text in known.services]
    for found in UNMADE.finditer(text):
        if not (IF.search(text[: found.start()]) or NO.search(text[: found.start()])):
            yield _unmade(found, text, services, known)
    yield from _fewer(text, services, known)
    for found in AS_BEFORE.finditer(text):
        of = _named_before(found.start(), services) or _meant(known)
        is_made = bool(of & {caller for caller, _ in missing(known)})
        yield judged("state", found, is_made != bool(found["not"]), UNSHOWN, is_open=not is_made)


# "frontend makes fewer calls for each request that it receives".
FEWER = re.compile(
    r" (?:now |also |itself |too |only )*(?:makes?|made|is making) (?:far |clearly )?fewer calls\b",
    re.IGNORECASE,
)


def _fewer(text: str, services: list[Found], known: Known) -> Iterator[Claim]:
    """Of whom the evidence lists so."""
    listed = {one.get("service") for item in known.report.evidence for one in item.result.get("fewer") or ()}
    for one in services:
        if found := FEWER.match(text, one.span[1]):
            yield judged("state", found, one.text in listed, UNSHOWN)


def paces(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """How long calls take, against what is usual for them."""
    services = [one for one in mentions if one.text in known.services]
    for found in PACE.finditer(text):
        if not IF.search(text[: found.start()]):
            of = _ends(found, text, services)
            if any(of) or not topics(found["between"]):
                yield from _judged(found, text, found.span(), of, known)
    for one in services:
        waits = WAITS.search(text[: one.span[0]])
        if waits and not IF.search(text[: waits.start()]):
            callers = _named_before(waits.start(), services) or _meant(known)
            yield from _judged(waits, text, (waits.start(), one.span[1]), (callers, {one.text}), known)
    yield from _than(text, services, known)


# "checkout waits longer for ledger than frontend does", "calls from a to b take longer than those to c".
LONGER = re.compile(
    r"\b(?:(?P<slow>longer|slower|more time)|less|shorter|faster)\b[^,;\d]* than (?P<to>(?:[a-z]+ )*?(?:for|to) )?"
    r"(?:[a-z]+ ){0,3}$"
)


def _than(text: str, services: list[Found], known: Known) -> Iterator[Claim]:
    """Of two calls that share their caller or their callee: the one that takes longer now."""
    now = {edge: told["now"] for edge, told in _timed(known).items()}
    for one, other, third in zip(services, services[1:], services[2:], strict=False):
        way, first = LONGER.search(text[one.span[1] : third.span[0]]), (one.text, other.text)
        second = (one.text, third.text) if way and way["to"] else (third.text, other.text)
        if way and first in now and second in now:
            holds = (now[first] > now[second]) == bool(way["slow"])
            yield judged_at("direction", (one.span[0], third.span[1]), text, holds, "it is the other way round")


def _judged(
    found: re.Match[str], text: str, span: Span, of: tuple[set[str], set[str]], known: Known
) -> Iterator[Claim]:
    """Of each call that is meant how much longer it takes; of none that was read nothing is known."""
    rises = [rise for (caller, callee), rise in _rises(known).items() if _is_meant(caller, of[0], callee, of[1])]
    is_denied = bool(DENIED.search(re.split(r"[,;]", text[: found.start()])[-1] + found[0]))
    if found["fast"]:
        holds = bool(rises) and all(one < 0 for one in rises) != is_denied
    else:
        holds = any(one > 0 for one in rises) != is_denied and (bool(rises) or is_denied)
    yield Claim("direction", span, text[slice(*span)], holds, "" if holds else UNSHOWN, not (holds or rises))


def _is_meant(caller: str, callers: set[str], callee: str, callees: set[str]) -> bool:
    return (not callers or caller in callers) and (not callees or callee in callees)


def _rises(known: Known) -> dict[tuple[str, str], float]:
    """(caller, callee) → how many seconds longer than usual its calls take."""
    return {edge: one["now"] - one["usual"] for edge, one in _timed(known).items()}


def _timed(known: Known) -> dict[tuple[str, str], dict[str, float]]:
    """(caller, callee) → how many seconds its calls take now, and usually."""
    told: dict[tuple[str, str], dict[str, float]] = {}
    for one in known.facts:
        if one.signal == "calls" and one.of and one.subject.service and one.role in ("now", "usual"):
            told.setdefault((one.of, one.subject.service), {})[one.role] = one.value
    return {edge: one for edge, one in told.items() if len(one) == 2}


def _ends(found: re.Match[str], text: str, services: list[Found]) -> tuple[set[str], set[str]]:
    """Who calls, and who is called, in "frontend's calls to cart", "calls from frontend", "calls between a and b"."""
    start, end = found.span("between")
    inside = [one for one in services if start <= one.span[0] < end]
    callers = {one.text for one in inside if BY.search(text[start : one.span[0]])}
    callees = {one.text for one in inside if TO.search(text[start : one.span[0]])} - callers
    if own := re.search(r"['’]s? (?:own )?$", text[: found.start()]):
        callers |= {one.text for one in services if one.span[1] == own.start()}
    return callers, callees


def _named_before(place: int, services: list[Found]) -> set[str]:
    return {one.text for one in [one for one in services if one.span[1] <= place][-1:]}


def _meant(known: Known) -> set[str]:
    """Whom "it" means: who was named before, else the alerted service."""
    root = known.report.root_cause
    return {*known.about} or {one for one in (known.report.service, root.service if root else None) if one}


# "The delay of ledger is passed on by payments to checkout".
PASSED_ON = re.compile(
    r"\bpass(?:ed|es) (?:it |them |this )?(?:on|along|up)(?: (?P<by>by|from))? (?:the )?$", re.IGNORECASE
)
PASSED_TO = re.compile(r"\b(?:on|along|up|and)? ?to (?:the )?$", re.IGNORECASE)


def passed(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """A delay goes from who is called to who calls; what is lost between two is lost inside of neither."""
    services = [one for one in mentions if one.text in known.services]
    for place, one in enumerate(services):
        if PASSED_ON.search(text[: one.span[0]]):
            behind = [it for it in services[place + 1 :] if PASSED_TO.search(text[one.span[1] : it.span[0]])][:1]
            for caller in behind:
                span, pair = (one.span[0], caller.span[1]), (caller.text, one.text)
                holds = pair in known.calls or pair in _rises(known)
                yield Claim(
                    "cause", span, text[slice(*span)], holds, "" if holds else "it goes the other way", not holds
                )


# "… and calls of frontend lead there".
LEAD_THERE = re.compile(r"\bcalls?\b[^,;]{0,60}? leads? (?:there|to it|to that)\b", re.IGNORECASE)


def leading(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Whether a call leads to a candidate: not where the ranking has against it that none does."""
    for found in LEAD_THERE.finditer(text):
        named = [one.text for one in mentions if one.span[1] <= found.start() and one.text in known.services][-1:]
        of = {*named} or known.about
        none = {one.service for one in known.report.candidates if "leads there" in (one.against or "")}
        is_denied = bool(DENIED.search(found[0]) or DENIED.search(re.split(r"[,;]", text[: found.start()])[-1]))
        yield judged("state", found, bool(of & none) == is_denied, "the ranking says otherwise")


def _unmade(found: re.Match[str], text: str, services: list[Found], known: Known) -> Claim:
    """Every service that is named with it has a part in one missing call, as who makes it or whom it was made to."""
    span, pairs = _around(found, text), missing(known)
    before = [one.text for one in services if span[0] <= one.span[0] < found.start()]
    after = [one.text for one in services if found.end() <= one.span[0] < span[1]]
    inside = [one.text for one in services if found.start() <= one.span[0] < found.end()]
    if found["only"] or re.match(r"(?:is|are|was|were)\b", found[0], re.IGNORECASE):
        callees, callers = before[-1:], after[:1]
    elif re.match(r"(?:calls?|missing|lacking|absent|lost)\b", found[0], re.IGNORECASE):
        of, to = _ends_of(text[slice(*span)], span[0], services)
        callers, callees = of, to or [one for one in (*inside, *after) if one not in of][:1]
    else:
        callers, callees = before[-1:], after[:1]
    those = [one for one in pairs if _is_meant(one[0], {*callers}, one[1], {*callees})]
    holds = bool(those) and (not found["only"] or len({callee for _, callee in those}) == 1)
    return judged("state", found, holds, "no such call is missing", is_open=not pairs)


def _ends_of(text: str, offset: int, services: list[Found]) -> tuple[list[str], list[str]]:
    """Who is told behind "from" or with an apostrophe, and who behind "to"."""
    inside = [one for one in services if offset <= one.span[0] < offset + len(text)]
    of = [
        one.text
        for one in inside
        if BY.search(text[: one.span[0] - offset])
        or re.match(r"['’]s? [^,;]{0,20}calls?\b", text[one.span[1] - offset :])
    ]
    return of, [one.text for one in inside if re.search(r"\bto (?:the )?$", text[: one.span[0] - offset])]


def _around(found: re.Match[str], text: str) -> Span:
    """The part between semicolons and contrasts."""
    starts = [one.end() for one in re.finditer(r";|, (?:but|while|whereas)\b", text) if one.end() <= found.start()]
    ends = [one.start() for one in re.finditer(r";|, (?:but|while|whereas|and)\b", text) if one.start() >= found.end()]
    return max(starts, default=0), min(ends, default=len(text))


# "The chain runs from checkout over payments to ledger".
CHAIN = re.compile(
    r"\b(?:chain|path|trail|way|route)\b[^,;.]{0,40}? (?:runs?|ran|leads?|led|goes|went|extends) from (?:the )?$"
    r"|\b(?P<up>(?:failures?|errors?|trouble|slowness|problem|fault|outage)(?: (?:has|have|thus|then))*"
    r" (?:spread|travel\w*|propagat\w+|pass\w*|mov\w+|climb\w*|went|goes))(?: (?:on|up|upwards?))? from (?:the )?$",
    re.IGNORECASE,
)
LINK = re.compile(r",? (?:(?:and )?(?:over|via|through|by way of|to|on to|from there to|and|then to))(?: the)? ")


def chained(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Each link of it is a call; requests go down a chain, and failures go up."""
    services = [one for one in mentions if one.text in known.services]
    begun = [CHAIN.search(text[: one.span[0]]) for one in services]
    first = next((place for place, one in enumerate(begun) if one), len(services))
    links = list(takewhile(lambda two: _is_link(two, text), pairwise(services[first:])))
    if links:
        span = (links[0][0].span[0], links[-1][1].span[1])
        down = [(one.text, other.text) for one, other in links]
        up = [(callee, caller) for caller, callee in down]
        is_told_up = any(one and one["up"] for one in begun)
        holds = {*up} <= known.calls or (not is_told_up and {*down} <= known.calls)
        yield judged_at("cause", span, text, holds, "nothing shows that chain")


def _is_link(two: tuple[Found, Found], text: str) -> bool:
    return bool(LINK.fullmatch(text[two[0].span[1] : two[1].span[0]]))


_LINK = r"(?:link|connection|relation|tie)"
# "No link between inventory and checkout was found".
UNLINKED = re.compile(rf"\bno (?:known |direct )?{_LINK} (?:of|between) (?:the )?$", re.IGNORECASE)
PAIRED = re.compile(r" (?:and|with|to) (?:the )?")


def unlinked(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Whether the ranking has against the one that nothing connects it with the other, and neither calls the other."""
    services = [one for one in mentions if one.text in known.services]
    for one, other in pairwise(services):
        begun = UNLINKED.search(text[: one.span[0]])
        if begun and PAIRED.fullmatch(text[one.span[1] : other.span[0]]):
            pair = {one.text, other.text}
            told = [f"{it.against} " for it in known.report.candidates if it.service in pair]
            is_told = any(re.search(rf"connects it with (?:{'|'.join(map(re.escape, pair))})[ ,]", it) for it in told)
            holds = is_told and not any({*call} == pair for call in known.calls)
            span = (begun.start(), other.span[1])
            yield judged_at("state", span, text, holds, UNSHOWN)
