"""The shipped rules' queries, asked of every engine: what they filter by is taken and finds what it should.

What they compute by script cannot be tried here: these engines have no scripts.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from kibana.rules import EsQueryParams, load_rules
from tests.engines.servers import Engine
from worker.domain.window import iso

QUERIES = {
    rule.id: json.loads(rule.params.es_query)["query"]
    for rule in load_rules()
    if isinstance(rule.params, EsQueryParams)
}
MAPPINGS = {
    "properties": {
        "@timestamp": {"type": "date"},
        **{name: {"type": "keyword"} for name in ("service", "region", "level", "error_type")},
    }
}


@pytest.fixture
def ask(engine: Engine) -> Any:
    def found(rule_id: str, *documents: dict[str, Any]) -> list[int]:
        httpx.put(f"{engine.url}/spiketrace-x", json={"mappings": MAPPINGS}).raise_for_status()
        for number, document in enumerate(documents):
            httpx.put(f"{engine.url}/spiketrace-x/_doc/{number}", json=document).raise_for_status()
        engine.refresh()
        answer = httpx.post(f"{engine.url}/spiketrace-x/_search", json={"query": QUERIES[rule_id], "size": 100})
        answer.raise_for_status()
        return sorted(int(hit["_id"]) for hit in answer.json()["hits"]["hits"])

    return found


def at(**before: float) -> dict[str, Any]:
    return {"@timestamp": iso(datetime.now(UTC) - timedelta(**before)), "service": "checkout", "region": "us-central1"}


@pytest.mark.parametrize(
    "rule_id", ["spiketrace-carbon-against-past-by-service", "spiketrace-carbon-against-past-by-region"]
)
def test_the_past_is_the_same_minutes_of_the_seven_days_before(ask: Any, rule_id: str) -> None:
    days = [at(days=day, minutes=5) for day in range(9)]
    hours = [at(hours=1), at(hours=23), at(days=1, hours=-1), at(days=3, minutes=20)]
    assert ask(rule_id, *days, *hours) == [0, 1, 2, 3, 4, 5, 6, 7]


def test_the_error_rate_is_of_lines_that_have_a_level(ask: Any) -> None:
    lines = [{**at(minutes=1), "level": "ERROR"}, {**at(minutes=1), "level": "INFO"}, at(minutes=1)]
    assert ask("spiketrace-error-rate-by-service", *lines) == [0, 1]


def test_new_types_are_of_errors_that_have_one(ask: Any) -> None:
    lines = [
        {**at(minutes=1), "level": "ERROR", "error_type": "TimeoutError"},
        {**at(minutes=1), "level": "WARN", "error_type": "TimeoutError"},
        {**at(minutes=1), "level": "ERROR", "error_type": None},
    ]
    assert ask("spiketrace-new-error-types", *lines) == [0]


def test_the_order_path_is_of_its_services(ask: Any) -> None:
    assert ask("spiketrace-carbon-order-path", at(minutes=1), {**at(minutes=1), "service": "search"}) == [0]
