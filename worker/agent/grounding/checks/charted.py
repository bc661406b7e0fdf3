"""What is told of a chart: its peak, its lowest, first and last value, what it went from and to, and when."""

from __future__ import annotations

import re

from worker.agent.grounding.checks import points
from worker.agent.grounding.report.known import Known, Series
from worker.agent.grounding.text import claims, context, numerals, ranges, roles
from worker.agent.grounding.text.claims import Claim, Found, Span
from worker.agent.grounding.text.pairs import Number

RANGE = re.compile(
    r"\b(?:expected|usual|normal|predicted) (?:range|band|corridor|interval)\b|\brange of the expectation\b",
    re.IGNORECASE,
)
# "It then falls to 14 %": of the chart of the sentence before.
LEANING = re.compile(r"\W*(?:It|From there|Then|Afterwards|After that|Later|Before that)\b")


def extreme(number: Number, text: str, mentions: list[Found], known: Known) -> Claim | None:
    """ "CO₂ peaked at 0.68 g a minute", "the last value of the chart is 30": of whatever was drawn, it is that."""
    it = points.told(text, mentions, known)
    if ranges.bound(number.span, it.text) and RANGE.search(it.text):
        return _expected(number, it)
    mark = _mark(number.span, it.text)
    if mark is None or not (mark in points.EXTREMES or _speaks_of_chart(it)):
        return None
    drawn = points.drawn_for(number, it)
    if not drawn:
        return None
    is_so = any(points.is_close(number, one, point) for one in drawn for point in points.marked(one, mark, it))
    return _claim(number, holds=is_so)


def drawn(number: Number, text: str, mentions: list[Found], known: Known) -> Claim | None:
    """An end of the expected range, or, where the sentence speaks of the chart, any of its values."""
    it = points.told(text, mentions, known)
    role = roles.role(number.span, it.text)
    if role == "excess":
        return None
    if role == "usual":
        # "Against an expected 0.33 g".
        return _expected(number, it) if RANGE.search(it.text) else None
    if not (RANGE.search(it.text) or _speaks_of_chart(it)):
        return None
    found = points.drawn_for(number, it)
    is_end = bool(RANGE.search(it.text)) and any(_is_expected(number, one, it) for one in found)
    if not found or not (is_end or _speaks_of_chart(it)):
        return None
    return _claim(
        number, holds=is_end or any(points.is_close(number, one, point) for one in found for point in one.points)
    )


def _expected(number: Number, it: points.Told) -> Claim | None:
    """ "Up to 1,093 s would have been within the expected range": an end of it in the window."""
    of = points.drawn_for(number, it)
    return _claim(number, holds=any(_is_expected(number, one, it) for one in of)) if of else None


def is_then(time: re.Match[str], text: str, mentions: list[Found], known: Known) -> bool | None:
    """Whether what the clause tells of a chart was at that time; None where it tells of none."""
    it = points.told(text, mentions, known)
    clock, at = time.span("clock"), claims.clock(time)
    if not AT.search(text[: clock[0]]) or not (points.has_extreme(text) or points.CHART.search(text)):
        return None
    start, end = context.clause(clock, it.text)
    figures = [one for one in numerals.numbers(it.text) if start <= one.span[0] < end]
    mark = next(
        (found for found in points.MARK.finditer(it.text, start, end) if found.lastgroup in points.EXTREMES), None
    )
    number = next(iter(figures), Number(clock, 0.0, "", 0.0, 0.0, ""))
    of = points.drawn_for(number, it)
    if mark and of:
        shown = [(one, point) for one in of for point in points.marked(one, mark.lastgroup or "", it)]
        return any(points.covers(one, point, at) for one, point in shown)
    shown = [(one, point) for one in of for point in one.points if figures and points.is_close(number, one, point)]
    return any(points.covers(one, point, at) for one, point in shown) or None


# "At 14:21 UTC", and no onset or alert then.
AT = re.compile(
    r"(?<!onset )(?<!window )(?<!alert )(?<!deployed )\b(?:at|around|about|by|in the minute of) $|\($|^$",
    re.IGNORECASE,
)


def _claim(number: Number, *, holds: bool) -> Claim:
    return Claim("number", number.span, number.text, holds, "" if holds else "the chart shows another value")


def _speaks_of_chart(it: points.Told) -> bool:
    before = it.known.previous
    is_leaning = LEANING.match(it.text) and (points.CHART.search(before) or points.has_extreme(before))
    return bool(points.CHART.search(it.text) or points.has_extreme(it.text) or is_leaning)


def _mark(span: Span, text: str) -> str | None:
    """What the last words before the figure make of it."""
    before = re.split(r"\d|[;:(] ?|,? (?:and|but|while|whereas|so|as) ", text[: span[0]])[-1]
    return next((found.lastgroup for found in reversed(list(points.MARK.finditer(before)))), None)


def _is_expected(number: Number, series: Series, it: points.Told) -> bool:
    return any(points.is_close(number, series, one) for one in points.in_window(series.high, series, it))
