"""The only caller of Elasticsearch for telemetry: two waves of `msearch` an investigation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from elasticsearch import Elasticsearch

from worker.domain.telemetry import Asked, Detail, Grid, Scope, ScopeDetail, Survey
from worker.domain.window import Window, floor_minute
from worker.elastic import elasticsearch_errors
from worker.telemetry import decode, impact_facts, queries
from worker.telemetry.profiles import Logs, Metrics, Profile

FINE_STEP_SECONDS = 60
FINE_HOURS = 4
COARSE_STEP_SECONDS = 1800
COARSE_DAYS = 7
CHANGE_HOURS = 48
HISTORY_DAYS = 400

Answers = dict[str, dict[str, Any]]


class ElasticTelemetry:
    """Telemetry in Elasticsearch, read through a profile. Reads nothing at or after `as_of`."""

    def __init__(self, client: Elasticsearch, profile: Profile) -> None:
        self._client = client
        self.profile = profile

    def survey(self, scope: Scope, as_of: datetime) -> Survey:
        """First wave: every scope's last hours, and of `scope` (None: of all) the days before and past incidents first.

        Raises EvidenceUnavailable when the engine does not answer at all.
        """
        profile, fine, coarse = self.profile, _fine_grid(as_of), _coarse_grid(as_of)
        metrics, logs = profile.metrics, profile.logs
        hours, days = Window(start=fine.start, end=as_of), Window(start=coarse.start, end=as_of)
        since = Window.before(as_of, timedelta(hours=CHANGE_HOURS))
        known = Window.before(as_of, timedelta(days=HISTORY_DAYS))
        asked = {
            "metrics": Asked(metrics.index, queries.metrics_over_time(metrics, fine, as_of), hours),
            "metrics_past": Asked(metrics.index, queries.metrics_over_time(metrics, coarse, as_of, scope), days),
            "metrics_facts": Asked(metrics.index, queries.metrics_facts(metrics, hours), hours),
            "logs": Asked(logs.index, queries.logs_over_time(logs, fine, as_of), hours),
            "logs_past": Asked(logs.index, queries.logs_over_time(logs, coarse, as_of, scope), days),
            "changes": Asked(profile.changes.index, queries.recent_changes(since), since),
            "history": Asked(profile.incidents.index, queries.past_incidents(known, scope), known),
        }
        grids = impact_facts.Grids(fine, coarse, as_of)
        asked |= impact_facts.survey_questions(profile, grids)
        answers, unread = self._ask(asked)
        read = _reader(answers)
        survey = Survey(
            as_of=as_of,
            fine=fine,
            coarse=coarse,
            recent=decode.merge(
                read("metrics", lambda answer: decode.metric_series(answer, metrics, fine), {}),
                read("logs", lambda answer: decode.log_series(answer, fine), {}),
            ),
            past=decode.merge(
                read("metrics_past", lambda answer: decode.metric_series(answer, metrics, coarse), {}),
                read("logs_past", lambda answer: decode.log_series(answer, coarse), {}),
            ),
            changes=read("changes", lambda answer: decode.changes(answer, profile.changes), []),
            history=read("history", decode.history, []),
            providers=read("metrics_facts", decode.providers, {}),
            cross_check=read("metrics_facts", lambda answer: decode.cross_check(answer, _factor(metrics)), {}),
            asked=asked,
            unread=unread,
        )
        survey.impact = impact_facts.survey_answers(answers, profile, grids, survey.scopes)
        return survey

    def detail(self, scopes: Sequence[Scope], window: Window, baseline: Window, rollout: Window) -> Detail:
        """Second wave: of each scope its error types, its deployments side by side, its latency."""
        logs, asked = self.profile.logs, {}
        both = Window(start=baseline.start, end=window.end)
        for number, scope in enumerate(scopes):
            asked[f"errors{number}"] = Asked(logs.index, queries.error_types(logs, scope, window, baseline), both)
            if logs.deployment:
                asked[f"parts{number}"] = Asked(logs.index, queries.by_deployment(logs, scope, rollout), rollout)
            if logs.latency_ms:
                asked[f"latency{number}"] = Asked(logs.index, queries.latency(logs, scope, window, baseline), both)
        if scopes:
            asked |= impact_facts.detail_questions(self.profile, scopes[0], window)
        answers, unread = self._ask(asked)
        found = {scope: _decoded(answers, number, logs) for number, scope in enumerate(scopes)}
        return Detail(found, asked, unread, impact_facts.detail_answers(answers))

    def _ask(self, asked: dict[str, Asked]) -> tuple[Answers, dict[str, str]]:
        """Answers by name, and for those that could not be read (or not whole) the reason."""
        if not asked:
            return {}, {}
        lines: list[dict[str, Any]] = []
        for question in asked.values():
            lines += [{"index": question.index, "ignore_unavailable": True}, question.body]
        with elasticsearch_errors("reading telemetry"):
            responses = self._client.msearch(searches=lines).body["responses"]
        answers, unread = {}, {}
        for name, response in zip(asked, responses, strict=True):
            if complaint := _complaint(response):
                unread[name] = complaint
            if "error" not in response and (response.get("aggregations") or "aggs" not in asked[name].body):
                answers[name] = response
        return answers, unread


def _decoded(answers: Answers, number: int, logs: Logs) -> ScopeDetail:
    detail = ScopeDetail()
    if answer := answers.get(f"errors{number}"):
        decode.error_types(answer, logs, detail)
    if answer := answers.get(f"parts{number}"):
        detail.parts = decode.parts(answer)
    if answer := answers.get(f"latency{number}"):
        decode.latency(answer, detail)
    return detail


def _complaint(response: dict[str, Any]) -> str | None:
    if error := response.get("error"):
        return str(error.get("reason") or error.get("type") or error) if isinstance(error, dict) else str(error)
    shards = response.get("_shards", {})
    if response.get("timed_out"):
        return "the search timed out and its answer is partial"
    if shards.get("failed"):
        return f"{shards['failed']} of {shards['total']} shards did not answer"
    return None


def _reader(answers: Answers) -> Callable[..., Any]:
    def read(name: str, decoded: Callable[[dict[str, Any]], Any], otherwise: Any) -> Any:
        return decoded(answers[name]) if name in answers else otherwise

    return read


def _factor(metrics: Metrics) -> float:
    return metrics.cross_check.factor if metrics.cross_check else 1.0


def _fine_grid(as_of: datetime) -> Grid:
    end = floor_minute(as_of) + timedelta(minutes=1)
    count = FINE_HOURS * 3600 // FINE_STEP_SECONDS
    return Grid(end - timedelta(hours=FINE_HOURS), FINE_STEP_SECONDS, count)


def _coarse_grid(as_of: datetime) -> Grid:
    end = floor_minute(as_of) + timedelta(minutes=1)
    count = COARSE_DAYS * 86400 // COARSE_STEP_SECONDS
    return Grid(end - timedelta(days=COARSE_DAYS), COARSE_STEP_SECONDS, count)
