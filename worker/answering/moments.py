"""What single moments and periods mean on one calendar: a time of day, a date, a weekday, a week, a month."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta

from worker.answering import time_forms as forms
from worker.answering.calendar import DAY, PARTS, Calendar, Span
from worker.domain.window import parse_time


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
    return date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) else _date(text, calendar)


def _date(text: str, calendar: Calendar) -> date:
    """26 February, Feb 26th, 2026: without a year the latest such day that has begun."""
    words = re.findall(r"[a-z]{3,}|\d+", re.sub(r"(?<=\d)(?:st|nd|rd|th)\b", "", text))
    month = next(forms.MONTHS[word] for word in words if word in forms.MONTHS)
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
    if what in ("week", "weekend", "month", "year"):
        return _of_calendar(what, calendar, is_last=which == "last")
    if what == "hour":
        return Span(calendar.now - forms.UNITS["hour"], calendar.now)
    if month := re.fullmatch(rf"(last |this )?({forms.MONTH})(?: (\d{{4}}))?", text):
        return _month(forms.MONTHS[month[2].rstrip(".")], month[3], calendar)
    return calendar.days(day_of(text, calendar))


def _day_of_part(which: str, calendar: Calendar) -> date:
    return calendar.today - DAY if which == "last" else day_of(which, calendar)


def _of_calendar(what: str, calendar: Calendar, *, is_last: bool) -> Span:
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
