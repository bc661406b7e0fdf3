"""Figures that bound others: no candidate's confidence, all metrics' deviations, what so many requests exceed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.report import owners
from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text import comparisons, context, numerals
from worker.agent.grounding.text.claims import Claim, Found, judged
from worker.agent.grounding.text.pairs import Number

# "None of the four candidates reaches a confidence of 0.5".
NO_CANDIDATE = re.compile(
    r"\b(?:none of (?:the |these |its )?(?:\w+ )?candidates|no (?:single )?candidate)"
    r" (?:reaches|exceeds|has|gets|comes to|is above) (?:(?:a confidence (?:of|above)|more than|above) )*"
    r"(?P<limit>0\.\d+)",
    re.IGNORECASE,
)
# "Both other candidates stay below a confidence of 0.01".
OTHERS_BELOW = re.compile(
    r"\b(?:both|all)(?: the)? other(?: \w+)? candidates (?:stay|stayed|lie|are|remain|come|rank)s? (?:\w+ )?"
    r"(?:below|under) (?:a confidence of )?(?P<limit>0\.\d+)",
    re.IGNORECASE,
)
# "All of frontend's own figures lie within one standard deviation".
ALL_WITHIN = re.compile(
    r"\b(?:all|each|every one)\b[^,;.]{0,40}\b(?:figures|metrics|signals|values)\b[^,;.]{0,30}\bwithin (?:about )?$",
    re.IGNORECASE,
)
# "No metric of it is more than two standard deviations from its usual value".
NONE_BEYOND = re.compile(
    r"\bno (?:other |single )?(?:metric|signal|figure|value)s?\b[^,;]{0,80}"
    r"\b(?:(?:more|further|as (?:much|far)) (?:than|as)|beyond|above|over)(?: even)? $",
    re.IGNORECASE,
)
# "Half of the requests took longer than 303 ms".
SLOWER = re.compile(
    r"(?:half|one in [a-z]+|(?:a|one) [a-z]+|\d+ ?(?:%|percent))(?: of)? (?:the |its |all )?(?:requests|calls)"
    r" (?:now |usually )?(?:took|takes?|were|are|needed|needs?|waited) (?:longer|slower|more) than (?:about )?(?=\d)",
    re.IGNORECASE,
)


def told(number: Number, text: str, mentions: list[Found], known: Known) -> Claim | None:
    """The claim of a figure that is told so; None for all others."""
    before = text[: number.span[0]]
    if number.dimension == "deviations" and (found := ALL_WITHIN.search(before) or NONE_BEYOND.search(before)):
        of = owners.subjects_or_scope(found.span(), text, mentions, known)
        levels = [one for one in known.levels if any(owners.is_of(one.subject, it) for it in of)]
        holds = bool(levels) and all(abs(one.deviations) <= number.value for one in levels)
        return _claim(number, holds=holds, why="one of them is further off")
    if number.dimension not in ("share", "confidence"):
        return None
    bound = NO_CANDIDATE.search(text)
    if bound and bound.start() <= number.span[0] < bound.end():
        most = max((one.confidence for one in known.report.candidates), default=0.0)
        return _claim(number, holds=most < float(bound["limit"]), why="one of them does")
    below = OTHERS_BELOW.search(text)
    if below and below.start() <= number.span[0] < below.end():
        most = max((one.confidence for one in known.report.candidates[1:]), default=0.0)
        return _claim(number, holds=most < float(below["limit"]), why="one of them does not")
    slower = SLOWER.match(text, number.span[0])
    # Its figure is that of the quantile, and checked as such.
    is_one = slower and context.SLOWEST.search(text[: slower.end()])
    return _claim(number, holds=bool(is_one), why="no such quantile was measured") if slower else None


def _claim(number: Number, *, holds: bool, why: str) -> Claim:
    return Claim("number", number.span, number.text, holds, "" if holds else why)


# "4 g, which is within the expected 3.9 to 4.1 g".
WITHIN = re.compile(
    r"\b(?:(?P<out>not (?:within|inside)|outside)|within|inside) (?:of )?(?:the|its|what is) (?:expected|usual|normal)"
    r"(?= \d)"
)


def ranged(text: str, _: Known) -> Iterator[Claim]:
    """Whether a figure is in the range that is told behind it, whose ends are checked by themselves."""
    for found in WITHIN.finditer(text):
        if (is_so := comparisons.in_range(0, found, text, numerals.numbers(text))) is not None:
            yield judged("direction", found, is_so != bool(found["out"]), "it is the other way round")
