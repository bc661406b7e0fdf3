"""What the words around a figure make of it: the usual value or that of now, and of which signal."""

from __future__ import annotations

import re

from worker.agent.grounding import claims
from worker.agent.grounding.claims import Span

BREAK = re.compile(r"[;:(),]| and | but | while | whereas ")
BEFORE = re.compile(
    r"\b(?:usually|usual|before|baseline|expected|normally|against|of the others|instead of|earlier|previously|up from"
    r"|down from|from|than|compared with|compared to)[^\w]*(?:about |of |at )?$",
    re.IGNORECASE,
)
# "9 g/min is usual", "43 gCO₂e (41 to 44) expected".
AFTER = re.compile(
    r"^[^,;.(\d]{0,14}(?:\([^)]*\) ?)?(?:is usual|are usual|expected|usually|in the baseline|before\b(?! the))"
)
# "68 g more than expected".
MORE = re.compile(r"^[^,;.(\d]{0,12}\b(?:more|less|fewer) than (?:expected|usual)")
EXCESS = re.compile(r"\b(?:excess|wasted?|additional|too much|extra|saves?)\b|\bmore than\b", re.IGNORECASE)


def clause(span: Span, text: str) -> Span:
    starts = [found.end() for found in BREAK.finditer(text) if found.end() <= span[0]]
    ends = [found.start() for found in BREAK.finditer(text) if found.start() >= span[1]]
    return (starts[-1] if starts else 0, ends[0] if ends else len(text))


def role(span: Span, text: str) -> str | None:
    """Whether the words around it say "usual" or "excess", else "now"; a range in brackets is as the figure before."""
    opened = _bracket(span, text)
    if opened is not None:
        within = text[opened : span[0]]
        if re.search(r"usual|before|expected|baseline", within):
            return "usual"
        if re.fullmatch(r"\([\d.,$ to–]*", within):
            span = (opened - 1, text.find(")", opened) + 1 or len(text))
            return _role_at(_figure_before(opened, text), span[1], text)
    return _role_at(span[0], span[1], text)


def _bracket(span: Span, text: str) -> int | None:
    opened = text.rfind("(", 0, span[0])
    return opened if opened > text.rfind(")", 0, span[0]) else None


def _figure_before(place: int, text: str) -> int:
    """Where the last figure before `place` begins."""
    return max((one.start() for one in claims.number_pattern().finditer(text[:place])), default=place)


def _role_at(start: int, end: int, text: str) -> str:
    is_more = MORE.search(text[end : end + 34])
    if BEFORE.search(text[max(0, start - 28) : start]) or (not is_more and AFTER.search(text[end : end + 44])):
        return "usual"
    if is_more:
        return "excess"
    begin = clause((start, start), text)[0]
    return "excess" if EXCESS.search(text[max(0, begin - 12) : start]) else "now"


def signals(span: Span, text: str) -> set[str]:
    """What the figure's own clause speaks of. "2,260 of 10,600 requests failed": the second did not."""
    if re.search(r"\bof (?:about )?$", text[: span[0]]) and re.match(
        r" ?requests", text[span[1] - 9 : span[1] + 9].lstrip("0123456789,")
    ):
        return {"traffic"}
    opened = _bracket(span, text)
    place = _figure_before(opened, text) if opened is not None and span[0] - opened < 12 else span[0]
    start, end = clause((place, span[1] if place == span[0] else opened or place), text)
    return {name for name, words in claims.SIGNAL.items() if words.search(text[start:end])}


def signal(span: Span, text: str) -> str | None:
    """The one signal that the clause speaks of; where requests are retries, those."""
    found = signals(span, text)
    if "retries" in found:
        return "retries"
    return found.pop() if len(found) == 1 else None


def quantile(span: Span, text: str) -> str | None:
    """The one that was named last before the figure, in its part of the sentence."""
    found = claims.QUANTILE.findall(text[text.rfind(";", 0, span[0]) + 1 : span[0]])
    return found[-1].lower().replace("median", "p50") if found else None
