"""The grid's intensity in a window: by the hour where a provider is configured, else the yearly table's."""

from __future__ import annotations

from dataclasses import dataclass

from worker.domain.report import Quantity
from worker.domain.window import Window
from worker.errors import IntensityUnavailable
from worker.impact.tables import Factors, Grid
from worker.ports import GridIntensity


@dataclass(frozen=True)
class Intensity:
    """gCO₂e per kWh with its range and where it comes from; `failure` says why it is not the hourly one."""

    g_per_kwh: Quantity
    source: str
    year: int
    failure: str | None = None


def intensity_of(grid: Grid, window: Window, factors: Factors, hourly: GridIntensity | None) -> Intensity:
    failure = None
    if hourly is not None:
        try:
            return _hourly(grid, window, hourly)
        except IntensityUnavailable as error:
            failure = error.reason
    return Intensity(factors.intensity(grid), grid.source, grid.year, failure)


def _hourly(grid: Grid, window: Window, hourly: GridIntensity) -> Intensity:
    """The mean over the hours of the window, weighted by how much of the window lies in each."""
    hours = hourly.between(grid.provider, grid.region, window)
    weights = [(min(hour.end, window.end) - max(hour.start, window.start)).total_seconds() for hour in hours]
    known = [(hour, weight) for hour, weight in zip(hours, weights, strict=True) if weight > 0]
    if not known:
        raise IntensityUnavailable(f"{hourly.name} has no hour of the window")
    total = sum(weight for _, weight in known)
    mean = sum(hour.g_per_kwh * weight for hour, weight in known) / total
    values = [hour.g_per_kwh for hour, _ in known]
    return Intensity(Quantity(low=min(values), likely=mean, high=max(values)), hourly.name, window.end.year)
