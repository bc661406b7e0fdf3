"""How well the excess of simulated incidents is known: coverage, error, and whether what is harmless holds zero."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache

import numpy as np

from evaluation.impact.reading import SimulatedTelemetry, alert_of
from evaluation.impact.simulator import HARMLESS, Kind, Simulation, scenario, simulate
from worker.domain.report import Quantity, Report
from worker.investigate import Investigator
from worker.ports import Telemetry
from worker.telemetry.profiles import Profile, load_profile

Job = tuple[int, Kind | None]
Figure = float | int | None


@dataclass(frozen=True)
class Outcome:
    """Of one simulated incident: what the report says of its window, and what was true of that window."""

    seed: int
    kind: Kind
    verdict: str
    days: int
    excess: Quantity | None
    truth: float

    @property
    def holds_truth(self) -> bool:
        return self.excess is not None and self.excess.low <= self.truth <= self.excess.high

    @property
    def holds_zero(self) -> bool:
        return self.excess is not None and self.excess.low <= 0 <= self.excess.high

    @property
    def relative_error(self) -> float:
        """Of the likely value; infinite where there is none."""
        return abs(self.excess.likely / self.truth - 1) if self.excess and self.truth else float("inf")


@cache
def _profile() -> Profile:
    return load_profile("spiketrace")


def investigate(simulation: Simulation, telemetry: Telemetry | None = None) -> Report:
    """Through the whole investigation, with the simulation's arrays in place of an engine unless one is given."""
    read_by = telemetry or SimulatedTelemetry(simulation, _profile())
    return Investigator(read_by)(alert_of(simulation), "simulated")


def outcome_of(simulation: Simulation, report: Report) -> Outcome:
    one = simulation.scenario
    excess = report.impact.carbon.excess_co2_grams
    return Outcome(one.seed, one.kind, report.verdict.value, one.days, excess, simulation.excess(report.window))


def outcome(job: Job) -> Outcome:
    simulation = simulate(scenario(*job))
    return outcome_of(simulation, investigate(simulation))


def jobs(incidents: int, harmless: int) -> list[Job]:
    """Incidents of every kind, and of each harmless kind so many; the same for the same numbers."""
    return [(seed, None) for seed in range(incidents)] + [(seed, kind) for kind in HARMLESS for seed in range(harmless)]


def run(wanted: Sequence[Job], processes: int) -> list[Outcome]:
    if processes == 1:
        return [outcome(job) for job in wanted]
    with ProcessPoolExecutor(processes) as pool:
        return list(pool.map(outcome, wanted, chunksize=8))


def summarise(outcomes: Iterable[Outcome]) -> list[dict[str, Figure | str]]:
    """One row for all incidents, one for each kind of them, one for each harmless kind."""
    every = list(outcomes)
    incidents = [one for one in every if one.kind not in HARMLESS]
    rows = [_row("incidents", incidents)]
    rows += [_row(kind, [one for one in incidents if one.kind == kind]) for kind in _kinds(incidents)]
    harmless = [one for one in every if one.kind in HARMLESS]
    return rows + [_row(kind, [one for one in harmless if one.kind == kind]) for kind in _kinds(harmless)]


def _kinds(outcomes: Iterable[Outcome]) -> list[Kind]:
    return list(dict.fromkeys(one.kind for one in outcomes))


def _row(name: str, outcomes: Sequence[Outcome]) -> dict[str, Figure | str]:
    is_harmless = name in HARMLESS
    return {
        "kind": name,
        "incidents": len(outcomes),
        "covers_truth": _mean(outcomes, lambda one: one.holds_truth),
        "median_relative_error": None if is_harmless else _median([one.relative_error for one in outcomes]),
        "holds_zero": _mean(outcomes, lambda one: one.holds_zero),
        "without_figure": sum(one.excess is None for one in outcomes),
    }


def _mean(outcomes: Sequence[Outcome], holds: Callable[[Outcome], bool]) -> float | None:
    return round(float(np.mean([holds(one) for one in outcomes])), 4) if outcomes else None


def _median(values: Sequence[float]) -> float | None:
    return round(float(np.median(values)), 4) if values else None
