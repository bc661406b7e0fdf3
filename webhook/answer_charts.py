"""Charts of an answer: lines over time, or bars by name, drawn on the server like those of a report (`charts.py`).

Lines differ in their dashes as well as in their colours, for those who do not see these, and on paper.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from markupsafe import Markup

from webhook.charts import BOTTOM, SHORT, TOP, UNITS_HIGH, Axis, axis_of, grid, is_number, runs_of, time_labels
from webhook.charts import value_labels as labels_of
from worker.answering.answer import AnswerChart, Series
from worker.domain.figures import number, span_of
from worker.domain.text import one_line
from worker.domain.window import Window

MOST_LINES = 6
MOST_BARS = 12
LONGEST_NAME = 60
UNITS_WIDE = 1000
ROW = 36
BAR = 10
SMALLEST = 1e-9
SAMPLE = Markup(
    '<svg class="sign" width="22" height="14" aria-hidden="true" focusable="false">'
    '<path class="line l{}" d="M0 7 H22" stroke="currentColor" fill="none"/></svg>'
)


class Line(NamedTuple):
    name: str
    points: list[tuple[datetime, float | None]]


class Entry(NamedTuple):
    """Of the legend: `sign` is a drawing."""

    sign: Markup
    label: str


class AnswerDrawing(NamedTuple):
    title: str
    caption: str
    svg: Markup
    legend: list[Entry]


def drawing(chart: AnswerChart, *, name: str) -> AnswerDrawing | None:
    """None where there is nothing to draw."""
    return _of_lines(chart, name) if chart.kind == "line" else _of_bars(chart, name)


def _of_lines(chart: AnswerChart, name: str) -> AnswerDrawing | None:
    lines = [line for one in chart.series[:MOST_LINES] if len((line := _line(one)).points) > 1]
    if not lines:
        return None
    window = _window(lines)
    axis = axis_of(one_line(chart.unit), [value for line in lines for _, value in line.points])
    paths = Markup("").join(_path(line, place, axis, window) for place, line in enumerate(lines))
    plot = Markup(
        '<svg class="plot" x="0" y="{}" width="100%" height="{}" viewBox="0 0 {} {}" preserveAspectRatio="none"'
        ' overflow="visible">{}</svg>'
    ).format(TOP, SHORT - TOP - BOTTOM, UNITS_WIDE, UNITS_HIGH, paths)
    body = Markup("").join([grid(axis, SHORT), plot, labels_of(axis, SHORT), time_labels(window, SHORT)])
    legend = [Entry(SAMPLE.format(place), _short(line.name)) for place, line in enumerate(lines)]
    left_out = len(chart.series) - len(lines)
    more = [Entry(Markup(""), f"and {left_out} more")] if left_out else []
    described = f"{span_of(window)}. " + " ".join(_in_words(line, axis.unit) for line in lines)
    return AnswerDrawing(
        one_line(chart.title), span_of(window), _svg(chart, name, SHORT, described, body), [*legend, *more]
    )


def _line(series: Series) -> Line:
    """As JSON has a time it is text."""
    points = [
        (datetime.fromisoformat(at) if isinstance(at, str) else at, value if is_number(value) else None)
        for at, value in series.points
    ]
    return Line(series.name, sorted(points, key=lambda point: point[0]))


def _window(lines: list[Line]) -> Window:
    """To the end of the last step."""
    moments = sorted({at for line in lines for at, _ in line.points})
    step = min((later - earlier for earlier, later in pairwise(moments)), default=timedelta(0))
    return Window(start=moments[0], end=moments[-1] + step)


def _path(line: Line, place: int, axis: Axis, window: Window) -> Markup:
    """The title of a line is what a browser shows at it; a sample between two missing ones is a dot."""
    runs = [
        [_at(at, value, axis, window) for at, value in line.points[start:end] if value is not None]
        for start, end in runs_of([value is not None for _, value in line.points])
    ]
    drawn = {
        "line": " ".join("M" + " L".join(run) for run in runs if len(run) > 1),
        "line dot": " ".join(f"M{run[0]} L{run[0]}" for run in runs if len(run) == 1),
    }
    path = Markup(
        '<path class="{} l{}" d="{}" fill="none" stroke="currentColor" stroke-linecap="round"'
        ' stroke-linejoin="round" vector-effect="non-scaling-stroke"><title>{}</title></path>'
    )
    return Markup("").join(path.format(kind, place, d, _short(line.name)) for kind, d in drawn.items() if d)


def _at(at: datetime, value: float, axis: Axis, window: Window) -> str:
    return f"{UNITS_WIDE * ((at - window.start) / window.length):.1f} {axis.y(value):.1f}"


def _in_words(line: Line, unit: str) -> str:
    known = [value for _, value in line.points if value is not None]
    if not known:
        return f"{_short(line.name)}: no sample."
    return f"{_short(line.name)}: {number(min(known))} to {number(max(known))} {unit}."


def _of_bars(chart: AnswerChart, name: str) -> AnswerDrawing | None:
    points = [
        (f"{key}, {series.name}" if len(chart.series) > 1 else str(key), value)
        for series in chart.series
        for key, value in series.points
        if is_number(value)
    ]
    if not points:
        return None
    shown, longest = points[:MOST_BARS], max(SMALLEST, *(abs(value) for _, value in points))
    unit = one_line(chart.unit)
    bars = Markup("").join(_bar(key, value, longest, unit, place) for place, (key, value) in enumerate(shown))
    described = " ".join(f"{_short(key)}: {number(value)} {unit}." for key, value in shown)
    caption = f"the first {MOST_BARS} of {len(points)}" if len(points) > MOST_BARS else ""
    svg = _svg(chart, name, ROW * len(shown), described, bars)
    return AnswerDrawing(one_line(chart.title), caption, svg, [])


def _bar(key: str, value: float, longest: float, unit: str, place: int) -> Markup:
    """Name and value stand above the bar, so that they have room on a phone."""
    y = ROW * place
    return Markup(
        '<text class="name" x="0" y="{}">{}</text><text class="value" x="100%" y="{}" text-anchor="end">{} {}</text>'
        '<rect class="bar-of" x="0" y="{}" width="{:.2f}%" height="{}" rx="2"/>'
    ).format(y + 14, _short(key), y + 14, number(value), unit, y + 20, 100 * abs(value) / longest, BAR)


def _svg(chart: AnswerChart, name: str, height: int, description: str, body: Markup) -> Markup:
    return Markup(
        '<svg class="chart" xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="{name}-title {name}-desc"'
        ' width="100%" height="{height}" overflow="visible" font-size="12" fill="currentColor">'
        '<title id="{name}-title">{title}</title><desc id="{name}-desc">{description}</desc>{body}</svg>'
    ).format(name=name, height=height, title=one_line(chart.title), description=one_line(description), body=body)


def _short(name: str) -> str:
    plain = one_line(name)
    return plain if len(plain) <= LONGEST_NAME else f"{plain[: LONGEST_NAME - 1]}…"
