"""Days, weeks and hours of one clock, as spans of UTC. Clocks that are put forward or back are reckoned with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from worker.answering.zones import Zone

DAY = timedelta(days=1)
# Hours of a day's parts, of that day's midnight on.
PARTS = {"morning": (6, 12), "afternoon": (12, 18), "evening": (18, 24), "night": (18, 30)}


class Span(NamedTuple):
    """[start, end) in UTC. `day` is the date it is of, where it is of one.

    `is_moment`: it is a time of day, the same at both ends unless the clock showed it twice.
    """

    start: datetime
    end: datetime
    day: date | None = None
    is_moment: bool = False


@dataclass(frozen=True)
class Calendar:
    """The calendar of `zone`, as somebody sees it at `now`."""

    zone: Zone
    now: datetime

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone.clock).date()

    def instant(self, day: date, at: time) -> Span:
        """A time of day, which is two where the clock is put back: then it is from the first to the second of them.

        A time that the clock jumps over is as much later (https://docs.python.org/3/library/datetime.html#datetime.fold).
        """
        local = datetime.combine(day, at, self.zone.clock)
        first, second = (local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
        return Span(first, max(first, second), day, is_moment=True)

    def days(self, first: date, count: int = 1) -> Span:
        """So many whole days, which need not have 24 hours."""
        start, end = (self.instant(day, time()).start for day in (first, first + count * DAY))
        return Span(start, end, first if count == 1 else None)

    def part(self, day: date, name: str) -> Span:
        begins, ends = PARTS[name]
        start, end = self._hour(day, begins), self._hour(day, ends)
        return Span(start.start, end.start, day)

    def _hour(self, day: date, hour: int) -> Span:
        return self.instant(day + (hour // 24) * DAY, time(hour % 24))

    def week(self, back: int = 0) -> Span:
        """From Monday to Sunday, as ISO 8601 has it; `back` weeks ago."""
        monday = self.today - timedelta(days=self.today.weekday() + 7 * back)
        return self.days(monday, 7)

    def weekend(self, back: int = 0) -> Span:
        """The latest Saturday and Sunday that have begun; `back` before them."""
        saturday = self.today - timedelta(days=(self.today.weekday() - 5) % 7 + 7 * back)
        return self.days(saturday, 2)

    def month(self, year: int, number: int) -> Span:
        first = date(year, number, 1)
        following = date(year + number // 12, number % 12 + 1, 1)
        return self.days(first, (following - first).days)

    def year(self, number: int) -> Span:
        return Span(self.month(number, 1).start, self.month(number, 12).end)

    def weekday(self, number: int, *, before_today: bool = False) -> date:
        """The latest such day: today, if today is one, unless it is to be before."""
        back = (self.today.weekday() - number) % 7
        return self.today - timedelta(days=back or (7 if before_today else 0))

    def latest_time(self, at: time) -> Span:
        """The latest such time of day that is not to come."""
        found = self.instant(self.today, at)
        return found if found.start <= self.now else self.instant(self.today - DAY, at)
