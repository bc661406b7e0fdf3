"""The fast reading of history against the slow one: Kibana's own query, asked of the engine for every single run.

The condition is compared here and not in the query, since the embedded engine has no scripts: Kibana compares after
it has taken the top groups as well.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kibana.history import read_history
from kibana.rules import Rule
from kibana.simulate import values_of
from kibana.windows import Runs, meets
from tests.engines.servers import Engine
from tests.kibana.builders import make_rule, minute, rule_body
from worker.domain.window import iso
from worker.elastic import connect_elasticsearch
from worker.settings import Settings

INDEX = "spiketrace-logs-literal"
MINUTES = 12
KEYWORD = {"type": "keyword"}
MAPPINGS = {
    "properties": {
        "@timestamp": {"type": "date"},
        "service": KEYWORD,
        "region": KEYWORD,
        "level": KEYWORD,
        "latency_ms": {"type": "double"},
    }
}
# Many on the very edges of steps, where the two types of rules differ.
moments = st.tuples(st.integers(-6, MINUTES), st.sampled_from([0, 0, 1, 30_000, 59_999]))
documents = st.lists(
    st.fixed_dictionaries(
        {
            "moment": moments,
            "service": st.sampled_from(["checkout", "payments", "search"]),
            "region": st.sampled_from(["us", "eu"]),
            "level": st.sampled_from(["ERROR", "INFO"]),
            "latency_ms": st.none() | st.integers(-3, 9),
        }
    ),
    min_size=1,
    max_size=40,
)
grouping = st.sampled_from([None, "service", ["service", "region"]])


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    """Of both types, with everything that decides on what is compared."""
    fields, aggregation = draw(grouping), draw(st.sampled_from(["count", "sum", "avg", "min", "max"]))
    comparator = draw(st.sampled_from([">", "<", ">=", "<=", "between", "notBetween"]))
    limits = draw(st.lists(st.integers(-2, 8), min_size=2, max_size=2))
    is_query = isinstance(fields, list) or draw(st.booleans())
    params = {
        "aggType": aggregation,
        "aggField": None if aggregation == "count" else "latency_ms",
        "groupBy": "top" if fields else "all",
        "termField": fields,
        "termSize": draw(st.integers(1, 4)) if fields else None,
        "timeWindowSize": draw(st.integers(1, 5)),
        "thresholdComparator": comparator,
        "threshold": limits if "etween" in comparator else limits[:1],
    }
    if not is_query:
        filter_kuery = draw(st.sampled_from([None, "level : ERROR", "not level : ERROR or service : search"]))
        return _made(rule_body(**params, filterKuery=filter_kuery), draw)
    query = draw(st.sampled_from([{"match_all": {}}, {"term": {"level": "ERROR"}}]))
    excludes = fields is None and aggregation not in {"min", "max"} and draw(st.booleans())
    more = {"searchType": "esQuery", "esQuery": json.dumps({"query": query}), "excludeHitsFromPreviousRun": excludes}
    body = rule_body(**params, **more, size=draw(st.sampled_from([0, 10])))
    return _made({**body, "rule_type_id": ".es-query", "actions": []}, draw)


def _made(body: dict[str, Any], draw: st.DrawFn) -> Rule:
    return make_rule(body, schedule={"interval": f"{draw(st.integers(1, 3))}m"})


@pytest.fixture
def client(embedded_engine: Engine) -> Any:
    with connect_elasticsearch(Settings(elasticsearch_url=embedded_engine.url)) as client:
        yield client


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rule=rules(), found=documents)
def test_each_run_compares_what_kibana_would_have_read(client: Elasticsearch, rule: Rule, found: list[Any]) -> None:
    _load(client, found)
    runs = Runs.of(rule, minute(0), minute(MINUTES))
    history = read_history(client, rule, since=runs.first, until=runs.date(runs.count - 1))
    params = rule.condition
    met = dict(values_of(rule, history, runs).met(params.threshold_comparator, params.threshold))
    expected = _literally(client, rule, runs)
    assert met.keys() == expected.keys()
    for run, groups in expected.items():
        assert met[run] == pytest.approx(groups)


def _load(client: Elasticsearch, found: list[Any]) -> None:
    client.options(ignore_status=404).indices.delete(index=INDEX)
    client.indices.create(index=INDEX, mappings=MAPPINGS)
    operations: list[dict[str, Any]] = []
    for document in found:
        at, milliseconds = document["moment"]
        moment = minute(at) + timedelta(milliseconds=milliseconds)
        fields = {name: value for name, value in document.items() if name != "moment" and value is not None}
        operations += [{"index": {}}, {**fields, "@timestamp": iso(moment)}]
    client.bulk(index=INDEX, operations=operations, refresh=True)


def _literally(client: Elasticsearch, rule: Rule, runs: Runs) -> dict[int, dict[str, float]]:
    """The runs in which something met the condition, with what did: one search a run."""
    expected, latest = {}, None
    params = rule.condition
    for run in range(runs.count):
        answer = _search(client, rule, runs.date(run), latest)
        compared = _grouped(rule, answer) if params.term_fields else _ungrouped(rule, answer)
        met = {
            name: value
            for name, value in compared.items()
            if meets(value, params.threshold_comparator, params.threshold)
        }
        if met:
            expected[run] = met
            newest = next((hit["sort"][0] for hit in answer["hits"]["hits"]), None)
            latest = newest if newest is not None else latest
    return expected


def _search(client: Elasticsearch, rule: Rule, date: datetime, latest: int | None) -> Any:
    params = rule.condition
    is_query = rule.rule_type_id == ".es-query"
    end = "lte" if is_query else "lt"
    filters: list[dict[str, Any]] = [
        {"range": {"@timestamp": {"gte": iso(date - params.window), end: iso(date)}}},
        _own_filter(rule),
    ]
    if latest is not None and rule.excludes_seen_hits:
        filters.append({"bool": {"must_not": [{"range": {"@timestamp": {"lte": latest, "format": "epoch_millis"}}}]}})
    metric: dict[str, Any] = (
        {} if params.agg_type == "count" else {"metric": {params.agg_type: {"field": params.agg_field}}}
    )
    return client.search(
        index=INDEX,
        size=10 if rule.excludes_seen_hits else 0,
        track_total_hits=True,
        query={"bool": {"filter": filters}},
        sort=[{"@timestamp": {"order": "desc"}}],
        aggs=_by_group(rule, metric) if params.term_fields else metric or None,
    )


def _own_filter(rule: Rule) -> dict[str, Any]:
    kql = rule.raw_params.get("filterKuery")
    if rule.rule_type_id == ".es-query":
        query: dict[str, Any] = json.loads(rule.raw_params["esQuery"])["query"]
        return query
    error = {"term": {"level": "ERROR"}}
    if kql is None:
        return {"match_all": {}}
    if kql == "level : ERROR":
        return error
    return {"bool": {"should": [{"bool": {"must_not": [error]}}, {"term": {"service": "search"}}]}}


def _by_group(rule: Rule, metric: dict[str, Any]) -> dict[str, Any]:
    params = rule.condition
    order = {"order": {"metric": "asc" if params.agg_type == "min" else "desc"}} if metric else {}
    fields = params.term_fields
    if len(fields) == 1:
        kind: dict[str, Any] = {"terms": {"field": fields[0], "size": params.term_size, **order}}
    else:
        kind = {"multi_terms": {"terms": [{"field": name} for name in fields], "size": params.term_size, **order}}
    return {"groups": {**kind, **({"aggs": metric} if metric else {})}}


def _grouped(rule: Rule, answer: Any) -> dict[str, float]:
    found = {}
    for bucket in answer["aggregations"]["groups"]["buckets"]:
        key = bucket["key"]
        value = bucket["metric"]["value"] if "metric" in bucket else bucket["doc_count"]
        if value is not None:
            found[key if isinstance(key, str) else ",".join(key)] = float(value)
    return found


def _ungrouped(rule: Rule, answer: Any) -> dict[str, float]:
    """Where there is nothing to aggregate, an Elasticsearch query rule compares 0, an index threshold rule nothing."""
    if rule.condition.agg_type == "count":
        value = answer["hits"]["total"]["value"]
    else:
        value = answer["aggregations"]["metric"]["value"]
    if rule.rule_type_id == ".es-query":
        return {"query matched": float(value or 0)}
    return {} if value is None else {"all documents": float(value)}
