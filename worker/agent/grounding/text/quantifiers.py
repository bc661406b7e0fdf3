"""Shares that are told without a figure: "one in five", "nearly all", "every request fails"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from worker.agent.grounding.text.claims import Span

SMALL = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
# A part of a whole in words: "nearly all of these", "mostly PoolTimeout".
PART = (
    r"(?:(?:nearly|almost|virtually|practically) )?(?:all|every(?:thing| one)?|exclusively)|only|solely|each"
    r"|most(?:ly)?|mainly|the (?:majority|bulk)|(?:more than|over) half|(?:(?:about|nearly|almost) )?half"
    r"|hardly any|few|none|nothing|no"
)
# How each of them begins, from where to where it then is.
_PARTS = (
    (r"(?:near|almost|virt|pract)\w* (?:all|every|exc)", (0.85, 1.0)),
    (r"all|every|exc|only|sole|each", (0.98, 1.0)),
    (r"most|main|the |more|over", (0.5, 1.0)),
    (r"hardly", (0.0, 0.1)),
    (r"few|a ", (0.0, 0.25)),
    (r"no", (0.0, 0.005)),
    (r"", (0.4, 0.6)),
)


def is_part(share: float, told: str) -> bool:
    """Whether `share` is told so, in a word of PART."""
    low, high = next(bounds for begins, bounds in _PARTS if re.match(begins, told, re.IGNORECASE))
    return low <= share <= high


def count(word: str) -> int:
    """ "three", "3"; of any other word 0."""
    told = word.lower()
    return int(told) if told.isdigit() else SMALL.index(told) + 1 if told in SMALL else 0


# "One in five requests", "two out of three".
FRACTION = re.compile(
    rf"\b(?P<part>{'|'.join(SMALL)}) (?:(?:requests?|calls?) )?(?:in|out of|of|in every|of every|out of every)"
    rf" (?P<whole>{'|'.join(SMALL)})\b",
    re.IGNORECASE,
)
# "Four of six timed log lines": counted, each by itself.
OF_LINES = re.compile(r" (?:(?:timed|sampled|log|logged) )+lines\b")
# "Six in a thousand".
PER_MILLE = re.compile(
    rf"\b(?P<part>{'|'.join(SMALL)}|\d+) (?:in|out of|of) "
    r"(?:(?:a|one|every) (?P<whole>hundred|thousand)|(?:every )?(?P<twenty>twenty))\b",
    re.IGNORECASE,
)
# "Nearly all of its requests", "most requests", "every request fails": with the least share that it can be.
QUANTIFIED = re.compile(
    r"\b(?:(?P<all>(?:nearly|almost|virtually|practically) (?:all|every))|(?P<most>most"
    r"|the (?:(?:vast|overwhelming|great|large|clear) )?(?:majority|bulk)|the lion['’]s share)"
    r"|(?:only |just )?(?P<tiny>(?:an? (?:mere |tiny )?|hardly a )(?:sliver|handful|smattering|sprinkling|modicum))"
    r"|(?P<minority>a (?:small |tiny )?minority)|(?P<scarce>(?:almost|nearly|virtually|practically|next to) none)"
    r"|(?<!not )(?P<every>all|every|each)(?=[^,;.]{0,40}\b(?:requests?|calls?)\b[^,;.]{0,60}\bfail)"
    r"|(?:(?<=fails )|(?<=failed )|(?<=failing )|(?<=rejects )|(?<=rejected )"
    r"|(?<=fails on )|(?<=failed on )|(?<=failing on )|(?<=fails at )|(?<=fail on ))(?P<each>all|every|each))"
    r"(?= (?:of |the |its |their |sampled |logged |served |\d[\d,]* |\S*['’]s? |\s)*(?:[a-z]+ )?(?:requests?|calls?)\b"
    r"|(?<=ost|all) of (?:the|its|this|that) (?:\w+ )?(?:excess|rise|increase|growth)\b)",
    re.IGNORECASE,
)
# "Three quarters", "two-thirds".
WHOLES = {"third": 3, "quarter": 4, "fifth": 5, "sixth": 6, "tenth": 10}
PARTS = re.compile(rf"\b(?P<part>two|three|four|five|nine)[ -](?P<whole>(?:{'|'.join(WHOLES)})s)\b", re.IGNORECASE)
WHOLE_RISE = re.compile(
    r"(?<=accounts for )(?:all of the|the whole|the entire) (?:rise|increase|growth|excess)\b", re.IGNORECASE
)
# "No request fails", "not a single request failed".
NO_REQUEST = re.compile(
    r"\b(?:no|not a|not one)(?: single)? (?:requests?|calls?)(?= (?:(?:has|have|had|was|were) )?fail(?:s|ed|ing)?\b)",
    re.IGNORECASE,
)
BOUNDS = {
    "all": (0.9, 1.0),
    "most": (0.5, 1.0),
    "every": (0.99, 1.0),
    "each": (0.99, 1.0),
    "tiny": (0.0, 0.1),
    "minority": (0.0, 0.5),
    "scarce": (0.0, 0.03),
}


class Share(NamedTuple):
    """From `low` to `high`. `written`, "words" or "digits": of a fraction, both are the value that prose rounds."""

    span: Span
    text: str
    value: float
    low: float
    high: float
    written: str | None = None


def shares(text: str) -> Iterator[Share]:
    yield from _fractions(text)
    for found in PER_MILLE.finditer(text):
        part = count(found["part"])
        whole = {"hundred": 100, "thousand": 1000, "twenty": 20}[(found["whole"] or found["twenty"]).lower()]
        yield Share(found.span(), found[0], part / whole, (part - 0.5) / whole, (part + 0.5) / whole)
    for pattern, low, high in ((WHOLE_RISE, 0.97, 1.0), (NO_REQUEST, 0.0, 0.0)):
        yield from (Share(found.span(), found[0], high, low, high) for found in pattern.finditer(text))
    for found in QUANTIFIED.finditer(text):
        low, high = BOUNDS[found.lastgroup or "most"]
        yield Share(found.span(), found[0], low, low, high)


def _fractions(text: str) -> Iterator[Share]:
    for found in FRACTION.finditer(text):
        part, whole = count(found["part"]), count(found["whole"])
        if part < whole and not OF_LINES.match(text, found.end()):
            yield Share(found.span(), found[0], part / whole, part / whole, part / whole, "words")
    for found in PARTS.finditer(text):
        share = count(found["part"]) / WHOLES[found["whole"].lower().rstrip("s")]
        if share < 1:
            yield Share(found.span(), found[0], share, share, share, "digits")
