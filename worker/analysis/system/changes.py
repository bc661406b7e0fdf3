"""Which change of the suspected service fits: by what differs before and after it, and how soon.

A change is guilty of what was not there just before it. One that came when the service already deviated as it does
now is innocent, however short before the alert it was; of two that fit alike neither is named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import exp

import numpy as np

from worker.analysis.changes import Comparison, WeighedChange
from worker.analysis.system.anomaly import MOST_BITS, WEIGHTS, Anomaly, anomaly
from worker.analysis.system.patterns import PatternChange
from worker.domain.telemetry import Change, Floats, Grid, Metric
from worker.domain.window import Window

# Samples just before a change that it is compared with.
REFERENCE_SAMPLES = 60
FADE = timedelta(minutes=30)
# A change is recorded a little before or after it takes effect.
TOLERANCE = timedelta(minutes=3)
LOOK_BACK = timedelta(hours=2)
# How much better than the next one a change must fit to be named.
CLEARLY = 1.5
MENTIONED = 2.0
GUILTY = 0.3
DEPLOYMENT = "deployment"
UNSEEN = Comparison("unknown", side_by_side=False)
# Causes that come with time or from outside, whatever was deployed: not even a fitting release is named beside them.
OUTSIDE = (
    "certificate has expired",
    "certificate is expired",
    "expired certificate",
    "x509",
    "no space left",
    "disk full",
    "servfail",
    "no such host",
    "name resolution",
    "enotfound",
    "quota exceeded",
    "too many requests",
)


@dataclass(frozen=True)
class Subject:
    """The suspected service: its metrics on the grid, what its logs say, and when it first deviates."""

    service: str
    metrics: Sequence[tuple[Metric, Floats]]
    patterns: Sequence[PatternChange]
    fine: Grid
    window: Window


def guilty_change(changes: Sequence[Change], subject: Subject) -> WeighedChange | None:
    """The one change that fits clearly better than every other of its kind; None where none does.

    Deployments first: a flag or a setting is named only where no deployment fits.
    """
    if _comes_from_outside(subject.patterns):
        return None
    weighed = sorted(weigh_changes(changes, subject), key=lambda one: -one.weight)
    deployments = [one for one in weighed if one.change.kind == DEPLOYMENT and one.weight >= GUILTY]
    return _clearest(deployments or [one for one in weighed if one.change.kind != DEPLOYMENT])


def _clearest(weighed: Sequence[WeighedChange]) -> WeighedChange | None:
    if not weighed or (len(weighed) > 1 and weighed[0].weight < CLEARLY * weighed[1].weight):
        return None
    return weighed[0]


def weigh_changes(changes: Sequence[Change], subject: Subject) -> list[WeighedChange]:
    """Every change of the service, or of everything, with a weight of 0–1."""
    latest = subject.window.end + TOLERANCE
    own = [one for one in changes if one.service in (None, subject.service) and one.at < latest]
    return [weighed for one in own if (weighed := _weigh(one, subject))]


def _comes_from_outside(patterns: Sequence[PatternChange]) -> bool:
    return any(phrase in change.example.lower() for change in patterns if change.is_error for phrase in OUTSIDE)


def _weigh(change: Change, subject: Subject) -> WeighedChange | None:
    effect, delay = _effect(change, subject)
    if delay < -TOLERANCE or delay > LOOK_BACK:
        return None
    weight = effect * exp(-max(delay / FADE, 0.0))
    if any(_mentions(pattern, change) for pattern in subject.patterns):
        weight = min(1.0, weight * MENTIONED)
    return WeighedChange(change, weight, delay.total_seconds() / 60, UNSEEN)


def _effect(change: Change, subject: Subject) -> tuple[float, timedelta]:
    """0–1: how clearly the window differs from just before the change; and how soon after it that began.

    A service without metrics is judged by time alone.
    """
    found = [one for metric, values in subject.metrics if (one := _difference(change, metric, values, subject))]
    if not found:
        has_metrics = any(np.isfinite(values).any() for _, values in subject.metrics)
        return (0.0 if has_metrics else 1.0), subject.window.start - change.at
    strongest, values = max(found, key=lambda one: one[0].strength)
    effect = min(1.0, strongest.strength / (WEIGHTS[strongest.metric.role] * MOST_BITS))
    return effect, _first_deviation(change, strongest, values, subject) - change.at


def _difference(change: Change, metric: Metric, values: Floats, subject: Subject) -> tuple[Anomaly, Floats] | None:
    fine = subject.fine
    at = int(np.clip(fine.index(change.at), 0, fine.count))
    places = np.arange(fine.count)
    before = (places >= at - REFERENCE_SAMPLES) & (places < at)
    within = fine.mask(subject.window) & (places >= at)
    found = anomaly(values, before, within, metric)
    if found is None or WEIGHTS[metric.role] <= 0:
        return None
    return (found, values) if found.strength > 0 else None


def _first_deviation(change: Change, found: Anomaly, values: Floats, subject: Subject) -> datetime:
    """Since when it deviates more often than not: a sample that does so by chance, hours before, begins nothing."""
    fine = subject.fine
    places = np.arange(fine.count)
    counts = np.isfinite(values) & (places >= fine.index(change.at)) & (places < fine.index(subject.window.end))
    deviates = counts & (np.abs(values - found.usual) > 3 * found.scale)
    if not deviates.any():
        return subject.window.start
    counts &= places <= np.flatnonzero(deviates)[-1]
    left, deviating = (np.cumsum(one[::-1])[::-1] for one in (counts, deviates))
    return fine.time(int(np.flatnonzero(deviates & (2 * deviating >= left))[0]))


def _mentions(pattern: PatternChange, change: Change) -> bool:
    """Whether lines that are new since then name the change: its version, or its id."""
    named = [name for name in (change.version, change.deployment_id) if name and len(name) >= 4]
    return pattern.is_error and any(name in pattern.example for name in named)
