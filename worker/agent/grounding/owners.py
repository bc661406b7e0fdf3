"""Whose a figure is said to be."""

from __future__ import annotations

import re

from worker.agent.grounding import context, numerals
from worker.agent.grounding.claims import Found, Span
from worker.agent.grounding.known import NOBODY, Known, Subject


def subjects(span: Span, text: str, mentions: list[Found], known: Known) -> list[Subject]:
    """Whose a figure is said to be: of what was named last before it, or right after it in its clause."""
    clause = context.clause(span, text)
    services = [one for one in mentions if one.text in known.services and not is_called(one, text)]
    before = [one for one in services if one.span[1] <= span[0]]
    after = [one for one in services if span[1] <= one.span[0] < clause[1]]
    regions = [one for one in mentions if one.text in known.regions and one.span[1] <= span[0]]
    at = [
        one
        for one in mentions
        if one.text in known.regions
        and span[1] <= one.span[0] < clause[1]
        and re.search(r"\b(?:in|of|at|from|to)\W*$", text[span[1] : one.span[0]])
    ]
    region = (at or regions)[-1 if not at else 0].text if at or regions else None
    own = [Subject(before[-1].text, region)] if before else [Subject(None, region)] if region else []
    of = [one for one in after if re.search(r"\b(?:of|by|in|to|from|at|for)\W*$", text[span[1] : one.span[0]])]
    return (
        [Subject(of[0].text, at[0].text if at else None)]
        if of and not _is_others(text[span[1] : of[0].span[0]])
        else own
    )


PRONOUN = re.compile(r"(?<!\ball of )(?<!\bmost of )(?<!\bpart of )\b(?:its?|they|their|itself)\b", re.IGNORECASE)


def subjects_or_scope(span: Span, text: str, mentions: list[Found], known: Known) -> list[Subject]:
    """Where the sentence names nobody: who was named before, whose deployment or error it names, or the alerted one."""
    said = subjects(span, text, mentions, known)
    scope, root = known.scope, known.report.root_cause
    if said or (scope.service is None and not known.about):
        return said
    names = {one.text for one in mentions}
    if names & known.services:
        named = {one.text for one in mentions if one.text in known.services and not is_called(one, text)}
        return [Subject(service) for service in sorted(named)]
    pronoun = PRONOUN.search(text)
    told = {one.text for one in mentions if not pronoun or one.span[0] < pronoun.start()}
    owners = {change.service for change in known.changes if told & {change.deployment_id, *change.versions}}
    owners |= {service for name in told for service in known.types.get(name, ())}
    if pronoun:
        owners |= known.about or (set() if owners else {scope.service, root.service if root else None})
    owners = owners or {*known.about, scope.service}
    if scope.service is None and not pronoun:
        return []
    return [scope if service == scope.service else Subject(service) for service in sorted(filter(None, owners))]


def paired(span: Span, text: str, mentions: list[Found], known: Known) -> Subject | None:
    """ "payments and checkout fail, with 49 % and 53 %": the first of the first, the second of the second."""
    services = [one for one in mentions if one.text in known.services and one.span[1] <= span[0]]
    if len(services) < 2 or text[services[-2].span[1] : services[-1].span[0]] != " and ":
        return None
    behind = services[-1].span[1]
    figures = [(one.span[0] + behind, one.span[1] + behind) for one in numerals.numbers(text[behind:])]
    if len(figures) != 2 or text[figures[0][1] : figures[1][0]] != " and " or span not in figures:
        return None
    return Subject(services[-2 + figures.index(span)].text)


# "When it calls ledger", "its requests to ledger": what is told of that is the caller's.
CALLED = re.compile(
    r"\b(?:calls?|calling|called|names?|naming|mentions?|timeouts?|depends?|relies|waiting|waits?"
    r"|(?:its|their|['’]s?) requests?)"
    r"(?: to| for| on)? $",
    re.IGNORECASE,
)


def is_called(one: Found, text: str) -> bool:
    return bool(CALLED.search(text[: one.span[0]]))


def deployment(span: Span, mentions: list[Found], known: Known) -> str | None:
    """The deployment that was named last before the figure."""
    ids = {change.deployment_id for change in known.changes}
    return next((one.text for one in reversed(mentions) if one.text in ids and one.span[1] <= span[0]), None)


# "cart waits 2 s for ledger".
WAITING = re.compile(r" (?:\w+ly )?waits? [\d.,]+ ?\w+ (?:for|on) ")


def caller(span: Span, text: str, mentions: list[Found], known: Known) -> str | None:
    """ "Calls from cart …", in the figure's own clause."""
    start, end = context.clause(span, text)
    for one in mentions:
        if not start <= one.span[0] < end:
            continue
        before = text[: one.span[0]]
        if one.text in known.services and WAITING.match(text, one.span[1]):
            return one.text
        if one.text in known.services and re.search(
            r"\b(?:calls?|requests?) (?:made )?(?:from|by|of) $", before, re.IGNORECASE
        ):
            return one.text
    return None


TO = re.compile(
    r"\b(?:calls?|requests?) (?:made )?to (?:the )?$|\b(?:waits?|waiting|waited) (?:\S+ \w+ )?(?:for|on) (?:the )?$"
)


def callee(span: Span, text: str, mentions: list[Found], known: Known) -> str | None:
    """ "Its calls to ledger take 2 s", in the figure's own clause."""
    start, end = context.clause(span, text)
    named = [one.text for one in mentions if start <= one.span[0] < end and TO.search(text[: one.span[0]])]
    return next((one for one in named if one in known.services), None)


def last_before(place: int, mentions: list[Found]) -> Found | None:
    return next((one for one in reversed(mentions) if one.span[1] <= place), None)


def _is_others(between: str) -> bool:
    return bool(context.BREAK.search(between))


def is_of(subject: Subject, told: Subject) -> bool:
    """The figures of a region, or of everything, are nobody's in particular."""
    if subject == NOBODY:
        return True
    is_service = told.service is None or subject.service in (None, told.service)
    is_region = told.region is None or subject.region in (None, told.region)
    return is_service and is_region
