"""Where a candidate without a service ranks: "traffic is the first candidate, ahead of cart"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text.claims import Claim, Found, judged
from worker.domain.report import CauseKind

_TRAFFIC = r"(?:(?:more|higher|extra|additional|increased|the) )?(?:traffic|demand)(?: surge)?"
_FIRST = (
    r"(?:first|leading|top|main|prime|likeliest|strongest|best|nearest|most (?:likely|probable|plausible))"
    r" (?:candidate|suspect|explanation|cause)"
)
# "… is the second candidate", "… leads with 0.42".
PLACED = re.compile(
    rf"\b{_TRAFFIC}\b[^;.\d]{{0,20}}? (?:(?:is|was|as|ranks?|ranked|comes?|came|stands?)(?: as)? (?:the |in )?"
    rf"(?:(?P<first>{_FIRST}|first\b(?! (?:to|rose|began)\b))|(?P<second>second|runner-up)\b|(?P<last>last)\b)"
    r"|(?P<leads>leads|led|tops|topped|heads)\b(?! to\b))",
    re.IGNORECASE,
)
AHEAD = re.compile(
    rf"\b{_TRAFFIC}\b[^;.\d]{{0,60}}?(?:(?P<ahead>\bahead of|\bbefore|\babove|\boutranks?|\bbeats?|\bfollowed by"
    r"|(?:more|better) (?:likely|probable|plausible|supported|placed) than|scores? (?:\w+ )?higher than)"
    r"|\bbehind|\bafter|\bbelow|less (?:likely|probable|plausible) than|scores? (?:\w+ )?lower than) (?:the )?$",
    re.IGNORECASE,
)
RANKING = re.compile(
    r"\b(?:candidates?|suspects?|ranks?|ranked|ranking|outranks?|explanations?|likel\w+|probable|plausible|scores?"
    r"|confidence|0\.\d+)\b",
    re.IGNORECASE,
)
NOT = re.compile(r"\b(?:not|no|never|neither|nor|hardly|would|if)\b|n['’]t\b", re.IGNORECASE)
SECOND = 2


def placed(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """More demand is nobody's: what is told of its place is by its rank."""
    ranks = [one.rank for one in known.report.candidates if one.kind is CauseKind.TRAFFIC and not one.service]
    if not ranks or NOT.search(text) or not RANKING.search(text):
        return
    for found in PLACED.finditer(text):
        last = len(known.report.candidates)
        wanted = SECOND if found["second"] else last if found["last"] else 1
        yield judged("state", found, wanted in ranks, "another one ranks there")
    own = {one.service: one.rank for one in reversed(known.report.candidates) if one.service}
    for one in (it for it in mentions if it.text in own):
        if other := AHEAD.search(text[: one.span[0]]):
            holds = (min(ranks) < own[one.text]) == bool(other["ahead"])
            yield judged("state", other, holds, "they rank otherwise")
