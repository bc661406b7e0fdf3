"""A word where only a service can stand, and no service is called so: "the requests of shipping", "Shipping logged"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text.claims import Claim
from worker.agent.grounding.text.topics import topics

_NAME = r"(?P<name>[A-Za-z][\w-]{2,})(?![\w-])"
# What services have: behind "of" stands whose it is.
_THEIRS = (
    r"requests?|calls?|errors?|failures?|latency|retries|lines|messages|traffic|carbon|CO[₂2]e?|emissions|CPU|memory"
    r"|p\d\d|rate|instances|callers|logs?|median|quantiles|onset"
)
# The name ends there: what stands behind it is no noun that it would belong to. A name that is known is a blank.
_ENDS = (
    r"(?=\s*$|\s*[,.;:()\[]|\s\s|\s(?:\w+ly|in|at|on|as|was|were|is|are|came|come|had|has|have|and|but|or|which|that"
    r"|because|while|whereas|than|before|after|with|by|to|from|since|during|until|itself|alone|now|then|also|still|only"
    r"|never|not|did|do|does|will|would|can|could|fail\w*|rose|rises?|fell|falls?|went|go|goes|stay\w*|show\w*|name\w*"
    r"|take|takes|took|carr\w+|end|ends|ended|timed?(?= out)|get|gets|got|remain\w*|average\w*|stood|stands?"
    r"|reach\w*)\b)"
)
_DOES = (
    r"(?:logs|logged|wrote|emits|emitted|fails|failed|times out|timed out|waits for|waited for|deviates|deviated"
    r"|suffers|suffered|(?:calls|called|answers|answered)(?=\s\s))(?!\w)"
)
_OPENS = r"(?:^|[,;:] |\b(?:that|while|because|but|and|whereas|since|as) )"
PLACES = (
    re.compile(rf"\b(?:{_THEIRS})(?: use| usage)? (?:of|in|for) {_NAME}{_ENDS}", re.IGNORECASE),
    re.compile(
        r"\b(?:calls?|requests?|retries|retrying|traffic|connections?) (?:to|from|against|between|towards)"
        rf" {_NAME}{_ENDS}",
        re.IGNORECASE,
    ),
    re.compile(rf"{_OPENS}{_NAME}(?: in\s{{3,60}})?(?: itself| also| only| still| never| not)* {_DOES}", re.IGNORECASE),
    re.compile(rf"\b(?:errors|failures|messages|lines)\b[^,;.]{{0,40}} names? {_NAME}{_ENDS}", re.IGNORECASE),
)
# What is no name there, besides what is measured.
_SPARED = """
a abroad all and any because both bots browsers but caused change code context customers detail each either elsewhere
flight four general growth hardly here hers him his increase its itself neither none nothing now one order other
others outside over parallel part particular people place production progress queries question reads sequence services
several since some something succession such sum that the them then there these they this those though three time
today total two type types un us users vain what whatever when where which while who whose work writes yesterday you
your
"""
SPARED = frozenset(_SPARED.split())


def unheard(text: str, known: Known) -> Iterator[Claim]:
    """`text` has blanks for the names that are known, for figures and for quotations."""
    for place in PLACES:
        for found in place.finditer(text):
            name = found["name"].lower()
            if name not in SPARED and not topics(name) - OF_THE_TRADE and not _is_logged(name, known):
                yield Claim("name", found.span("name"), found["name"], False, "nothing is called so", is_open=True)


# "The requests of orders": a service may well be called so.
OF_THE_TRADE = frozenset({"orders", "incidents", "revenue", "cost"})


def _is_logged(name: str, known: Known) -> bool:
    return any(re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", line, re.IGNORECASE) for line in known.lines)
