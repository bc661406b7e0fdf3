"""Search bodies of the looks that are not part of an investigation. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from worker.domain.embedding import Vector
from worker.domain.telemetry import Scope
from worker.domain.window import Window
from worker.telemetry.profiles import Changes, Logs, Metrics
from worker.telemetry.queries import (
    COMBINED,
    MAX_HISTORY,
    TIME,
    all_of,
    between,
    by_scope,
    by_span,
    is_error,
    matching,
    moments,
    scope_filters,
)

Body = dict[str, Any]

# Documents, of which every deployment has one for each state it was in.
MAX_CHANGES = 500
COUNTED_AT_ONCE = 1_000
MAX_NEAR = 20
MOST_CANDIDATES = 200


def measured(metrics: Metrics, scope: Scope, before: Window, within: Window) -> Body:
    """Every signal of every scope in both spans."""
    aggs: Body = {"moments": moments()}
    for signal in metrics.signals:
        aggs[signal.name] = {COMBINED[signal.kind]: {"field": signal.field}}
    spans = [between(before.start, before.end), between(within.start, within.end)]
    filters = [{"bool": {"should": spans, "minimum_should_match": 1}}, *scope_filters(scope, metrics)]
    return {"size": 0, "query": all_of(filters), "aggs": by_scope(metrics, by_span(before, within, aggs))}


def logged(logs: Logs, scope: Scope, window: Window) -> Body:
    aggs: Body = {}
    if logs.level:
        aggs["errors"] = {"filter": is_error(logs)}
    if logs.retry:
        aggs["retries"] = {"filter": {"term": {logs.retry: True}}}
    if logs.error_type:
        aggs["error_types"] = {"cardinality": {"field": logs.error_type}}
    if logs.latency_ms:
        aggs["latency"] = {"percentiles": {"field": logs.latency_ms, "percents": [95]}}
    filters = [between(window.start, window.end), *scope_filters(scope, logs)]
    return {"size": 0, "query": all_of(filters), "aggs": by_scope(logs, aggs)}


def log_lines(
    logs: Logs,
    scope: Scope,
    window: Window,
    *,
    words: str | None,
    errors_only: bool,
    limit: int,
    phrases: Sequence[str] = (),
) -> Body:
    """`words` are matched as words only: nothing in them is a query of its own. Of `phrases` a line holds each."""
    filters = [between(window.start, window.end), *scope_filters(scope, logs)]
    if errors_only and logs.level:
        filters.append(is_error(logs))
    query: Body = {"bool": {"filter": filters}}
    if words:
        query["bool"]["must"] = [{"match": {logs.message: {"query": words}}}]
    filters += [{"match_phrase": {logs.message: {"query": phrase}}} for phrase in phrases]
    order: list[Any] = ["_score", {TIME: "desc"}] if words else [{TIME: "desc"}]
    return {"size": limit, "sort": order, "query": query, "track_total_hits": True}


def changes(source: Changes, scope: Scope, window: Window) -> Body:
    query = _changes_in(source, scope, window)
    return {"size": MAX_CHANGES, "sort": [{TIME: "desc"}], "query": query, "track_total_hits": True}


def counted_changes(source: Changes, scope: Scope, window: Window, after: Body | None) -> Body:
    """Every change with its service and region, page by page: an answer's `after_key` is the next one's `after`.

    https://www.elastic.co/docs/reference/aggregations/search-aggregations-bucket-composite-aggregation
    """
    parts = {"change": source.deployment or source.version, "service": source.service, "region": source.region}
    sources = [{name: {"terms": {"field": field, "missing_bucket": True}}} for name, field in parts.items() if field]
    page: Body = {"size": COUNTED_AT_ONCE, "sources": sources, **({"after": after} if after else {})}
    aggs = {"changes": {"composite": page}}
    return {"size": 0, "query": _changes_in(source, scope, window), "aggs": aggs}


def _changes_in(source: Changes, scope: Scope, window: Window) -> Body:
    pairs = ((source.service, scope.service), (source.region, scope.region))
    wanted = [{"term": {name: value}} for name, value in pairs if name and value]
    return all_of([between(window.start, window.end), *wanted, *([matching(source.only)] if source.only else [])])


def incidents(scope: Scope, window: Window) -> Body:
    wanted = [{"term": {name: value}} for name, value in zip(("service", "region"), scope, strict=True) if value]
    filters = [between(window.start, window.end), *wanted]
    return _of_incidents({"bool": {"filter": filters}}, [{TIME: "desc"}])


def near(vector: Vector, model: str, window: Window) -> Body:
    """Vectors of different models mean nothing to each other.

    https://www.elastic.co/docs/reference/query-languages/query-dsl/query-dsl-knn-query
    """
    known = [between(window.start, window.end), {"term": {"embedding_model": model}}]
    nearest = {"field": "embedding", "query_vector": vector, "k": MAX_NEAR, "num_candidates": MOST_CANDIDATES}
    query = {"knn": {**nearest, "filter": known}}
    return {
        "size": MAX_NEAR,
        "sort": ["_score", {TIME: "desc"}],
        "query": query,
        "_source": {"excludes": ["embedding", "deliveries", "history.reason"]},
    }


def _of_incidents(query: Body, order: list[Any]) -> Body:
    return {"size": MAX_HISTORY, "sort": order, "query": query, "_source": {"excludes": ["embedding"]}}
