"""The charts of a report as series of figures, each with what it is of and when each point was."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from worker.agent.grounding.report.fields import SIGNALS, dimension_of, signal_of
from worker.agent.grounding.report.known import Known, Point, Series, Subject
from worker.domain.report import Chart

# What a chart's values are told in → (dimension, factor to its base).
UNITS = {
    "%": ("share", 0.01),
    "g/min": ("grams_per_minute", 1.0),
    "ms": ("seconds", 0.001),
    "s": ("seconds", 1.0),
    "requests/min": ("per_minute", 1.0),
}


def enrol(known: Known) -> None:
    known.series = [_series(chart, known) for chart in known.report.charts]


def _series(chart: Chart, known: Known) -> Series:
    dimension, factor = UNITS.get(chart.unit) or dimension_of((chart.id,))
    is_signal = chart.id in {signal for _, signal in SIGNALS}
    signal = chart.id if is_signal else signal_of((chart.id,)) or chart.id
    return Series(
        signal,
        chart.id,
        dimension,
        factor,
        _owner(chart.title, known),
        timedelta(seconds=chart.step_seconds),
        tuple(_points(chart, chart.values, factor)),
        tuple(_points(chart, chart.expected_low, factor)),
        tuple(_points(chart, chart.expected_high, factor)),
    )


def _owner(title: str, known: Known) -> Subject:
    """ "CO₂, checkout, us-central1"."""
    named = title.split(", ")
    service = next((one for one in named if one in known.services), known.scope.service)
    return Subject(service, next((one for one in named if one in known.regions), known.scope.region))


def _points(chart: Chart, values: list[float | None], factor: float) -> Iterator[Point]:
    for place, value in enumerate(values):
        if value is not None:
            yield Point(place, chart.start + timedelta(seconds=place * chart.step_seconds), value * factor)
