"""Charts drawn on the server: a `Chart` in, SVG out.

A drawing is fluid: positions along the time axis are percentages, text keeps its size, so one drawing is readable on
a phone and on a desk. Colours and widths belong to the page's style sheet (classes `band`, `series`, `outside`, …);
without it everything falls back to `currentColor`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, TypeGuard

from markupsafe import Markup

from worker.domain.figures import clock, day, duration, exact, number, span_of, time_of
from worker.domain.report import Chart, Mark
from worker.domain.text import one_line
from worker.domain.window import Window

TOP = 30
BOTTOM = 26
TALL = 250
SHORT = 170
UNITS_HIGH = 1000
STRIP_HIGH = 28
SMALLEST_SPAN = 1e-9
SHORTEST_EXCURSION = 3
MOST_TIME_TICKS = 7
MOST_MARKS_NAMED = 6
ROOM_FOR_UTC = 0.13
LONGEST_UNIT = 30

TIME_STEPS = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440))
GLYPHS = {
    "deployment": "M0 -5 L5 0 L0 5 L-5 0 Z",
    "onset": "M-5 -4 L5 -4 L0 5 Z",
    "alert": "M0 -4.5 A4.5 4.5 0 1 1 0 4.5 A4.5 4.5 0 1 1 0 -4.5 Z",
}
SAMPLES = {
    "series": Markup('<path class="series" d="M0 7 H22" stroke="currentColor" fill="none"/>'),
    "outside": Markup('<path class="outside" d="M0 7 H22" stroke="currentColor" fill="none"/>'),
    "band": Markup('<rect class="band" x="0" y="1" width="22" height="12" opacity="0.3"/>'),
    "missing": Markup('<rect class="missing" x="0" y="5" width="22" height="4" opacity="0.4"/>'),
}
LANES = {"deployment": 8, "onset": 21, "alert": 21}


class Axis(NamedTuple):
    """The vertical axis: stored values from `low` to `high`, shown times `factor` in `unit`."""

    low: float
    high: float
    ticks: tuple[float, ...]
    unit: str
    factor: float

    def y(self, value: float) -> float:
        """From the top, in thousandths of the plot's height."""
        return UNITS_HIGH * (self.high - value) / (self.high - self.low)


class LegendEntry(NamedTuple):
    kind: str
    label: str
    time: str | None = None


def draw(chart: Chart, *, name: str, height: int = TALL) -> Markup:
    """The chart as one `<svg>`; `name` makes its ids unique on the page."""
    chart = chart.model_copy(update={"unit": one_line(chart.unit)})
    axis = vertical_axis(chart)
    return Markup(
        '<svg class="chart" xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="{name}-title {name}-desc"'
        ' width="100%" height="{height}" overflow="visible" font-size="12" fill="currentColor">'
        '<title id="{name}-title">{title}</title><desc id="{name}-desc">{description}</desc>'
        "{grid}{plot}{marks}{values}{times}</svg>"
    ).format(
        name=name,
        height=height,
        title=one_line(chart.title),
        description=describe(chart),
        grid=grid(axis, height),
        plot=_plot(chart, axis, height),
        marks=Markup("").join(_mark(chart, mark, height) for mark in visible_marks(chart)),
        values=value_labels(axis, height),
        times=time_labels(_window(chart), height),
    )


def legend(chart: Chart) -> list[LegendEntry]:
    """What the lines and signs of the drawing mean, in the order of their time."""
    entries = [LegendEntry("series", one_line(chart.unit) or "value")]
    if any(value is not None for value in chart.expected_high):
        entries.append(LegendEntry("band", "expected (90 %)"))
    if _outside(chart):
        since = "since the onset" if _onset(chart) else f"for {SHORTEST_EXCURSION} steps or more"
        entries.append(LegendEntry("outside", f"outside expected {since}"))
    if any(not is_number(value) for value in chart.values):
        entries.append(LegendEntry("missing", "no sample"))
    marks = visible_marks(chart)
    named = marks[:MOST_MARKS_NAMED]
    entries += [LegendEntry(mark.kind, one_line(mark.label), f"{clock(mark.at)} UTC") for mark in named]
    if len(marks) > MOST_MARKS_NAMED:
        entries.append(LegendEntry("more", f"and {len(marks) - MOST_MARKS_NAMED} more"))
    return entries


def glyph(kind: str) -> Markup:
    """The sign of a legend entry, as a drawing of its own."""
    sign = Markup('<svg class="sign" width="{}" height="14" aria-hidden="true" focusable="false">{}</svg>')
    if kind in SAMPLES:
        return sign.format(22, SAMPLES[kind])
    mark = Markup('<path class="glyph {}" transform="translate(6 7)" d="{}"/>')
    return sign.format(12, mark.format(kind, GLYPHS[kind]) if kind in GLYPHS else "")


def describe(chart: Chart) -> str:
    """The drawing in words, for those who cannot see it."""
    values = [(value, index) for index, value in enumerate(chart.values) if is_number(value)]
    missing = len(chart.values) - len(values)
    sentences = [f"{span_of(_window(chart))}, in steps of {duration(timedelta(seconds=chart.step_seconds))}."]
    if values:
        (low, low_at), (high, high_at) = min(values), max(values)
        sentences.append(
            f"Lowest {number(low)} {chart.unit} at {clock(_time(chart, low_at))},"
            f" highest {number(high)} {chart.unit} at {clock(_time(chart, high_at))}."
        )
    if missing:
        sentences.append(f"{missing} of {len(chart.values)} steps have no sample.")
    sentences += [f"{mark.kind.capitalize()} at {time_of(mark.at)}: {mark.label}." for mark in visible_marks(chart)]
    return one_line(" ".join(sentences))


def caption(chart: Chart) -> str:
    return span_of(_window(chart))


def vertical_axis(chart: Chart) -> Axis:
    """From zero (or the lowest value, where that is below) to a round number above the highest."""
    return axis_of(chart.unit, [*chart.values, *chart.expected_high, *chart.expected_low])


def axis_of(unit: str, values: Sequence[float | None]) -> Axis:
    known = [value for value in values if is_number(value)]
    factor, unit = _scale(unit, max(map(abs, known), default=0.0))
    bottom, top = min(0.0, min(known, default=0.0)) * factor, max(0.0, max(known, default=0.0)) * factor
    if top - bottom < SMALLEST_SPAN:
        bottom, top = 0.0, 1.0
    step = round_step(top - bottom, most=4)
    first, last = math.floor(bottom / step), math.ceil(top / step)
    ticks = tuple(index * step / factor for index in range(first, last + 1))
    return Axis(low=ticks[0], high=ticks[-1], ticks=ticks, unit=unit, factor=factor)


def _scale(unit: str, size: float) -> tuple[float, str]:
    """Grams from a kilogram on as kilograms, milliseconds from ten seconds on as seconds."""
    head, slash, per = unit.partition("/")
    words = head.split(maxsplit=1)
    if not words:
        return 1.0, unit
    larger = {"g": ("kg", 1_000.0), "ms": ("s", 10_000.0)}.get(words[0])
    if larger is None or size < larger[1]:
        return 1.0, unit
    return 1e-3, " ".join([larger[0], *words[1:]]) + slash + per


def round_step(span: float, *, most: int) -> float:
    """The smallest of 1, 2, 2.5, 5 times a power of ten that divides `span` into at most `most` steps."""
    smallest = span / most
    magnitude = 10.0 ** math.floor(math.log10(smallest))
    return next(size * magnitude for size in (1, 2, 2.5, 5, 10) if size * magnitude >= smallest * (1 - 1e-9))


def time_ticks(window: Window) -> list[datetime]:
    """Round UTC times inside `window`, at most seven."""
    step = next((step for step in TIME_STEPS if window.length / step <= MOST_TIME_TICKS - 1), None)
    step = step or timedelta(days=math.ceil(window.length / timedelta(days=MOST_TIME_TICKS - 1)))
    midnight = window.start.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    tick = midnight + math.ceil((window.start - midnight) / step) * step
    ticks = []
    while tick <= window.end:
        ticks.append(tick)
        tick += step
    return ticks


def visible_marks(chart: Chart) -> list[Mark]:
    window = _window(chart)
    return sorted((mark for mark in chart.marks if window.start <= mark.at <= window.end), key=lambda mark: mark.at)


def _window(chart: Chart) -> Window:
    return Window(start=chart.start, end=_time(chart, max(len(chart.values), 1)))


def _time(chart: Chart, index: int) -> datetime:
    return chart.start + timedelta(seconds=index * chart.step_seconds)


def _percent(chart: Chart, moment: datetime) -> str:
    window = _window(chart)
    return f"{100 * ((moment - window.start) / window.length):.2f}%"


def grid(axis: Axis, height: int) -> Markup:
    line = Markup('<line class="{}" x1="0" x2="100%" y1="{}" y2="{}" stroke="currentColor" stroke-opacity="0.2"/>')
    places = [(tick, f"{pixel(axis, tick, height):.1f}") for tick in axis.ticks]
    return Markup("").join(line.format("zero" if tick == 0 else "grid", y, y) for tick, y in places)


def pixel(axis: Axis, value: float, height: int) -> float:
    return TOP + axis.y(value) / UNITS_HIGH * (height - TOP - BOTTOM)


def _plot(chart: Chart, axis: Axis, height: int) -> Markup:
    shapes = Markup("").join([_missing(chart), _band(chart, axis), _lines(chart, axis), _readings(chart)])
    return Markup(
        '<svg class="plot" x="0" y="{top}" width="100%" height="{height}" viewBox="0 0 {count} {units}"'
        ' preserveAspectRatio="none" overflow="visible">{shapes}</svg>'
    ).format(top=TOP, height=height - TOP - BOTTOM, count=max(len(chart.values), 1), units=UNITS_HIGH, shapes=shapes)


def _missing(chart: Chart) -> Markup:
    """A strip on the time axis under every hole: thin series have many."""
    rect = Markup('<rect class="missing" x="{}" y="{}" width="{}" height="{}" opacity="0.4"/>')
    holes = runs_of([not is_number(value) for value in chart.values])
    return Markup("").join(rect.format(start, UNITS_HIGH - STRIP_HIGH, end - start, STRIP_HIGH) for start, end in holes)


def _band(chart: Chart, axis: Axis) -> Markup:
    known = [
        is_number(low) and is_number(high) for low, high in zip(chart.expected_low, chart.expected_high, strict=False)
    ]
    shape = Markup('<path class="band" d="{}" opacity="0.3"/>')
    return Markup("").join(shape.format(_ribbon(chart, axis, start, end)) for start, end in runs_of(known))


def _ribbon(chart: Chart, axis: Axis, start: int, end: int) -> str:
    """The area between both expected lines, out to the edges of the first and last step."""
    upper = _with_edges(_points(chart.expected_high, axis, start, end), start, end)
    lower = _with_edges(_points(chart.expected_low, axis, start, end), start, end)
    return "M" + " L".join(upper + lower[::-1]) + " Z"


def _points(line: Sequence[float | None], axis: Axis, start: int, end: int) -> list[tuple[float, float]]:
    return [(index + 0.5, axis.y(value)) for index, value in enumerate(line[start:end], start) if is_number(value)]


def _with_edges(points: list[tuple[float, float]], start: int, end: int) -> list[str]:
    return [_at(x, y) for x, y in [(float(start), points[0][1]), *points, (float(end), points[-1][1])]]


def _at(x: float, y: float) -> str:
    return f"{x:g} {y:.1f}"


def _lines(chart: Chart, axis: Axis) -> Markup:
    measured = runs_of([is_number(value) for value in chart.values])
    likely = runs_of([is_number(value) for value in chart.expected_likely])
    return Markup("").join(
        [
            _stroke("expected", [_points(chart.expected_likely, axis, *run) for run in likely]),
            _stroke("series", [_points(chart.values, axis, *run) for run in measured]),
            _stroke("outside", _outside_segments(chart, axis)),
        ]
    )


def _stroke(kind: str, runs: list[list[tuple[float, float]]]) -> Markup:
    """One path through all runs; a run of a single point becomes a dot by its round cap."""
    path = " ".join("M" + " L".join(_at(x, y) for x, y in (run if len(run) > 1 else run * 2)) for run in runs)
    if not path:
        return Markup("")
    return Markup(
        '<path class="{}" d="{}" fill="none" stroke="currentColor" stroke-linecap="round"'
        ' stroke-linejoin="round" vector-effect="non-scaling-stroke"/>'
    ).format(kind, path)


def _outside(chart: Chart) -> list[tuple[int, int]]:
    """Runs of steps outside of what was expected: from the onset on any, without an onset those that last.

    One step in ten is outside of a 90 % interval by chance alone.
    """
    expected = zip(chart.values, chart.expected_low, chart.expected_high, strict=False)
    flags = [
        is_number(value) and ((is_number(high) and value > high) or (is_number(low) and value < low))
        for value, low, high in expected
    ]
    onset = _onset(chart)
    if onset is None:
        return [(start, end) for start, end in runs_of(flags) if end - start >= SHORTEST_EXCURSION]
    return runs_of([flag and _time(chart, index + 1) > onset for index, flag in enumerate(flags)])


def _onset(chart: Chart) -> datetime | None:
    return next((mark.at for mark in visible_marks(chart) if mark.kind == "onset"), None)


def _outside_segments(chart: Chart, axis: Axis) -> list[list[tuple[float, float]]]:
    """The line again where it is outside, with the way there and back."""
    return [_points(chart.values, axis, max(start - 1, 0), end + 1) for start, end in _outside(chart)]


def _readings(chart: Chart) -> Markup:
    """An invisible column a step, whose tooltip reads its value."""
    column = Markup('<rect x="{}" width="1" height="{}"><title>{}</title></rect>')
    steps = range(len(chart.values))
    columns = Markup("").join(column.format(index, UNITS_HIGH, _reading(chart, index)) for index in steps)
    return Markup('<g class="readings" fill="none" pointer-events="all">{}</g>').format(columns)


def _reading(chart: Chart, index: int) -> str:
    value = chart.values[index]
    text = f"{clock(_time(chart, index))} UTC: " + (f"{exact(value)} {chart.unit}" if is_number(value) else "no sample")
    band = [line[index] if index < len(line) else None for line in (chart.expected_low, chart.expected_high)]
    low, high = band
    return f"{text} (expected {number(low)} to {number(high)})" if is_number(low) and is_number(high) else text


def _mark(chart: Chart, mark: Mark, height: int) -> Markup:
    return Markup(
        '<g class="mark {kind}"><title>{title}</title>'
        '<line x1="{x}" x2="{x}" y1="{lane}" y2="{bottom}" stroke="currentColor"/>'
        '<svg x="{x}" y="{lane}" overflow="visible"><path class="glyph {kind}" d="{glyph}"/></svg></g>'
    ).format(
        kind=mark.kind,
        title=f"{mark.kind} at {time_of(mark.at)}: {one_line(mark.label)}",
        x=_percent(chart, mark.at),
        lane=LANES[mark.kind],
        bottom=height - BOTTOM,
        glyph=GLYPHS[mark.kind],
    )


def value_labels(axis: Axis, height: int) -> Markup:
    label = Markup('<text class="label" x="0" y="{}">{}</text>')
    last = axis.ticks[-1]
    return Markup("").join(
        label.format(
            f"{pixel(axis, tick, height) - 5:.1f}",
            f"{exact(tick * axis.factor)} {axis.unit[:LONGEST_UNIT]}" if tick == last else exact(tick * axis.factor),
        )
        for tick in axis.ticks
        if tick != axis.low
    )


def time_labels(window: Window, height: int) -> Markup:
    label = Markup('<text class="label" x="{}" y="{}" text-anchor="{}">{}</text>')
    y = height - 8
    shares = [((tick - window.start) / window.length, tick) for tick in time_ticks(window)]
    return label.format(0, y, "start", "UTC") + Markup("").join(
        label.format(f"{100 * share:.2f}%", y, "end" if share > 0.97 else "middle", _tick_text(tick))
        for share, tick in shares
        if share > ROOM_FOR_UTC
    )


def _tick_text(tick: datetime) -> str:
    """The day where it begins, else the time."""
    return day(tick).rsplit(" ", 1)[0] if clock(tick) == "00:00" else clock(tick)


def runs_of(flags: Sequence[bool]) -> list[tuple[int, int]]:
    """[start, end) of every run of true flags."""
    starts = [index for index, flag in enumerate(flags) if flag and (index == 0 or not flags[index - 1])]
    ends = [index + 1 for index, flag in enumerate(flags) if flag and (index + 1 == len(flags) or not flags[index + 1])]
    return list(zip(starts, ends, strict=True))


def is_number(value: float | None) -> TypeGuard[float]:
    return value is not None and math.isfinite(value)
