"""What is told of a chart: its peak, its lowest, first and last value, what it went from and to, and when."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, timedelta
from typing import NamedTuple

from worker.agent.grounding.checks.ways import DOWN, UP
from worker.agent.grounding.report import vocabulary
from worker.agent.grounding.report.known import Known, Point, Series
from worker.agent.grounding.text import claims, context, numerals, ranges
from worker.agent.grounding.text.claims import Claim, Found, Span
from worker.agent.grounding.text.pairs import Number
from worker.agent.grounding.text.topics import SIGNALS, topics

_OF_CHART = r"(?:value|point|sample|reading|figure|bucket|data point)s?"
CHART = re.compile(
    rf"\b(?:charts?|graph|plot(?:ted)?|curve|time series|data points?|(?:last|first) {_OF_CHART})\b", re.IGNORECASE
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
# "25.1 % at its peak".
MARK_BEHIND = re.compile(
    r"[^,;.\d]{0,14} (?:at|is|was|as) (?:its|the) (?:(?P<peak>peak|highest|maximum)|(?P<lowest>lowest|minimum))\b",
    re.IGNORECASE,
)
WITHIN = re.compile(r"\b(?:in|within|during|of|over) the window\b", re.IGNORECASE)
EARLIER = re.compile(
    r"\b(?:before (?:the (?:window|onset|incident|alert)|that|then|it)|until then|up to then|beforehand|earlier"
    r"|in the hours before)\b",
    re.IGNORECASE,
)
# "Never above 7 %", "stayed below 7 %".
BOUND = re.compile(
    r"\b(?:(?P<over>never (?:fell |dropped |was |went )?(?:below|under)|(?:stay\w*|remain\w*|kept|keeps) above)"
    r"|never (?:rose |went |was )?(?:above|over|exceed\w*|reach\w*)|(?:stay\w*|remain\w*|kept|keeps) (?:below|under)"
    r"|(?:did|does|had) not exceed(?:ed)?) (?:about )?$",
    re.IGNORECASE,
)
RANGE = re.compile(
    r"\b(?:expected|usual|normal|predicted) (?:range|band|corridor|interval)\b|\brange of the expectation\b",
    re.IGNORECASE,
)
LOW_END = re.compile(r"\b(?:low(?:er|est)?|down to|bottom|begins?|starts?|from|between)\b[^,;\d]{0,20}$", re.IGNORECASE)
FALLING, RISING = (
    re.compile(rf"(?:{words.pattern}|\b(?:{plain})\b)[^,;]*? from\b", re.IGNORECASE)
    for words, plain in ((DOWN, "fall|drop|sink|decline|decrease"), (UP, "rise|climb|jump|grow|increase"))
)
ONE_STEP = re.compile(
    r"\b(?:in|within|by) (?:one|a single) (?:step|point|sample)|\bfrom one (?:point|sample)", re.IGNORECASE
)
# "It then falls to 14 %": of the chart of the sentence before.
LEANING = re.compile(r"\W*(?:It|From there|Then|Afterwards|After that|Later|Before that)\b")


# What is counted of a chart, and how long a stretch of it is.
COUNTED = ("of points", "of values", "of samples", "of steps")
LASTING = re.compile(r"\b(?:in|within|during|over) the (?P<end>last|first|final) $", re.IGNORECASE)


class Told(NamedTuple):
    """A sentence without its times of day, and whom it names."""

    text: str
    mentions: list[Found]
    known: Known


def told(text: str, mentions: list[Found], known: Known) -> Told:
    return Told(claims.blanked(text, [one.span() for one in claims.TIME.finditer(text)]), mentions, known)


def extreme(number: Number, text: str, mentions: list[Found], known: Known) -> Claim | None:
    """ "CO₂ peaked at 0.68 g a minute", "the last value of the chart is 30": of whatever was drawn, it is that."""
    it = told(text, mentions, known)
    if number.dimension == "points" and re.fullmatch(r"\S+ points", number.text):
        # No percentage points.
        number = number.scaled(100.0, "of points")
    if number.dimension in COUNTED:
        return _counted(number, it)
    if number.dimension == "seconds" and LASTING.search(it.text[: number.span[0]]) and _has_extreme(it.text):
        return _lasting(number, it)
    if BOUND.search(it.text[: number.span[0]]) or (ranges.bound(number.span, it.text) and RANGE.search(it.text)):
        return _bound(number, it)
    mark = _mark(number.span, it.text)
    if mark is None or not (mark in EXTREMES or _speaks_of_chart(it)):
        return None
    drawn = _drawn(number, it)
    if not drawn:
        return None
    is_so = any(_is_close(number, one, point) for one in drawn for point in _marked(one, mark, number.span, it))
    return _claim(number, holds=is_so)


def drawn(number: Number, text: str, mentions: list[Found], known: Known) -> Claim | None:
    """An end of the expected range, or, where the sentence speaks of the chart, any of its values."""
    it = told(text, mentions, known)
    if not (RANGE.search(it.text) or _speaks_of_chart(it)):
        return None
    found = _drawn(number, it)
    if not found:
        return None
    if RANGE.search(it.text) and any(_is_expected(number, one, it) for one in found):
        return _claim(number, holds=True)
    return _claim(number, holds=any(_has(number, one, it) for one in found)) if _speaks_of_chart(it) else None


def is_then(clock: Span, text: str, mentions: list[Found], known: Known) -> bool | None:
    """Whether what the clause tells of a chart was at that time; None where it tells of none."""
    it = told(text, mentions, known)
    if not AT.search(text[: clock[0]]) or not (_has_extreme(text) or CHART.search(text)):
        return None
    start, end = context.clause(clock, it.text)
    figures = [one for one in numerals.numbers(it.text) if start <= one.span[0] < end]
    mark = next((found for found in MARK.finditer(it.text, start, end) if found.lastgroup in EXTREMES), None)
    number = next(iter(figures), Number(clock, 0.0, "", 0.0, 0.0, ""))
    of = _drawn(number, it)
    if mark and of:
        points = [(one, point) for one in of for point in _marked(one, mark.lastgroup or "", clock, it)]
        return any(_covers(one, point, text[slice(*clock)]) for one, point in points)
    points = [(one, point) for one in of for point in one.points if figures and _is_close(number, one, point)]
    return any(_covers(one, point, text[slice(*clock)]) for one, point in points) or None


# "At 14:21 UTC", and no onset or alert then.
AT = re.compile(
    r"(?<!onset )(?<!window )(?<!alert )(?<!deployed )\b(?:at|around|about|by|in the minute of) $|\($|^$",
    re.IGNORECASE,
)


def _covers(series: Series, point: Point, clock: str) -> bool:
    """Whether that time, to the minute, is in the stretch that the point is of."""
    hour, minute = (int(one) for one in re.findall(r"\d+", clock)[-2:]) if clock.count(":") == 1 else (0, 0)
    at = point.at.astimezone(UTC)
    then = at.replace(hour=hour, minute=minute, second=0)
    return at.replace(second=0) <= then < at + series.step


def moved(way: int, span: Span, text: str, mentions: list[Found], known: Known) -> bool | None:
    """ "CPU peaked at 25 % and then fell again": whether the last value is on that side of the peak; 0: as expected."""
    it = told(text, mentions, known)
    marks = [one for one in MARK.finditer(it.text, 0, span[0]) if one.lastgroup in EXTREMES]
    start, end = context.clause(span, it.text)
    if not marks or not THEN.search(it.text[start:end]):
        return None
    of = _drawn(Number(span, 0.0, "", 0.0, 0.0, ""), it)
    if not way:
        return any(one.low and one.low[-1].value <= one.points[-1].value <= one.high[-1].value for one in of)
    pairs = [(one.points[-1], point) for one in of for point in _marked(one, marks[-1].lastgroup or "", span, it)]
    return any(way * (last.value - point.value) > 0 for last, point in pairs) if pairs else None


THEN = re.compile(r"\b(?:then|again|later|afterwards|after that|since(?! \d)|by the end|at the end)\b", re.IGNORECASE)


def _bound(number: Number, it: Told) -> Claim | None:
    """ "Never above 7 %", "up to 1,093 s would have been within the expected range"."""
    of, bound = _drawn(number, it), BOUND.search(it.text[: number.span[0]])
    if not of:
        return None
    if bound is None:
        return _claim(number, holds=any(_is_expected(number, one, it) for one in of))
    return _claim(number, holds=any(_is_bound(number, one, bool(bound["over"]), it) for one in of))


def _counted(number: Number, it: Told) -> Claim | None:
    """ "The chart's three points": of all that are there; "the last three" are no more than that."""
    if not it.known.series or not _speaks_of_chart(it):
        return None
    if number.dimension == "of steps":
        chain = [one for one in numerals.numbers(it.text) if one.span[1] <= number.span[0]]
        return _claim(number, holds=len(chain) > 1 and any(_is_chain(chain, number, one) for one in it.known.series))
    is_part = re.search(r"\b(?:last|first|next|latest|final) $", it.text[: number.span[0]])
    many = [len(one.points) for one in it.known.series]
    return _claim(number, holds=any(number.value < one if is_part else number.value == one for one in many))


def _is_chain(chain: list[Number], steps: Number, series: Series) -> bool:
    """ "From 59 to 159 and on to 363 within two steps": from the first of them to the last."""
    first, last = (
        [point.place for point in series.points if _is_close(one, series, point)] for one in (chain[0], chain[-1])
    )
    return any(b - a == steps.value for a in first for b in last)


def _lasting(number: Number, it: Told) -> Claim | None:
    """ "Peaked at 8.2 s in the last two minutes": whether the peak was there."""
    found = LASTING.search(it.text[: number.span[0]])
    mark = next((one for one in MARK.finditer(it.text, 0, number.span[0]) if one.lastgroup in EXTREMES), None)
    others = [one for one in numerals.numbers(it.text) if one.span[1] <= number.span[0]]
    of = _drawn(others[-1], it) if others else []
    if not (found and mark and of):
        return None
    window, length = it.known.report.window, timedelta(seconds=number.value)
    points = [(one, point) for one in of for point in _marked(one, mark.lastgroup or "", number.span, it)]
    if found["end"].lower() == "first":
        return _claim(number, holds=any(point.at < window.start + length for _, point in points))
    return _claim(number, holds=any(point.at + one.step > window.end - length for one, point in points))


def _claim(number: Number, *, holds: bool) -> Claim:
    return Claim("number", number.span, number.text, holds, "" if holds else "the chart shows another value")


def _speaks_of_chart(it: Told) -> bool:
    before = it.known.previous
    is_leaning = LEANING.match(it.text) and (CHART.search(before) or _has_extreme(before))
    return bool(CHART.search(it.text) or _has_extreme(it.text) or is_leaning)


def _has_extreme(text: str) -> bool:
    return any(found[name] for found in MARK.finditer(text) for name in EXTREMES)


def _mark(span: Span, text: str) -> str | None:
    """What the words right behind the figure, or else the last before it, make of it."""
    if behind := MARK_BEHIND.match(text, span[1]):
        return behind.lastgroup
    before = re.split(r"\d|[;:(] ?|,? (?:and|but|while|whereas|so|as) ", text[: span[0]])[-1]
    return next((found.lastgroup for found in reversed(list(MARK.finditer(before)))), None)


def _drawn(number: Number, it: Told) -> list[Series]:
    """The charts of whom the sentence names, and of the signal that the clause, or else the sentence, speaks of."""
    known, names = it.known, {one.text for one in it.mentions}
    found = [one for one in known.series if _is_in_its_unit(number, one, it)]
    found = [one for one in found if one.subject.service in names or not names & known.services]
    found = [one for one in found if one.subject.region in names or not names & known.regions]
    for words in (it.text[slice(*context.clause(number.span, it.text))], it.text, known.previous):
        if spoken := topics(words) & {*SIGNALS}:
            return [one for one in found if one.signal in spoken]
        if named := [one for one in found if _is_named(one, words)]:
            return named
    return found


def _is_named(series: Series, words: str) -> bool:
    parts = [part for part in series.metric.split("_") if len(part) > 3 and part not in ("percent", "seconds")]
    return any(re.search(rf"\b{re.escape(part[:6])}", words, re.IGNORECASE) for part in parts)


def _is_in_its_unit(number: Number, series: Series, it: Told) -> bool:
    noun = number.dimension.removeprefix("of ")
    if noun == "degrees":
        return bool(re.search(r"fahrenheit|celsius|temperature", series.metric))
    if noun != number.dimension:
        return bool({form[:6] for form in vocabulary.forms(noun)} & {part[:6] for part in series.metric.split("_")})
    if number.dimension == "grams":
        return series.dimension == "grams_per_minute" and bool(CHART.search(it.text))
    return number.dimension in ("", series.dimension)


def _is_close(number: Number, series: Series, point: Point) -> bool:
    value = point.value if number.dimension else point.value / series.factor
    return number.low - 1e-9 <= value <= number.high + 1e-9


def _scopes(series: Series, span: Span, it: Told) -> Iterator[list[Point]]:
    """The points that it may be told of: those of the window, those before it, or all."""
    window = it.known.report.window
    within = [one for one in series.points if one.at + series.step > window.start and one.at < window.end]
    before = [one for one in series.points if one.at + series.step <= window.start]
    clause = it.text[slice(*context.clause(span, it.text))]
    is_before = EARLIER.search(clause) or EARLIER.match(it.text.lstrip())
    is_within = WITHIN.search(it.text)
    yield from [before] if is_before else [within] if is_within else [within, list(series.points)]


def _marked(series: Series, mark: str, span: Span, it: Told) -> Iterator[Point]:
    for points in filter(None, _scopes(series, span, it)):
        values = [one.value for one in points]
        of = {"peak": max(values), "lowest": min(values)}.get(mark)
        yield from (
            [one for one in points if one.value == of] if of is not None else [points[-1 if mark == "last" else 0]]
        )


def _is_bound(number: Number, series: Series, is_over: bool, it: Told) -> bool:
    points = next(iter(_scopes(series, number.span, it)), [])
    values = [one.value if number.dimension else one.value / series.factor for one in points]
    return bool(values) and (min(values) >= number.value if is_over else max(values) <= number.value)


def _is_expected(number: Number, series: Series, it: Told) -> bool:
    window = it.known.report.window
    end = series.low if LOW_END.search(it.text[: number.span[0]]) else series.high
    return any(
        _is_close(number, series, one) for one in end if one.at + series.step > window.start and one.at < window.end
    )


def _has(number: Number, series: Series, it: Told) -> bool:
    """Whether it has that value; of "from 10 to 53" the second after the first."""
    places = [one.place for one in series.points if _is_close(number, series, one)]
    other, is_first = _paired(number, it.text)
    if other is None:
        return bool(places)
    others = [one.place for one in series.points if _is_close(other, series, one)]
    falls, rises = FALLING.search(it.text), RISING.search(it.text)
    first, second = (number, other) if is_first else (other, number)
    if bool(falls) != bool(rises) and (first.value < second.value) == bool(falls):
        return False
    steps = [(b - a) * (1 if is_first else -1) for a in places for b in others]
    return any(step == 1 if ONE_STEP.search(it.text) else step > 0 for step in steps)


def _paired(number: Number, text: str) -> tuple[Number | None, bool]:
    """The other figure of "from 10 to 53", and whether `number` is the first of them."""
    found = numerals.numbers(text)
    place = next((place for place, one in enumerate(found) if one.span == number.span), None)
    for first in (place, place - 1) if place is not None else ():
        if 0 <= first < len(found) - 1:
            one, other = found[first : first + 2]
            is_pair = re.search(r"\bfrom (?:about |roughly |just )?$", text[: one.span[0]]) and re.fullmatch(
                r"[^,;.\d]{0,16} to (?:about |roughly |over )?", text[one.span[1] : other.span[0]]
            )
            if is_pair:
                return (other, True) if first == place else (one, False)
    return None, False
