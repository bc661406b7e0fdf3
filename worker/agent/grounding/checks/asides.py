"""What is told of one in passing, between commas: that it is the cause, or whom it calls."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.report.known import Known, cause_names
from worker.agent.grounding.text.claims import Claim, Found, judged

# "payments, the root cause of this incident, fails": what it is called in passing, it is said to be.
APPOSED = re.compile(
    r"(?: in [\w-]+)?(?:,| \(| –| —) ?(?:the|an?|our|its)"
    r" (?:(?!possible|second|third|other|less|un|least|last|former|next)\w+ ){0,2}(?:cause|culprit|offender)\b(?!['’-])"
    r"(?!(?: (?:of|behind|for|in) [^,;.]{1,40}?)? (?:is|was|lies|lay|has|had|may|might|could|can|comes|remains)\b)",
    re.IGNORECASE,
)


def apposed(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Only of the root cause."""
    for one in mentions:
        if one.text not in known.regions and (found := APPOSED.match(text, one.span[1])):
            yield judged("cause", found, one.text in cause_names(known), "the evidence does not show that")
