"""Why a candidate is ruled out: for what was checked, or what the report itself says, and for nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from worker.agent.grounding.checks.movements import went
from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text.claims import Claim, Found, judged
from worker.agent.grounding.text.topics import SIGNALS, topics
from worker.domain.report import CauseKind

_CLEARED = (
    r"\b(?:ruled out|excluded|dismissed|discarded|(?:set|left|put) aside|cleared|exonerated|harmless|innocent"
    r"|not to blame"
    r"|not the (?:\w+ )?(?:cause|culprit))\b"
)
_SINCE = r"(?:because(?! of\b)|since(?! \d)|as(?! (?:an?|the|well|far|of|before|usual)\b)|for|given that|seeing that)"
# "… is ruled out because search runs elsewhere", "…: it was made in another region".
REASONS = (
    re.compile(rf"{_CLEARED}[^;:.]{{0,60}}?(?:,? {_SINCE} |: )(?P<why>[^;]+)", re.IGNORECASE),
    re.compile(rf"^(?:because(?! of\b)|since(?! \d)|as) (?P<why>[^,;]+), [^;]{{0,80}}?{_CLEARED}", re.IGNORECASE),
    re.compile(rf"(?P<why>[^;]+?),? (?:so|therefore|which is why) [^,;]{{0,60}}?{_CLEARED}", re.IGNORECASE),
    re.compile(rf"^that [^;]{{0,60}}?{_CLEARED} (?:follows|is clear|is plain) from (?P<why>[^;]+)", re.IGNORECASE),
)


def unfounded(text: str, found: Iterable[Claim]) -> Iterator[Claim]:
    """`found`: what was read of it. A reason without anything that could be checked is made up."""
    reason = next(filter(None, (one.search(text) for one in REASONS)), None)
    if reason:
        start, end = reason.span("why")
        inside = [one for one in found if start <= one.span[0] and one.span[1] <= end]
        if not any(one.kind not in ("name", "citation") for one in inside):
            why = "nothing shows that this is the reason"
            yield Claim("cause", (start, end), reason["why"], holds=False, why=why, is_unproven=True)


_WHAT = (
    r"(?:^|[,;:] )\W*(?:(?:and|so|but|thus|hence|therefore),? )?"
    r"(?P<what>(?:(?:more|higher|additional|increased|extra|the|a rise of|rising) )?(?!not\b)[\w₂]+"
    r"(?: rate| usage| use| itself)?) (?:(?:therefore|thus|hence|clearly|so|then|also) )?"
)
_IS = r"(?:is|are|was|were)(?: (?:therefore|thus|hence|clearly|also))?"
_REASON = r"(?:problem|trouble|issue|reason|cause|explanation|bottleneck|culprit)s?"
# "Neither the errors nor the latency of it indicate a problem".
_POINTS = (
    r"(?:(?:indicat|suggest|reveal|confirm|support)(?:es?|s|ed)?|points? (?:to|at)|shows?|backs? up|gives? rise to)"
    r" (?:an?|any|the) (?:\w+ )?(?:problem|trouble|incident|issue|spike|alert|alarm)\b"
)
# "Latency is not the problem here", "demand is thus not the reason", "latency therefore plays no part in this".
NO_TROUBLE = tuple(
    re.compile(words, re.IGNORECASE)
    for words in (
        rf"{_WHAT}{_IS} not (?:(?:part of )?(?:the|a|its) {_REASON}|to blame|involved)\b",
        rf"(?:^|[,;:] )\W*neither (?P<what>[^,;.]{{3,60}} nor [^,;.]{{3,40}}?) {_POINTS}",
        rf"{_WHAT}plays? no (?:part|role)\b(?: in (?:this|it|that))?",
        rf"{_WHAT}(?:does|do|can)(?: ?not|n['’]t) explain (?:it|this|that|the (?:alert|spike))\b",
        rf"\b(?:this|it|that) {_IS} not (?:a (?:matter|question|problem) of|due to) (?:the )?(?P<what>[\w₂]+)",
    )
)


def calm(text: str) -> Iterator[re.Match[str]]:
    """Where it says of a signal that it is no trouble, which is checked here."""
    for words in NO_TROUBLE:
        yield from (found for found in words.finditer(text) if topics(found["what"]) & {*SIGNALS})


def untroubled(text: str, known: Known) -> Iterator[Claim]:
    """Of a signal of whom was alerted: where it does not deviate; of demand also where another cause was found."""
    root = known.report.root_cause
    for found in calm(text) if not known.past else ():
        signals = topics(found["what"]) & {*SIGNALS}
        is_other = known.has_cause and root is not None and root.kind is not CauseKind.TRAFFIC
        holds = (is_other and signals == {"traffic"}) or _are_calm(signals, known)
        yield judged("state", found, holds, "it deviates")


def _are_calm(signals: frozenset[str], known: Known) -> bool:
    """At least one of them is measured, and none rose."""
    levels = [one for one in known.levels if one.subject == known.scope and one.signal in signals]
    return bool(levels) and all(went(one) <= 0 for one in levels)


# "Everything it calls is as usual".
CALLEES = re.compile(
    r"\b(?:everything|all|whatever|what) (?:that |which )?(?:it|they|\S+) calls? (?:is|are|was|were)(?P<not> not)?"
    r" (?:as usual|normal|fine|healthy|unaffected|in order)\b",
    re.IGNORECASE,
)


def calm_callees(text: str, known: Known) -> Iterator[Claim]:
    """Not where one of them is the cause; then they are not."""
    root = known.report.root_cause
    for found in CALLEES.finditer(text):
        is_dependency = root is not None and root.kind is CauseKind.DEPENDENCY
        yield judged("state", found, is_dependency == bool(found["not"]), "the cause says otherwise")


# "It runs in another region", "deploy-8736 was made elsewhere".
ELSEWHERE = re.compile(
    r"\b(?:runs?|ran|running|went|made|deployed|released|rolled out) (?:only )?"
    r"(?:(?:in|to) (?:another|a different|some other) region|elsewhere)\b"
    r"|\b(?:is|was|lies|lay) (?:only )?in (?:another|a different|some other) region\b"
    r"|^\W*(?:that|this) (?:is|was) (?:another|a different) region\b",
    re.IGNORECASE,
)
NOT = re.compile(r"\b(?:no|not|never|nor|neither|whether|if)\b[^,;]*$|n['’]t\b[^,;]*$", re.IGNORECASE)


def elsewhere(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Of the change or the service that is named last before it: where that is known to have been."""
    for found in ELSEWHERE.finditer(text) if not known.past else ():
        named = [one.text for one in mentions if one.span[1] <= found.start() and one.text not in known.regions][-1:]
        places = _places({*named} or {known.spoken.change} - {""} or known.about, known)
        if not NOT.search(text[: found.start()]):
            holds = bool(places) and known.report.region not in places
            yield judged("state", found, holds, "nothing shows that it was elsewhere", is_open=not places)


def _places(names: Iterable[str], known: Known) -> set[str]:
    """Of a change its own region; else those of its service, as far as anything of it is known there."""
    told: set[str | None] = {*names}
    named = [one for one in known.changes if told & {one.deployment_id, one.version}]
    made = {one.region for one in named if one.region}
    of = told | {one.service for one in named}
    measured = {one.subject.region for one in known.levels if one.subject.service in of and one.subject.region}
    return made or measured | {one.region for one in known.changes if one.service in of and one.region}
