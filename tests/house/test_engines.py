"""The engines behind the other tests keep their promises."""

from __future__ import annotations

import httpx
import pytest
import redis

from tests.conftest import group_of
from tests.engines.servers import Broker, Engine


def _put(engine: Engine, index: str) -> None:
    httpx.put(f"{engine.url}/{index}/_doc/1", json={"region": "us-central1"}).raise_for_status()
    engine.refresh()


def _count(engine: Engine, index: str) -> int:
    found = httpx.get(f"{engine.url}/{index}/_count", params={"ignore_unavailable": "true"}).raise_for_status()
    return int(found.json()["count"])


@pytest.mark.parametrize("round_number", [1, 2])
def test_engine_is_empty_for_each_test(engine: Engine, round_number: int) -> None:
    assert _count(engine, "spiketrace-reports") == 0
    _put(engine, "spiketrace-reports")
    assert _count(engine, "spiketrace-reports") == 1


def test_wipe_removes_templates(engine: Engine) -> None:
    template = {"index_patterns": ["spiketrace-logs-*"], "template": {"mappings": {"properties": {}}}}
    httpx.put(f"{engine.url}/_index_template/spiketrace-logs", json=template).raise_for_status()
    engine.wipe()
    assert httpx.get(f"{engine.url}/_index_template/spiketrace-logs").status_code == 404


def test_engine_is_the_version_it_is_called(engine: Engine) -> None:
    nodes = httpx.get(f"{engine.url}/_nodes/_local").raise_for_status().json()["nodes"]
    if engine.is_embedded:
        assert list(nodes) == ["osmem-node"]
    elif engine.name != "external":
        assert [node["version"] for node in nodes.values()] == [engine.name]


def test_broker_keeps_what_it_acknowledged(broker: Broker) -> None:
    with redis.Redis.from_url(broker.url) as client:
        client.rpush("queue", "an alert")
    broker.kill()
    broker.restart()
    with redis.Redis.from_url(broker.url) as client:
        assert client.lrange("queue", 0, -1) == [b"an alert"]


def test_broker_may_lose_its_data(broker: Broker) -> None:
    with redis.Redis.from_url(broker.url) as client:
        client.rpush("queue", "an alert")
    broker.kill()
    broker.lose_data()
    broker.restart()
    with redis.Redis.from_url(broker.url) as client:
        assert client.exists("queue") == 0


def test_shared_broker_is_empty(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("key", "value")


def test_shared_broker_is_empty_again(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0


@pytest.mark.parametrize(
    ("test", "group"),
    [
        ("tests/store/test_reports.py::test_one[8.19.8]", "8.19.8"),
        ("tests/store/test_reports.py::TestOnEveryEngine::test_one[9.5.0-a case]", "9.5.0"),
        ("tests/store/test_reports.py::test_one[a case-9.5.0]", "9.5.0"),
        ("tests/store/test_reports.py::test_one[embedded]", "store"),
        ("tests/agent/questions/test_lies.py::test_one", "agent"),
    ],
)
def test_all_tests_of_a_real_engine_are_of_one_group(test: str, group: str) -> None:
    assert group_of(test) == group
