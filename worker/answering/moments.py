"""What single moments and periods mean on one calendar: a time of day, a date, a weekday, a week, a month."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta

from worker.answering import time_forms as forms
from worker.answering.calendar import DAY, PARTS, Calendar, Span
from worker.domain.window import parse_time

_HALF = re.compile(r"\b(\d{1,2})(?:[:.](\d{2}))?(?::\d{2})? ?([ap])\.?m\b")
# An hour of a clock of twelve hours; 09:30 is none.
_TWELVE = r"([1-9]|1[0-2])(?:[:.](\d{2}))?"
_OTHER = {"a": "p", "p": "a"}


class Unclear(ValueError):
    """It may be several times. The message says how to write the one that is meant."""


def span_of(text: str, calendar: Calendar, day: date | None = None) -> Span:
    """An instant, a day, or another period. `day` is the one that a mere time of day is of. Raises ValueError."""
    text = text.strip(" ,")
    if re.fullmatch(forms.ISO, text):
        return _iso(text, calendar)
    if is_clock(text):
        return calendar.instant(day, clock_of(text)) if day else calendar.latest_time(clock_of(text))
    if both := _day_and_clock(text):
        return calendar.instant(day_of(both[0], calendar), clock_of(both[1]))
    return _period(text, calendar)


def _iso(text: str, calendar: Calendar) -> Span:
    if not re.search(rf"{forms.OFFSET}$", text[16:]):
        local = datetime.fromisoformat(text.upper())
        return calendar.instant(local.date(), local.time())
    moment = parse_time(text.replace(" ", "T", 1).replace(" ", "").replace("−", "-").upper())
    return Span(moment, moment, moment.astimezone(calendar.zone.clock).date(), is_moment=True)


def is_clock(text: str) -> bool:
    return re.fullmatch(rf"{forms.CLOCK}|{forms.BARE}", text.strip(" ,")) is not None


def _day_and_clock(text: str) -> tuple[str, str] | None:
    clock = rf"{forms.CLOCK}|{forms.BARE}"
    if found := re.fullmatch(rf"({forms.DAY}){forms.AT}({clock})", text):
        return found[1], found[2]
    found = re.fullmatch(rf"({clock}){forms.ON}({forms.DAY})", text)
    return (found[2], found[1]) if found else None


def clock_of(text: str) -> time:
    """Raises ValueError for what is no time of day."""
    text = text.strip(" ,")
    if re.match(r"\d{1,2}\.\d", text):
        text = text.replace(".", ":")
    named = {"noon": time(12), "midday": time(12), "midnight": time(0)}
    if text in named:
        return named[text]
    parts = re.match(r"(\d{1,2})(?::(\d{2}))?(?::(\d{2}))?\s*(?:([ap])[.:]?m)?", _in_figures(text))
    assert parts is not None  # what the patterns let through
    hour, minute, second = (int(part or 0) for part in parts.groups()[:3])
    if parts[4]:
        if not 1 <= hour <= 12:
            raise ValueError("with am or pm the hour is from 1 to 12")
        hour = hour % 12 + (12 if parts[4] == "p" else 0)
    return time(hour % 24 if (hour, minute, second) == (24, 0, 0) else hour, minute, second)


def _in_figures(text: str) -> str:
    """Half past two: 2:30. A quarter to one: 12:45."""
    text = re.sub(rf"\b(?:{'|'.join(forms.HOURS)})\b", lambda word: str(forms.HOURS[word[0]]), text)
    past = re.fullmatch(r"(?:a )?(half|quarter) (past|to) (\d{1,2})(.*)", text)
    if past is None:
        return text
    hour, minutes = int(past[3]), 30 if past[1] == "half" else 15
    if past[2] == "to":
        hour, minutes = (hour - 1) % 24 or 12, 45
    return f"{hour}:{minutes}{past[4]}"


def with_half(first: str, second: str) -> tuple[str, str]:
    """Where am or pm is said at one end of a span it is meant of the other as well: "9 to 11 pm", "from 9 am to 5"."""
    begin, end = _HALF.search(first), _HALF.search(second)
    if end and not begin and _tells_a_clock(first) and (bare := re.search(rf"(?:^|(?<=[ ,])){_TWELVE}$", first)):
        half = end[3] if _of_half(bare, end[3]) < _of_half(end, end[3]) else _OTHER[end[3]]
        return f"{first} {half}m", second
    if begin and not end and _tells_a_clock(second) and (bare := re.match(rf"{_TWELVE}(?=$|[ ,])", second)):
        half = begin[3] if _of_half(bare, begin[3]) > _of_half(begin, begin[3]) else _OTHER[begin[3]]
        return first, f"{bare[0]} {half}m{second[bare.end() :]}"
    return first, second


def _tells_a_clock(text: str) -> bool:
    return is_clock(text) or _day_and_clock(text) is not None


def _of_half(clock: re.Match[str], half: str) -> tuple[int, int]:
    return int(clock[1]) % 12 + (12 if half == "p" else 0), int(clock[2] or 0)


def day_of(text: str, calendar: Calendar) -> date:
    """Raises ValueError."""
    text = text.strip(" ,")
    if text.endswith("day before yesterday"):
        return calendar.today - 2 * DAY
    if text in ("yesterday", "today"):
        return calendar.today - (DAY if text == "yesterday" else timedelta())
    if ago := re.fullmatch(r"(.+) days? ago", text):
        return calendar.today - number_of(ago[1]) * DAY
    which, _, name = text.rpartition(" ")
    if name in forms.WEEKDAYS and which in ("", "last", "this", "past"):
        return calendar.weekday(forms.WEEKDAYS[name], before_today=which in ("last", "past"))
    if re.fullmatch(forms.NUMERIC, text):
        return _numeric_date(text)
    return date.fromisoformat(text) if re.fullmatch(forms.ISO_DATE, text) else _date(text, calendar)


def _numeric_date(text: str) -> date:
    """With dots the day comes first; with other signs either may, and which one is not guessed."""
    first, second, third = (int(number) for number in re.split(r"[./-]", text))
    if first > 31:
        return date(first, second, third)
    if "." not in text and first <= 12 and second <= 12 and first != second:
        either = f"{date(third, first, second)} or {date(third, second, first)}"
        raise Unclear(f"may be either of two days: write {either}")
    return date(third, first, second) if "." not in text and second > 12 else date(third, second, first)


def _date(text: str, calendar: Calendar) -> date:
    """26 February, Feb 26th, 2026: without a year the latest such day that has begun."""
    words = re.findall(r"[a-z]{3,}|\d+", re.sub(r"(?<=\d)(?:st|nd|rd|th)\b", "", text))
    numbers = [int(word) for word in words if word.isdigit()]
    month = next((forms.MONTHS[word] for word in words if word in forms.MONTHS), None)
    if month is None:
        return _day_of_month(numbers[-1], calendar)
    if len(numbers) == 2:
        return date(numbers[1], month, numbers[0])
    found = date(calendar.today.year, month, numbers[0]) if (month, numbers[0]) != (2, 29) else _leap_day(calendar)
    return found if found <= calendar.today else date(found.year - 1, month, numbers[0])


def _day_of_month(number: int, calendar: Calendar) -> date:
    """The latest day of that number that has begun: not every month has a 31st."""
    back = (calendar.today - days * DAY for days in range(62))
    return next(day for day in back if day.day == number)


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
    if what in ("hour", "week", "weekend", "month", "year"):
        return _of_calendar(what, calendar, is_last=which == "last")
    if year := re.fullmatch(r"(?:the )?(?:year )?(\d{4})", text):
        return calendar.year(int(year[1]))
    if month := re.fullmatch(rf"(last |this )?({forms.MONTH})(?: (\d{{4}}))?", text):
        return _month(forms.MONTHS[month[2].rstrip(".")], month[3], calendar)
    return calendar.days(day_of(text, calendar))


def _day_of_part(which: str, calendar: Calendar) -> date:
    return calendar.today - DAY if which == "last" else day_of(which, calendar)


def _of_calendar(what: str, calendar: Calendar, *, is_last: bool) -> Span:
    if what == "hour":
        return Span(calendar.now - forms.UNITS["hour"], calendar.now)
    if what == "weekend":
        return calendar.weekend(1 if is_last and calendar.today.weekday() >= 5 else 0)
    if what == "year":
        return calendar.year(calendar.today.year - is_last)
    if what == "week":
        return calendar.week(1 if is_last else 0)
    return month_before(calendar) if is_last else calendar.month(calendar.today.year, calendar.today.month)


def month_before(calendar: Calendar) -> Span:
    last = calendar.today.replace(day=1) - DAY
    return calendar.month(last.year, last.month)


def _month(number: int, year: str | None, calendar: Calendar) -> Span:
    """Without a year the latest one that has begun."""
    if year:
        return calendar.month(int(year), number)
    return calendar.month(calendar.today.year - (number > calendar.today.month), number)


def number_of(text: str) -> int:
    return forms.NUMBERS[text] if text in forms.NUMBERS else int(text)
