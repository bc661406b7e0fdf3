"""What is told in passing of load and of what is used up: that more came than usual, that memory is full."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.checks.movements import levels_of, went
from worker.agent.grounding.report import owners
from worker.agent.grounding.report.known import Known, Level
from worker.agent.grounding.text import context
from worker.agent.grounding.text.claims import Claim, Found, judged
from worker.agent.grounding.text.comparisons import IF
from worker.agent.grounding.text.topics import topics
from worker.domain.report import CauseKind

_LOAD = r"(?:requests|calls|traffic|load|demand|orders)"
# "The extra requests", "a surge of calls", "more orders than it could carry".
MORE = re.compile(
    rf"\b(?:(?:additional|extra|surplus|increased|heavy|heavier|excessive|too (?:many|much)) (?!load){_LOAD}"
    rf"|(?:heavy|heavier|excessive|high|higher|rising|growing|peak) (?:traffic|load|demand)"
    rf"|(?:surge|flood|rush|wave|onslaught|avalanche|peak|spike|burst) (?:of|in) (?:\w+ )?{_LOAD}"
    r"|(?<=send )more (?:requests|calls)|(?<=sent )more (?:requests|calls)"
    rf"|(?<!\d )more {_LOAD} (?![^,;.]{{0,40}} than usual)"
    r"(?=(?:than [\w.-]+(?: in [\w-]+)? (?:could|can|was able|is able|handles?)|to|on|at|from)\b))",
    re.IGNORECASE,
)
# What is blamed as load: "retries against auth", "far fewer calls".
LOAD = re.compile(rf"{MORE.pattern}|\b(?:retries|(?:more|fewer|less|too few) {_LOAD})\b", re.IGNORECASE)
# "The memory is nearly full", "CPU is saturated", "a lack of memory".
FULL = re.compile(
    r"\b(?P<a>memory|cpu|processor)s?\b[^,;.]{0,40}? (?:is|are|was|were|being|runs?|ran|at)(?: \w+ly| almost)? "
    r"(?:full|exhausted|saturated|maxed out|used up|depleted|its limit|the limit|out|at (?:its|the) limit)\b"
    r"|\b(?:lack|shortage|exhaustion|saturation) of (?P<b>memory|cpu)\b|\bout of (?P<c>memory)\b"
    r"|\b(?:full|exhausted|saturated|insufficient|too little) (?P<d>memory|cpu)\b",
    re.IGNORECASE,
)
HIGH = re.compile(r"\b(?:high|higher|elevated|excessive|heavy) (?P<what>memory|cpu)\b", re.IGNORECASE)
NOT = re.compile(
    r"\b(?:no|not|never|none|neither|nor|nothing|without|rather|instead|unlike|whether|hardly|cannot|exclud\w+"
    r"|ruled?|before)\b|n['’]t\b",
    re.IGNORECASE,
)
DENIED = re.compile(
    r"[^,;.]{0,40} (?:(?:is|are|was|were|has|have|had|did|does|do|can|could)(?: not|n['’]t)|cannot)\b", re.IGNORECASE
)
# "… although no more requests came", "without more traffic"; not "no more requests than usual fail".
NO_MORE = re.compile(
    r"\b(?:no|without(?: any)?|hardly any) (?:more|additional|extra) (?:requests|traffic|load|demand)\b"
    r"(?! [^,;.]{0,60}\b(?:fail\w*|slow\w*|retried|took|take|timed?)\b)",
    re.IGNORECASE,
)
# From so much of it on it is nearly used up.
USED_UP = 0.85


def loads(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """By the levels of whom it is told; of what was not measured it is left to the words."""
    if known.past:
        return
    for found in MORE.finditer(text):
        levels = [it for one in ("traffic", "retries") for it in _levels(found, one, text, mentions, known)]
        if levels and not _is_open(found, text) and not any(went(one) > 0 for one in levels):
            yield judged("state", found, holds=False, otherwise="no more came than usual")
    for found in FULL.finditer(text):
        what = next(filter(None, found.groups())).lower().replace("processor", "cpu")
        levels = _levels(found, what, text, mentions, known)
        if not _is_open(found, text) and not _is_logged(what, known):
            holds = any(one.actual >= USED_UP for one in levels)
            yield judged("state", found, holds, "there is more of it", is_open=not (holds or levels))
    for found in HIGH.finditer(text):
        levels = _levels(found, found["what"].lower(), text, mentions, known)
        if not _is_open(found, text):
            holds = any(went(one) > 0 or one.actual >= USED_UP for one in levels)
            yield judged("state", found, holds, "it is not high", is_open=not (holds or levels))


def no_more(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """That no more came: of whom it is told, by the level of its traffic."""
    for found in NO_MORE.finditer(text) if not known.past else ():
        if levels := _levels(found, "traffic", text, mentions, known):
            yield judged("direction", found, not any(went(one) > 0 for one in levels), "more came than usual")


# "So more requests are not the reason", "…, so demand does not explain it".
UNBLAMED = re.compile(
    r"(?:^\W*|[,;] )(?:(?:and|so|thus|therefore|hence)[ ,]+)*(?:(?:more|higher|additional|extra|increased|the) )?"
    rf"{_LOAD} (?:alone )?(?:(?:(?:is|are|was|were) not|can ?not be) (?:the|its|a)"
    r" (?:reason|cause|explanation|culprit)(?: (?:of|for|behind) [^,;.]{1,40})?"
    r"|(?:(?:do|does|did|can|could)(?: ?not|n['’]t)|cannot) (?:explain|account for|be behind) [^,;.]{1,40})"
    r"(?=\s*(?:[.;]|$)|,? (?:as|since|because)\b)",
    re.IGNORECASE,
)


def unblamed(text: str, known: Known) -> Iterator[Claim]:
    """That load is not the cause: where the cause is of another kind, or no more came than usual."""
    root = known.report.root_cause if known.has_cause else None
    came = [one for one in known.levels if one.signal == "traffic" and one.subject == known.scope]
    for found in UNBLAMED.finditer(text) if root or came else ():
        holds = root.kind is not CauseKind.TRAFFIC if root else not any(went(one) > 0 for one in came)
        yield judged("cause", found, holds, "it is the cause")


def _levels(found: re.Match[str], signal: str, text: str, mentions: list[Found], known: Known) -> list[Level]:
    subjects = owners.subjects(found.span(), text, mentions, known)
    return levels_of(found.span(), text, mentions, signal, known) if subjects or known.levels else []


def _is_open(found: re.Match[str], text: str) -> bool:
    """Whether it is denied, or told of what is to come."""
    start, _ = context.clause(found.span(), text)
    is_denied = NOT.search(text[start : found.start()]) or DENIED.match(text, found.end())
    return bool(is_denied or IF.search(text[: found.start()]) or "lines" in topics(found[0]))


def _is_logged(what: str, known: Known) -> bool:
    return any(what in words for words in known.messages.values())
