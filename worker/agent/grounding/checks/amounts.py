"""What is told to be more or less than usual, as much, or within what is expected: requests, emissions, a figure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.report import owners
from worker.agent.grounding.report.known import Known, Level
from worker.agent.grounding.text import context
from worker.agent.grounding.text.claims import Claim, Found, Span, judged
from worker.agent.grounding.text.comparisons import IF
from worker.agent.grounding.text.topics import SIGNALS, topics

_USUAL = r"(?:usual|before|normal|expected|it (?:usually|normally) (?:does|is))"
# "Far more read system calls than usual", "about as many requests as usual".
THAN_USUAL = re.compile(
    r"\b(?:(?P<same>(?:(?:just|about|roughly|nearly) )?as (?:many|much|few)"
    rf"(?P<a>(?: [\w-]+){{1,4}}?) as {_USUAL})"
    r"|(?P<far>far |many |much |noticeably |clearly |considerably |significantly |a lot )?"
    r"(?:(?P<more>more)|(?:fewer|less))"
    rf"(?P<b>(?: [\w-]+){{1,4}}?) than {_USUAL})\b",
    re.IGNORECASE,
)
NOT = re.compile(r"\b(?:no|not|never|neither|nor|nothing|none|without|whether)\b|n['’]t\b", re.IGNORECASE)
OTHERWISE_SO = "it is otherwise"
# So much more or less is told to be far more or less.
FAR, MORE = 1.3, 1.05
A_LITTLE = re.compile(r"\b(?:slightly|marginally|somewhat|a (?:little|bit|few)) $", re.IGNORECASE)


# "us-central1 emitted 180 g, well above the expected range".
OF_RANGE = re.compile(
    r"\b(?:(?P<up>above|over|beyond|exceed(?:s|ed|ing)?)|(?P<down>below|under|short of)|(?P<out>outside(?: of)?)"
    r"|within|inside|in) (?:the|its|their) (?:(?:expected|usual|normal|expectation['’]s) (?:range|band|corridor)"
    r"|(?:range|band|corridor)"
    r" (?:of (?:the expectation|what (?:is|was) expected|(?=\d))|(?:that (?:is|was) )?expected))\b",
    re.IGNORECASE,
)
# "The measured value is within the range of 6.1 to 6.6 gCO₂e": where the unit stands.
BEHIND = 24
FROM_TO = re.compile(r"(?: of|,| \()? ?\d")
EXCESS = re.compile(r"\b(?:excess|wasted?|estimate|true (?:number|value))\b", re.IGNORECASE)
IN_GRAMS = re.compile(r"\b(?:CO[₂2]e?|carbon|emi(?:ts?|tted|ssions?)|grams)\b|gCO₂e", re.IGNORECASE)


# "3.2 gCO₂e was expected, with a range of 2.9 to 3.4. The measured value lies above that range."
THAT_RANGE = re.compile(
    r"\b(?:measured|measurement|emitted|actual)\b[^,;.\d]{0,30}? (?:is|was|lies|lay|stays?|stayed|falls?|fell)"
    r" (?:\w+ )?(?:(?P<up>above|over|beyond)|(?P<down>below|under)|(?P<out>outside(?: of)?)|within|inside|in)"
    r" (?:(?:that|this) (?:range|band|corridor|interval)|it)\b",
    re.IGNORECASE,
)
RANGE = re.compile(r"\b(?:range[sd]?|band|corridor|interval)\b", re.IGNORECASE)
# "The expected range of 179 to 184 gCO₂e was exceeded by …".
PASSIVE = re.compile(
    r"\b(?:the|its) (?:expected|usual|normal|expectation['’]s) (?:range|band|corridor)(?: of (?:[^;,]|,\d){1,40}?)?"
    r" (?:is|was|were|has been)(?: clearly| slightly| just| (?P<no>not|never))? (?:(?P<up>exceeded|surpassed|overshot)"
    r"|(?P<down>undercut|undershot)|(?P<out>left|breached|broken))\b",
    re.IGNORECASE,
)
EXPECTED = re.compile(r"\b(?:expect(?:ed|ation)|usual|normal)\b", re.IGNORECASE)


def _of_that_range(text: str, known: Known) -> Iterator[re.Match[str]]:
    """Where the range of what was expected was told before, in grams."""
    for found in THAT_RANGE.finditer(text):
        before = f"{known.previous} {text[: found.start()]}"
        is_range = not found[0].endswith("it") or RANGE.search(text[: found.start()])
        if is_range and IN_GRAMS.search(before) and EXPECTED.search(before) and not EXCESS.search(before):
            yield found


def ranged(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """On which side of what was expected the emissions of the window are."""
    carbon = known.report.impact.carbon
    emitted, expected = carbon.actual_co2_grams, carbon.expected_co2_grams
    others = {one.text for one in mentions} & (known.services | known.regions) - {*known.scope}
    if not emitted or not expected or others:
        return
    for found in [*OF_RANGE.finditer(text), *PASSIVE.finditer(text), *_of_that_range(text, known)]:
        said = text[context.part(found.span(), text)[0] : found.start()]
        if EXCESS.search(said):
            continue
        if found.re is THAT_RANGE:
            said = "carbon"
        elif found.re is PASSIVE:
            said = NOT.sub(" ", text)
        said += text[found.end() : found.end() + BEHIND] if FROM_TO.match(text, found.end()) else ""
        if not IN_GRAMS.search(said) or topics(said) & {*SIGNALS} - {"carbon"} or NOT.search(said) or IF.search(said):
            continue
        side = (emitted.likely > expected.high) - (emitted.likely < expected.low)
        holds = side == (1 if found["up"] else -1 if found["down"] else 0) if not found["out"] else side != 0
        yield judged("direction", found, holds != bool(found.groupdict().get("no")), OTHERWISE_SO)


def amounts(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """By the levels of whom it is told; of what advice waits for nothing."""
    for found in THAN_USUAL.finditer(text):
        what = (found["a"] or found["b"]).lower()
        before = text[context.clause(found.span(), text)[0] : found.start()]
        if IF.search(text[: found.start()]) or NOT.search(before) or OTHERWISE.search(before) or "per request" in what:
            continue
        wanted = 0 if found["same"] else 1 if found["more"] else -1
        if SLOWER.match(text, found.end()):
            yield judged("direction", found, wanted == _slower(known), OTHERWISE_SO)
        elif levels := _levels(found.span(), what, text, mentions, known):
            least = FAR if found["far"] else 1.0 if A_LITTLE.search(before) else MORE
            yield judged("direction", found, all(_is(one, wanted, least) for one in levels), OTHERWISE_SO)


def _is(level: Level, wanted: int, least: float) -> bool:
    """Told without an adverb, it is by a twentieth more."""
    if not wanted or (level.signal == "errors" and not level.deviates):
        # That a few more fail is chance.
        return not wanted and not level.deviates
    low, high = sorted((level.actual, level.expected))
    is_there = level.actual > level.expected if wanted > 0 else level.actual < level.expected
    return is_there and high >= least * low


# "317,000 (276,000 to 358,000) more requests than usual were slower than 77 ms": not of how many came.
SLOWER = re.compile(r" (?:(?:is|are|was|were) (?:slower|longer)|(?:takes?|took|needed|lasted) longer) than\b")


def _slower(known: Known) -> int:
    """1 or -1 where more or fewer requests than usual were slow, 0 where that was not counted."""
    told = [one for one in known.facts if (one.dimension, one.signal, one.end) == ("requests", "latency", None)]
    counted = {1 if one.value > 0 else -1 for one in told if one.role in (None, "excess")}
    return counted.pop() if len(counted) == 1 else 0


# "2.3 times as many", "each request takes as much": checked as figures, and of one request.
OTHERWISE = re.compile(
    r"\b(?:times|twice|half|double|thrice) $|\b(?:each|every|per|a|one) (?:\w+ )?(?:request|call)\b|\d \S* ?$",
    re.IGNORECASE,
)


def _levels(span: Span, what: str, text: str, mentions: list[Found], known: Known) -> list[Level]:
    """Of requests those of the traffic, else of the signal or the field that is named."""
    own = owners.levels(span, text, mentions, known)
    if re.search(r"\b(?:requests?|calls|traffic|load)\b", what) and not topics(what) & {"errors", "retries", "latency"}:
        return [one for one in own if one.signal in ("traffic", "requests") or one.metric.startswith("requests")]
    if "fail" in what:
        return [one for one in own if one.signal == "errors"]
    if found := topics(what) & {*SIGNALS}:
        # Whether it rose is a direction, which is checked by itself where a verb tells it.
        return [one for one in own if one.signal in found and one.signal == "carbon"]
    words = {word[:5] for word in re.findall(r"[a-z]{4,}", what)}
    return [one for one in own if words & {word[:5] for word in one.metric.split("_")}]
