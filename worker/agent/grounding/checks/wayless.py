"""What has the words of a direction and tells none: parts of a rise, a case, a count, what a figure is set against."""

from __future__ import annotations

import re

from worker.agent.grounding.text import numerals
from worker.agent.grounding.text.claims import Found

# "2.3 times as many requests as usual" compares.
AS_MANY = re.compile(r"\bas (?:many|much|high|large|long|slow|often)\b[^,;]{0,30}$", re.IGNORECASE)
# "At 2.3 times its usual level", "above the usual value".
COMPARED = re.compile(
    r"\b(?:times|above|below|compare[sd]? (?:it |them )?(?:with|to)|than"
    r"|over|under|exceed\w*|from|of|twice|double) (?:(?:its|the|their|what is) )?$",
    re.IGNORECASE,
)
# "Where 0.4 % is normal": a figure that is told as the usual one.
IS_NORMAL = re.compile(r"(?:is|are|was|were) (?:normal|usual)", re.IGNORECASE)
# "The usual value is 111 ms".
A_VALUE = re.compile(
    r"(?:its )?(?:usual|normal) (?:level|value|rate|range|traffic|latency|load|error rate|memory)s?", re.IGNORECASE
)
ITS_FIGURE = re.compile(
    r"(?: (?:for|at|of|in) (?:this|that|the) (?:hour|time|day))?"
    r"(?:(?: (?:is|was|being|of)|:)(?: about| only| close to| near| roughly| around)* [$\d]| (?:rests|rest|(?:is"
    r"|was) (?:taken|drawn|reckoned|based)|comes?|stems?) )"
)
# "The largest rise of carbon", "None of auth and cart shows a rise": of its parts (`leading`, `tallies`).
OF_PARTS = re.compile(
    r"\b(?:largest|biggest|greatest|steepest|smallest|weakest) (?:single )?$"
    r"|\b(?:shares?|parts?|portions?|contributions?|contributors?|most|half|bulk|rest|contribut\w+)\b[^,;]{0,24}"
    r" (?:in|of|to) (?:the |this |that |its )?(?:(?:small|slight|little|modest|overall|whole|total) )?$"
    r"|\b(?:services|regions|ones|those) (?:with|(?:that|which) (?:show|had|have)|showing) (?:an?|any) (?:\w+ )?$"
    r"|\bwhat \S+ calls? (?:is|are|was|were) not $"
    r"|\b(?:adds?|added) (?:nothing|little) to (?:the |this |that |its )?$"
    r"|\d ?(?:%|percent) (?:of|to) (?:the |this |its )?(?:\w+ )?$"
    r"|\bonly (?:service|region|one|part) (?:whose [\w₂]+|that|which|with an?) (?:\w+ )?$"
    r"|\bnone of [^;:]*? (?:shows?|ha[sd]|have|sees?|saw) (?:an?|any) $"
    r"|\bonly (?:in |the )?[\w.@:-]+(?: in [\w-]+)? (?:shows?|ha[sd]|have|sees?|saw) (?:an?|any|some)(?: \w+)? $",
    re.IGNORECASE,
)
# "What weakens the case is …".
OF_A_CASE = re.compile(
    r" (?:the|this|that|its) (?:case|argument|suspicion|evidence|verdict|claim|finding)\b", re.IGNORECASE
)
IS_FIGURE = re.compile(r"\d(?: ?[%\w₂/]+){0,3} $")
# "Higher demand does not explain it": nothing rose.
UNTOLD = re.compile(
    r" \w+ (?:does|do|did|can|could)(?: ?not|n['’]t) (?:explain|account|cause)\b"
    r"|[^,;.]{0,60} (?:was|is|were|could|has|can)(?: ?not|n['’]t)(?: been| be)? confirmed\b"
)


# "Where carbon rose at all, it rose in search".
AT_ALL = re.compile(r"^\W*where [^,;]{1,40} at all,$", re.IGNORECASE)


def is_a_count(found: re.Match[str], before: str, text: str) -> bool:
    """ "Only 1 of 10 timed lines was slower than the usual p95": how many they are is a figure."""
    is_so_far = found[0].lower().startswith(("above", "below", "under", "over")) and DEVIATIONS.search(before)
    return bool(is_so_far or (THAN_A_QUANTILE.match(text, found.end()) and numerals.numbers(before)))


# "0.9 standard deviations below the expectation": on which side it is, the figure has.
DEVIATIONS = re.compile(r"\bstandard deviations? $", re.IGNORECASE)
THAN_A_QUANTILE = re.compile(
    r" than (?:the |its |their )?(?:usual |former |previous |normal )?(?:p\d\d|median|\d+(?:st|nd|rd|th) percentile)\b"
)


def is_no_way(found: re.Match[str], text: str, mentions: list[Found]) -> bool:
    """Whether it tells of no course of things: of parts of a rise, or of a case."""
    return bool(
        UNTOLD.match(text, found.end())
        or AT_ALL.match(text[: found.end() + len(" at all,")])
        or OF_PARTS.search(text[: found.start()])
        or OF_A_CASE.match(text, found.end())
        or _is_to_whom(found, text, mentions)
        or _is_of_a_service(found, mentions)
    )


def _is_of_a_service(found: re.Match[str], mentions: list[Found]) -> bool:
    """ "ledger is down": that it does not answer (`story`)."""
    return found[0].lower() == "is down" and any(one.span[1] + 1 == found.start() for one in mentions)


def _is_to_whom(found: re.Match[str], text: str, mentions: list[Found]) -> bool:
    """ "The whole rise of latency falls to ledger": it is ledger's."""
    return found[0].lower() in ("falls", "fell") and any(
        text[found.end() : one.span[0]] in (" to ", " on ", " upon ") for one in mentions
    )


def is_compared(found: re.Match[str], before: str, text: str) -> bool:
    """Whether it tells what a figure is compared with, which is checked with that."""
    return bool(
        AS_MANY.search(before)
        or (COMPARED.search(before) and not before.endswith("far from "))
        or (IS_NORMAL.match(found[0]) and IS_FIGURE.search(before))
        or (A_VALUE.fullmatch(found[0]) and ITS_FIGURE.match(text, found.end()))
    )
