"""What is told to be more or less than usual, or as much, without a figure: requests, log lines, what was measured."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.report import log, metrics, owners
from worker.agent.grounding.report.known import Known, Level
from worker.agent.grounding.text import context
from worker.agent.grounding.text.claims import Claim, Found, Span
from worker.agent.grounding.text.comparisons import IF
from worker.agent.grounding.text.topics import SIGNALS, topics

_USUAL = r"(?:usual|before|normal|expected|it (?:usually|normally) (?:does|is))"
# "Far more read system calls than usual", "about as many requests as usual".
THAN_USUAL = re.compile(
    r"\b(?:(?P<same>(?:(?:just|about|roughly|nearly) )?as (?:many|much|few)"
    rf"(?P<a>(?: [\w-]+){{1,4}}?) as {_USUAL})"
    r"|(?P<far>far |many |much |noticeably |clearly |considerably |significantly |a lot )?"
    r"(?P<slight>slightly |a little |somewhat |a few )?(?:(?P<more>more)|(?:fewer|less))"
    rf"(?P<b>(?: [\w-]+){{1,4}}?) than {_USUAL})\b",
    re.IGNORECASE,
)
# "Hardly any requests", "ts-route-service has nearly fallen silent".
FEW = re.compile(
    r"\b(?:hardly|barely|scarcely) (?:any|receives any|gets any) (?P<what>requests|traffic|calls)\b"
    r"|\b(?:nearly|almost|practically|virtually|has|have|had) (?:\w+ly )?"
    r"(?P<silent>fallen silent|gone quiet|gone silent)\b",
    re.IGNORECASE,
)
AVAILABLE = re.compile(
    r"\b(?:is|was|stays?|stayed|remains?|remained)"
    r" (?:(?P<full>fully|completely|entirely|always)|partly|partially|hardly|not always|less) available\b"
    r"|\b(?P<usual>as available as (?:usual|before|normal))\b",
    re.IGNORECASE,
)
NOT = re.compile(r"\b(?:no|not|never|neither|nor|nothing|none|without|whether)\b|n['’]t\b", re.IGNORECASE)
FULL = 0.9995
LEAST = 3
# So much more or less is told to be far more or less.
FAR, MORE = 1.3, 1.05


def amounts(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """By the levels of whom it is told, for lines by what is gone or new of them; of what advice waits for nothing."""
    yield from _than_usual(text, mentions, known)
    for found in FEW.finditer(text):
        if found["silent"]:
            yield _logged(found.span(), text, -1, mentions, known)
        elif levels := _levels(found.span(), found["what"], text, mentions, known):
            yield _claim(found.span(), text, all(_is(one, -1, "far") for one in levels), is_known=True)
    for found in AVAILABLE.finditer(text):
        served = [one for one in _of(found.span(), text, mentions, known) if "availab" in one.metric]
        if served and not IF.search(text[: found.start()]):
            is_full = all(one.actual >= FULL for one in served)
            as_usual = all(abs(one.deviations) < LEAST for one in served)
            holds = as_usual if found["usual"] else is_full == bool(found["full"])
            yield _claim(found.span(), text, holds, is_known=True)


# "us-central1 emitted 180 g, well above the expected range".
OF_RANGE = re.compile(
    r"\b(?:(?P<up>above|over|beyond|exceed(?:s|ed|ing)?)|(?P<down>below|under|short of)|(?P<out>outside(?: of)?)"
    r"|within|inside|in) (?:the|its|their) (?:(?:expected|usual|normal|expectation['’]s) (?:range|band|corridor)"
    r"|(?:range|band|corridor) of (?:the expectation|what (?:is|was) expected))\b",
    re.IGNORECASE,
)
IN_GRAMS = re.compile(r"\b(?:CO[₂2]e?|carbon|emi(?:ts?|tted|ssions?)|grams)\b|gCO₂e", re.IGNORECASE)


def ranged(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """On which side of what was expected the emissions of the window are."""
    carbon = known.report.impact.carbon
    emitted, expected = carbon.actual_co2_grams, carbon.expected_co2_grams
    others = {one.text for one in mentions} & (known.services | known.regions) - {*known.scope}
    if not emitted or not expected or others:
        return
    for found in OF_RANGE.finditer(text):
        said = text[context.part(found.span(), text)[0] : found.start()]
        if not IN_GRAMS.search(said) or topics(said) & {*SIGNALS} - {"carbon"} or NOT.search(said) or IF.search(said):
            continue
        side = (emitted.likely > expected.high) - (emitted.likely < expected.low)
        holds = side == (1 if found["up"] else -1 if found["down"] else 0) if not found["out"] else side != 0
        yield _claim(found.span(), text, holds, is_known=True)


def _than_usual(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    for found in THAN_USUAL.finditer(text):
        what = (found["a"] or found["b"] or "").lower()
        before = text[context.clause(found.span(), text)[0] : found.start()]
        if IF.search(text[: found.start()]) or NOT.search(before) or OTHERWISE.search(before) or "per request" in what:
            continue
        wanted = 0 if found["same"] else 1 if found["more"] else -1
        if SLOWER.match(text, found.end()):
            yield _claim(found.span(), text, wanted == _slower(known), is_known=True)
            continue
        levels = _levels(found.span(), what, text, mentions, known)
        if levels:
            yield _claim(
                found.span(),
                text,
                all(_is(one, wanted, found["far"], found["slight"]) for one in levels),
                is_known=True,
            )
        elif LOGGING.search(text[: found.start()]):
            yield _logged(found.span(), text, wanted, mentions, known)


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
LOGGING = re.compile(r"\b(?:logs?|logged|logging|writes?|wrote)(?: [\w-]+){0,2} $", re.IGNORECASE)


def _claim(span: Span, text: str, holds: bool, *, is_known: bool) -> Claim:
    why = "" if holds else "it is otherwise" if is_known else "nothing shows that"
    return Claim("direction", span, text[slice(*span)], holds, why, not (holds or is_known))


def _is(level: Level, wanted: int, far: str | None, slight: str | None = None) -> bool:
    """Told without an adverb, it is by a twentieth more; what is slightly more need only be more."""
    if not wanted:
        return abs(level.deviations) < LEAST
    low, high = sorted((level.actual, level.expected))
    is_there = level.actual > level.expected if wanted > 0 else level.actual < level.expected
    return is_there and (bool(slight) or high >= (FAR if far else MORE) * low)


def _of(span: Span, text: str, mentions: list[Found], known: Known) -> list[Level]:
    subjects = owners.subjects_or_scope(span, text, mentions, known) or [known.scope]
    return [one for one in known.levels if any(owners.is_of(one.subject, it) for it in subjects)]


def _levels(span: Span, what: str, text: str, mentions: list[Found], known: Known) -> list[Level]:
    """Of requests those of the traffic, of system calls those, else of the signal or the field that is named."""
    own = _of(span, text, mentions, known)
    if metrics.SYSTEM_CALLS.search(what):
        side = [one for one in ("read", "write") if one[:4] in text.lower()]
        return [one for one in own if one.metric.startswith("syscall") and (not side or one.metric.endswith(side[0]))]
    if re.search(r"\b(?:requests?|calls|traffic|load)\b", what) and not topics(what) & {"errors", "retries", "latency"}:
        return [one for one in own if one.signal in ("traffic", "requests") or one.metric.startswith("requests")]
    if found := topics(what) & {*SIGNALS}:
        # Whether it rose is a direction, which is checked by itself where a verb tells it.
        return [one for one in own if one.signal in found and one.signal == "carbon"]
    words = {word[:5] for word in re.findall(r"[a-z]{4,}", what)} - {"than", "usual"}
    return [one for one in own if words & {word[:5] for word in one.metric.split("_")}]


def _logged(span: Span, text: str, wanted: int, mentions: list[Found], known: Known) -> Claim:
    """Whether lines of it are gone, or new and surging."""
    named = {one.text for one in mentions if one.span[1] <= span[0]} & known.services
    of = [one.get("trend") for one in log.patterns(known.report) if not named or one.get("service") in named]
    holds = ("gone" in of) if wanted < 0 else bool({"new", "surging"} & {*of}) if wanted else not of
    return _claim(span, text, holds, is_known=bool(of))
