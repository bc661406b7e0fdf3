"""What only the impact asks for: in no profile by default, in the waves that are sent anyway, read as it was meant."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from elasticsearch import Elasticsearch, helpers

from tests.engines.servers import Engine
from worker.domain.impact_facts import Audience, MachineFacts, ServiceCounts
from worker.domain.telemetry import Detail, Grid, Scope, Survey
from worker.domain.window import Window, iso, parse_time
from worker.elastic import connect_elasticsearch
from worker.errors import ConfigurationError
from worker.settings import Settings
from worker.store.templates import install_templates
from worker.telemetry import impact_facts
from worker.telemetry.profiles import Profile, load_profile
from worker.telemetry.search import ElasticTelemetry

NOW = parse_time("2026-03-09T10:00:20Z")
SHOP = Scope("checkout", "us-central1")
WINDOW = Window(start=NOW - timedelta(minutes=20), end=NOW)
SECTIONS: dict[str, Any] = {
    "users": {"field": "user_id"},
    "business": {"index": "shop-orders", "region": "region", "revenue": "usd"},
    "machine": {"vcpus": "vcpus", "memory_gb": 16, "instance": "instance"},
    "slo": {"objective": 0.99, "latency_ms": 300, "period_days": 7},
    "sci": {"functional_unit": "request", "requests": 1},
}


def a_profile(tmp_path: Path, **sections: Any) -> Profile:
    shipped = load_profile("spiketrace").model_dump(exclude_none=True)
    path = tmp_path / "profile.yaml"
    path.write_text(yaml.safe_dump(shipped | sections), encoding="utf-8")
    return load_profile(str(path))


def test_profiles_without_these_sections_ask_nothing_more() -> None:
    profile = load_profile("spiketrace")
    grids = impact_facts.Grids(*_grids(), NOW)
    assert impact_facts.survey_questions(profile, grids) == {}
    assert impact_facts.detail_questions(profile, SHOP, WINDOW) == {}


def _grids() -> tuple[Grid, Grid]:
    start = NOW.replace(second=0) + timedelta(minutes=1)
    return Grid(start - timedelta(hours=4), 60, 240), Grid(start - timedelta(days=7), 1800, 336)


@pytest.mark.parametrize(
    ("sections", "key"),
    [
        ({"slo": {"objective": 1.0}}, "slo.objective"),
        ({"slo": {"objective": 0.99, "latency": 5}}, "slo.latency"),
        ({"business": {"revenue": "usd"}}, "business.index"),
        ({"machine": {"vcpu": 4}}, "machine.vcpu"),
        ({"users": {"field": "user", "kind": "robots"}}, "users.kind"),
        ({"sci": {"requests": 0}}, "sci.requests"),
    ],
)
def test_a_section_that_is_wrong_is_named(tmp_path: Path, sections: dict[str, Any], key: str) -> None:
    with pytest.raises(ConfigurationError, match=key):
        a_profile(tmp_path, **sections)


# --- on engines


def documents() -> Iterator[dict[str, Any]]:
    """Four hours: two instances of four vCPUs; an order a minute, of which every second fails to come in the window."""
    place = {"service": SHOP.service, "region": SHOP.region}
    for minute in range(235):
        at = {"@timestamp": iso(NOW - timedelta(minutes=minute, seconds=30))}
        for instance in ("a", "b"):
            metric = {"instance": instance, "vcpus": 4, "cpu_pct": 40.0}
            yield _in("spiketrace-carbon-metrics-test", at | place | metric)
        level, latency = ("ERROR", 90) if minute % 10 == 0 else ("INFO", 400 if minute % 10 == 1 else 80)
        line = {"level": level, "message": "served", "latency_ms": latency, "user_id": f"u{minute % 50}"}
        yield _in("spiketrace-logs-test", at | place | line)
        if minute >= 20 or minute % 2:
            yield _in("shop-orders", at | {"region": SHOP.region, "usd": 30.0})
            yield _in("shop-orders", at | {"region": "europe-west1", "usd": 7.0})


def _in(index: str, source: dict[str, Any]) -> dict[str, Any]:
    return {"_index": index, "_source": source}


@pytest.fixture
def client(engine: Engine) -> Iterator[Elasticsearch]:
    with connect_elasticsearch(Settings(elasticsearch_url=engine.url)) as client:
        install_templates(client)
        keywords = {name: {"type": "keyword"} for name in ("user_id", "instance", "region")}
        numbers = {name: {"type": "double"} for name in ("usd", "vcpus")}
        mappings = {"properties": {"@timestamp": {"type": "date"}, **keywords, **numbers}}
        client.options(ignore_status=404).indices.delete(index="shop-orders")
        client.indices.create(index="shop-orders", mappings=mappings)
        for index in ("spiketrace-carbon-metrics-test", "spiketrace-logs-test"):
            client.indices.create(index=index, mappings={"properties": keywords | numbers})
        helpers.bulk(client, documents(), refresh=True)
        yield client
        client.indices.delete(index="shop-orders")


@pytest.fixture
def read(client: Elasticsearch, tmp_path: Path) -> tuple[Survey, Detail]:
    telemetry = ElasticTelemetry(client, a_profile(tmp_path, **SECTIONS))
    return telemetry.survey(SHOP, Window(start=WINDOW.start, end=NOW)), telemetry.detail(
        [SHOP], WINDOW, Window.before(WINDOW.start, timedelta(hours=3)), WINDOW
    )


def test_every_question_is_answered(read: tuple[Survey, Detail]) -> None:
    survey, detail = read
    assert survey.unread == {}
    assert detail.unread == {}
    assert survey.impact is not None
    assert detail.impact is not None
    assert survey.impact.machines == {SHOP: MachineFacts(vcpus=8, memory_gb=32)}
    orders = survey.impact.business[SHOP.region]
    assert orders.orders.sum() == 225
    assert orders.revenue.sum() == 225 * 30
    assert survey.impact.business["europe-west1"].revenue.sum() == 225 * 7
    assert orders.past_orders.sum() == 225
    assert detail.impact.audience == Audience(seen=20, failed=2, affected=4)
    assert detail.impact.service == ServiceCounts(window=20, window_bad=4, period=235, period_bad=48)
