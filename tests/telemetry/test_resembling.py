"""Past incidents beyond those that an investigation reads: found by their words, weighed with the others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from elasticsearch import Elasticsearch, helpers

from tests.analysis.builders import AS_OF
from tests.engines.servers import Engine
from tests.writing.cases import SHOPS, tell
from worker.analysis.likeness.structure import Wanted
from worker.domain.evidence import EvidenceLog
from worker.domain.telemetry import Asked, Scope
from worker.domain.window import Window, iso
from worker.elastic import connect_elasticsearch
from worker.errors import EvidenceUnavailable
from worker.known import Knowledge
from worker.settings import Settings
from worker.similar import further_history, similar_incidents
from worker.store.templates import install_templates
from worker.telemetry.profiles import load_profile
from worker.telemetry.queries import MAX_HISTORY, SPARE_HISTORY
from worker.telemetry.search import ElasticTelemetry

INDEX = "spiketrace-incidents"
WANTED = Wanted(text="errors PoolTimeout no connection available from the pool", service="checkout")
RULE_WINDOW = Window.before(AS_OF, timedelta(minutes=15))
OLD = {"title": "Ran out of connections", "summary": "The pool was empty. Pool size raised.", "status": "done"}


@pytest.fixture
def client(embedded_engine: Engine) -> Iterator[Elasticsearch]:
    with connect_elasticsearch(Settings(elasticsearch_url=embedded_engine.url)) as connected:
        install_templates(connected)
        yield connected


@pytest.fixture
def telemetry(client: Elasticsearch) -> ElasticTelemetry:
    return ElasticTelemetry(client, load_profile("spiketrace"))


def fill(client: Elasticsearch, count: int) -> None:
    documents = [{"@timestamp": iso(AS_OF - timedelta(days=300)), **OLD, "_id": "old"}]
    documents += [{"@timestamp": iso(AS_OF + timedelta(minutes=1)), **OLD, "_id": "later"}]
    documents += [
        {"@timestamp": iso(AS_OF - timedelta(days=1, minutes=number)), "title": "Umlauts", "_id": f"n{number}"}
        for number in range(count)
    ]
    actions = [{"_index": INDEX, "_id": one.pop("_id"), "_source": one} for one in documents]
    helpers.bulk(client, actions, refresh=True)


def test_where_there_are_more_than_are_read_the_old_one_is_found_by_its_words(
    client: Elasticsearch, telemetry: ElasticTelemetry
) -> None:
    fill(client, MAX_HISTORY + SPARE_HISTORY)
    survey = telemetry.survey(Scope("checkout", None), RULE_WINDOW)
    assert survey.has_more_history
    assert "old" not in {hit["_id"] for hit in survey.history}
    hits, asked = telemetry.resembling(WANTED, AS_OF)
    assert [hit["_id"] for hit in hits] == ["old"]
    assert asked.index == INDEX
    (found,) = similar_incidents([*survey.history, *hits], WANTED, RULE_WINDOW, "a1")
    assert (found.id, found.helped) == ("old", "Pool size raised.")


def test_where_all_were_read_there_is_nothing_more(client: Elasticsearch, telemetry: ElasticTelemetry) -> None:
    fill(client, 5)
    survey = telemetry.survey(Scope("checkout", None), RULE_WINDOW)
    assert not survey.has_more_history
    assert len(survey.history) == 6


class Answering:
    """A Telemetry that answers the one question, or does not."""

    profile = load_profile("spiketrace")

    def __init__(self, error: EvidenceUnavailable | None = None) -> None:
        self.error, self.asked = error, list[Wanted]()

    def survey(self, scope: Scope, window: Window) -> Any:
        raise NotImplementedError

    def detail(self, scopes: Any, window: Window, baseline: Window, rollout: Window) -> Any:
        raise NotImplementedError

    def resembling(self, wanted: Wanted, as_of: Any) -> tuple[list[dict[str, Any]], Asked]:
        self.asked.append(wanted)
        if self.error:
            raise self.error
        document = {"@timestamp": iso(as_of - timedelta(days=90)), **OLD}
        return [{"_id": "old", "_source": document}], Asked(INDEX, {"size": 1}, RULE_WINDOW)


def test_it_is_asked_for_only_where_something_was_left_out_and_a_failure_is_a_gap() -> None:
    case = tell(SHOPS["deployment"]()).case
    knowledge = Knowledge()
    silent, log = Answering(), EvidenceLog()
    assert further_history(silent, case, WANTED, knowledge, log) == []
    assert silent.asked == []
    case.reader.survey = replace(case.survey, has_more_history=True)
    assert [hit["_id"] for hit in further_history(silent, case, WANTED, knowledge, log)] == ["old"]
    assert log.items[-1].result == {"incidents": 1}
    broken = Answering(EvidenceUnavailable("the index is closed", retryable=False))
    assert further_history(broken, case, WANTED, knowledge, log) == []
    assert log.gaps[-1].reason == "the index is closed"
