"""A figure, and the unit that it takes from another beside it: "7.9 against 3 g/min"."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, replace

from worker.agent.grounding.text import ranges, units
from worker.agent.grounding.text.claims import Span


@dataclass(frozen=True)
class Number:
    """`low` to `high` is what a figure may be that is told so."""

    span: Span
    value: float
    dimension: str
    low: float
    high: float
    text: str

    def scaled(self, factor: float, dimension: str) -> Number:
        return replace(
            self, value=self.value * factor, low=self.low * factor, high=self.high * factor, dimension=dimension
        )


PAIR = re.compile(
    r"(?: (?:g|grams))? ?(?:to|–|-|and|against|(?:instead|in place) of|rather than|versus) (?:about )?",
    re.IGNORECASE,
)
# "11 g a minute is close to the usual 10 g": of the second as well.
USUAL_MASS = re.compile(
    r"\b(?:usual|usually|normal|normally|expected)(?: is| are| was| were| about)* $"
    r"|\b(?:higher|lower|more|less) than (?:the )?(?:about )?$",
    re.IGNORECASE,
)
IS_USUAL = re.compile(r" (?:is|are|was|were) (?:usual|normal)\b", re.IGNORECASE)


def with_paired_rates(text: str, found: list[Number]) -> list[Number]:
    """`from 3 to 7.9 grams a minute`: of the first as well."""
    paired = [
        replace(one, dimension=after.dimension)
        if after and _is_its_rate(one, after) and PAIR.fullmatch(text[one.span[1] : after.span[0]])
        else one
        for one, after in zip(found, [*found[1:], None], strict=False)
    ]
    return [
        replace(one, dimension=before.dimension)
        if before and _is_its_rate(one, before) and _is_told_as_usual(one, text)
        else one
        for before, one in zip(_measured_before(paired), paired, strict=True)
    ]


def _measured_before(found: list[Number]) -> list[Number | None]:
    """For each the one before it; of "0.63 g a minute, about twice the usual 0.32 g" that is the first."""
    apart = ("times", "share", "points")
    return [
        next((other for other in reversed(found[:place]) if other.dimension not in apart), None)
        for place in range(len(found))
    ]


def _is_its_rate(one: Number, other: Number) -> bool:
    return other.dimension in {"grams": ["grams_per_minute"], "requests": ["per_second", "per_minute"]}.get(
        one.dimension, []
    )


def _is_told_as_usual(one: Number, text: str) -> bool:
    return bool(USUAL_MASS.search(text[: one.span[0]]) or IS_USUAL.match(text, one.span[1]))


# "1,933 requests per minute against 1,825 expected", "… instead of the expected 4.3": the same unit.
COMPARING = re.compile(
    r"(?: of CO[₂2]e?)?(?: (?:per|a|an) (?:minute|hour))?"
    r"(?: (?:(?:was|were|is|are) )?(?:measured|emitted|received|sent|used|logged|counted|recorded|seen))?"
    r",? (?:against|(?:instead|in place) of|rather than|versus|vs\.?"
    r"|compared (?:with|to)|where|while|when|up from|down from)"
    r"(?: (?:an?|of|the|its|only|about|expected|(?:usual|normal)(?:ly)?))* "
    r"|(?: of CO[₂2]e?)?(?: (?:per|an?) (?:minute|hour))?(?: per [\d,]+ requests)?,"
    r" (?:before|usually|normally|previously|expected)(?: (?:it|they|was|were|only|about))* ",
    re.IGNORECASE,
)
# "It rose to 88 millicores from 7.3", "… from a usual 7.3".
FROM = re.compile(r"(?: (?:per|a|an) (?:minute|hour))?,? from(?: (?:an?|the|its|only|about|usual|normal|expected))* ")
RISEN_TO = re.compile(r"\bto (?:about |only |roughly )?$")


# "88 millicores, twelve times the usual 7.3".
TIMES_THE = re.compile(r"\b(?:times|twice|half|double) (?:the|its|their) (?:usual|expected|normal)(?: value of)? $")


def _with_usual(text: str, one: Number, now: Number | None) -> Number:
    is_its = now and not one.dimension and TIMES_THE.search(text[: one.span[0]])
    return one.scaled(factor(text, now), now.dimension) if now and is_its else one


def with_compared(text: str, found: list[Number]) -> list[Number]:
    """A figure without a unit behind a comparison has that of the one before."""
    found = [_with_measured(text, one, found[:place]) for place, one in enumerate(found)]
    found = [
        replace(one, dimension=before.dimension)
        if before and _is_its_rate(one, before) and _is_compared(text, before, one)
        else one
        for before, one in zip([None, *found], found, strict=False)
    ]
    found = [_with_usual(text, one, now) for now, one in zip(_measured_before(found), found, strict=True)]
    return [
        one.scaled(factor(text, before), before.dimension)
        if before
        and not one.dimension
        and _is_compared(text, before, one)
        and not IN_TIME.search(text[: before.span[0]])
        else one
        for before, one in zip(_beside(text, found), found, strict=False)
    ]


def _beside(text: str, found: list[Number]) -> list[Number | None]:
    """For each the one before it; behind "180 mg per 1,000 requests" that is the 180."""
    before: list[Number | None] = [None, None, *found[:-1]]
    return [
        first if one and one.dimension == "requests" and text[: one.span[0]].endswith(" per ") else one
        for first, one in itertools.pairwise(before)
    ]


def _is_compared(text: str, before: Number, one: Number) -> bool:
    between = text[before.span[1] : one.span[0]]
    is_from = FROM.fullmatch(between) and RISEN_TO.search(text[: before.span[0]])
    return bool(is_from or COMPARING.fullmatch(between))


# "89 g were measured in 15 minutes against 90 (88 to 91)": no other minutes.
IN_TIME = re.compile(r"\b(?:in|within|over|during|for)(?: the| about| these)? $", re.IGNORECASE)


# "Its bytes received fell from 34,923 to 22,336".
NAMED_UNIT = re.compile(
    r"\b(?P<unit>bytes|milliseconds|grams|millicores)\b"
    r"(?:[^;.\d]{0,70}? from (?:about )?(?:[\d.,]+ to (?:about )?)?| \w+: (?:[\d.,]+, (?:expected|usually|before) )?)$",
    re.IGNORECASE,
)


# "In millicores, it climbed from 4.7 to 254".
UNIT_AHEAD = re.compile(r"\W*[Ii]n (?P<unit>millicores|milliseconds|seconds|grams|\w*bytes|percent), ")


def with_named_units(text: str, found: list[Number]) -> list[Number]:
    """A figure of what is itself called by a unit has that, or all of a sentence that begins with it."""
    ahead = UNIT_AHEAD.match(text)
    named = [None if one.dimension else ahead or NAMED_UNIT.search(text[: one.span[0]]) for one in found]
    of = units.language().units
    return [
        one.scaled(*of.get(told["unit"].lower(), ("", 1.0))[::-1]) if told else one
        for one, told in zip(found, named, strict=True)
    ]


# "357 g per hour, with a range of 354 to 403 g".
RANGED_RATE = re.compile(
    r" (?:an|a|per|each) (?:hour|minute)(?:, | \()(?:with )?(?:a |the )?(?:range|between|ranging|from)"
    r"[^;.\d]*(?:[\d.,]+[^;.\d]* (?:to|and) )?$"
)


def with_ranged_rates(text: str, found: list[Number]) -> list[Number]:
    """The ends of the range of a rate are rates."""
    rates = [one for one in found if one.dimension in ("grams_per_hour", "grams_per_minute")]
    return [
        replace(one, dimension=rates[-1].dimension)
        if rates and one.dimension == "grams" and RANGED_RATE.search(text[rates[-1].span[1] - 9 : one.span[0]])
        else one
        for one in found
    ]


WERE_EXPECTED = re.compile(r" (?:is|are|was|were|being|would be|would have been) (?:expected|usual|normal)\b")


WOULD_HAVE = re.compile(r"\b(?:would|should) have (?:been|produced|emitted|taken)(?: only| about)* $")


# "687 MiB, 18 % more than the expected 584".
MORE_THAN = re.compile(
    r"\b(?:than|above|below|over|under|exceeds?) (?:the )?(?:(?:expected|usual|normal|typical) )?(?:about )?$"
)


def _with_measured(text: str, one: Number, before: list[Number]) -> Number:
    """ "168 grams were emitted in 18 minutes, where 77 were expected": the unit of what was measured."""
    measured = [other for other in before if other.dimension not in ("", "seconds", "times", "share")]
    is_share = bool(before) and before[-1].dimension == "share"
    is_usual = (
        WERE_EXPECTED.match(text, one.span[1])
        or WOULD_HAVE.search(text[: one.span[0]])
        or (is_share and MORE_THAN.search(text[: one.span[0]]))
    )
    if one.dimension or not measured or not is_usual:
        return one
    return one.scaled(factor(text, measured[-1]), measured[-1].dimension)


PAIRED = re.compile(
    r"[\w,:() -]{0,40}\b(?:before|from|to|against|versus|than|(?:instead|in place) of|usually)\b[\w ]{0,8}"
)


# "Of payments in europe-west1 now take"; the names may have been blanked.
OF_WHOM = r"(?:(?: (?:of|to|by|in|at|from|for)|,) +(?:the +)?(?:[\w.:@-]*\w)?){0,2}"
TAKING = (
    r" +(?:now )?(?:takes?|took|costs?|emit|emits|emitted|need|needs|needed|caused?|mean|meant"
    r"|stand for|stands for|stood for)"
)
EACH = re.compile(
    r"\b(?:(?:per|each|every|for|(?:carbon|co[₂2]e?|emissions?) of) [\d,]+"
    r"|(?:a|one|each|every|per) thousand) (?:requests|of them)\b(?=[^.;]*\d)"
    # "1,000 requests of payments in europe-west1 took 99.8 mgCO₂e".
    rf"|\b(?:1,000|a thousand|one thousand) requests{OF_WHOM}{TAKING}\b(?=[^;]*\d ?m?g)",
    re.IGNORECASE,
)


def with_inherited_rates(text: str, found: list[Number]) -> list[Number]:
    """`20 g per 1,000 requests, before 8 g`: of the second as well."""
    each = EACH.search(text)
    if each:
        found = [
            replace(one, dimension="grams_per_requests")
            if one.dimension == "grams" and one.span[0] >= each.end()
            else one
            for one in found
        ]
    rated = [one for one in found if one.dimension == "grams_per_requests"]
    return [
        one.scaled(1.0 if one.dimension else factor(text, rated[0]), rated[0].dimension)
        if rated and one.dimension in ("grams", "") and any(_is_pair(text, one, other) for other in rated)
        else one
        for one in found
    ]


def _is_pair(text: str, one: Number, other: Number) -> bool:
    first, second = sorted((one.span, other.span))
    between = text[first[1] : second[0]]
    return bool(PAIRED.fullmatch(between))


def with_compound_durations(text: str, found: list[Number]) -> list[Number]:
    """`3 h 49 min`, `an hour and 20 minutes`: one figure."""
    merged: list[Number] = []
    for one in found:
        last = merged[-1] if merged else None
        if last and _is_rest_of(last, one) and re.fullmatch(r" (?:and )?", text[last.span[1] : one.span[0]]):
            span = (last.span[0], one.span[1])
            value, low, high = last.value + one.value, last.value + one.low, last.value + one.high
            merged[-1] = Number(span, value, "seconds", low, high, text[slice(*span)])
        else:
            merged.append(one)
    return merged


def _is_rest_of(hours: Number, minutes: Number) -> bool:
    """Whether the second is less than one unit of the first."""
    unit = next((one for one in (3600.0, 60.0) if hours.value >= one), 0.0)
    return hours.dimension == minutes.dimension == "seconds" and 0 < minutes.value < unit and hours.value % unit == 0


RANGED = re.compile(
    r"[^.;]{0,12} ?\((?:at least |from |between |range:? )?[−-]?$| ?(?:to|–) [−-]?|–"
    r"|[^.;\d]{0,30}, (?:between|ranging from|(?:with|in|within) (?:an?|the|its) (?:[a-z]+ )?range (?:of|from)"
    r"|with bounds of|at least|at most) | and at most "
    rf"|[^.;\d]{{0,30}}?,? (?:(?:and|but|with|in|within) )?(?:its|the|an?) (?:90 ?% )?(?:[a-z]+ )?{ranges.RUNS_FROM} "
)


# "Its range starts at 0 and ends at 4.1 g", "runs from −1 to 3.3 g", "to −3.3 g".
ENDING = re.compile(rf" ?{ranges.TO_END} (?:about )?[−-]?")
THRESHOLD = re.compile(r"\b(?:slower|longer|more) than (?:about )?$", re.IGNORECASE)
PAIRED_UNITS = re.compile(
    r" ?(?:to|–|-|and|against|(?:instead|in place) of|rather than|versus"
    r"|(?:out )?of(?: the| about| roughly| some)?(?: window['’]s)?) |–"
)


def with_inherited_units(text: str, found: list[Number]) -> list[Number]:
    """`7.9 against 3 g/min`, `66 to 77 g`: the unit of the second; `68 g (66 to 77)`: that of the number before."""
    dimensions = [one.dimension for one in found]
    scales = [factor(text, one) for one in found]
    for place in range(len(found) - 2, -1, -1):
        between = text[found[place].span[1] : found[place + 1].span[0]]
        is_pair = PAIRED_UNITS.fullmatch(between) or ENDING.fullmatch(between)
        is_range = dimensions[place + 1] and between in (" (", " (-", " (−")
        if not dimensions[place] and (is_pair or is_range):
            dimensions[place], scales[place] = dimensions[place + 1], scales[place + 1]
    for place in range(1, len(found)):
        between = text[found[place - 1].span[1] : found[place].span[0]]
        ahead = text[: found[place - 1].span[0]]
        is_between = between == " and " and ahead.endswith(("between ", "bounds of ", ", within "))
        is_in_time = dimensions[place - 1] == "seconds" and IN_TIME.search(ahead)
        is_ranged = (RANGED.fullmatch(between) and not is_in_time) or ranges.around(found[place].span, text)
        # "13,400 more were slower than 456 ms, ranging from 6,570 to 20,200": of the first.
        of = place - 2 if place > 1 and THRESHOLD.search(ahead) else place - 1
        if not dimensions[place] and (is_between or is_ranged):
            dimensions[place], scales[place] = dimensions[of], scales[of]
    return [
        one if one.dimension else one.scaled(scale, unit)
        for one, unit, scale in zip(found, dimensions, scales, strict=True)
    ]


# "872,000 more requests took longer than 66 ms, with a range of 789,000 to 954,000".
RANGE_AHEAD = re.compile(rf"\b(?:{ranges.RUNS_FROM}|ranging from|between|with|within) $|\([−-]?$")
TO_END = re.compile(r" (?:to|and) |–")


def with_ranges_around(text: str, found: list[Number]) -> list[Number]:
    """The ends of a range, which have no unit of their own, have that of the last figure between them."""
    for low, high in itertools.pairwise(found):
        is_range = TO_END.fullmatch(text[low.span[1] : high.span[0]]) and RANGE_AHEAD.search(text[: low.span[0]])
        if low.dimension or high.dimension or not is_range:
            continue
        within = [
            one
            for one in found
            if one.dimension and one.span[1] <= low.span[0] and low.value < one.value / factor(text, one) < high.value
        ]
        if within:
            ends = (low.span, high.span)
            scale, unit = factor(text, within[-1]), within[-1].dimension
            found = [one.scaled(scale, unit) if one.span in ends else one for one in found]
    return found


def factor(text: str, number: Number) -> float:
    if found := units.language().number.match(text, number.span[0]):
        return units.unit_of(found)[1]
    word = units.language().word.match(text, number.span[0])
    return units.language().units.get((word["unit"] or "").lower(), ("", 1.0))[1] if word else 1.0
