"""What the ranking says of its candidates: which is first or last, what is against it, what could not be compared."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.checks import leading
from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text import claims
from worker.agent.grounding.text.claims import Claim, Found, judged

NOTHING_AGAINST = re.compile(
    r"\b(?:nothing|no (?:reason|argument|evidence))\b[^,;.]{0,20} against (?:it|this|that|them)\b", re.IGNORECASE
)
LAST = re.compile(
    r"\b(?:is|was|ranks?|ranked|comes?|came) (?:the )?(?P<last>weakest|last|least likely|lowest)\b"
    r"(?= (?:of|among) (?:the|all|these)?|[,.;:]|$)"
    r"|\b(?:is|was) (?:the )?(?P<tail>laggard|outsider|weakest (?:suspect|candidate))\b"
    r"|\b(?:is|was|as) (?:the |its |(?:the )?\w+['’]s )?(?P<first>strongest|likeliest|most likely|leading|top|prime|main"
    r"|chief|first|best|front-?runner|winner)(?: (?:of|among)\b| (?:candidate|suspect)\b)",
    re.IGNORECASE,
)
NO_RIVAL = re.compile(
    r"\b(?:no|without an?y?|has no|without) (?:serious |real |close |other |strong )?(?:rivals?|challengers?|contenders?)\b"
    r"|\bun(?:rivall?ed|challenged|contested)\b",
    re.IGNORECASE,
)
# By what factor the first must be ahead of the second to have no rival.
CLEAR_OF = 4
# "A direct comparison of its lines shows", "the lines since cfg-3095 fail more often than those before".
LINES_COMPARED = re.compile(
    r"\bcomparison\b[^;.]{0,40}\b(?:shows?|showed|confirms?|confirmed|proves?|proved|reveals?|convicts?|says?)\b"
    r"|\blines\b[^;.]{0,60}\b(?:more|worse|fewer|less|better)\b[^;.]{0,30}\bthan\b",
    re.IGNORECASE,
)
FEW_LINES = re.compile(r"\btoo few (?:sampled )?(?:log )?lines\b", re.IGNORECASE)


NOT_COMPARED = re.compile(r"\b(?:no|not|cannot|without|impossible)\b|n['’]t\b", re.IGNORECASE)


def ranking(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    candidates = known.report.candidates
    for found in NOTHING_AGAINST.finditer(text):
        yield judged("state", found, bool(candidates) and not candidates[0].against, "something does")
    for found in NO_RIVAL.finditer(text):
        sizes = [one.confidence for one in candidates]
        holds = bool(sizes) and (len(sizes) < 2 or sizes[1] * CLEAR_OF <= sizes[0])  # noqa: PLR2004
        yield judged("state", found, holds, "another candidate comes close")
    yield from _places(text, mentions, known)
    yield from _too_few(text, mentions, known)
    yield from leading.places(text, mentions, known)


def _places(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "frontend is the weakest of the candidates": by its rank."""
    ranked = [{one.service, one.deployment_id} for one in known.report.candidates]
    for found in LAST.finditer(text):
        named = [one.text for one in mentions if one.span[1] <= found.start()][-1:]
        if named and ranked and re.search(r"\b(?:candidates?|suspects?)\b", text, re.IGNORECASE):
            holds = named[0] in ranked[0 if found["first"] else -1]
            yield judged("state", found, holds, "another one ranks there")


def _too_few(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "Too few log lines of cfg-3095 to compare": where the ranking says so of it."""
    named = {one.text for one in mentions} & {one.deployment_id for one in known.changes}
    ranked = [f"{one.deployment_id} {one.reason}; {one.against or ''}" for one in known.report.candidates]
    told = [*ranked, *claims.sentences(known.report.sections.deployment_correlation or "")]
    said = [one for one in told if FEW_LINES.search(one)]
    if named and not FEW_LINES.search(text) and all(any(name in one for one in said) for name in named):
        for found in LINES_COMPARED.finditer(text):
            yield judged("state", found, bool(NOT_COMPARED.search(text)), "too few log lines to compare")
    for found in FEW_LINES.finditer(text):
        of = next((one for one in mentions if text[found.end() : one.span[0]] == " of "), None)
        if of and of.text in known.services and of.text not in {one.service for one in known.changes}:
            yield judged("state", found, holds=False, otherwise="the report does not say so")
            continue
        holds = bool(said) and (not named or any(name in one for one in said for name in named))
        yield judged("state", found, holds, "the report does not say so")
