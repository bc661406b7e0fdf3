"""What else tells of a figure when it is of: it is measured, beside a usual one, or judged by the usual one."""

from __future__ import annotations

import re

# "It comes from 65 g measured against 41 g expected".
MEASURED_ONES = re.compile(
    r"(?: of CO₂e?)? (?:that (?:was|were) )?(?:measured|emitted)(?= (?:against|where|and|minus|less)\b)"
)
# "Over the window and the pause before, 214 g were measured", "the measured 74 g exceed the expected 20 g".
WAS_MEASURED = re.compile(
    r"(?: of CO₂e?)? (?:is|was|were) measured\b(?! (?:more|before|earlier|usually|in the baseline))"
)
THE_MEASURED = re.compile(r"\b(?:[Tt]he|a|its) (?:measured|actual) (?:value of )?(?:about )?$")
# "Usually 0.4 % of the requests fail and 0.5 % are retries".
USUALLY_BOTH = re.compile(
    r"^(?:Usually|Normally|Typically|In the baseline|Before),?"
    r"(?: (?!(?:and|but|while|whereas|against|now|to|from|instead|than|where)\b)[^\s;:,()]+){1,12} and $"
)
# "The p50 latency was 95 ms and is now 98 ms".
WAS = re.compile(r"\b(?:was|were|stood at|lay at)(?: at| only| about| just)* $")
IS_NOW = re.compile(
    r"[^,;.\d]{0,30},? (?:and|but|while it|now it) (?:it )?(?:is|are|stands?|lies?)"
    r"(?: now| at)*(?: only| about| just)* \d"
)
OF_NOW = re.compile(r"[^,;.]*\b(?:now|since|currently|today|at present|in the window)\b")
# "Memory stays near its usual value, 57 %": what it is.
NEAR_USUAL = re.compile(
    r"\b(?:near|close to|at|around|about|within) (?:its|their|the) (?:usual|normal|expected)"
    r" (?:value|level|rate|share|use)(?:,|,? at|,? with) (?:about )?$"
)
# "The measured value lies within the range of 183 to 187 g": what was expected.
LIES_WITHIN = re.compile(
    r"^(?!.*\bexcess\b).*\b(?:lies|lay|falls?|fell|is|was|were|are|stays?|stayed|remains?|stands?)"
    r"(?: (?:well|just|still|clearly|right|fully))? (?:in|within|inside) (?:the|its|their)"
    r" (?:range|band|interval|corridor) "
)


def is_measured(start: int, end: int, text: str) -> bool:
    """Whether it is told to be what was measured, whatever it is then set against."""
    is_behind = MEASURED_ONES.match(text, end) or WAS_MEASURED.match(text, end)
    return bool(is_behind or THE_MEASURED.search(text[:start]))


def is_usual_too(before: str, after: str) -> bool:
    """Whether it is the second of two that are told as usual, or what was, beside what is."""
    is_past = WAS.search(before) and IS_NOW.match(after)
    return bool(is_past) or (bool(USUALLY_BOTH.match(before)) and not OF_NOW.match(after))


def besides(before: str) -> str | None:
    """Of which time it may be as well, where the words before it judge a figure by the usual one."""
    return "now" if NEAR_USUAL.search(before) else "usual" if LIES_WITHIN.match(before) else None
