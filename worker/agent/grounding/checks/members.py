"""Who those are that the sentence before counted: "four services call ledger. These are auth, cart, …"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from worker.agent.grounding.report import roster
from worker.agent.grounding.report.known import Known, callers
from worker.agent.grounding.text.claims import Claim, Found, judged_at

THESE_ARE = re.compile(r"\W*(?:These|Those|They|The (?:services|callers|changes|deployments)) (?:are|were) ")
OTHER_CANDIDATES = re.compile(r"\W*The (?:\w+ )?(?:other|remaining|further) (?:\w+ )?candidates (?:are|were) ")
BETWEEN = re.compile(r"(?:,| and|, and) (?:the )?")
CALL = re.compile(r"\b(?:services (?:that |which )?(?:call|depend on|wait for)|callers of) ", re.IGNORECASE)
# "Three changes are on record".
CHANGES = re.compile(r"\b(?:deployments|changes|releases|rollouts)\b", re.IGNORECASE)


def timed(of: set[str], known: Known) -> set[str]:
    """Who calls one of these: those whose calls took a while that was measured, else all that were seen to."""
    measured = {one.of for one in known.facts if one.signal == "calls" and one.subject.service in of and one.of}
    return measured or {caller for one in of for caller in callers(one, known)}


def these(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """A list, and nothing besides: all of those that were told of, and nobody else."""
    others = OTHER_CANDIDATES.match(text)
    begun, told = others or THESE_ARE.match(text), CALL.search(known.previous)
    listed = [one for one in mentions if one.text not in known.regions]
    is_list = all(BETWEEN.fullmatch(text[one.span[1] : other.span[0]]) for one, other in pairwise(listed))
    if begun is None or len(listed) < 2 or listed[0].span[0] != begun.end() or not is_list:
        return
    meant = {one.deployment_id for one in known.changes if one.at} if CHANGES.search(known.previous) else set()
    if others:
        meant = {one.service or one.deployment_id or "" for one in known.report.candidates[1:]}
    elif told:
        before = roster.mentions(known.previous, known)
        of = {one.text for one in before if one.span[0] >= told.end()} & known.services
        meant = timed(of, known) if len(of) == 1 else set()
    if meant:
        holds = meant == {one.text for one in listed}
        yield judged_at("state", (begun.start(), listed[-1].span[1]), text, holds, "these are others")
