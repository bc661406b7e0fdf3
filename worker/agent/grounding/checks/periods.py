"""How long what is told took, and with what time it is compared, where that is told without a figure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text import numerals
from worker.agent.grounding.text.claims import Claim, Found, judged
from worker.agent.grounding.text.pairs import Number

SECONDS = {"minute": 60, "quarter of an hour": 900, "half hour": 1800, "hour": 3600, "day": 86400, "week": 604800}
_UNIT = rf"(?P<unit>{'|'.join(sorted(SECONDS, key=len, reverse=True))}|night|month|year)"
# "Over the past hour", "in the last day": how long what was measured took.
PAST = re.compile(
    rf"\b(?:over|in|within|during|for) the (?:past|last|previous|preceding) {_UNIT}\b(?! (?:before|of the baseline))",
    re.IGNORECASE,
)
OF_CHANGES = re.compile(r"\b(?:deploy\w*|change[ds]?|release[ds]?|rollout|rolled|incidents?|baseline)\b", re.IGNORECASE)
# "The baseline is the same ten minutes of the previous week", "compared with the day before".
BASELINE = re.compile(
    r"\b(?:baseline|compar\w+|reference)\b[^.;]*?"
    rf"\b(?:(?:previous|last|prior|past|preceding|an? earlier) {_UNIT}|(?P<day>yesterday)"
    r"|(?:an?|one|the) (?P<ago>hour|day|week|month|year) (?:ago|earlier|before))\b",
    re.IGNORECASE,
)
# "Only one earlier day could be used for that comparison": more of them are a figure.
ONE_DAY = re.compile(
    r"\b(?:one|a single) (?:earlier|previous|past) day (?:could be|can be|was|is) (?:used|available|usable|compared)\b"
    r"|\bcompar\w+ (?:with|to) (?:only |just )?(?:one|a single) (?:earlier|previous|past) day\b",
    re.IGNORECASE,
)
# "The same hour of the week before": no longer than that.
SAME_TIME = re.compile(r"\bthe same (?:hour|time|minutes?|\w+ minutes)\b", re.IGNORECASE)
# A line or a type of errors that "had already occurred before the window".
ALREADY = re.compile(
    r"\b(?:already|also|likewise|(?:just )?as (?:often|many|frequent\w*)) (?:\w+ )?(?:occurred|happened|logged|seen"
    r"|appeared|present|written|existed|there|frequent|common|came|come|showed up)\b[^.;,]{0,40}"
    r"\b(?:before|previously|earlier|in the baseline|during the baseline)\b",
    re.IGNORECASE,
)
# "5 sampled lines, compared with as many before".
AS_MANY = re.compile(
    r"\b(?:just |exactly |about )?as (?:many|much|often|frequently)(?: (?:lines|errors|of them|times))?"
    r"(?: as)? (?:before|earlier|previously|usual(?:ly)?|in the baseline)\b",
    re.IGNORECASE,
)
TIMES = re.compile(r"\b(?:times|twice|half|double|not|n['’]t|never) (?:\w+ )?$", re.IGNORECASE)


def periods(text: str, known: Known) -> Iterator[Claim]:
    """ "Over the past hour": as long as the window; "the previous week": where the baseline goes that far back."""
    window, baseline = known.report.window, known.report.baseline
    for found in () if known.past or OF_CHANGES.search(text) else PAST.finditer(text):
        long = (window.end - window.start).total_seconds()
        holds = 0.75 <= long / SECONDS.get(found["unit"].lower(), 1e9) <= 1.25
        yield judged("state", found, holds, "the window is of another length")
    told = {one.value for one in known.facts if one.signal == "days"}
    for found in ONE_DAY.finditer(text) if told else ():
        yield judged("state", found, SECONDS["day"] in told, "it was compared with more days")
    for found in BASELINE.finditer(text) if not known.past else ():
        unit = SECONDS.get((found["unit"] or found["ago"] or "day").lower(), 1e9)
        reach = (window.start - baseline.start).total_seconds()
        is_long = SAME_TIME.search(text) and baseline.length > 3 * max(window.length, timedelta(hours=1))
        holds = not is_long and reach >= 0.9 * unit and (unit > SECONDS["hour"] or reach <= 1.25 * unit)
        yield judged("state", found, holds, "the baseline is of another time")


def before(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "The error had already occurred before the window": of a type or a quoted line that was counted before."""
    quoted = {pattern for one in known.quoted for pattern in one.patterns}
    told = {one.text for one in mentions if one.text in known.types} or quoted
    for found in ALREADY.finditer(text) if told else ():
        usual = [one.value for one in known.facts if one.of in told and one.role == "usual"]
        yield judged("direction", found, any(usual), "it was not logged before", is_open=not usual)
    for found in AS_MANY.finditer(text):
        before = [one for one in numerals.numbers(text) if one.span[1] <= found.start()][-1:]
        if before and not TIMES.search(text[: found.start()]):
            yield judged("direction", found, _is_as_before(before[0], told, known), "it was another number")


def _is_as_before(number: Number, told: set[str], known: Known) -> bool:
    """Whether the figure has the same usual one: of the type of errors that is named, else of whatever it is."""
    near = [one for one in known.facts if number.low <= one.value <= number.high and (not told or one.of in told)]
    now, usual = ({replace(one, value=0.0, role=None) for one in near if one.role == role} for role in ("now", "usual"))
    return bool(now & usual)
