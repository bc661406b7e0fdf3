"""Rules by data view as the query that Kibana makes of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kibana.data_views import DataView, as_query, parse_data_view
from worker.errors import ConfigurationError

SPEC = {"id": "x", "title": "logs-*,metrics-*", "timeFieldName": "@timestamp"}
KNOWN = {"logs": DataView(["logs-*"], "@timestamp")}


def params(**search: Any) -> dict[str, Any]:
    query = {"query": "level : ERROR", "language": "kuery"}
    return {"searchType": "searchSource", "size": 5, "searchConfiguration": {"query": query, "index": SPEC, **search}}


def filters(**search: Any) -> list[Any]:
    found: list[Any] = json.loads(as_query(params(**search), {})["esQuery"])["query"]["bool"]["filter"]
    return found


def test_the_data_view_that_is_in_the_rule() -> None:
    found = as_query(params(), {})
    assert (found["searchType"], found["index"], found["timeField"]) == (
        "esQuery",
        ["logs-*", "metrics-*"],
        "@timestamp",
    )
    assert "searchConfiguration" not in found
    assert filters() == [{"match": {"level": "ERROR"}}]


def test_one_that_is_named_by_its_id_is_given() -> None:
    assert as_query(params(index="logs"), KNOWN)["index"] == ["logs-*"]
    with pytest.raises(ConfigurationError, match="give --data-view other=INDEX,TIMEFIELD"):
        as_query(params(index="other"), KNOWN)


def test_lucene_and_no_query() -> None:
    lucene = {"query": "level:ERROR", "language": "lucene"}
    assert filters(query=lucene) == [{"query_string": {"query": "level:ERROR", "analyze_wildcard": True}}]
    assert filters(query={"query": "", "language": "kuery"}) == [{"match_all": {}}]


def test_filters_that_are_on() -> None:
    given = [
        {"meta": {}, "query": {"term": {"a": 1}}},
        {"meta": {"negate": True}, "query": {"term": {"b": 1}}},
        {"meta": {"disabled": True}, "query": {"term": {"c": 1}}},
        {"meta": {}, "exists": {"field": "d"}},
    ]
    assert filters(filter=given)[1:] == [
        {"term": {"a": 1}},
        {"bool": {"must_not": [{"term": {"b": 1}}]}},
        {"exists": {"field": "d"}},
    ]


@pytest.mark.parametrize(
    ("search", "why"),
    [
        ({"filter": [{"meta": {"type": "combined"}, "query": {}}]}, "combines others"),
        ({"filter": [{"meta": {}}]}, "has no query"),
        ({"query": {"query": "errors", "language": "kuery"}}, "names no field"),
        ({"index": {"title": "logs-*"}}, "no time field"),
        ({"index": None}, "does not name"),
    ],
)
def test_what_cannot_be_said_is_the_reason(search: dict[str, Any], why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        as_query(params(**search), {})


def test_its_runtime_fields_go_with_it() -> None:
    field = {"late": {"type": "boolean", "script": {"source": "emit(true)"}}}
    found = as_query(params(index={**SPEC, "runtimeFieldMap": field}), {})
    assert json.loads(found["esQuery"])["runtime_mappings"] == field


@pytest.mark.parametrize("text", ["logs", "logs=", "=a,b", "logs=a", "logs=a,"])
def test_a_data_view_is_given_whole(text: str) -> None:
    with pytest.raises(ConfigurationError, match="no ID=INDEX,TIMEFIELD"):
        parse_data_view(text)
    assert parse_data_view("logs=a-*,b-*,t") == ("logs", DataView(["a-*", "b-*"], "t"))
