"""What is known to have happened, in whatever form it was written down."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from tests.engines.servers import Engine
from tests.kibana.builders import minute
from worker.domain.backtest import KnownIncident
from worker.domain.window import Window, iso
from worker.elastic import connect_elasticsearch
from worker.settings import Settings
from worker.store.templates import install_templates
from worker.telemetry.known_incidents import known_incidents, scope_fields
from worker.telemetry.profiles import load_profile

PROFILE = load_profile("spiketrace")
HOUR = Window(start=minute(0), end=minute(60))


@pytest.fixture
def client(embedded_engine: Engine) -> Iterator[Elasticsearch]:
    with connect_elasticsearch(Settings(elasticsearch_url=embedded_engine.url)) as found:
        install_templates(found)
        yield found


def read(client: Elasticsearch, *documents: dict[str, Any]) -> list[KnownIncident]:
    for number, document in enumerate(documents):
        whole = {"@timestamp": iso(minute(10)), "title": "T", **document}
        client.index(index="spiketrace-incidents", id=f"i{number}", document=whole)
    client.indices.refresh(index="spiketrace-*")
    return known_incidents(client, PROFILE, HOUR)


@pytest.mark.parametrize(
    ("document", "end", "is_assumed"),
    [
        ({"duration_minutes": 25}, minute(35), False),
        ({"resolved_at": iso(minute(20))}, minute(20), False),
        ({"status": "open", "alert_ids": ["a"]}, minute(60), False),
        ({"status": "open"}, minute(70), True),
        ({}, minute(70), True),
        ({"duration_minutes": 0}, minute(70), True),
        ({"duration_minutes": "long"}, minute(70), True),
        ({"duration_minutes": 1e300}, minute(70), True),
        ({"resolved_at": "yesterday"}, minute(70), True),
        ({"resolved_at": iso(minute(5))}, minute(70), True),
    ],
)
def test_how_long_it_lasted(client: Elasticsearch, document: dict[str, Any], end: Any, is_assumed: bool) -> None:
    (found,) = read(client, document)
    assert (found.start, found.end, found.end_is_assumed) == (minute(10), end, is_assumed)


def test_what_others_wrote_in_another_form_is_read_as_far_as_it_goes(client: Elasticsearch) -> None:
    (found,) = read(client, {"title": {"a": 1}, "summary": "S", "service": 5, "region": "us", "severity": ["x"]})
    assert (found.title, found.service, found.region, found.severity) == ("S", None, "us", None)


def test_those_of_the_period_the_oldest_first(client: Elasticsearch) -> None:
    moments = [minute(-1), minute(0), minute(59.9), minute(60), minute(30)]
    found = read(client, *({"@timestamp": iso(moment)} for moment in moments))
    assert [one.start for one in found] == [minute(0), minute(30), minute(0) + timedelta(minutes=59.9)]


def test_without_an_index_of_incidents_nothing_is_known(client: Elasticsearch) -> None:
    assert known_incidents(client, PROFILE.model_copy(update={"incidents": None}), HOUR) == []
    assert known_incidents(client, PROFILE, HOUR) == []


def test_a_profile_says_which_fields_are_a_scope() -> None:
    assert scope_fields(PROFILE) == {"service": "service", "region": "region"}
    assert scope_fields(load_profile("elastic-apm"))["service.name"] == "service"
