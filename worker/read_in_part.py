"""What a gap means where a search was answered in part: by the shards, or the clusters, that are there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from worker.domain.telemetry import Scope, Series, Survey

OF_METRICS = ("carbon", "carbon_grams", "cpu", "memory", "traffic")
OF_LOGS = ("lines",)

EFFECT = {
    "metrics": "carbon, CPU and traffic are known in part only: what was read counts, and totals may be too low",
    "metrics_past": "earlier days could be compared in part only",
    "logs": "errors, retries and latency are known in part only: what was read counts, and totals may be too low",
    "logs_past": "the usual error rate rests on a part of the earlier days",
    "changes": "a bad deployment among those that were not read is not excluded",
    "history": "similar and recorded incidents are known in part only",
}


def effect_in_part(topic: str, survey: Survey) -> str | None:
    """The effect of not having read all of it; None where nothing of it was read."""
    holds = HOLDS.get(topic)
    return EFFECT[topic] if holds and holds(survey) else None


def _any(series: Mapping[Scope, Series], names: Collection[str]) -> bool:
    return any(one.get(name) is not None for one in series.values() for name in names)


def _metrics_of(survey: Survey) -> Collection[str]:
    return (*OF_METRICS, *survey.metrics)


HOLDS: dict[str, Callable[[Survey], bool]] = {
    "metrics": lambda survey: _any(survey.recent, _metrics_of(survey)),
    "metrics_past": lambda survey: _any(survey.past, _metrics_of(survey)),
    "logs": lambda survey: _any(survey.recent, OF_LOGS),
    "logs_past": lambda survey: _any(survey.past, OF_LOGS),
    "changes": lambda survey: bool(survey.changes),
    "history": lambda survey: bool(survey.history),
}
