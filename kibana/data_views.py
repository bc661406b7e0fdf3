"""Rules that ask through a data view, by KQL or Lucene, as the query that Kibana makes of them.

https://github.com/elastic/kibana/blob/main/x-pack/platform/plugins/shared/stack_alerts/server/rule_types/es_query/lib/fetch_search_source_query.ts
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from kibana.kql import kql_query
from worker.errors import ConfigurationError

# `query:queryString:options` of Kibana's advanced settings, unless somebody changed them.
LUCENE_OPTIONS = {"analyze_wildcard": True}
# Of a filter of a search: what holds its query. Older ones have it beside `meta`.
_QUERIES = ("query", "exists", "range", "match_all", "match", "match_phrase", "term", "terms", "bool")


@dataclass(frozen=True)
class DataView:
    """Which indices it reads, by which time, and the fields that Elasticsearch computes for it."""

    index: list[str]
    time_field: str
    runtime_fields: Mapping[str, Any] = field(default_factory=dict)


def parse_data_view(text: str) -> tuple[str, DataView]:
    """`ID=INDEX,TIMEFIELD`; several indices stand before the last comma. Raises ConfigurationError."""
    data_view_id, _, rest = text.partition("=")
    index, _, time_field = rest.rpartition(",")
    if not (data_view_id and index and time_field):
        raise ConfigurationError(f"{text!r} is no ID=INDEX,TIMEFIELD such as logs=logs-*,@timestamp")
    return data_view_id, DataView(index.split(","), time_field)


def as_query(params: Any, known: Mapping[str, DataView]) -> Any:
    """The params of the same rule with query DSL; those of any other rule as they are.

    Raises ConfigurationError with the reason where it cannot be said.
    """
    if not isinstance(params, dict) or params.get("searchType") != "searchSource":
        return params
    search = params.get("searchConfiguration") or {}
    view = _data_view(search.get("index"), params.get("timeField"), known)
    body: dict[str, Any] = {"query": {"bool": {"filter": [_query(search.get("query")), *_filters(search)]}}}
    if view.runtime_fields:
        body["runtime_mappings"] = dict(view.runtime_fields)
    kept = {name: value for name, value in params.items() if name != "searchConfiguration"}
    return {
        **kept,
        "searchType": "esQuery",
        "esQuery": json.dumps(body),
        "index": view.index,
        "timeField": view.time_field,
    }


def _data_view(given: Any, time_field: Any, known: Mapping[str, DataView]) -> DataView:
    if isinstance(given, dict) and given.get("title"):
        return _of_spec(given, time_field)
    data_view_id = given.get("id") if isinstance(given, dict) else given
    if not data_view_id:
        raise ConfigurationError("it asks through a data view that its search does not name")
    if data_view_id not in known:
        raise ConfigurationError(
            f"it asks through data view {data_view_id}, which is not in the rule: "
            f"give --data-view {data_view_id}=INDEX,TIMEFIELD"
        )
    return known[data_view_id]


def _of_spec(spec: Mapping[str, Any], time_field: Any) -> DataView:
    moment = spec.get("timeFieldName") or time_field
    if not moment:
        raise ConfigurationError("its data view has no time field")
    return DataView(str(spec["title"]).split(","), str(moment), spec.get("runtimeFieldMap") or {})


def _query(given: Any) -> dict[str, Any]:
    text, language = (given.get("query", ""), given.get("language")) if isinstance(given, dict) else ("", None)
    if isinstance(text, dict):
        return text
    if not str(text).strip():
        return {"match_all": {}}
    if language == "lucene":
        return {"query_string": {"query": text, **LUCENE_OPTIONS}}
    return kql_query(str(text))


def _filters(search: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Those that are switched on, each as Kibana would ask it."""
    for given in search.get("filter") or []:
        meta = given.get("meta") or {}
        if meta.get("disabled"):
            continue
        if meta.get("type") == "combined":
            raise ConfigurationError("one of its filters combines others with AND or OR, which is not simulated")
        query = _of_filter(given)
        yield {"bool": {"must_not": [query]}} if meta.get("negate") else query


def _of_filter(given: Mapping[str, Any]) -> dict[str, Any]:
    name = next((name for name in _QUERIES if given.get(name)), None)
    if name is None:
        raise ConfigurationError("one of its filters has no query")
    query: dict[str, Any] = given["query"] if name == "query" else {name: given[name]}
    return query
