"""How long the samples paused, and whose: "the pause lasted 20 minutes", "none of the 12 services sent a sample"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from worker.agent.grounding.report import roster
from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text.claims import Claim, Found, judged
from worker.agent.grounding.text.pairs import Number

_SAMPLES = r"(?:samples?|metrics|measurements?|telemetry|emissions)"
PAUSED = re.compile(
    r"\b(?:pauses?|gap|interruption|outage of the (?:samples|metrics))\b[^,;.\d]{0,24}?"
    r"\b(?:lasted|took|was|is|of|for|went on for|spann\w+)(?: about| only| some| nearly)* $"
    rf"|\b{_SAMPLES}\b[^,;.]{{0,50}}? (?:paused|stopped|(?:was|were) (?:missing|absent|silent))"
    r" for(?: about| only| some| nearly)* $",
    re.IGNORECASE,
)
# "None of 12 services in us-central1 delivered a sample", "12 of them sent nothing".
SILENT = re.compile(
    rf"\b(?:none|nothing|no(?: single)?) (?:of (?:the )?\d+ services\b[^,;.]{{0,40}}? \w+ an?(?: single)? )?"
    rf"{_SAMPLES}\b|\bsent nothing\b(?! (?:of|to|but|new)\b)"
    rf"|\b{_SAMPLES}\b[^,;.]{{0,40}} (?:paused|stopped|(?:was|were) (?:missing|absent))\b"
    rf"|\b{_SAMPLES}\b[^;.]{{0,80}} not (?:known|measured) (?:by (?:itself|themselves)|minute by minute)\b",
    re.IGNORECASE,
)
NONE_OF = re.compile(r" of (?:the )?(?P<many>\d+) services\b", re.IGNORECASE)
SERVICES = re.compile(r" (?:(?:other |more |further )?services|of them)\b|(?<=services)(?! )", re.IGNORECASE)
# "Cart, payments and ten other services": but for those.
AND_MORE = re.compile(r" (?:other|more|further)\b|(?<=services)(?! )")
# "The emissions of the pause are lost": the sample behind it holds them.
LOST = re.compile(
    r"\b(?:emissions?|CO[₂2]e?|carbon|grams)\b[^;]{0,60}\bpauses?\b[^;]{0,60}?(?<!not )(?<!never )(?<!nor )"
    r"\b(?:lost|missing|gone|dropped|discarded|(?:left|fell) out|uncounted|in no samples?"
    r"|(?:not|never) (?:been )?(?:\w+ly )?(?:counted|included|held|contained|recorded|reported|measured"
    r"|made up for))\b",
    re.IGNORECASE,
)

# "The sample after the pause leaves out the CO₂ of checkout".
LEFT_OUT = re.compile(
    rf"\b{_SAMPLES}\b[^,;.]{{0,40}}\bpauses?\b[^,;.]{{0,20}}?"
    r" (?:leaves? out|left out|omit\w*|exclud\w+|skip\w*|lacks?|lacked|miss(?:es|ed)?|ignor\w+|drop\w*)\b",
    re.IGNORECASE,
)
# "The pause concerned the log lines": it is one of samples.
OF_LOGS = re.compile(
    r"\bpauses?\b[^,;.]{0,60}? (?:concern\w*|affect\w*|hit|was (?:one )?(?:of|in)|is (?:one )?(?:of|in)|touch\w*)"
    r" (?:only |just )?(?:the |its )?(?:sampled )?(?:logs?|log lines|lines|requests|traffic)\b",
    re.IGNORECASE,
)
# "Every one of the window's 10 minutes is covered by a sample".
ALL_MINUTES = re.compile(
    rf"\b(?:every|each|all)(?: (?:single|one))?(?: of)?(?: the| its)?(?: window['’]s)?(?: \d+)? minutes?\b"
    rf"[^,;.]{{0,40}}? (?:covered|sampled|measured|(?:has|have|had) (?:an?|its|their) (?:own )?{_SAMPLES})\b"
    rf"|\bno minutes?\b[^,;.]{{0,40}} (?:lacks?|without|misses|missing) (?:an? )?{_SAMPLES}\b",
    re.IGNORECASE,
)
# "No sample came between 10:58 UTC and 11:18 UTC", "the pause began at 10:58 UTC".
OF_PAUSE = re.compile(r"\b(?:pause[ds]?|gap|no (?:samples?|metrics|measurements?))\b[^;,]*", re.IGNORECASE)
EDGE = re.compile(
    r"\b(?:(?P<since>between|from|beg[ai]ns?|start(?:s|ed)|set in)|and|to|until|till|end(?:s|ed)|was over)(?: at)?"
    r" (?P<at>\d?\d:\d\d)"
)
REFUTED = (
    (LOST, "the next sample holds them"),
    (LEFT_OUT, "the next sample holds them"),
    (OF_LOGS, "it is of samples"),
)


def measured(number: Number, text: str, known: Known) -> bool | None:
    """By the pauses that the evidence lists; None where it is told of none."""
    listed = [one for item in known.report.evidence for one in item.result.get("pauses") or ()]
    if not listed:
        return None
    named = {one.text for one in roster.mentions(text, known)}
    services, regions = named & known.services, named & known.regions
    listed = [one for one in listed if not regions or one.get("region") in regions]
    if number.dimension == "seconds" and PAUSED.search(text[: number.span[0]]):
        of = [one for one in listed if not services or one.get("service") in services]
        return any(number.low <= _long(it) <= number.high for it in of)
    if not SILENT.search(text):
        return None
    silent = {one.get("service") for one in listed}
    if number.text.lower() == "none":
        found = NONE_OF.match(text, number.span[1])
        return int(found["many"]) == len(silent) if found else None
    rest = len(silent - services) if AND_MORE.match(text, number.span[1]) and services <= silent else len(silent)
    return number.value == rest if _is_of_services(number, text) else None


def _is_of_services(number: Number, text: str) -> bool:
    return number.dimension == "of services" or bool(SERVICES.match(text, number.span[1]))


def pauses(text: str, _mentions: list[Found], known: Known) -> Iterator[Claim]:
    listed = [one for item in known.report.evidence for one in item.result.get("pauses") or ()]
    for words, otherwise in REFUTED if listed else ():
        yield from (judged("state", found, False, otherwise) for found in words.finditer(text))
    for found in (edge for part in OF_PAUSE.finditer(text) for edge in EDGE.finditer(text, *part.span())):
        edges = {str(one["since" if found["since"] else "until"]) for one in listed}
        if edges and found["at"].zfill(5) not in {f"{datetime.fromisoformat(one):%H:%M}" for one in edges}:
            yield judged("time", found, False, "the pause was at another time")
    is_partly = any("no sample speaks of" in gap.reason for gap in known.report.gaps)
    for found in ALL_MINUTES.finditer(text) if is_partly else ():
        if not text[: found.start()].endswith("not "):
            yield judged("state", found, False, "of some no sample speaks")


def _long(pause: Mapping[str, Any]) -> float:
    since, until = (datetime.fromisoformat(str(pause[name])) for name in ("since", "until"))
    return (until - since).total_seconds()
