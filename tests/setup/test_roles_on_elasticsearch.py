"""The roles are enough for what SpikeTrace does, and for nothing else: on an Elasticsearch that checks them.

From files, since the distribution that the tests can fetch has no calls for roles and API keys.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from elasticsearch import AuthorizationException, Elasticsearch

from cli.checks.elasticsearch import elasticsearch_checks
from kibana.setup.privileges import READER_ROLE, WORKER_ROLE, WRITTEN, roles
from kibana.setup.record import INDEX, Entry, Record
from kibana.setup.things import Key, Kind
from tests.conftest import EXTERNAL_URLS, MISSING, MUST_HAVE_REAL_ENGINES, REAL_VERSIONS
from tests.engines.servers import Security, real_engine
from tests.tasks import samples
from worker.bootstrap import connect
from worker.elastic import connect_elasticsearch
from worker.ports import Notification
from worker.settings import Settings
from worker.store.retention import delete_older
from worker.store.templates import index_templates, install_template, install_templates
from worker.telemetry.profiles import load_profile

VERSION = REAL_VERSIONS[-1]
PASSWORD = "only-for-a-test"
# Too young for every retention.
LATER = {"@timestamp": "2099-01-01T00:00:00Z"}
# Whoever runs set-up: what docs/kibana.md lists for Elasticsearch, but `manage_security`, which is no file's to give.
SETUP = {
    "cluster": ["manage_index_templates"],
    "indices": [
        {"names": [INDEX], "privileges": ["read", "create_index", "index", "delete", "delete_index", "maintenance"]},
        {"names": [*sorted(WRITTEN), "spiketrace-alert-inbox"], "privileges": ["manage"]},
    ],
}
ROLES = {**json.loads(json.dumps(roles(load_profile("spiketrace")))), "setup": SETUP}

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        bool(EXTERNAL_URLS) or (VERSION in MISSING and not MUST_HAVE_REAL_ENGINES),
        reason="needs an Elasticsearch of its own that checks privileges",
    ),
    # Kibana makes its indices hidden; here the name is all that counts.
    pytest.mark.filterwarnings("ignore:index name .* starts with a dot"),
]
SettingsOf = Callable[[str], Settings]
Work = Callable[[Elasticsearch], object]


@pytest.fixture(scope="module")
def settings_of() -> Iterator[SettingsOf]:
    """Of a user with that role, after set-up has installed the templates."""
    described = {name: {part: role[part] for part in ("cluster", "indices")} for name, role in ROLES.items()}
    with real_engine(VERSION, Security(roles=described, password=PASSWORD)) as engine:

        def settings(user: str) -> Settings:
            return Settings(elasticsearch_url=engine.url, elasticsearch_user=user, elasticsearch_password=PASSWORD)

        with connect_elasticsearch(settings("setup")) as client:
            install_templates(client)
        with connect_elasticsearch(settings("root")) as client:
            for index in ("spiketrace-logs-1", "spiketrace-alert-inbox", ".alerts-stack.alerts-default"):
                client.index(index=index, id="1", document=LATER, refresh=True)
        yield settings


def test_the_worker_keeps_its_records(settings_of: SettingsOf) -> None:
    stores = connect(settings_of(WORKER_ROLE))
    alert = samples.alert("checkout")
    (recorded,) = stores.alerts.record([Notification(alert=alert, received_at=datetime.now(UTC))])
    assert stores.alerts.claim(recorded.alert_id, owner="me", lease_seconds=15)
    stores.reports.create(samples.report(alert, recorded.alert_id))
    stores.client.indices.refresh(index="spiketrace-alerts,spiketrace-reports")
    assert delete_older(stores.client, before=datetime.now(UTC))["spiketrace-reports"] == 1
    stores.client.close()


def test_the_worker_starts_where_the_templates_are(settings_of: SettingsOf) -> None:
    with connect_elasticsearch(settings_of(WORKER_ROLE)) as client:
        assert install_templates(client) == list(index_templates())


def test_and_the_doctor_asks_for_no_more(settings_of: SettingsOf) -> None:
    found = {check.name: check for check in elasticsearch_checks(settings_of(WORKER_ROLE))}
    assert found["privileges"].found == "all that webhook and worker need"
    lacking = {name for name, check in found.items() if check.advice}
    # There is a line of logs and no metric, which is no matter of rights.
    assert lacking == {"telemetry: metrics"}


@pytest.mark.parametrize("index", ["spiketrace-logs-*", "spiketrace-alert-inbox", ".alerts-stack.alerts-*"])
def test_the_worker_reads_what_it_investigates(settings_of: SettingsOf, index: str) -> None:
    with connect_elasticsearch(settings_of(WORKER_ROLE)) as client:
        found = client.search(index=index, expand_wildcards="all")
    assert found["hits"]["total"]["value"] == 1


REFUSED: dict[str, tuple[str, Work]] = {
    "the worker writes telemetry": (WORKER_ROLE, lambda it: it.index(index="spiketrace-logs-1", document={})),
    "the worker writes into the inbox": (WORKER_ROLE, lambda it: it.index(index="spiketrace-alert-inbox", document={})),
    "the worker writes Kibana's alerts": (WORKER_ROLE, lambda it: it.index(index=".alerts-x", document={})),
    "the worker changes a template": (WORKER_ROLE, lambda it: it.indices.delete_index_template(name="spiketrace-logs")),
    "the worker reads what set-up remembers": (WORKER_ROLE, lambda it: it.get(index=INDEX, id="default")),
    "the worker deletes an index": (WORKER_ROLE, lambda it: it.indices.delete(index="spiketrace-alerts")),
    "a reader writes a report": (READER_ROLE, lambda it: it.index(index="spiketrace-reports", document={})),
    "a reader deletes a document": (READER_ROLE, lambda it: it.delete(index="spiketrace-logs-1", id="1")),
}


@pytest.mark.parametrize("name", REFUSED)
def test_and_no_more(settings_of: SettingsOf, name: str) -> None:
    user, work = REFUSED[name]
    with connect_elasticsearch(settings_of(user)) as client, pytest.raises(AuthorizationException):
        work(client)


def test_whoever_runs_set_up_gives_an_index_its_new_fields(settings_of: SettingsOf) -> None:
    with connect_elasticsearch(settings_of("setup")) as client, connect_elasticsearch(settings_of("root")) as root:
        root.indices.create(index="spiketrace-dead-letters", mappings={"dynamic": False}, wait_for_active_shards=0)
        install_template(client, "spiketrace-dead-letters", is_upgrade=True)
        fields = root.indices.get_mapping(index="spiketrace-dead-letters")["spiketrace-dead-letters"]["mappings"]
    assert "kind" in fields["properties"]


def test_whoever_runs_set_up_can_remember_and_forget(settings_of: SettingsOf) -> None:
    with connect_elasticsearch(settings_of("setup")) as client:
        record = Record(client, "default")
        record.remember(Key(Kind.RULE, "r"), Entry(made=True, id="r"))
        assert Record(client, "default").entries == record.entries
        record.remember(Key(Kind.RULE, "r"), None)
        record.end()
        assert Record(client, "default").entries == {}
