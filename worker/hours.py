"""Times of the week in somebody's time zone: weekdays, office hours, nights that run over midnight."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, field_validator

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MIDNIGHT = time(0)
_HOURS = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")


class Hours(BaseModel):
    """From the first time of day to the second, which is not in it; over midnight where the second is not later."""

    model_config = ConfigDict(frozen=True)

    start: time
    end: time

    @property
    def crosses_midnight(self) -> bool:
        return self.end <= self.start

    def __str__(self) -> str:
        end = "24:00" if self.end == MIDNIGHT else f"{self.end:%H:%M}"
        return f"{self.start:%H:%M}-{end}"


def _read_days(value: Any) -> Any:
    parts = [value] if isinstance(value, str) else value
    if not isinstance(parts, list | tuple | frozenset | set):
        raise ValueError("days are a list such as [mon-fri, sun]")  # noqa: TRY004 - what pydantic takes for a complaint
    return frozenset(day for part in parts for day in _span(str(part)))


def _span(text: str) -> list[int]:
    """`fri-mon` is Friday to Monday."""
    first, _, last = text.strip().lower().partition("-")
    names = (first.strip(), (last or first).strip())
    if any(name not in DAYS for name in names):
        raise ValueError(f"{text!r} is no day: {', '.join(DAYS)}, or a span such as mon-fri")
    begin, end = (DAYS.index(name) for name in names)
    return [(begin + step) % 7 for step in range((end - begin) % 7 + 1)]


def _read_hours(value: Any) -> Any:
    if isinstance(value, Hours | dict):
        return value
    form = _HOURS.fullmatch(str(value).strip())
    if form is None:
        raise ValueError(f"{value!r} is no span of the day such as 09:00-17:30 or 22:00-06:00")
    start, end = (_time_of_day(int(hour), int(minute)) for hour, minute in ((form[1], form[2]), (form[3], form[4])))
    return Hours(start=start, end=end)


def _time_of_day(hour: int, minute: int) -> time:
    if (hour, minute) == (24, 0):
        return MIDNIGHT
    if hour > 23 or minute > 59:
        raise ValueError(f"{hour:02d}:{minute:02d} is no time of day")
    return time(hour, minute)


class Period(BaseModel):
    """Weekly times: on `days`, in `hours`; a night belongs to the day on which it begins.

    The clock is the wall's of `time_zone`, so the hours are the same in summer and in winter.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    days: Annotated[frozenset[int], BeforeValidator(_read_days)] = frozenset(range(7))
    hours: Annotated[Hours, BeforeValidator(_read_hours)] = Hours(start=MIDNIGHT, end=MIDNIGHT)
    time_zone: str = "UTC"

    @field_validator("time_zone")
    @classmethod
    def _is_known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"{name!r} is no time zone such as UTC or Europe/Berlin") from None
        return name

    def holds(self, moment: datetime) -> bool:
        local = moment.astimezone(ZoneInfo(self.time_zone))
        today, clock = local.weekday(), local.time()
        if not self.hours.crosses_midnight:
            return today in self.days and self.hours.start <= clock < self.hours.end
        if clock >= self.hours.start:
            return today in self.days
        yesterday = (local.date() - timedelta(days=1)).weekday()
        return clock < self.hours.end and yesterday in self.days

    def __str__(self) -> str:
        return f"{_say_days(sorted(self.days))} {self.hours} {self.time_zone}"


def _say_days(days: list[int]) -> str:
    """Monday first, neighbours as a span: `mon-wed, fri`."""
    if len(days) == len(DAYS):
        return "every day"
    spans: list[list[int]] = []
    for day in days:
        if spans and day == spans[-1][-1] + 1:
            spans[-1].append(day)
        else:
            spans.append([day])
    return ", ".join(DAYS[span[0]] if len(span) == 1 else f"{DAYS[span[0]]}-{DAYS[span[-1]]}" for span in spans)
