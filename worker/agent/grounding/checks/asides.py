"""What is told of one in passing, between commas: that it is the cause, or whom it calls."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from worker.agent.grounding.report import relations
from worker.agent.grounding.report.known import Known, cause_names
from worker.agent.grounding.text.claims import Claim, Found, judged

# "checkout, on which ledger depends", "payments, which ledger calls": the second calls the first.
OF_WHICH = re.compile(r",? (?:(?P<on>(?:on|upon|for) (?:which|whom))|which|whom|that) (?:the )?")
WHICH_DEPENDS = re.compile(r" (?:\w+ly |also )?(?:depends|relies|rests|waits)\b")
WHICH_CALLS = re.compile(
    r" (?:\w+ly |also )?(?:calls|uses|needs|queries|contacts|depends on|relies on|waits for)(?=[,.;)]|$)"
)


def dependencies(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """As calls were seen."""
    services = [one for one in mentions if one.text in known.services]
    for one, other in pairwise(services):
        found = OF_WHICH.fullmatch(text[one.span[1] : other.span[0]])
        if found and (WHICH_DEPENDS if found["on"] else WHICH_CALLS).match(text, other.span[1]):
            holds, span = (other.text, one.text) in known.calls, (one.span[0], other.span[1])
            is_open = not holds and (one.text, other.text) not in known.calls
            yield Claim("cause", span, text[slice(*span)], holds, "" if holds else relations.NO_CALL, is_open)


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
