"""Who those are that the sentence before counted: "four services call ledger. These are auth, cart, …"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from worker.agent.grounding.report import roster
from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text.claims import Claim, Found, judged_at

THESE_ARE = re.compile(r"\W*(?:These|Those|They|The (?:services|callers|deployments|changes|candidates)) (?:are|were) ")
BETWEEN = re.compile(r"(?:,| and|, and) (?:the )?")
# What the sentence before told of: of whom each is, as `callers` and the like have it.
CALL = re.compile(r"\b(?:services (?:that |which )?(?:call|depend on|wait for)|callers of) ", re.IGNORECASE)
CHANGES = re.compile(r"\b(?:deployments|changes|releases|rollouts)\b", re.IGNORECASE)
CANDIDATES = re.compile(r"\bcandidates\b", re.IGNORECASE)


def callers(of: set[str], known: Known) -> set[str]:
    """Who was seen to call one of these."""
    timed = {fact.of for fact in known.facts if fact.signal == "calls" and fact.subject.service in of and fact.of}
    return timed or {caller for caller, callee in known.calls if callee in of}


def these(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """A list, and nothing besides: all of those that were told of, and nobody else."""
    begun = THESE_ARE.match(text)
    listed = [one for one in mentions if one.text not in known.regions]
    if begun is None or len(listed) < 2 or listed[0].span[0] != begun.end() or not _is_list(listed, text):
        return
    if meant := _meant(known):
        span = (begun.start(), listed[-1].span[1])
        holds = meant == {one.text for one in listed}
        yield judged_at("state", span, text, holds, "these are others")


def _is_list(listed: list[Found], text: str) -> bool:
    return all(BETWEEN.fullmatch(text[one.span[1] : other.span[0]]) for one, other in pairwise(listed))


def _meant(known: Known) -> set[str]:
    """Of whom the sentence before tells, where it speaks of all of a kind."""
    before = known.previous
    if found := CALL.search(before):
        named = {one.text for one in roster.mentions(before, known) if one.span[0] >= found.end()} & known.services
        return callers(named, known) if len(named) == 1 else set()
    if CANDIDATES.search(before):
        return {one.service for one in known.report.candidates if one.service}
    if CHANGES.search(before):
        return {one.deployment_id for one in known.changes if one.at}
    return set()
