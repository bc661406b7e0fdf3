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
NOWHERE = re.compile(
    r"\bno (?:samples?|metrics|measurements?)\b[^,;.]{0,40} (?:any|either|all|every) (?:of the )?(?:\w+ )?regions?\b",
    re.IGNORECASE,
)
# "The emissions of the pause are lost": the sample behind it holds them.
LOST = re.compile(
    r"\b(?:emissions?|CO[₂2]e?|carbon|grams)\b[^;]{0,60}\bpauses?\b[^;]{0,60}?(?<!not )(?<!never )(?<!nor )"
    r"\b(?:lost|missing|gone|dropped|discarded|(?:left|fell) out|uncounted|in no samples?"
    r"|(?:not|never) (?:been )?(?:\w+ly )?(?:counted|included|held|contained|recorded|reported|measured"
    r"|made up for))\b",
    re.IGNORECASE,
)


def pauses(text: str, _mentions: list[Found], known: Known) -> Iterator[Claim]:
    """By the pauses that the evidence lists."""
    listed = [one for item in known.report.evidence for one in item.result.get("pauses") or ()]
    for one in numerals.numbers(text) if listed else ():
        if one.dimension == "seconds" and PAUSED.search(text[: one.span[0]]):
            holds = any(one.low <= _long(it) <= one.high for it in listed)
            yield Claim("number", one.span, one.text, holds, "" if holds else "the pause was of another length")
    for found in LOST.finditer(text) if listed else ():
        yield Claim("state", found.span(), found[0], holds=False, why="the next sample holds them")
    paused = {one.get("region") for one in listed}
    for found in NOWHERE.finditer(text) if listed else ():
        if not paused >= known.regions:
            yield Claim("state", found.span(), found[0], holds=False, why="of other regions samples came")


def _long(pause: Mapping[str, Any]) -> float:
    since, until = (datetime.fromisoformat(str(pause[name])) for name in ("since", "until"))
    return (until - since).total_seconds()
