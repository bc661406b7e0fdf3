"""Where a service or a change is said to be, against where it was."""

from __future__ import annotations

import re
from collections.abc import Callable

from worker.agent.grounding.checks.story import DEPLOYING
from worker.agent.grounding.report.known import Change, Known, Subject
from worker.agent.grounding.text import context
from worker.agent.grounding.text.claims import Found

OUT = r"[^,;.]{0,25}\b(?:out|live|deployed|released|rolled out|shipped|rollout|ran|runs|running)\b[^,;.]{0,20}"


# "deploy-8712 was in europe-west1, not in us-central1".
# "Keep cfg-3095 away from shipping in us-central1", "do not bring it to us-central1": where it did not go.
KEPT_AWAY = re.compile(
    r"\b(?:keep|hold|stop|prevent|bar)\b[^,;.]{0,40}? (?:(?:away|back) from|out of|from(?: reaching)?) [^,;.]{0,30}$"
    r"|\b(?:do not|don['’]t|never) (?:bring|roll|move|take|extend|deploy|release|let|ship|push)\b[^,;.]{0,60}?"
    r" (?:to|into|onto) [^,;.]{0,30}$",
    re.IGNORECASE,
)
NOT_IN = re.compile(r"(?:,| and| but) not (?:in|to|for) (?:the )?$|\b(?:rather than|instead of) (?:in |to )?(?:the )?$")


def misplaced_region(one: Found, text: str, mentions: list[Found], known: Known) -> str:
    """A region that a deployment of its clause did not go to, or where nothing of the service is known."""
    if one.text not in known.regions:
        return ""
    start, end = context.clause(one.span, text)
    named = {other.text for other in mentions if start <= other.span[0] < end}
    if not any(named & {change.deployment_id, *change.versions} for change in known.changes):
        begin, over = context.part(one.span, text)
        named |= {
            other.text for other in mentions if begin <= other.span[0] < over and other.text not in known.services
        }
    went = _regions_of(known, lambda change: {change.deployment_id, *change.versions} & named)
    if not went and DEPLOYING.search(text[start:end]):
        went = _regions_of(known, lambda change: {change.service or ""} & named if change.at else set())
    if went and NOT_IN.search(text[: one.span[0]]):
        there = [name for name, regions in went.items() if one.text in regions]
        return f"{there[0]} did go there" if there else ""
    if any(KEPT_AWAY.search(text[: it.span[0]]) for it in mentions if it.text == one.text and it.span <= one.span):
        return ""
    wrong = [name for name, regions in went.items() if regions - {None} and one.text not in regions]
    if wrong and len(wrong) == len(went):
        return f"{wrong[0]} did not go there"
    return _unknown_there(one, text, mentions, known)


def _regions_of(known: Known, names: Callable[[Change], set[str]]) -> dict[str, set[str | None]]:
    """Where each change went, by those of its names that are told."""
    found: dict[str, set[str | None]] = {}
    for change in known.changes:
        for name in names(change):
            found.setdefault(name, set()).add(change.region)
    return found


SHARED = re.compile(
    r"%|\b(?:no|not|nor|neither|none|nothing|unaffected|usual|normal|share|rise|incident)\b", re.IGNORECASE
)

OF_LINES = re.compile(r"^(?!.*\bcause).*(?:\bp\d\d\b|percentile|\blines?\b)", re.IGNORECASE)


def _unknown_there(one: Found, text: str, mentions: list[Found], known: Known) -> str:
    """ "checkout in europe-west1 fails", of which nothing but its share of the rise is known."""
    service = next((other for other in reversed(mentions) if other.span[1] <= one.span[0]), None)
    if known.past or service is None or service.text not in known.services or SHARED.search(text):
        return ""
    if not re.fullmatch(r",? (?:in|of|at) (?:the )?|, | \(", text[service.span[1] : one.span[0]]):
        return ""
    own = [*(level.subject for level in known.levels), *(Subject(m.of, m.region) for m in known.moments)]
    own += [Subject(change.service, change.region) for change in known.changes]
    if OF_LINES.search(text):
        # How many of its lines were errors, and how slow the slowest were: a figure of that is checked by itself.
        own += [fact.subject for fact in known.facts if fact.evidence and fact.dimension in ("seconds", "lines")]
    regions = {subject.region for subject in own if subject.service == service.text}
    is_elsewhere = bool(regions) and None not in regions and one.text not in regions
    return f"nothing is known of {service.text} there" if is_elsewhere else ""


# "deploy-8734 was a deployment of auth", "deploy-8734 changed auth".
OF_WHOM = (
    r"[^,;.]{0,25}\b(?:deployment|release|rollout|change|update|version|one) (?:of|to|for|in|on) (?:the )?"
    r"|,? (?:which )?(?:has |had )?(?:changed|updated|touch(?:ed|es)|upgraded|concern(?:ed|s)|belongs? to|went to"
    r"|is (?:of|in|for)|was (?:of|in|for)) (?:the )?"
)


# "ledger, which had received version 4.9.6", "ledger, whose version 4.9.6 …".
RECEIVED = re.compile(
    r",? (?:which|that)(?: (?:has|had|have|was|were|is|been|being|itself|then|just|also|still|already|only"
    r"|recently|now))*"
    r" (?:received?|receives|gets?|got|underwent|runs?|ran|running|upgraded|updated|moved|deployed|changed|given|put"
    r"|brought|shipped|released|rolled out|switched|started|using|uses|on|(?:has|had) (?:got )?(?=(?:the |a |its )?"
    r"(?:new )?(?:version|release|deployment|rollout)))\b[^,;.]{0,40}? (?:version |release |deployment )?"
    r"|,? on which (?:the )?(?:new )?(?:version |release |deployment )?"
    r"|, whose (?:(?:new|latest|last|current) )?(?:version|release|deployment|rollout),? "
)


WITH = re.compile(
    r"^\W*(?:with|under|on|in|since|after|due to|because of) (?:the )?(?:new |its )?"
    r"(?:version |release |deployment )?$",
    re.IGNORECASE,
)


def _with_anothers(one: Found, text: str, mentions: list[Found], known: Known) -> str:
    """ "With version 4.9.6, ledger fails": what goes out with a change is of its service, or of the cause."""
    first = mentions[0]
    changes = [it for it in known.changes if first.text in (it.deployment_id, it.version)]
    root = known.report.root_cause
    is_cause = root is not None and any(it.deployment_id == root.deployment_id for it in changes)
    owners = {it.service for it in changes} - {None}
    named = [it.text for it in mentions if it.text in known.services]
    is_with = owners and not is_cause and WITH.match(text[: first.span[0]])
    return f"{first.text} is not of it" if is_with and not owners & {*named} and one.text == named[0] else ""


def _received(one: Found, text: str, mentions: list[Found], known: Known) -> str:
    """What a service is said to have got is a change of it: "payments, which got version 4.9.6"."""
    behind = next(
        (other for other in mentions if other.span[0] >= one.span[1] and other.text not in known.regions), None
    )
    if behind is None:
        return ""
    owners = {change.service for change in known.changes if behind.text in (change.deployment_id, *change.versions)} - {
        None
    }
    between = text[one.span[1] : behind.span[0]]
    for region in known.regions:
        between = between.replace(f" in {region}", "")
    return f"{behind.text} is not of it" if owners and one.text not in owners and RECEIVED.fullmatch(between) else ""


def misplaced_service(one: Found, text: str, mentions: list[Found], known: Known) -> str:
    """ "… went out in search", where it is a deployment of checkout."""
    if one.text not in known.services:
        return ""
    for other in mentions:
        names = (change for change in known.changes if other.text in (change.deployment_id, change.version))
        owners = {change.service for change in names} - {None}
        between = text[other.span[1] : one.span[0]]
        is_its = re.fullmatch(rf"{OUT}\b(?:in|to|on|for|of|at) |{OF_WHOM}", between)
        if owners and one.text not in owners and is_its:
            return f"{other.text} is not of it"
    return _received(one, text, mentions, known) or _with_anothers(one, text, mentions, known)
