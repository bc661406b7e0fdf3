"""Whether what is cited exists, and holds something of what the sentence tells."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text import claims
from worker.agent.grounding.text.claims import Claim, Found
from worker.domain.evidence import Evidence

ID = re.compile(r"e\d+")
CLOCK = re.compile(r"\d\d?:\d\d")


def citations(sentence: str, told: Sequence[Claim], mentions: Sequence[Found], known: Known) -> Iterator[Claim]:
    """`told`: figures, times and quotations, each cited by what stands behind it next."""
    begin = 0
    for found in claims.CITED.finditer(sentence):
        cited = set(ID.findall(found[0]))
        before = [one for one in told if begin <= one.span[0] < found.start()]
        named = {one.text for one in mentions if begin <= one.span[0] < found.start()}
        begin = found.end()
        if cited - known.evidence:
            yield Claim("citation", found.span(), found[0], holds=False, why="there is no such evidence")
        elif _is_of_others(cited, before, named, known):
            yield Claim("citation", found.span(), found[0], holds=False, why="the figures are of other evidence")


def _is_of_others(cited: set[str], told: Sequence[Claim], named: set[str], known: Known) -> bool:
    """Whether figures come from evidence that is not cited, and nothing else is from what is."""
    sources = frozenset().union(*(one.sources for one in told if one.holds))
    if not sources or sources & cited:
        return False
    # Of a service or a region there is much evidence.
    words = {*(named - known.services - known.regions), *_words(told)} | ({known.spoken.change} - {""})
    return not any(_has_one_of(words, item) for item in known.report.evidence if item.id in cited)


def _words(told: Sequence[Claim]) -> Iterator[str]:
    """Times and quotations as they stand in evidence."""
    for one in told:
        if one.kind == "time":
            yield from CLOCK.findall(one.text)
        elif one.kind == "quotation":
            yield one.text.strip("\"'`“”")[:QUOTED_AT_MOST]


QUOTED_AT_MOST = 20


def _has_one_of(words: set[str], item: Evidence) -> bool:
    text = f"{item.title} {json.dumps(item.result, ensure_ascii=False)}"
    return any(one in text for one in words)
