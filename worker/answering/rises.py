"""How emissions as a whole went: the stretch in which they were most above the two hours before it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from worker.answering.asking import Asking
from worker.answering.calendar import DAY
from worker.answering.course import BEFORE, NOTABLE_RATIO, Peak, grid_of, peaks, summed
from worker.answering.emissions import in_short, rounded
from worker.answering.saying import until_in
from worker.domain.figures import number
from worker.domain.incident import Incident
from worker.domain.lookup import Course, Reading
from worker.domain.report import Report, ReportOutline
from worker.domain.telemetry import Scope
from worker.domain.window import Window
from worker.errors import NotMeasured

# In shorter steps a sum of many is uneven, for not all of them are sampled in the same minutes.
STEP = timedelta(minutes=10)
# A longer span is not looked through so closely, and nothing is said of its course.
LONGEST = timedelta(days=8)
# A rise that began with a report is followed for so long.
FOLLOWED = timedelta(hours=6)
# What explains so much of a rise explains it.
MOST_OF_IT = 0.5


class Rise(NamedTuple):
    """`grams`: above what was usual in the two hours before; so many `times` that it was, unless that was nothing."""

    start: datetime
    end: datetime
    grams: float
    times: float | None


class Went(NamedTuple):
    """The highest rise of a span, if there is one, and a reading of the course that it was sought in."""

    rise: Rise | None
    reading: Reading[Course]


def went(asking: Asking) -> Went | None:
    """None where it is not measured, or too long a time to be looked through."""
    if asking.window.length > LONGEST:
        return None
    try:
        found = [_in(asking, asking.scope, day) for day in _days(asking.window)]
    except NotMeasured:
        return None
    return max(found, key=lambda one: one.rise.grams if one.rise else 0.0)


def began_by(asking: Asking, report: Report | ReportOutline) -> Rise | None:
    """The rise that the report is of, beyond the report's own end."""
    until = min(asking.window.end, report.window.start + FOLLOWED)
    if until <= report.window.start:
        return None
    followed = Window(start=report.window.start, end=until)
    near = Window(start=report.window.start, end=report.timestamp + STEP)
    try:
        return _in(asking, Scope(report.service, report.region), followed, near).rise
    except NotMeasured:
        return None


def in_words(asking: Asking, found: Went) -> list[str]:
    """How much it was in all, and whether and when it rose."""
    if found.rise is None:
        cite = asking.exhibits.add("Course of emissions", found.reading, {"rise": None})
        return [
            *in_short(asking),
            f"As a whole they did not rise: nothing stands out against the two hours before {cite}.",
        ]
    start, end, grams, times = found.rise
    result = {"from": start, "to": end, "grams_above": grams, "times": times}
    cite = asking.exhibits.add("Course of emissions", found.reading, result)
    span = f"{asking.when(start)} until {until_in(end, start, asking.zone)}"
    more = f"{f'{number(times)} times the two hours before, ' if times else ''}{rounded(grams)} above them"
    return [*in_short(asking), f"Emissions rose most from {span}: {more} {cite}."]


def is_of(rise: Rise, asking: Asking, report: Report, incident: Incident | None) -> bool:
    """Whether what the report is of was on during the rise: its incident, or what it was the begin of."""
    end = (incident and incident.resolved_at) or report.timestamp
    if incident is None and (followed := began_by(asking, report)):
        end = max(end, followed.end)
    return report.window.start < rise.end and rise.start < end


def _days(window: Window) -> Iterator[Window]:
    start = window.start
    while start < window.end:
        yield Window(start=start, end=min(start + DAY, window.end))
        start += DAY


def _in(asking: Asking, scope: Scope, span: Window, near: Window | None = None) -> Went:
    grid = grid_of(span, lead=BEFORE, shortest=STEP)
    reading = asking.looks.emitted_over_time(scope, grid, span.end)
    values = summed(reading.rows, grid)
    whole = Course(
        service=scope.service, region=scope.region, start=grid.start, step_seconds=grid.step_seconds, values=values
    )
    found = peaks([whole], near or span, counted=False)
    return Went(_stretch(whole, found[0], span) if found else None, reading)


def _stretch(course: Course, peak: Peak, span: Window) -> Rise:
    """All the steps around the peak that stand out as it does."""
    step = timedelta(seconds=course.step_seconds)
    top = int((peak.start - course.start) // step)
    first = max(top - _how_many(course.values[:top][::-1], peak.usual), int((span.start - course.start) // step))
    last = top + _how_many(course.values[top + 1 :], peak.usual)
    during = [value for value in course.values[first : last + 1] if value is not None]
    start, end = max(course.start + first * step, span.start), min(course.start + (last + 1) * step, span.end)
    usual = peak.usual * len(during)
    return Rise(start, end, sum(during) - usual, sum(during) / usual if usual > 0 else None)


def _how_many(values: Sequence[float | None], usual: float) -> int:
    """So many of the first of them stand out."""
    for index, value in enumerate(values):
        if value is None or value <= usual * NOTABLE_RATIO:
            return index
    return len(values)
