"""A service and its region as the template writes them, "search, us-central1", read as "search in us-central1"."""

from __future__ import annotations

import re
from itertools import pairwise

from worker.agent.grounding.report import roster
from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text.claims import Span

COMMA, IN = ", ", " in "
# "Of checkout, us-central1 has the larger part": what stands behind is told of the region.
OPENING = re.compile(r"^\W*(?:Of|For|In|Within|At|With|Unlike|Among|Besides) (?:the )?$")


def commas(sentence: str, known: Known) -> list[int]:
    """Where such a comma stands."""
    return [
        one.span[1]
        for one, other in pairwise(roster.mentions(sentence, known))
        if one.text in known.services
        and other.text in known.regions
        and sentence[one.span[1] : other.span[0]] == COMMA
        and not OPENING.match(sentence[: one.span[0]])
    ]


def spelled(sentence: str, places: list[int]) -> str:
    ends = [0, *places, len(sentence)]
    first, *others = (sentence[start:end] for start, end in pairwise(ends))
    return IN.join([first, *(part.removeprefix(COMMA) for part in others)])


def in_original(span: Span, places: list[int]) -> Span:
    """Where that stands in the sentence as it was written."""
    longer = len(IN) - len(COMMA)
    begun = [place + number * longer for number, place in enumerate(places)]
    start, end = (place - longer * sum(one + longer < place for one in begun) for place in span)
    return start, end
