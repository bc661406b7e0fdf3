"""`spiketrace doctor --profile`: what a cluster has of what a profile names, and what not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from elasticsearch import Elasticsearch

from cli.doctor import doctor
from tests.cli.conftest import printed
from tests.engines.servers import Engine
from tests.profiles.conftest import Load
from tests.profiles.shapes import Apm, OpenTelemetry
from tests.profiles.story import FIRED, bad_release, failing_stranger
from worker.elastic import connect_elasticsearch
from worker.errors import ConfigurationError
from worker.settings import Settings
from worker.telemetry.inspection import Sighting, inspect
from worker.telemetry.profiles import load_profile, parse_profile

Seen = dict[str, Sighting]


def seen(client: Elasticsearch, profile: Any, now: datetime = FIRED) -> Seen:
    return {one.key: one for one in inspect(client, profile, now)}


@pytest.mark.parametrize("shape", [Apm, OpenTelemetry])
def test_of_a_shipped_profile_all_essentials_are_found(load: Load, shape: type[Apm] | type[OpenTelemetry]) -> None:
    found = seen(load(shape, failing_stranger()), load_profile(shape.profile))
    needed = ("metrics.service", "metrics.signals.latency", "edges.callee", "edges.failures", "logs.message")
    assert all(found[key].documents > 0 for key in needed), found
    latency, failures = found["metrics.signals.latency"], found["edges.failures"]
    assert (latency.documents, latency.of, latency.role, latency.advice) == (latency.of, 600, "latency", None)
    assert 0 < failures.documents < failures.of
    # No line of the story is an error: that is no fault of the profile.
    assert (found["logs.error_levels"].documents, found["logs.error_levels"].advice) == (0, None)
    assert "no document has it" in (found["logs.error_type"].advice or "")
    # Nobody recorded a deployment.
    assert found["changes[0]"].is_problem
    assert [key for key, one in found.items() if one.is_problem] == ["changes[0]", "changes[1]"]


def test_one_source_of_changes_is_enough(quick_load: Load) -> None:
    found = seen(quick_load(Apm, bad_release()), load_profile("elastic-apm"))
    assert found["changes[0].service"].documents == found["changes[0].service"].of == 2
    assert not any(one.is_problem for one in found.values())


OWN = """
name: own
metrics:
  index: metrics-*
  service: {service}
  region: cloud.region
  discover:
    - {{match: "*count*", ignore: true}}
    - {{match: "*duration*", role: latency}}
logs: {{index: logs-*, service: service.name, message: mesage}}
edges: {{index: metrics-*, caller: service.name, callee: span.destination.service.resource}}
"""


def test_what_is_missing_is_said_with_the_name_it_may_have(quick_load: Load) -> None:
    found = seen(quick_load(Apm, bad_release()), parse_profile(OWN.format(service="service.nam"), "own"))
    assert found["metrics.service"].is_problem
    assert "there is service.name" in (found["metrics.service"].advice or "")
    assert "there is message" in (found["logs.message"].advice or "")
    region = found["metrics.region"]
    assert (region.documents, region.is_problem, bool(region.advice)) == (0, False, True)


def test_discovered_fields_are_named_with_the_role_that_each_gets_or_does_not_get(quick_load: Load) -> None:
    found = seen(quick_load(Apm, bad_release()), parse_profile(OWN.format(service="service.name"), "own"))
    discovered = {key: one.role for key, one in found.items() if key.startswith("metrics.discover")}
    assert discovered == {
        "metrics.discover.event.success_count": "none: ignored",
        "metrics.discover.span.destination.service.response_time.count": "none: ignored",
        "metrics.discover.span.destination.service.response_time.sum.us": "none: nothing matches it",
        "metrics.discover.transaction.duration.summary": "latency",
    }


FOR_IMPACT = """
users: {field: user.id}
business: {index: orders-*, revenue: total}
machine: {vcpus: host.cpus, memory_gb: 16}
"""


def test_what_only_the_impact_needs_is_looked_at_too(quick_load: Load) -> None:
    own = OWN.format(service="service.name").replace("message: mesage", "message: message, level: l, error_levels: [e]")
    found = seen(quick_load(Apm, bad_release()), parse_profile(own + FOR_IMPACT, "own"))
    told = {key: one.advice for key, one in found.items() if key.startswith(("users", "business", "machine"))}
    assert set(told) == {"users.field", "business.revenue", "machine.vcpus"}
    assert "orders-*" in (told["business.revenue"] or "")


def test_a_text_field_cannot_tell_services_apart(embedded_engine: Engine) -> None:
    with connect_elasticsearch(Settings(elasticsearch_url=embedded_engine.url)) as client:
        document = {"@timestamp": "2026-03-04T09:00:00Z", "service": {"name": "shop"}, "ms": 3}
        client.index(index="spiketrace-test", document=document, refresh=True)
        metrics = "{index: spiketrace-test, service: service.name, discover: [{match: ms, role: latency}]}"
        found = seen(client, parse_profile(f"{{name: own, metrics: {metrics}}}", "own"))
    assert found["metrics.service"].documents == 1
    assert found["metrics.service"].is_problem
    assert "service.name.keyword" in (found["metrics.service"].advice or "")
    assert found["metrics.discover.ms"].role == "latency"


def test_where_nothing_is_everything_is_a_problem(embedded_engine: Engine) -> None:
    with connect_elasticsearch(Settings(elasticsearch_url=embedded_engine.url)) as client:
        found = seen(client, load_profile("elastic-apm"))
    assert {one.documents for one in found.values()} == {0}
    assert found["metrics.service"].is_problem
    assert "metrics-apm.service_transaction.1m-*" in (found["metrics.service"].advice or "")


Invoke = Callable[..., Result]


@pytest.fixture
def invoke(embedded_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    monkeypatch.setenv("SPIKETRACE_ELASTICSEARCH_URL", embedded_engine.url)
    return lambda *arguments: CliRunner().invoke(doctor, arguments)


def test_the_command_prints_each_field(invoke: Invoke, embedded_engine: Engine) -> None:
    with connect_elasticsearch(Settings(elasticsearch_url=embedded_engine.url)) as client:
        document = {"@timestamp": datetime.now(UTC).isoformat(), "service": "shop", "cpu_pct": 3}
        mappings = {"properties": {"service": {"type": "keyword"}}}
        client.indices.create(index="spiketrace-carbon-metrics-1", mappings=mappings)
        client.index(index="spiketrace-carbon-metrics-1", document=document, refresh=True)
    told = invoke("--profile", "spiketrace")
    assert told.exit_code == 1
    assert "ok       metrics.signals.cpu                cpu_pct: 1 of 1 documents, last day" in told.output
    assert "PROBLEM  metrics.signals.carbon" in told.output
    assert "PROBLEM  logs.service" in told.output
    document = printed(invoke("--profile", "spiketrace", "--json"))
    assert (document["well"], document["profile"]) == (False, "spiketrace")
    (cpu,) = [one for one in document["fields"] if one["key"] == "metrics.signals.cpu"]
    assert (cpu["documents"], cpu["of"], cpu["days"], cpu["advice"]) == (1, 1, 1, None)


def test_a_wrong_profile_is_refused_with_its_line(invoke: Invoke, tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(yaml.safe_dump({"name": "own", "logs": {"index": "l", "service": "s"}}), encoding="utf-8")
    refused = invoke("--profile", str(path)).exception
    assert isinstance(refused, ConfigurationError)
    assert f"profile {path}, line 2: logs.message" in refused.reason
