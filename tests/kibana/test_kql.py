"""KQL filters: what they become, and that the engines find by them what Kibana would."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kibana.kql import kql_query
from tests.engines.servers import Engine
from worker.errors import ConfigurationError


@pytest.mark.parametrize(
    ("kql", "query"),
    [
        ("", {"match_all": {}}),
        ("level : ERROR", {"match": {"level": "ERROR"}}),
        ("level:ERROR", {"match": {"level": "ERROR"}}),
        ('level : "ERROR"', {"match_phrase": {"level": "ERROR"}}),
        ("message : out of memory", {"match": {"message": "out of memory"}}),
        ('message : "this and that: (all)"', {"match_phrase": {"message": "this and that: (all)"}}),
        (r'message : "a \"b\""', {"match_phrase": {"message": 'a "b"'}}),
        (r"message : a\:b", {"match": {"message": "a:b"}}),
        ("error_type : *", {"exists": {"field": "error_type"}}),
        ("service : check*", {"wildcard": {"service": {"value": "check*"}}}),
        ("latency_ms >= 500", {"range": {"latency_ms": {"gte": "500"}}}),
        ("latency_ms<900", {"range": {"latency_ms": {"lt": "900"}}}),
        ("NOT level : INFO", {"bool": {"must_not": [{"match": {"level": "INFO"}}]}}),
        ("a:1 AND b:2", {"bool": {"filter": [{"match": {"a": "1"}}, {"match": {"b": "2"}}]}}),
        (
            "service : (frontend or search)",
            {
                "bool": {
                    "should": [{"match": {"service": "frontend"}}, {"match": {"service": "search"}}],
                    "minimum_should_match": 1,
                }
            },
        ),
    ],
)
def test_becomes_a_query(kql: str, query: dict[str, Any]) -> None:
    assert kql_query(kql) == query


def test_and_binds_closer_than_or() -> None:
    assert kql_query("a:1 or b:2 and c:3") == kql_query("a:1 or (b:2 and c:3)")
    assert kql_query("(a:1 or b:2) and c:3") != kql_query("a:1 or b:2 and c:3")
    assert kql_query("not a:1 and b:2") == kql_query("(not a:1) and b:2")


@pytest.mark.parametrize(
    ("kql", "why"),
    [
        ("items:{ name: a }", "nested"),
        ("timeout", "names no field"),
        ("machine.* : x", "wildcards"),
        ("@timestamp > now-5m", "now"),
        ("(a:1", "not closed"),
        ("a:1)", "not expected"),
        ("a:", "missing"),
        ("a:1 and", "missing"),
        ('a:"1', "not closed"),
        ("a:1 b:2", "not expected"),
    ],
)
def test_what_cannot_be_said_is_refused_with_the_reason(kql: str, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        kql_query(kql)


@given(st.text(alphabet='ab :*()<>="\\{}', max_size=30) | st.text(max_size=20))
def test_any_text_is_a_query_or_refused(text: str) -> None:
    with suppress(ConfigurationError):
        assert isinstance(kql_query(text), dict)


LINES = [
    {"level": "ERROR", "service": "checkout", "latency_ms": 900, "error_type": "TimeoutError"},
    {"level": "ERROR", "service": "search", "latency_ms": 100},
    {"level": "INFO", "service": "frontend", "latency_ms": 500},
]


@pytest.mark.parametrize(
    ("kql", "expected"),
    [
        ('level : "ERROR" and not service : (frontend or search)', {0}),
        ("level : ERROR or latency_ms >= 500", {0, 1, 2}),
        ("level : INFO or level : ERROR and latency_ms > 500", {0, 2}),
        ("error_type : *", {0}),
        ("service : *e*", {0, 1, 2}),
        ("service : fr*", {2}),
    ],
)
def test_finds_what_it_says(engine: Engine, kql: str, expected: set[int]) -> None:
    keyword = {"type": "keyword"}
    properties = {"level": keyword, "service": keyword, "error_type": keyword, "latency_ms": {"type": "double"}}
    httpx.put(f"{engine.url}/spiketrace-x", json={"mappings": {"properties": properties}}).raise_for_status()
    for number, line in enumerate(LINES):
        httpx.put(f"{engine.url}/spiketrace-x/_doc/{number}", json=line).raise_for_status()
    engine.refresh()
    answer = httpx.post(f"{engine.url}/spiketrace-x/_search", json={"query": kql_query(kql)}).raise_for_status()
    assert {int(hit["_id"]) for hit in answer.json()["hits"]["hits"]} == expected
