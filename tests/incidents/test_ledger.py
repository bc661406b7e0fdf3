"""The ledger in memory and the one in Elasticsearch keep the same promises."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from tests.delivery.samples import INCIDENT_ID, an_incident
from tests.engines.servers import Engine
from tests.incidents.ledger import MemoryLedger
from worker.domain.incident import Delivery, Incident, IncidentStatus
from worker.elastic import connect_elasticsearch
from worker.settings import Settings
from worker.store.incidents import ElasticIncidentStore
from worker.store.templates import install_templates
from worker.sweep import SearchableIncidents


@pytest.fixture(params=["memory", "elasticsearch"])
def ledger(request: pytest.FixtureRequest) -> Iterator[SearchableIncidents]:
    if request.param == "memory":
        yield MemoryLedger()
        return
    engine: Engine = request.getfixturevalue("embedded_engine")
    client = connect_elasticsearch(Settings(elasticsearch_url=engine.url))
    install_templates(client)
    yield ElasticIncidentStore(client)
    client.close()


def titled(title: str) -> Incident:
    return an_incident(title=title)


def test_the_first_of_an_id_stays(ledger: SearchableIncidents) -> None:
    assert [ledger.create(titled("first")), ledger.create(titled("second"))] == [True, False]
    found = ledger.get(INCIDENT_ID)
    assert found is not None
    assert found.title == "first"
    assert ledger.get("inc-none") is None


def test_no_change_is_lost_among_many_at_once(ledger: SearchableIncidents) -> None:
    ledger.create(an_incident(tags=[]))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: ledger.update(INCIDENT_ID, lambda it: tagged(it, str(number))), range(16)))
    found = ledger.get(INCIDENT_ID)
    assert found is not None
    assert sorted(found.tags, key=int) == [str(number) for number in range(16)]


def tagged(incident: Incident, tag: str) -> Incident:
    return incident.model_copy(update={"tags": [*incident.tags, tag]})


def test_a_writer_who_was_slower_is_asked_again(ledger: SearchableIncidents) -> None:
    ledger.create(an_incident(tags=[]))
    seen = []

    def slow(incident: Incident) -> Incident:
        seen.append(incident.tags)
        if len(seen) == 1:
            ledger.update(INCIDENT_ID, lambda it: tagged(it, "faster"))
        return tagged(incident, "slower")

    assert ledger.update(INCIDENT_ID, slow).tags == ["faster", "slower"]
    assert seen == [[], ["faster"]]


def test_an_unknown_id_and_a_change_that_raises(ledger: SearchableIncidents) -> None:
    ledger.create(titled("first"))
    with pytest.raises(KeyError):
        ledger.update("inc-none", lambda it: it)

    def refuse(_: Incident) -> Incident:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ledger.update(INCIDENT_ID, refuse)
    assert ledger.get(INCIDENT_ID) is not None


def test_what_was_written_is_found(ledger: SearchableIncidents) -> None:
    now = datetime.now(UTC)
    ledger.create(an_incident(deliveries={"slack": Delivery(state="pending", updated_at=now)}))
    alert_id = an_incident().alert_ids[0]
    pending = [ledger.with_any_pending(names) for names in (["jira", "slack"], ["jira"], [])]
    found = [*pending, ledger.open_ones(), ledger.ended_since(now)]
    assert [len(one) for one in found] == [1, 0, 0, 1, 0]
    assert ledger.of_alert(alert_id) is not None
    assert ledger.of_alert("another") is None
    ended = {"status": IncidentStatus.RESOLVED, "resolved_at": now}
    ledger.update(INCIDENT_ID, lambda it: it.model_copy(update=ended))
    assert [len(one) for one in (ledger.open_ones(), ledger.ended_since(now))] == [0, 1]
