"""Conditions in advice: what would follow if something stayed as it is denies nothing of now."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.checks import causation
from worker.agent.grounding.checks.doubts import DOUBTED
from worker.agent.grounding.checks.statements import BLAMED
from worker.agent.grounding.text.claims import Claim

# "If the errors persist after the rollback, cfg-3095 was not the cause".
STAYING = re.compile(
    r"(?:^|;)\W*(?:if|should|in case|unless|when)\b[^;]*?\b(?:persists?|remains?|continues?|still|stays?"
    r"|keeps?|go(?:es)? on"
    r"|(?:do|does|did)(?: not|n['’]t)|no (?:effect|improvement|change)|nothing changes|without (?:effect|success))\b",
    re.IGNORECASE,
)
REASON = re.compile(r"\b(?:because|since|as)\b", re.IGNORECASE)
DENIALS = (causation.IT_IS, DOUBTED, BLAMED)


def without_conditional(found: list[Claim], text: str) -> Iterator[Claim]:
    """The claims of advice but for what it denies under a condition that is still to come."""
    staying = STAYING.search(text)
    for claim in found:
        is_conditional = staying and claim.why in DENIALS and claim.span[1] > staying.start()
        if not is_conditional or REASON.search(text[staying.end() if staying else 0 : claim.span[1]]):
            yield claim
