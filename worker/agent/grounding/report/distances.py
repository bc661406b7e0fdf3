"""How far apart two onsets are said to be: "errors rose one minute before traffic", "cart followed a minute later"."""

from __future__ import annotations

import itertools
import re
from datetime import UTC, datetime, timedelta

from worker.agent.grounding.report import relations, roster
from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text import claims
from worker.agent.grounding.text.claims import Found, Span
from worker.agent.grounding.text.pairs import Number
from worker.agent.grounding.text.topics import SIGNALS, topics

# "… before X", "… after X": of what is told first from X; "later" and "earlier" are from what was told before.
TO = re.compile(r" ?(?:(?P<less>before|prior to|ahead of|earlier than)|(?:after|following|behind|later than)) (?=\S)")
FROM_BEFORE = re.compile(r" ?(?:(?P<less>earlier|beforehand|sooner)|(?:later|afterwards))\b(?! than)")
BREAK = re.compile(r"[;()—]|[:,](?= )|\.(?= |$)| (?:and|while|whereas|but|with) ")
JOINT = re.compile(r",? (?:and )?|,")
# There are other figures of how far these are from what they are told to.
OTHERS = re.compile(
    r"\b(?:deploy\w*|release\w*|rollout|version|changes?|flag|alert\w*|onset|window|incident|baseline)\b", re.IGNORECASE
)
# "Retries rose a minute after the errors" tells of retries.
DISTANCE = re.compile(
    r"\b[\w.]+ (?:minutes?|seconds?|hours?|min|s|h) (?:before|after|prior|ahead|earlier|later|following)\b"
)
BEGINNING = re.compile(
    r"\b(?:follow\w*|beg[ai]n\w*|start\w*|set in|onset|fail\w*|deviat\w*|affected|hit)\b", re.IGNORECASE
)
PRONOUN = re.compile(
    r"\W*(?:it|that(?! of\b)|this|them|those(?! of\b)|they|the (?:first|former|other)(?: one)?)\b", re.IGNORECASE
)


def is_apart(number: Number, text: str, mentions: list[Found], known: Known) -> bool | None:
    """Whether they are so far apart, in that order; None where it is not told of two onsets that are known."""
    if number.dimension == "seconds" and (fixed := FIXED.match(text, number.span[1])):
        return _is_apart_from(number, fixed, text, mentions, known)
    if number.dimension == "seconds" and (by := BY.search(text[: number.span[0]])):
        first, _ = _nearest([(0, by.start())], by.start(), text, mentions, known)
        return _is_so(first, _onsets(by.span("what"), text, mentions, known), number, is_less=bool(by["less"]))
    if number.dimension == "seconds" and number.value >= A_MINUTE and (pair := between(number, text)):
        first, second = (_onsets_at(pair.span(of), text, mentions, known) for of in ("one", "other"))
        apart = [_is_so(*both, number, is_less=False) for both in ((first, second), (second, first))]
        return None if None in apart else True in apart
    said = TO.match(text, number.span[1]) or FROM_BEFORE.match(text, number.span[1])
    if said is None or number.dimension != "seconds":
        return None
    parts = _parts(text, mentions)
    before = [part for part in parts if part[0] < number.span[0]][::-1]
    target = next((part for part in parts if part[1] > said.end()), (len(text), len(text)))
    target = (max(said.end(), target[0]), target[1])
    first, place = _nearest(before, number.span[0], text, mentions, known)
    own = next(
        (one.text for one in reversed(mentions) if one.span[1] <= number.span[0] and one.text in known.services), ""
    )
    if said.re is TO and not PRONOUN.match(text[slice(*target)]):
        second = (
            set() if OTHERS.search(text[slice(*target)]) else _of_target(target, before[place:], text, mentions, known)
        )
    elif said.re is FROM_BEFORE and (behind := _onsets((said.end(), _end(said.end(), text)), text, mentions, known)):
        # "Two minutes later retries followed".
        first, second = behind, first
    else:
        second, _ = _nearest(before[place + 1 :], number.span[0], text, mentions, known, besides=own)
        second = second or _of_previous(mentions, known) or _of_alerted(own, before[place:], text, known)
    return _is_so(_at_its_time(first, text[: number.span[0]]), second, number, is_less=bool(said["less"]))


# "Its onset precedes that of carbon by two minutes".
BY = re.compile(
    r"\b(?:(?P<less>preced\w+|(?:is|was|came|comes) (?:ahead of|before))|follow\w*|lag\w*(?: behind)?|trail\w*)"
    r" (?P<what>[^,;]{2,60}?) by (?:about |some |only )?$"
)


# Onsets are known by the minute; what takes less is the time of a call.
A_MINUTE = 60
# "Only 16 min lie between deploy-8728 and the onset", "the time between the deployment and the alert was 16 min".
BETWEEN = re.compile(
    r"\bbetween (?P<one>[^;,]{3,60}?) and (?P<other>[^;,]{3,60}?)"
    r"(?=\s*(?:[,;.]|$)| (?:is|are|was|were|lies?|lay|pass(?:ed)?|there|only|\d))",
    re.IGNORECASE,
)


def between(number: Number, text: str) -> re.Match[str] | None:
    """What the figure is told to lie between: right behind it, or right before it."""
    for found in BETWEEN.finditer(text):
        apart = text[number.span[1] : found.start()] or text[found.end() : number.span[0]]
        if apart and re.fullmatch(r"(?: [a-z]+){0,4} ?", apart):
            return found
    return None


def _onsets_at(part: Span, text: str, mentions: list[Found], known: Known) -> set[datetime]:
    """Of one of the two that it lies between: of "the alert" and of "the onset" as well."""
    words = text[slice(*part)]
    is_alone = not any(part[0] <= one.span[0] < part[1] for one in mentions)
    if is_alone and re.search(r"\balert\b", words):
        return {known.report.alert.date}
    return _of_report(known) if is_alone and re.search(r"\bonset\b", words) else _onsets(part, text, mentions, known)


def _is_so(first: set[datetime], second: set[datetime], number: Number, *, is_less: bool) -> bool | None:
    """Whether they are as far apart as is told; None where of one of them no onset is known."""
    if not first or not second:
        return None
    sign = -1 if is_less else 1
    low, high = timedelta(seconds=number.low), timedelta(seconds=number.high)
    holding = {low <= sign * (one - other) <= high for one in first for other in second}
    # Of two metrics with onsets of their own it is not known which is meant.
    return holding.pop() if len(holding) == 1 else None


def _at_its_time(found: set[datetime], before: str) -> set[datetime]:
    """ "At 15:44 UTC, four minutes after …": of several onsets the one that is told."""
    told = AT_TIME.search(before)
    return {one for one in found if told and f"{one.astimezone(UTC):%H:%M}" == claims.clock(told)} or found


AT_TIME = re.compile(rf"{claims.TIME.pattern},? (?:(?:and so|thus|only|just|about|comes?|came|is|was|lies|lay) )*$")


def _end(place: int, text: str) -> int:
    """Where what is told behind `place` ends."""
    found = re.compile(r"[;,](?= )|\.(?= |$)").search(text, place)
    return found.start() if found else len(text)


def _parts(text: str, mentions: list[Found]) -> list[Span]:
    """Its clauses; a list of names is in one of them."""
    gaps = [(one.span[1], other.span[0]) for one, other in itertools.pairwise(mentions)]
    joint = [JOINT.fullmatch(text[slice(*one)]) for one in gaps]
    # "… after those of ledger, and checkout followed": no list of two has a comma before "and".
    listed = [
        gap
        for place, gap in enumerate(gaps)
        if joint[place] and (text[slice(*gap)] != ", and " or (place and joint[place - 1]))
    ]
    breaks = [one.span() for one in BREAK.finditer(claims.blanked(text, listed))]
    return [(a[1], b[0]) for a, b in itertools.pairwise([(0, 0), *breaks, (len(text), len(text))])]


# "Two minutes before the alert", "five minutes after the onset", "one minute into the window".
FIXED = re.compile(
    r" (?:(?P<less>before|ahead of)|after|into|behind) the"
    r" (?:(?P<alert>alert)|(?P<onset>onset|incident)(?! of)|(?P<window>window))\b"
)


def _is_apart_from(number: Number, fixed: re.Match[str], text: str, mentions: list[Found], known: Known) -> bool | None:
    """Of what has an onset of its own; whatever else is told so far from these is a figure of the report."""
    parts = [part for part in _parts(text, mentions) if part[0] < number.span[0]][::-1]
    before = text[: number.span[0]]
    if _is_from_clock(number, fixed, before, known):
        return True
    if not AT_TIME.search(before) or OTHERS.search(re.sub(r"\b[Oo]nset\b", " ", before)):
        return None
    first, _ = _nearest(parts, number.span[0], text, mentions, known)
    if not first and re.search(r"\bonset\b", before, re.IGNORECASE):
        first = _of_cause(known) if OF_CAUSE.search(before) else _of_report(known)
    first = _at_its_time(first, before)
    if fixed["alert"]:
        second = {known.report.alert.date}
    else:
        second = {known.report.window.start} if fixed["window"] else _of_report(known)
    return _is_so(first, second, number, is_less=bool(fixed["less"]))


# "The alert came at 09:52 UTC from the rule, nine minutes after the onset", "not before 10:00 UTC, ten minutes …".
CLOCK = re.compile(
    rf"{claims.TIME.pattern}(?: (?:from|by|of) [^,;.\d]{{1,60}})?,"
    r" (?:(?:thus|only|just|about|(?:more|less) than|over) )?$"
)


# How far a change is from the onset is a figure of its own.
CHANGED = re.compile(r"\b(?:deploy\w*|release\w*|rollout|version|changes?|flag|live)\b", re.IGNORECASE)


def _is_from_clock(number: Number, fixed: re.Match[str], before: str, known: Known) -> bool:
    """Whether the time right before it, which is checked by itself, is so far from the alert, or from the onset."""
    told = CLOCK.search(before) if not CHANGED.search(before) else None
    to = {known.report.alert.date} if fixed["alert"] else _of_report(known)
    at = {_clocked(told, one) for one in to} if told and not fixed["window"] else set()
    return _is_so(at, to, number, is_less=bool(fixed["less"])) is True


def _clocked(told: re.Match[str], day: datetime) -> datetime:
    hour, minute, *_ = (int(one) for one in claims.clock(told).split(":"))
    return day.replace(hour=hour, minute=minute, second=0, microsecond=0)


# "The onset of the root cause, 13:33 UTC, lies two minutes before the alert".
OF_CAUSE = re.compile(r"\bonset of the (?:root |likely )?cause\b", re.IGNORECASE)


def _of_cause(known: Known) -> set[datetime]:
    cause = known.report.root_cause
    return {cause.onset} if known.has_cause and cause and cause.onset else set()


def _of_report(known: Known) -> set[datetime]:
    """The onset that the report tells: "… since 18:05 UTC", else where the window begins."""
    start = known.report.window.start
    found = re.search(r" since (\d\d):(\d\d) UTC", known.report.headline)
    return {start.replace(hour=int(found[1]), minute=int(found[2])) if found else start}


def _of_target(target: Span, before: list[Span], text: str, mentions: list[Found], known: Known) -> set[datetime]:
    """Of "before checkout did", "after that of the errors": what names no signal is of the one that was told."""
    words = text[slice(*target)]
    told = next((found for part in before if (found := topics(text[slice(*part)]) & {*SIGNALS})), frozenset())
    named = {one.text for one in mentions if target[0] <= one.span[0] < target[1]} & known.services
    if named and told and not topics(words) & {*SIGNALS} and AS_WELL.search(words):
        return {one.at for one in known.moments if one.kind == "onset" and one.of in named and one.signal in told}
    return _onsets(target, text, mentions, known)


# "One minute before checkout did", "before those of checkout", "before checkout's".
AS_WELL = re.compile(r"\b(?:did|does|do)\b|^(?:that|those) of\b|['’]s?\W*$")


def _of_alerted(own: str, before: list[Span], text: str, known: Known) -> set[datetime]:
    """ "ledger fails, and began to do so a minute earlier": than the alerted service, in the same signal."""
    told = topics(text[slice(*before[0])]) & {*SIGNALS} if before else frozenset()
    alerted = known.scope.service
    if own in ("", alerted):
        return set()
    return {one.at for one in known.moments if one.kind == "onset" and one.of == alerted and one.signal in told}


def _nearest(
    parts: list[Span], until: int, text: str, mentions: list[Found], known: Known, besides: str = ""
) -> tuple[set[datetime], int]:
    """The onsets of the first part that tells of any, and its place."""
    for place, (start, end) in enumerate(parts):
        apart = DISTANCE.search(text[start : min(end, until)])
        told = (start, start + apart.start() if apart else min(end, until))
        if found := _onsets(told, text, mentions, known, besides):
            return found, place
    return set(), len(parts)


def _of_previous(named: list[Found], known: Known) -> set[datetime]:
    """Those of the sentence before, but for whom this one names."""
    mentions = [one for one in roster.mentions(known.previous, known) if one.text not in {own.text for own in named}]
    return _onsets((0, len(known.previous)), known.previous, mentions, known)


def _onsets(part: Span, text: str, mentions: list[Found], known: Known, besides: str = "") -> set[datetime]:
    """When what a part of a sentence tells of began: a signal of a service, or a service, `besides` one, as a whole."""
    words = text[slice(*part)]
    within = {one.text for one in mentions if part[0] <= one.span[0] < part[1]}
    if made := {one.at for one in known.changes if one.at and one.deployment_id in within}:
        return made
    named = within & known.services
    metrics = {one.signal for one in known.moments if one.signal and one.signal in words}
    signals = (topics(words) & {*SIGNALS}) | metrics
    named -= set() if signals else {besides}
    if not named and not signals:
        return set()
    if not signals and BEGINNING.search(words):
        return {at for owner in named if (at := relations.onset(owner, known))}
    if not signals:
        # Of which signal it is told is not known.
        found = {one.at for one in known.moments if one.kind == "onset" and one.of in named}
        return found - {known.report.window.start} or found
    before = [one.text for one in mentions if one.span[0] < part[0] and one.text in known.services]
    # Where it names nobody: of who was named before, else of the alerted service.
    for owners in [named] if named else [{*before[-1:]}, known.about, {known.scope.service}]:
        found = {one.at for one in known.moments if one.of in owners and one.signal in signals}
        if found:
            return found
    return set()
