"""One shop with a bad deployment, filled once for the folder, and the report of its investigation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from elasticsearch import Elasticsearch, helpers

from tests.agent.server import GeminiServer, running_gemini
from tests.engines import servers
from tests.investigation.shop import Moment, Place, Shop, rollout
from worker.agent.budget import limits_of, prices_of
from worker.agent.gemini import Gemini
from worker.agent.grounding.ground import grounding
from worker.agent.local_embedder import LocalEmbedder
from worker.agent.narrator import Narrator
from worker.domain.alert import Alert, Rule
from worker.domain.report import Report
from worker.domain.window import iso
from worker.elastic import connect_elasticsearch
from worker.investigate import Investigator
from worker.ports import Lookup
from worker.settings import Settings
from worker.store.model_ledger import RedisModelLedger
from worker.store.reports import ElasticReportStore
from worker.store.templates import install_templates
from worker.telemetry.lookup import ElasticLookup
from worker.telemetry.profiles import load_profile
from worker.telemetry.search import ElasticTelemetry

END = datetime(2026, 3, 12, 15, 12, tzinfo=UTC)
SINCE = END - timedelta(minutes=15)
REGION = "us-central1"
MESSAGE = "no connection in the pool for ana@shop.example: password=hunter2-and-more, waited 5000 ms"


def fail(moment: Moment) -> None:
    moment.error_share, moment.error_type, moment.error_message = 0.5, "PoolTimeoutError", MESSAGE
    moment.retry_share, moment.lines, moment.work = 0.3, 9, 1.8


def a_shop() -> Shop:
    return Shop(
        start=END - timedelta(hours=5),
        end=END + timedelta(minutes=30),
        places=[Place("checkout", REGION), Place("search", REGION), Place("search", "europe-west1")],
        past_days=2,
        faults=[rollout("checkout", REGION, "deploy-9", SINCE, END, change=fail)],
        deployments=[
            {
                "@timestamp": iso(SINCE - timedelta(minutes=2)),
                "service": "checkout",
                "region": REGION,
                "deployment_id": "deploy-9",
                "version": "2.3.0",
                "status": "succeeded",
            }
        ],
        incidents=[
            {
                "@timestamp": iso(END - timedelta(days=3)),
                "title": "Checkout: connection pool exhausted",
                "summary": "The pool was too small after a deployment; rolled back.",
                "service": "checkout",
                "region": REGION,
                "status": "closed",
                "severity": "high",
                "duration_minutes": 42,
                "orders_affected": 120,
                "revenue_lost_usd": 5400.5,
            }
        ],
    )


def an_alert() -> Alert:
    params = {"termField": "service", "aggType": "count", "filterKuery": "level: ERROR", "timeWindowSize": 10}
    return Alert(
        rule=Rule(id="r", name="Errors by service", params=params | {"timeWindowUnit": "m"}),
        instance="checkout",
        uuid="u",
        action_group="threshold met",
        date=END,
        group="checkout",
        title="errors of checkout",
        message="",
        conditions="count > 5",
        link="https://kibana.example/app/r",
    )


@pytest.fixture(scope="session")
def shop_client() -> Iterator[Elasticsearch]:
    with servers.embedded_engine() as running, connect_elasticsearch(Settings(elasticsearch_url=running.url)) as client:
        install_templates(client)
        actions = ({"_index": index, "_source": document} for index, document in a_shop().documents())
        helpers.bulk(client, actions, chunk_size=2000)
        client.indices.refresh(index="spiketrace-*")
        yield client


@pytest.fixture(scope="session")
def telemetry(shop_client: Elasticsearch) -> ElasticTelemetry:
    return ElasticTelemetry(shop_client, load_profile("spiketrace"))


@pytest.fixture(scope="session")
def lookup(shop_client: Elasticsearch, telemetry: ElasticTelemetry) -> ElasticLookup:
    return ElasticLookup(telemetry, shop_client)


@pytest.fixture(scope="session")
def report(telemetry: ElasticTelemetry) -> Report:
    return Investigator(telemetry)(an_alert(), "a1")


@pytest.fixture(scope="session")
def gemini() -> Iterator[GeminiServer]:
    with running_gemini() as running:
        yield running


@pytest.fixture(scope="session")
def shared_model(gemini: GeminiServer) -> Iterator[Gemini]:
    """One for all: making a client loads the machine's certificates. It does not wait."""
    made = Gemini(gemini.settings(), pause=lambda _: None)
    yield made
    made.close()


@pytest.fixture(scope="session")
def local_model(sentence_model_folder: Path) -> LocalEmbedder:
    return LocalEmbedder(sentence_model_folder)


@dataclass
class Scene:
    """A stored report whose narrative is pending, and what writes it."""

    client: Elasticsearch
    reports: ElasticReportStore
    ledger: RedisModelLedger
    narrator: Narrator
    gemini: GeminiServer
    pending: Report

    def store(self, **changes: Any) -> Report:
        report = self.pending.model_copy(update={"report_id": f"r-{uuid4().hex}", **changes})
        assert self.reports.create(report)
        return report

    def narrated(self, *steps: dict[str, Any], report: Report | None = None) -> Report:
        """A report as it is stored after the model answered so."""
        self.gemini.script(*steps)
        stored = report or self.store()
        assert self.narrator.narrate(stored.report_id, worker="w")
        found = self.reports.get(stored.report_id)
        assert found is not None
        return found


@pytest.fixture
def scene(
    shop_client: Elasticsearch,
    lookup: ElasticLookup,
    report: Report,
    gemini: GeminiServer,
    shared_model: Gemini,
    redis_url: str,
) -> Scene:
    return open_scene(shop_client, lookup, report, gemini, shared_model, redis_url)


def open_scene(
    client: Elasticsearch, lookup: Lookup, report: Report, gemini: GeminiServer, model: Gemini, redis_url: str
) -> Scene:
    settings = gemini.settings()
    reports, ledger = ElasticReportStore(client), RedisModelLedger(redis_url)
    one, day = limits_of(settings)
    narrator = Narrator(
        model=lambda: model,
        model_name=settings.gemini_model,
        ground=grounding,
        reports=reports,
        lookup=lookup,
        ledger=ledger,
        limit=one,
        day_limit=day,
        prices=prices_of(settings),
    )
    pending = report.model_copy(update={"narrative": narrator.pending()})
    return Scene(client, reports, ledger, narrator, gemini, pending)
