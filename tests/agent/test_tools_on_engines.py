"""The tools on every engine: each asks only what all of them answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from elasticsearch import Elasticsearch, helpers

from tests.agent.conftest import END, REGION, SINCE, a_shop
from tests.engines.servers import Engine
from tests.tasks import samples
from worker.agent.tools.bounds import Bounds
from worker.agent.tools.toolbox import TOOLS, Toolbox
from worker.domain.report import Narrative, Report
from worker.domain.window import Window, iso
from worker.elastic import connect_elasticsearch
from worker.settings import Settings
from worker.store.reports import ElasticReportStore
from worker.store.templates import install_templates
from worker.telemetry.lookup import ElasticLookup
from worker.telemetry.profiles import Edges, load_profile
from worker.telemetry.search import ElasticTelemetry

WINDOW = {"start": iso(SINCE), "end": iso(END)}
HOUR = timedelta(hours=1)


@pytest.fixture
def client(engine: Engine) -> Iterator[Elasticsearch]:
    with connect_elasticsearch(Settings(elasticsearch_url=engine.url)) as connected:
        install_templates(connected)
        yield connected


@pytest.fixture
def box(client: Elasticsearch) -> Toolbox:
    shop = a_shop()
    shop.start, shop.end, shop.past_days = SINCE - 2 * HOUR, END, 0
    helpers.bulk(client, ({"_index": index, "_source": document} for index, document in shop.documents()))
    calls = [
        {"@timestamp": iso(at), "caller": "web", "callee": "checkout", "count": 10, "seconds": 3.0}
        for at in (SINCE - HOUR, SINCE + timedelta(minutes=1))
    ]
    helpers.bulk(client, ({"_index": "spiketrace-test-calls", "_source": one} for one in calls))
    client.indices.refresh(index="spiketrace-*")
    edges: dict[str, Any] = {"index": "spiketrace-test-calls", "caller": "caller.keyword", "callee": "callee.keyword"}
    edges |= {"calls": "count", "duration": {"total": "seconds"}}
    profile = load_profile("spiketrace").model_copy(update={"edges": Edges.model_validate(edges)})
    lookup = ElasticLookup(ElasticTelemetry(client, profile), client)
    return Toolbox(lookup, Bounds(Window(start=END - timedelta(days=7), end=END)))


def test_every_tool_finds_what_is_there(box: Toolbox) -> None:
    special = {
        "similar_incidents": {"symptom": "connection pool"},
        "deployment_timeline": WINDOW | {"start": iso(SINCE - HOUR)},
        "incident_business_impact": {"start": iso(END - timedelta(days=4)), "end": iso(END - timedelta(days=2.5))},
    }
    found = {name: box.call(name, special.get(name, WINDOW)).rows for name in TOOLS}
    assert all(found.values()), [name for name, rows in found.items() if not rows]
    assert found["carbon_spike_by_region"][0]["region"] == REGION
    assert found["error_rate_by_service"][0]["service"] == "checkout"
    assert found["excess_runtime_waste"][0]["service"] == "checkout"
    assert found["log_patterns"][0]["trend"] == "new"
    (edge,) = found["topology_neighbours"]
    assert (edge["caller"], edge["callee"], edge["calls_within"], edge["median_ms_within"]) == (
        "web",
        "checkout",
        10,
        300,
    )
    assert box.call("search_logs", WINDOW | {"words": "pool", "region": "nowhere"}).rows == []


def test_indices_that_are_not_there_tell_nothing(client: Elasticsearch) -> None:
    lookup = ElasticLookup(ElasticTelemetry(client, load_profile("spiketrace")), client)
    box = Toolbox(lookup, Bounds(Window(start=END - timedelta(days=2), end=END)))
    asked = {name: {"symptom": "pool"} if name == "similar_incidents" else WINDOW for name in TOOLS}
    asked.pop("topology_neighbours")
    assert {name: box.call(name, arguments).rows for name, arguments in asked.items()} == {name: [] for name in asked}


def test_a_report_is_changed_while_its_narrative_is_pending_and_never_again(client: Elasticsearch) -> None:
    store = ElasticReportStore(client)
    pending = Narrative(state="pending", pending_until=END)
    report = samples.report(samples.alert("checkout"), "a1").model_copy(update={"narrative": pending})
    assert store.create(report)
    client.indices.refresh(index="spiketrace-reports")
    assert [(one.report_id, one.until) for one in store.pending(5)] == [(report.report_id, END)]

    def ended(by: str) -> Any:
        done = Narrative(state="done", model=by)
        return lambda found: found.model_copy(update={"narrative": done})

    def too_slow(found: Report) -> Report:
        """Somebody else ends it between our reading and our writing."""
        assert store.enrich(report.report_id, ended("faster"))
        return found

    assert not store.enrich(report.report_id, too_slow)
    assert not store.enrich(report.report_id, ended("later"))
    assert not store.enrich("r-unknown", ended("nobody"))
    found = store.get(report.report_id)
    assert found
    assert found.narrative.model == "faster"
    client.indices.refresh(index="spiketrace-reports")
    assert store.pending(5) == []
