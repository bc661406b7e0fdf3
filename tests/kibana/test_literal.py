"""The fast reading of history against the slow one: Kibana's own query, asked of the engine for every single run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from kibana.asked import Asker
from kibana.history import read_history
from kibana.rules import Rule
from kibana.simulate import values_of
from kibana.windows import Runs
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


@st.composite
def rules(draw: st.DrawFn, *, is_embedded: bool) -> Rule:
    """Of both types, with everything that decides on what is compared, as far as the engine has it.

    The real ones come without `multi_terms`; the embedded one puts a group without an average last, and not first.
    """
    fields = draw(st.sampled_from([None, "service", *([["service", "region"]] if is_embedded else [])]))
    aggregation = draw(st.sampled_from(["count", "sum", "avg", "min", "max"]))
    comparator = draw(st.sampled_from([">", "<", ">=", "<=", "between", "notBetween"]))
    limits = draw(st.lists(st.integers(-2, 8), min_size=2, max_size=2))
    is_query = isinstance(fields, list) or draw(st.booleans())
    params = {
        "aggType": aggregation,
        "aggField": None if aggregation == "count" else "latency_ms",
        "groupBy": "top" if fields else "all",
        "termField": fields,
        "termSize": (9 if is_embedded and aggregation == "avg" else draw(st.integers(1, 4))) if fields else None,
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
def embedded(embedded_engine: Engine) -> Iterator[Elasticsearch]:
    with connect_elasticsearch(Settings(elasticsearch_url=embedded_engine.url)) as client:
        yield client


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rule=rules(is_embedded=True), found=documents)
def test_each_run_compares_what_kibana_would_have_read(embedded: Elasticsearch, rule: Rule, found: list[Any]) -> None:
    _both_ways_agree(embedded, rule, found)


@settings(
    max_examples=6, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(data=st.data(), found=documents)
def test_so_it_does_on_every_engine(engine: Engine, data: st.DataObject, found: list[Any]) -> None:
    rule = data.draw(rules(is_embedded=engine.is_embedded))
    with connect_elasticsearch(Settings(elasticsearch_url=engine.url)) as client:
        _both_ways_agree(client, rule, found)


def test_a_group_without_an_average_has_a_place_among_the_top(engine: Engine) -> None:
    """The average of nothing sorts before all others, where Elasticsearch is the real one."""
    if engine.is_embedded:
        pytest.skip("the embedded engine puts it last")
    of_one = {"moment": (0, 0), "service": "checkout", "region": "us", "level": "ERROR", "latency_ms": 0}
    average = {"aggType": "avg", "aggField": "latency_ms", "termSize": 1, "thresholdComparator": "<", "threshold": [1]}
    with connect_elasticsearch(Settings(elasticsearch_url=engine.url)) as client:
        without = {**of_one, "service": "payments", "latency_ms": None}
        _both_ways_agree(client, make_rule(rule_body(**average)), [of_one, without])


def _both_ways_agree(client: Elasticsearch, rule: Rule, found: list[Any]) -> None:
    _load(client, found)
    runs = Runs.of(rule, minute(0), minute(MINUTES))
    history = read_history(client, rule, since=runs.first, until=runs.date(runs.count - 1))
    params = rule.condition
    met = dict(values_of(rule, history, runs).met(params.threshold_comparator, params.threshold))
    asked = Asker(client, rule, runs, progress=lambda _: None).ask()
    expected = dict(asked.values.met(params.threshold_comparator, params.threshold))
    assert (asked.searches, asked.partial) == (runs.count, 0)
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
