"""The dead letter store on every engine."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from tests.engines.servers import Engine
from worker.store.dead_letters import INDEX, ElasticDeadLetterStore


@pytest.fixture
def letters(client: Elasticsearch) -> ElasticDeadLetterStore:
    return ElasticDeadLetterStore(client)


def _all(client: Elasticsearch, engine: Engine) -> list[dict[str, Any]]:
    engine.refresh()
    return [hit["_source"] for hit in client.search(index=INDEX)["hits"]["hits"]]


def test_a_letter_is_kept_once_with_its_first_reason(
    letters: ElasticDeadLetterStore, client: Elasticsearch, engine: Engine
) -> None:
    letters.put("a1", reason="no evidence", kind="investigation", payload={"rule": {"id": "carbon"}})
    letters.put("a1", reason="later", kind="investigation", payload="")
    (letter,) = _all(client, engine)
    assert (letter["alert_id"], letter["kind"], letter["reason"]) == ("a1", "investigation", "no evidence")
    assert json.loads(letter["payload"]) == {"rule": {"id": "carbon"}}


def test_letters_of_another_kind_or_alert_stand_beside_it(
    letters: ElasticDeadLetterStore, client: Elasticsearch, engine: Engine
) -> None:
    for alert_id, kind in (("a1", "investigation"), ("a1", "delivery"), ("a2", "delivery")):
        letters.put(alert_id, reason="why", kind=kind, payload="as it came")
    assert len(_all(client, engine)) == 3


def test_letters_are_found_by_alert_and_by_a_word_of_the_reason(
    letters: ElasticDeadLetterStore, client: Elasticsearch, engine: Engine
) -> None:
    letters.put("a1", reason="the body is not JSON", kind="invalid", payload="{{{")
    engine.refresh()
    query = {"bool": {"filter": [{"term": {"alert_id": "a1"}}, {"match": {"reason": "json"}}]}}
    assert client.count(index=INDEX, query=query)["count"] == 1


def test_those_since_a_moment_are_listed(letters: ElasticDeadLetterStore, engine: Engine) -> None:
    letters.put("a1", reason="why", kind="invalid", payload="")
    engine.refresh()
    now = datetime.now(UTC)
    assert [letter.alert_id for letter in letters.newest(10, since=now - timedelta(minutes=5))] == ["a1"]
    assert letters.newest(10, since=now + timedelta(minutes=5)) == []


def test_many_are_removed_at_once_and_are_gone_from_lists(letters: ElasticDeadLetterStore) -> None:
    for number in range(3):
        letters.put(f"a{number}", reason="why", kind="invalid", payload="")
    assert letters.remove_all(["invalid:a0", "invalid:none", "invalid:a2"]) == ["invalid:a0", "invalid:a2"]
    assert [letter.letter_id for letter in letters.newest(10)] == ["invalid:a1"]
    assert letters.remove_all([]) == []
