"""What two figures of a sentence say by themselves of a direction: "119 ms is lower than the usual 132 ms"."""

from __future__ import annotations

import re

from worker.agent.grounding.text import numerals
from worker.agent.grounding.text.pairs import Number
from worker.agent.grounding.text.topics import topics

NEGATED = re.compile(
    r"\b(?:no|not|never|without(?: an?| any)?|n['’]t|neither|nor)(?: (?:signs?|evidence|indications?|traces?|hints?) of"
    r"(?: an?| any)?| \w+ly| significant| real| any| an?| further"
    r"| comparable| similar| such| clear| marked)? $",
    re.IGNORECASE,
)
# "Lower than usual, at 120 ms instead of 133 ms".
AT = re.compile(r" than (?:usual|before|normal),? (?:at|with) ")
INSTEAD = re.compile(r" (?:(?:instead|in place) of|against|versus|compared (?:with|to)) (?:the usual |usually )?")
TO = re.compile(r" ?(?:(?:usually |before |in the baseline |as usual )?to(?: about| only)?) ?")
FROM_TO = re.compile(r"[^\d;()]{0,30}\bfrom $")
IF = re.compile(
    r"\b(?:if|when|once|until|unless|should|whether|back|return\w*|again|confirm|ensure|verify"
    r"|(?:check|see|make sure) that)\b",
    re.IGNORECASE,
)


def told(wanted: int, found: re.Match[str], text: str) -> bool | None:
    """ "119 ms is lower than the usual 132 ms": what both figures say by themselves."""
    if not IF.search(text) and (went_so := _from_to(wanted, found, text)) is not None:
        return went_so
    read = numerals.numbers(text)
    if (is_so := in_range(wanted, found, text, read)) is not None:
        return is_so
    if (told := _beside(wanted, found, text, read)) is not None:
        return told
    if not re.match(r"(?:higher|lower)$", found[0], re.IGNORECASE) or not re.match(r" than\b", text[found.end() :]):
        return None
    before = [one for one in read if one.span[1] <= found.start()][-1:]
    after = [one for one in read if one.span[0] >= found.end()][:1]
    if not before or not after or before[0].dimension != after[0].dimension:
        return None
    return (before[0].value < after[0].value) == (found[0].lower() == "lower")


# "The measured 4 g lie within the expected range of 3.9 to 4.1 g".
RANGE = re.compile(r"(?: (?:range|band|corridor))?(?: (?:of|from))? ")
ENDS = re.compile(r" ?(?:to|and|–|-) ?")


def in_range(wanted: int, found: re.Match[str], text: str, read: list[Number]) -> bool | None:
    """Whether the figure before lies within, above or below the range behind, whose ends are checked by themselves."""
    ends = [one for one in read if one.span[0] >= found.end()][:2]
    units = {one.dimension for one in ends}
    one = next((one for one in reversed(read) if one.span[1] <= found.start() and {one.dimension} == units), None)
    if one is None or len(ends) < 2:
        return None
    is_range = RANGE.fullmatch(text[found.end() : ends[0].span[0]])
    is_range = is_range and ENDS.fullmatch(text[ends[0].span[1] : ends[1].span[0]])
    if not is_range or (not wanted and not WITHIN.match(found[0])) or NEGATED.search(text[: found.start()]):
        return None
    return (one.value > ends[1].value) - (one.value < ends[0].value) == wanted


WITHIN = re.compile(r"(?:not )?(?:within|inside|outside)\b", re.IGNORECASE)
# "103 ms, below the expected 110 ms"; "223,700 requests against 269,900, was lower".
LEVEL = re.compile(
    r"(?:above|below|over|under)(?:,? (?:rather than|(?:and )?not) \w+,?)?"
    r" (?:the|its|their|what (?:is|was)) (?:usual|normal|expected|expectations?)\b.*",
    re.IGNORECASE,
)
BESIDE = re.compile(
    r"[^;\d]{0,20}\b(?:compared (?:to|with)|against|versus|vs\.?|(?:instead|in place) of|rather than|where)\b"
    r"[^;\d]{0,24}"
)
BEHIND = re.compile(r"(?! and )[^;\d]{0,24}")


def _beside(wanted: int, found: re.Match[str], text: str, read: list[Number]) -> bool | None:
    before = [one for one in read if one.span[1] <= found.start()]
    after = [one for one in read if one.span[0] >= found.end()][:1]
    if not wanted or not before or NEGATED.search(text[: found.start()]):
        return None
    if LEVEL.fullmatch(found[0]) and not text[before[-1].span[1] : found.start()].strip():
        # "1 ms above the usual 98 ms": a difference.
        return None
    if LEVEL.fullmatch(found[0]):
        is_by = text[before[-1].span[1] : found.start()] == " "
        if is_by and after and before[-1].value < 0.5 * after[0].value:
            # "1.1 ms above the usual 98 ms": by so much.
            return None
        is_level = after and re.fullmatch(r"(?: of)?(?: about)? \$?", text[found.end() : after[0].span[0]])
        return _is_so(wanted, before[-1], after[0]) if is_level else None
    behind = text[before[-1].span[1] : found.start()]
    if len(before) < 2 or not BEHIND.fullmatch(behind) or topics(behind) or " and " in behind:
        return None
    one, other = before[-2:]
    return _is_so(wanted, one, other) if BESIDE.fullmatch(text[one.span[1] : other.span[0]]) else None


def _is_so(wanted: int, one: Number, usual: Number) -> bool | None:
    """Whether the one is higher than the usual, or lower, where both are of one unit."""
    if one.dimension != usual.dimension and {one.dimension, usual.dimension} - {"", "count", "per_minute", "requests"}:
        return None
    return (one.value > usual.value) == (wanted > 0)


def _from_to(wanted: int, found: re.Match[str], text: str) -> bool | None:
    """ "dropped slightly, from 132 to 119 ms": what both figures say, each of which is checked by itself."""
    after = [one for one in numerals.numbers(text) if one.span[0] >= found.end()][:2]
    if len(after) < 2 or not wanted or NEGATED.search(text[: found.start()]):
        return None
    between, (one, other) = text[after[0].span[1] : after[1].span[0]], after
    if INSTEAD.fullmatch(between) and AT.fullmatch(text[found.end() : one.span[0]]):
        one, other, between = other, one, "to"
    elif not FROM_TO.fullmatch(text[found.end() : one.span[0]]):
        return None
    if not TO.fullmatch(between) or one.dimension != other.dimension:
        return None
    return (one.value < other.value) == (wanted > 0)
