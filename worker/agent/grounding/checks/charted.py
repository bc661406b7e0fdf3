"""What is told of a chart: its peak, its lowest, first and last value, what it went from and to, and when."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import combinations, pairwise

from worker.agent.grounding.checks import points
from worker.agent.grounding.checks.ways import DOWN, UP
from worker.agent.grounding.report.known import Known, Series
from worker.agent.grounding.text import claims, context, numerals, ranges, roles
from worker.agent.grounding.text.claims import Claim, Found, Span
from worker.agent.grounding.text.pairs import Number
from worker.agent.grounding.text.topics import SIGNALS, topics

# "25.1 % at its peak".
MARK_BEHIND = re.compile(
    r"[^,;.\d]{0,14} (?:at|is|was|as) (?:its|the) (?:(?P<peak>peak|highest|maximum)|(?P<lowest>lowest|minimum))\b",
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
LASTING = re.compile(r"\b(?:in|within|during|over|of) the (?P<end>last|first|final) $", re.IGNORECASE)


# "80 % at 13:52 UTC, and has stayed above 75 % since".
SINCE = re.compile(r" (?:ever )?since(?: then)?\b(?! \d)")


def extreme(number: Number, text: str, mentions: list[Found], known: Known) -> Claim | None:
    """ "CO₂ peaked at 0.68 g a minute", "the last value of the chart is 30": of whatever was drawn, it is that."""
    it = points.told(text, mentions, known)
    if number.dimension == "points" and re.fullmatch(r"\S+ points", number.text):
        # No percentage points.
        number = number.scaled(100.0, "of points")
    if number.dimension in COUNTED:
        return _counted(number, it)
    if number.dimension == "seconds" and LASTING.search(it.text[: number.span[0]]) and points.has_extreme(it.text):
        return _lasting(number, it)
    if BOUND.search(it.text[: number.span[0]]) or (ranges.bound(number.span, it.text) and RANGE.search(it.text)):
        return _bound(number, it)
    mark = _mark(number.span, it.text)
    if mark is None or not (mark in points.EXTREMES or _speaks_of_chart(it)):
        return None
    drawn = points.drawn_for(number, it)
    if not drawn:
        return None
    is_so = any(
        points.is_close(number, one, point) for one in drawn for point in points.marked(one, mark, number.span, it)
    )
    return _claim(number, holds=is_so)


def drawn(number: Number, text: str, mentions: list[Found], known: Known) -> Claim | None:
    """An end of the expected range, or, where the sentence speaks of the chart, any of its values."""
    it = points.told(text, mentions, known)
    is_shown = _paired(number, it.text)[0] is not None or NEXT.match(it.text, number.span[1])
    role = "now" if is_shown else roles.role(number.span, it.text)
    if role == "excess":
        return None
    if role == "usual":
        return _of_usual(number, it)
    found = points.drawn_for(number, it)
    if (found and _names_one(it)) and any(_is_shown(number, one, text, it) for one in found):
        return _claim(number, holds=True)
    if not (RANGE.search(it.text) or _speaks_of_chart(it)):
        return None
    is_end = bool(RANGE.search(it.text)) and any(_is_expected(number, one, it) for one in found)
    if not found or not (is_end or _speaks_of_chart(it)):
        return None
    return _claim(number, holds=is_end or any(_has(number, one, it) for one in found))


def _of_usual(number: Number, it: points.Told) -> Claim | None:
    """ "Against an expected 0.33 g": in the expected range of the window."""
    is_of_range = bool(RANGE.search(it.text))
    of = points.drawn_for(number, it) if is_of_range or _speaks_of_chart(it) else []
    if of and is_of_range:
        return _claim(number, holds=any(_is_expected(number, one, it) for one in of))
    return _claim(number, holds=any(_is_usual(number, one, it) for one in of)) if of else None


def _is_usual(number: Number, series: Series, it: points.Told) -> bool:
    factor = 1.0 if number.dimension else series.factor
    ends = (points.in_window(of, series, it) for of in (series.low, series.high))
    return any(
        number.high * factor >= one.value and number.low * factor <= other.value
        for one, other in zip(*ends, strict=False)
    )


def _names_one(it: points.Told) -> bool:
    return bool(topics(it.text) & {*SIGNALS}) or any(points.is_named(one, it.text) for one in it.known.series)


# "Between 18.0 and 18.2 g a minute".
BETWEEN = re.compile(r"\bbetween (?:about )?$", re.IGNORECASE)
AND = re.compile(r"[^,;.\d]{0,12} and (?:about )?")


def _is_shown(number: Number, series: Series, text: str, it: points.Told) -> bool:
    """Of "from 1.6 to 2.5 g", "between 18.0 and 18.2 g", "80 % at 13:52 UTC": whether the chart goes so."""
    other, is_first = _paired(number, it.text)
    if other is not None:
        first, second = (number, other) if is_first else (other, number)
        is_told = context.AT_A_TIME.search(it.text) or _goes_with(first, second, series, it)
        return bool(is_told) and _has(number, series, it)
    figures = numerals.numbers(it.text)
    place = next((place for place, one in enumerate(figures) if one.span == number.span), 0)
    for low, high in pairwise(figures[max(0, place - 1) : place + 2]):
        if BETWEEN.search(it.text[: low.span[0]]) and AND.fullmatch(it.text[low.span[1] : high.span[0]]):
            shown = points.in_window(series.points, series, it)
            return bool(shown) and all(low.low <= one.value <= high.high for one in shown)
    clock = AT_CLOCK.match(text, number.span[1])
    at = [one for one in series.points if clock and points.covers(series, one, clock["clock"])]
    return any(points.is_close(number, series, one) for one in at)


def _goes_with(first: Number, second: Number, series: Series, it: points.Told) -> bool:
    """ "CPU went from 43 % to 41 %", where it is higher in the window than before: a moment is no course of it."""
    within = [one.value for one in points.in_window(series.points, series, it)]
    before = [one.value for one in series.points if one.at < it.known.report.window.start]
    if not within or not before:
        return True
    return (second.value - first.value) * (sum(within) / len(within) - sum(before) / len(before)) > 0


AT_CLOCK = re.compile(r"(?: of CO[₂2]e?)?(?: (?:a|per) minute)? (?:at|around|about) (?P<clock>\d\d:\d\d)\b")


def is_then(time: re.Match[str], text: str, mentions: list[Found], known: Known) -> bool | None:
    """Whether what the clause tells of a chart was at that time; None where it tells of none."""
    it = points.told(text, mentions, known)
    clock, at = time.span("clock"), claims.clock(time)
    if not AT.search(text[: clock[0]]) or not (
        points.has_extreme(text) or points.CHART.search(text) or REACHED.search(text)
    ):
        return None
    start, end = context.clause(clock, it.text)
    behind = WHEN.match(text, clock[1])
    if EVENT.search(it.text, start, clock[0]) or (behind and EVENT.search(behind["what"])):
        return None
    figures = [one for one in numerals.numbers(it.text) if start <= one.span[0] < end]
    mark = next(
        (found for found in points.MARK.finditer(it.text, start, end) if found.lastgroup in points.EXTREMES), None
    )
    number = next(iter(figures), Number(clock, 0.0, "", 0.0, 0.0, ""))
    of = points.drawn_for(number, it)
    if mark and of:
        shown = [(one, point) for one in of for point in points.marked(one, mark.lastgroup or "", clock, it)]
        return any(points.covers(one, point, at) for one, point in shown)
    shown = [(one, point) for one in of for point in one.points if figures and points.is_close(number, one, point)]
    return any(points.covers(one, point, at) for one, point in shown) or None


# What is told to have happened then is no point of a chart.
EVENT = re.compile(
    r"\b(?:deploy|releas|roll|alert|onset|beg[au]n|start|chang|since|after|before|until)\w*", re.IGNORECASE
)
WHEN = re.compile(r"(?: UTC)?,? (?:when|as|just as|at which)\b(?=(?P<what>[^;]*))")
REACHED = re.compile(r"\b(?:touch(?:es|ed)|reach(?:es|ed)|hits?|stood|stands?)\b[^,;]*\d", re.IGNORECASE)
# "At 14:21 UTC", and no onset or alert then.
AT = re.compile(
    r"(?<!onset )(?<!window )(?<!alert )(?<!deployed )\b(?:at|around|about|by|in the minute of) $|\($|^$",
    re.IGNORECASE,
)


def moved(way: int, span: Span, text: str, mentions: list[Found], known: Known) -> bool | None:
    """ "CPU peaked at 25 % and then fell again": whether the last value is on that side of the peak; 0: as expected."""
    it = points.told(text, mentions, known)
    marks = [one for one in points.MARK.finditer(it.text, 0, span[0]) if one.lastgroup in points.EXTREMES]
    start, end = context.clause(span, it.text)
    of = points.drawn_for(Number(span, 0.0, "", 0.0, 0.0, ""), it)
    is_after = marks and THEN.search(it.text[start:end])
    if not is_after and (way or not points.CHART.search(it.text)):
        return None
    if not way:
        return any(one.low and one.low[-1].value <= one.points[-1].value <= one.high[-1].value for one in of)
    if WAYS.search(it.text, marks[-1].end(), span[0]):
        # "… fell to 1.3 million before rising to 31 million".
        marked = [points.marked(one, marks[-1].lastgroup or "", span, it) for one in of]
        last = [max((point.place for point in those), default=0) for those in marked]
        return any(
            way * (after.value - before.value) > 0
            for one, place in zip(of, last, strict=True)
            for before, after in combinations([point for point in one.points if point.place >= place], 2)
        )
    pairs = [(one.points[-1], point) for one in of for point in points.marked(one, marks[-1].lastgroup or "", span, it)]
    return any(way * (last.value - point.value) > 0 for last, point in pairs) if pairs else None


WAYS = re.compile(f"{DOWN.pattern}|{UP.pattern}", re.IGNORECASE)
THEN = re.compile(r"\b(?:then|again|later|afterwards|after that|since(?! \d)|by the end|at the end)\b", re.IGNORECASE)


def _bound(number: Number, it: points.Told) -> Claim | None:
    """ "Never above 7 %", "up to 1,093 s would have been within the expected range"."""
    of, bound = points.drawn_for(number, it), BOUND.search(it.text[: number.span[0]])
    if not of:
        return None
    if bound is None:
        return _claim(number, holds=any(_is_expected(number, one, it) for one in of))
    return _claim(number, holds=any(_is_bound(number, one, bool(bound["over"]), it) for one in of))


def _counted(number: Number, it: points.Told) -> Claim | None:
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
        [point.place for point in series.points if points.is_close(one, series, point)] for one in (chain[0], chain[-1])
    )
    return any(b - a == steps.value for a in first for b in last)


def _lasting(number: Number, it: points.Told) -> Claim | None:
    """ "Peaked at 8.2 s in the last two minutes": whether the peak was there."""
    found = LASTING.search(it.text[: number.span[0]])
    mark = next(
        (one for one in points.MARK.finditer(it.text, 0, number.span[0]) if one.lastgroup in points.EXTREMES), None
    )
    others = [one for one in numerals.numbers(it.text) if one.span != number.span]
    of = [one for other in others for one in points.drawn_for(other, it)]
    if not (found and mark and of):
        return None
    window, length = it.known.report.window, timedelta(seconds=number.value)
    if length > window.length:
        # "The highest value of the last three hours": as long as the chart is.
        whole = max(one.points[-1].at + one.step - one.points[0].at for one in of)
        return _claim(number, holds=abs(whole - length) <= 0.1 * length)
    shown = [(one, point) for one in of for point in points.marked(one, mark.lastgroup or "", number.span, it)]
    if found["end"].lower() == "first":
        return _claim(number, holds=any(point.at < window.start + length for _, point in shown))
    return _claim(number, holds=any(point.at + one.step > window.end - length for one, point in shown))


def _claim(number: Number, *, holds: bool) -> Claim:
    return Claim("number", number.span, number.text, holds, "" if holds else "the chart shows another value")


def _speaks_of_chart(it: points.Told) -> bool:
    before = it.known.previous
    is_leaning = LEANING.match(it.text) and (points.CHART.search(before) or points.has_extreme(before))
    return bool(points.CHART.search(it.text) or points.has_extreme(it.text) or is_leaning)


def _mark(span: Span, text: str) -> str | None:
    """What the words right behind the figure, or else the last before it, make of it."""
    if behind := MARK_BEHIND.match(text, span[1]):
        return behind.lastgroup
    before = re.split(r"\d|[;:(] ?|,? (?:and|but|while|whereas|so|as) ", text[: span[0]])[-1]
    return next((found.lastgroup for found in reversed(list(points.MARK.finditer(before)))), None)


def _is_bound(number: Number, series: Series, is_over: bool, it: points.Told) -> bool:
    told = next(iter(points.scopes(series, number.span, it)), [])
    if it.since and SINCE.match(it.text, number.span[1]):
        since = [one for one in told if points.covers(series, one, it.since)]
        told = [one for one in told if since and one.at >= since[0].at]
    values = [one.value if number.dimension else one.value / series.factor for one in told]
    return bool(values) and (min(values) >= number.value if is_over else max(values) <= number.value)


def _is_expected(number: Number, series: Series, it: points.Told) -> bool:
    end = series.low if LOW_END.search(it.text[: number.span[0]]) else series.high
    return any(points.is_close(number, series, one) for one in points.in_window(end, series, it))


# "From 4 to 78, and was back at 7 in the next point".
NEXT = re.compile(r"(?: [a-z]+)? (?:in|at|with) the (?:next|following) (?:point|sample|value|step)\b")


def _has(number: Number, series: Series, it: points.Told) -> bool:
    """Whether it has that value; of "from 10 to 53" the second after the first."""
    places = [one.place for one in series.points if points.is_close(number, series, one)]
    if NEXT.match(it.text, number.span[1]):
        before = [one for one in numerals.numbers(it.text) if one.span[1] <= number.span[0]][-1:]
        behind = {one.place + 1 for one in series.points if before and points.is_close(before[0], series, one)}
        return bool(behind & {*places})
    other, is_first = _paired(number, it.text)
    if other is None:
        return bool(places)
    others = [one.place for one in series.points if points.is_close(other, series, one)]
    falls, rises = FALLING.search(it.text), RISING.search(it.text)
    first, second = (number, other) if is_first else (other, number)
    if bool(falls) != bool(rises) and (first.value < second.value) == bool(falls):
        return False
    steps = [(b - a) * (1 if is_first else -1) for a in places for b in others]
    return any(step == 1 if ONE_STEP.search(it.text) else step > 0 for step in steps)


TO = re.compile(r"[^,;.\d]{0,16} to (?:about |roughly |over )?")
# "From 0.1 % to 57 % and then to 97 %".
ON_TO = re.compile(r"[^,;.\d]{0,16},? (?:and )?(?:then|later|finally|on)(?: on)? to (?:about )?")


def _paired(number: Number, text: str) -> tuple[Number | None, bool]:
    """The other figure of "from 10 to 53", and whether `number` is the first of them."""
    found = numerals.numbers(text)
    place = next((place for place, one in enumerate(found) if one.span == number.span), None)
    for first in (place, place - 1) if place is not None else ():
        if 0 <= first < len(found) - 1:
            one, other = found[first : first + 2]
            between = text[one.span[1] : other.span[0]]
            is_pair = re.search(r"\bfrom (?:about |roughly |just )?$", text[: one.span[0]]) and TO.fullmatch(between)
            if is_pair or ON_TO.fullmatch(between):
                return (other, True) if first == place else (one, False)
    return None, False
