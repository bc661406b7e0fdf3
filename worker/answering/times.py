"""Times as people say them, in one clock. `docs/questions.md` lists what is understood; nothing else is guessed.

A time that is named is looked for in this order: from … to …, since …, before …, … ago, then a day, a week, a month or
a time of day by itself, and the last ….
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import NamedTuple

from worker.answering import moments
from worker.answering import time_forms as forms
from worker.answering.calendar import DAY, Calendar, Span
from worker.answering.reading import QuestionText
from worker.answering.zones import Zone, zone_named
from worker.domain.window import Window

# Around a single moment, so much before and after it.
AROUND = timedelta(minutes=30)
BEFORE = timedelta(hours=24)
LONGEST = timedelta(days=92)
UNCLEAR = 'is not understood as a time: say it like "at 14:30", "yesterday" or "in the last 2 hours"'


class Problem(Exception):
    def __init__(self, words: str, reason: str) -> None:
        super().__init__(reason)
        self.words = words
        self.reason = reason


class Named(NamedTuple):
    """A span of time as the asker named it. `is_now`: what holds at this moment is asked."""

    words: str
    window: Window
    is_now: bool = False


def take_zone(reading: QuestionText) -> Zone | None:
    """The clock that the question names, if it names one."""
    for pattern in forms.ZONES:
        for match in pattern.finditer(reading.left):
            if not _is_of_a_time(match, reading.left) and (zone := zone_named(match["zone"])):
                reading.cut(*match.span())
                return zone
    return None


def _is_of_a_time(zone: re.Match[str], text: str) -> bool:
    """Whether it is the offset of an ISO 8601 time, or where a span of hours ends: "9:30-10:30".

    Behind a space, or where "at" tells a single time, it is that end only if it is the later of the two; behind both it
    is not.
    """
    before = text[: zone.start()]
    if forms.ISO_BEFORE.search(before):
        return True
    begin = forms.TIME_BEFORE.search(before)
    if begin is None or zone["zone"][0] not in "-−":
        return False
    signs = zone[0][0].isspace() + before[: begin.start()].endswith("at ")
    return signs == 0 or (signs == 1 and _figures(begin["time"]) < _figures(zone["zone"]))


def _figures(text: str) -> list[int]:
    return [int(figure) for figure in re.findall(r"\d+", text)]


def take_times(reading: QuestionText, calendar: Calendar) -> list[Named]:
    """Every time that is named. Raises Problem for one that is none, is to come, or is too long."""
    if match := reading.take(forms.TO_COME):
        raise Problem(reading.said(match), "lies in the future, of which nothing is known")
    if match := reading.take(forms.WITHIN):
        words = reading.said(match)
        raise Problem(words, f'may be of the past or to come: say "in the last {words[3:]}"')
    if match := reading.take(forms.UNCLEAR_DAY):
        raise Problem(reading.said(match), f"is not understood as a day: write it like {calendar.today}")
    named = [_named(words, span, calendar) for words, span in _spans(reading, calendar)]
    for pattern in forms.UNCLEAR:
        if match := reading.take(pattern):
            raise Problem(reading.said(match), UNCLEAR)
    return named


def _spans(reading: QuestionText, calendar: Calendar) -> Iterator[tuple[str, Span | None]]:
    for pattern, meaning in _FORMS:
        while match := reading.take(pattern):
            words = _without_preposition(reading.said(match))
            yield words, _meant(words, match, meaning, calendar)


Meaning = Callable[[re.Match[str], Calendar], "Span | None"]


def _meant(words: str, match: re.Match[str], meaning: Meaning, calendar: Calendar) -> Span | None:
    try:
        return meaning(match, calendar)
    except moments.Unclear as error:
        raise Problem(words, str(error)) from None
    except (ValueError, OverflowError) as error:
        raise Problem(words, f"is no time ({error})") from None


def _named(words: str, span: Span | None, calendar: Calendar) -> Named:
    """Cut at now, since nothing is known of what is to come."""
    now = calendar.now
    if span is None:
        return Named(words, Window.before(now, timedelta(hours=1)), is_now=True)
    start, end = span.start, min(span.end, now)
    if start >= now:
        raise Problem(words, "lies in the future, of which nothing is known")
    if end <= start:
        raise Problem(words, "ends before it begins, or was jumped over by the clock")
    if end - start > LONGEST:
        raise Problem(words, f"is longer than {LONGEST.days} days: ask for a part of it")
    return Named(words, Window(start=start, end=end))


def _without_preposition(words: str) -> str:
    return re.sub(r"^(?:in|over|during|within|for|of|on|at) (?:the (?=last|past|previous))?", "", words.strip(" ,"))


# --- what each form means


def _between(match: re.Match[str], calendar: Calendar) -> Span:
    first, second = moments.with_half(match["a"] or match["c"], match["b"] or match["d"])
    day = moments.day_of(match["day"], calendar) if match["day"] else None
    start, end = moments.span_of(first, calendar, day), moments.span_of(second, calendar, day)
    if moments.is_clock(first) and not moments.is_clock(second) and day is None and end.day:
        start = calendar.instant(end.day, moments.clock_of(first))
    elif moments.is_clock(second) and start.day and day is None:
        end = calendar.instant(start.day, moments.clock_of(second))
    if moments.is_clock(second) and end.end <= start.start and start.day:
        end = calendar.instant(start.day + DAY, moments.clock_of(second))
    return Span(start.start, end.end)


def _since(match: re.Match[str], calendar: Calendar) -> Span:
    start = moments.span_of(match["a"], calendar)
    after = match[0].startswith("after") and not start.is_moment
    return Span(start.end if after else start.start, calendar.now)


def _until(match: re.Match[str], calendar: Calendar) -> Span:
    end = moments.span_of(match["a"], calendar).start
    return Span(end - BEFORE, end)


def _last(match: re.Match[str], calendar: Calendar) -> Span:
    """Without a count, a day is 24 hours and a week or a month is the calendar's: "the past week" is seven days."""
    unit, count, words = forms.UNITS[match["unit"]], match["count"], match[0]
    if count is None and "last" in words and "the last" not in words and match["unit"] in ("week", "month"):
        return calendar.week(1) if match["unit"] == "week" else moments.month_before(calendar)
    if count == "0":
        raise moments.Unclear("is no length of time")
    return Span(calendar.now - moments.number_of(count or "a") * unit, calendar.now)


def _ago(match: re.Match[str], calendar: Calendar) -> Span:
    unit, count = forms.UNITS[match["unit"]], moments.number_of(match["count"] or "a")
    if unit == 7 * DAY:
        return calendar.week(count)
    if unit >= DAY:
        return calendar.days(calendar.today - count * unit)
    then = calendar.now - count * unit
    return _around(Span(then, then, is_moment=True))


def _alone(match: re.Match[str], calendar: Calendar) -> Span:
    return _around(moments.span_of(match["a"], calendar))


def _now(match: re.Match[str], calendar: Calendar) -> None:  # noqa: ARG001 - as all of them are called
    return None


_FORMS: tuple[tuple[re.Pattern[str], Meaning], ...] = (
    (forms.BETWEEN, _between),
    (forms.SINCE, _since),
    (forms.UNTIL, _until),
    (forms.AGO, _ago),
    (forms.ALONE, _alone),
    (forms.AT_HOUR, _alone),
    (forms.LAST, _last),
    (forms.NOW, _now),
)


def _around(span: Span) -> Span:
    """A moment with the half hours before and after it; a span as it is."""
    return Span(span.start - AROUND, span.end + AROUND, span.day) if span.is_moment else span
