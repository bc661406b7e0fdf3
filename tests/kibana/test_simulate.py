"""The simulator's semantics, one by one, and what it reads."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from kibana.history import Cell, History, read_history
from kibana.rules import Rule, load_rules
from kibana.simulate import Notification, can_be_simulated, notifications, simulate
from kibana.windows import meets
from tests.engines.servers import Engine
from tests.kibana.builders import action, counted, make_rule, measured, met_at, minute, rule_body
from worker.domain.window import iso
from worker.elastic import connect_elasticsearch
from worker.errors import ConfigurationError
from worker.settings import Settings


def told(rule: Rule, history: History, minutes: int = 30) -> list[Notification]:
    return list(notifications(rule, history, since=minute(1), until=minute(minutes)))


def summary(rule: Rule, history: History) -> list[tuple[int, str, str]]:
    return [
        (int((item.date - minute(0)).total_seconds() // 60), item.action.group, item.instance)
        for item in told(rule, history)
    ]


class TestWindow:
    def test_holds_the_documents_before_its_end_and_not_those_at_its_end(self) -> None:
        history = counted(checkout={5: 4})
        assert met_at(make_rule(), history, minute(5)) == {}
        assert met_at(make_rule(), history, minute(6)) == {"checkout": 4}

    def test_holds_the_documents_at_its_start(self) -> None:
        history = counted(checkout={5: 4})
        assert met_at(make_rule(), history, minute(10)) == {"checkout": 4}
        assert met_at(make_rule(), history, minute(11)) == {}

    def test_adds_up_over_its_length(self) -> None:
        history = counted(checkout={1: 2, 4: 2})
        assert met_at(make_rule(), history, minute(5)) == {"checkout": 4}

    @pytest.mark.parametrize(("aggregation", "expected"), [("avg", 3.0), ("sum", 9.0), ("min", 1.0), ("max", 6.0)])
    def test_aggregates_documents_not_steps(self, aggregation: str, expected: float) -> None:
        rule = make_rule(rule_body(aggType=aggregation, aggField="latency_ms", threshold=[0.5]))
        history = measured(checkout={1: [1.0], 3: [2.0, 6.0]})
        assert met_at(rule, history, minute(5)) == {"checkout": expected}

    def test_without_documents_a_group_is_not_looked_at(self) -> None:
        rule = make_rule(rule_body(thresholdComparator="<", threshold=[1]))
        assert met_at(rule, counted(checkout={1: 1}), minute(20)) == {}


class TestComparators:
    @pytest.mark.parametrize(
        ("comparator", "threshold", "met"),
        [
            (">", [3], [4]),
            (">=", [3], [3, 4]),
            ("<", [3], [1, 2]),
            ("<=", [3], [1, 2, 3]),
            ("between", [2, 3], [2, 3]),
            ("notBetween", [2, 3], [1, 4]),
        ],
    )
    def test_meet_what_they_say(self, comparator: Any, threshold: list[float], met: list[int]) -> None:
        assert [value for value in (1, 2, 3, 4) if meets(value, comparator, threshold)] == met


class TestLife:
    def test_one_notice_when_it_begins_and_one_when_it_ends(self) -> None:
        assert summary(make_rule(), counted(checkout={5: 9})) == [
            (6, "threshold met", "checkout"),
            (11, "recovered", "checkout"),
        ]

    def test_groups_live_on_their_own(self) -> None:
        assert summary(make_rule(), counted(checkout={5: 9}, payments={8: 9})) == [
            (6, "threshold met", "checkout"),
            (9, "threshold met", "payments"),
            (11, "recovered", "checkout"),
            (14, "recovered", "payments"),
        ]

    def test_a_uuid_lasts_one_life_recovery_included(self) -> None:
        items = told(make_rule(), counted(checkout={5: 9, 15: 9}))
        assert [item.action.group for item in items] == ["threshold met", "recovered"] * 2
        assert items[0].uuid == items[1].uuid
        assert items[1].uuid != items[2].uuid
        assert items[2].uuid == items[3].uuid

    def test_a_uuid_is_of_one_group_and_one_rule(self) -> None:
        history = counted(checkout={5: 9}, payments={5: 9})
        other = make_rule().model_copy(update={"id": "another-rule"})
        assert len({item.uuid for rule in (make_rule(), other) for item in told(rule, history)}) == 4

    def test_history_told_again_is_the_same(self) -> None:
        history = counted(checkout={5: 9, 15: 9})
        assert told(make_rule(), history) == told(make_rule(), history)

    def test_what_is_still_active_at_the_end_does_not_recover(self) -> None:
        items = list(notifications(make_rule(), counted(checkout={5: 9}), since=minute(0), until=minute(9)))
        assert [item.is_recovery for item in items] == [False]

    def test_runs_are_multiples_of_the_interval(self) -> None:
        rule = make_rule(rule_body(), schedule={"interval": "5m"})
        items = list(notifications(rule, counted(checkout={6: 9}), since=minute(1.5), until=minute(30)))
        assert [item.date for item in items] == [minute(10), minute(15)]


class TestDelay:
    def test_it_becomes_active_with_the_nth_match_in_a_row(self) -> None:
        rule = make_rule(rule_body(), alert_delay={"active": 3})
        assert summary(rule, counted(checkout={5: 9})) == [
            (8, "threshold met", "checkout"),
            (11, "recovered", "checkout"),
        ]
        assert told(rule, counted(checkout={5: 9}))[0].body.endswith(" 3")

    def test_what_ends_before_was_never_there(self) -> None:
        rule = make_rule(rule_body(timeWindowSize=2), alert_delay={"active": 3})
        assert told(rule, counted(checkout={5: 9, 9: 9})) == []


class TestFrequency:
    def test_on_every_run_while_active(self) -> None:
        rule = make_rule(actions=[action("threshold met", "onActiveAlert"), action("recovered")])
        assert [at for at, group, _ in summary(rule, counted(checkout={5: 9})) if group == "threshold met"] == [
            6,
            7,
            8,
            9,
            10,
        ]

    def test_at_most_once_in_its_throttle(self) -> None:
        rule = make_rule(actions=[action("threshold met", "onThrottleInterval", "2m"), action("recovered")])
        assert [at for at, group, _ in summary(rule, counted(checkout={5: 9})) if group == "threshold met"] == [
            6,
            8,
            10,
        ]

    def test_a_new_life_begins_with_a_notice_of_its_own(self) -> None:
        rule = make_rule(actions=[action("threshold met", "onThrottleInterval", "1h")])
        assert [at for at, _, _ in summary(rule, counted(checkout={5: 9, 15: 9}))] == [6, 16]


class TestGroups:
    def test_only_the_top_by_documents_are_looked_at(self) -> None:
        rule = make_rule(rule_body(termSize=2))
        history = counted(a={1: 5}, b={1: 9}, c={1: 7})
        assert met_at(rule, history, minute(2)) == {"b": 9, "c": 7}

    def test_only_the_top_by_value(self) -> None:
        rule = make_rule(rule_body(termSize=1, aggType="avg", aggField="latency_ms"))
        history = measured(a={1: [5.0, 5.0, 5.0]}, b={1: [9.0]})
        assert met_at(rule, history, minute(2)) == {"b": 9.0}

    def test_with_min_the_top_are_the_smallest(self) -> None:
        rule = make_rule(
            rule_body(termSize=1, aggType="min", aggField="latency_ms", thresholdComparator="<", threshold=[10])
        )
        history = measured(a={1: [5.0]}, b={1: [9.0]})
        assert met_at(rule, history, minute(2)) == {"a": 5.0}

    def test_a_group_pushed_out_of_the_top_recovers(self) -> None:
        rule = make_rule(rule_body(termSize=1))
        history = counted(a={5: 5}, b={7: 9})
        assert summary(rule, history)[:3] == [
            (6, "threshold met", "a"),
            (8, "threshold met", "b"),
            (8, "recovered", "a"),
        ]

    def test_several_fields_make_one_group(self) -> None:
        assert summary(make_rule(es_query_body()), counted(**{"checkout,us-central1": {5: 9}}))[0] == (
            6,
            "query matched",
            "checkout,us-central1",
        )


class TestRecoveredValue:
    def test_of_a_group_kibana_does_not_know_it(self) -> None:
        """The condition is part of the query: what does not meet it is not in the answer."""
        assert told(make_rule(), counted(checkout={5: 9, 10: 1}))[1].value == "unknown"

    def test_of_a_group_an_es_query_rule_says_zero(self) -> None:
        assert told(make_rule(es_query_body()), counted(checkout={5: 9}))[1].value == 0

    def test_without_groups_it_is_the_value(self) -> None:
        rule = make_rule(rule_body(groupBy="all", termField=None, termSize=None))
        items = told(rule, counted(**{"": {5: 9, 10: 1}}))
        assert [(item.instance, item.value) for item in items] == [("all documents", 9), ("all documents", 1)]

    def test_an_ungrouped_es_query_rule_calls_its_alert_query_matched(self) -> None:
        body = es_query_body(groupBy="all", termField=None, termSize=None, excludeHitsFromPreviousRun=False)
        assert told(make_rule(body), counted(**{"": {5: 9}}))[0].instance == "query matched"


def es_query_body(**params: Any) -> dict[str, Any]:
    merged = {
        "termField": ["service", "region"],
        "searchType": "esQuery",
        "esQuery": '{"query": {"term": {"level": "ERROR"}}}',
        "size": 0,
        **params,
    }
    return rule_body(**merged) | {
        "rule_type_id": ".es-query",
        "actions": [action("query matched"), action("recovered")],
    }


DOCUMENTS = [
    {"@timestamp": iso(minute(at)), "service": service, "region": "us-central1", "level": level, "latency_ms": ms}
    for at, service, level, ms in [
        (-4.0, "checkout", "ERROR", 40.0),
        (0.5, "checkout", "ERROR", 10.0),
        (0.6, "checkout", "ERROR", 30.0),
        (0.7, "checkout", "INFO", 99.0),
        (7.2, "payments", "ERROR", 50.0),
        (12 * 60 + 7.2, "payments", "ERROR", 60.0),
    ]
]


@pytest.fixture
def filled(engine: Engine) -> Engine:
    for number, document in enumerate(DOCUMENTS):
        httpx.put(f"{engine.url}/spiketrace-logs-test/_doc/{number}", json=_mapped(engine, document)).raise_for_status()
    engine.refresh()
    return engine


def _mapped(engine: Engine, document: dict[str, Any]) -> dict[str, Any]:
    keyword = {"type": "keyword"}
    properties = {"@timestamp": {"type": "date"}, "service": keyword, "region": keyword, "level": keyword}
    body = {"mappings": {"properties": properties | {"latency_ms": {"type": "double"}}}}
    httpx.put(f"{engine.url}/spiketrace-logs-test", json=body)
    return document


class TestReading:
    def test_the_documents_that_the_filter_lets_through_by_group_and_minute(self, filled: Engine) -> None:
        rule = make_rule(rule_body(filterKuery='level : "ERROR"', aggType="avg", aggField="latency_ms"))
        with connect_elasticsearch(Settings(elasticsearch_url=filled.url)) as client:
            history = read_history(client, rule, since=minute(0), until=minute(24 * 60))
        at = int(minute(0).timestamp())
        assert history.step_seconds == 60
        assert history.cells["checkout"] == {at - 240: Cell(1, 1, 40.0, 40.0, 40.0), at: Cell(2, 2, 40.0, 10.0, 30.0)}
        assert sorted(history.cells["payments"]) == [at + 7 * 60, at + (12 * 60 + 7) * 60]

    def test_documents_at_the_very_moment_of_a_run_are_known(self, filled: Engine) -> None:
        """They belong to two windows of an Elasticsearch query rule: to that which ends there too."""
        on_the_edge = {"@timestamp": iso(minute(9)), "service": "search", "region": "us-central1", "level": "ERROR"}
        httpx.put(f"{filled.url}/spiketrace-logs-test/_doc/edge", json=on_the_edge).raise_for_status()
        filled.refresh()
        with connect_elasticsearch(Settings(elasticsearch_url=filled.url)) as client:
            history = read_history(client, make_rule(es_query_body()), since=minute(0), until=minute(13 * 60))
        second = int(minute(9).timestamp())
        assert history.edges["search,us-central1"] == {second: Cell(1)}
        assert history.cells["search,us-central1"] == {second: Cell(1)}

    def test_two_rules_over_one_history_in_the_order_of_time(self, filled: Engine) -> None:
        by_service = make_rule(rule_body(threshold=[0]))
        by_scope = make_rule(es_query_body(threshold=[0]))
        with connect_elasticsearch(Settings(elasticsearch_url=filled.url)) as client:
            items = list(simulate(client, [by_service, by_scope], since=minute(-5), until=minute(20)))
        assert [item.date for item in items] == sorted(item.date for item in items)
        assert {item.instance for item in items} == {
            "checkout",
            "payments",
            "checkout,us-central1",
            "payments,us-central1",
        }

    def test_a_rule_that_is_off_tells_nothing(self, filled: Engine) -> None:
        rule = make_rule(rule_body(threshold=[0]), enabled=False)
        with connect_elasticsearch(Settings(elasticsearch_url=filled.url)) as client:
            assert list(simulate(client, [rule], since=minute(-5), until=minute(20))) == []

    def test_no_index_is_no_alert(self, engine: Engine) -> None:
        with connect_elasticsearch(Settings(elasticsearch_url=engine.url)) as client:
            assert list(simulate(client, [make_rule()], since=minute(-5), until=minute(20))) == []


SHIPPED = {rule.id: rule for rule in load_rules()}
COMPUTED = [name for name, rule in SHIPPED.items() if not can_be_simulated(rule)]


class TestWhatIsLeftToElasticsearch:
    def test_is_what_scripts_and_esql_compute(self) -> None:
        assert set(COMPUTED) == {
            "spiketrace-carbon-against-past-by-region",
            "spiketrace-carbon-against-past-by-region-esql",
            "spiketrace-carbon-against-past-by-service",
            "spiketrace-carbon-against-past-by-service-esql",
            "spiketrace-error-rate-by-service",
            "spiketrace-latency-p95-by-service-esql",
            "spiketrace-new-error-types",
            "spiketrace-new-error-types-esql",
        }

    @pytest.mark.parametrize("name", COMPUTED)
    def test_is_refused_with_the_reason(self, name: str) -> None:
        rule = SHIPPED[name].model_copy(update={"enabled": True})
        with (
            connect_elasticsearch(Settings(elasticsearch_url="http://127.0.0.1:9")) as client,
            pytest.raises(ConfigurationError, match=f"{name} cannot be simulated"),
        ):
            list(simulate(client, [rule], since=minute(-5), until=minute(20)))
