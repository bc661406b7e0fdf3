"""A day of a shop in which two things went wrong, one of them on record, and whoever answers questions about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from elasticsearch import Elasticsearch, helpers

from tests.engines import servers
from tests.engines.servers import Engine
from tests.investigation.shop import Moment, Place, Shop, during, rollout
from tests.standins.queue import Queued
from worker import incidents
from worker.announcing import AnnouncingIncidents
from worker.answering.answer import Answer, Step
from worker.answering.answering import Answering
from worker.answering.exhibits import Places
from worker.answering.yes import TicketDesk
from worker.conclusion import of_incident
from worker.domain.alert import Alert, Rule
from worker.domain.report import Report, report_id_of
from worker.domain.window import iso
from worker.elastic import connect_elasticsearch
from worker.investigate import Investigator
from worker.policy import Policy
from worker.settings import Settings
from worker.store.alerts import ElasticAlertStore
from worker.store.dead_letters import ElasticDeadLetterStore
from worker.store.incidents import ElasticIncidentStore
from worker.store.reports import ElasticReportStore
from worker.store.templates import install_templates
from worker.telemetry.profiles import Profile, load_profile
from worker.telemetry.questions import ElasticLooks
from worker.telemetry.search import ElasticTelemetry

# The night to a Thursday: one thing went wrong before midnight, the other one after it.
NOW = datetime(2026, 3, 12, 1, 20, tzinfo=UTC)
US, EU = "us-central1", "europe-west1"
BAD_SINCE = datetime(2026, 3, 11, 23, 20, tzinfo=UTC)
OUTAGE_SINCE = datetime(2026, 3, 12, 0, 30, tzinfo=UTC)
LENGTH = timedelta(minutes=30)
PUBLIC_URL = "https://spiketrace.example"
KIBANA_URL = "https://kibana.example"
SECRET = "hunter2-and-more"


def fail_and_retry(moment: Moment) -> None:
    moment.error_share, moment.error_type = 0.45, "PoolTimeoutError"
    moment.error_message = f"no connection in the pool: password={SECRET}, waited 2000 ms"
    moment.slowness, moment.retry_share, moment.lines = 6.0, 0.35, 9
    moment.traffic *= 1.7
    moment.work = 1.9


def go_down(moment: Moment) -> None:
    moment.error_share, moment.error_type = 0.8, "DiskFullError"
    moment.error_message, moment.slowness, moment.lines = "no space left on /var/lib/ledger", 3.0, 8


def lose_ledger(moment: Moment) -> None:
    moment.error_share, moment.error_type = 0.5, "UpstreamTimeoutError"
    moment.error_message = "POST http://ledger/entries: timed out after 2000 ms"
    moment.slowness, moment.retry_share, moment.lines = 5.0, 0.2, 8


def a_shop() -> Shop:
    places = [("checkout", US), ("checkout", EU), ("payments", EU), ("ledger", EU), ("search", US)]
    return Shop(
        start=NOW - timedelta(minutes=220),
        end=NOW,
        places=[Place(*place) for place in places],
        past_days=1,
        faults=[
            rollout("checkout", US, "deploy-9", BAD_SINCE, BAD_SINCE + LENGTH, change=fail_and_retry),
            during(go_down, "ledger", EU, OUTAGE_SINCE, OUTAGE_SINCE + LENGTH),
            during(lose_ledger, "payments", EU, OUTAGE_SINCE, OUTAGE_SINCE + LENGTH),
        ],
        deployments=[
            _deployment(BAD_SINCE - timedelta(minutes=2), "checkout", US, "deploy-9", "2.3.0"),
            _deployment(NOW - timedelta(minutes=30), "search", US, "deploy-10", "1.8.1"),
        ],
        incidents=[
            {
                "@timestamp": iso(OUTAGE_SINCE + timedelta(minutes=26)),
                "title": "Payments hang <b>again</b>",
                "summary": "Hotline: cards are refused in Europe.",
                "service": "payments",
                "region": EU,
                "status": "being looked at",
                "severity": "high",
                "orders_affected": 120,
                "revenue_lost_usd": 5400.5,
            }
        ],
    )


def _deployment(at: datetime, service: str, region: str, deployment_id: str, version: str) -> dict[str, str]:
    names = {"service": service, "region": region, "deployment_id": deployment_id, "version": version}
    return {"@timestamp": iso(at), "status": "succeeded", **names}


def an_alert(service: str, region: str, date: datetime) -> Alert:
    params = {"termField": ["service", "region"], "timeWindowSize": 10, "timeWindowUnit": "m"}
    return Alert(
        rule=Rule(id="r", name="Errors by service", params=params),
        instance=f"{service},{region}",
        uuid=f"{service}-{region}-{date:%H%M}",
        action_group="threshold met",
        date=date,
        group=f"{service},{region}",
    )


@dataclass
class Desk:
    """One engine with a shop in it, and all that asks and answers there."""

    client: Elasticsearch
    shop: Shop
    queue: Queued = field(default_factory=Queued)
    policy: Policy = field(default_factory=Policy)
    configured: tuple[str, ...] = ("jira", "slack")
    profile: Profile = field(default_factory=lambda: load_profile("spiketrace"))

    def __post_init__(self) -> None:
        telemetry = ElasticTelemetry(self.client, self.profile)
        self.reports, self.store = ElasticReportStore(self.client), ElasticIncidentStore(self.client)
        self.investigate = Investigator(telemetry)
        self.answering = Answering(
            looks=ElasticLooks(telemetry, self.client),
            reports=self.reports,
            incidents=self.store,
            investigate=self.investigate,
            policy=self.policy,
            configured=self.configured,
            places=Places(PUBLIC_URL, KIBANA_URL),
        )

    @property
    def incidents(self) -> AnnouncingIncidents:
        return AnnouncingIncidents(self.store, self.queue, self.policy, self.configured, clock=lambda: NOW)

    @property
    def tickets(self) -> TicketDesk:
        alerts, letters = ElasticAlertStore(self.client), ElasticDeadLetterStore(self.client)
        return TicketDesk(self.incidents, alerts, letters, self.queue)

    def ask(self, question: str, *, zone: str = "UTC", now: datetime = NOW, steps: list[Step] | None = None) -> Answer:
        tell = steps.append if steps is not None else lambda _: None
        return self.answering(question, zone=zone, now=now, tell=tell)

    def with_destinations(self, *names: str) -> Desk:
        return replace(self, configured=names)

    def record(self, alert: Alert) -> Report:
        """As a worker would: the report of an alert with its incident, on record."""
        found = self.investigate(alert, alert.alert_id)
        incident = incidents.record(found, self.incidents, NOW)
        report = of_incident(found, incident)
        assert report.report_id == report_id_of(alert.alert_id)
        assert self.reports.create(report)
        self.client.indices.refresh(index="spiketrace-*")
        return report


def fill(client: Elasticsearch) -> Desk:
    """The outage of ledger is on record; the bad deployment of checkout is not."""
    install_templates(client)
    shop = a_shop()
    helpers.bulk(client, ({"_index": index, "_source": one} for index, one in shop.documents()), chunk_size=2000)
    client.indices.refresh(index="spiketrace-*")
    desk = Desk(client, shop)
    for service in ("ledger", "payments"):
        desk.record(an_alert(service, EU, OUTAGE_SINCE + timedelta(minutes=15)))
    return desk


@pytest.fixture(scope="session")
def desk() -> Iterator[Desk]:
    """Filled once: only to be read."""
    with servers.embedded_engine() as running, connect_elasticsearch(Settings(elasticsearch_url=running.url)) as client:
        yield fill(client)


@pytest.fixture
def empty_desk(embedded_engine: Engine) -> Iterator[Desk]:
    """With nothing in its engine."""
    with connect_elasticsearch(Settings(elasticsearch_url=embedded_engine.url)) as client:
        install_templates(client)
        yield Desk(client, a_shop())
