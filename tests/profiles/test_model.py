"""What these profiles needed of the model: summaries, failed calls, one kind of change, attributes in their place."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.domain.telemetry import Grid, Scope
from worker.domain.window import Window
from worker.errors import ConfigurationError
from worker.telemetry import calls, decode, queries
from worker.telemetry.impact_facts import Grids
from worker.telemetry.profiles import Discovered, Edges, Matching, Metrics, Signal, parse_profile
from worker.telemetry.waves import past_metrics

START = datetime(2026, 3, 4, tzinfo=UTC)
GRID = Grid(START, 60, 3)
FAILURES = Matching(field="event.outcome", values=["failure"])
EDGES = Edges(index="e", caller="a", callee="b", calls="n", failures=FAILURES, strip=":")


def times(body: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = body["aggs"]["services"]["aggs"]["regions"]["aggs"]["times"]["aggs"]
    return found


def test_what_sums_up_many_values_is_averaged_and_has_its_peak_by_steps() -> None:
    signals = [
        Signal(name="latency", field="d", kind="summary", role="latency"),
        Signal(name="traffic", field="d", kind="count", role="traffic"),
        Signal(name="cpu", field="c", kind="gauge", role="saturation"),
    ]
    metrics = Metrics(index="m", service="s", signals=signals)
    asked = times(queries.metrics_over_time(metrics, GRID, GRID.end, with_peaks=True))
    assert asked["latency"] == {"avg": {"field": "d"}}
    assert asked["traffic"] == {"value_count": {"field": "d"}}
    # The longest call of half an hour is no sample of the average.
    assert {name for name in asked if name.endswith(queries.PEAK)} == {"cpu^"}
    asked = times(queries.metrics_over_time(metrics, GRID, GRID.end, with_peaks=True, step_seconds=60))
    assert asked["latency^"] == {"max_bucket": {"buckets_path": "^steps>v0"}}
    assert asked["^steps"]["aggs"] == {"v0": {"avg": {"field": "d"}}, "v1": {"value_count": {"field": "d"}}}
    bucket = {"key": START.timestamp() * 1000, "cpu^": {"value": 3.0}}
    regions = {"": {"times": {"buckets": [bucket]}}}
    answer = {"aggregations": {"services": {"buckets": [{"key": "x", "regions": {"buckets": regions}}]}}}
    found = decode.peaks(answer, metrics, GRID)[Scope("x", None)]
    assert found["cpu"][0] == 3.0
    assert np.isnan(found["latency"]).all()


def test_a_discovered_summary_is_one() -> None:
    metrics = Metrics(index="m", service="s", discover=[Discovered(match="*", role="latency")])
    kinds = {one.name: one.kind for one in metrics.with_fields(["a", "b"], ["b"]).signals}
    assert kinds == {"a": "gauge", "b": "summary"}


def asked_of_the_past(scope: Scope, sampling: str = "{}") -> str:
    """The search for the days before, as text."""
    metrics = "{index: m, service: s, signals: [{name: a, field: d, kind: summary, role: latency}]}"
    profile = parse_profile(f"{{name: own, metrics: {metrics}, sampling: {sampling}}}", "own")
    assert profile.metrics is not None
    grid = Grid(START, 1800, 10)
    return str(past_metrics(profile.sampling, profile.metrics, scope, Grids(grid, grid, START.replace(hour=1))))


def test_peaks_by_steps_are_asked_for_only_where_they_fit_into_an_answer() -> None:
    one = Scope("x", None)
    assert "max_bucket" in asked_of_the_past(one)
    assert "max_bucket" not in asked_of_the_past(Scope(None, None))
    assert "max_bucket" not in asked_of_the_past(one, "{step_seconds: 10, past_days: 60}")


def answer(*callees: tuple[str, list[tuple[float, float]]]) -> dict[str, Any]:
    """(callee, [(failed, all) by minute])."""
    buckets = []
    for name, counts in callees:
        found = [
            {
                "key": (START.timestamp() + 60 * place) * 1000,
                "failed": {"calls": {"value": failed}},
                "calls": {"value": n},
            }
            for place, (failed, n) in enumerate(counts)
        ]
        buckets.append({"key": name, "times": {"buckets": found}})
    return {"aggregations": {"callees": {"buckets": buckets}}}


def test_failed_calls_are_a_share_by_callee_whatever_its_port() -> None:
    found = calls.failures(answer(("bank:443", [(1, 4), (0, 0)]), ("bank:80", [(0, 4), (0, 0)])), EDGES, GRID)
    assert list(found) == [Scope("bank", None)]
    share = found[Scope("bank", None)].values["failed_calls"]
    assert share[0] == 1 / 8
    assert np.isnan(share[1:]).all()


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=3, max_size=3))
def test_a_share_of_failed_calls_is_one(counts: list[tuple[int, int]]) -> None:
    found = calls.failures(answer(("x", [(failed, failed + fine) for failed, fine in counts])), EDGES, GRID)
    share = found[Scope("x", None)].values["failed_calls"]
    assert all(np.isnan(one) or 0 <= one <= 1 for one in share)
    assert [bool(np.isnan(one)) for one in share] == [failed + fine == 0 for failed, fine in counts]


def test_without_counted_calls_documents_are_calls() -> None:
    body = calls.failures_over_time(EDGES.model_copy(update={"calls": None}), GRID, GRID.end)
    counted = body["aggs"]["callees"]["aggs"]["times"]["aggs"]["calls"]
    assert counted == {"value_count": {"field": "b"}}


@pytest.mark.parametrize("minutes", [3, 240, 5_000])
def test_an_answer_of_failed_calls_stays_below_the_engines_limit_of_buckets(minutes: int) -> None:
    size = calls.failures_over_time(EDGES, Grid(START, 60, minutes), START)["aggs"]["callees"]["terms"]["size"]
    assert 0 < size <= calls.MAX_CALLEES
    assert 2 * size * minutes < 65_536


def test_changes_are_those_of_one_kind_where_the_profile_says_so() -> None:
    day = Window(start=START, end=START.replace(day=5))
    assert {"terms": {"event.outcome": ["failure"]}} in queries.recent_changes(day, FAILURES)["query"]["bool"]["filter"]
    assert len(queries.recent_changes(day)["query"]["bool"]["filter"]) == 1


PATHS = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=5)


@given(PATHS, st.data())
def test_a_field_is_found_however_its_path_is_cut_into_objects(path: list[str], data: st.DataObject) -> None:
    document: Any = "value"
    left = list(path)
    while left:
        take = data.draw(st.integers(1, len(left)))
        document = {".".join(left[-take:]): document}
        left = left[:-take]
    assert decode.field(document, ".".join(path)) == "value"
    assert decode.field(document, ".".join([*path, "d"])) is None


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("edges: {index: e, caller: a, callee: b, failures: {field: f, values: []}}", "edges.failures.values"),
        ("edges: {index: e, caller: a, callee: b, failures: {values: [x]}}", "edges.failures.field"),
        ("changes: {index: e, service: a, only: {field: f}}", "changes.0.only.values"),
    ],
)
def test_what_is_missing_is_named(text: str, key: str) -> None:
    with pytest.raises(ConfigurationError, match=key.replace(".", r"\.")):
        parse_profile(f"name: own\nlogs: {{index: l, service: s, message: m}}\n{text}", "own")
