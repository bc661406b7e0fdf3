"""Pure builders of search bodies. They keep to what Elasticsearch 8 and 9, serverless and the embedded engine share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from worker.analysis.likeness.structure import Wanted
from worker.domain.telemetry import Grid, Scope
from worker.domain.window import Window, iso
from worker.telemetry.impact_profile import Business
from worker.telemetry.profiles import Logs, Matching, Metrics, Signal

Body = dict[str, Any]

TIME = "@timestamp"
MAX_SERVICES = 100
# Below `search.max_buckets`, 65,536 unless set otherwise.
# https://www.elastic.co/docs/reference/elasticsearch/configuration-reference/search-settings
MOST_BUCKETS = 60_000
MAX_REGIONS = 30
MAX_CHANGES = 300
MAX_HISTORY = 200
# Read beyond those, since some of them may not have been known yet.
SPARE_HISTORY = 100
MAX_ALIKE = 80
MOST_LIKE_TERMS = 40
MAX_DEPLOYMENTS = 5
MAX_ERROR_TYPES = 12
MAX_SLICES = 50
EXAMPLES = 5

EVERYTHING = Scope(None, None)

# How the documents of one bucket are put together, by the signal's kind.
COMBINED = {"gauge": "avg", "rate": "sum", "mass": "sum", "count": "value_count", "summary": "avg"}
PEAK = "^"
STEPS = "^steps"
# More than these are not read of one span: the newest ones are.
MAX_LINES = 10_000

# Of each scope's buckets of time the engine tells twice as much as is read, in megabytes.
# https://www.elastic.co/docs/reference/elasticsearch/rest-apis/common-options#common-options-response-filtering
_STATISTICS = ("min", "max", "avg", "var", "std")
_UNREAD = ("key_as_string", "*.value_as_string", STEPS, *(f"latency.{name}*" for name in _STATISTICS))
WITHOUT_UNREAD = [f"-responses.aggregations.services.buckets.regions.**.times.buckets.{name}" for name in _UNREAD]

# Edges of the latency histogram, milliseconds: a quantile read from it is right within 15 %.
LATENCY_EDGES_MS = [round(1.15**k, 3) for k in range(90)]


def between(start: datetime, end: datetime) -> Body:
    return {"range": {TIME: {"gte": iso(start), "lt": iso(end)}}}


def scope_filters(scope: Scope, source: Metrics | Logs) -> list[Body]:
    pairs = ((source.service, scope.service), (source.region, scope.region))
    return [{"term": {name: value}} for name, value in pairs if name is not None and value is not None]


def all_of(filters: Iterable[Body]) -> Body:
    return {"bool": {"filter": list(filters)}}


def is_error(logs: Logs) -> Body:
    return {"terms": {logs.level: logs.error_levels}}


def by_region(source: Metrics | Logs | Business, aggs: Body) -> Body:
    return {"terms": {"field": source.region, "size": MAX_REGIONS, "missing": ""}, "aggs": aggs}


def by_span(before: Window, within: Window, aggs: Body) -> Body:
    filters = {"before": between(before.start, before.end), "within": between(within.start, within.end)}
    return {"spans": {"filters": {"filters": filters}, "aggs": aggs}}


def moments() -> Body:
    """How many distinct times there are."""
    return {"cardinality": {"field": TIME, "precision_threshold": 1000}}


def most_services(source: Metrics | Logs, buckets_each: int) -> int:
    """As many as the engine's usual limit of buckets has room for; with regions beneath, no more than MAX_SERVICES."""
    return MAX_SERVICES if source.region else max(MAX_SERVICES, MOST_BUCKETS // buckets_each)


def by_scope(source: Metrics | Logs, aggs: Body, services: int | Sequence[str] = MAX_SERVICES) -> Body:
    """`services`: so many, those with most documents; or these by name."""
    regions: Body = {"filters": {"filters": {"": {"match_all": {}}}}, "aggs": aggs}
    if source.region:
        regions = by_region(source, aggs)
    terms: Body = {"field": source.service}
    terms |= {"size": services} if isinstance(services, int) else {"size": len(services), "include": list(services)}
    return {"services": {"terms": terms, "aggs": {"regions": regions}}}


def over_time(grid: Grid, aggs: Body) -> Body:
    offset = int(grid.start.timestamp()) % grid.step_seconds
    histogram = {
        "field": TIME,
        "fixed_interval": f"{grid.step_seconds}s",
        "offset": f"{offset}s",
        "min_doc_count": 1,
    }
    return {"times": {"date_histogram": histogram, "aggs": aggs}}


def metrics_over_time(
    metrics: Metrics,
    grid: Grid,
    end: datetime,
    scope: Scope = EVERYTHING,
    *,
    with_peaks: bool = False,
    step_seconds: int | None = None,
    most: int | None = None,
) -> Body:
    """Every signal, by service, region and bucket; `samples` counts the moments that were sampled.

    `most` services, if not as many as the engine's usual limit has room for.

    `with_peaks`: of those with a role the highest sample as well. Where samples are made of many values, they are told
    apart by `step_seconds`, and there is no highest one without it.
    """
    aggs: Body = {"last": {"max": {"field": TIME}}}
    if any(signal.kind in ("rate", "mass") for signal in metrics.signals):
        aggs["samples"] = {"cardinality": {"field": TIME, "precision_threshold": 100}}
    for signal in metrics.signals:
        aggs[signal.name] = {COMBINED[signal.kind]: {"field": signal.field}}
        if with_peaks and signal.role and not signal.is_counted:
            aggs[f"{signal.name}{PEAK}"] = {"max": {"field": signal.field}}
    if with_peaks and step_seconds:
        aggs.update(_peaks_of_steps([one for one in metrics.signals if one.role and one.is_counted], step_seconds))
    filters = [between(grid.start, end), *scope_filters(scope, metrics)]
    services = most or most_services(metrics, grid.count)
    return {"size": 0, "query": all_of(filters), "aggs": by_scope(metrics, over_time(grid, aggs), services)}


def _peaks_of_steps(signals: list[Signal], step_seconds: int) -> Body:
    """The highest step within each bucket. Numbered, since a path of aggregations takes dots for its own."""
    if not signals:
        return {}
    steps = {"field": TIME, "fixed_interval": f"{step_seconds}s", "min_doc_count": 1}
    each = {f"v{number}": {COMBINED[one.kind]: {"field": one.field}} for number, one in enumerate(signals)}
    peaks = {
        f"{one.name}{PEAK}": {"max_bucket": {"buckets_path": f"{STEPS}>v{number}"}}
        for number, one in enumerate(signals)
    }
    return {STEPS: {"date_histogram": steps, "aggs": each}, **peaks}


def metrics_facts(metrics: Metrics, window: Window) -> Body:
    """Per scope: the cloud provider, and both ways of stating emissions, to be compared."""
    aggs: Body = {}
    if metrics.provider:
        aggs["provider"] = {"terms": {"field": metrics.provider, "size": 1}}
    if check := metrics.cross_check:
        field = next(signal.field for signal in metrics.signals if signal.name == check.name)
        both = [{"exists": {"field": field}}, {"exists": {"field": check.field}}]
        sums = {"stated": {"sum": {"field": field}}, "other": {"sum": {"field": check.field}}}
        aggs["both"] = {"filter": all_of(both), "aggs": sums}
    return {"size": 0, "query": all_of([between(window.start, window.end)]), "aggs": by_scope(metrics, aggs)}


def logs_over_time(
    logs: Logs, grid: Grid, end: datetime, scope: Scope = EVERYTHING, *, most: int | None = None
) -> Body:
    """Lines, errors, retries and latency, by service, region and bucket; of `most` services, as for metrics."""
    filters = [between(grid.start, end), *scope_filters(scope, logs)]
    counts = over_time(grid, line_counts(logs))
    services = most or most_services(logs, grid.count)
    return {"size": 0, "query": all_of(filters), "aggs": by_scope(logs, counts, services)}


def told_of_lines(logs: Logs) -> dict[str, Body]:
    """What a line can be, with the query that finds those."""
    told: dict[str, Body] = {"errors": is_error(logs)} if logs.level else {}
    return told | ({"retries": {"term": {logs.retry: True}}} if logs.retry else {})


def line_counts(logs: Logs) -> Body:
    aggs: Body = {name: {"filter": one} for name, one in told_of_lines(logs).items()}
    if logs.latency_ms:
        aggs["latency"] = {"extended_stats": {"field": logs.latency_ms}}
    return aggs


def recent_changes(window: Window, only: Matching | None = None) -> Body:
    filters = [between(window.start, window.end), *([matching(only)] if only else [])]
    return {"size": MAX_CHANGES, "sort": [{TIME: "desc"}], "query": all_of(filters)}


def matching(wanted: Matching) -> Body:
    return {"terms": {wanted.field: wanted.values}}


def past_incidents(window: Window, scope: Scope) -> Body:
    """Incidents known by then: those of the scope first, then the newest.

    Each name counts as much as the other, however often it occurs: what is written later must not change the order.
    """
    names = [(name, value) for name, value in zip(("service", "region"), scope, strict=True) if value]
    wanted = [{"constant_score": {"filter": {"term": {name: value}}}} for name, value in names]
    query = {"bool": {"filter": [between(window.start, window.end)], "should": wanted}}
    return {
        "size": MAX_HISTORY + SPARE_HISTORY,
        "sort": ["_score", {TIME: "desc"}],
        "query": query,
        "_source": {"excludes": ["embedding", "deliveries", "history.reason"]},
    }


def resembling(wanted: Wanted, window: Window) -> Body:
    """Past incidents that share telling words with it, or are of its service or region; the best first.

    https://www.elastic.co/docs/reference/query-languages/query-dsl/query-dsl-mlt-query
    """
    alike = {
        "more_like_this": {
            "fields": ["title", "summary"],
            "like": wanted.text,
            # Texts of a line or two: every word counts, and one that both have is enough.
            "min_term_freq": 1,
            "min_doc_freq": 1,
            "max_query_terms": MOST_LIKE_TERMS,
            "minimum_should_match": 1,
        }
    }
    names = {"service": wanted.services | ({wanted.service} if wanted.service else set()), "region": wanted.regions}
    shared: list[Body] = [
        {"constant_score": {"filter": {"terms": {name: sorted(values)}}}} for name, values in names.items() if values
    ]
    query = {
        "bool": {
            "filter": [between(window.start, window.end)],
            "should": [*([alike] if wanted.text else []), *shared],
            "minimum_should_match": 1,
        }
    }
    return {
        "size": MAX_ALIKE,
        "sort": ["_score", {TIME: "desc"}],
        "query": query,
        "_source": {"excludes": ["embedding", "deliveries", "history.reason"]},
    }


def error_types(logs: Logs, scope: Scope, window: Window, baseline: Window) -> Body:
    """Errors of the window and the baseline by type, each with its newest messages of the window."""
    per_type: Body = {"window": {"filter": between(window.start, window.end), "aggs": {"examples": _examples(logs)}}}
    per_type["baseline"] = {"filter": between(baseline.start, baseline.end)}
    wanted = [_either(window, baseline), *scope_filters(scope, logs)]
    if logs.level:
        wanted.append(is_error(logs))
    aggs: Body = {"window": {"filter": between(window.start, window.end), "aggs": {"examples": _examples(logs, 50)}}}
    if logs.error_type:
        types = {"field": logs.error_type, "size": MAX_ERROR_TYPES, "missing": ""}
        aggs["types"] = {"terms": types, "aggs": per_type}
    return {"size": 0, "query": all_of(wanted), "aggs": aggs, "track_total_hits": True}


def _either(*windows: Window) -> Body:
    """In one of them; where they meet, as a window and its baseline do, one range finds them in half the time."""
    first, *later = sorted(windows, key=lambda window: window.start)
    if all(one.end == other.start for one, other in pairwise([first, *later])):
        return between(first.start, max(window.end for window in windows))
    return {"bool": {"should": [between(w.start, w.end) for w in windows], "minimum_should_match": 1}}


def _examples(logs: Logs, size: int = EXAMPLES) -> Body:
    return {"top_hits": {"size": size, "sort": [{TIME: "desc"}], "_source": [logs.message]}}


def by_deployment(logs: Logs, scope: Scope, window: Window) -> Body:
    """The same minute's documents of each deployment side by side."""
    grid = Grid(window.start, 60, max(1, int(window.minutes) + 1))
    deployments = {"terms": {"field": logs.deployment, "size": MAX_DEPLOYMENTS}, "aggs": line_counts(logs)}
    filters = [between(window.start, window.end), *scope_filters(scope, logs)]
    return {"size": 0, "query": all_of(filters), "aggs": over_time(grid, {"deployments": deployments})}


def latency(logs: Logs, scope: Scope, window: Window, baseline: Window) -> Body:
    """Quantiles and histogram of latency in the window and in the baseline."""
    edges: list[Body] = [{"to": LATENCY_EDGES_MS[0]}]
    edges += [{"from": a, "to": b} for a, b in pairwise(LATENCY_EDGES_MS)]
    edges.append({"from": LATENCY_EDGES_MS[-1]})
    aggs = {
        "quantiles": {"percentiles": {"field": logs.latency_ms, "percents": [50, 95, 99]}},
        "histogram": {"range": {"field": logs.latency_ms, "ranges": edges}},
    }
    spans = {
        name: {"filter": between(w.start, w.end), "aggs": aggs}
        for name, w in (("window", window), ("baseline", baseline))
    }
    return {"size": 0, "query": all_of([_either(window, baseline), *scope_filters(scope, logs)]), "aggs": spans}


def slices(metrics: Metrics, field: str, scope: Scope, window: Window, baseline: Window) -> Body:
    """Every signal by instance or deployment, within and before: levels as means, flows and masses as sums."""
    aggs: Body = {"moments": moments()}
    for signal in metrics.signals:
        aggs[signal.name] = {COMBINED[signal.kind]: {"field": signal.field}}
    terms = {"terms": {"field": field, "size": MAX_SLICES, "missing": ""}, "aggs": by_span(baseline, window, aggs)}
    filters = [_either(window, baseline), *scope_filters(scope, metrics)]
    return {"size": 0, "query": all_of(filters), "aggs": {"slices": terms}}


def lines(logs: Logs, window: Window) -> Body:
    """The newest lines of every service."""
    return {
        "size": MAX_LINES,
        "sort": [{TIME: "desc"}],
        "query": all_of([between(window.start, window.end)]),
        "_source": [name for name in (logs.service, logs.message, logs.level) if name],
        "track_total_hits": True,
    }
