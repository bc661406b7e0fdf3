"""Courses over time: steps that fit a span, sums of several, and the step that stands out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import NamedTuple

from worker.answering.answer import AnswerChart, Series
from worker.domain.figures import duration
from worker.domain.lookup import Course
from worker.domain.telemetry import Grid, Scope
from worker.domain.window import Window

# The shortest of these of which a span has not more than MOST_STEPS.
STEPS = tuple(timedelta(minutes=minutes) for minutes in (5, 10, 15, 30, 60, 120, 360, 720, 1440))
MOST_STEPS = 300
# What a step is compared with: so long before it.
BEFORE = timedelta(hours=2)
FEWEST_BEFORE = 3
# A rise that is worth an investigation: so many times the usual, and so far beyond chance where things are counted.
NOTABLE_RATIO = 1.3
NOTABLE_DEVIATION = 4.0


class Peak(NamedTuple):
    """A step of one scope that stands out. `over`: how much more than the steps before it, in the course's own unit."""

    scope: Scope
    start: datetime
    end: datetime
    value: float
    usual: float
    over: float


def grid_of(window: Window, *, lead: timedelta = timedelta(), shortest: timedelta = STEPS[0]) -> Grid:
    """Steps that start on the hour, so that whoever asks a little later sees the same ones."""
    length = window.length + lead
    step = next((step for step in STEPS if step >= shortest and length / step <= MOST_STEPS), STEPS[-1])
    seconds = int(step.total_seconds())
    start = datetime.fromtimestamp((window.start - lead).timestamp() // seconds * seconds, UTC)
    return Grid(start, seconds, max(1, -((start - window.end) // step)))


def summed(courses: Sequence[Course], grid: Grid) -> list[float | None]:
    """Their sum, step by step; None where none of them has a value."""
    columns = [
        [value for course in courses if (value := course.values[index]) is not None] for index in range(grid.count)
    ]
    return [sum(column) if column else None for column in columns]


def peaks(courses: Sequence[Course], window: Window, *, counted: bool) -> list[Peak]:
    """Of each scope the step of `window` that stands out most, the one that is most above the usual first."""
    found = [peak for course in courses if (peak := _peak(course, window, counted=counted))]
    return sorted(found, key=lambda peak: -peak.over)


def _peak(course: Course, window: Window, *, counted: bool) -> Peak | None:
    candidates = (_at(course, index, window, counted=counted) for index in range(len(course.values)))
    return max((peak for peak in candidates if peak), key=lambda peak: peak.over, default=None)


def _at(course: Course, index: int, window: Window, *, counted: bool) -> Peak | None:
    step = timedelta(seconds=course.step_seconds)
    start, value = course.start + index * step, course.values[index]
    if value is None or start + step <= window.start or start >= window.end:
        return None
    # A sample after a pause holds what was emitted during it.
    if not counted and (index == 0 or course.values[index - 1] is None):
        return None
    usual = _usual(course, index)
    if usual is None or not _stands_out(value, usual, counted=counted):
        return None
    end = min(start + step, window.end)
    return Peak(Scope(course.service, course.region), start, end, value, usual, value - usual)


def _usual(course: Course, index: int) -> float | None:
    """The median of the two hours before it, but for the step that it may have begun in."""
    steps = max(FEWEST_BEFORE, int(BEFORE.total_seconds() // course.step_seconds))
    before = [value for value in course.values[max(0, index - 1 - steps) : max(0, index - 1)] if value is not None]
    return median(before) if len(before) >= FEWEST_BEFORE else None


def _stands_out(value: float, usual: float, *, counted: bool) -> bool:
    if value <= usual * NOTABLE_RATIO:
        return False
    return not counted or (value - usual) / (usual + 1) ** 0.5 > NOTABLE_DEVIATION


def line_chart(
    what: str, unit: str, scope: Scope, grid: Grid, values: Sequence[float | None], *, per: float = 1.0
) -> AnswerChart:
    """The course of a scope, step by step; each value is of `per` units."""
    points = [(grid.time(index), None if value is None else value / per) for index, value in enumerate(values)]
    title = f"{what} {scope}, steps of {duration(grid.step)}"
    return AnswerChart(title, unit, "line", [Series(str(scope), points)])
