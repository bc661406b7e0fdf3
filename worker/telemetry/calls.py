"""Who calls whom, and how long it takes: the search for it, and its answer as `Calls`. Pure.

The span before the alert's window is told by quantiles, not by a series, so that the answer has the same size
however long it is and however many services there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import numpy as np

from worker.domain.telemetry import FAILED_CALLS, CallHistory, Calls, CallSpan, Edge, Grid, Quantiles, Scope, Series
from worker.domain.window import Window
from worker.telemetry.decode import place_of
from worker.telemetry.profiles import Duration, Edges
from worker.telemetry.queries import MOST_BUCKETS, all_of, between, by_span, matching, moments, over_time

Body = dict[str, Any]
Answer = dict[str, Any]

MAX_CALLERS = 500
MAX_CALLEES = 100
PERCENTS = [1, 5, 50, 95, 99]
SPANS = ("before", "within")
# Documents that count calls and those that do not come from different instruments.
COUNTED, SAMPLED = "counted", "sampled"


def calls(edges: Edges, before: Window, within: Window) -> Body:
    """Every edge with its calls and durations, by source and span."""
    callees = {"terms": {"field": edges.callee, "size": MAX_CALLEES}, "aggs": by_span(before, within, _figures(edges))}
    callers = {"terms": {"field": edges.caller, "size": MAX_CALLERS}, "aggs": {"callees": callees}}
    aggs = {"callers": callers, **by_span(before, within, {"moments": moments()})}
    return {
        "size": 0,
        "query": all_of([between(before.start, within.end)]),
        "aggs": {"sources": {"filters": {"filters": _sources(edges)}, "aggs": aggs}},
    }


def _sources(edges: Edges) -> Body:
    if not edges.calls:
        return {SAMPLED: {"match_all": {}}}
    exists = {"exists": {"field": edges.calls}}
    return {COUNTED: exists, SAMPLED: {"bool": {"must_not": [exists]}}}


def calls_over_time(edges: Edges, grid: Grid, end: datetime) -> Body:
    """Every edge with its calls and durations, by source and bucket: for few buckets."""
    times = over_time(grid, _figures(edges))
    callees = {"terms": {"field": edges.callee, "size": MAX_CALLEES}, "aggs": times}
    callers = {"terms": {"field": edges.caller, "size": MAX_CALLERS}, "aggs": {"callees": callees}}
    return {
        "size": 0,
        "query": all_of([between(grid.start, end)]),
        "aggs": {"sources": {"filters": {"filters": _sources(edges)}, "aggs": {"callers": callers}}},
    }


def by_step(answer: Answer, edges: Edges, grid: Grid) -> Iterator[tuple[datetime, Edge, CallSpan]]:
    """What `calls_over_time` found: (start of the bucket, edge, its calls)."""
    for source in answer["aggregations"]["sources"]["buckets"].values():
        for edge, callee in _named_edges(source, edges):
            for bucket in callee["times"]["buckets"]:
                place, span = place_of(bucket, grid), _span(bucket, edges)
                if place is not None and span is not None:
                    yield grid.time(place), edge, span


def _figures(edges: Edges) -> Body:
    aggs: Body = {"moments": moments()}
    if edges.calls:
        aggs["calls"] = {"sum": {"field": edges.calls}}
    for name, duration in _durations(edges):
        if duration.total:
            aggs[f"{name}_total"] = {"sum": {"field": duration.total}}
        else:
            aggs[name] = {"percentiles": {"field": duration.field, "percents": PERCENTS}}
            aggs[f"{name}_count"] = {"value_count": {"field": duration.field}}
    return aggs


def _durations(edges: Edges) -> list[tuple[str, Duration]]:
    named = (("duration", edges.duration), ("callee_duration", edges.callee_duration))
    return [(name, duration) for name, duration in named if duration]


def decode(answer: Answer, edges: Edges) -> Calls:
    found = Calls()
    for source, bucket in answer["aggregations"]["sources"]["buckets"].items():
        if not bucket["doc_count"]:
            continue
        spans = bucket["spans"]["buckets"]
        found.moments[source] = (int(spans["before"]["moments"]["value"]), int(spans["within"]["moments"]["value"]))
        found.sources[source] = _edges_of(bucket, edges)
    return found


def _edges_of(bucket: Answer, edges: Edges) -> dict[Edge, CallHistory]:
    return {
        edge: CallHistory(*(_span(callee["spans"]["buckets"][name], edges) for name in SPANS))
        for edge, callee in _named_edges(bucket, edges)
    }


def _named_edges(source: Answer, edges: Edges) -> Iterator[tuple[Edge, Answer]]:
    for caller in source["callers"]["buckets"]:
        for callee in caller["callees"]["buckets"]:
            yield (str(caller["key"]), _stripped(str(callee["key"]), edges)), callee


def _stripped(callee: str, edges: Edges) -> str:
    """`ledger:8080` is `ledger` where the profile says that a port is no part of the name."""
    if not edges.strip or edges.strip not in callee:
        return callee
    return callee[: callee.index(edges.strip)] or callee


def _span(bucket: Answer, edges: Edges) -> CallSpan | None:
    if not bucket["doc_count"]:
        return None
    durations = {name: _duration(bucket, name, duration) for name, duration in _durations(edges)}
    count = float(bucket["calls"]["value"]) if edges.calls else None
    return CallSpan(
        moments=int(bucket["moments"]["value"]),
        calls=count or None,
        duration=durations.get("duration"),
        callee_duration=durations.get("callee_duration"),
    )


def _duration(bucket: Answer, name: str, duration: Duration) -> Quantiles | None:
    """In seconds. Of a total only the mean is known."""
    if duration.total:
        count = float(bucket["calls"]["value"] or 0)
        if count <= 0:
            return None
        mean = float(bucket[f"{name}_total"]["value"] or 0) / count * duration.seconds
        return Quantiles(1, mean, mean, mean, mean, mean)
    values = bucket[name]["values"]
    count = int(bucket[f"{name}_count"]["value"])
    if not count:
        return None
    by_percent = {float(key): value for key, value in values.items()}
    return Quantiles(count, *(float(by_percent[float(percent)]) * duration.seconds for percent in PERCENTS))


def failures_over_time(edges: Edges, grid: Grid, end: datetime) -> Body:
    """Calls and failed ones by callee and bucket, of the callees with the most failed ones."""
    assert edges.failures is not None
    counted = {"sum": {"field": edges.calls}} if edges.calls else {"value_count": {"field": edges.callee}}
    failed = {"failed": {"filter": matching(edges.failures), "aggs": {"calls": counted}}}
    size = max(1, min(MAX_CALLEES, MOST_BUCKETS // (4 * grid.count)))
    terms = {"field": edges.callee, "size": size, "order": {"failed>calls": "desc"}}
    aggs = {**failed, **over_time(grid, {**failed, "calls": counted})}
    query = all_of([between(grid.start, end)])
    return {"size": 0, "query": query, "aggs": {"callees": {"terms": terms, "aggs": aggs}}}


def failures(answer: Answer, edges: Edges, grid: Grid) -> dict[Scope, Series]:
    """The share of failed calls of each callee; NaN where it was not called."""
    counts: dict[str, np.ndarray[Any, Any]] = {}
    for callee in answer["aggregations"]["callees"]["buckets"]:
        own = counts.setdefault(_stripped(str(callee["key"]), edges), np.zeros((2, grid.count)))
        for bucket in callee["times"]["buckets"]:
            if (place := place_of(bucket, grid)) is not None:
                own[:, place] += bucket["failed"]["calls"]["value"] or 0.0, bucket["calls"]["value"] or 0.0
    return {Scope(name, None): Series({FAILED_CALLS.name: _share(*own)}) for name, own in counts.items()}


def _share(failed: Any, made: Any) -> Any:
    return np.where(made > 0, failed / np.maximum(made, 1e-9), np.nan)
