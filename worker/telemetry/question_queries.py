"""Search bodies of what questions ask beyond a Lookup. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from worker.domain.telemetry import Grid, Scope
from worker.domain.window import Window
from worker.telemetry.profiles import Logs, Metrics, Signal
from worker.telemetry.queries import (
    MAX_REGIONS,
    TIME,
    all_of,
    between,
    by_scope,
    is_error,
    over_time,
    scope_filters,
)

Body = dict[str, Any]

MOST_NAMES = 2_000
# With their regions they stay below the engine's usual limit of buckets.
MOST_RANKED = 1_000
MOST_TYPES = 10


def names(source: Metrics | Logs, window: Window) -> Body:
    aggs: Body = {"services": {"terms": {"field": source.service, "size": MOST_NAMES}}}
    if source.region:
        aggs["regions"] = {"terms": {"field": source.region, "size": MOST_NAMES}}
    return {"size": 0, "query": all_of([between(window.start, window.end)]), "aggs": aggs}


def emitted(metrics: Metrics, carbon: Signal, scope: Scope, window: Window) -> Body:
    """The sum over everything, and that of each service and region."""
    sums: Body = {"grams": {"sum": {"field": carbon.field}}, "samples": {"value_count": {"field": carbon.field}}}
    each = {**sums, "first": {"min": {"field": TIME}}, "last": {"max": {"field": TIME}}}
    filters = [between(window.start, window.end), *scope_filters(scope, metrics), {"exists": {"field": carbon.field}}]
    aggs = {**by_scope(metrics, each, MOST_RANKED), **sums}
    if (check := metrics.cross_check) and check.name == carbon.name:
        both = {"stated": {"sum": {"field": carbon.field}}, "other": {"sum": {"field": check.field}}}
        aggs["both"] = {"filter": {"exists": {"field": check.field}}, "aggs": both}
    return {"size": 0, "query": all_of(filters), "aggs": aggs}


def emitted_over_time(metrics: Metrics, carbon: Signal, scope: Scope, grid: Grid, end: datetime, services: int) -> Body:
    sums = {"grams": {"sum": {"field": carbon.field}}}
    filters = [between(grid.start, end), *scope_filters(scope, metrics), {"exists": {"field": carbon.field}}]
    return {"size": 0, "query": all_of(filters), "aggs": by_scope(metrics, over_time(grid, sums), services)}


def errors_over_time(logs: Logs, scope: Scope, grid: Grid, end: datetime, services: int) -> Body:
    errors = {"errors": {"filter": is_error(logs)}}
    filters = [between(grid.start, end), *scope_filters(scope, logs)]
    return {"size": 0, "query": all_of(filters), "aggs": by_scope(logs, over_time(grid, errors), services)}


def error_kinds(logs: Logs, scope: Scope, window: Window) -> Body:
    """The commonest types of each service and region, each with its newest message."""
    newest = {"top_hits": {"size": 1, "sort": [{TIME: "desc"}], "_source": [logs.message]}}
    aggs: Body = {"newest": newest}
    if logs.error_type:
        types = {"field": logs.error_type, "size": MOST_TYPES, "missing": ""}
        aggs = {"types": {"terms": types, "aggs": {"newest": newest}}}
    filters = [between(window.start, window.end), *scope_filters(scope, logs), is_error(logs)]
    return {"size": 0, "query": all_of(filters), "aggs": by_scope(logs, aggs)}


def services_with_room_for(buckets: int, source: Metrics | Logs) -> int:
    """How many services may be told apart, with so many buckets for each of their regions."""
    regions = MAX_REGIONS if source.region else 1
    return max(20, 50_000 // (buckets * min(regions, 5)))
