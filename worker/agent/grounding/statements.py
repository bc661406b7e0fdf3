"""Claims that are no figure and no name: causes, directions, denials, states."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding import claims, context, owners
from worker.agent.grounding.claims import Claim, Found, Span
from worker.agent.grounding.known import Known, Level, cause_names
from worker.domain.report import CauseKind, RootCause


def causes(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    for pattern in claims.CAUSAL:
        found = pattern.search(text)
        if found:
            why = _wrong_cause(found.span("cause"), found.span("effect"), text, mentions, known)
            yield Claim("cause", found.span(), found[0], not why, why)
            return


def _wrong_cause(cause: Span, effect: Span, text: str, mentions: list[Found], known: Known) -> str:
    root = known.report.root_cause
    if not known.has_cause or root is None:
        return "the evidence shows no cause"
    causing = {one.text for one in mentions if cause[0] <= one.span[0] < cause[1]} - known.regions
    suffering = {one.text for one in mentions if effect[0] <= one.span[0] < effect[1]} - known.regions
    if _is_of_cause(suffering, causing, root, known):
        return "what is said to suffer is the cause"
    deployments = {change.deployment_id for change in known.changes}
    if causing & known.services - {root.service} or causing & deployments - {root.deployment_id}:
        return "something else is the cause"
    is_demand = root.kind is CauseKind.TRAFFIC and re.search(r"demand|traffic|requests", text[slice(*cause)])
    return "" if is_demand or causing & cause_names(known) else "the evidence shows another cause"


def _is_of_cause(suffering: set[str], causing: set[str], root: RootCause, known: Known) -> bool:
    """A deployment suffers from nothing, nor a service that others suffer from."""
    if suffering & ({root.deployment_id, root.version} - {None}):
        return True
    return root.service in suffering and root.service != known.report.service and root.service not in causing


def directions(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    for wanted, words in ((1, claims.UP), (-1, claims.DOWN), (0, claims.SAME)):
        for found in words.finditer(text):
            signal = context.signal(found.span(), text)
            levels = _levels(found.span(), text, mentions, signal, known)
            is_if = re.search(r"\b(?:if|when|once|until|unless|should)\b", text[: found.start()])
            if signal and levels and not is_if:
                holds = any(_direction(level.deviations, level.actual - level.expected) == wanted for level in levels)
                yield Claim("direction", found.span(), found[0], holds, "" if holds else "it went another way")


def _levels(span: Span, text: str, mentions: list[Found], signal: str | None, known: Known) -> list[Level]:
    subjects = owners.subjects(span, text, mentions, known) or [known.scope]
    return [
        level
        for level in known.levels
        if level.signal == signal and any(owners.is_of(level.subject, subject) for subject in subjects)
    ]


def _direction(deviations: float, rise: float) -> int:
    if abs(deviations) < 3:
        return 0
    return 1 if rise > 0 else -1


def denials(text: str, known: Known) -> Iterator[Claim]:
    """ "No deployment …": only where none was found."""
    found = re.search(
        r"\b(?:no|without (?:any )?|not any) (?:deployments?|change|release|rollout)s?\b(?! of)", text, re.IGNORECASE
    )
    if found:
        near = [
            one for one in known.changes if one.at and known.scope.region in (None, one.region or known.scope.region)
        ]
        yield Claim("cause", found.span(), found[0], not near, "there are changes" if near else "")


def states(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """How it stands: severity, that it is over, that something is not to blame."""
    report = known.report
    for found in claims.SEVERITY.finditer(text):
        holds = (found["a"] or found["b"]).lower() == report.severity.value
        yield Claim("state", found.span(), found[0], holds, "" if holds else f"severity is {report.severity.value}")
    for found in claims.OVER.finditer(text):
        is_scope = report.service is None and found[0].lower() == "all services"
        why = "" if is_scope else "a report cannot know that"
        yield Claim("state", found.span(), found[0], is_scope, why)
    for found in claims.CLEARED.finditer(text):
        blamed = cause_names(known) & {one.text for one in mentions}
        holds = not blamed and (not known.has_cause or bool(mentions))
        yield Claim("state", found.span(), found[0], holds, "" if holds else "it is what the evidence blames")
