"""How much of a thing there is, and after how long somebody gives up: only a line or a metric tells that."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text import claims, numerals
from worker.agent.grounding.text.claims import Claim, Found

GIVING_UP = re.compile(
    r"\b(?:tim(?:e[sd]?|ing) out|gives? up|gave up|aborts?|aborted|cancels?|cancelled|(?:a |its |the )?time-?outs? of)"
    r"(?: after| at| of| within)?(?: about| only)? $",
    re.IGNORECASE,
)


def given_up(text: str, _mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "The query times out after 868 ms": after how long one gives up a line tells, and no latency."""
    told = {
        float(one[1]) * (1 if one[2] == "s" else 0.001)
        for line in known.lines
        for one in re.finditer(r"(\d+(?:\.\d+)?) ?(ms|s)\b", line)
    }
    for one in numerals.numbers(text) if not known.past else ():
        is_so = any(one.low <= it <= one.high for it in told)
        if one.dimension == "seconds" and GIVING_UP.search(text[: one.span[0]]) and not is_so:
            yield Claim("number", one.span, one.text, holds=False, why="no line tells of that", is_open=True)


# "The connection limit of ledger is 500".
LIMITED = re.compile(
    r"\b(?P<what>(?:connection|request|rate|memory|cpu|file|thread|session) limit"
    r"|capacity|quota|(?:pool|queue|batch|buffer)(?: size)?|ceiling)\b[^;.\d]{0,40}?"
    r" (?:is|was|of|at|holds|has|had|stands at)(?: only| just| exactly)? $",
    re.IGNORECASE,
)
OF_THE_RULE = re.compile(r"\b(?:rule|alert|threshold|severity|range|confidence)\w*\b", re.IGNORECASE)


def limited(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """How much of a thing there is, a line tells that has the figure, or a metric of that name."""
    unnamed = claims.blanked(text, [one.span for one in mentions])
    for one in numerals.numbers(text) if not known.past and not OF_THE_RULE.search(text) else ():
        # The digit of a region is no figure.
        found = LIMITED.search(unnamed[: one.span[0]])
        word = found["what"].split()[0].lower() if found else ""
        # "size=10": of the pool that the line names.
        is_read = any(word in line.lower() and re.search(rf"\b{one.value:g}\b", line) for line in known.lines)
        if found and one.dimension != "seconds" and not is_read and not any(word in field for field in known.fields):
            yield Claim("number", one.span, one.text, holds=False, why="no line tells of that", is_open=True)
