"""The series a reader wants to see, with what was expected and what happened beside them."""

from __future__ import annotations

from datetime import timedelta
from math import isfinite

import numpy as np

from worker.analysis.baseline import mad_sigma
from worker.analysis.demand import NINETY_PERCENT
from worker.analysis.deviation import Signal
from worker.analysis.signals import before_mask
from worker.analysis.study import Case
from worker.domain.report import Chart, Mark
from worker.domain.telemetry import Floats
from worker.findings import Citations
from worker.writing import roles

MOST = 4
SHOWN = timedelta(hours=3)
MANY_MARKS = 4
# Thin series are drawn by groups of this many buckets at the most.
COARSEST = 5
SEVERAL_LINES = 5

TITLES = {
    "carbon": ("CO₂", "g/min", 1.0),
    "traffic": ("Requests", "requests/min", 1.0),
    "errors": ("Failing requests", "%", 100.0),
    "retries": ("Retries", "%", 100.0),
    "latency": ("Latency, mean", "ms", 1.0),
    "cpu": ("CPU", "%", 1.0),
    "memory": ("Memory", "%", 1.0),
}


def draw(case: Case, cite: Citations) -> list[Chart]:
    """The confirmed signals first, then those that show it is nothing else."""
    if case.reading is None:
        return []
    wanted = [
        *(_drawn_as(name) for name in case.confirmed),
        _drawn_as(case.signal or "carbon"),
        "carbon",
        "errors",
        "traffic",
    ]
    known = {*TITLES, *case.survey.metrics}
    names = [name for name in dict.fromkeys(wanted) if name in known and name in case.reading.signals]
    return [_chart(case, name, cite) for name in names[:MOST]]


def _drawn_as(name: str) -> str:
    return {"carbon_per_demand": "carbon", "silence": "errors"}.get(name, name)


def _chart(case: Case, name: str, cite: Citations) -> Chart:
    assert case.reading is not None
    signal, fine = case.reading.signals[name], case.survey.fine
    title, unit, scale = _titled(case, name)
    group = _group(signal)
    first = max(0, fine.count - int(SHOWN / fine.step)) // group * group
    values, expected = (
        _grouped(signal.values, signal.weights, group),
        _grouped(signal.expected, np.ones(fine.count), group),
    )
    before = before_mask(case.survey, case.window, case.onset)[: values.size * group].reshape(-1, group).all(axis=1)
    half = NINETY_PERCENT * max(mad_sigma((values - expected)[before]), signal.floor)
    cut = first // group
    return Chart(
        id=name,
        title=f"{title}, {case.scope}",
        unit=unit,
        start=fine.time(first),
        step_seconds=fine.step_seconds * group,
        values=_points(values[cut:] * scale),
        expected_low=_points(np.maximum(expected[cut:] - half, 0.0) * scale),
        expected_likely=_points(expected[cut:] * scale),
        expected_high=_points((expected[cut:] + half) * scale),
        marks=_marks(case),
        evidence=next(iter(cite.ids("logs" if name in ("errors", "retries", "latency") else "metrics")), None),
    )


def _titled(case: Case, name: str) -> tuple[str, str, float]:
    """Title, unit, and what values are multiplied with."""
    if metric := case.survey.metrics.get(name):
        title = roles.title(metric)
        return title[:1].upper() + title[1:], roles.level(metric, 1).partition(" ")[2], 1.0
    return TITLES[name]


def _group(signal: Signal) -> int:
    """Buckets to a point: so that most points have a sample, and a share or a mean is of several lines."""
    known = np.isfinite(signal.values).mean()
    if not known:
        return 1
    wanted = SEVERAL_LINES * signal.values.size / signal.weights.sum() if signal.is_counted else 1 / known
    return int(np.clip(round(wanted), 1, COARSEST))


def _grouped(values: Floats, weights: Floats, group: int) -> Floats:
    whole = values.size // group * group
    table, weight = values[:whole].reshape(-1, group), weights[:whole].reshape(-1, group)
    weight = np.where(np.isfinite(table), weight, 0.0)
    total = weight.sum(axis=1)
    return np.where(
        total > 0, np.nansum(np.nan_to_num(table) * weight, axis=1) / np.where(total > 0, total, 1.0), np.nan
    )


def _points(values: Floats) -> list[float | None]:
    return [float(f"{value:.6g}") if isfinite(value) else None for value in values.tolist()]


def _marks(case: Case) -> list[Mark]:
    marks = [Mark(at=case.survey.as_of, kind="alert", label="alert")]
    if case.onset:
        marks.append(Mark(at=case.onset, kind="onset", label="onset"))
    scopes = [one for one in case.suspects if one.change]
    changes = [one.change.change for one in scopes if one.change][:MANY_MARKS]
    return marks + [Mark(at=change.at, kind="deployment", label=change.deployment_id) for change in changes]
