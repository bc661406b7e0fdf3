"""A series as one line of text: what a message shows where a picture would need an upload."""

from __future__ import annotations

from datetime import datetime, timedelta
from statistics import fmean

from worker.domain.figures import clock, number
from worker.domain.report import Chart

BARS = "▁▂▃▄▅▆▇█"
NO_SAMPLE = "·"
ONSET = "│"
# Fits a phone without a line break.
MOST_BARS = 32


def sparkline(chart: Chart) -> str | None:
    """▁▁▂▁│▆▇██, with the onset marked where it is known; None where there is nothing to draw."""
    bars = _grouped(chart.values)
    known = [value for value in bars if value is not None]
    if len(known) < 2:
        return None
    low, high = min(known), max(known)
    drawn = [_bar(value, low, high) for value in bars]
    if (position := _position(chart, len(bars))) is not None:
        drawn.insert(position, ONSET)
    return "".join(drawn)


def in_words(chart: Chart) -> str:
    """CO₂, checkout, us-central1: 36 to 141 g/min from 08:50 to 10:50 UTC, onset at 10:42."""
    known = [value for value in chart.values if value is not None]
    end = chart.start + timedelta(seconds=chart.step_seconds * len(chart.values))
    onset = _onset(chart)
    marked = f", {ONSET} onset {clock(onset)}" if onset else ""
    span = f"{clock(chart.start)} to {clock(end)} UTC"
    return f"{chart.title}: {number(min(known))} to {number(max(known))} {chart.unit}, {span}{marked}"


def _grouped(values: list[float | None]) -> list[float | None]:
    size = -(-len(values) // MOST_BARS) or 1
    groups = (values[start : start + size] for start in range(0, len(values), size))
    return [_mean([value for value in group if value is not None]) for group in groups]


def _mean(values: list[float]) -> float | None:
    return fmean(values) if values else None


def _bar(value: float | None, low: float, high: float) -> str:
    if value is None:
        return NO_SAMPLE
    share = (value - low) / (high - low) if high > low else 0.0
    return BARS[min(int(share * len(BARS)), len(BARS) - 1)]


def _onset(chart: Chart) -> datetime | None:
    return next((mark.at for mark in chart.marks if mark.kind == "onset"), None)


def _position(chart: Chart, bars: int) -> int | None:
    """Before which bar the onset lies; None where it is not within the chart."""
    onset = _onset(chart)
    if onset is None:
        return None
    share = (onset - chart.start).total_seconds() / (chart.step_seconds * len(chart.values))
    return round(share * bars) if 0 <= share <= 1 else None
