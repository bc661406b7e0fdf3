"""Which version a change brought and which one it replaced, as told of the change that was named last."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.checks import names
from worker.agent.grounding.report import roster
from worker.agent.grounding.report.known import Change, Known
from worker.agent.grounding.text import context
from worker.agent.grounding.text.claims import Claim, Found, Span, judged, judged_at

_THE = r"(?: (?:the|its|a|old|new|previous|former|earlier))*(?: version)? $"
# "The version given for cfg-3095 of shipping is".
_OF_CHANGE = (
    r"(?:(?:given|recorded|listed|named|brought) )?(?:for|of|by) [a-z]+-\d+(?: of [\w.-]+)?(?:(?: in|,) [\w-]+)?"
)
REPLACED = re.compile(
    rf"\b(?:replac(?:ed|es|ing)|after|instead of|in place of|took over from|succeed(?:ed|s)|supersed(?:ed|es)"
    rf"|(?:ran|was on|had|used) before"
    rf"|(?:version|release) (?:that ran )?before(?: (?:it|that|this|then))?,? (?:is|was|had been)"
    rf"|(?:previous|prior|former|earlier|old) (?:version|release) (?:is|was|had been)){_THE}",
    re.IGNORECASE,
)
BROUGHT = re.compile(
    rf"\b(?:(?<!before )(?:it|that|which) (?:has|had|is|was)|carr(?:ies|ied)|br(?:ings|ought)|introduc(?:es|ed)"
    rf"|install(?:s|ed)|roll(?:s|ed) out|shipp?(?:s|ed)|deliver(?:s|ed)"
    rf"|(?:c[ao]mes?|arrived) with|new version (?:is|was)"
    rf"|(?<!previous )(?<!prior )(?<!former )(?<!earlier )(?<!old )version {_OF_CHANGE} (?:is|was)){_THE}",
    re.IGNORECASE,
)


# "Before that, cart in europe-west1 ran version 4.9.6", "search had run 3.12.4 until then".
RAN = re.compile(
    r"(?: in (?:the )?[\w-]+)?,? (?:(?:had |has )?(?:still |now )?(?:ran|runs?|used|uses)"
    r"|(?:was|is|has been|had been) (?:still |now )?(?:running|using|on|at|updated to|upgraded to)"
    r"|(?:has |had )?(?:received|got|went to|moved to))(?: on)?(?: (?:the )?(?:new )?version)? "
)
# "Before that, it ran version 1.28.4": whoever was spoken of.
IT_RAN = re.compile(rf"\b[Ii]t(?={RAN.pattern}$)")
BEFORE = re.compile(
    r"\b(?:before(?! the (?:onset|alert|window|incident|spike))|previously|until (?:then|[a-z]+-\d+|the (?:new"
    r"|deployment|release|rollout|change))|earlier|so far)\b",
    re.IGNORECASE,
)


def ran(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Which version a service had before its change, or has since."""
    numbers = {one for change in known.changes for one in change.versions}
    services = [one for one in mentions if one.text in known.services]
    for one in (one for one in mentions if one.text in numbers):
        of = next((it for it in reversed(services) if it.span[1] <= one.span[0]), None)
        if of is None and len(known.about) == 1 and (it := IT_RAN.search(text[: one.span[0]])):
            of = Found(it.span(), next(iter(known.about)))
        if of and RAN.fullmatch(text[of.span[1] : one.span[0]]):
            regions = {it.text for it in mentions if of.span[1] <= it.span[0] < one.span[0]} & known.regions
            beside = text[text.rfind(";", 0, one.span[0]) + 1 :].partition(";")[0]
            part = "previous" if BEFORE.search(beside) else "version"
            made = [it for it in known.changes if it.at and it.service == of.text and regions <= {it.region}]
            span: Span = (of.span[0], one.span[1])
            holds = any(getattr(it, part) == one.text for it in made)
            yield judged_at("state", span, text, holds, "it was another version")


# "For deploy-8728 no previous version is recorded", "which version of search ran before is not known".
_UNKNOWN = r"(?:is|was) (?:not (?:recorded|known|given|told)|un(?:recorded|known))\b"
_OLD = r"(?:(?:previous|prior|former|earlier|older) (?:version|release)|(?:version|release) before)"
NONE_KNOWN = re.compile(
    rf"\bno {_OLD}\b[^,;.]{{0,30}}? (?:is|was) (?:recorded|known|given)\b|\b{_OLD}\b[^,;.]{{0,30}}? {_UNKNOWN}"
    rf"|\b(?:which|what) (?:version|release)\b[^,;.]{{0,40}}\bbefore\b[^,;.]{{0,20}} {_UNKNOWN}",
    re.IGNORECASE,
)


def unrecorded(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Of the changes that are named, else of those of the services, else of whom was spoken."""
    named = {one.text for one in mentions}
    for found in NONE_KNOWN.finditer(text):
        made = [it for it in known.changes if it.at and it.deployment_id in named]
        made = made or [it for it in known.changes if it.at and it.service in named]
        made = made or ([] if named & known.services else _meant(found.start(), mentions, known))
        holds = bool(made) and not any(it.previous for it in made)
        yield judged("state", found, holds, "one is recorded", is_open=not made)


def versions(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "It replaced version 3.30.10", "it carries version 4.9.7"."""
    numbers = {one for change in known.changes for one in change.versions}
    for one in (one for one in mentions if one.text in numbers):
        before = text[: one.span[0]]
        for words, part in ((REPLACED, "previous"), (BROUGHT, "version")):
            found = None if names.IS_EVENT.match(text, one.span[1]) else words.search(before)
            changes = _meant(one.span[0], mentions, known) if found else []
            if found and changes:
                span: Span = (found.start(), one.span[1])
                place = _place(found.start(), one, text, mentions, known)
                holds = any(getattr(it, part) == one.text and place <= {it.service, it.region} for it in changes)
                yield judged_at("state", span, text, holds, "it was another version")


def _place(start: int, one: Found, text: str, mentions: list[Found], known: Known) -> set[str]:
    """The services and regions that it is told to have gone to: "it brought version 4.9.6 to payments"."""
    end = context.clause(one.span, text)[1]
    return {other.text for other in mentions if start <= other.span[0] < end} & (known.services | known.regions)


def _meant(place: int, mentions: list[Found], known: Known) -> list[Change]:
    """Of those that are named before, the last; else the last of the sentence before; else whoever was spoken of."""
    ids = {change.deployment_id for change in known.changes}
    named = [one.text for one in mentions if one.text in ids and one.span[1] <= place]
    named = named or [one.text for one in roster.mentions(known.previous, known) if one.text in ids]
    named = named or [known.spoken.change] * bool(known.spoken.change)
    if not named and len(known.about) == 1:
        # "deploy-8745 brought 4.9.7 of cart. Cart itself deviates in nothing. The version before was 4.9.6."
        made = [change for change in known.changes if change.at and change.service in known.about]
        return made if len({(one.version, one.previous) for one in made}) == 1 else []
    return [change for change in known.changes if named and change.deployment_id == named[-1]]
