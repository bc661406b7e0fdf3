"""Which of two is more or rose more, what hardly moved, what a request costs, and which versions ran at once."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from worker.agent.grounding.report import owners
from worker.agent.grounding.report.fields import QUANTILES
from worker.agent.grounding.report.known import Known, Level, Subject
from worker.agent.grounding.text import context
from worker.agent.grounding.text.claims import Claim, Found, judged
from worker.agent.grounding.text.comparisons import NEGATED
from worker.agent.grounding.text.pairs import Number
from worker.agent.grounding.text.topics import SIGNALS, topics

_MOVED = (
    r"rose|rises|risen|rising|increased|increases|grew|grown|climbed|jumped|surged|went up|fell|falls|fallen|dropped"
    r"|drops|decreased|declined|sank|went down|deviat(?:es|ed)|changed|moved|worsened|slowed|suffered|lost|affected|hit"
)
_BY = r"(?:strongly|sharply|steeply|clearly|quickly|markedly|severely|heavily)"
MOVED_MORE = re.compile(
    rf"\b(?:{_MOVED})\b(?:(?! than\b)[^;.]){{0,24}}?\b(?:(?P<more>more|further|harder|stronger|worse)|(?P<less>less))\b"
    rf"(?: {_BY})?"
    r"(?P<mine>[^,;.]{0,24}?) than(?P<other>[^,;.]+(?:\.\w[^,;.]*)*)",
    re.IGNORECASE,
)
NO_MORE = re.compile(r"\b(?:no|not|hardly) (?:more|less|further|harder|stronger|worse)\b", re.IGNORECASE)


def degrees(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "CPU rose more than carbon": by its ratio, or at least by its difference where both have one unit."""
    for found in MOVED_MORE.finditer(text):
        mine, other = text[: found.start()] + found["mine"], found["other"]
        if moved := _levels(found, mine, other, mentions, known):
            is_denied = NO_MORE.search(found[0])
            holds = any(
                (one > then) != bool(is_denied) if found["more"] else one < then and not is_denied
                for one, then in moved
            )
            yield judged("direction", found, holds, "it is the other way round")


SIDE_BY_SIDE = re.compile(
    r"\b(?:side by side|in parallel|at the same time|simultaneously|on the same (?:traffic|requests|load)"
    r"|(?:alongside|next to) (?:each other|(?:(?:the|its) )?(?:old|previous|earlier|other)))(?![\w-])",
    re.IGNORECASE,
)
BOTH_RAN = re.compile(
    r"\b(?:versions?|releases?|deployments?|documents|lines|instances|comparison|compared)\b", re.IGNORECASE
)
# "At the same time the latency is 1,960 ms, compared with 231 ms usually": two things that are told.
TWO = re.compile(r"\b(?:both|two|versions|releases|deployments|old|previous|documents|instances)\b", re.IGNORECASE)
UNTOLD = re.compile(r"\b(?:no|not|never|neither|nor|without|hardly|rather than)\b|n['’]t\b", re.IGNORECASE)


def versions(text: str, known: Known) -> Iterator[Claim]:
    """ "Both versions ran side by side": as the comparison of their documents says."""
    told = [item.result["side_by_side"] for item in known.report.evidence if "side_by_side" in item.result]
    for found in SIDE_BY_SIDE.finditer(text):
        part = text[slice(*context.part(found.span(), text))]
        if BOTH_RAN.search(part) and (found.start() or TWO.search(part)):
            holds = bool(told) and any(told) != bool(UNTOLD.search(part[: part.find(found[0])]))
            yield judged("state", found, holds, "the comparison says otherwise", is_open=not told)


HARDLY = re.compile(
    r"\b(?:hardly|barely|scarcely) (?:moved?|changed?|rose|fell|differs?|grew|increased|budged|deviates?)\b",
    re.IGNORECASE,
)
PER = re.compile(r"\bper\b|\b(?:each|every|a) (?:\w+ )?(?:request|call)\b", re.IGNORECASE)


def still(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "The latency hardly moved": of the one signal that the clause speaks of."""
    for found in HARDLY.finditer(text):
        start, end = context.clause(found.span(), text)
        part = text[start:end]
        told = topics(part) & {*SIGNALS}
        levels = owners.levels(found.span(), text, mentions, known)
        those = [one for one in levels if {one.signal} == told and one.metric in SIGNALS]
        subjects = owners.subjects_or_scope(found.span(), text, mentions, known) or [known.scope]
        if quantiles := list(_quantiles(part, subjects, known)):
            yield judged("direction", found, all(_ratio(one) < ALIKE for one in quantiles), "it did")
        elif those and not PER.search(part):
            holds = any(not one.deviates or _ratio(one) < ALIKE for one in those)
            yield judged("direction", found, holds, "it did")


def _quantiles(part: str, subjects: list[Subject], known: Known) -> Iterator[Level]:
    """ "The median latency hardly changed": that quantile, now and before."""
    told = context.named_statistics(part) & {*QUANTILES}
    own = [
        one for one in known.facts if one.statistic in told and any(owners.is_of(one.subject, it) for it in subjects)
    ]
    for now in own:
        usual = [one for one in own if (one.role, one.statistic, one.subject) == ("usual", now.statistic, now.subject)]
        if now.role == "now" and usual:
            yield Level(now.subject, "latency", now.value, usual[0].value, math.inf)


# "Each request costs no more CO₂ than it usually does".
REQUEST_COSTS = re.compile(
    r"\b(?:each|every|a|any|one|per)(?: of (?:these|those|the|its))? requests?\b[^,;.]{0,60}?"
    r" (?:costs?|takes?|took|emit(?:s|ted)?|caus(?:es|ed)|needs?|needed|uses?|used)"
    r"(?: (?:about |roughly |just |exactly )?"
    r"(?:the (?:amount of )?(?:CO₂e?|CO2e?|carbon|amount)|what) (?:that )?(?:it|they|one)"
    r" (?:usually|normally|always) (?:does|costs?|takes?|took|emits?|causes?|needs?|uses?)\b"
    r"| (?P<how>(?:no|not|any) more|no less|more|less|(?:just |about )?as much|the same)"
    r"(?: (?:amount of )?(?:CO₂e?|CO2e?|carbon|emissions))? (?:than|as) "
    r"(?:it|they) (?:(?:usually|normally|ordinarily|always) (?:does|do|did)|(?:does|do|did) (?:before|usually))\b)",
    re.IGNORECASE,
)


def costs(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """How the carbon of a request compares with the usual: by the carbon that its demand would take."""
    for found in REQUEST_COSTS.finditer(text):
        levels = _of_a_request(found, text, mentions, known)
        how = (found["how"] or "").lower()
        moved = {one.deviates and math.copysign(1, one.deviations) for one in levels}
        wanted = {"more": {1}, "less": {-1}, "no more": {0, -1}, "not more": {0, -1}, "no less": {0, 1}}.get(how, {0})
        yield judged("direction", found, bool(levels) and moved <= wanted, "it does not", is_open=not levels)


def _of_a_request(found: re.Match[str], text: str, mentions: list[Found], known: Known) -> list[Level]:
    levels = owners.levels((found.end() - 1, found.end()), text, mentions, known)
    return [one for one in levels if one.signal == "carbon_per_demand"]


# "Per request nothing changed", "it serves them at the usual cost", "the CO₂ is what was expected for this demand".
AS_USUAL_FOR_IT = re.compile(
    r"\bper request,? (?:nothing|not much|hardly anything) (?:has |had )?changed\b"
    r"|\bnothing (?:has |had )?changed per request\b"
    r"|\brequests?\b[^,;.\d]{0,40} at (?:the|its|their) usual (?:cost|price|carbon|CO₂e?)\b"
    r"|\b(?:CO₂e?|carbon|emissions?|emits?|emitted)\b[^,;.\d]{0,40} what (?:is|was|were|would be) expected for"
    r" (?:(?:the|its|these|those|so many) requests(?: (?:that|which) (?:came|it (?:got|received|served)))?"
    r"|(?:this|its|the|that) (?:traffic|demand|load))\b",
    re.IGNORECASE,
)


def as_usual_for_it(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """By the carbon that the demand would take."""
    for found in AS_USUAL_FOR_IT.finditer(text):
        levels = _of_a_request(found, text, mentions, known)
        holds = bool(levels) and not any(one.deviates for one in levels)
        is_denied = bool(NEGATED.search(text[: found.start()]))
        yield judged("direction", found, holds != is_denied, "it is otherwise", is_open=not levels)


ALIKE = 1.15


def _levels(
    found: re.Match[str], mine: str, other: str, mentions: list[Found], known: Known
) -> list[tuple[float, float]]:
    """Of two signals of one service, or of one signal of two."""
    start, end = found.span("other")
    theirs = [one.text for one in mentions if start <= one.span[0] < end and one.text in known.services]
    own = [one.text for one in mentions if one.span[1] <= found.start() and one.text in known.services]
    measured = {level.signal for level in known.levels}
    alone = [Subject(own[-1] if own else known.report.service)]
    first, second = (list(_quantiles(part, alone, known)) for part in (mine, other))
    if first and second and not theirs:
        # "The p50 rose more steeply than the p95".
        return [(_ratio(a), _ratio(b)) for a in first for b in second]
    one, then = _signal(mine, measured), _signal(other, measured)
    if theirs and own and one and then in (None, one):
        return _pairs(_of(own[-1], one, known), _of(theirs[0], one, known), is_one_signal=True)
    if theirs and own and not one and not then:
        return _pairs(_all_of(own[-1], known), _all_of(theirs[0], known), is_one_signal=True)
    if one and then and one != then and not theirs:
        of = own[-1] if own else known.report.service
        return _pairs(_of(of, one, known), _of(of, then, known), is_one_signal=False)
    return []


def _signal(part: str, measured: set[str]) -> str | None:
    found = (topics(part) & {*SIGNALS}) & measured or {one for one in measured if one.split("_")[0] in part.lower()}
    return next(iter(found)) if len(found) == 1 else None


def _of(service: str | None, signal: str, known: Known) -> list[Level]:
    return [one for one in known.levels if (one.subject.service, one.signal) == (service, signal)]


def _all_of(service: str, known: Known) -> list[Level]:
    return [one for one in known.levels if one.subject.service == service and one.deviates]


def _pairs(mine: list[Level], theirs: list[Level], *, is_one_signal: bool) -> list[tuple[float, float]]:
    pairs = [(a, b) for a in mine for b in theirs if not is_one_signal or a.metric == b.metric]
    ratios = [(_ratio(a), _ratio(b)) for a, b in pairs]
    return ratios + ([(_apart(a), _apart(b)) for a, b in pairs] if is_one_signal else [])


def _ratio(one: Level) -> float:
    low, high = sorted((abs(one.actual), abs(one.expected)))
    return high / low if low else float("inf")


def _apart(one: Level) -> float:
    return abs(one.actual - one.expected)


# "Twice as slow as payments", "three times the latency of payments", "four times slower than payments".
TIMES = re.compile(
    r"(?: as (?!many|much)[a-z]+(?: [a-z]+)? as|(?: [a-z]+)? (?:slower|higher|larger|longer) than"
    r"| the (?:share|rate|latency) (?:that|which|of)|(?: as often| more often)? (?:as|than)"
    r"| (?:of )?(?:that|those|the (?:latency|average|error rate|retry rate|median|p\d\d)(?: latency)?) of)"
    r" (?:(?:that|those) (?:of|in) |in |with |for )?",
    re.IGNORECASE,
)


def between(number: Number, text: str, mentions: list[Found], known: Known) -> Claim | None:
    """By the levels of both services; None where it is told of one alone."""
    services = [one for one in mentions if one.text in known.services]
    other = next((one for one in services if one.span[0] >= number.span[1]), None)
    is_ratio = number.dimension == "times" or number.text.lower() in ("half", "third", "quarter")
    if not is_ratio or not other or not TIMES.fullmatch(text, number.span[1], other.span[0]):
        return None
    first = {
        one.service for one in owners.subjects_or_scope(number.span, text, mentions[: mentions.index(other)], known)
    }
    told = topics(context.own_clause(number.span, text)) & {*SIGNALS}
    found = [
        (mine.actual, theirs.actual)
        for mine in _levels_in(first, told, known)
        for theirs in _levels_in({other.text}, told, known)
        if mine.metric == theirs.metric and theirs.actual
    ]
    is_so = any(number.low <= mine / theirs <= number.high for mine, theirs in found)
    return Claim("number", number.span, number.text, is_so, "" if is_so else "it is another ratio", is_open=not found)


def _levels_in(of: set[str | None], signals: frozenset[str], known: Known) -> list[Level]:
    return [one for one in known.levels if one.subject.service in of and one.signal in signals]


# "17 of 17 timed lines lie above the usual p99": how many do is known of one quantile.
BEYOND = re.compile(
    r"\b(?:lines?|requests|them|these)\b[^;.\d]{0,50}?"
    r"\b(?:slower|longer|above|over|beyond|higher|faster|below|exceed\w*)\b[^,;.\d]{0,20}?"
    r"\b(?<!on )(?P<of>p50|p90|p95|p99|median|mean|average)\b",
    re.IGNORECASE,
)


def beyond(text: str, known: Known) -> Iterator[Claim]:
    counted = [
        name.rpartition("_")[2]
        for item in known.report.evidence
        if isinstance(lines := item.result.get("lines"), dict)
        for name in lines
        if name.startswith("slower_than")
    ]
    for found in BEYOND.finditer(text) if counted else ():
        of = {"median": "p50", "average": "mean"}.get(found["of"].lower(), found["of"].lower())
        if of not in counted:
            yield judged("direction", found, False, "so many were counted of another quantile", is_open=True)
