"""What bounds all others: "the three others have 0.03 or less", "no other candidate gets more than 0.04"."""

from __future__ import annotations

import re

from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text import quantifiers
from worker.agent.grounding.text.claims import Found
from worker.agent.grounding.text.pairs import Number

_MANY = rf"(?:(?P<many>{'|'.join(quantifiers.SMALL)}) )?"
_CANDIDATES = r"(?:candidates?|suspects?|services?)"
# Of whom it is told: of all others, or of none of them.
OTHERS = re.compile(
    rf"\b(?:(?P<none>no other {_CANDIDATES}|none of the (?:other |remaining )?{_MANY}(?:others?|{_CANDIDATES})"
    r"|nobody else|no one else)"
    rf"|(?:all |each of |every one of )?the (?:other |remaining )?{_MANY.replace('many', 'some')}"
    rf"(?:others|rest|other {_CANDIDATES}|{_CANDIDATES}(?<=s) (?:left|besides))"
    rf"|all (?:the )?others?(?: {_CANDIDATES})?|every other {_CANDIDATES}|all but the first|everyone else)\b"
    r"(?P<does>[^;.\d]{0,40}?)$",
    re.IGNORECASE,
)
MORE = re.compile(r"\b(?:more than|over|above|beyond|exceeds?|exceeded|reach(?:es)?|higher than) (?:a |about )?$")
OR_LESS = re.compile(r"(?: each| apiece)? or (?:less|lower|below|under)\b")
# What all stay far below says nothing of them.
FAR = 0.4
SLACK = 1e-9


def is_bound(number: Number, text: str, mentions: list[Found], known: Known) -> bool | None:
    """Whether the others are all within it, and near it; None where it is told of nobody else."""
    found = OTHERS.search(text[: number.span[0]])
    if found is None:
        return None
    is_more, is_less = MORE.search(found["does"]), OR_LESS.match(text, number.span[1])
    if bool(is_more) == bool(is_less) or bool(is_more) != bool(found["none"]):
        return None
    rest = _others(number, {one.text for one in mentions}, known)
    many = found["many"] or found["some"]
    if not rest or (many and quantifiers.count(many) != len(rest)):
        return False
    return FAR * number.high <= max(rest) <= number.high + SLACK


def _others(number: Number, named: set[str], known: Known) -> list[float]:
    """The confidences but for the first, or those who are named."""
    if number.dimension not in ("", "confidence") or not known.report.candidates:
        return []
    first = named & {one.service for one in known.report.candidates} or {f"{known.report.candidates[0].service}"}
    return [one.confidence for one in known.report.candidates if one.service not in first]
