"""How many times what another service has: "checkout is twice as slow as payments"."""

from __future__ import annotations

import re

from worker.agent.grounding.report import owners
from worker.agent.grounding.report.known import Known, Level
from worker.agent.grounding.text import context
from worker.agent.grounding.text.claims import Claim, Found
from worker.agent.grounding.text.pairs import Number
from worker.agent.grounding.text.topics import SIGNALS, topics

# "Twice as slow as payments", "three times the latency of payments", "four times slower than payments".
COMPARED = re.compile(
    r"(?: as (?!many|much)[a-z]+(?: [a-z]+)? as|(?: [a-z]+)? (?:slower|higher|larger|longer) than"
    r"| the (?:share|rate|latency) (?:that|which|of)|(?: as often| more often)? (?:as|than)"
    r"| (?:of )?(?:that|those|the (?:latency|average|error rate|retry rate|median|p\d\d)(?: latency)?) of)"
    r" (?:(?:that|those) (?:of|in) |in |with |for )?",
    re.IGNORECASE,
)


def between(number: Number, text: str, mentions: list[Found], known: Known) -> Claim | None:
    """By the levels of both services; None where it is told of one alone."""
    services = [one for one in mentions if one.text in known.services]
    other = next((one for one in services if one.span[0] >= number.span[1]), None)
    is_ratio = number.dimension == "times" or number.text.lower() in ("half", "third", "quarter")
    if not is_ratio or not other or not COMPARED.fullmatch(text, number.span[1], other.span[0]):
        return None
    first = {
        one.service for one in owners.subjects_or_scope(number.span, text, mentions[: mentions.index(other)], known)
    }
    told = topics(context.own_clause(number.span, text)) & {*SIGNALS}
    found = [
        (mine.actual, theirs.actual)
        for mine in _levels(first, told, known)
        for theirs in _levels({other.text}, told, known)
        if mine.metric == theirs.metric and theirs.actual
    ]
    is_so = any(number.low <= mine / theirs <= number.high for mine, theirs in found)
    return Claim("number", number.span, number.text, is_so, "" if is_so else "it is another ratio", is_open=not found)


def _levels(of: set[str | None], signals: frozenset[str], known: Known) -> list[Level]:
    return [one for one in known.levels if one.subject.service in of and one.signal in signals]
