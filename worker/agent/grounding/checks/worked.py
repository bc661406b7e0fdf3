"""Figures that follow from others of the same text: "104 of the 114 g, or 91 %", "3,763 against 3,284, 15 % more"."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import NamedTuple

from worker.agent.grounding.checks import tallies
from worker.agent.grounding.report import distances
from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text import numerals, pairs, roles
from worker.agent.grounding.text.claims import Claim, Found
from worker.agent.grounding.text.pairs import Number

APART = ("share", "times", "points")


class Text(NamedTuple):
    """A sentence without what it quotes, as it is written, and whom it names."""

    plain: str
    sentence: str
    mentions: list[Found]


def settled(claims: list[Claim], numbers: list[Number], text: Text, known: Known) -> list[Claim]:
    """The claims of `numbers`; one that is no figure of the report may follow from others, or be counted."""
    held = [one for one, claim in zip(numbers, claims, strict=True) if claim.holds]
    return [_settled(claim, number, held, text, known) for claim, number in zip(claims, numbers, strict=True)]


def _settled(claim: Claim, number: Number, held: list[Number], text: Text, known: Known) -> Claim:
    is_so = tallies.is_tallied(number, text.plain, text.sentence, text.mentions, known)
    is_told = distances.OF_CAUSE.search(text.plain[: number.span[0]]) or distances.between(number, text.plain)
    if is_so is None and (not claim.holds or is_told):
        is_apart = distances.is_apart(number, text.plain, text.mentions, known)
        is_open = is_apart is None and not claim.holds
        is_so = _follows(number, held, text.plain, known.previous) if is_open else is_apart
    if is_so is None or (is_so and claim.holds):
        return claim
    why = "" if is_so else "it does not follow from the others"
    return replace(claim, holds=is_so, why=why, is_open=False)


# "…, or roughly 91 %", "(91 %)".
WHICH_IS = re.compile(
    r"(?:, (?:or|i\.e\.|that is|which is|thus|so|hence|(?:fewer|less|more) than)|\(|—| –)"
    r"(?: (?:or|about|roughly|around|nearly|almost|some))* ?$",
    re.IGNORECASE,
)
PART_OF = re.compile(r"[^,;.\d]{0,24} ?(?:out )?of (?:the |all |its |expected |usual )*(?:about |roughly )?")


OF_USUAL = re.compile(r" (?:the|its|their) (?:usual|expected|normal|former) (?:value of |level of )?(?:about )?")
OF_THE = re.compile(r" (?:of )?(?:the|its|their) (?:about )?")
BY_FROM = re.compile(
    r"(?: points)?(?: only| alone)?,? (?:(?:down |up )?from|at) (?:about |roughly )?\$?", re.IGNORECASE
)


def _is_so_many(number: Number, now: Number, usual: Number, text: str) -> bool | None:
    """ "Peaked at 0.9 g a minute, almost three times the expected 0.33 g"."""
    if not usual.dimension:
        usual = usual.scaled(pairs.factor(text, now), now.dimension)
    if number.dimension not in ("times", "share") or now.dimension != usual.dimension or not usual.value:
        return None
    return number.low <= now.value / usual.value <= number.high


def _is_of_usual(number: Number, usual: Number, text: str) -> bool:
    """ "Three times the usual 0.33 g", "half of the 4,300 expected"."""
    between = text[number.span[1] : usual.span[0]]
    is_share_of = OF_THE.fullmatch(between) and roles.role(usual.span, text) == "usual"
    return bool(is_share_of or (number.dimension == "times" and OF_USUAL.fullmatch(between)))


# "That is about a third more, or some 73 more": than what the sentence before told.
THAT_IS = re.compile(r"(?:That|This|It|Which) (?:is|was|means|makes|comes to|amounts to|corresponds to|equals)\b")
TWO = 2


def _follows(number: Number, held: list[Number], text: str, previous: str) -> bool | None:
    """Whether it is what the two figures around or before it make; None where it is not told as such."""
    before = [one for one in held if one.span[1] <= number.span[0]]
    behind = [one for one in held if one.span[0] >= number.span[1]]
    if before and behind and _is_of_usual(number, behind[0], text):
        return _is_so_many(number, before[-1], behind[0], text)
    is_by = len(behind) > 1 and BY_FROM.fullmatch(text[number.span[1] : behind[0].span[0]])
    # "Down by a quarter, from 1,110 to 816".
    pair = behind[:2] if is_by else before[-2:]
    if THAT_IS.match(text) and sum(one.dimension not in APART for one in before) < TWO and not is_by:
        return _is_of_previous(number, text, previous)
    return _is_of_pair(number, pair[0], pair[1], text, is_by=bool(is_by)) if len(pair) == TWO else None


def _is_of_pair(number: Number, first: Number, second: Number, text: str, *, is_by: bool) -> bool | None:
    """Whether it is how far the two are apart, or what share the first is of the second."""
    if second.value and number.dimension == "share" and not is_by and _is_share_of(number, first, second, text):
        return number.low <= first.value / second.value <= number.high
    if first.value and number.dimension == "share" and not is_by and _is_part_of_first(number, first, second, text):
        return number.low <= second.value / first.value <= number.high
    return _is_so_far(number, first, second, text, is_told=is_by)


def _is_of_previous(number: Number, text: str, previous: str) -> bool | None:
    """Whether it is how far the last two figures of the sentence before are apart; what was wrong there has gone."""
    found = [one for one in numerals.numbers(previous) if one.dimension not in APART or one.dimension == "share"][-2:]
    if len(found) < TWO or found[0].dimension != found[1].dimension:
        return None
    side = _side(number, text)
    now, usual = _in_order(found[0], found[1], previous)
    if not usual or not (side or number.dimension == "times"):
        return None
    return number.low <= abs(_apart(number, now, usual)) <= number.high and side * (now - usual) >= 0


def _side(number: Number, text: str) -> int:
    """1 or -1 where it is told to be more or less, else 0."""
    after = text[number.span[1] :]
    return roles.side(text[: number.span[0]]) or (1 if MORE.match(after) else -1 if LESS.match(after) else 0)


def _apart(number: Number, now: float, usual: float) -> float:
    """How far they are apart, told as `number` is: as a share, as so many times, or in their own unit."""
    return {"times": now / usual, "share": now / usual - 1}.get(number.dimension, now - usual)


def _is_share_of(number: Number, first: Number, second: Number, text: str) -> bool:
    is_part = PART_OF.fullmatch(text[first.span[1] : second.span[0]]) and first.dimension == second.dimension
    return bool(is_part and WHICH_IS.search(text[: number.span[0]]))


# "Of the excess of 72 mg, 61 mg (85 %) went to retries": the second of the first.
OF_ALL = re.compile(r"(?:^|[;,(] )[Oo]f (?:the|its|all) (?:[^,;\d]{1,30} )?$")


def _is_part_of_first(number: Number, first: Number, second: Number, text: str) -> bool:
    is_whole = OF_ALL.search(text[: first.span[0]]) and text[first.span[1] : second.span[0]].strip() == ","
    return bool(is_whole and first.dimension == second.dimension and WHICH_IS.search(text[: number.span[0]]))


MORE = re.compile(r" (?:more|higher|above|over|up|larger|greater|longer|slower|as (?:many|much|high|long|large))\b")
LESS = re.compile(r" (?:less|fewer|lower|below|under|down|smaller|shorter|faster)\b")


def _is_so_far(number: Number, first: Number, second: Number, text: str, *, is_told: bool) -> bool | None:
    """ "From 295 to 10, a drop of 97 %", "from 182 to 249 ms, or by 67 ms": how far that of now is from the usual."""
    side, is_ratio = _side(number, text), number.dimension in APART
    is_told = (is_told and is_ratio) or bool(side or roles.APART_BY.search(text[: number.span[0]]))
    units = {first.dimension, second.dimension} - ({""} if is_ratio else set())
    is_one_unit = len(units) < TWO and (is_ratio or number.dimension in ("", first.dimension))
    if not (is_told or number.dimension == "times") or not is_one_unit or number.span[0] - second.span[1] > FAR:
        return None
    now, usual = _in_order(first, second, text)
    if not usual and is_ratio:
        return None
    # Both are rounded as they are written.
    slack = (_rounding(first) + _rounding(second)) if number.dimension == "share" else 0.0
    apart = _apart(number, now, usual) if usual else now - usual
    is_on_side = number.dimension == "times" or side * apart >= 0
    return number.low - slack <= abs(apart) <= number.high + slack and is_on_side


# Of fewer digits prose does not reckon so exactly.
EXACT = 3


def _rounding(number: Number) -> float:
    """Half of its last digit, as a share of it: 707 is 706.5 to 707.5."""
    digits = re.search(r"[\d,]+(?:\.(?P<decimals>\d+))?", number.text)
    if digits is None or len(re.findall(r"\d", digits[0])) < EXACT:
        return 0.0
    value = float(digits[0].replace(",", ""))
    return 0.5 * 10.0 ** -len(digits["decimals"] or "") / value if value else 0.0


# What is further behind tells of something else.
FAR = 60
FROM = re.compile(r"\bfrom (?:about |roughly |the usual )?\$?$", re.IGNORECASE)


def _in_order(first: Number, second: Number, text: str) -> tuple[float, float]:
    """The figure of now, and the one that it is set against: "from 295 to 10" has them the other way round."""
    is_from = FROM.search(text[: first.span[0]]) or roles.role(first.span, text) == "usual"
    scaled = first if first.dimension else first.scaled(pairs.factor(text, second), second.dimension)
    return (second.value, scaled.value) if is_from else (scaled.value, second.value)
