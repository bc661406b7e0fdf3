"""Whether a figure is told as an end of a range, as a bound, or as neither."""

from __future__ import annotations

import re

from worker.agent.grounding.text.claims import Span

# "The estimate is wide, from 4,600 to 23,400".
WIDE_FROM = (
    r"(?:ranges?|band|interval|estimates?) (?:is|are|was|were) [a-z]+(?: [a-z]+)?"
    r"(?:,|,? (?:and )?(?:goes|runs|reaches|extends|going|running)) from"
)
# "Its range runs from 0.013 to 0.41".
RUNS_FROM = (
    rf"(?:{WIDE_FROM}|(?:ranges?|ranging|band|interval|corridor|bounds|any(?:thing|where)|somewhere)"
    r"(?:(?: that| which)? (?:(?:runs?|ran|goes|extends?|reaches|stretches|is|being) )?(?:of|from)"
    r"| (?:starts?|begins?) (?:at|with)| (?:spans?|covers?)| is| being| was))"
)
# "Its range starts at 0 and ends at 4.1".
TO_END = r"(?:to|and(?: (?:ends?|stops?) (?:at|with))?|–)"
# "Within the expected range, 220 to 224 g", "the range that was expected: 220 to 224 g".
EXPECTED_RANGE = (
    r"(?:(?:expected|usual) (?:range|band|interval)"
    r"|(?:range|band|interval) (?:that |which )?(?:is|was|were|are) (?:expected|usual))[,:]"
)
EXPECTED = re.compile(rf"\b{EXPECTED_RANGE} [−-]?$", re.IGNORECASE)
# "In the expected range of 92 to 96 grams": both ends are of it.
_RANGE_OF = (
    rf"\b(?:{RUNS_FROM}|{EXPECTED_RANGE}"
    r"|(?:expected|usual) (?:range|band|interval)(?: (?:of|for|in) [a-z][\w₂-]*){1,2}"
    r" (?:runs?|goes|extends?|reaches) from"
    r"|(?:expectation|forecast) (?:ranges?|ranged|runs?|ran|goes|reaches) from"
    r"|(?:end of|inside|within|in|between) the (?:expected|usual)|(?<=, )within) "
)
OF_RANGE = re.compile(
    rf"{_RANGE_OF}[−-]?(?P<low>\$?\d[\d.,]*)[^\d,;.()]{{0,12}} ?{TO_END} (?:about )?[−-]?\$?$", re.IGNORECASE
)
# "The excess is 18 g, from 17 to 19": around the figure before, and so no course of things.
AROUND = re.compile(
    r"(?<![\w.,])(?P<mid>\d(?:[\d.,]*\d)?)[^\d,;.()]{0,12}, (?:any(?:where|thing) |somewhere )?from [−-]?"
    r"(?P<low>\d(?:[\d.,]*\d)?)[^\d,;.()]{0,12} to [−-]?(?P<high>\d(?:[\d.,]*\d)?)"
)


def around(span: Span, text: str) -> re.Match[str] | None:
    """What tells it as an end of such a range."""
    for found in AROUND.finditer(text):
        value, *ends = (float(found[name].replace(",", "")) for name in ("mid", "low", "high"))
        # "From −0.11 to −0.069": by what they are without a sign.
        low, high = sorted(ends)
        if span[0] in (found.start("low"), found.start("high")) and low < value < high:
            return found
    return None


LOW = re.compile(
    r"\b(?:at least|no less than|no fewer than|minimum|more than|over|from|between|starts? at|begins? at|low(?:er)?)"
    r"\b[^,;]{0,20}$",
    re.IGNORECASE,
)
HIGH = re.compile(
    r"\b(?:at most|up to|no more than|maximum|upper bound|less than|fewer than|as many as|high(?:er)?)\b[^,;]{0,20}$"
    r"|\b(?:between|from|range of) [^;]{1,24} (?:and|to) (?:about )?\W?$",
    re.IGNORECASE,
)

UP_TO = re.compile(r"\b(?:up to|at most|no more than|as many as|upper (?:bound|end) (?:of|is|at)) $", re.IGNORECASE)
AT_LEAST = re.compile(r"\b(?:at least|no (?:less|fewer) than) $", re.IGNORECASE)


def bound(span: Span, text: str) -> str | None:
    """ "Up to 4,500", and the second of "3,900 to 4,500": of what has a range, its high end."""
    if UP_TO.search(text[: span[0]]):
        return "high"
    if AT_LEAST.search(text[: span[0]]):
        return "low"
    if TO_HIGH.match(text, span[1]) and not COMES_FROM.search(text[: span[0]]):
        return "low"
    low = AFTER_LOW.search(text[: span[0]])
    return "high" if low and not COMES_FROM.search(text[: low.start()]) else None


TO_HIGH = re.compile(r"(?: to |–)[−-]?\$?\d")
AFTER_LOW = re.compile(r"(?<![\w.,:])\$?\d[\d.,]*(?: ?[^\W\d]{1,6})?(?: to |–)[−-]?$")
# A course of things, and no range.
COMES_FROM = re.compile(r"\bfrom (?:about )?[−-]?$")


def in_range(span: Span, text: str, end: str | None) -> bool:
    """Whether the words say that the figure is that end of a range; of no end: that it is none."""
    place = _place_in_range(span, text)
    if place is not None:
        return end == place
    if end is None or _is_between(span, text, end):
        return True
    return bool((LOW if end == "low" else HIGH).search(text[: span[0]]))


def _is_between(span: Span, text: str, end: str) -> bool:
    """ "Estimated at $1,406 to $1,562": no course of things, which would begin with "from"."""
    before, after = text[: span[0]], text[span[1] :]
    if end == "low":
        return bool(re.match(r"[^\d,;.()]{0,12}(?: to |–|-)\W?\d", after)) and not re.search(r"\bfrom $", before)
    return bool(re.search(r"(?<!from )(?<!from \$)(?<![\d.,$])\$?\d[\d.,]*[^\d,;.()]{0,12}(?: to |–|-)$", before))


# "With $0.80 and $6.54 as the bounds".
AS_BOUNDS = re.compile(r" ?[^\W\d]* as (?:the |its |their )?(?:\w+ )?(?:bounds|limits|ends|extremes)\b")
BOUNDS = re.compile(rf"[^\d,;.()]{{0,12}} and \$?\d[\d.,]*{AS_BOUNDS.pattern}")
BOTH_BOUNDS = re.compile(r"\$?\d[\d.,]*[^\d,;.()]{0,12} and \$?$")
RANGE_OF = re.compile(rf"{_RANGE_OF}[−-]?\$?$", re.IGNORECASE)


def _place_in_range(span: Span, text: str) -> str | None:
    """Of "(66 to 77)" the first is the low end; "from 66 to 77" may be a course of things."""
    before, after = text[: span[0]], text[span[1] :]
    if found := around(span, text):
        return "low" if span[0] == found.start("low") else "high"
    if re.search(r"\((?:\w+ ){0,2}[−-]?$", before) and re.match(r"[^\d,;.()]{0,12}(?: to |–|-| and )\W?\d", after):
        return "low"
    if BOUNDS.match(after):
        return "low"
    if OF_RANGE.search(before) or (AS_BOUNDS.match(after) and BOTH_BOUNDS.search(before)):
        return "high"
    if RANGE_OF.search(before) and re.match(rf"[^\d,;.()]{{0,12}} ?{TO_END} (?:about )?[−-]?\$?\d", after):
        return "low"
    is_high = re.search(r"\((?:\w+ ){0,2}\W?\d[\d.,]*[^\d,;.()]{0,12}(?: to |–|-| and )[−-]?$", before)
    return "high" if is_high else None
