"""Counts that are taken of a list, of lines, or of all others: "two of them: a and b", "none of the others rises"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from worker.agent.grounding.checks import members
from worker.agent.grounding.report import log, relations, roster
from worker.agent.grounding.report.known import Change, Known
from worker.agent.grounding.text import claims, context, numerals, quantifiers, units
from worker.agent.grounding.text.claims import Found
from worker.agent.grounding.text.pairs import Number
from worker.agent.grounding.text.topics import SIGNALS, topics

MESSAGES = re.compile(
    r" of (?:the |its |their )?(?:(?!quoted|sampled|shown|listed|example|log|error|messages|lines)(?P<all>\w+) )?"
    r"(?:(?:quoted|sampled|shown|listed|example|log|error) )*"
    r"(?:messages|lines|examples)\b",
    re.IGNORECASE,
)
OTHERS = re.compile(
    r" of (?:(?:the |its )?(?P<who>others?|rest|(?:\w+ ){0,2}services)\b)?[^;.]*? (?:show|ha|see)\w*"
    r" (?:an?|any) (?P<what>rise|increase|growth)\b",
    re.IGNORECASE,
)
# "For five of the eight candidates, what they show is hardly more than chance".
BY_CHANCE = re.compile(
    r" of (?:the |these |them\b)?(?:(?P<all>\w+) )?(?:other )?(?:candidates)?[^;.]{0,40}"
    r"\b(?P<why>hardly more than chance|no deviation)\b"
)
# "The last of six candidates".
OF_SO_MANY = re.compile(r"\b(?:(?:of|among|amongst|out of)(?: the| its| all)?|all|these|those) $", re.IGNORECASE)
# "All three cases", behind "errors, retries and latency": as many signals.
SIGNALS_NAMED = re.compile(r" (?:cases|signals|metrics|respects)\b")
# "Four services call ts-basic-service".
CALLING = re.compile(r" (?:\w+ )?services (?:that |which )?(?:call|depend on|wait for) ")
AGAIN = re.compile(r"\b(?:of|from|to|by) all $")
ENDS_OR_VERB = re.compile(r"(?= (?:take|took|are|were|have|fail|rose|show|deviate)\b|\W*$|[,;.])")
# "In three regions, first in europe-west1, then in asia-east1 and us-central1".
REGIONS = re.compile(r" (?:\w+ )?regions\b")
CANDIDATES = re.compile(r"(?: (?P<other>other|remaining))? candidates\b")
OTHER = re.compile(r"\b(?:other|remaining) $", re.IGNORECASE)
# "All three deviate", "all three latencies rose, with frontend highest": of whom it speaks, or the report as a whole.
ALL_OF_THEM = re.compile(r"\b(?:all|these) $", re.IGNORECASE)
DO_SO = re.compile(
    r" (?:(?:of them|services|dependencies|callers|latencies|error rates) )?"
    r"(?:deviate|began|begin|rose|rise|fail|got|became|went|are|were"
    r"|have|had|show|stand|came|start)"
)
# "All ten failures are of the type TariffZoneUnknown".
OF_ONE_TYPE = re.compile(
    r" (?:of (?:them|these|the (?:errors|failures))|errors|failures) (?:are|were|is|say|carry|report|have|bear) "
    r"(?:of )?(?:the (?:same )?)?(?:error )?(?:type |kind )?(?=[A-Z])"
)
# "Two other deployments are on record, deploy-1 of search and deploy-2 of cart".
ARE_LISTED = re.compile(
    r" (?:other|further|more|earlier|previous)? ?(?:deployments|changes|releases|rollouts) [^,;.:]{1,40}[,:] "
)
# "The other two changes are v1 at 10:38 UTC and v2 at 10:35 UTC".
CHANGES = re.compile(r" (?:recorded |recent )?(?:(?P<of_any>changes)|deployments|releases|rollouts)\b")
LIST = re.compile(
    r"(?P<noun> (?:of (?:them|these)|(?:other |further |more |such )?[a-z]+s)?)(?P<told>[^:;.]*)"
    r"(?:: |,? namely |, i\.e\. )"
)


# "Deployed 16 min before the onset: deploy-8727" counts nothing.
MEASURES = ("seconds", "grams", "share", "points", "times", "confidence")


# "None of the changes found before the onset is one of ledger": whose they are is checked (`changes`).
NO_CHANGE_OF = re.compile(r"\bnone of the (?:\w+ )?changes\b(?=[^,;]{0,40} (?:is|was) (?:one )?of\b)", re.IGNORECASE)


def is_tallied(number: Number, text: str, sentence: str, mentions: list[Found], known: Known) -> bool | None:
    """Whether it is so many; None where it is not told as such a count. `sentence` is the text with what it quotes."""
    if (is_bound := _is_bound(number, text, mentions, known)) is not None:
        return is_bound
    if LATTER.search(text[: number.span[0]]):
        return True
    if (is_so := _of_named(number, text, sentence, known)) is not None:
        return is_so
    if number.text.lower() == "none" and (is_so := _of_none(number, text, mentions, known)) is not None:
        return is_so
    return _of_listed(number, text, sentence, mentions, known)


# "The latter two": who they are is named.
LATTER = re.compile(r"\b(?:latter|former) $", re.IGNORECASE)
# "Two other past incidents are listed: “Psp alpha slow” and “checkout: orders hang”".
INCIDENTS = re.compile(
    r"(?: (?P<other>other|further|more))?(?: (?:similar|past|earlier|previous|recorded))* (?:incidents|cases)\b"
)
# "Deviates in three figures at once: latency p99, average latency and latency p95".
FIGURES = re.compile(r" (?:figures|metrics|signals|measures|quantiles|respects|ways)(?: at once)?: (?P<list>[^.;:]+)")
# "The zones ES-5, FR-2 and NL-1 …: the log misses all three".
ALL_SO_MANY = re.compile(r"(?:[\w.-]+, )+[\w.-]+,? and [\w.-]+")
ENDS = re.compile(r"\s*(?:[.;,]|$)")


def _of_named(number: Number, text: str, sentence: str, known: Known) -> bool | None:
    """As many as the sentence itself names: past incidents by their titles, figures, or any list of names."""
    many = len(known.report.similar_incidents)
    if found := INCIDENTS.match(text, number.span[1]):
        titles = [one for one in known.report.similar_incidents if one.title and one.title in sentence]
        is_all = number.value == many - bool(found["other"])
        return len(titles) == number.value <= many if len(titles) > 1 else is_all or None
    if found := FIGURES.match(text, number.span[1]):
        return len(re.split(r",? and |, ", found["list"])) == number.value or None
    if number.text.islower() and text[: number.span[0]].endswith(" all ") and ENDS.match(text, number.span[1]):
        listed = [len(re.split(r",? and |, ", one)) for one in ALL_SO_MANY.findall(text[: number.span[0]])]
        return number.value in listed or None
    return None


def _of_listed(number: Number, text: str, sentence: str, mentions: list[Found], known: Known) -> bool | None:
    """How many messages are quoted, or names listed."""
    told = MESSAGES.match(text, number.span[1])
    if told and (is_so := _of_messages(number.value, _count(told["all"] or ""), sentence, known)) is not None:
        return is_so
    found = LIST.match(text, number.span[1]) if number.dimension not in MEASURES else None
    if found:
        listed = [one for one in mentions if one.span[0] >= found.end()]
        return _of_list(number.value, found, listed, sentence, mentions, known)
    return _of_all(number, text, mentions, known)


def _of_all(number: Number, text: str, mentions: list[Found], known: Known) -> bool | None:
    """How many candidates, deployments, services or regions there are, or are left."""
    for count in (_of_regions, _of_callers):
        if (is_so := count(number, text, mentions, known)) is not None:
            return is_so
    if found := CANDIDATES.match(text, number.span[1]):
        return _of_candidates(number, found, text, known)
    if found := ARE_LISTED.match(text, number.span[1]):
        named = {one.text for one in mentions if one.span[0] >= found.end()}
        ids = {one.deployment_id for one in known.changes if one.at} & named
        return len(ids) == number.value if ids else None
    if OTHER.search(text[: number.span[0]]) and (found := CHANGES.match(text, number.span[1])):
        return number.value == _other_changes(number, found["of_any"], mentions, known)
    if (is_so := _of_one_kind(number, text, mentions, known)) is not None:
        return is_so
    return _of_them(number, text, mentions, known) if ALL_OF_THEM.search(text[: number.span[0]]) else None


def _of_regions(number: Number, text: str, mentions: list[Found], known: Known) -> bool | None:
    named = {one.text for one in mentions if one.span[0] > number.span[1]} & known.regions
    return len(named) == number.value if len(named) > 1 and REGIONS.match(text, number.span[1]) else None


def _of_callers(number: Number, text: str, mentions: list[Found], known: Known) -> bool | None:
    """ "Four services call it and the calls of all four take longer": as many as do, and as many as before."""
    if found := CALLING.match(text, number.span[1]):
        of = {one.text for one in mentions if one.span[0] >= found.end()} & known.services
        calling = members.timed(of, known) if len(of) == 1 else set()
        return len(calling) == number.value if calling else None
    is_again = AGAIN.search(text[: number.span[0]]) and ENDS_OR_VERB.match(text, number.span[1])
    before = [one for one in numerals.numbers(text) if is_again and one.span[1] <= number.span[0]]
    return any(one.value == number.value and one.dimension.startswith("of ") for one in before) or None


def _of_them(number: Number, text: str, mentions: list[Found], known: Known) -> bool | None:
    """ "All three cases", "all three deviate"."""
    if SIGNALS_NAMED.match(text, number.span[1]):
        return len(topics(text) & {*SIGNALS}) == number.value or None
    return (number.value in _all_of_them(mentions, known) or None) if DO_SO.match(text, number.span[1]) else None


def _other_changes(number: Number, of_any: str | None, mentions: list[Found], known: Known) -> int:
    """As many as are named behind it, or all but one."""
    made = {one.deployment_id for one in known.changes if one.at and (of_any or one.kind in (None, "deployment"))}
    behind = {one.text for one in mentions if one.span[0] >= number.span[1]} & made
    return len(behind) if len(behind) > 1 else len(made) - 1


def _of_one_kind(number: Number, text: str, mentions: list[Found], known: Known) -> bool | None:
    """How many errors are of a type, or how many candidates have the same against them."""
    if found := OF_ONE_TYPE.match(text, number.span[1]):
        of = {one.text for one in mentions if one.span[0] == found.end()} & {*known.types}
        came = [one.value for one in known.facts if (one.of, one.dimension, one.role) == (*of, "lines", "now")]
        return number.value in came if of and came else None
    if found := BY_CHANCE.match(text, number.span[1]):
        return sum(found["why"] in (one.against or "") for one in known.report.candidates) == number.value
    return None


def _of_candidates(number: Number, found: re.Match[str], text: str, known: Known) -> bool | None:
    """ "The last of six candidates", "the other three candidates"."""
    many = len(known.report.candidates)
    if found["other"] or OTHER.search(text[: number.span[0]]):
        return many - 1 == number.value
    return many == number.value if OF_SO_MANY.search(text[: number.span[0]]) else None


def _all_of_them(mentions: list[Found], known: Known) -> set[int]:
    """How many are named here or in the sentence before; where nobody is, how many deviate or may be the cause."""
    named = {one.text for one in mentions} & known.services
    before = {one.text for one in roster.mentions(known.previous, known)} & known.services
    told = {len(some) for some in (named, before) if len(some) > 1}
    deviating = {one.subject.service for one in known.levels if one.deviates}
    return told or {len(deviating), len({one.service for one in known.report.candidates})}


SLOWER = re.compile(r" of the (?:\w+ )?calls\b[^,;.]*\b(?:takes?|took|taking|lasts?) longer\b", re.IGNORECASE)


# "Before it there was none of this type".
OF_TYPE = re.compile(
    r" (?:of (?:that|this|the same|its) (?:type|kind|error)s?|of (?:them|these|it))?\b(?= (?:before|earlier"
    r"|previously)|[,.;]|$)"
)
BEFORE = re.compile(
    r"\b(?:before|earlier|previously|until then|(?:in )?the baseline|beforehand|prior to it)\b", re.IGNORECASE
)


def _is_of_before(number: Number, text: str) -> bool:
    start, _ = context.clause(number.span, text)
    kind = OF_TYPE.match(text, number.span[1])
    is_told = kind and (BEFORE.search(text, start, number.span[0]) or BEFORE.match(text, kind.end() + 1))
    return bool(is_told)


def _of_none(number: Number, text: str, mentions: list[Found], known: Known) -> bool | None:
    """ "None of the others rises", "none of the calls takes longer"."""
    if bounded := [
        is_bound
        for one in numerals.numbers(text)
        if one.span[0] > number.span[1] and (is_bound := _is_bound(one, text, mentions, known)) is not None
    ]:
        return bounded[0]
    found = OTHERS.match(text, number.span[1])
    if found and (besides := _but_for(found, mentions, known)) is not None:
        return _none_rises(besides, text, known)
    if _is_of_before(number, text):
        last = {one.text for one in roster.mentions(known.previous, known)} & {*known.types}
        types = {one.text for one in mentions} & {*known.types} or last
        before = [
            one.value for one in known.facts if one.of in types and (one.dimension, one.role) == ("lines", "usual")
        ]
        return not any(before) if before else None
    if SLOWER.match(text, number.span[1]):
        return not any(one.signal == "calls" and one.role == "excess" and one.value > 0 for one in known.facts)
    return None


def _but_for(found: re.Match[str], mentions: list[Found], known: Known) -> set[str] | None:
    """Of whom it is not said: "none of auth and cart shows a rise" is of these two alone."""
    if not found["who"]:
        listed = {one.text for one in mentions if found.start() <= one.span[0] < found.end()} & known.services
        return known.services - listed if listed else None
    named = {one.text for one in mentions if one.span[1] <= found.start()} & known.services
    return named if re.search(r"\b(?:other|others|rest|remaining)\b", found["who"].lower()) else set()


def _count(word: str) -> float:
    return float(word) if word.isdigit() else units.IN_WORDS.get(word.lower(), (0.0, ""))[0]


def _of_messages(some: float, total: float, sentence: str, known: Known) -> bool | None:
    """ "Two of the three messages say “…”": of a type with so many, so many have it."""
    quoted = claims.quotations(sentence)[:1]
    kinds = [one for one in _messages(known) if len(one) == (total or len(one))]
    if not quoted or not kinds:
        return None
    return any(sum(quoted[0] in message for message in one) == some for one in kinds)


def _messages(known: Known) -> Iterator[list[str]]:
    for item in known.report.evidence:
        for one in log.types(item.result):
            yield [str(message) for message in one.get("messages") or ()]


def _none_rises(named: set[str], text: str, known: Known) -> bool | None:
    """Of whom the rise is: of none but those who are named."""
    told = topics(text) & {*SIGNALS}
    parts: list[dict[str, Any]] = []
    for item in known.report.evidence:
        of = re.match(r"Whose rise of (\w+)", item.title)
        if of and (not told or topics(of[1]) & told):
            parts += item.result.get("parts") or []
    return all(one.get("rise", 0) <= 0 for one in parts if one.get("service") not in named) if parts else None


def _of_list(
    count: float, found: re.Match[str], listed: list[Found], sentence: str, mentions: list[Found], known: Known
) -> bool | None:
    """ "Five services: a, b, …", "two of them hit cart: v1 and v2"."""
    names = {one.text for one in listed}
    changes = [one for one in known.changes if one.at and one.deployment_id in names]
    if changes:
        between = {one.text for one in mentions if found.start() <= one.span[0] < found.end()} & known.services
        is_count = len({one.deployment_id for one in changes}) == count
        return is_count and all(_is_told_so(one, between, found["told"], known) for one in changes)
    services = names & known.services
    if "callers" in found["noun"] and services:
        called = {one.text for one in mentions if found.start() <= one.span[0] < found.end()} & known.services
        is_calling = all(
            any((one, of) in known.calls for of in called or {f"{known.report.service}"}) for one in services
        )
        if not called:
            return (len(services) == count and is_calling) or None
        is_open = len(services) < count and re.search(r"\b(?:services|others|more)\b", sentence[found.end() :])
        return len(services) == count and is_calling if called and not is_open else None
    if "services" not in found["noun"] or not services:
        return None
    quoted = claims.quotations(sentence)
    logging = {one.subject.service for one in known.facts if one.of in quoted}
    return len(services) == count and (not quoted or services <= logging)


def _is_told_so(change: Change, services: set[str], told: str, known: Known) -> bool:
    """Whether it is of the service that is named, and as long before the onset as it says."""
    if services and change.service not in services:
        return False
    within = next((one for one in numerals.numbers(told) if one.dimension == "seconds"), None)
    if within is None or change.at is None or "before" not in told:
        return True
    root = known.report.root_cause
    of = [known.report.service, root.service if root else None]
    onsets = [known.report.window.start, *(at for one in of if one and (at := relations.onset(one, known)))]
    return any(timedelta(0) <= onset - change.at <= timedelta(seconds=within.high) for onset in onsets)


_MANY = rf"(?:(?P<many>{'|'.join(quantifiers.SMALL)}) )?"
_CANDIDATES = r"(?:candidates?|suspects?|services?)"
# "The three others have 0.03 or less", "no other candidate gets more than 0.04": of all others, or of none of them.
ALL_OTHERS = re.compile(
    rf"\b(?:(?P<none>no other {_CANDIDATES}|none of the (?:other |remaining )?{_MANY}(?:others?|{_CANDIDATES})"
    r"|nobody else|no one else)"
    rf"|(?:all |each of |every one of )?the (?:other |remaining )?{_MANY.replace('many', 'some')}"
    rf"(?:others|rest|other {_CANDIDATES}|{_CANDIDATES}(?<=s) (?:left|besides))"
    rf"|all (?:the )?others?(?: {_CANDIDATES})?|every other {_CANDIDATES}|all but the first|everyone else)\b"
    r"(?P<does>[^;.\d]{0,40}?)$",
    re.IGNORECASE,
)
EXCEEDING = re.compile(r"\b(?:more than|over|above|beyond|exceeds?|exceeded|reach(?:es)?|higher than) (?:a |about )?$")
OR_LESS = re.compile(r"(?: each| apiece)? (?:or (?:less|lower|below|under)|at (?:the )?most)\b")
# What all stay far below says nothing of them.
FAR = 0.4
SLACK = 1e-9


def _is_bound(number: Number, text: str, mentions: list[Found], known: Known) -> bool | None:
    """Whether the others are all within it, and near it; None where it is told of nobody else."""
    found = ALL_OTHERS.search(text[: number.span[0]])
    if found is None:
        return None
    is_more, is_less = EXCEEDING.search(found["does"]), OR_LESS.match(text, number.span[1])
    if bool(is_more) == bool(is_less) or bool(is_more) != bool(found["none"]):
        return None
    rest = _others(number, {one.text for one in mentions}, known)
    many = found["many"] or found["some"]
    if not rest or (many and quantifiers.count(many) != len(rest)):
        return False
    return FAR * number.high <= max(rest) <= number.high + SLACK


def _others(number: Number, named: set[str], known: Known) -> list[float]:
    """The confidences but for the first, or those who are named."""
    if number.dimension not in ("", "confidence") or not known.report.candidates:
        return []
    first = named & {one.service for one in known.report.candidates} or {f"{known.report.candidates[0].service}"}
    return [one.confidence for one in known.report.candidates if one.service not in first]
