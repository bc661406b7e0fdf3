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
    r"^[^,;.(\d]{0,14}(?:\([^)]*\) ?)?(?:is usual|are usual|expected|usually|(?:in|at) (?:the )?baseline"
    r"|before\b(?! the))"
)
# "68 g more than expected".
MORE = re.compile(r"^[^,;.(\d]{0,12}\b(?:more|less|fewer) than (?:expected|usual)")
EXCESS = re.compile(r"\b(?:excess|wasted?|additional|too much|extra|saves?)\b|\bmore than\b", re.IGNORECASE)


_LEVEL = r"(?:usual|expected|normal|baseline|typical|anticipated)"
# "The expected emissions were 441 g", "Before the deployment, 46 % …".
WAS_USUAL = re.compile(
    rf"\b{_LEVEL}(?: [\w₂]+){{1,5}}? (?:is|was|were|are|of|at|came to|amounted to|would be|would have been)"
    r"(?: about)? $|\b(?:should|would) have (?:been|emitted)(?: about)? $"
    r"|(?:^|[;:] )(?:Before|before|Prior to|prior to|Until|until)\b[^,;]{0,40},[^;,]{0,12}$",
    re.IGNORECASE,
)
USUAL_THEN = re.compile(r"^[^,;.(\d]{0,50}\bbefore (?:the (?:deployment|rollout|release|onset)|[\w-]*\d)")
BY = re.compile(
    r"\b(?:exceed\w*|above|over|up|rose|risen|increas\w+|grew|climbed|higher|larger|greater|jumped)\b"
    r"[^,;.\d]{0,20}\bby (?:about )?$",
    re.IGNORECASE,
)
LESS = re.compile(r"^[^,;.(\d]{0,14}\b(?:less|fewer|lower|below|under|saved|short)\b", re.IGNORECASE)
LASTING = re.compile(
    r"\b(?:last(?:ed|s|ing)?|for|in|over|within|during|took|takes|spann\w+|after just|persist\w*)"
    r"(?: only| just| about| the| last| first| a| mere)* $",
    re.IGNORECASE,
)
APART = re.compile(r"\b(?:preced\w+|before|after|ahead|followed)\b[^,;\d]{0,30} by (?:about )?$", re.IGNORECASE)
DISTANCE = re.compile(r"^ ?(?:before|after|prior to|ahead of|earlier|later|following|ago)\b", re.IGNORECASE)
MONEY_LOST = re.compile(
    r"\b(?:revenue|loss(?:es)?|lost|loses|refund\w*|sales|turnover|income|earn\w*|damage\w*)\b", re.IGNORECASE
)
MONEY_SPENT = re.compile(r"\b(?:comput\w+|vcpu\w*|list prices?|cloud|energy|grid)\b", re.IGNORECASE)
LOW = re.compile(
    r"\b(?:at least|no less than|no fewer than|minimum|more than|over|from|between|low(?:er)?)\b[^,;]{0,20}$",
    re.IGNORECASE,
)
HIGH = re.compile(
    r"\b(?:at most|up to|no more than|maximum|less than|fewer than|and|to|as many as|high(?:er)?)\b[^,;]{0,20}$",
    re.IGNORECASE,
)


def says_of_time(span: Span, text: str) -> str | None:
    """Whether a duration is the distance of a change from the onset, or how long something lasted."""
    before, after = text[: span[0]], text[span[1] :]
    if re.search(r"\b(?:in|within|for|over) the (?:last |past )?$", before, re.IGNORECASE) and re.match(
        r" ?(?:before|ahead)", after
    ):
        return "looked back"
    if DISTANCE.match(after) or APART.search(before):
        return "change"
    return "span" if LASTING.search(before) else None


def in_range(span: Span, text: str, end: str) -> bool:
    """Whether the words say that the figure is but an end of a range."""
    before, after = text[: span[0]], text[span[1] :]
    if re.match(r"[^\d,;.]{0,12}(?: to |–|-| or more| at least| at most)", after) or _bracket(span, text) is not None:
        return True
    if re.search(r"\d[^,;.]{0,12}(?: to |–| and )$", before):
        return True
    return bool((LOW if end == "low" else HIGH).search(before))


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
    if BY.search(text[:start]):
        return "excess"
    if WAS_USUAL.search(text[:start]) or USUAL_THEN.search(text[end:]):
        return "usual"
    is_told = re.search(r"\b(?:more|less|fewer) than (?:expected|usual)[:;,] ?$", text[:start])
    if not is_told and BEFORE.search(text[max(0, start - 28) : start]):
        return "usual"
    if not is_more and AFTER.search(text[end : end + 44]):
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
    if re.match(r"[^,;.]{0,12}\bon average", text[span[1] :]):
        return "mean"
    found = claims.QUANTILE.findall(text[text.rfind(";", 0, span[0]) + 1 : span[0]])
    return found[-1].lower().replace("median", "p50") if found else None
