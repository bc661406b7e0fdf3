"""Whose a rise is, what parts it has, which part of the excess is the larger, and shares told in words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from worker.agent.grounding.checks.movements import split_signals, splits
from worker.agent.grounding.report import owners
from worker.agent.grounding.report.known import Fact, Known, cause_names
from worker.agent.grounding.text import context, numerals, quantifiers
from worker.agent.grounding.text.claims import Claim, Found, Span, judged, judged_at
from worker.agent.grounding.text.pairs import Number
from worker.agent.grounding.text.topics import SIGNALS, topics

_RISE = r"rise|increase|growth|excess|jump"
NOT = re.compile(r"\b(?:not|never|no|nor|neither)\b|n['’]t\b", re.IGNORECASE)


# "frontend and search even fell": of whom the parts of the rise are told.
FELL = re.compile(
    r" (?:even |actually |both |all )?(?:fell|went down|dropped|declined|decreased|sank"
    r"|emitted less(?: than (?:before|usual|expected|(?:it|they) usually (?:does|do)))?"
    r"|(?P<no>show(?:s|ed)? no rise|did not rise)(?: at all)?)"
    r"(?=\s*(?:[.,;]|$)| (?:instead|a little|slightly|even|in the window)\b)",
    re.IGNORECASE,
)


def fell(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Whether what each of them emits went down, where that is told in the list of those that rose."""
    for found in FELL.finditer(text):
        named = {one.text for one in owners.listed(found.start(), text, mentions, known.services)}
        # Of errors only the share is told, which is 0 of what fell as well.
        signal, told = ("carbon", "grams_per_minute") if not found["no"] else (known.report.signal, "share")
        regions = {one.text for one in mentions if one.span[0] < found.start()} & known.regions
        parts = [
            (one.subject.service, one.value)
            for one in known.facts
            if (one.whole, one.dimension) == ("rise", told)
            and one.subject.service in named
            and (not regions or one.subject.region in regions)
        ]
        others = topics(text[: found.start()]) & {*SIGNALS} - {signal}
        is_all = named == {service for service, _ in parts}
        if named and is_all and not others and not _has_levels(named, known):
            yield judged("direction", found, all(value <= 0 for _, value in parts), "one of them rose")


def _has_levels(services: set[str], known: Known) -> bool:
    return any(one.subject.service in services for one in known.levels)


def _part_of(names: set[str], known: Known) -> float | None:
    """What those that are named have of the rise; None where nothing was told of them."""
    services, regions = names & known.services, names & known.regions
    parts = [
        one.value
        for one in known.facts
        if (one.whole, one.dimension) == ("rise", "share")
        and (not services or one.subject.service in services)
        and (not regions or one.subject.region in regions)
    ]
    return sum(parts) if parts and (services or regions) else None


def have_none(services: set[str], known: Known) -> bool:
    """Whether the rise was split, and none of them has any of it."""
    parts = [_part_of({one}, known) for one in services]
    return any(one is not None for one in parts) and all((one or 0.0) <= NONE for one in parts)


PARTLESS = re.compile(
    r"\b(?:(?:has|have|had|takes?|took|bears?) no (?:share|part|hand) (?:in|of)"
    r"|(?:is|are|was|were) (?:not|no) (?:a )?part of"
    r"|(?:does|do|did)(?: not|n['’]t) (?:contribute|add)(?: anything)? to"
    r"|(?:is|are|was|were|stays?|stayed|remains?) (?:untouched|spared) by) (?:it|this|that|them|(?:the|this|that)\b)"
    r"|\b(?:contribut(?:es?|ed)|adds?|added)"
    r" (?P<almost>(?:almost|next to|practically) )?nothing\b(?: to (?:it|this|that|the\b))?",
    re.IGNORECASE,
)


PARTING = re.compile(rf"[;:]|,(?! {context.REGION})")


def partless(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "checkout in europe-west1 has no share in the rise": none of those that are named in its clause has any."""
    for found in PARTLESS.finditer(text):
        begin = max((one.end() for one in PARTING.finditer(text, 0, found.start())), default=0)
        begin = 0 if re.fullmatch(r"In [\w-]+,|[\w-]+, (?:by|in) contrast,", text[:begin]) else begin
        named = {one.text for one in mentions if begin <= one.span[0] < found.start()}
        services, regions = named & known.services, named & known.regions
        if services or regions:
            each = [_part_of({one, *regions}, known) for one in services] or [_part_of(regions, known)]
            is_calm = None not in each or not services & (known.suffering | cause_names(known))
            least = ALMOST_NONE if found["almost"] else NONE
            holds = is_calm and all((one or 0.0) <= least for one in each)
            yield judged("state", found, holds, "it has one", is_open=None in each and is_calm)
    for found in NOTHING_OF_IT.finditer(text):
        end = context.part(found.span(), text)[1]
        named = {one.text for one in mentions if found.end() <= one.span[0] < end} & known.services
        each = [_part_of({one}, known) for one in named]
        if each:
            yield judged("state", found, all(one is not None and one <= NONE for one in each), "it has one")


# "Nothing of it belongs to cart, frontend or inventory".
NOTHING_OF_IT = re.compile(
    rf"\b(?:nothing|none|no part) of (?:it|this|that|(?:the|this|that) (?:{_RISE})\b[^,;.]{{0,20}}?)"
    r" (?:belongs? to|comes? from|came from|falls? (?:to|on)|lies (?:in|with)) ",
    re.IGNORECASE,
)


# Less than that is told as nothing.
NONE, ALMOST_NONE = 0.005, 0.02


class Rise(NamedTuple):
    """What of a rise is whose."""

    service: str
    region: str
    value: float

    def is_of(self, names: set[str]) -> bool:
        return names <= {self.service, self.region}


def _rises(text: str, known: Known) -> list[Rise]:
    """Those of the signal that the sentence speaks of, else of any."""
    told = topics(text) & {*SIGNALS}
    return [
        Rise(f"{one.get('service')}", f"{one.get('region')}", float(one.get("rise", 0)))
        for signals, parts in splits(known)
        if not told or told & signals
        for one in parts
    ]


# "The rise belongs to europe-west1 alone", "the increase is confined to checkout".
BELONGS = re.compile(
    rf"(?:\b(?:all of the|the (?:whole|entire)(?: of the)?) )?\b(?:{_RISE})\b[^,;]{{0,40}}? (?:belongs? to"
    r"|(?:is|was) (?:all |entirely |wholly |only |solely )?(?:that of|in|of|from|seen in|confined to|limited to)"
    r"|(?:comes?|came) from|(?:falls?|fell) (?:on|to)) (?:the )?$",
    re.IGNORECASE,
)
ALL_OF_IT = re.compile(r"\b(?:all|whole|entire|entirely|wholly|only|solely|confined|limited)\b", re.IGNORECASE)
ALONE = re.compile(r" (?:alone|only|exclusively)\b", re.IGNORECASE)
# "… since checkout in us-central1 shows none".
NONE_OF_IT = re.compile(
    rf" (?:shows?|showed|has|had|sees?|saw) (?:none\b(?! of the)|no (?:part|share) (?:of|in) (?:it|the (?:{_RISE}))"
    rf"|no (?:such )?(?:{_RISE})\b(?! (?:in|of) (?!it\b)))",
    re.IGNORECASE,
)
# "auth in europe-west1 shows none", "in europe-west1 auth shows none".
PLACED = (" in ", " ", ", ")
# "Only asia-east1 shows a rise of carbon for recommendations".
ONLY = re.compile(
    r"\b(?:only|nobody but|no (?:one|service|region) (?:but|except|other than))(?: in| for)? (?:the )?$", re.IGNORECASE
)
RISES = re.compile(
    rf"(?: in [\w-]+)? (?:shows?|showed|has|had|sees?|saw) (?:an?|any|some|such an?)(?: \w+)? (?:{_RISE})\b",
    re.IGNORECASE,
)
# "frontend alone accounts for the rise", "checkout makes up the whole rise".
ALL_BY = re.compile(
    r"(?: in [\w-]+)?(?P<alone> alone)? (?:accounts? for|accounted for|makes? up|made up|is responsible for|explains?"
    r"|causes?|caused)"
    rf"(?P<all> all of| the (?:whole|entire)| all)? (?:the )?(?:(?:whole|entire) )?(?:{_RISE})\b",
    re.IGNORECASE,
)
# "inventory is the only service whose carbon rose".
ONLY_RISER = re.compile(
    r" (?:is|was) the only (?:service|region|one|part) (?:whose [\w₂]+ |that |which |with (?=an? ))"
    rf"(?:rose|increased|grew|went up|emitted more|contribut\w+|(?:an? )?(?:\w+ )?(?:{_RISE})\b)",
    re.IGNORECASE,
)
# "The rise is spread over several services, led by recommendations with a share of 0.31".
LED_BY = re.compile(rf"\b(?:{_RISE})\b.*?\b(?P<led>(?:led|headed|topped) by (?:the )?)$", re.IGNORECASE)
# Less of the largest part than that is none.
LITTLE = 0.1


def alone(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Whose the whole rise is said to be, who leads it, and who has no part in it: by the parts of the rise."""
    parts = _rises(text, known)
    largest = max((one.value for one in parts), default=0.0)
    for place, one in enumerate(mentions):
        before, name = text[: one.span[0]], {one.text}
        near = {it.text for it in mentions[:place][-1:] if text[it.span[1] : one.span[0]] in PLACED}
        behind = {it.text for it in mentions[place + 1 :][:1] if text[one.span[1] : it.span[0]] in PLACED}
        begun = BELONGS.search(before)
        if begun and (ALONE.match(text, one.span[1]) or ALL_OF_IT.search(begun[0])):
            holds = _is_alone(name | behind, parts, least=LITTLE)
            yield _alone((begun.start(), one.span[1]), text, holds, parts)
        if (found := NONE_OF_IT.match(text, one.span[1])) and re.search(rf"\b(?:{_RISE})\b", text + known.previous):
            told = [part.value for part in parts if part.is_of(name | near)]
            holds = bool(told) and max(told) <= LITTLE * max(largest, 0.0)
            yield _alone((one.span[0], found.end()), text, holds, parts)
        if (found := RISES.match(text, one.span[1])) and ONLY.search(before):
            named = {it.text for it in mentions} & {of for part in parts for of in (part.service, part.region)}
            holds = _is_alone(name, parts) and any(part.is_of(name | named) and part.value > 0 for part in parts)
            yield _alone((one.span[0], found.end()), text, holds, parts)
        if found := ONLY_RISER.match(text, one.span[1]):
            yield _alone((one.span[0], found.end()), text, _is_alone(name, parts), parts)
        found = ALL_BY.match(text, one.span[1])
        if found and (found["alone"] or found["all"] or "whole" in found[0]) and (of := parts or _rises("", known)):
            yield _alone((one.span[0], found.end()), text, _is_alone(name, of, least=LITTLE), of)
        if found := LED_BY.search(before):
            holds = any(part.value == largest and part.is_of(name) for part in parts)
            yield _alone((found.start("led"), one.span[1]), text, holds, parts)


def _is_alone(of: set[str], parts: list[Rise], *, least: float = 0.0) -> bool:
    """Whether it rose there, and elsewhere by no more than `least` of that."""
    own = max((part.value for part in parts if part.is_of(of)), default=0.0)
    return own > 0 and all(part.is_of(of) or part.value <= least * own for part in parts)


def _alone(span: Span, text: str, holds: bool, parts: list[Rise]) -> Claim:
    return judged_at("state", span, text, holds, "the rise is told otherwise", is_open=not parts)


def is_why_alone(effect: str, cause: str) -> bool:
    """ "The rise is checkout's alone, since cart shows none": both are checked by themselves."""
    return bool(NONE_OF_IT.search(cause)) and bool(re.search(rf"\b(?:{_RISE})\b", effect))


# "Most of the small rise of carbon lies with catalog and search in us-central1".
MOST_OF = re.compile(
    rf"\b(?P<many>{quantifiers.PART}) of (?:the|this|that|its) (?:\w+ ){{0,2}}(?:{_RISE})\b"
    r"[^,;.]{0,40}? (?:lies? (?:with|in|at)"
    r"|(?:comes?|came|stems?) from|(?:is|was) (?:that of|due to|in)|belongs? to|falls? (?:on|to)) (?:the )?",
    re.IGNORECASE,
)


def most_of(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """What those that are named have of it together."""
    for found in MOST_OF.finditer(text):
        behind = [one for one in mentions if one.span[0] >= found.end()]
        if behind and behind[0].span[0] == found.end():
            named = {
                one.text for one in behind if not re.search(r"[,;.] (?!and |with )", text[found.end() : one.span[0]])
            }
            part = _together(named, _rises(text[: behind[0].span[0]], known), known)
            span = (found.start(), behind[0].span[1])
            holds = part is not None and quantifiers.is_part(part, found["many"])
            yield judged_at("number", span, text, holds, "it is another share", is_open=part is None)


def _together(named: set[str], parts: list[Rise], known: Known) -> float | None:
    """What those services, there, have of all that rose; None where nothing is known of it."""
    services, regions = named & known.services, named & known.regions
    rises = [max(one.value, 0.0) for one in parts]
    of = [
        rise
        for one, rise in zip(parts, rises, strict=True)
        if one.service in (services or {one.service}) and one.region in (regions or {one.region})
    ]
    return sum(of) / sum(rises) if of and any(rises) else None


# "The 2.9 g of retries come on top of the excess of 3.9 g", "… are not included in it".
BESIDE_IT = re.compile(
    r"\b(?:retries|errors|slow\w* work|parts?)\b(?:[^;.]|\.\d){0,60}?\b(?P<not>not )?"
    r"(?:on top|over and above|in addition|added|outside|besides|apart from|not (?:included|contained|counted|part))\b"
    r"[^,;\d]{0,12}\b(?:excess|waste)\b",
    re.IGNORECASE,
)


def beside(text: str, known: Known) -> Iterator[Claim]:
    """What the excess was split into is part of it."""
    for found in BESIDE_IT.finditer(text) if known.report.impact.carbon.split else ():
        yield judged("state", found, bool(found["not"]), "they are part of it")


BETWEEN = re.compile(r"\bbetween \S*\d\S*(?: \w+)? and \S*\d", re.IGNORECASE)


def betweens(text: str, known: Known) -> Iterator[Claim]:
    """ "Between 10,800 and 28,900 requests": both are ends of one range."""
    for found in BETWEEN.finditer(text):
        ends = [one for one in numerals.numbers(text) if found.start() <= one.span[0] < found.end()]
        if len(ends) == 2:
            low, high = (_ends(one, end, known) for one, end in zip(ends, ("low", "high"), strict=True))
            if low or high:
                holds = any(_range(one) == _range(other) for one in low for other in high)
                yield judged("number", found, holds, "they are no ends of one range")


def _ends(number: Number, end: str, known: Known) -> list[Fact]:
    return [one for one in known.facts if one.end == end and number.low <= one.value <= number.high]


def _range(fact: Fact) -> Fact:
    return replace(fact, value=0.0, end=None)


# "The rise is split between us-central1 and europe-west1".
SPREAD = re.compile(
    r"\b(?:split|shared?|shares|divided|spread|distributed) (?:(?!between|among|over|across|by)\w+ ){0,2}"
    r"(?:between|among|over|across|by)\b[^;]*"
    rf"|(?=\S)[^;]* (?:shares?|shared) the (?:{_RISE})\b",
    re.IGNORECASE,
)


# "The rise in CPU use belongs entirely to catalog".
RISE_OF = re.compile(
    r"\b(?:rise|increase|growth) (?:in|of) (?P<signal>[^,;.\d]{0,12}\b"
    r"(?:errors?|failures|latency|retries|carbon|CO[₂2]e?|emissions|CPU|memory|traffic))\b"
)
A_PART = re.compile(
    r"\b(?:belongs?|accounts? for|makes? up|(?:all|most|half|part|share) of (?:the|that|this))\b",
    re.IGNORECASE,
)


NEAR = 40


def of_signal(text: str, known: Known) -> Iterator[Claim]:
    """Parts are told of the signal that was split into them."""
    split = split_signals(known)
    for found in RISE_OF.finditer(text) if split else ():
        told = topics(found["signal"])
        if told and not told & split and A_PART.search(text, max(0, found.start() - NEAR), found.end() + NEAR):
            yield judged("direction", found, False, "it is the rise of something else")


EVENLY = re.compile(r"\b(?:alike|equally|evenly|uniformly)\b", re.IGNORECASE)
# Parts further apart are no even ones, and less than that of the largest is no part.
EVEN, NEXT_TO_NOTHING = 1.5, 0.01


def spread(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Who is said to have a part of the rise, and has none."""
    parts = _rises(text, known)
    largest = max((part.value for part in parts), default=0.0)
    for found in SPREAD.finditer(text) if re.search(rf"\b(?:{_RISE})\b", text) else ():
        inside = [one for one in mentions if found.start() <= one.span[0] < found.end()]
        services = {one.text for one in inside} & known.services
        for one in inside:
            of = [part for part in parts if part.is_of({one.text})]
            told = [part.value for part in of if part.service in services] or [part.value for part in of]
            least = largest / EVEN if EVENLY.search(found[0]) else NEXT_TO_NOTHING * largest
            if told and max(told) <= least and not NOT.search(text[: found.start()]):
                yield Claim("direction", one.span, one.text, holds=False, why="there is no rise there")


ALIKE = re.compile(
    r"\b(?:alike|both|equally)\b[^;.]{0,60}\b(?:fail\w*|slow\w*|rose|errors|suffer\w*|affected|emit\w*)\b"
    r"|\b(?:fail\w*|slow\w*|rose|errors|suffer\w*|affected|emit\w*)\b[^;.]{0,60}\b(?:alike|both|equally)\b",
    re.IGNORECASE,
)


def in_region(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "checkout fails alike in both regions": where it rose in each of those that are named."""
    services, regions = ([one.text for one in mentions if one.text in of] for of in (known.services, known.regions))
    if len(services) != 1 or not regions or NOT.search(text) or known.past:
        return
    rises = {one.region: one.value for one in _rises(text, known) if one.service == services[0]}
    if rises and len(regions) > 1 and min(rises.get(one, 0.0) for one in regions) <= 0:
        for found in ALIKE.finditer(text):
            yield judged("direction", found, False, "it rose in one of them alone")


# "Nearly all of these are retries", "only a small part of ledger's requests fail".
OF_THESE = re.compile(
    rf"\b(?P<many>{quantifiers.PART}) of (?:these|them|those|(?:its|their|the) requests)(?: requests)?"
    r" (?:are|were) (?P<what>retries|errors|failures)\b"
    r"|\b(?P<few>few|a (?:very )?(?:small|tiny) (?:part|share|fraction|number|minority))"
    r" of (?:its|their|the|\S+['’]s?) requests fail(?:ed)?\b"
    r"|\b(?P<no>no) (?:single )?(?:sampled )?(?:requests?|(?:log )?lines?)(?: (?:of|in|from) [^,;.]{2,40}?)?"
    r" (?:is|was|are|were) (?:an? )?(?P<that>retr(?:y|ies)|errors?|failures?)\b",
    re.IGNORECASE,
)
# "No failed request was found in the sampled log lines", "retries did not occur in the sampled lines".
_LINES = r"(?:(?:the|its|any|all|of) ){0,3}(?:\d+ )?(?:(?:sampled|log) )*lines"
_FAILURES = r"failed requests?|failures?|errors?|retr(?:y|ies)"
NONE_LOGGED = re.compile(
    rf"\b(?:no|not a single) (?:single )?(?P<a>{_FAILURES}) (?:was|were|is|are|appears?|appeared|occurs?|occurred)"
    rf"(?: (?:found|seen|logged|recorded|present))? (?:in|among) {_LINES}\b"
    rf"|\b(?P<b>{_FAILURES}) (?:did|do|does)(?: not|n['’]t) (?:occur|appear) (?:in|among) {_LINES}\b"
    rf"|\b{_LINES} (?:is|are|was|were|stay|stayed) (?:free of|without|clear of) (?:any )?(?P<c>{_FAILURES})\b",
    re.IGNORECASE,
)


def in_words(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """By the share that was measured."""
    for found in OF_THESE.finditer(text):
        signal = "retries" if (found["what"] or found["that"] or "").lower().startswith("retr") else "errors"
        yield _in_words(found, found["many"] or found["few"] or "none", signal, text, mentions, known)
    for found in NONE_LOGGED.finditer(text):
        what = (found["a"] or found["b"] or found["c"]).lower()
        yield _in_words(found, "none", "retries" if what.startswith("retr") else "errors", text, mentions, known)


def _in_words(found: re.Match[str], many: str, signal: str, text: str, mentions: list[Found], known: Known) -> Claim:
    own = [one for one in owners.levels(found.span(), text, mentions, known) if one.signal == signal]
    holds = any(quantifiers.is_part(one.actual, many) for one in own)
    return judged("number", found, holds, "it is another share", is_open=not own)


_NAMED = r"retries|errors|slow(?:er|ed)? work|slowness|failed requests|failures|failed work"
CALLED = {"slowness": "slower work", "slow work": "slower work", "slowed work": "slower work"}
CALLED |= {"failed requests": "errors", "failures": "errors", "failed work": "errors"}
_THE = r"(?:(?:the|its|from|to|of|by|for|with|because|due) ){0,3}"
# "Slower work caused more of the excess of checkout than retries did".
COMPARED = re.compile(
    rf"\b(?P<one>{_NAMED})\b(?P<does>[^;.\d]{{0,60}}?)"
    r"\b(?:(?P<more>more|larger|bigger|greater|higher)|(?:less|smaller|lower|fewer))\b"
    rf"(?P<rest>[^;.\d]{{0,60}}?) than (?:(?:that|those|what) )?{_THE}(?P<other>{_NAMED})\b",
    re.IGNORECASE,
)
# Else it is told how many there were.
OF_EXCESS = re.compile(
    r"\b(?:excess|co[₂2]e?|carbon|waste|emissions?|emit\w*|cost|share|part|portion|splits?)\b", re.IGNORECASE
)


def compared(text: str, known: Known) -> Iterator[Claim]:
    """By their likely sizes, where it was split."""
    split = known.report.impact.carbon.split or known.report.impact.compute.split or {}
    sizes = {name.lower(): part.likely for name, part in split.items()}
    for found in COMPARED.finditer(text) if sizes else ():
        one, other = sizes.get(_named(found["one"])), sizes.get(_named(found["other"]))
        if one is None or other is None or not OF_EXCESS.search(text):
            continue
        holds = one != other and (one > other) == bool(found["more"])
        yield judged("cause", found, holds, "it is the other way round")


def _named(part: str) -> str:
    return CALLED.get(part.lower(), part.lower())


# "checkoutservice explains all of what frontend shows".
EXPLAINS = re.compile(rf" explains? (?P<many>{quantifiers.PART}) of what (?:the )?$")


def explained(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """By the share that the ranking has against whom it explains."""
    for one, other in pairwise(mentions):
        pair = ("explained", one.text, other.text)
        told = [it.value for it in known.facts if (it.signal, it.subject.service, it.of) == pair]
        if told and (found := EXPLAINS.fullmatch(text, one.span[1], other.span[0])):
            yield judged("number", found, quantifiers.is_part(told[0], found["many"]), "it is another share")
