"""Of what so many requests, lines or errors are said to be: failed, slower, fewer, or of which type."""

from __future__ import annotations

import re

from worker.agent.grounding.report.known import Fact
from worker.agent.grounding.report.said import Said

FAILED = re.compile(
    r"(?:(?! (?:a|and|but|each|every|per|while|which)\b)[^,;.%]){0,60} (?:fail(?:ed|ing)?|lost)\b", re.IGNORECASE
)


# "434,000 more requests than usual were slower than 62 ms": only of those above the usual p95 there is a count.
SO_MANY_SLOWER = re.compile(
    r"\d(?: \([^)]{1,40}\))? (?:more )?requests(?: more)?(?: than usual)? (?:\w+ )?"
    r"(?:were|took|are|ran) (?:slower|longer) than (?:the )?$"
)
COUNT_OF = re.compile(
    r"(?:(?:^|\W)(?:\w+ )?)(?P<type>[A-Z]\w+)(?: errors?| failures?)?"
    r"(?: (?:came|c[ao]mes?|occur\w*|appear\w*|has|had|with|at|(?:was|were|is|are) (?:logged|seen|counted)))?"
    r"[ :(]{1,3}$"
)


def fits_type(fact: Fact, said: Said) -> bool:
    """ "PoolTimeout came 16 times and PaymentDeclined once": each count of the type right before it."""
    told = COUNT_OF.search(said.before) if fact.dimension == "lines" and len(said.types) > 1 else None
    return told is None or told["type"] not in said.types or fact.of == told["type"]


A_WHOLE = re.compile(r"\b(?:of|in|among|all|with) (?:the |its |all |these )*$", re.IGNORECASE)
FEWER = re.compile(r" (?:requests )?(?:more|fewer|less) than (?:usual|before|normal|expected)", re.IGNORECASE)


def fits_outcome(fact: Fact, said: Said) -> bool:
    """ "105 requests failed": no count of all of them; nor are all of them so many fewer than usual."""
    if fact.dimension == "seconds" and fact.signal == "latency" and SO_MANY_SLOWER.search(said.before):
        return fact.statistic == "p95"
    if fact.dimension == "requests" and fact.signal in ("traffic", "errors") and FEWER.match(said.after):
        return fact.role == "excess"
    return not (is_sampled(fact) and FAILED.match(said.after)) or bool(A_WHOLE.search(said.before))


def is_sampled(fact: Fact) -> bool:
    """How many lines were sampled, as the template tells it; not a deployment's own."""
    return (fact.dimension, fact.signal, fact.role) == ("lines", "lines", "now") and not (fact.of or fact.evidence)
