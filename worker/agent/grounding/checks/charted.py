"""What is told of a chart: its peak, its lowest, first and last value, what it went from and to, and when."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from datetime import UTC
from typing import NamedTuple

from worker.agent.grounding.checks.ways import DOWN, UP
from worker.agent.grounding.report import metrics
from worker.agent.grounding.report.known import Known, Point, Series
from worker.agent.grounding.text import claims, context, numerals, ranges, roles, wholes
from worker.agent.grounding.text.claims import Claim, Found, Span
from worker.agent.grounding.text.pairs import Number
from worker.agent.grounding.text.topics import SIGNALS, topics

_OF_CHART = r"(?:value|point|sample|reading|figure|bucket|data point)s?"
CHART = re.compile(
    r"\b(?:charts?|graph|plot(?:ted)?|curve|time series|data points?"
    rf"|(?:last|first|next|previous) {_OF_CHART})\b",
    re.IGNORECASE,
)
# What a figure of a chart is said to be, by the words that stand last before it.
MARKS = (
    (
        "peak",
        r"peak(?:s|ed|ing)?|maximum|highest|tops? out|topped out|crest(?:s|ed)?|(?:is|was|were) (?:longest|largest)",
    ),
    ("lowest", r"minimum|lowest|trough(?:s|ed)?|bottom(?:s|ed)? out|(?:is|was|were) (?:shortest|smallest)"),
    ("last", rf"(?:last|latest|final|most recent) {_OF_CHART}|ends? (?:at|on|with)|ended (?:at|on|with)"),
    ("first", rf"first {_OF_CHART}|(?:starts?|started|begins?|began) (?:at|with)"),
)
EXTREMES = ("peak", "lowest")
MARK = re.compile("|".join(rf"(?P<{name}>\b(?:{words})\b)" for name, words in MARKS), re.IGNORECASE)


class Told(NamedTuple):
    """A sentence without its times of day, and whom it names."""

    text: str
    mentions: list[Found]
    known: Known


def told(text: str, mentions: list[Found], known: Known) -> Told:
    plain = claims.blanked(text, [one.span() for one in claims.TIME.finditer(text)])
    return Told(plain, mentions, known)


def has_extreme(text: str) -> bool:
    return any(found[name] for found in MARK.finditer(text) for name in EXTREMES)


EACH = ("request", "call", "order", "user", "customer", "session", "line")


def _is_of_a_chart(number: Number, it: Told) -> bool:
    """No chart tells a share of users, of a rise, or of writes, nor what each request emits."""
    whole = wholes.whole(number.span, it.text, it.known.services) if number.dimension == "share" else None
    is_of_each = context.per(number.span, it.text) in EACH and number.dimension != "seconds"
    return not is_of_each and whole in (None, "requests", "lines", "cpu", "memory")


def drawn_for(number: Number, it: Told) -> list[Series]:
    """The charts of whom the sentence names, and of the signal that the clause, or else the sentence, speaks of."""
    known, names = it.known, {one.text for one in it.mentions}
    if not _is_of_a_chart(number, it):
        return []
    found = [one for one in known.series if _is_in_its_unit(number, one, it)]
    found = [one for one in found if one.subject.service in names or not names & known.services]
    found = [one for one in found if one.subject.region in names or not names & known.regions]
    for words in (it.text[slice(*context.clause(number.span, it.text))], it.text, known.previous):
        if spoken := topics(words) & {*SIGNALS}:
            return [one for one in found if one.signal in spoken]
        if named := [one for one in found if is_named(one, words)]:
            return named
    return found


def is_named(series: Series, words: str) -> bool:
    parts = [part for part in series.metric.split("_") if len(part) > 3 and part not in ("percent", "seconds")]
    return any(re.search(rf"\b{re.escape(part[:6])}", words, re.IGNORECASE) for part in parts)


def _is_in_its_unit(number: Number, series: Series, it: Told) -> bool:
    noun = number.dimension.removeprefix("of ")
    if noun != number.dimension:
        return metrics.is_counted_by(series.metric, number.dimension)
    if number.dimension == "grams":
        return series.dimension == "grams_per_minute" and bool(CHART.search(it.text))
    return number.dimension in ("", series.dimension)


def is_close(number: Number, series: Series, point: Point) -> bool:
    value = point.value if number.dimension else point.value / series.factor
    return number.low - 1e-9 <= value <= number.high + 1e-9


def in_window(shown: tuple[Point, ...], series: Series, it: Told) -> list[Point]:
    window = it.known.report.window
    return [one for one in shown if one.at + series.step > window.start and one.at < window.end]


WITHIN = re.compile(r"\b(?:in|within|during|of|over) the window\b", re.IGNORECASE)


def _scopes(series: Series, it: Told) -> Iterator[list[Point]]:
    """The points that it may be told of: those of the window, or else all."""
    within = in_window(series.points, series, it)
    yield from [within] if WITHIN.search(it.text) else [within, list(series.points)]


def marked(series: Series, mark: str, it: Told) -> Iterator[Point]:
    for points in filter(None, _scopes(series, it)):
        values = [one.value for one in points]
        of = {"peak": max(values), "lowest": min(values)}.get(mark)
        yield from (
            [one for one in points if one.value == of] if of is not None else [points[-1 if mark == "last" else 0]]
        )


def covers(series: Series, point: Point, clock: str) -> bool:
    """Whether that time, to the minute, is in the stretch that the point is of."""
    hour, minute = (int(one) for one in clock.split(":")[:2])
    at = point.at.astimezone(UTC)
    then = at.replace(hour=hour, minute=minute, second=0)
    return at.replace(second=0) <= then < at + series.step


RANGE = re.compile(
    r"\b(?:expected|usual|normal|predicted) (?:range|band|corridor|interval)\b|\brange of the expectation\b",
    re.IGNORECASE,
)
# "It then falls to 14 %": of the chart of the sentence before.
LEANING = re.compile(r"\W*(?:It|From there|Then|Afterwards|After that|Later|Before that)\b")


def extreme(number: Number, text: str, mentions: list[Found], known: Known) -> Claim | None:
    """ "CO₂ peaked at 0.68 g a minute", "the last value of the chart is 30": of whatever was drawn, it is that."""
    it = told(text, mentions, known)
    if ranges.bound(number.span, it.text) and RANGE.search(it.text):
        return _expected(number, it)
    mark = _mark(number.span, it.text)
    if mark is None or not (mark in EXTREMES or _speaks_of_chart(it)):
        return None
    drawn = drawn_for(number, it)
    if not drawn:
        return None
    is_so = any(is_close(number, one, point) for one in drawn for point in marked(one, mark, it))
    return _claim(number, holds=is_so)


def drawn(number: Number, text: str, mentions: list[Found], known: Known) -> Claim | None:
    """An end of the expected range, or, where the sentence speaks of the chart, any of its values."""
    it = told(text, mentions, known)
    role = "now" if (course := _course(number, it.text)) else roles.role(number.span, it.text)
    if role == "excess":
        return None
    if role == "usual":
        # "Against an expected 0.33 g".
        return _expected(number, it) if RANGE.search(it.text) else None
    if not (RANGE.search(it.text) or _speaks_of_chart(it)):
        return None
    found = drawn_for(number, it)
    is_end = bool(RANGE.search(it.text)) and any(_is_expected(number, one, it) for one in found)
    if not found or not (is_end or _speaks_of_chart(it)):
        return None
    course = course or (number, number)
    return _claim(number, holds=is_end or (_is_told_way(*course, it.text) and any(_has(*course, one) for one in found)))


def _expected(number: Number, it: Told) -> Claim | None:
    """ "Up to 1,093 s would have been within the expected range": an end of it in the window."""
    of = drawn_for(number, it)
    return _claim(number, holds=any(_is_expected(number, one, it) for one in of)) if of else None


def is_then(time: re.Match[str], text: str, mentions: list[Found], known: Known) -> bool | None:
    """Whether what the clause tells of a chart was at that time; None where it tells of none."""
    it = told(text, mentions, known)
    clock, at = time.span("clock"), claims.clock(time)
    if not AT.search(text[: clock[0]]) or not (has_extreme(text) or CHART.search(text)):
        return None
    start, end = context.clause(clock, it.text)
    figures = [one for one in numerals.numbers(it.text) if start <= one.span[0] < end]
    mark = next((found for found in MARK.finditer(it.text, start, end) if found.lastgroup in EXTREMES), None)
    number = next(iter(figures), Number(clock, 0.0, "", 0.0, 0.0, ""))
    of = drawn_for(number, it)
    if mark and of:
        shown = [(one, point) for one in of for point in marked(one, mark.lastgroup or "", it)]
        return any(covers(one, point, at) for one, point in shown)
    shown = [(one, point) for one in of for point in one.points if figures and is_close(number, one, point)]
    return any(covers(one, point, at) for one, point in shown) or None


# "At 14:21 UTC", and no onset or alert then.
AT = re.compile(
    r"(?<!onset )(?<!window )(?<!alert )(?<!deployed )\b(?:at|around|about|by|in the minute of) $|\($|^$",
    re.IGNORECASE,
)


def _claim(number: Number, *, holds: bool) -> Claim:
    return Claim("number", number.span, number.text, holds, "" if holds else "the chart shows another value")


def _speaks_of_chart(it: Told) -> bool:
    before = it.known.previous
    is_leaning = LEANING.match(it.text) and (CHART.search(before) or has_extreme(before))
    return bool(CHART.search(it.text) or has_extreme(it.text) or is_leaning)


TO = re.compile(r"[^,;.\d]{0,16} to (?:about |roughly |over )?")
FROM = re.compile(r"\bfrom (?:about |roughly |just )?$")


def _course(number: Number, text: str) -> tuple[Number, Number] | None:
    """ "From 10 to 53": both, where it is one of these."""
    return next(
        (
            (one, other)
            for one, other in itertools.pairwise(numerals.numbers(text))
            if number.span in (one.span, other.span)
            and FROM.search(text[: one.span[0]])
            and TO.fullmatch(text[one.span[1] : other.span[0]])
        ),
        None,
    )


def _has(first: Number, second: Number, series: Series) -> bool:
    """Whether it has both values, of "from 10 to 53" the second after the first."""
    begun = [one.place for one in series.points if is_close(first, series, one)]
    last = max((one.place for one in series.points if is_close(second, series, one)), default=-1)
    return any(place < last or first is second for place in begun)


def _is_told_way(first: Number, second: Number, text: str) -> bool:
    """ "They rise from 59 to 30" is no course."""
    falls, rises = FALLING.search(text), RISING.search(text)
    return bool(falls) == bool(rises) or first is second or (first.value > second.value) == bool(falls)


FALLING, RISING = (
    re.compile(rf"(?:{words.pattern}|\b(?:{plain})\b)[^,;]*? from\b", re.IGNORECASE)
    for words, plain in ((DOWN, "fall|drop|sink|decline|decrease"), (UP, "rise|climb|jump|grow|increase"))
)
# "25.1 % at its peak".
MARK_BEHIND = re.compile(
    r"[^,;.\d]{0,14} (?:at|is|was|as) (?:its|the) (?:(?P<peak>peak|highest|maximum)|(?P<lowest>lowest|minimum))\b",
    re.IGNORECASE,
)


def _mark(span: Span, text: str) -> str | None:
    """What the words right behind the figure, or else the last before it, make of it."""
    if behind := MARK_BEHIND.match(text, span[1]):
        return behind.lastgroup
    before = re.split(r"\d|[;:(] ?|,? (?:and|but|while|whereas|so|as) ", text[: span[0]])[-1]
    return next((found.lastgroup for found in reversed(list(MARK.finditer(before)))), None)


def _is_expected(number: Number, series: Series, it: Told) -> bool:
    return any(is_close(number, series, one) for one in in_window(series.high, series, it))
