"""What is told of several recorded changes at once: which they are, whose and where, and their versions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from worker.agent.grounding.report import owners, roster
from worker.agent.grounding.report.known import Change, Known
from worker.agent.grounding.text.claims import Claim, Found, Span, judged_at

_CHANGES = r"(?:changes|deployments|releases|rollouts)"
# "Other changes on record are cfg-3096 and cfg-3095, both of shipping in europe-west1".
ARE = re.compile(
    rf"\b{_CHANGES}(?: (?:on record|in the list|(?:that (?:are|were) )?(?:recorded|listed|known)))?"
    r" (?:are|were) $",
    re.IGNORECASE,
)
ALL_OF = re.compile(r",? (?:both|all|all three|each)(?: of (?:them|these))? (?:of|in|from) [^;.]*")
# "Both deployments before the alert, deploy-8734 and deploy-8733, are of search".
ARE_OF = re.compile(r",? (?:(?:both|all) )?(?:are|were|belong(?:ed)?) (?:both |all )?(?:of|to) (?:the )?$")


def recorded(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    made = {one.deployment_id: one for one in known.changes if one.at}
    yield from _listed(text, mentions, made, known)
    yield from _owned(text, mentions, made, known)
    yield from _versions(text, mentions, made, known)
    yield from several(text, mentions, known)


# "Several changes are recorded in us-central1 in the two hours before the alert".
SEVERAL = re.compile(
    r"\b(?:several|some|many|numerous|multiple|various|a (?:few|number of)) (?:other |new )?"
    rf"{_CHANGES}(?: or other changes)? (?:are|were) (?:recorded|on record|known|listed|made|found|seen|rolled out)"
    r"(?P<where>[^,;.]{0,40}?) (?:with)?in the (?:two|2) hours before\b",
    re.IGNORECASE,
)
LOOKED_BACK = timedelta(hours=2)


def several(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """At least two, there, that long before the window."""
    for found in SEVERAL.finditer(text) if not known.past else ():
        places = {one.text for one in mentions if found.start() <= one.span[0] < found.end()} & known.regions
        start = known.report.window.start
        made = {
            one.deployment_id
            for one in known.changes
            if one.at and timedelta() <= start - one.at <= LOOKED_BACK and (not places or one.region in places)
        }
        yield _claim(found.span(), text, len(made) > 1)


def _claim(span: Span, text: str, holds: bool) -> Claim:
    return judged_at("state", span, text, holds, "it is recorded otherwise")


def _listed(text: str, mentions: list[Found], made: dict[str, Change], known: Known) -> Iterator[Claim]:
    """Each is a recorded change; behind "both of" stands what is each one's own."""
    first = next((one for one in mentions if one.text in made and ARE.search(text[: one.span[0]])), None)
    if first is None:
        return
    behind = [one for one in mentions if one.span[0] >= first.span[0]]
    named = [made[one.text] for one in behind if one.text in made]
    last = max(one.span[1] for one in behind if one.text in made)
    of = ALL_OF.match(text, last)
    places = {one.text for one in behind if of and one.span[0] >= last} & (known.services | known.regions)
    holds = all(places <= {one.service, one.region} for one in named)
    yield _claim((first.span[0], of.end() if of else last), text, holds)


def _owned(text: str, mentions: list[Found], made: dict[str, Change], known: Known) -> Iterator[Claim]:
    """Each of those that are listed right before it is of that service, or in that region."""
    for one in mentions:
        found = ARE_OF.search(text[: one.span[0]]) if one.text in known.services | known.regions else None
        of = owners.listed(found.start(), text, mentions, {*made}) if found else []
        if len(of) > 1:
            holds = all(one.text in (made[it.text].service, made[it.text].region) for it in of)
            yield _claim((of[0].span[0], one.span[1]), text, holds)


# "The versions are 2.5.3 and 6.2.11".
VERSIONS_ARE = re.compile(r"^\W*(?:The|Their) (?:new )?versions (?:are|were) $")


def _versions(text: str, mentions: list[Found], made: dict[str, Change], known: Known) -> Iterator[Claim]:
    """Those of the deployments, or of the services, that the sentence before named."""
    before = {one.text for one in roster.mentions(known.previous, known)}
    own = [one for one in made.values() if one.deployment_id in before]
    own = own or [one for one in made.values() if one.service in before]
    if own and mentions and VERSIONS_ARE.match(text[: mentions[0].span[0]]):
        told = {one.text for one in mentions}
        yield _claim((mentions[0].span[0], mentions[-1].span[1]), text, told == {one.version for one in own})
