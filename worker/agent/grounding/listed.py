"""What a report lists, where a sentence says that it lists none, one, or which comes last: candidates, changes, …"""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding import claims
from worker.agent.grounding.claims import Claim, Found, judged
from worker.agent.grounding.known import Known

_NONE = r"(?:no|not (?:a single|any)|without(?: any)?)"
_KNOWN = r"(?:on file|on record|known|listed|recorded|found|given|there|(?:was|is|were|are|has been) (?:\w+ )?\w+ed)"
NO_CANDIDATES = re.compile(
    rf"\b(?:{_NONE} (?:other )?candidates?\b|(?:list|ranking) of candidates is empty|candidates: none)", re.IGNORECASE
)
ONE_CANDIDATE = re.compile(
    r"\b(?:only|just|exactly) one candidate\b|\bone candidate only\b|\ba single candidate\b", re.IGNORECASE
)
NO_CHANGES = re.compile(
    r"\b(?:list of (?:recent )?(?:changes|deployments) (?:is|was|stays?|remains?) empty)\b", re.IGNORECASE
)
NO_INCIDENTS = re.compile(
    rf"\b{_NONE} (?:similar|comparable|past|earlier|matching) (?:past )?incidents?\b"
    rf"(?! (?:of|in|to)\b)[^,;.]{{0,24}}\b{_KNOWN}"
    r"|\b(?:list of similar incidents (?:is|was) empty)\b",
    re.IGNORECASE,
)
NO_SLOWER = re.compile(
    r"\bno calls? (?:\w+ )?(?:got|became|is|are|was|were|took|takes?) (?:slower|longer)\b"
    r"|\blist of slower calls is empty\b",
    re.IGNORECASE,
)
NO_FEWER = re.compile(
    r"\bno calls? (?:went missing|(?:is|are|was|were) (?:missing|no longer made))\b|\blist of fewer calls is empty\b",
    re.IGNORECASE,
)
NOTHING_AGAINST = re.compile(
    r"\b(?:nothing|no (?:reason|argument|evidence))\b[^,;.]{0,20} against (?:it|this|that|them)\b", re.IGNORECASE
)
LAST = re.compile(
    r"\b(?:is|was|ranks?|ranked|comes?|came) (?:the )?(?P<last>weakest|last|least likely|lowest)\b"
    r"(?= (?:of|among) (?:the|all|these)?|[,.;:]|$)"
    r"|\b(?:is|was) the (?P<first>strongest|likeliest|most likely|leading|top)(?: (?:of|among)\b| candidate\b)",
    re.IGNORECASE,
)
FEW_LINES = re.compile(r"\btoo few (?:sampled )?(?:log )?lines\b", re.IGNORECASE)


def listed(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    report = known.report
    slower, fewer = _calls(known, "slower"), _calls(known, "fewer")
    told = (
        (NO_CANDIDATES, not report.candidates),
        (ONE_CANDIDATE, len(report.candidates) == 1),
        (NO_CHANGES, not any(one.at for one in known.changes)),
        (NO_INCIDENTS, not report.similar_incidents),
        (NO_SLOWER, slower == []),
        (NO_FEWER, fewer == []),
        (NOTHING_AGAINST, bool(report.candidates) and not report.candidates[0].against),
    )
    for pattern, holds in told:
        for found in pattern.finditer(text):
            yield judged("state", found, holds, "the report lists something else")
    yield from _places(text, mentions, known)
    yield from _too_few(text, mentions, known)


def _calls(known: Known, which: str) -> list[object] | None:
    """What was found of slower or missing calls; None where calls were not looked at."""
    return next((list(one.result[which]) for one in known.report.evidence if which in one.result), None)


def _places(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "frontend is the weakest of the candidates": by its rank."""
    ranked = [{one.service, one.deployment_id} for one in known.report.candidates]
    for found in LAST.finditer(text):
        named = [one.text for one in mentions if one.span[1] <= found.start()][-1:]
        if named and ranked and re.search(r"\bcandidates?\b", text, re.IGNORECASE):
            holds = named[0] in ranked[-1 if found["last"] else 0]
            yield judged("state", found, holds, "another one ranks there")


def _too_few(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "Too few log lines of cfg-3095 to compare": where the ranking says so of it."""
    named = {one.text for one in mentions} & {one.deployment_id for one in known.changes}
    ranked = [f"{one.deployment_id} {one.reason}; {one.against or ''}" for one in known.report.candidates]
    told = [*ranked, *claims.sentences(known.report.sections.deployment_correlation or "")]
    said = [one for one in told if FEW_LINES.search(one)]
    for found in FEW_LINES.finditer(text):
        holds = bool(said) and (not named or any(name in one for one in said for name in named))
        yield judged("state", found, holds, "the report does not say so")
