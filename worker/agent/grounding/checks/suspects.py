"""Whom a part of a sentence names as the cause: that of the verdict, another one, or another kind of cause."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.report.known import DEVIATING, Known, callers, cause_names
from worker.agent.grounding.text.claims import Claim, Found, Span, judged, judged_at
from worker.agent.grounding.text.topics import SIGNALS, topics
from worker.domain.report import CauseKind, RootCause

KINDS = (
    (CauseKind.DEPLOYMENT, r"deploy\w*|releases?|rollouts?|versions?|(?:configuration |code )?changes?"),
    (
        CauseKind.DEPENDENCY,
        (
            r"dependenc(?:y|ies)|callees?|upstream|downstream"
            r"|(?:what|(?:some|any)thing(?: that)?|(?:a|any|another|the) services?(?: that)?)"
            r" it (?:calls|depends on|waits for)"
        ),
    ),
    (
        CauseKind.TRAFFIC,
        (
            r"demand|traffic|(?:more|surge of) requests|load(?! )"
            r"|(?:higher|additional|increased|extra|more) load"
        ),
    ),
    (CauseKind.RESOURCE, r"resources?"),
)
KIND = {kind: re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for kind, words in KINDS}


# "A dependency of catalog": what the cause is called first.
OF_KIND = {
    kind: re.compile(rf"(?:[^,;.]{{1,60}} that)?\s*(?:an?|the|some) (?:\w+ )?(?:{words}) (?:of|in)\s", re.IGNORECASE)
    for kind, words in KINDS
}
# "Both other candidates have a confidence of 0.0, since …".
OTHERS = re.compile(
    r"\b(?:others|(?:other|remaining|last|second|third|fourth) (?:\w+ )?(?:candidates?|suspects?|one))\b", re.IGNORECASE
)
# "The cause lies in ledger and not in the services that call it".
THE_CALLERS = re.compile(
    r"\W*(?:in |with |to |at )?(?:any of )?(?:(?:its|any|the|either) callers?"
    r"|the services (?:that|which) call it)[\W_]*"
)


def reached(root: RootCause, known: Known) -> set[str | None]:
    """Whom the cause can have brought trouble: the alerted service, and who calls it, however many are between."""
    found: set[str | None] = {root.service, known.report.service}
    more: set[str | None] = {root.service}
    while more:
        more = {caller for callee in more for caller in callers(callee, known) if caller not in found}
        found |= more
    return found


def told_with(root: RootCause, known: Known) -> set[str | None]:
    """Services that may stand where the cause is told: its own, and of a failing callee the one that calls it."""
    return {root.service, *callers(root.service, known)}


def within(span: Span, mentions: list[Found], known: Known) -> set[str]:
    return {one.text for one in mentions if span[0] <= one.span[0] < span[1]} - known.regions


def names_another(part: str, span: Span, mentions: list[Found], known: Known) -> bool:
    """Whether that part speaks of something that could be the cause, and is not."""
    named = within(span, mentions, known)
    root = known.report.root_cause
    if named and _is_another_deployment(named, known):
        return True
    if root and root.deployment_id and root.service in named and KIND[CauseKind.DEPLOYMENT].search(part):
        # "The deployment of checkout", where that is the cause.
        return False
    if named:
        return not named & (cause_names(known) - ({known.report.service} if root and root.deployment_id else set()))
    kinds = {kind for kind, words in KIND.items() if words.search(part)}
    return bool(kinds) and root is not None and root.kind not in kinds


# "Errors do not explain the alert".
A_SIGNAL = re.compile(
    r"\W*(?:the |its |more |failed |failing |higher )*(?P<what>[\w₂]+)(?: rate| usage| use)?"
    r"(?: (?:is|are|was|were)|(?: (?:do|does|did|can|could)(?: ?not|n['’]t)))?\W*"
)


def is_calm(part: str, known: Known) -> bool:
    """A signal of the alerted service that does not deviate explains nothing."""
    found = A_SIGNAL.fullmatch(part)
    signals = topics(found["what"]) & {*SIGNALS} if found else set()
    levels = [one for one in known.levels if one.subject == known.scope and one.signal in signals]
    return bool(levels) and all(one.deviations < DEVIATING for one in levels)


def _is_another_deployment(named: set[str], known: Known) -> bool:
    """ "That deployment of the cause's service is not the cause": where it is of another kind, or another one."""
    root = known.report.root_cause
    told = [one for one in known.changes if one.at and named & {one.deployment_id, one.version}]
    others = {one.service for one in told if root and one.deployment_id != root.deployment_id}
    return bool(told) and not named & ((cause_names(known) | known.services) - others)


# "payments, the root cause of this incident, fails": what it is called in passing, it is said to be.
APPOSED = re.compile(
    r"(?: in [\w-]+)?(?:,| \(| –| —) ?(?:the|an?|our|its)"
    r" (?:(?!possible|second|third|other|less|un|least|last|former|next)\w+ ){0,2}(?:cause|culprit|offender)\b(?!['’-])"
    r"(?!(?: (?:of|behind|for|in) [^,;.]{1,40}?)? (?:is|was|lies|lay|has|had|may|might|could|can|comes|remains)\b)",
    re.IGNORECASE,
)


# "The investigation names coredns as root cause with confidence 0.92".
NAMES = re.compile(
    r"\b(?P<not>(?:not|never|n['’]t) (?:\w+ )?)?(?:nam(?:e[sd]?|ing)|identif\w+|giv(?:es?|en)|gave|lists?|sees?|saw"
    r"|treats?|regards?|considers?|finds?|found|blam\w+|put(?:s|ting)?) (?:the )?(?:service )?$",
    re.IGNORECASE,
)
_AS_CAUSE = r",? as (?:the |its )?(?:root |actual |true )?(?:cause|culprit)\b(?! of)"
AS_CAUSE = re.compile(rf"(?: in [\w-]+)?{_AS_CAUSE}", re.IGNORECASE)
IS_NAMED = re.compile(
    r"(?: in [\w-]+)? (?:is|was|has been) (?P<not>not )?"
    rf"(?:named|identified|given|listed|seen|regarded|considered|blamed){_AS_CAUSE}",
    re.IGNORECASE,
)


def named_as(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Whom the report is said to name as the cause, and whom not."""
    for one in mentions:
        named, found = NAMES.search(text[: one.span[0]]), AS_CAUSE.match(text, one.span[1])
        passive = IS_NAMED.match(text, one.span[1])
        told = passive or (named if found else None)
        if told and one.text not in known.regions:
            span = (told.start(), (found or told).end())
            span = (one.span[0], told.end()) if passive else span
            holds = (one.text in cause_names(known)) != bool(told["not"])
            yield judged_at("cause", span, text, holds, "the evidence does not show that")


def apposed(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Only of the root cause."""
    yield from named_as(text, mentions, known)
    for one in mentions:
        if one.text not in known.regions and (found := APPOSED.match(text, one.span[1])):
            yield judged("cause", found, one.text in cause_names(known), "the evidence does not show that")
