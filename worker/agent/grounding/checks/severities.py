"""Why a severity is what it is: for the figures that the report gives as its reasons, and for nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.report import record
from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text import numerals
from worker.agent.grounding.text.claims import Claim, judged
from worker.agent.grounding.text.pairs import Number
from worker.agent.grounding.text.topics import SIGNALS, topics

_LEVEL = r"(?:low|medium|high|critical)"
_RATED = (
    rf"(?:severity\b[^.;,]{{0,24}}\b{_LEVEL}|\b(?:rated|classed|classified|graded|judged) (?:as )?(?:an? )?{_LEVEL})"
)
_SINCE = r"because(?: of)?|since|as|due to|owing to|on account of|given(?: that)?|in view of|on the grounds that"
_ON_GROUNDS = r"on (?:(?:one|two|three|several|these) )?(?:grounds?|counts?)(?: of)?:?"
REASONS = (
    re.compile(
        rf"{_RATED}(?: severity)?,? (?:only |just |mainly |merely )?(?:{_SINCE}|{_ON_GROUNDS})"
        r" (?P<reason>[^;.]+(?:\.\d[^;.]*)*)",
        re.IGNORECASE,
    ),
    re.compile(
        rf"^(?:because(?: of)?|since|as|given that) (?P<reason>(?:[^,;]|,\d)+?),? (?:the |its )?{_RATED}", re.IGNORECASE
    ),
)
QUIET = re.compile(
    r"\b(?:no|not|none|nothing|never|neither|too few|threshold|within|usual|expected|normal|demand)\b", re.IGNORECASE
)
MONEY_AND_PEOPLE = {"users", "orders", "revenue", "cost"}


def severities(text: str, known: Known) -> Iterator[Claim]:
    """ "It is critical on account of the latency": where the report counts that among its reasons."""
    for pattern in REASONS:
        for found in pattern.finditer(text):
            span = found.span("reason")
            why = _wrong(found["reason"], known)
            if not why and ALONE.search(found[0]) and not topics(found["reason"]) >= _given(known):
                why = "it has other reasons as well"
            # No statement of the report makes it one: "users noticed it" is told of something else.
            yield Claim("word" if why else "state", span, found["reason"], not why, why)


# "No measured figure reaches the threshold of medium severity".
UNREACHED = re.compile(
    rf"\b(?:no (?:\w+ )?figure|none of (?:the|its|these) (?:\w+ )?figures?)(?: of [\w.-]+)?"
    rf" (?:reaches|reached|meets|met) the (?:threshold|level|limit) (?:of|for) (?:an? )?"
    rf"(?P<level>{_LEVEL})(?: severity)?\b",
    re.IGNORECASE,
)
LEVELS = ("low", "medium", "high", "critical")


def unreached(text: str, known: Known) -> Iterator[Claim]:
    """What is not reached is above what was."""
    for found in UNREACHED.finditer(text):
        holds = LEVELS.index(found["level"].lower()) > LEVELS.index(known.report.severity.value)
        yield judged("state", found, holds, "the severity is as high")


# "It is high only because of the latency", where there are other reasons.
ALONE = re.compile(r"\b(?:only|just|merely|solely|alone|exclusively)\b", re.IGNORECASE)


def _given(known: Known) -> frozenset[str]:
    return topics(" ".join(known.report.severity_reasons)) & {*SIGNALS, *MONEY_AND_PEOPLE}


def _wrong(reason: str, known: Known) -> str:
    given = " ".join(known.report.severity_reasons)
    told, of = topics(reason) & {*SIGNALS, *MONEY_AND_PEOPLE}, topics(given)
    if known.report.severity.value == "low":
        is_quiet = QUIET.search(reason) or record.meanings(given) >= record.meanings(reason)
        return "" if is_quiet else NO_REASON
    if not told or not told <= of:
        return NO_REASON
    return "" if _are_given(reason, given) else "the figure is another one"


NO_REASON = "that is no reason of it"


def _are_given(reason: str, given: str) -> bool:
    """Shares and ratios are those that are given."""
    those = _figures(given)
    return all(
        any(one.low - 1e-9 <= it.value <= one.high + 1e-9 or it.low <= one.value <= it.high for it in those)
        for one in _figures(reason)
    )


def _figures(text: str) -> list[Number]:
    return [one for one in numerals.numbers(text) if one.dimension in ("share", "times")]
