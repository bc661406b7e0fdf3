"""A simulation as an investigation reads it from an engine, without the engine: the same grids, the same sums."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluation.impact.simulator import LOGS, METRICS, SCOPE, Simulation
from worker.analysis.likeness.structure import Wanted
from worker.domain.alert import Alert, Rule
from worker.domain.telemetry import Asked, Detail, Floats, Grid, Scope, ScopeDetail, Series, Survey
from worker.domain.window import Window, floor_minute
from worker.telemetry.profiles import Profile

FINE_MINUTES = 240
COARSE_MINUTES = 30
COARSE_DAYS = 7


@dataclass
class SimulatedTelemetry:
    """Answers an investigation's two waves of questions from arrays."""

    simulation: Simulation
    profile: Profile

    def survey(self, scope: Scope, window: Window) -> Survey:  # noqa: ARG002 - there is one scope
        as_of = window.end
        end = floor_minute(as_of) + timedelta(minutes=1)
        fine = Grid(end - timedelta(minutes=FINE_MINUTES), 60, FINE_MINUTES)
        coarse = Grid(end - timedelta(days=COARSE_DAYS), COARSE_MINUTES * 60, COARSE_DAYS * 1440 // COARSE_MINUTES)
        recent, past = (self._series(grid, as_of) for grid in (fine, coarse))
        asked = {
            name: Asked(METRICS if name.startswith("metrics") else LOGS, {}, Window(start=coarse.start, end=as_of))
            for name in ("metrics", "metrics_past", "metrics_facts", "logs", "logs_past", "changes", "history")
        }
        return Survey(
            as_of=as_of,
            fine=fine,
            coarse=coarse,
            recent={SCOPE: recent},
            past={SCOPE: past},
            changes=[],
            history=[],
            providers={str(SCOPE.region): "gcp"},
            cross_check={},
            asked=asked,
            unread={},
            window=window,
        )

    def resembling(self, wanted: Wanted, as_of: datetime) -> tuple[list[dict[str, Any]], Asked]:  # noqa: ARG002
        return [], Asked("", {}, Window.before(as_of, timedelta(days=1)))

    def detail(
        self,
        scopes: Iterable[Scope],
        window: Window,  # noqa: ARG002 - nothing of it depends on when
        baseline: Window,  # noqa: ARG002
        rollout: Window,  # noqa: ARG002
    ) -> Detail:
        return Detail({scope: ScopeDetail() for scope in scopes}, {}, {})

    def _series(self, grid: Grid, as_of: datetime) -> Series:
        one = self.simulation
        limit = (as_of - one.begin).total_seconds()
        place = np.floor((one.samples.seconds - (grid.start - one.begin).total_seconds()) / grid.step_seconds).astype(
            int
        )
        known = (place >= 0) & (place < grid.count) & (one.samples.seconds < limit)
        grams = _sum(place[known], one.samples.grams[known], grid)
        last = np.full(grid.count, -np.inf)
        np.maximum.at(last, place[known], one.samples.seconds[known])
        minutes = _elapsed(np.where(np.isfinite(last), last, np.nan))
        return Series(
            {
                "carbon": grams / minutes,
                "carbon_grams": grams,
                "carbon_minutes": minutes,
                "traffic": _mean(place[known], one.samples.requests[known], grid),
                "cpu": _mean(place[known], one.samples.cpu[known], grid),
                **self._lines(grid),
            }
        )

    def _lines(self, grid: Grid) -> dict[str, Floats]:
        one = self.simulation
        minutes = np.arange(one.lines.size) * 60 - (grid.start - one.begin).total_seconds()
        place = np.floor(minutes / grid.step_seconds).astype(int)
        inside = (place >= 0) & (place < grid.count)
        lines, retries = (_count(place[inside], values[inside], grid) for values in (one.lines, one.retry_lines))
        return {
            "lines": lines,
            "errors": np.zeros(grid.count),
            "retries": retries,
            "latency_sum_ms": lines * 80.0,
            "latency_squares": lines * 6_410.0,
            "latency_count": lines.copy(),
        }


def _count(place: NDArray[np.intp], values: Floats, grid: Grid) -> Floats:
    return np.bincount(place, values, grid.count).astype(np.float64)


def _sum(place: NDArray[np.intp], values: Floats, grid: Grid) -> Floats:
    count = np.bincount(place, minlength=grid.count)
    return np.where(count > 0, np.bincount(place, values, grid.count), np.nan)


def _mean(place: NDArray[np.intp], values: Floats, grid: Grid) -> Floats:
    count = np.bincount(place, minlength=grid.count)
    return np.where(count > 0, np.bincount(place, values, grid.count) / np.maximum(count, 1), np.nan)


def _elapsed(last_seconds: Floats) -> Floats:
    known = np.flatnonzero(np.isfinite(last_seconds))
    minutes = np.full(last_seconds.size, np.nan)
    minutes[known[1:]] = np.diff(last_seconds[known]) / 60
    return minutes


def alert_of(simulation: Simulation) -> Alert:
    """The alert of a rule on this service's carbon over the last ten minutes."""
    params = {"termField": "service", "aggField": "estimated_co2_grams", "timeWindowSize": 10, "timeWindowUnit": "m"}
    return Alert(
        rule=Rule(id="simulated", name="Carbon of a service", type=".index-threshold", params=params),
        instance=str(SCOPE.service),
        group=str(SCOPE.service),
        uuid=f"simulated-{simulation.scenario.kind}-{simulation.scenario.seed}",
        action_group="threshold met",
        date=simulation.scenario.as_of,
    )
