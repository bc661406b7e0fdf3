"""Whether a sentence's claims hold against what its report knows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from worker.agent.grounding import claims, context, owners, statements, story, vocabulary
from worker.agent.grounding.claims import Claim, Found, Number, Span
from worker.agent.grounding.facts import QUANTILES
from worker.agent.grounding.known import Change, Fact, Known, Subject
from worker.domain.terms import terms

# Of what the words around a figure are no signal.
UNTOLD = (None, "span", "change", "looked back", "part of a rise", "revenue", "cost")
COUNTED = ("count", "requests", "orders", "users", "per_minute", "lines", "incidents")
SINCE = re.compile(
    r"\b(?:since|onset|began|begins|started|starts|from|rose|rises|jumped|jumps|climbed|spiked|surged|increased|grew|fell"
    r"|dropped|went up|failed|fails?|failing|errors?|failures?|spike|degraded)\b[^.;]{0,25}$",
    re.IGNORECASE,
)
DEPLOYED = re.compile(
    r"\b(?:deploy\w*|rolled out|rollout|released?|live|went out|version)\b[^.;]{0,40}$", re.IGNORECASE
)
# What may stand where a service could: before "itself", "service" or an apostrophe.
_ORDINARY = """
a affected alert also an and any at bad baseline being but by calls cap cause check customer day deployment
downstream each estimated even every excess expectation failing faulty first for grid he here hour impact in
incident it its known last less let let's likely more new no not note of old on one only or order orders other
overview payment region report result roll root rule same second service she signal slow so some still such
summary take team than that the their then there they this to today unknown upstream user users users' version
we web what which who whole whose window yesterday you
"""
ORDINARY = frozenset(_ORDINARY.split())


class Said(NamedTuple):
    """What the sentence says of one of its figures: whose it is, when, and of what."""

    subjects: tuple[Subject, ...]
    role: str | None
    signals: frozenset[str]
    quantile: str | None
    types: frozenset[str]
    of_time: str | None
    deployment: str | None
    clause: str
    before: str
    is_less: bool
    is_errors: bool


def claims_of(sentence: str, known: Known, *, is_advice: bool = False) -> list[Claim]:
    """Every claim that can be taken out of `sentence`, checked, in the order of the text."""
    odd = [one.span for one in _mentions(sentence, known) if re.search(r"[\"'`“”\[\]]", one.text)]
    cited = [found.span() for found in claims.CITED.finditer(claims.blanked(sentence, odd))]
    plain = claims.blanked(sentence, cited)
    quotations = _quotations(claims.blanked(plain, odd), known)
    plain = claims.blanked(plain, [one.span for one in quotations])
    mentions = _mentions(plain, known)
    rest = claims.blanked(plain, [one.span for one in mentions])
    times = list(_times(rest, plain, known))
    rest = claims.blanked(rest, [one.span for one in times])
    names = [*_known_names(plain, mentions, known), *_unknown_names(rest)]
    figures = claims.blanked(rest, [one.span for one in names])
    read = claims.numbers(figures)
    unsaid = vocabulary.unknown(claims.blanked(figures, [one.span for one in read]), known.words, is_advice=is_advice)
    found = [
        *unsaid,
        *story.stories(plain, mentions, known, is_advice=is_advice),
        *_citations(sentence, known),
        *quotations,
        *names,
        *times,
        *(_number(one, plain, mentions, known) for one in read),
        *statements.causes(plain, mentions, known),
        *statements.directions(plain, mentions, known),
        *statements.denials(plain, known),
        *statements.states(plain, mentions, known),
    ]
    return sorted(found, key=lambda one: one.span)


def _citations(sentence: str, known: Known) -> Iterator[Claim]:
    for found in claims.CITED.finditer(sentence):
        wrong = set(re.findall(r"e\d+", found[0])) - known.evidence
        if wrong:
            yield Claim("citation", found.span(), found[0], holds=False, why="there is no such evidence")


def _quotations(text: str, known: Known) -> list[Claim]:
    lines = [_even(line) for line in known.lines if line]
    found = []
    for match in claims.QUOTED.finditer(text):
        quoted = next(part for part in match.groups() if part is not None)
        said = _even(quoted.rstrip("….,")).strip()
        holds = any(said in line for line in lines) or said in map(_even, known.names)
        found.append(
            Claim("quotation", match.span(), match[0], holds, "" if holds else "nothing that was read says so")
        )
    return found


def _even(text: str) -> str:
    return " ".join(text.casefold().split())


def _mentions(text: str, known: Known) -> list[Found]:
    """Known names in the text, the longest where several begin at one place."""
    names = sorted(
        (name for name in known.names | known.services | known.regions if len(name) > 1), key=len, reverse=True
    )
    if not names:
        return []
    pattern = re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, names))})(?![\w]|-\w|\.\d)")
    return [Found(found.span(), found[0]) for found in pattern.finditer(text)]


def _known_names(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """A name holds, unless it is put together with what it does not belong to."""
    for one in mentions:
        why = _misplaced(one, text, mentions, known)
        yield Claim("name", one.span, one.text, not why, why)


def _misplaced(one: Found, text: str, mentions: list[Found], known: Known) -> str:
    if why := story.misplaced_region(one, text, mentions, known) or story.misplaced_service(one, text, mentions, known):
        return why
    changes = [change for change in known.changes if change.deployment_id == one.text]
    if changes:
        return _wrong_deployment(one, changes, text, mentions, known)
    if versions := [change for change in known.changes if one.text in change.versions]:
        named = {other.text for other in mentions} & {change.deployment_id for change in known.changes}
        of = {change.deployment_id for change in versions}
        nearest = _nearest(one, [other for other in mentions if other.text in named])
        return f"{nearest.text} has another version" if nearest and nearest.text not in of else ""
    if one.text in known.types and one.text not in known.services:
        services = [other for other in mentions if other.text in known.services]
        start, end = context.clause(one.span, text)
        close = [other for other in services if start <= other.span[0] < end] or services
        owners = known.types[one.text] | {""}
        return (
            "" if not close or any(other.text in owners for other in close) else f"{close[0].text} has no such errors"
        )
    return ""


def _wrong_deployment(one: Found, changes: list[Change], text: str, mentions: list[Found], known: Known) -> str:
    services = {change.service for change in changes if change.service}
    after = text[one.span[1] :]
    behind = next((other for other in mentions if other.span[0] >= one.span[1] and other.text in known.services), None)
    is_its = behind and re.match(r" ?(?:of|in|\(|on|for) ?$", after[: behind.span[0] - one.span[1]])
    before = [other for other in mentions if other.span[1] <= one.span[0] and other.text in known.services]
    owns = before and re.match(r"['’]s? (?:\w+ ){0,3}$", text[before[-1].span[1] : one.span[0]])
    owner = behind if is_its else before[-1] if owns else None
    return f"it is of {' or '.join(sorted(services))}" if owner and services and owner.text not in services else ""


def _nearest(one: Found, others: list[Found]) -> Found | None:
    return min(others, key=lambda other: abs(other.span[0] - one.span[0]), default=None)


def _unknown_names(text: str) -> Iterator[Claim]:
    taken: list[Span] = []
    for pattern in (claims.NAME_LIKE, claims.VERSION, claims.SERVICE_LIKE):
        for found in pattern.finditer(text):
            group = next((name for name, value in found.groupdict().items() if value is not None), 0)
            span, name = found.span(group), found[group]
            if _is_ordinary(name) or claims.is_term(name) or any(a < span[1] and span[0] < b for a, b in taken):
                continue
            taken.append(span)
            yield Claim("name", span, name, holds=False, why="nothing that was read is called so")


def _times(text: str, plain: str, known: Known) -> Iterator[Claim]:
    clocks = list(claims.TIME.finditer(text))
    for found in clocks:
        wanted = _kinds_wanted(plain[: found.start()]) or _begun(plain[: found.start()], plain[found.end() :])
        holds = _is_known_time(found, wanted, known)
        yield Claim("time", found.span(), found[0], holds, "" if holds else "nothing that was read happened then")
    rest = claims.blanked(text, [found.span() for found in clocks])
    for found in claims.DATE.finditer(rest):
        holds = any(_is_day(found["iso"] or found["day"], moment.at) for moment in known.moments)
        yield Claim("time", found.span(), found[0], holds, "" if holds else "nothing that was read happened that day")


def _kinds_wanted(before: str) -> set[str]:
    since, deployed = SINCE.search(before), DEPLOYED.search(before)
    if since and (not deployed or since.start() > deployed.start()):
        return {"onset", "baseline"}
    return {"change"} if deployed else set()


def _begun(before: str, after: str) -> set[str]:
    """ "At 14:57 UTC, 21 % of requests failed" tells when it began."""
    is_first = re.fullmatch(r"\W*(?:at|from|around)\W*", before, re.IGNORECASE)
    return {"onset", "baseline"} if is_first and BEGUN.match(after) and not DEPLOYED.search(after[:60]) else set()


BEGUN = re.compile(r"[^;]{0,60}\b(?:fail\w*|errors?|rose|jumped|spiked|climbed|began|started)\b", re.IGNORECASE)


def _is_known_time(found: re.Match[str], wanted: set[str], known: Known) -> bool:
    zone = (found["zone"] or "").strip()
    if zone not in ("", "Z", "UTC"):
        return False
    day = found["iso"] or found["day"]
    clock = [int(part) for part in found["clock"].split(":")]
    return any(
        (not wanted or moment.kind in wanted) and (not day or _is_day(day, moment.at)) and _is_clock(clock, moment.at)
        for moment in known.moments
    )


def _is_clock(clock: list[int], at: datetime) -> bool:
    """To the minute, cut or rounded; to the second where seconds are told."""
    at = at.astimezone(UTC)
    if len(clock) == 3:
        return clock == [at.hour, at.minute, at.second]
    rounded = at + timedelta(seconds=30)
    return clock in ([at.hour, at.minute], [rounded.hour, rounded.minute])


def _is_day(text: str, at: datetime) -> bool:
    at = at.astimezone(UTC)
    return text in (f"{at:%Y-%m-%d}", f"{at.day} {at:%b %Y}", f"{at.day} {at:%B %Y}")


def _number(number: Number, text: str, mentions: list[Found], known: Known) -> Claim:
    number = _counted(number, text)
    close = [fact for fact in known.facts if _is_close(number, fact)]
    said = Said(
        tuple(owners.subjects(number.span, text, mentions, known)),
        context.role(number.span, text),
        frozenset(context.signals(number.span, text)),
        context.quantile(number.span, text),
        frozenset(one.text for one in mentions if one.text in known.types),
        context.says_of_time(number.span, text),
        _deployment(number.span, mentions, known),
        text[slice(*context.clause(number.span, text))],
        text[: number.span[0]],
        bool(context.LESS.match(text[number.span[1] :])),
        _is_of_errors(number, text),
    )
    fitting = [
        fact for fact in close if _fits(fact, said) and (not fact.end or context.in_range(number.span, text, fact.end))
    ]
    why = "" if fitting else "another figure has this value" if close else "no figure has this value"
    return Claim("number", number.span, number.text, bool(fitting), why)


NOT_FAILED = re.compile(
    r"\b(?:(?:do|did|does|have|has|will|would|could|are|were)(?: not|n['’]t)\b[^,;]{0,12}\bfail|succe\w+"
    r"|(?:was|were|are) served"
    r"|passed|completed|answered|worked|would fail)",
    re.IGNORECASE,
)
# A share of a deployment's lines is no share of all lines, nor of requests.
OF_VERSION = re.compile(r"\b(?:deploy\w*|versions?|release\w*|rollout|its log lines|the others)\b|-\d", re.IGNORECASE)
OF_REQUESTS = re.compile(r"% of (?:all |the |its )*requests")
RISING = re.compile(r"\b(?:rise|share|excess|increase|more)\b|co[2₂]|carbon|emission", re.IGNORECASE)
ERRORS = re.compile(r"\berrors$")
ARE_ERRORS = re.compile(r"[^,;.()]{0,25}\b(?:are|were) (?:errors|failures)\b")
TIMES_LOGGED = re.compile(
    r"\b(?:logged|occurr\w+|seen|appear\w*|raised|thrown|recorded|found|counted|happened)(?: about)? $", re.IGNORECASE
)


def _counted(number: Number, text: str) -> Number:
    """ "Logged 62 times" counts lines."""
    is_count = number.dimension == "times" and TIMES_LOGGED.search(text[: number.span[0]])
    return replace(number, dimension="lines") if is_count else number


def _is_of_errors(number: Number, text: str) -> bool:
    """ "0 of 54 lines are errors": the 54 are not."""
    is_whole = re.search(r"\bof (?:about )?$", text[: number.span[0]])
    return bool(ERRORS.search(number.text) or (not is_whole and ARE_ERRORS.match(text[number.span[1] :])))


def _deployment(span: Span, mentions: list[Found], known: Known) -> str | None:
    """The deployment that was named last before the figure."""
    ids = {change.deployment_id for change in known.changes}
    return next((one.text for one in reversed(mentions) if one.text in ids and one.span[1] <= span[0]), None)


def _is_close(number: Number, fact: Fact) -> bool:
    if number.dimension == "days" and fact.dimension == "seconds":
        return abs(number.value * 86_400 - fact.value) <= number.tolerance * 86_400
    if number.dimension and number.dimension != fact.dimension:
        return False
    if not number.dimension and fact.dimension not in COUNTED:
        return False
    return abs(number.value - abs(fact.value)) <= number.tolerance + 1e-9


def _fits(fact: Fact, said: Said) -> bool:
    if said.role and fact.role and fact.role != said.role:
        return False
    if said.is_less and fact.role == "excess" and fact.value > 0:
        return False
    if not _is_of_kind(fact, said) or not _is_of_signal(fact, said.signals) or not _is_of_detail(fact, said):
        return False
    return not said.subjects or any(owners.is_of(fact.subject, subject) for subject in said.subjects)


def _is_of_kind(fact: Fact, said: Said) -> bool:
    """Whether it is the kind of time, money, lines or share that the words speak of."""
    is_denied = fact.signal == "errors" and fact.role != "usual" and NOT_FAILED.search(said.clause)
    # The grid's intensity is in grams per kWh, not in grams per minute.
    is_intensity = fact.dimension == "grams_per_minute" and "intensity" in said.clause
    if is_denied or is_intensity or (fact.signal == "part of a rise" and not RISING.search(said.clause)):
        return False
    match fact.dimension:
        case "share" if fact.detail == "log lines":
            return bool(OF_VERSION.search(said.before + said.clause)) and not OF_REQUESTS.search(said.clause)
        case "seconds":
            return _is_of_time(fact, said)
        case "usd":
            return _is_of_money(fact, said)
        case "lines":
            return not said.is_errors or fact.signal == "errors"
    return True


def _is_of_time(fact: Fact, said: Said) -> bool:
    if fact.signal == "change":
        if said.deployment and fact.detail != said.deployment:
            return False
        return said.of_time in ("change", None)
    if fact.signal in ("span", "looked back"):
        is_none = said.of_time == "span" and re.search(r"\b(?:no|none|without)\b", said.before, re.IGNORECASE)
        wanted = "looked back" if is_none else said.of_time
        return wanted == fact.signal or (said.of_time is None and fact.signal == "span")
    return said.of_time != "change"


def _is_of_money(fact: Fact, said: Said) -> bool:
    if fact.signal == "revenue":
        return not context.MONEY_SPENT.search(said.clause)
    return fact.signal != "cost" or not context.MONEY_LOST.search(said.clause)


def _is_of_signal(fact: Fact, signals: frozenset[str]) -> bool:
    if fact.signal in UNTOLD or fact.dimension == "vcpu_hours":
        return True
    if fact.dimension == "grams":
        # Every figure in grams speaks of carbon; where it says whose part it is, it is that part.
        return not (parts := signals - {"carbon", "traffic"}) or fact.signal in parts
    if "retries" in signals:
        return fact.signal == "retries"
    return len(signals) != 1 or fact.signal in signals


def _is_of_detail(fact: Fact, said: Said) -> bool:
    if said.quantile == "mean":
        return fact.detail not in QUANTILES
    if fact.dimension == "seconds" and said.quantile:
        return fact.detail in (said.quantile, None) and (fact.detail is not None or fact.signal != "latency")
    return not (said.types and fact.detail and fact.dimension == "lines") or fact.detail in said.types


def _is_ordinary(name: str) -> bool:
    spoken = terms()
    words = f"{spoken.orders.singular} {spoken.orders.plural} {spoken.revenue} {spoken.currency.symbol}".lower().split()
    return name.lower() in ORDINARY or name.lower() in words
