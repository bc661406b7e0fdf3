"""From the engine's answers to arrays: masses over elapsed time, gaps, versions, and fields written either way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.telemetry.shipped import CHANGES, LOGS, METRICS
from worker.domain.telemetry import Change, Grid, Part, Scope, ScopeDetail, Series
from worker.domain.window import Window, iso
from worker.telemetry import decode
from worker.telemetry.profiles import Signal
from worker.telemetry.queries import LATENCY_EDGES_MS

START = datetime(2026, 2, 26, 10, 0, tzinfo=UTC)
GRID = Grid(START, 60, 10)
CHECKOUT = Scope("checkout", "us-central1")
NAN = float("nan")


def at(minute: float) -> datetime:
    return START + timedelta(minutes=minute)


def millis(minute: float) -> float:
    return at(minute).timestamp() * 1000


def answer(
    *buckets: dict[str, Any], service: str = "checkout", region: str = "us-central1", **more: Any
) -> dict[str, Any]:
    """What the engine answers of one service in one region."""
    inside = {"key": region, "times": {"buckets": list(buckets)}} | more
    return {"aggregations": {"services": {"buckets": [{"key": service, "regions": {"buckets": [inside]}}]}}}


def sample(
    minute: int,
    carbon: float | None = 5.0,
    *,
    traffic: float | None = 100.0,
    samples: int = 1,
    second: float = 20,
    cpu: float = 40.0,
) -> dict[str, Any]:
    return {
        "key": millis(minute),
        "doc_count": samples,
        "last": {"value": millis(minute + second / 60)},
        "samples": {"value": samples},
        "carbon": {"value": carbon},
        "traffic": {"value": traffic},
        "cpu": {"value": cpu},
        "memory": {"value": 50.0},
    }


def metrics(*buckets: dict[str, Any], grid: Grid = GRID) -> dict[str, Any]:
    return decode.metric_series(answer(*buckets), METRICS, grid)[CHECKOUT].values


# --- metrics


def test_a_mass_is_spread_over_the_time_since_the_sample_before() -> None:
    found = metrics(sample(0, 5.0), sample(1, 6.0), sample(4, 18.0), sample(5, 7.0))
    np.testing.assert_allclose(found["carbon"][:6], [NAN, 6.0, NAN, NAN, 6.0, 7.0])
    np.testing.assert_allclose(found["carbon_grams"][:6], [5.0, 6.0, NAN, NAN, 18.0, 7.0])
    np.testing.assert_allclose(found["carbon_minutes"][:6], [NAN, 1.0, NAN, NAN, 3.0, 1.0])


def test_the_first_samples_mass_is_known_and_its_rate_is_not() -> None:
    found = metrics(sample(3, 5.0))
    assert found["carbon_grams"][3] == 5.0
    assert np.isnan(found["carbon"]).all()


def test_samples_of_other_seconds_cover_other_times() -> None:
    found = metrics(sample(0, second=10), sample(1, 9.0, second=40))
    assert found["carbon"][1] == pytest.approx(9.0 / 1.5)


def test_a_sample_every_five_minutes_is_a_rate_a_minute() -> None:
    found = metrics(sample(0, 30.0), sample(5, 30.0))
    assert found["carbon"][5] == pytest.approx(6.0)
    assert np.isnan(found["carbon"][1:5]).all()


def test_documents_of_two_deployments_in_one_minute_are_one_sample() -> None:
    """During a rollout each deployment reports its part: masses and flows add up, levels were averaged."""
    found = metrics(sample(0), sample(1, 3.0 + 4.0, traffic=40.0 + 60.0, samples=1), sample(2, 5.0))
    np.testing.assert_allclose(found["carbon"][1:3], [7.0, 5.0])
    np.testing.assert_allclose(found["traffic"][1:3], [100.0, 100.0])


def test_a_flow_of_several_moments_is_their_mean() -> None:
    """Two moments in a bucket, of a hundred requests a minute each."""
    found = metrics(sample(0), sample(1, traffic=200.0, samples=2))
    assert found["traffic"][1] == 100.0


def test_a_missing_sample_is_no_zero() -> None:
    found = metrics(sample(0), sample(9))
    for name in ("carbon_grams", "traffic", "cpu", "memory"):
        assert np.isnan(found[name][1:9]).all()
        assert np.isfinite(found[name][[0, 9]]).all()


def test_a_sample_without_the_field_is_no_zero() -> None:
    found = metrics(sample(0), sample(1, None, traffic=None))
    assert np.isnan([found["carbon"][1], found["carbon_grams"][1], found["traffic"][1]]).all()
    assert found["cpu"][1] == 40.0


def test_buckets_outside_the_grid_are_left_out() -> None:
    found = metrics(sample(-1), sample(0), sample(10))
    assert np.isfinite(found["traffic"]).sum() == 1


def test_documents_without_a_region_have_none() -> None:
    assert list(decode.metric_series(answer(sample(0), region=""), METRICS, GRID)) == [Scope("checkout", None)]


masses = st.lists(st.none() | st.floats(0.1, 1e4), min_size=2, max_size=10)


@given(masses, st.integers(0, 59))
def test_no_mass_is_lost_or_made(amounts: list[float | None], second: int) -> None:
    """Rate times time is the mass, of every sample but the first, whichever are missing."""
    found = metrics(*(sample(minute, mass, second=second) for minute, mass in enumerate(amounts) if mass is not None))
    known = [mass for mass in amounts if mass is not None]
    assert np.nansum(found["carbon_grams"]) == pytest.approx(sum(known))
    assert np.nansum(found["carbon"] * found["carbon_minutes"]) == pytest.approx(sum(known[1:]))


# --- logs


def lines(
    minute: int, count: int, errors: int = 0, retries: int = 0, latency: dict[str, Any] | None = None
) -> dict[str, Any]:
    found: dict[str, Any] = {
        "key": millis(minute),
        "doc_count": count,
        "errors": {"doc_count": errors},
        "retries": {"doc_count": retries},
    }
    return found | ({"latency": latency} if latency is not None else {})


def test_lines_are_counted_and_silence_is_zero() -> None:
    latency = {"sum": 800.0, "sum_of_squares": 70_000.0, "count": 9}
    found = decode.log_series(answer(lines(2, 10, 3, 1, latency)), GRID)[CHECKOUT].values
    assert {name: row[2] for name, row in found.items()} == {
        "lines": 10,
        "errors": 3,
        "retries": 1,
        "latency_sum_ms": 800,
        "latency_squares": 70_000,
        "latency_count": 9,
    }
    assert all(row.sum() == row[2] for row in found.values())


def test_lines_without_latency_or_retries_have_none() -> None:
    empty = {"sum": 0.0, "sum_of_squares": None, "count": 0}
    found = decode.log_series(answer(lines(0, 3, latency=empty)), GRID)[CHECKOUT].values
    assert (found["latency_squares"][0], found["latency_count"][0]) == (0, 0)
    bare = {"key": millis(1), "doc_count": 4, "errors": {"doc_count": 1}}
    found = decode.log_series(answer(bare), GRID)[CHECKOUT].values
    assert (found["lines"][1], found["errors"][1], found["retries"][1], found["latency_count"][1]) == (4, 1, 0, 0)


def test_signals_of_both_indices_meet_in_one_scope() -> None:
    one, other = {CHECKOUT: Series({"carbon": np.zeros(1)})}, {CHECKOUT: Series({"lines": np.ones(1)})}
    assert set(decode.merge(one, other)[CHECKOUT].values) == {"carbon", "lines"}


# --- facts


def test_the_provider_of_a_region_is_the_one_its_documents_name() -> None:
    named: dict[str, Any] = {"provider": {"buckets": [{"key": "gcp", "doc_count": 9}]}}
    assert decode.providers(answer(**named)) == {"us-central1": "gcp"}
    assert decode.providers(answer(provider={"buckets": []})) == {}
    assert decode.providers(answer()) == {}
    assert decode.providers(answer(region="", **named)) == {}


def test_two_statements_of_the_same_emissions_are_compared_in_one_unit() -> None:
    both: dict[str, Any] = {"both": {"doc_count": 3, "stated": {"value": 4000.0}, "other": {"value": 4.1}}}
    assert decode.cross_check(answer(**both), 1000) == {CHECKOUT: pytest.approx((4000.0, 4100.0))}
    none: dict[str, Any] = {"both": {"doc_count": 0, "stated": {"value": 0.0}, "other": {"value": 0.0}}}
    assert decode.cross_check(answer(**none), 1000) == {}
    assert decode.cross_check(answer(), 1000) == {}


# --- fields


@pytest.mark.parametrize(
    "document",
    [
        {"cloud.provider": "gcp"},
        {"cloud": {"provider": "gcp"}},
        {"cloud": {"provider": "gcp", "region": "us"}, "cloud.region": "x"},
    ],
)
def test_a_field_is_found_written_dotted_or_nested(document: dict[str, Any]) -> None:
    assert decode.field(document, "cloud.provider") == "gcp"


@pytest.mark.parametrize(
    "document", [{}, {"cloud": None}, {"cloud": "gcp"}, {"cloud": {"provider": None}}, {"cloud": ["gcp"]}]
)
def test_a_field_that_is_not_there_is_none(document: dict[str, Any]) -> None:
    assert decode.field(document, "cloud.provider") is None
    assert decode.field(document, None) is None


@given(st.lists(st.text("abc", min_size=1, max_size=3), min_size=1, max_size=4), st.integers())
def test_any_nesting_is_the_same_field(path: list[str], value: int) -> None:
    nested: Any = value
    for part in reversed(path):
        nested = {part: nested}
    dotted = ".".join(path)
    assert decode.field(nested, dotted) == decode.field({dotted: value}, dotted) == value


# --- changes


def record(minute: float, deployment: str | None, version: Any = None, **fields: Any) -> dict[str, Any]:
    document = {
        "@timestamp": iso(at(minute)),
        "service": "checkout",
        "region": "us-central1",
        "deployment_id": deployment,
        "version": version,
        "status": "success",
    }
    return {"_id": f"doc-{minute}", "_source": document | fields, "sort": [at(minute).timestamp() * 1000]}


def changes(*hits: dict[str, Any]) -> list[Change]:
    return decode.changes({"hits": {"hits": list(hits)}}, CHANGES)


def test_a_change_is_at_its_first_record_in_whatever_order_they_come() -> None:
    found = changes(record(9, "d2", "2.0"), record(5, "d2", "2.0", status="started"), record(1, "d1", "1.9"))
    assert [(one.deployment_id, one.at, one.status) for one in found] == [
        ("d1", at(1), "success"),
        ("d2", at(5), "started"),
    ]


def test_a_change_knows_the_version_it_replaced() -> None:
    found = changes(record(1, "d1", "1.9"), record(5, "d2", "2.0"), record(6, "d2", "2.0"), record(8, "d3", "2.1"))
    assert [(one.version, one.previous_version) for one in found] == [("1.9", None), ("2.0", "1.9"), ("2.1", "2.0")]


def test_the_version_of_another_place_is_not_replaced() -> None:
    found = changes(
        record(1, "d1", "1.9"),
        record(2, "d2", "7.0", service="cart"),
        record(3, "d3", "2.0", region="europe-west1"),
        record(4, "d4", "2.0"),
    )
    assert {one.deployment_id: one.previous_version for one in found} == {
        "d1": None,
        "d2": None,
        "d3": None,
        "d4": "1.9",
    }


def test_one_rollout_to_several_places_is_a_change_of_each() -> None:
    found = changes(record(1, "d1", "2.0"), record(3, "d1", "2.0", region="europe-west1"))
    assert [(one.region, one.at) for one in found] == [("us-central1", at(1)), ("europe-west1", at(3))]


def test_a_change_without_a_version_forgets_none() -> None:
    found = changes(record(1, "d1", "1.9"), record(2, "c1", status="config"), record(3, "d2", "2.0"))
    assert [one.previous_version for one in found] == [None, "1.9", "1.9"]


def test_what_is_not_said_is_none_and_numbers_are_text() -> None:
    found = changes(record(1, None, 2.5, service=None, region="", status=None))[0]
    assert (found.deployment_id, found.version, found.service, found.region, found.status) == (
        "doc-1",
        "2.5",
        None,
        None,
        None,
    )


def test_the_time_is_what_the_engine_read_however_it_was_written() -> None:
    first = record(1, "d1", "1.9", **{"@timestamp": 1_772_096_400_000})
    second = record(2, "d2", "2.0", **{"@timestamp": "2026-02"})
    assert [(one.deployment_id, one.at) for one in changes(second, first)] == [("d1", at(1)), ("d2", at(2))]


def test_past_incidents_of_others_read_as_far_as_they_are_of_the_expected_form() -> None:
    odd = {
        "@timestamp": 1,
        "title": ["a"],
        "service": ["checkout", "cart"],
        "status": 3,
        "tags": "db",
        "orders_affected": 4,
    }
    hit = {"_id": 7, "_source": odd, "sort": [1.2, START.timestamp() * 1000]}
    (found,) = decode.history({"hits": {"hits": [hit]}})
    assert found["_id"] == "7"
    assert found["_source"] == odd | {
        "@timestamp": iso(START),
        "title": None,
        "summary": None,
        "service": None,
        "region": None,
        "status": None,
        "tags": ["db"],
    }


def test_a_profiles_own_fields_are_read_nested() -> None:
    names = CHANGES.model_copy(update={"service": "service.name", "version": "service.version", "status": None})
    hit = {
        "_id": "x",
        "_source": {"@timestamp": iso(START), "service": {"name": "cart", "version": "3"}, "deployment_id": "d"},
        "sort": [START.timestamp() * 1000],
    }
    found = decode.changes({"hits": {"hits": [hit]}}, names)[0]
    assert (found.service, found.version, found.status) == ("cart", "3", None)


# --- the second look


def example(*messages: str | None) -> dict[str, Any]:
    """The newest first, as the engine sorts them."""
    hits = [
        {"_id": str(number), "sort": [millis(-number)], "_source": {} if text is None else {"message": text}}
        for number, text in enumerate(messages)
    ]
    return {"hits": {"hits": hits}}


def test_errors_by_type_with_their_messages() -> None:
    whole = {"doc_count": 7, "examples": example("a")}
    types = [
        {"key": "Timeout", "window": {"doc_count": 5, "examples": example("slow", None)}, "baseline": {"doc_count": 2}},
        {"key": "", "window": {"doc_count": 2, "examples": example()}, "baseline": {"doc_count": 0}},
    ]
    detail = ScopeDetail()
    given_answer = {"hits": {"total": {"value": 9}}, "aggregations": {"window": whole, "types": {"buckets": types}}}
    decode.error_types(given_answer, LOGS, detail)
    assert (detail.error_lines_in_window, detail.error_lines_in_baseline) == (7, 2)
    assert [(one.name, one.in_window, one.in_baseline, one.messages) for one in detail.errors] == [
        ("Timeout", 5, 2, ("slow", "")),
        ("", 2, 0, ()),
    ]


def test_errors_without_types_are_one() -> None:
    detail = ScopeDetail()
    whole = {"doc_count": 7, "examples": example("a", "b")}
    decode.error_types({"hits": {"total": {"value": 9}}, "aggregations": {"window": whole}}, LOGS, detail)
    assert [(one.name, one.in_window, one.in_baseline, one.messages) for one in detail.errors] == [
        ("", 7, 2, ("a", "b"))
    ]


def test_deployments_of_one_minute_are_parts_side_by_side() -> None:
    def deployment(name: str, count: int, errors: int, **more: Any) -> dict[str, Any]:
        return {"key": name, "doc_count": count, "errors": {"doc_count": errors}} | more

    timed = {"latency": {"sum": 300.0, "count": 3}}
    untimed = {"latency": {"sum": None, "count": 0}}
    minutes = [
        {
            "key": millis(0),
            "deployments": {"buckets": [deployment("d1", 9, 0, **timed), deployment("d2", 3, 2, **untimed)]},
        },
        {"key": millis(1), "deployments": {"buckets": [deployment("d2", 4, 4)]}},
    ]
    found = decode.parts({"aggregations": {"times": {"buckets": minutes}}})
    assert found == [
        Part(at(0), "d1", 9, 0, 300.0, 3),
        Part(at(0), "d2", 3, 2, 0.0, 0.0),
        Part(at(1), "d2", 4, 4, 0.0, 0.0),
    ]


def test_without_a_level_a_deployment_has_lines_and_no_errors() -> None:
    minute = {"key": millis(0), "deployments": {"buckets": [{"key": "d1", "doc_count": 9}]}}
    assert decode.parts({"aggregations": {"times": {"buckets": [minute]}}}) == [Part(at(0), "d1", 9, 0, 0.0, 0.0)]


def test_slices_hold_signals_of_every_kind_by_moment_or_minute() -> None:
    kinds: dict[Any, float] = {"gauge": 12.0, "summary": 12.0, "rate": 4.0, "mass": 1.2, "count": 1.2}
    assert kinds.keys() == set(get_args(Signal.model_fields["kind"].annotation))
    metrics = METRICS.model_copy(update={"signals": [Signal(name=kind, field=kind, kind=kind) for kind in kinds]})
    within = {"doc_count": 6, "moments": {"value": 3}} | {kind: {"value": 12.0} for kind in kinds}
    bucket = {"key": "a", "spans": {"buckets": {"before": {"doc_count": 0}, "within": within}}}
    ten_minutes = Window(start=at(0), end=at(10))
    (found,) = decode.slices({"aggregations": {"slices": {"buckets": [bucket]}}}, metrics, ten_minutes, ten_minutes)
    assert (found.before, found.within) == ({}, kinds)


def latency_answer(p95: float | None, histogram: list[int]) -> ScopeDetail:
    detail = ScopeDetail()
    span = {"quantiles": {"values": {"50.0": 80.0, "95.0": p95, "99.0": None}}}
    buckets = {"histogram": {"buckets": [{"doc_count": count} for count in histogram]}}
    decode.latency({"aggregations": {"window": span | buckets, "baseline": span | buckets}}, detail)
    return detail


def test_lines_slower_than_usual_are_counted_from_the_bucket_above() -> None:
    """A line in the same bucket as the p95 is not slower than it, as far as the histogram tells."""
    histogram = [0] * (len(LATENCY_EDGES_MS) + 1)
    place = next(number for number, edge in enumerate(LATENCY_EDGES_MS) if edge > 120)
    histogram[place], histogram[place + 1], histogram[-1] = 50, 7, 2
    found = latency_answer(120.0, histogram)
    assert (found.timed_lines, found.slow_lines) == (59, 9)
    assert found.latency_ms["window"] == {"p50": 80.0, "p95": 120.0}


@pytest.mark.parametrize("p95", [None, NAN])
def test_without_a_usual_latency_nothing_is_slower(p95: float | None) -> None:
    found = latency_answer(p95, [0] * (len(LATENCY_EDGES_MS) + 1))
    assert (found.timed_lines, found.slow_lines) == (0, None)
