"""What is made of a rule's values: alerts with their length, catches, and a sweep."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kibana.alerts import alerts_of
from kibana.backtest import NOTHING_FOUND, Described, Question, assess, condition_in_words, read_rule
from kibana.history import History
from kibana.rules import Flapping, Rule
from kibana.simulate import values_of
from kibana.windows import Runs
from tests.engines.servers import Engine
from tests.kibana.builders import action, counted, make_rule, minute, rule_body
from worker.domain.backtest import KnownIncident, RuleResult
from worker.domain.window import iso
from worker.elastic import connect_elasticsearch
from worker.settings import Settings

OFF = Flapping(enabled=False)


def result(rule: Rule, history: History, *, minutes: int = 60, **asked: Any) -> RuleResult:
    question = Question(since=minute(0), until=minute(minutes), meaning={"service": "service"}, **asked)
    runs = Runs.of(rule, question.since, question.until)
    return assess(rule, values_of(rule, history, runs), runs, question, Described())


def incident(at: float, *, service: str = "checkout", length: int = 10) -> KnownIncident:
    return KnownIncident(
        incident_id=f"i{at}",
        title="T",
        service=service,
        region=None,
        severity=None,
        start=minute(at),
        end=minute(at) + timedelta(minutes=length),
    )


def test_an_alert_has_its_times_and_values() -> None:
    found = result(make_rule(), counted(checkout={5: 4, 7: 5}))
    (alert,) = found.alerts
    assert (alert.started_at, alert.ended_at) == (minute(6), minute(13))
    assert (alert.value, alert.furthest, alert.flapping) == (4, 9, False)
    assert (found.alerts_a_day, found.active_minutes, found.messages) == (24, 7, 2)


def test_the_furthest_of_a_rule_that_fires_below_is_the_lowest() -> None:
    rule = make_rule(rule_body(thresholdComparator="<", threshold=[9]))
    assert result(rule, counted(checkout={5: 4, 7: 4})).alerts[0].furthest == 4


def test_one_that_is_still_on_has_no_end() -> None:
    (alert,) = result(make_rule(), counted(checkout={57: 9})).alerts
    assert (alert.started_at, alert.ended_at) == (minute(58), None)


def test_time_in_which_two_are_on_counts_once() -> None:
    found = result(make_rule(), counted(checkout={5: 9}, payments={7: 9}))
    assert len(found.alerts) == 2
    assert found.active_minutes == 7


def test_a_flapping_one_is_told() -> None:
    rule = make_rule(rule_body(timeWindowSize=1))
    flaps = counted(checkout={1: 9, 3: 9, 5: 9, 6: 9})
    assert [alert.flapping for alert in result(rule, flaps).alerts] == [False, False, True]
    assert [alert.flapping for alert in result(rule, flaps, flapping=OFF).alerts] == [False] * 3


def test_one_that_flapping_holds_through_its_delay_has_the_value_that_met_the_condition() -> None:
    """It becomes active in a run that meets nothing, and a value that is not a number is no JSON."""
    rule = make_rule(rule_body(timeWindowSize=1), alert_delay={"active": 2})
    always_flapping = Flapping(look_back_window=20, status_change_threshold=2)
    found = result(rule, counted(checkout={1: 9, 2: 9, 5: 7}), flapping=always_flapping).alerts
    assert [(alert.started_at, alert.value, alert.furthest) for alert in found] == [
        (minute(3), 9, 9),
        (minute(7), 7, 7),
    ]


def test_incidents_are_caught_or_not_and_how_late() -> None:
    found = result(make_rule(), counted(checkout={20: 9}), incidents=[incident(19), incident(50)])
    assert [(one.is_caught, one.minutes_late) for one in found.catches] == [(True, 2), (False, None)]


def test_a_sweep_tells_of_each_threshold_what_it_gives() -> None:
    history = counted(checkout={20: 9, 40: 5})
    found = result(make_rule(), history, incidents=[incident(19), incident(39)], thresholds=[2, 6, 20])
    told = [
        (point.threshold, point.is_the_rule_s, point.alerts, point.caught, point.minutes_late) for point in found.sweep
    ]
    assert told == [
        ([2], False, 2, 2, 2),
        ([3], True, 2, 2, 2),
        ([6], False, 1, 1, 2),
        ([20], False, 0, 0, None),
    ]


def test_thresholds_come_from_the_values_there_were() -> None:
    history = counted(checkout={at: at % 10 for at in range(60)})
    limits = [point.threshold[0] for point in result(make_rule(), history).sweep]
    assert limits == sorted(set(limits))
    assert 3 in limits
    assert min(limits) > 0
    assert max(limits) <= 45


def test_no_sweep_where_none_is_wanted_or_there_are_two_thresholds() -> None:
    assert result(make_rule(), counted(checkout={20: 9}), thresholds=[]).sweep == []
    between = make_rule(rule_body(thresholdComparator="between", threshold=[3, 9]))
    found = result(between, counted(checkout={20: 9}))
    assert found.sweep == []
    assert "No sweep: it has two thresholds." in found.notes


@pytest.mark.parametrize("group", [{}, {"groupBy": "all", "termField": None, "termSize": None}])
def test_a_rule_that_found_nothing_says_so(group: dict[str, Any]) -> None:
    rule = make_rule(rule_body(**group))
    assert NOTHING_FOUND in result(rule, History(60, {})).notes
    assert NOTHING_FOUND not in result(rule, counted(checkout={20: 1})).notes


@given(st.dictionaries(st.integers(0, 59), st.integers(0, 9), max_size=30))
def test_a_higher_threshold_is_on_no_longer(documents: dict[int, int]) -> None:
    found = result(make_rule(), counted(checkout=documents), thresholds=[0.5, 2, 4, 8, 16], flapping=OFF)
    active = [point.active_minutes for point in found.sweep]
    assert active == sorted(active, reverse=True)


@given(st.dictionaries(st.integers(0, 59), st.integers(0, 9), max_size=30))
def test_the_rule_s_own_point_is_the_rule_itself(documents: dict[int, int]) -> None:
    found = result(make_rule(), counted(checkout=documents))
    (own,) = [point for point in found.sweep if point.is_the_rule_s]
    assert (own.alerts, own.active_minutes) == (len(found.alerts), found.active_minutes)


def test_an_alert_is_what_spiketrace_would_have_read_of_it() -> None:
    rule = make_rule(actions=[action("threshold met", "onActiveAlert")])
    runs = Runs.of(rule, minute(0), minute(60))
    (alert,) = alerts_of(rule, values_of(rule, counted(checkout={5: 9}), runs), runs, OFF)
    assert (alert.rule.id, alert.instance, alert.value, alert.date) == ("a-rule", "checkout", 9, minute(6))
    assert not alert.is_recovery


def test_a_condition_in_words() -> None:
    assert condition_in_words(make_rule()) == "count of 5m by service > 3"
    summed = rule_body(aggType="sum", aggField="g", groupBy="all", termField=None, termSize=None, threshold=[0.5])
    assert condition_in_words(make_rule(summed)) == "sum(g) of 5m > 0.5"


@pytest.fixture
def long_history(embedded_engine: Engine) -> Engine:
    """Five days, with an error every seven hours, some across midnight."""
    operations: list[dict[str, Any]] = []
    for number in range(0, 5 * 24 * 60, 7 * 60):
        for second in range(4):
            at = minute(number) + timedelta(seconds=second)
            operations.append({"index": {"_index": "spiketrace-logs-x"}})
            operations.append({"@timestamp": iso(at), "service": "checkout", "region": "us", "level": "ERROR"})
    mappings = {"properties": {"@timestamp": {"type": "date"}, "service": {"type": "keyword"}}}
    httpx.put(f"{embedded_engine.url}/spiketrace-logs-x", json={"mappings": mappings}).raise_for_status()
    with connect_elasticsearch(Settings(elasticsearch_url=embedded_engine.url)) as client:
        client.bulk(operations=operations, refresh=True)
    return embedded_engine


def test_what_is_read_in_stretches_is_what_is_read_at_once(long_history: Engine) -> None:
    rule, shares = make_rule(), list[float]()
    question = Question(since=minute(0), until=minute(5 * 24 * 60))
    with connect_elasticsearch(Settings(elasticsearch_url=long_history.url)) as client:
        runs, values = read_rule(client, rule, question, shares.append)
    found = assess(rule, values, runs, question, Described())
    assert [alert.started_at for alert in found.alerts] == [minute(n + 1) for n in range(0, 5 * 24 * 60, 7 * 60)]
    assert {alert.ended_at - alert.started_at for alert in found.alerts if alert.ended_at} == {timedelta(minutes=5)}
    assert shares == sorted(shares)
    assert shares[-1] == 1
