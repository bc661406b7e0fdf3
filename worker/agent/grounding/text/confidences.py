"""Which figures are told as a confidence: "confidence 0.84", "84 % sure", "it comes second with 0.02"."""

from __future__ import annotations

import re

from worker.agent.grounding.text.claims import Span

SURE = re.compile(r" (?:(?:is|was|as|of) )?(?:(?:the|its) )?(?:confiden(?:ce|t)|sure|certain)\b")
CONFIDENT = re.compile(
    r"\bconfidence(?: score| level)?(?: in (?:(?:the|this|that|its|root) )*[a-z]{3,20})?"
    r"(?:,| is| was| being| of| at| below| above| under| over| stands| high| only| just| about| around| no more than"
    r"| less than|:)*\s\(?$",
    re.IGNORECASE,
)
# "shippingservice comes second with 0.008"; names are blanks here.
PLACED = re.compile(
    r"\b(?:first|second|third|fourth|fifth|sixth|seventh|eighth|last)(?: place)?,? (?:with|at) (?:only |just )?$"
    r"|\b(?:gets?|got|given|assigned|scores?|scored|receives?|leads?(?: \w+ly)?|follows?|trails?(?: \w+)?)"
    r"(?: (?:with|at|only|just|no more than|at most|about|a mere))* $"
    r"|\b(?:cause|culprit|verdict|suspect|origin),? (?:with|at) (?:only |just )?$"
    r"|\b(?:behind|ahead of|before) [\w.:-]*\s+(?:with|at) (?:only |just )?$",
    re.IGNORECASE,
)
CANDIDATE = re.compile(
    r"\b(?:candidates?|likeliest|runner-up|suspects?|rivals?|contenders?|explanations?)\b"
    r"|\bas (?:an? |the )?(?:\w+ )?causes?\b",
    re.IGNORECASE,
)
TOLD = re.compile(
    r"confidence:? (?:(?:in|as|for|that) +(?:[a-z]+ +){0,6})?"
    r"(?:(?:of|is|was|being|at|score|stands|:|a|an|mere|meagre|modest|only|just|no|more|less|than|below|under|above"
    r"|over|about|high|low|barely|hardly),? )*$"
    r"|\bconfidence\b(?!.*\b(?:ratio|rate|score|share)\b).{0,80}\b(?:gets?|ha(?:s|ve)|with|of|and|at) $",
    re.IGNORECASE,
)
RIGHT_BEHIND = re.compile(
    r"\bconfidence (?:as (?:a|the) (?:possible )?cause )?"
    r"(?:of |is |(?:of|in|for) (?:that|this|the) \w+(?: is)?:? )?(?:only |just )?$",
    re.IGNORECASE,
)
# "Both candidates stand at 0".
OTHERS_AT = re.compile(
    r"\b(?:candidates|others) (?:(?:all|each|both) )?(?:have|get|got|reach|stand at|are at)(?: only| just)? $",
    re.IGNORECASE,
)
AMONG = re.compile(r"[\d.]* ?(?:to|–|-) ")


def is_share(before: str, after: str) -> bool:
    """ "84 % sure"."""
    return bool(SURE.match(after) or CONFIDENT.search(before))


def is_score(digits: str, span: Span, text: str) -> bool:
    """ "Confidence 0.84", "at 0.84 the confidence is …", "checkout (0.84)"; of "(0.26 to 0.76)" none is one."""
    before, after = text[: span[0]], text[span[1] :]
    if not re.fullmatch(r"[01]\.\d+", digits):
        is_theirs = digits == "0" and OTHERS_AT.search(before)
        return bool(is_theirs or (("." in digits or digits in ("0", "1")) and RIGHT_BEHIND.search(before)))
    is_alone = before.endswith("(") and not AMONG.match(after)
    is_told = TOLD.search(before[-90:]) or PLACED.search(before) or SURE.match(after)
    return is_alone or bool(is_told or CANDIDATE.search(text))
