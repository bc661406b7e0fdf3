"""Secrets planted in telemetry and in the alert: none is stored, shown or sent, and the cause is still right."""

from __future__ import annotations

import gzip
import html
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from elasticsearch import Elasticsearch, helpers

from evaluation.predict import alert_of, loaded
from evaluation.redaction.measure import left_of
from evaluation.redaction.secrets_made import KEYED, PLAIN
from evaluation.run import read_folders
from tests.engines.servers import Engine
from tests.evaluation import folders
from tests.investigation.shop import METRICS, Moment, Place, Shop, rollout
from tests.standins.server import running_vendors
from tests.webhook_pages.fakes import client as browser
from worker.delivery.configured import destinations
from worker.domain.alert import Alert, Rule
from worker.domain.incident import Incident
from worker.domain.notice import Notice
from worker.domain.report import CauseKind, Report
from worker.domain.window import iso
from worker.elastic import connect_elasticsearch
from worker.incidents import record
from worker.investigate import Investigator
from worker.settings import Settings
from worker.store.incidents import ElasticIncidentStore
from worker.store.reports import ElasticReportStore
from worker.store.templates import install_templates
from worker.telemetry.profiles import load_profile
from worker.telemetry.search import ElasticTelemetry

END = datetime(2026, 3, 12, 15, 12, tzinfo=UTC)
SINCE = END - timedelta(minutes=15)
REGION = "us-central1"
_RNG = random.Random(11)
# Of an address only what names the person.
SECRETS = {name: make(_RNG) for name, make in (PLAIN | KEYED).items() if name not in ("e-mail", "private key")}
PERSON = "quentin.overbeck"
DEPLOYMENT = f"deploy-9-{SECRETS['GitHub token']}"
VERSION = f"2.3.0?token={SECRETS['token']}"
MESSAGE = (
    f"no connection in the pool for {PERSON}@shop.example: password={SECRETS['password']} "
    f"api_key: {SECRETS['secret']} jwt {SECRETS['JWT']} card {SECRETS['card number in groups']} "
    f"iban {SECRETS['IBAN in groups']} key {SECRETS['AWS key']} %22client_secret%22%3D{SECRETS['hexadecimal secret']}"
)
PLANTED = (
    *(PERSON, *(SECRETS[name] for name in ("GitHub token", "token", "password", "secret", "JWT", "IBAN in groups"))),
    *(
        SECRETS[name]
        for name in ("card number in groups", "AWS key", "hexadecimal secret", "Slack token", "Stripe key")
    ),
    *(SECRETS[name] for name in ("Google key", "npm token")),
)


def fail(moment: Moment) -> None:
    moment.error_share, moment.error_type, moment.error_message = 0.5, "PoolTimeoutError", MESSAGE
    moment.retry_share, moment.lines, moment.work = 0.3, 9, 1.8


def a_shop() -> Shop:
    return Shop(
        start=END - timedelta(hours=5),
        end=END,
        places=[Place("checkout", REGION), Place("search", REGION)],
        past_days=2,
        faults=[
            rollout("checkout", REGION, DEPLOYMENT, SINCE, END, change=fail),
        ],
        deployments=[
            {
                "@timestamp": iso(SINCE - timedelta(minutes=2)),
                "service": "checkout",
                "region": REGION,
                "deployment_id": DEPLOYMENT,
                "version": VERSION,
                "status": f"succeeded by {PERSON}@shop.example",
            }
        ],
        incidents=[
            {
                "@timestamp": iso(END - timedelta(days=3)),
                "title": f"checkout errors: leaked {SECRETS['Stripe key']}",
                "summary": f"pool errors, told to {PERSON}@shop.example",
                "service": "checkout",
                "region": REGION,
                "status": "closed",
            }
        ],
    )


def an_alert() -> Alert:
    """As one that was stored before secrets were taken out where an alert is read."""
    params = {"termField": "service", "aggType": "count", "filterKuery": "level: ERROR", "timeWindowSize": 10}
    return Alert(
        rule=Rule(id="r", name=f"Errors {SECRETS['Slack token']}", params=params | {"timeWindowUnit": "m"}),
        instance="checkout",
        uuid="u",
        action_group="threshold met",
        date=END,
        group="checkout",
        title=f"tell {PERSON}@shop.example",
        message=f"key {SECRETS['Google key']}",
        conditions=f"count > 5 with {SECRETS['npm token']}",
        link=f"https://kibana.example/app/r?token={SECRETS['token']}",
    )


@pytest.fixture
def engine_client(embedded_engine: Engine) -> Iterator[Elasticsearch]:
    with connect_elasticsearch(Settings(elasticsearch_url=embedded_engine.url)) as client:
        install_templates(client)
        yield client


def investigated(client: Elasticsearch) -> Report:
    actions = ({"_index": index, "_source": document} for index, document in a_shop().documents())
    helpers.bulk(client, actions, chunk_size=2000)
    client.indices.refresh(index="spiketrace-*")
    return Investigator(ElasticTelemetry(client, load_profile("spiketrace")))(an_alert(), "a1")


def left_in(text: str) -> list[str]:
    return left_of(PLANTED, text)


def source(client: Elasticsearch, index: str) -> dict[str, Any]:
    client.indices.refresh(index=index)
    found = client.search(index=index, query={"exists": {"field": "alert_id" if "reports" in index else "cause_key"}})
    (hit,) = found["hits"]["hits"]
    kept: dict[str, Any] = hit["_source"]
    return kept


def test_no_secret_is_stored_shown_or_sent_and_the_cause_is_still_right(engine_client: Elasticsearch) -> None:
    assert left_in(
        json.dumps([document for index, document in a_shop().documents() if index != METRICS])
        + an_alert().model_dump_json()
    ) == list(PLANTED)
    report = investigated(engine_client)
    assert report.root_cause
    assert (report.root_cause.kind, report.root_cause.service) == (CauseKind.DEPLOYMENT, "checkout")
    assert report.root_cause.error_type == "PoolTimeoutError"
    assert report.root_cause.deployment_id == "deploy-9-[redacted token]"
    assert report.root_cause.version == "2.3.0?token=[redacted token]"
    assert_evidence_says_how_much_was_taken(report)

    ElasticReportStore(engine_client).create(report)
    incident = record(report, ElasticIncidentStore(engine_client), END)
    assert incident
    for told in everything_told(engine_client, report, incident):
        assert left_in(told) == []
        assert "[redacted" in told


def everything_told(client: Elasticsearch, report: Report, incident: Incident) -> Iterator[str]:
    yield json.dumps(source(client, "spiketrace-reports"), ensure_ascii=False)
    yield json.dumps(source(client, "spiketrace-incidents"), ensure_ascii=False)
    yield report.markdown.replace("\\", "")
    yield html.unescape(browser(report).get(f"/reports/{report.report_id}").text)
    with running_vendors() as vendors:
        for destination in destinations(vendors.settings()).values():
            destination.open(Notice(incident, report, news=tuple(incident.news), revision=len(incident.news)))
        yield json.dumps(httpx.get(f"{vendors.url}/received").json(), ensure_ascii=False)


def assert_evidence_says_how_much_was_taken(report: Report) -> None:
    errors = next(item for item in report.evidence if "errors by type" in item.title)
    assert errors.result["redacted"]["e-mail"] >= 1
    assert errors.result["redacted"]["card number"] >= 1
    metrics = next(item for item in report.evidence if "against the baseline" in item.title)
    assert "redacted" not in metrics.result


def test_log_patterns_are_told_without_secrets(tmp_path: Path, embedded_url: str) -> None:
    """By roles, calls and log patterns, where lines themselves are read."""
    made = folders.shop(tmp_path)
    (case,) = [case for case in read_folders([made]) if case.id == "shop-failing"]
    with connect_elasticsearch(Settings(elasticsearch_url=embedded_url)) as client:
        with loaded(case, client, "spiketrace-evaluation-redaction") as profile:
            plain = Investigator(ElasticTelemetry(client, profile))(alert_of(case), case.id)
        _plant(made, case.id)
        with loaded(case, client, "spiketrace-evaluation-redaction") as profile:
            planted = Investigator(ElasticTelemetry(client, profile))(alert_of(case), case.id)
    assert [one.service for one in planted.candidates] == [one.service for one in plain.candidates]
    patterns = next(item for item in planted.evidence if "Log patterns" in item.title)
    assert patterns.result["redacted"]
    assert "[redacted" in planted.candidates[0].reason
    assert left_in(planted.model_dump_json() + planted.markdown.replace("\\", "")) == []


def _plant(folder: Path, case_id: str) -> None:
    """Every line of an error begins with the secrets, and is long."""
    path = folder / "telemetry" / case_id.removeprefix("shop-") / "logs.ndjson.gz"
    lines = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    for line in lines:
        if line["level"] == "ERROR":
            line["message"] = f"{MESSAGE}: {line['message']}"
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, lines)).encode()))
