"""What an investigation asks of the alerted scope in the first wave."""

from __future__ import annotations

from datetime import timedelta

from worker.domain.telemetry import Asked, Scope
from worker.domain.window import Window
from worker.telemetry import calls, queries
from worker.telemetry.impact_facts import Grids
from worker.telemetry.profiles import Metrics, Profile, Sampling

CHANGE_HOURS = 48
HISTORY_DAYS = 400
USUAL_REGIONS = 5


def own_questions(profile: Profile, scope: Scope, window: Window, grids: Grids) -> dict[str, Asked]:
    """The alert's own: of its scope the days before and past incidents, and what changed and who called whom."""
    fine, coarse, as_of = grids.fine, grids.coarse, grids.as_of
    hours, days = Window(start=fine.start, end=as_of), Window(start=coarse.start, end=as_of)
    since = Window.before(as_of, timedelta(hours=CHANGE_HOURS))
    known = Window.before(as_of, timedelta(days=HISTORY_DAYS))
    asked = {}
    if metrics := profile.metrics:
        asked["metrics_past"] = Asked(metrics.index, past_metrics(profile.sampling, metrics, scope, grids), days)
    if logs := profile.logs:
        asked["logs_past"] = Asked(logs.index, queries.logs_over_time(logs, coarse, as_of, scope), days)
    for number, source in enumerate(profile.changes):
        asked[numbered("changes", number)] = Asked(source.index, queries.recent_changes(since, source.only), since)
    if incidents := profile.incidents:
        asked["history"] = Asked(incidents.index, queries.past_incidents(known, scope), known)
    if (edges := profile.edges) and fine.start < window.start:
        before = Window(start=fine.start, end=window.start)
        asked["calls"] = Asked(edges.index, calls.calls(edges, before, window), hours)
        if edges.failures:
            asked["failed_calls"] = Asked(edges.index, calls.failures_over_time(edges, fine, as_of), hours)
    return asked


def past_metrics(sampling: Sampling, metrics: Metrics, scope: Scope, grids: Grids) -> queries.Body:
    step = _step_of_peaks(sampling, metrics, scope)
    return queries.metrics_over_time(metrics, grids.coarse, grids.as_of, scope, with_peaks=True, step_seconds=step)


def _step_of_peaks(sampling: Sampling, metrics: Metrics, scope: Scope) -> int | None:
    """None where the steps of all those days are too many for one answer: of every service, or very short ones."""
    steps = sampling.past_days * 86_400 // sampling.step_seconds * (USUAL_REGIONS if metrics.region else 1)
    return sampling.step_seconds if scope.service and steps <= queries.MOST_BUCKETS else None


def numbered(name: str, number: int) -> str:
    """`changes`, `changes1`, `changes2`, …"""
    return f"{name}{number or ''}"
