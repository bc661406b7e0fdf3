"""What is told in words to be more, less or as much as usual: by the levels of what it speaks of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from worker.agent.grounding.checks import leading, wayless
from worker.agent.grounding.checks.movements import PER_MANY, levels_of, rated, went
from worker.agent.grounding.report import metrics, owners
from worker.agent.grounding.report.known import DEVIATING, Known, Level, Subject
from worker.agent.grounding.text import context, numerals, slightness
from worker.agent.grounding.text.claims import Claim, Found, judged
from worker.agent.grounding.text.comparisons import IF
from worker.agent.grounding.text.denials import LEFT_OPEN
from worker.agent.grounding.text.topics import SIGNALS, topics

_USUALLY = r"(?:usually|normally|typically|ordinarily|always)"
_USUAL = (
    rf"(?:{_USUALLY}|usual|before|normal|expected|ever|in the baseline"
    r"|(?:the|its|their|those|that) (?:(?:hour|level|value)s? )?(?:usual|normal|expected)\b[^,;.]{0,24}"
    rf"|(?:what |that |which )?(?:it|they|an?|its|their|each)(?: requests?)? {_USUALLY} \w+"
    rf"|the [\d.,]+ ?[^\s,;]{{1,12}}(?: a minute)? (?:that |which )?(?:is|are|was|were) (?:usual|expected|normal))\b"
)
# "Far fewer calls than before", "1.6 times less CO₂ than its requests usually take".
THAN_USUAL = re.compile(
    r"\b(?:(?P<little>slightly|marginally|somewhat|a (?:little|bit)|barely) "
    r"|(?P<far>far|much|considerably|vastly|significantly|clearly|markedly|substantially|many|a lot|times) )?"
    r"(?:(?P<more>more|higher|larger|greater|bigger)|(?P<slower>longer|slower)"
    r"|(?P<less>less|fewer|lower|smaller)|(?P<faster>shorter|faster|quicker))\b"
    rf"(?P<what>(?:[^,;.]|[.,]\d){{0,60}}?) than {_USUAL}",
    re.IGNORECASE,
)
# "About the same as before", "much the same as usual", "as fast as before".
AS_USUAL = re.compile(
    r"\b(?:the same|as (?:fast|quick|quickly|slow|slowly|high|low|much|many|often)|similar|equal|identical|comparable)"
    rf"(?P<what>[^,;.]{{0,40}}?) (?:as|to|with) {_USUAL}"
    r"|\b(?:roughly|about|nearly|almost|exactly|just|precisely) what (?:(?:is|was|were|it|they|had been) ){0,2}"
    r"(?:usual|usually|expected|normal)\b",
    re.IGNORECASE,
)

OF_A_REQUEST = re.compile(
    r"\b(?:each|every|a|an|any|one|per|its|their|the same) (?:single )?requests?\b(?=[^,;]{0,60}\b(?:CO[₂2]e?|carbon"
    r"|emissions|takes?|costs?|usually)\b)",
    re.IGNORECASE,
)
REQUESTS = re.compile(r"\b(?:requests?|calls?|(?<!network )traffic|load|demand)\b", re.IGNORECASE)
# What levels are not of.
OTHERS = frozenset({"lines", "users", "orders", "revenue", "cost", "energy", "intensity", "instances", "incidents"})
# From so many times the usual on it is far from it.
FAR = 1.2
# And from so many times on it is not a little.
LITTLE = 2
# So few standard deviations are none.
CLEAR = 1


# "The latency p95 of payments is at its usual 29 ms".
AT_THE_USUAL = re.compile(
    r"\b(?:is|are|was|were|stays?|stayed|remains?|remained|lies|lay|stands?) (?:\w+ )?(?:at|near|around) "
    r"(?:its|the|their) (?:usual|normal|expected) (?:value of |level of |rate of )?(?=\d)"
)


def at_the_usual(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Where the usual value is told, that of now is no other."""
    for found in () if IF.search(text) else AT_THE_USUAL.finditer(text):
        number = next((one for one in numerals.numbers(text) if one.span[0] == found.end()), None)
        named = {one.text for one in mentions} & known.services or {known.report.service or ""}
        of = [one for one in known.facts if number and number.low <= one.value <= number.high and one.role == "usual"]
        of = [one for one in of if one.subject.service in named and number and one.dimension == number.dimension]
        now = [
            (one.value, other.value)
            for one in of
            for other in known.facts
            if replace(other, value=0.0, role=None, evidence=None) == replace(one, value=0.0, role=None, evidence=None)
            and other.role == "now"
        ]
        if now and not any(abs(usual - it) <= NEAR * max(abs(usual), abs(it)) for usual, it in now):
            yield judged("direction", found, False, "it is another one now")


NEAR = 0.15


# "It emitted no more than its requests explain", "… as much as its traffic accounts for".
EXPLAINED = re.compile(
    r"\b(?:emit\w*|produc\w+|us(?:e|es|ed)|took|takes?)(?: [\w₂]+){0,2}?"
    r" (?:(?P<no>no )?(?P<more>more)(?: (?:CO[₂2]e?|carbon))? than|as much(?: (?:CO[₂2]e?|carbon))? as)"
    r" (?:what |that which )?(?:its|the|their|these) (?:requests?|traffic|demand|load)"
    r" (?:explains?|accounts? for|justif\w+|needs?|warrants?|calls? for|takes?)\b",
    re.IGNORECASE,
)


def explained(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """By the excess that is measured of whom was alerted."""
    excess, named = known.report.impact.carbon.excess_co2_grams, {one.text for one in mentions} & known.services
    for found in () if IF.search(text) else EXPLAINED.finditer(text):
        is_told = excess is not None and named <= {known.report.service}
        is_more = excess is not None and excess.low > 0
        yield judged(
            "direction", found, is_told and is_more == bool(found["more"] and not found["no"]), "", is_open=not is_told
        )


def usual(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Of each signal that is spoken of; a figure that tells by how much is checked by itself."""
    if known.past:
        return
    for found in THAN_USUAL.finditer(text):
        if wayless.THAN_A_QUANTILE.search(found[0]):
            # "1 of 18 lines was slower than its usual p95": a count.
            continue
        levels = _levels(found, text, mentions, known) or _lines(found, text, mentions, known)
        if levels and not _is_open(found.start(), text) and (found["far"] or not SO_MANY.search(text[: found.start()])):
            yield judged("direction", found, _is_told_so(found, levels, text, known), "it is the other way round")
    for found in AS_USUAL.finditer(text):
        levels = _levels(found, text, mentions, known)
        if levels and not _is_open(found.start(), text) and not AS_MANY.search(text[: found.start()]):
            yield judged("direction", found, _is_as_usual(found, levels, known), "it is not as usual")


def _is_as_usual(found: re.Match[str], levels: list[Level], known: Known) -> bool:
    """As usual at this hour, or as was expected for the requests that came."""
    excess = known.report.impact.carbon.excess_co2_grams
    if EXPECTED.search(found[0]) and excess and "carbon" in {one.signal for one in levels}:
        return excess.low <= 0 <= excess.high
    return all(went(one) == 0 for one in levels)


def _is_told_so(found: re.Match[str], levels: list[Level], text: str, known: Known) -> bool:
    wanted, is_far = 1 if found["more"] or found["slower"] else -1, bool(found["far"])
    excess = known.report.impact.carbon.excess_co2_grams
    is_of_scope = {"carbon"} <= {one.signal for one in levels} and {one.subject for one in levels} == {known.scope}
    if EXPECTED.search(found[0]) and excess and is_of_scope:
        # What was expected in the whole window.
        return excess.likely * wanted > 0 and (not is_far or excess.low * excess.high > 0)
    if found["little"] and not any(_is_little(one) for one in levels):
        return False
    # With the usual figure itself two figures are compared, however much they vary.
    is_told = EXPECTED.search(found[0]) or re.search(r"\d", found[0])
    is_clear = not (is_told or slightness.is_slight(found.span(), text))
    told = {one.signal: [it for it in levels if it.signal == one.signal] for one in levels}
    return all(any(_is_so(wanted, one, is_far=is_far, is_clear=is_clear) for one in own) for own in told.values())


def _is_little(level: Level) -> bool:
    low, high = sorted((abs(level.actual), abs(level.expected)))
    return high < LITTLE * low or not level.deviates


EXPECTED = re.compile(r"\bexpected\b", re.IGNORECASE)


def _is_open(place: int, text: str) -> bool:
    """Whether it is denied, or told of what is to come."""
    start, _ = context.clause((place, place), text)
    return bool(LEFT_OPEN.search(text[start:place]) or IF.search(text[:place]))


# "1.7 times as many requests as usual": a figure.
AS_MANY = re.compile(r"\b(?:times|twice|half|thirds?|quarters?|percent|tenth)(?: about)? $|%\)? $", re.IGNORECASE)
# "13,400 more requests than usual were slower than 456 ms": a figure.
SO_MANY = re.compile(r"\d[\d.,]*(?: \([^)]*\))? $")


def _levels(found: re.Match[str], text: str, mentions: list[Found], known: Known) -> list[Level]:
    signals = _signals(found, text, known)
    if not signals and PER_MANY.search(text[slice(*context.clause(found.span(), text))]):
        return rated(owners.subjects_or_scope(found.span(), text, mentions, known) or [known.scope], known)
    levels = [levels_of(found.span(), text, mentions, one, known) for one in signals]
    told = [one for own in levels for one in own] if all(levels) else []
    # What was measured of a region is no service's own.
    services = [one.service for one in owners.subjects(found.span(), text, mentions, known) if one.service]
    own = [one for one in told if one.subject.service or not services]
    return own or (_of_parts(services, signals, known) if slightness.is_slight(found.span(), text) else [])


def _of_parts(services: list[str], signals: list[str], known: Known) -> list[Level]:
    """ "Search emitted a bit less than usual", where the region was measured: by its part of the rise or fall."""
    if signals != [known.report.signal] or known.scope.service is not None:
        return []
    parts = leading.rises(signals[0], [], known)
    return [Level(Subject(one), signals[0], parts[one], 0.0, 0.0) for one in services if one in parts]


def _lines(found: re.Match[str], text: str, mentions: list[Found], known: Known) -> list[Level]:
    """Of each log line that was counted, now and as was to be expected, where lines are spoken of."""
    if not LINES.search(found["what"]):
        return []
    subjects = owners.subjects_or_scope(found.span(), text, mentions, known)
    told = [one for one in known.facts if one.dimension == "lines" and one.of and one.subject in subjects]
    expected = {one.of: one.value for one in told if one.statistic == "expected"}
    now = [one for one in told if one.role == "now" and one.of in expected]
    return [Level(one.subject, "lines", one.value, expected[one.of], DEVIATING) for one in now]


LINES = re.compile(r"\blines\b", re.IGNORECASE)


def _signals(found: re.Match[str], text: str, known: Known) -> list[str]:
    """What its own words speak of, else its clause: of "fewer requests are retries" the retries."""
    clause = text[slice(*context.clause(found.span(), text))]
    told = found[0] if topics(found["what"] or "") & {*SIGNALS} else clause
    if topics(told) & OTHERS or PER_MANY.search(clause) or metrics.of_clause(found.span(), text, known):
        return []
    signals = (topics(told) or context.last_spoken_of(found.start(), text)) & {*SIGNALS}
    if signals == {"carbon"}:
        # What was expected was so for the requests that came, or at this hour.
        if OF_A_REQUEST.search(clause):
            return ["carbon_per_demand"]
        may_be = ("carbon_per_demand", "carbon") if EXPECTED.search(found[0]) else ("carbon",)
        return [one for one in may_be if _is_measured(one, known)]
    if not signals and REQUESTS.search(told):
        return ["traffic"]
    if BOTH.search(found["what"] or "") and signals == topics(found["what"]) & {*SIGNALS}:
        # "Far more CPU and carbon than its requests usually take".
        return sorted(
            {"carbon_per_demand" if one == "carbon" and OF_A_REQUEST.search(clause) else one for one in signals}
        )
    return sorted(signals) if len(signals) == 1 else []


BOTH = re.compile(r"\w and (?:more |fewer |less )?\w")


def _is_measured(signal: str, known: Known) -> bool:
    return any(one.signal == signal for one in known.levels)


def _is_so(wanted: int, level: Level, *, is_far: bool, is_clear: bool) -> bool:
    """Which way it went from the usual one; so far that it is told as far, where it is."""
    low, high = sorted((abs(level.actual), abs(level.expected)))
    least = DEVIATING if level.signal == "carbon_per_demand" else CLEAR
    # None at all are fewer, however much they vary.
    is_slight = is_clear and abs(level.deviations) < least and level.actual != 0
    if (level.actual - level.expected) * wanted <= 0 or is_slight:
        return False
    return not is_far or (level.deviates and high >= FAR * low)
