"""Times as people say them, in one clock. `docs/questions.md` lists what is understood; nothing else is guessed.

A time that is named is looked for in this order: from … to …, since …, before …, … ago, then a day, a week, a month or
a time of day by itself, and the last ….
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from worker.answering.calendar import DAY, PARTS, Calendar, Span
from worker.answering.reading import Reading
from worker.answering.zones import Zone, zone_named
from worker.domain.window import Window, parse_time

# Around a single moment, so much before and after it.
AROUND = timedelta(minutes=30)
BEFORE = timedelta(hours=24)
LONGEST = timedelta(days=92)
MONTH_NAMES = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
DAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = {short: number for number, name in enumerate(MONTH_NAMES, 1) for short in (name, name[:3])} | {"sept": 9}
WEEKDAYS = {short: number for number, name in enumerate(DAY_NAMES) for short in (name, name[:3])}
WEEKDAYS |= {"tues": 1, "thur": 3, "thurs": 3}
NUMBERS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "couple of": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "twelve": 12,
}  # fmt: skip
UNITS = {
    "minute": timedelta(minutes=1), "min": timedelta(minutes=1), "m": timedelta(minutes=1),
    "hour": timedelta(hours=1), "hr": timedelta(hours=1), "h": timedelta(hours=1),
    "day": DAY, "d": DAY, "week": 7 * DAY, "w": 7 * DAY, "month": 30 * DAY,
}  # fmt: skip


def _any(words: object) -> str:
    return "|".join(sorted(map(str, words), key=len, reverse=True))  # type: ignore[call-overload]


_UNIT = rf"(?P<unit>(?:{_any(UNITS)}))s?"
_COUNT = rf"(?P<count>\d{{1,4}}|{_any(NUMBERS)})"
_OFFSET = r"(?:z|[+\-−]\d{2}:?\d{2})"
_ISO = rf"\d{{4}}-\d{{2}}-\d{{2}}(?:t| )\d{{2}}:\d{{2}}(?::\d{{2}}(?:\.\d{{1,6}})?)?\s?{_OFFSET}?"
_MONTH = rf"(?:{_any(MONTHS)})\b\.?"
_ORDINAL = r"\d{1,2}(?:st|nd|rd|th)?\b"
_DATE = (
    rf"\d{{4}}-\d{{2}}-\d{{2}}(?![\dt])|(?:the )?{_ORDINAL} (?:of )?{_MONTH}(?:,? \d{{4}})?"
    rf"|{_MONTH} {_ORDINAL}(?:,? \d{{4}})?"
)
_DAY = (
    rf"(?:the )?day before yesterday|yesterday|today|(?:(?:last|this|past) )?(?:{_any(WEEKDAYS)})\b"
    rf"|{_DATE}|(?:{_any(NUMBERS)}|\d{{1,3}}) days? ago"
)
_PART = _any(PARTS)
_CLOCK = (
    r"(?:\d{1,2}[:.]\d{2}(?::\d{2})?(?: ?[ap]\.?m\b\.?)?|\d{1,2} ?[ap]\.?m\b\.?|\d{1,2} o'clock|noon|midday|midnight)"
)
_BARE = r"\d{1,2}(?![\d:.]|\s*%)"
# "may" and "march" are months only where a time is expected.
_PLAIN_MONTH = rf"(?:{_any(set(MONTHS) - {'may', 'mar', 'march'})})\b\.?"
_CALLED_MONTH = rf"(?:last |this |(?<=in )|(?<=since )|(?<=during )|(?<=from )|(?<=of )|(?<=until )){_MONTH}"
_PERIOD = (
    rf"(?:this|last) (?:week|month|night|weekend|hour|{_PART})|the weekend|weekend|tonight|overnight"
    rf"|(?:(?:{_DAY}),? (?:{_PART})\b)|(?:{_DAY})|{_CALLED_MONTH}(?: \d{{4}})?|{_MONTH} \d{{4}}|{_PLAIN_MONTH}"
)
_AT = r"(?:,? (?:at |around |about )?|, ?)"
_ON = r"(?:,? (?:on |in )?)"


def _moment(clock: str) -> str:
    return rf"{_ISO}|(?:{_DAY}){_AT}(?:{clock})|(?:{clock}){_ON}(?:{_DAY})|{_PERIOD}|{clock}"


_EXACT = rf"(?:{_DAY})(?:,? (?:at|around|about) ){_BARE}|{_moment(_CLOCK)}"
_LOOSE = _moment(rf"{_CLOCK}|{_BARE}")
_TO = r"\s?(?:–|—|-)\s?| (?:to|and|until|till|through) "
_EDGE, _END = r"(?<![\w./:-])", r"(?![\w/:]|\.\w|-\w)"


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(f"{_EDGE}(?:{text}){_END}")


_BETWEEN = _pattern(
    rf"(?:(?P<day>{_DAY}),? )?(?:(?:from|between) (?P<a>{_LOOSE})(?:{_TO})(?P<b>{_LOOSE})"
    rf"|(?P<c>{_EXACT}|{_BARE}(?=\s?[–—-]\s?\d{{1,2}},? (?:on )?(?:{_DAY})))"
    rf"(?:\s?[–—-]\s?| (?:to|until|till|through) )(?P<d>{_LOOSE}))"
)
_SINCE = _pattern(rf"(?:since|after|from) (?P<a>{_LOOSE})(?: on(?:wards?)?)?")
_UNTIL = _pattern(rf"(?:until|till|(?<!day )before|up to) (?P<a>{_LOOSE})")
_LAST = _pattern(rf"(?:(?:in|over|during|within|for|of) )?(?:the )?(?:last|past|previous) (?:{_COUNT} ?)?{_UNIT}")
_AGO = _pattern(rf"(?:(?:about|around) )?{_COUNT} ?{_UNIT} ago")
_ALONE = _pattern(rf"(?:(?:on|in|at|during|around|about|of|for) )?(?P<a>{_EXACT})")
_AT_HOUR = _pattern(rf"(?:at|around|about) (?P<a>{_LOOSE})")
_NOW = _pattern(r"right now|just now|at the moment|at present|currently|now")
_TO_COME = _pattern(r"tomorrow|(?:the )?next (?:\w+)|in the future")
_WITHIN = _pattern(rf"in {_COUNT} ?{_UNIT}")

_ZONES = (
    re.compile(r"(?<![\w/])(?:in |at )?(?P<zone>[a-z_]+(?:/[a-z0-9_+\-]+){1,2})(?: time)?(?![\w/])"),
    re.compile(rf"{_EDGE}(?:in )?(?P<zone>(?:utc|gmt)\s?[+\-−]\s?\d{{1,2}}(?::?\d{{2}})?)(?: time)?(?![\w:])"),
    re.compile(r"(?:(?<=\d)|(?<=\s))\s?(?:in )?(?P<zone>[+\-−]\d{2}:\d{2})(?![\w:])"),
    re.compile(r"(?<![\w/-])(?:in )?(?P<zone>utc|gmt|cet|cest|bst|eet|eest|est|edt|et|mst|mdt|cdt|pst|pdt|pt|jst)"
               r"(?: time)?(?![\w/-])"),
    re.compile(r"(?<![\w/-])(?:in |at )?(?P<zone>[a-z]+(?: [a-z]+)?) (?:local )?time(?:zone| zone)?(?![\w/-])"),
    re.compile(r"(?<![\w/-])(?:in |at )?(?P<zone>[a-z]+) (?:local )?time(?:zone| zone)?(?![\w/-])"),
)  # fmt: skip


# The offset of an ISO 8601 time is its own.
_ISO_BEFORE = re.compile(r"\d{4}-\d{2}-\d{2}[t ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?$")


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


def take_zone(reading: Reading) -> Zone | None:
    """The clock that the question names, if it names one."""
    for pattern in _ZONES:
        for match in pattern.finditer(reading.left):
            if not _ISO_BEFORE.search(reading.left[: match.start()]) and (zone := zone_named(match["zone"])):
                reading.cut(*match.span())
                return zone
    return None


def take_times(reading: Reading, calendar: Calendar) -> list[Named]:
    """Every time that is named. Raises Problem for one that is none, is to come, or is too long."""
    if match := reading.take(_TO_COME):
        raise Problem(reading.said(match), "lies in the future, of which nothing is known")
    if match := reading.take(_WITHIN):
        words = reading.said(match)
        raise Problem(words, f'may be of the past or to come: say "in the last {words[3:]}"')
    return [_named(words, span, calendar) for words, span in _spans(reading, calendar)]


def _spans(reading: Reading, calendar: Calendar) -> Iterator[tuple[str, Span | None]]:
    for pattern, meaning in _FORMS:
        while match := reading.take(pattern):
            words = _without_preposition(reading.said(match))
            yield words, _meant(words, match, meaning, calendar)


Meaning = Callable[[re.Match[str], Calendar], "Span | None"]


def _meant(words: str, match: re.Match[str], meaning: Meaning, calendar: Calendar) -> Span | None:
    try:
        return meaning(match, calendar)
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
    first, second = match["a"] or match["c"], match["b"] or match["d"]
    day = _day(match["day"], calendar) if match["day"] else None
    start, end = _span(first, calendar, day), _span(second, calendar, day)
    if _is_clock(first) and not _is_clock(second) and day is None and end.day:
        start = calendar.instant(end.day, _clock(first))
    elif _is_clock(second) and start.day and day is None:
        end = calendar.instant(start.day, _clock(second))
    if _is_clock(second) and end.end <= start.start and start.day:
        end = calendar.instant(start.day + DAY, _clock(second))
    return Span(start.start, end.end)


def _since(match: re.Match[str], calendar: Calendar) -> Span:
    start = _span(match["a"], calendar)
    after = match[0].startswith("after") and not start.is_moment
    return Span(start.end if after else start.start, calendar.now)


def _until(match: re.Match[str], calendar: Calendar) -> Span:
    end = _span(match["a"], calendar).start
    return Span(end - BEFORE, end)


def _last(match: re.Match[str], calendar: Calendar) -> Span:
    """Without a count, a day is 24 hours and a week or a month is the calendar's: "the past week" is seven days."""
    unit, count, words = UNITS[match["unit"]], match["count"], match[0]
    if count is None and "last" in words and "the last" not in words and unit >= 7 * DAY:
        return calendar.week(1) if unit == 7 * DAY else _month_before(calendar)
    return Span(calendar.now - _number(count or "a") * unit, calendar.now)


def _ago(match: re.Match[str], calendar: Calendar) -> Span:
    unit, count = UNITS[match["unit"]], _number(match["count"])
    if unit == 7 * DAY:
        return calendar.week(count)
    if unit >= DAY:
        return calendar.days(calendar.today - count * unit)
    then = calendar.now - count * unit
    return _around(Span(then, then, is_moment=True))


def _alone(match: re.Match[str], calendar: Calendar) -> Span:
    return _around(_span(match["a"], calendar))


def _now(match: re.Match[str], calendar: Calendar) -> None:  # noqa: ARG001 - as all of them are called
    return None


_FORMS: tuple[tuple[re.Pattern[str], Meaning], ...] = (
    (_BETWEEN, _between),
    (_SINCE, _since),
    (_UNTIL, _until),
    (_AGO, _ago),
    (_ALONE, _alone),
    (_AT_HOUR, _alone),
    (_LAST, _last),
    (_NOW, _now),
)


def _around(span: Span) -> Span:
    """A moment with the half hours before and after it; a span as it is."""
    return Span(span.start - AROUND, span.end + AROUND, span.day) if span.is_moment else span


# --- moments and periods


def _span(text: str, calendar: Calendar, day: date | None = None) -> Span:
    """An instant, a day, or another period. `day` is the one that a mere time of day is of. Raises ValueError."""
    text = text.strip(" ,")
    if re.fullmatch(_ISO, text):
        return _iso(text, calendar)
    if _is_clock(text):
        return calendar.instant(day, _clock(text)) if day else calendar.latest_time(_clock(text))
    if both := _day_and_clock(text):
        return calendar.instant(_day(both[0], calendar), _clock(both[1]))
    return _period(text, calendar)


def _iso(text: str, calendar: Calendar) -> Span:
    if not re.search(rf"{_OFFSET}$", text[16:]):
        local = datetime.fromisoformat(text.upper())
        return calendar.instant(local.date(), local.time())
    moment = parse_time(text.replace(" ", "T", 1).replace(" ", "").replace("−", "-").upper())
    return Span(moment, moment, moment.astimezone(calendar.zone.clock).date(), is_moment=True)


def _is_clock(text: str) -> bool:
    return re.fullmatch(rf"{_CLOCK}|{_BARE}", text.strip(" ,")) is not None


def _day_and_clock(text: str) -> tuple[str, str] | None:
    clock = rf"{_CLOCK}|{_BARE}"
    if found := re.fullmatch(rf"({_DAY}){_AT}({clock})", text):
        return found[1], found[2]
    found = re.fullmatch(rf"({clock}){_ON}({_DAY})", text)
    return (found[2], found[1]) if found else None


def _clock(text: str) -> time:
    """Raises ValueError for what is no time of day."""
    text = text.strip(" ,").replace(".", ":") if re.match(r"\d{1,2}\.\d", text) else text.strip(" ,")
    named = {"noon": time(12), "midday": time(12), "midnight": time(0)}
    if text in named:
        return named[text]
    parts = re.match(r"(\d{1,2})(?::(\d{2}))?(?::(\d{2}))?\s*(?:([ap])[.:]?m)?", text)
    assert parts is not None  # what the patterns let through
    hour, minute, second = (int(part or 0) for part in parts.groups()[:3])
    if parts[4]:
        if not 1 <= hour <= 12:
            raise ValueError("with am or pm the hour is from 1 to 12")
        hour = hour % 12 + (12 if parts[4] == "p" else 0)
    return time(hour % 24 if (hour, minute, second) == (24, 0, 0) else hour, minute, second)


def _day(text: str, calendar: Calendar) -> date:
    """Raises ValueError."""
    text = text.strip(" ,")
    if text.endswith("day before yesterday"):
        return calendar.today - 2 * DAY
    if text in ("yesterday", "today"):
        return calendar.today - (DAY if text == "yesterday" else timedelta())
    if ago := re.fullmatch(r"(.+) days? ago", text):
        return calendar.today - _number(ago[1]) * DAY
    which, _, name = text.rpartition(" ")
    if name in WEEKDAYS and which in ("", "last", "this", "past"):
        return calendar.weekday(WEEKDAYS[name], before_today=which in ("last", "past"))
    return date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) else _date(text, calendar)


def _date(text: str, calendar: Calendar) -> date:
    """26 February, Feb 26th, 2026: without a year the latest such day that has begun."""
    words = re.findall(r"[a-z]{3,}|\d+", re.sub(r"(?<=\d)(?:st|nd|rd|th)\b", "", text))
    month = next(MONTHS[word] for word in words if word in MONTHS)
    numbers = [int(word) for word in words if word.isdigit()]
    if len(numbers) == 2:
        return date(numbers[1], month, numbers[0])
    found = date(calendar.today.year, month, numbers[0]) if (month, numbers[0]) != (2, 29) else _leap_day(calendar)
    return found if found <= calendar.today else date(found.year - 1, month, numbers[0])


def _leap_day(calendar: Calendar) -> date:
    years = range(calendar.today.year, calendar.today.year - 9, -1)
    leap = (year for year in years if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0))
    return next(day for year in leap if (day := date(year, 2, 29)) <= calendar.today)


def _period(text: str, calendar: Calendar) -> Span:
    which, _, what = text.rpartition(" ")
    if text in ("last night", "overnight", "tonight"):
        return calendar.part(calendar.today - (timedelta() if text == "tonight" else DAY), "night")
    if what in PARTS:
        return calendar.part(calendar.today if which in ("this", "") else _day_of_part(which, calendar), what)
    if what in ("week", "weekend", "month"):
        return _of_calendar(what, calendar, is_last=which == "last")
    if what == "hour":
        return Span(calendar.now - UNITS["hour"], calendar.now)
    if month := re.fullmatch(rf"(last |this )?({_MONTH})(?: (\d{{4}}))?", text):
        return _month(MONTHS[month[2].rstrip(".")], month[3], calendar)
    return calendar.days(_day(text, calendar))


def _day_of_part(which: str, calendar: Calendar) -> date:
    return calendar.today - DAY if which == "last" else _day(which, calendar)


def _of_calendar(what: str, calendar: Calendar, *, is_last: bool) -> Span:
    if what == "weekend":
        return calendar.weekend(1 if is_last and calendar.today.weekday() >= 5 else 0)
    if what == "week":
        return calendar.week(1 if is_last else 0)
    return _month_before(calendar) if is_last else calendar.month(calendar.today.year, calendar.today.month)


def _month_before(calendar: Calendar) -> Span:
    last = calendar.today.replace(day=1) - DAY
    return calendar.month(last.year, last.month)


def _month(number: int, year: str | None, calendar: Calendar) -> Span:
    """Without a year the latest one that has begun."""
    if year:
        return calendar.month(int(year), number)
    return calendar.month(calendar.today.year - (number > calendar.today.month), number)


def _number(text: str) -> int:
    return NUMBERS[text] if text in NUMBERS else int(text)
