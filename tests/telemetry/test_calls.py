"""Call edges from documents to numbers, on every engine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.engines.servers import HTTP, Engine
from worker.domain.telemetry import Calls, Scope
from worker.domain.window import Window, iso
from worker.elastic import connect_elasticsearch
from worker.settings import Settings
from worker.telemetry.profiles import Duration, Edges, Logs, Metrics, Profile, Sampling, Signal
from worker.telemetry.queries import MAX_SERVICES, most_services
from worker.telemetry.search import ElasticTelemetry

NOON = datetime(2026, 2, 26, 12, tzinfo=UTC)
WINDOW = Window(start=NOON - timedelta(minutes=5), end=NOON)
PROFILE = Profile(
    name="calls",
    sampling=Sampling(step_seconds=60, recent_hours=1),
    metrics=Metrics(
        index="spiketrace-test-metrics",
        service="service",
        instance="instance",
        deployment="deployment",
        signals=[
            Signal(name="latency", field="latency_ms", kind="gauge", role="latency", unit="s", scale=0.001),
            Signal(name="requests", field="requests", kind="rate", role="traffic"),
        ],
    ),
    logs=Logs(index="spiketrace-test-logs", service="service", message="message", level="level", error_levels=["E"]),
    edges=Edges(
        index="spiketrace-test-edges",
        caller="caller",
        callee="callee",
        calls="calls",
        duration=Duration(total="total_us", unit="us"),
        callee_duration=Duration(field="callee_ms", unit="ms"),
        strip=":",
    ),
    topology=[("given", "by hand")],
)


def edge(minute: int, calls: int | None = 10, *, total_us: float = 2e6, callee_ms: float = 100.0) -> dict[str, Any]:
    counted = {"calls": calls, "total_us": total_us} if calls else {}
    return {"@timestamp": at(minute), "caller": "front", "callee": "cart:8080", "callee_ms": callee_ms, **counted}


def at(minute: float) -> str:
    return iso(NOON + timedelta(minutes=minute))


def fill(engine: Engine, index: str, documents: list[dict[str, Any]]) -> None:
    keyword = {"names": {"match_mapping_type": "string", "mapping": {"type": "keyword"}}}
    mappings = {"dynamic_templates": [keyword], "properties": {"@timestamp": {"type": "date"}}}
    HTTP.put(f"{engine.url}/{index}", json={"mappings": mappings}).raise_for_status()
    for document in documents:
        HTTP.post(f"{engine.url}/{index}/_doc", json=document).raise_for_status()
    engine.refresh()


@pytest.fixture
def telemetry(engine: Engine) -> ElasticTelemetry:
    return ElasticTelemetry(connect_elasticsearch(Settings(elasticsearch_url=engine.url)), PROFILE)


def calls_of(telemetry: ElasticTelemetry) -> Calls:
    return telemetry.survey(Scope("front", None), WINDOW).calls


def test_edges_are_read_by_source_and_span_in_seconds(engine: Engine, telemetry: ElasticTelemetry) -> None:
    fill(engine, "spiketrace-test-edges", [*(edge(k) for k in range(-20, 0)), edge(-3, None), edge(0)])
    found = calls_of(telemetry)
    assert found.moments == {"counted": (15, 5), "sampled": (0, 1)}
    history = found.sources["counted"][("front", "cart")]
    assert history.before is not None
    assert history.within is not None
    assert (history.before.calls, history.within.calls) == (150, 50)
    assert history.before.duration is not None
    assert history.before.duration.median == pytest.approx(0.2)
    assert history.within.callee_duration is not None
    assert history.within.callee_duration.median == pytest.approx(0.1)
    assert history.within.callee_duration.count == 5
    assert found.sources["sampled"][("front", "cart")].before is None


def test_no_edges_are_no_calls_and_the_given_topology_stays(engine: Engine, telemetry: ElasticTelemetry) -> None:
    fill(engine, "spiketrace-test-edges", [])
    survey = telemetry.survey(Scope("front", None), WINDOW)
    assert survey.calls.edges == set()
    assert survey.topology == [("given", "by hand")]
    assert survey.is_of_roles


def test_instances_and_deployments_are_told_apart_in_the_profiles_unit(
    engine: Engine, telemetry: ElasticTelemetry
) -> None:
    fill(
        engine,
        "spiketrace-test-metrics",
        [
            {"@timestamp": at(minute), "service": "front", "instance": pod, "deployment": "v1", "latency_ms": took,
             "requests": 5.0}
            for minute in range(-20, 0)
            for pod, took in (("a", 100.0), ("b", 900.0 if minute >= -5 else 100.0))
        ],
    )  # fmt: skip
    detail = telemetry.detail(
        [Scope("front", None)], WINDOW, Window.before(WINDOW.start, timedelta(minutes=15)), WINDOW
    )
    (found,) = detail.scopes.values()
    slices = {one.name: one for one in found.instances}
    assert slices["b"].before["latency"] == pytest.approx(0.1)
    assert slices["b"].within["latency"] == pytest.approx(0.9)
    assert slices["a"].within["latency"] == pytest.approx(0.1)
    assert slices["a"].within["requests"] == pytest.approx(5.0)
    assert [one.name for one in found.deployments] == ["v1"]


def test_log_lines_are_read_oldest_first_with_what_their_level_says(
    engine: Engine, telemetry: ElasticTelemetry
) -> None:
    levels = ("E", "WARNING", "I", None)
    fill(
        engine,
        "spiketrace-test-logs",
        [
            {"@timestamp": at(-4 + k / 10), "service": "front", "message": f"line {k}", "level": level}
            for k, level in enumerate(levels)
        ],
    )
    before = Window.before(WINDOW.start, timedelta(minutes=15))
    lines = telemetry.detail([Scope("front", None)], WINDOW, before, WINDOW).lines
    assert [one.message for one in lines.within] == ["line 0", "line 1", "line 2", "line 3"]
    assert [one.severity for one in lines.within] == ["error", "warning", "normal", None]
    assert lines.before == []
    assert not lines.is_sample


def test_services_that_were_not_read_are_counted(engine: Engine) -> None:
    """With regions beneath them, fewer services have room in one answer."""
    assert PROFILE.metrics is not None
    metrics = PROFILE.metrics.model_copy(update={"region": "region"})
    assert most_services(metrics, 60) == MAX_SERVICES < most_services(PROFILE.metrics, 60)
    fill(
        engine,
        "spiketrace-test-metrics",
        [{"@timestamp": at(-2), "service": f"s{k}", "region": "eu"} for k in range(MAX_SERVICES + 5)],
    )
    client = connect_elasticsearch(Settings(elasticsearch_url=engine.url))
    telemetry = ElasticTelemetry(client, PROFILE.model_copy(update={"metrics": metrics}))
    assert telemetry.survey(Scope("s1", None), WINDOW).left_out == {"metrics": 5}
