"""The privileges that docs/delivery-paths.md lists are enough, and without them something says so."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from elasticsearch import AuthorizationException, Elasticsearch

from cli.checks.check import Check
from cli.checks.elasticsearch import inbox_index_check, kibana_alerts_check, privileges_check
from cli.doctor import examine
from tests.conftest import EXTERNAL_URLS, MISSING, MUST_HAVE_REAL_ENGINES, REAL_VERSIONS
from tests.delivery_paths.kibana_documents import (
    ALIAS,
    active_document,
    alert_of,
    connector_writes,
    create_alerts_index,
    kibana_keeps,
)
from tests.engines.servers import Security, real_engine
from tests.standins.queue import Queued
from worker.elastic import connect_elasticsearch
from worker.errors import EvidenceUnavailable
from worker.intake import take_in
from worker.missed import Patience, end_recovered, take_in_missed
from worker.settings import Settings
from worker.store.alerts import ElasticAlertStore
from worker.store.dead_letters import ElasticDeadLetterStore
from worker.store.inbox_index import InboxIndex
from worker.store.kibana_alerts import ElasticKibanaAlerts
from worker.store.templates import install_templates
from worker.telemetry.profiles import load_profile

VERSION = REAL_VERSIONS[0]
NOW = datetime.now(UTC)
PASSWORD = "only-for-a-test"
PAGE = (Path(__file__).resolve().parents[2] / "docs" / "delivery-paths.md").read_text(encoding="utf-8")
OF_THE_WORKER, OF_THE_RULE = (
    json.loads(block) for block in re.findall(r'```json\n(\{\n  "indices".*?)```', PAGE, re.DOTALL)
)
# Enough for the records and no more, so that what the page says is all that counts.
OWN_INDICES = {"names": ["spiketrace-alerts", "spiketrace-dead-letters"], "privileges": ["all"]}
ROLES = {
    "worker": {"indices": [OWN_INDICES, *OF_THE_WORKER["indices"]]},
    "rule": OF_THE_RULE,
    "unprivileged": {"indices": [OWN_INDICES, {"names": ["spiketrace-alert-inbox"], "privileges": ["read"]}]},
}

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        bool(EXTERNAL_URLS) or (VERSION in MISSING and not MUST_HAVE_REAL_ENGINES),
        reason="needs an Elasticsearch of its own that checks privileges",
    ),
]
SettingsOf = Callable[[str], Settings]
ClientOf = Callable[[str], Elasticsearch]


@pytest.fixture(scope="module")
def settings_of() -> Iterator[SettingsOf]:
    with real_engine(VERSION, Security(ROLES, PASSWORD)) as engine:
        yield lambda user: Settings(
            elasticsearch_url=engine.url, elasticsearch_user=user, elasticsearch_password=PASSWORD
        )


@pytest.fixture(scope="module")
def client_of(settings_of: SettingsOf) -> Iterator[ClientOf]:
    clients = {user: connect_elasticsearch(settings_of(user)) for user in ("root", *ROLES)}
    install_templates(clients["root"])
    create_alerts_index(clients["root"])
    connector_writes(clients["rule"], active_document("by-index"), refresh=False)
    kibana_keeps(clients["root"], alert_of("lost", start=NOW - timedelta(minutes=30)))
    clients["root"].indices.refresh(index="spiketrace-*")
    yield clients.__getitem__
    for client in clients.values():
        client.close()


def sweep(client: Elasticsearch, queue: Queued) -> int:
    alerts, kibana = ElasticAlertStore(client), ElasticKibanaAlerts(client)
    patience = Patience(now=NOW, grace=timedelta(minutes=10), kept=timedelta(days=90))
    taken = take_in_missed(kibana, alerts, ElasticDeadLetterStore(client), queue, patience)
    return taken + end_recovered(kibana, alerts, patience)


def intake(client: Elasticsearch, queue: Queued) -> int:
    return take_in(InboxIndex(client), ElasticAlertStore(client), ElasticDeadLetterStore(client), queue)


def test_whoever_saves_a_rule_may_add_and_neither_read_nor_delete(client_of: ClientOf) -> None:
    with pytest.raises(AuthorizationException):
        client_of("rule").search(index="spiketrace-alert-inbox")
    entries = InboxIndex(client_of("root")).take(1)
    with pytest.raises(EvidenceUnavailable, match="403"):
        InboxIndex(client_of("rule")).acknowledge(entries)


def test_without_them_nothing_is_lost_and_every_failure_waits_for_a_person(client_of: ClientOf, queue: Queued) -> None:
    for work in (intake, sweep):
        with pytest.raises(EvidenceUnavailable) as raised:
            work(client_of("unprivileged"), queue)
        assert not raised.value.retryable
    assert InboxIndex(client_of("root")).backlog().documents == 1


def test_and_the_doctor_names_them(client_of: ClientOf, settings_of: SettingsOf) -> None:
    # It looks at the templates first, which takes a privilege of its own.
    unprivileged = _checks_of(client_of("unprivileged"))
    assert "lack delete on spiketrace-alert-inbox" in unprivileged["inbox index"].found
    assert f"lack read on {ALIAS}" in unprivileged["kibana's alerts"].found
    assert all(check.advice for check in unprivileged.values())
    assert not any("lack" in check.found for check in _checks_of(client_of("worker")).values())
    lacking = privileges_check(client_of("unprivileged"), load_profile("spiketrace"))
    assert "read on spiketrace-logs-*" in lacking.found
    assert lacking.advice
    everything = {check.name: check for check in examine(settings_of("root"))}
    assert everything["privileges"].found == "all that webhook and worker need"
    assert everything["elasticsearch: clock"].advice is None
    assert everything["kibana's alerts"].found == "can be read; 1 active of our rules"


def _checks_of(client: Elasticsearch) -> dict[str, Check]:
    return {check.name: check for check in (inbox_index_check(client), kibana_alerts_check(client))}


def test_with_those_of_the_page_both_ways_work(client_of: ClientOf, queue: Queued) -> None:
    assert intake(client_of("worker"), queue) == 1
    assert sweep(client_of("worker"), queue) == 1
    assert len(queue.alert_ids) == 2
    assert InboxIndex(client_of("worker")).backlog().documents == 0
