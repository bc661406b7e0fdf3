"""Search bodies: nothing but what every engine has, and names that stay values whatever they look like."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.telemetry.shipped import LOGS, METRICS
from worker.domain.telemetry import Grid, Scope
from worker.domain.window import Window, iso
from worker.telemetry import calls, queries, thinning
from worker.telemetry.profiles import Duration, Edges

END = datetime(2026, 2, 26, 14, 0, tzinfo=UTC)
WINDOW = Window.before(END, timedelta(minutes=15))
BASELINE = Window.before(WINDOW.start, timedelta(hours=4))
FINE = Grid(END - timedelta(hours=4), 60, 240)
COARSE = Grid(END - timedelta(days=7), 1800, 336)
EDGES = Edges(
    index="edges",
    caller="caller",
    callee="callee",
    calls="calls",
    duration=Duration(field="duration"),
    callee_duration=Duration(total="callee_total", unit="us"),
)
THINNED = thinning.Thinning(6, 60, {"checkout": 1, "search": 1})
CHECKOUT = Scope("checkout", "us-central1")

# What Elasticsearch 8 and 9 with few modules, serverless and the embedded engine have in common.
PORTABLE_AGGREGATIONS = {
    "date_histogram",
    "terms",
    "composite",
    "filter",
    "filters",
    "range",
    "percentiles",
    "extended_stats",
    "stats",
    "avg",
    "sum",
    "min",
    "max",
    "value_count",
    "cardinality",
    "top_hits",
}
PORTABLE_QUERIES = {"bool", "range", "term", "terms", "exists", "match", "match_all", "ids", "constant_score"}
PORTABLE_KEYS = {"size", "query", "aggs", "sort", "_source", "track_total_hits", "timeout", "from"}


def every_body(scope: Scope) -> dict[str, dict[str, Any]]:
    return {
        "metrics": queries.metrics_over_time(METRICS, FINE, END, scope),
        "metrics past": queries.metrics_over_time(METRICS, COARSE, END, scope),
        "metrics facts": queries.metrics_facts(METRICS, WINDOW),
        "logs": queries.logs_over_time(LOGS, FINE, END, scope),
        "changes": queries.recent_changes(WINDOW),
        "history": queries.past_incidents(WINDOW, scope),
        "errors": queries.error_types(LOGS, scope, WINDOW, BASELINE),
        "deployments": queries.by_deployment(LOGS, scope, WINDOW),
        "latency": queries.latency(LOGS, scope, WINDOW, BASELINE),
        "slices": queries.slices(METRICS, "deployment_id", scope, WINDOW, BASELINE),
        "lines": queries.lines(LOGS, WINDOW),
        "calls": calls.calls(EDGES, BASELINE, WINDOW),
        "glances": thinning.glances(LOGS, FINE, END).body,
        **{name: one.body for name, one in thinning.questions(LOGS, FINE, END, THINNED, scope=scope).items()},
    }


SCOPED = ("metrics", "metrics past", "logs", "history", "errors", "deployments", "latency", "slices")


def aggregations(body: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(type, parameters) of every aggregation, however deep."""
    for one in body.get("aggs", {}).values():
        for kind, parameters in one.items():
            if kind != "aggs":
                yield kind, parameters
        yield from aggregations(one)


def clauses(query: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for kind, parameters in query.items():
        yield kind, parameters
        if kind == "bool":
            for key in ("filter", "should", "must", "must_not"):
                inner = parameters.get(key, [])
                for one in inner if isinstance(inner, list) else [inner]:
                    yield from clauses(one)
        if kind == "constant_score":
            yield from clauses(parameters["filter"])


def every_clause(body: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Of the query and of the filters among the aggregations."""
    yield from clauses(body.get("query", {}))
    for kind, parameters in aggregations(body):
        if kind == "filter":
            yield from clauses(parameters)


def shape(value: Any) -> Any:
    """A body without the values that it compares with."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    return [shape(inner) for inner in value] if isinstance(value, list) else type(value).__name__


@pytest.mark.parametrize("scope", [CHECKOUT, Scope("checkout", None), Scope(None, "us-central1"), Scope(None, None)])
def test_bodies_keep_to_what_every_engine_has(scope: Scope) -> None:
    for name, body in every_body(scope).items():
        assert set(body) <= PORTABLE_KEYS, name
        assert {kind for kind, _ in aggregations(body)} <= PORTABLE_AGGREGATIONS, name
        assert {kind for kind, _ in every_clause(body)} <= PORTABLE_QUERIES, name
        assert not any(word in json.dumps(body) for word in ("script", "runtime_mappings", "buckets_path", "esql")), (
            name
        )


@pytest.mark.parametrize("name", SCOPED)
def test_a_scope_is_filtered_by_its_own_parts(name: str) -> None:
    def terms(scope: Scope) -> list[Any]:
        return [
            parameters
            for kind, parameters in every_clause(every_body(scope)[name])
            if kind == "term" and "retry" not in parameters
        ]

    assert terms(CHECKOUT) == [{"service": "checkout"}, {"region": "us-central1"}]
    assert terms(Scope("checkout", None)) == [{"service": "checkout"}]
    assert terms(Scope(None, "us-central1")) == [{"region": "us-central1"}]
    assert terms(Scope(None, None)) == []


def test_a_scope_is_filtered_by_the_profiles_own_fields() -> None:
    metrics = METRICS.model_copy(update={"service": "service.name", "region": "cloud.region"})
    body = queries.metrics_over_time(metrics, FINE, END, CHECKOUT)
    assert {"term": {"service.name": "checkout"}} in body["query"]["bool"]["filter"]
    assert {"term": {"cloud.region": "us-central1"}} in body["query"]["bool"]["filter"]
    assert body["aggs"]["services"]["terms"]["field"] == "service.name"


hostile = st.text(min_size=1, max_size=40) | st.sampled_from(
    [
        '"}}',
        "*",
        "service:*",
        "a AND b",
        "checkout OR 1=1",
        "\\",
        "{{x}}",
        "_all",
        "../../etc",
        "\u202egnp",
        "' or ''='",
        "null",
    ]
)


@given(hostile, hostile)
@settings(max_examples=80, deadline=None)
def test_a_name_is_a_value_and_never_syntax(service: str, region: str) -> None:
    """Bodies of any names differ from those of plain ones in these two values alone, and survive JSON."""
    plain, odd = every_body(CHECKOUT), every_body(Scope(service, region))
    for name in plain:
        assert shape(plain[name]) == shape(odd[name])
        assert json.loads(json.dumps(odd[name])) == odd[name]
    for name in SCOPED:
        terms = [parameters for kind, parameters in every_clause(odd[name]) if kind == "term"]
        assert {"service": service} in terms
        assert {"region": region} in terms


# --- time


@pytest.mark.parametrize(
    "name",
    [
        "metrics",
        "logs",
        "changes",
        "history",
        "errors",
        "deployments",
        "latency",
        "metrics facts",
        "slices",
        "lines",
        "calls",
    ],
)
def test_nothing_at_or_after_the_end_is_read(name: str) -> None:
    ranges = [
        parameters["@timestamp"] for kind, parameters in every_clause(every_body(CHECKOUT)[name]) if kind == "range"
    ]
    assert ranges
    assert all(set(one) <= {"gte", "lt"} for one in ranges)
    assert max(one["lt"] for one in ranges) == iso(END)


@given(st.integers(0, 5_000_000), st.sampled_from([60, 1800]), st.integers(1, 400))
def test_buckets_begin_where_the_grid_does(minutes: int, step: int, count: int) -> None:
    grid = Grid(END - timedelta(minutes=minutes), step, count)
    body = queries.logs_over_time(LOGS, grid, grid.end)
    histogram = body["aggs"]["services"]["aggs"]["regions"]["aggs"]["times"]["date_histogram"]
    assert histogram["fixed_interval"] == f"{step}s"
    offset = int(histogram["offset"].removesuffix("s"))
    assert 0 <= offset < step
    assert (grid.start.timestamp() - offset) % step == 0


def test_each_sample_has_its_own_time_and_number() -> None:
    """A mass is spread over the time since the sample before, and parts of one moment are one sample."""
    body = queries.metrics_over_time(METRICS, FINE, END)
    inner = body["aggs"]["services"]["aggs"]["regions"]["aggs"]["times"]["aggs"]
    assert inner["last"] == {"max": {"field": "@timestamp"}}
    assert inner["samples"]["cardinality"]["field"] == "@timestamp"
    assert {name: next(iter(inner[name])) for name in ("carbon", "cpu", "memory", "traffic")} == {
        "carbon": "sum",
        "cpu": "avg",
        "memory": "avg",
        "traffic": "sum",
    }


def test_documents_without_a_region_are_not_lost() -> None:
    for name in ("metrics", "logs", "metrics facts"):
        regions = every_body(CHECKOUT)[name]["aggs"]["services"]["aggs"]["regions"]["terms"]
        assert regions["missing"] == ""


def test_errors_without_a_type_are_not_lost() -> None:
    assert every_body(CHECKOUT)["errors"]["aggs"]["types"]["terms"]["missing"] == ""


def test_what_a_profile_does_not_name_is_not_asked_for() -> None:
    bare = LOGS.model_copy(update={"retry": None, "latency_ms": None, "error_type": None})
    inner = queries.logs_over_time(bare, FINE, END)["aggs"]["services"]["aggs"]["regions"]["aggs"]["times"]["aggs"]
    assert set(inner) == {"errors"}
    assert "types" not in queries.error_types(bare, CHECKOUT, WINDOW, BASELINE)["aggs"]
    unnamed = METRICS.model_copy(update={"provider": None, "cross_check": None})
    facts = queries.metrics_facts(unnamed, WINDOW)["aggs"]["services"]["aggs"]["regions"]["aggs"]
    assert facts == {}


def test_history_has_others_too_and_the_scopes_own_first() -> None:
    body = queries.past_incidents(WINDOW, CHECKOUT)
    wanted = [{"service": "checkout"}, {"region": "us-central1"}]
    assert body["query"]["bool"]["should"] == [{"constant_score": {"filter": {"term": one}}} for one in wanted]
    assert "minimum_should_match" not in body["query"]["bool"]
    assert body["sort"][0] == "_score"
    assert "embedding" in body["_source"]["excludes"]


def test_a_single_document_counts() -> None:
    histogram = every_body(CHECKOUT)["logs"]["aggs"]["services"]["aggs"]["regions"]["aggs"]["times"]["date_histogram"]
    assert histogram["min_doc_count"] == 1


@pytest.mark.parametrize("name", ["errors", "latency", "slices"])
def test_spans_that_meet_are_one(name: str) -> None:
    filters = every_body(CHECKOUT)[name]["query"]["bool"]["filter"]
    assert filters[0] == queries.between(BASELINE.start, WINDOW.end)


def test_documents_between_two_spans_are_not_read() -> None:
    earlier = Window(start=BASELINE.start, end=BASELINE.end - timedelta(minutes=1))
    for first, second in ((WINDOW, earlier), (earlier, WINDOW)):
        either = queries.latency(LOGS, CHECKOUT, first, second)["query"]["bool"]["filter"][0]
        wanted = [queries.between(one.start, one.end) for one in (first, second)]
        assert either == {"bool": {"should": wanted, "minimum_should_match": 1}}


def test_latencies_are_counted_without_a_gap_between_their_ranges() -> None:
    ranges = every_body(CHECKOUT)["latency"]["aggs"]["window"]["aggs"]["histogram"]["range"]["ranges"]
    assert "from" not in ranges[0]
    assert "to" not in ranges[-1]
    assert all(one["to"] == other["from"] for one, other in pairwise(ranges))
    assert ranges[-1]["from"] > 200_000
