"""How long the samples paused, and where: "the pause lasted 20 minutes", "no sample came from any region"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text import numerals
from worker.agent.grounding.text.claims import Claim, Found

PAUSED = re.compile(
    r"\b(?:pauses?|gap|interruption|outage of the (?:samples|metrics))\b[^,;.\d]{0,24}?"
    r"\b(?:lasted|took|was|is|of|for|went on for|spann\w+)(?: about| only| some| nearly)* $",
    re.IGNORECASE,
)
_CLOCK = r"\d?\d:\d\d"
# "No sample came between 10:58 UTC and 11:18 UTC", "the pause began at 10:58 UTC".
SPAN = re.compile(
    rf"\b(?:pause[ds]?|gap|no (?:samples?|metrics|measurements?))\b[^;.]{{0,70}}?\b(?:between|from)"
    rf" (?P<since>{_CLOCK})(?: UTC)? (?:and|to|until|till) (?P<until>{_CLOCK})",
    re.IGNORECASE,
)
EDGE = re.compile(
    rf"\b(?:pause|gap)\b[^;.\d]{{0,40}}?\b(?:(?:began|begins|started|starts|set in)|(?P<over>ended|ends|was over))"
    rf" at (?P<at>{_CLOCK})",
    re.IGNORECASE,
)
NOWHERE = re.compile(
    r"\bno (?:samples?|metrics|measurements?)\b[^,;.]{0,40} (?:any|either|all|every) (?:of the )?(?:\w+ )?regions?\b",
    re.IGNORECASE,
)


def pauses(text: str, _mentions: list[Found], known: Known) -> Iterator[Claim]:
    """By the pauses that the evidence lists."""
    listed = [one for item in known.report.evidence for one in item.result.get("pauses") or ()]
    for one in numerals.numbers(text) if listed else ():
        if one.dimension == "seconds" and PAUSED.search(text[: one.span[0]]):
            holds = any(one.low <= _long(it) <= one.high for it in listed)
            yield Claim("number", one.span, one.text, holds, "" if holds else "the pause was of another length")
    yield from _edges(text, listed)
    paused = {one.get("region") for one in listed}
    for found in NOWHERE.finditer(text) if listed else ():
        if not paused >= known.regions:
            yield Claim("state", found.span(), found[0], holds=False, why="of other regions samples came")


def _edges(text: str, listed: list[Mapping[str, Any]]) -> Iterator[Claim]:
    """When they are said to have begun and ended, where that is otherwise."""
    told = [(found, "since", "since") for found in SPAN.finditer(text)]
    told += [(found, "until", "until") for found in SPAN.finditer(text)]
    told += [(found, "at", "until" if found["over"] else "since") for found in EDGE.finditer(text)]
    for found, clock, edge in told if listed else ():
        if not any(_clock(one, edge) == found[clock].zfill(5) for one in listed):
            yield Claim("time", found.span(clock), found[clock], holds=False, why="the pause was at another time")


def _clock(pause: Mapping[str, Any], edge: str) -> str:
    return f"{datetime.fromisoformat(str(pause[edge])):%H:%M}"


def _long(pause: Mapping[str, Any]) -> float:
    since, until = (datetime.fromisoformat(str(pause[name])) for name in ("since", "until"))
    return (until - since).total_seconds()
