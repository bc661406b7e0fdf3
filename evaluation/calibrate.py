"""Fits the confidence to labelled incidents, and shows how far the ranking's weights matter.

    python -m evaluation.calibrate DIR… [--elasticsearch-url URL] [--write]

Every case goes through the real pipeline once. Confidence: a logistic curve over the ranking's strength and lead,
fitted on all cases, and checked on cases that the fit has not seen, left out by kind of fault and by day. Weights: the
shipped ones are no fit; the command tells what every other choice of a grid gives, and what choosing the best of the
grid on the other folds gives on the left-out one.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from os import cpu_count
from pathlib import Path
from typing import Any

import click
import numpy as np
from elasticsearch import Elasticsearch
from scipy.optimize import minimize

from evaluation.cases import Case
from evaluation.diagram import diagram
from evaluation.predict import PAUSE_SECONDS, alert_of, loaded, patient
from evaluation.run import LOADING_TIMEOUT_SECONDS, read_folders
from evaluation.scores import calibration_error, calibration_table
from worker.analysis.system import calibration
from worker.analysis.system.calibration import Calibration
from worker.analysis.system.weighing import Findings, Weights, weigh
from worker.analysis.verdict import judge
from worker.domain.report import Verdict
from worker.elastic import connect_elasticsearch
from worker.investigate import Investigator, Stopwatch
from worker.known import Knowledge
from worker.settings import load_settings
from worker.telemetry.search import ElasticTelemetry

# Cases that are told apart perfectly would make weights infinite: strength and lead are drawn to these, so strongly.
PRIOR, RIDGE = np.array([1.0, 2.0]), 2.0
# What an unseen system is expected to cost, as a share of right answers.
UNSEEN = 0.06
GRID = {
    "calls": (0.7, 1.0, 1.4),
    "logs": (0.45, 0.65, 0.9),
    "behaviour": (0.25, 0.35, 0.5),
    "suffering": (0.2, 0.35, 0.5),
}
FILE = Path(calibration.__file__).with_name("calibration.json")


@dataclass(frozen=True)
class Examined:
    """A case as the pipeline left it: what was found, before it is weighed, and whether anything was said at all."""

    case: Case
    findings: Findings
    is_said: bool

    @property
    def is_fault(self) -> bool:
        return bool(self.case.truth and self.case.truth.service)

    def ranked(self, weights: Weights | None = None) -> tuple[list[str], list[float]]:
        accounts = [one for one in weigh(self.findings, weights) if one.score > 0]
        return [one.service for one in accounts], [one.score for one in accounts]

    def is_right(self, weights: Weights | None = None) -> bool:
        services, _ = self.ranked(weights)
        return bool(services and self.case.truth and services[0] == self.case.truth.service)


def examine(cases: Sequence[Case], client: Elasticsearch) -> Iterator[Examined]:
    for case in cases:
        yield patient(PAUSE_SECONDS)(_examined, case, client)


def _examined(case: Case, client: Elasticsearch) -> Examined:
    with loaded(case, client, "spiketrace-calibration") as profile:
        _, closed, detail = Investigator(ElasticTelemetry(client, profile)).examine(
            alert_of(case), Stopwatch(), Knowledge()
        )
    assert closed.look is not None  # the profile of labelled cases tells roles
    return Examined(case, closed.look.with_lines(detail.lines), judge(closed) is not Verdict.NOT_CONFIRMED)


def by_fault(one: Examined) -> str:
    return str(one.case.truth.fault if one.case.truth else None)


def by_day(one: Examined) -> str:
    return one.case.alert.fired_at.date().isoformat()


def fit(known: Sequence[tuple[Sequence[float], bool]]) -> tuple[float, float, float]:
    """(intercept, weight of the strength, weight of the lead) from (scores, whether the first was right).

    Smoothed targets after Platt (1999): systems that nobody has seen yet will be harder than these.
    """
    table = np.array([(1.0, *calibration.figures(scores)) for scores, _ in known])
    targets = np.array([1 - UNSEEN if right else 0.0 for _, right in known])

    def loss(weights: Any) -> float:
        margin = table @ weights
        likelihood = np.logaddexp(0, margin) - targets * margin
        return float(likelihood.sum() + RIDGE * ((weights[1:] - PRIOR) ** 2).sum())

    # More evidence, or a clearer lead, never makes a ranking less sure.
    found = minimize(loss, np.array([0.0, *PRIOR]), bounds=[(None, None), (0, None), (0, None)])
    intercept, strength, lead = (round(float(value), 4) for value in found.x)
    return intercept, strength, lead


def pairs(examined: Sequence[Examined]) -> list[tuple[list[float], bool]]:
    """Of every case that has a ranking: its scores, and whether the first was right; never where nothing was wrong."""
    return [(scores, one.is_right()) for one in examined if (scores := one.ranked()[1])]


def said(examined: Sequence[Examined]) -> list[Examined]:
    """Those of which the report says something, and so has a confidence."""
    return [one for one in examined if one.is_said and one.ranked()[0]]


def held_out(examined: Sequence[Examined], fold: Callable[[Examined], str]) -> list[tuple[float, bool]]:
    """(confidence by a fit on the other folds, whether the first was right)."""
    found = []
    for name in sorted({fold(one) for one in examined}):
        inside = [one for one in examined if fold(one) == name]
        fitted = _calibration(fit(pairs([one for one in examined if fold(one) != name])), {})
        found += [(fitted.confidence(scores), right) for scores, right in pairs(said(inside))]
    return found


def _calibration(fitted: tuple[float, float, float], provenance: dict[str, Any]) -> Calibration:
    intercept, strength, lead = fitted
    return Calibration(intercept=intercept, strength=strength, lead=lead, provenance=provenance)


def grid() -> list[Weights]:
    return [Weights(**dict(zip(GRID, values, strict=True))) for values in product(*GRID.values())]


def right_by_weights(faults: Sequence[Examined]) -> list[list[bool]]:
    """For each choice of the grid, whether each fault's service came first."""
    return [[one.is_right(weights) for one in faults] for weights in grid()]


def cross_validated(
    faults: Sequence[Examined], table: Sequence[Sequence[bool]], fold: Callable[[Examined], str]
) -> float:
    """Share of faults ranked first with the weights that were best on the other folds."""
    right = 0
    for name in {fold(one) for one in faults}:
        others = [place for place, one in enumerate(faults) if fold(one) != name]
        best = max(table, key=lambda row: sum(row[place] for place in others))
        right += sum(best[place] for place, one in enumerate(faults) if fold(one) == name)
    return right / len(faults)


@contextmanager
def _client(url: str | None) -> Iterator[Elasticsearch]:
    settings = load_settings().model_copy(update={"elasticsearch_timeout_seconds": LOADING_TIMEOUT_SECONDS})
    if url:
        settings = settings.model_copy(update={"elasticsearch_url": url.rstrip("/")})
    with connect_elasticsearch(settings) as client:
        yield client


@click.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--elasticsearch-url", help="Where to load the cases; SPIKETRACE_ELASTICSEARCH_URL otherwise.")
@click.option("--write", is_flag=True, help="Replace the shipped calibration by this fit.")
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), help="Draw the calibration (SVG).")
def main(folders: Sequence[Path], elasticsearch_url: str | None, write: bool, plot: Path | None) -> None:
    """Fit the confidence on the labelled incidents of FOLDERS and print tables for docs/accuracy.md."""
    cases = [case for case in read_folders(folders) if case.truth]
    with _client(elasticsearch_url) as client, click.progressbar(examine(cases, client), length=len(cases)) as bar:
        examined = list(bar)
    known = pairs(examined)
    fitted = _calibration(fit(known), _provenance(examined, known))
    checks = _checks(examined, fitted)
    _print_confidence(checks, fitted)
    _print_weights(examined)
    if plot:
        plot.write_text(diagram(checks), encoding="utf-8")
    if write:
        FILE.write_text(json.dumps(fitted.model_dump(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _provenance(examined: Sequence[Examined], known: Sequence[Any]) -> dict[str, Any]:
    return {
        "command": "python -m evaluation.calibrate",
        "date": datetime.now(UTC).date().isoformat(),
        "datasets": ", ".join(sorted({one.case.dataset.name for one in examined})),
        "cases": len(examined),
        "fitted_on": len(known),
    }


def _checks(examined: Sequence[Examined], fitted: Calibration) -> dict[str, list[tuple[float, bool]]]:
    """By what was left out: (confidence, whether the first was right)."""
    return {
        "fitted and checked on the same cases": [
            (fitted.confidence(scores), right) for scores, right in pairs(said(examined))
        ],
        "left out by kind of fault": held_out(examined, by_fault),
        "left out by day": held_out(examined, by_day),
    }


def _print_confidence(checks: Mapping[str, list[tuple[float, bool]]], fitted: Calibration) -> None:
    click.echo(
        f"confidence = 1 / (1 + exp(-({fitted.intercept} + {fitted.strength} ln(1 + score) + {fitted.lead} lead)))"
    )
    for name, found in checks.items():
        click.echo(f"\n{name}: expected calibration error {calibration_error(found)}, {len(found)} cases")
        for mean, share, count in calibration_table(found):
            click.echo(f"| {mean:.2f} | {share:.2f} | {count} |")


def _print_weights(examined: Sequence[Examined]) -> None:
    by_dataset: dict[str, list[Examined]] = defaultdict(list)
    for one in examined:
        if one.is_fault:
            by_dataset[one.case.system].append(one)
    every = [one for one in examined if one.is_fault and len(by_dataset[one.case.system]) > 1]
    click.echo(
        f"\ntop 1 by weights, on {cpu_count()} processors: shipped, worst and best of {len(grid())}, "
        "chosen on other kinds of fault, chosen on other days"
    )
    for name, faults in [*sorted(by_dataset.items()), ("all", every)]:
        if len(faults) > 1:
            table = right_by_weights(faults)
            shares = [sum(row) / len(row) for row in table]
            shipped = sum(one.is_right() for one in faults) / len(faults)
            chosen = [cross_validated(faults, table, fold) for fold in (by_fault, by_day)]
            click.echo(
                f"| {name} | {len(faults)} | {shipped:.2f} | {min(shares):.2f} | {max(shares):.2f} | "
                f"{chosen[0]:.2f} | {chosen[1]:.2f} |"
            )


if __name__ == "__main__":
    main()
