"""Which change fits: by time, scope, and whether its own documents are the bad ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import numpy as np

from worker.domain.telemetry import Change, Part, Scope

LOOK_BACK = timedelta(hours=2)
# A change is recorded a little before or after it takes effect, and the onset is known to a sample or two.
ONSET_TOLERANCE = timedelta(minutes=3)
FADE_MINUTES = 30.0
FEW_LINES = 20
WORSE_Z = 3.0
WORSE_ERROR_RISE = 0.01
WORSE_LATENCY = 1.3

Verdict = Literal["worse", "same", "unknown"]


@dataclass(frozen=True)
class Comparison:
    """The new deployment's documents against the others', of the same minutes where `side_by_side`."""

    verdict: Verdict
    side_by_side: bool
    lines_new: float = 0.0
    lines_old: float = 0.0
    error_share_new: float = 0.0
    error_share_old: float = 0.0
    latency_new_ms: float | None = None
    latency_old_ms: float | None = None


@dataclass(frozen=True)
class WeighedChange:
    """`weight` 0–1: how well the change fits the onset, the scope and its own effect."""

    change: Change
    weight: float
    minutes_before_onset: float
    comparison: Comparison


def compare(parts: Sequence[Part], deployment_id: str, at: datetime) -> Comparison:
    """Old against new in the same minutes (a rollout shows both), else after against before the change."""
    by_minute: dict[datetime, list[Part]] = defaultdict(list)
    for part in parts:
        by_minute[part.minute].append(part)
    shared = [
        part
        for minute in by_minute.values()
        for part in minute
        if len({p.deployment_id == deployment_id for p in minute}) == 2
    ]
    new, old = _split(shared, deployment_id)
    if _lines(new) >= FEW_LINES and _lines(old) >= FEW_LINES:
        return _judge(new, old, side_by_side=True)
    new = [part for part in parts if part.deployment_id == deployment_id]
    old = [part for part in parts if part.minute < at and part.deployment_id != deployment_id]
    if _lines(new) >= FEW_LINES and _lines(old) >= FEW_LINES:
        return _judge(new, old, side_by_side=False)
    return Comparison("unknown", side_by_side=False)


def _split(parts: Iterable[Part], deployment_id: str) -> tuple[list[Part], list[Part]]:
    listed = list(parts)
    new = [part for part in listed if part.deployment_id == deployment_id]
    return new, [part for part in listed if part.deployment_id != deployment_id]


def _lines(parts: Iterable[Part]) -> float:
    return sum(part.lines for part in parts)


def _judge(new: list[Part], old: list[Part], *, side_by_side: bool) -> Comparison:
    lines_new, lines_old = _lines(new), _lines(old)
    errors_new, errors_old = sum(p.errors for p in new) / lines_new, sum(p.errors for p in old) / lines_old
    latency_new, latency_old = _mean_latency(new), _mean_latency(old)
    pooled = (errors_new * lines_new + errors_old * lines_old) / (lines_new + lines_old)
    spread = np.sqrt(max(pooled * (1 - pooled), 1e-6) * (1 / lines_new + 1 / lines_old))
    fails_more = (errors_new - errors_old) / spread >= WORSE_Z and errors_new - errors_old >= WORSE_ERROR_RISE
    is_slower = bool(latency_new and latency_old and latency_new >= WORSE_LATENCY * latency_old)
    return Comparison(
        "worse" if fails_more or is_slower else "same",
        side_by_side,
        lines_new,
        lines_old,
        errors_new,
        errors_old,
        latency_new,
        latency_old,
    )


def _mean_latency(parts: list[Part]) -> float | None:
    count = sum(part.latency_count for part in parts)
    return sum(part.latency_sum_ms for part in parts) / count if count else None


def near(changes: Iterable[Change], onset: datetime) -> list[Change]:
    """Changes that may have brought about what set in at `onset`, the latest first."""
    possible = [c for c in changes if onset - LOOK_BACK <= c.at <= onset + ONSET_TOLERANCE]
    return sorted(possible, key=lambda change: change.at, reverse=True)


def concerns(change: Change, scope: Scope) -> bool:
    """A change without service or region is one of everything."""
    return change.service in (None, scope.service) and (scope.region is None or change.region in (None, scope.region))


def weigh(change: Change, onset: datetime, comparison: Comparison) -> WeighedChange:
    minutes = (onset - change.at).total_seconds() / 60
    fit = float(np.exp(-max(minutes, 0.0) / FADE_MINUTES))
    if comparison.verdict == "worse":
        fit = (0.5 + 0.5 * fit) if comparison.side_by_side else (0.3 + 0.7 * fit)
    elif comparison.verdict == "same":
        fit *= 0.1 if comparison.side_by_side else 0.3
    else:
        fit *= 0.7
    return WeighedChange(change, fit, minutes, comparison)
