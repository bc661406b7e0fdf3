"""Rules as Kibana's interface answers them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kibana.exported import only, read_rules
from kibana.rules import EsqlQueryParams, Flapping, Rule
from tests.kibana.builders import rule_body
from worker.domain.backtest import NotSimulated
from worker.errors import ConfigurationError


def answered(**changes: Any) -> dict[str, Any]:
    """What `GET /api/alerting/rule/{id}` gives, with all that a creation would refuse."""
    action = {
        "group": "threshold met",
        "id": "c-1",
        "params": {"to": ["ops@example.com"], "subject": "{{alert.id}}"},
        "connector_type_id": ".email",
        "uuid": "5d0e",
        "frequency": {"summary": False, "notify_when": "onThrottleInterval", "throttle": "10m"},
    }
    kept = {
        "enabled": False,
        "tags": ["mine"],
        "mute_all": False,
        "created_by": "elastic",
        "running": False,
        "revision": 3,
    }
    return {**rule_body(), "id": "my-rule", "consumer": "logs", "actions": [action], **kept, **changes}


def read(tmp_path: Path, content: Any) -> list[Rule | NotSimulated]:
    path = tmp_path / "exported.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return read_rules(path)


def test_a_rule_as_it_is_answered(tmp_path: Path) -> None:
    (rule,) = read(tmp_path, answered(flapping={"look_back_window": 5, "status_change_threshold": 3}))
    assert isinstance(rule, Rule)
    assert (rule.id, rule.enabled, rule.flapping) == (
        "my-rule",
        False,
        Flapping(look_back_window=5, status_change_threshold=3),
    )
    assert [(action.group, action.frequency.throttle) for action in rule.actions] == [("threshold met", "10m")]


def test_the_answer_to_a_search_and_a_list_hold_several(tmp_path: Path) -> None:
    several = [answered(), answered(id="another")]
    for content in ({"page": 1, "total": 2, "data": several}, several):
        assert [rule.id for rule in read(tmp_path, content) if isinstance(rule, Rule)] == ["my-rule", "another"]


def test_a_frequency_of_the_rule_is_that_of_its_actions(tmp_path: Path) -> None:
    bare = {name: value for name, value in answered()["actions"][0].items() if name != "frequency"}
    (rule,) = read(tmp_path, answered(actions=[bare], notify_when="onActionGroupChange", throttle=None))
    assert isinstance(rule, Rule)
    assert rule.actions[0].frequency.notify_when == "onActionGroupChange"


def test_a_summary_of_many_alerts_is_left_out(tmp_path: Path) -> None:
    summary = {
        **answered()["actions"][0],
        "frequency": {"summary": True, "notify_when": "onActiveAlert", "throttle": None},
    }
    (rule,) = read(tmp_path, answered(actions=[summary]))
    assert isinstance(rule, Rule)
    assert rule.actions == []


def test_what_kibana_s_form_leaves_behind_is_no_hindrance(tmp_path: Path) -> None:
    of_esql = {"searchType": "esqlQuery", "esqlQuery": {"esql": "FROM a | LIMIT 1"}, "size": 100}
    left = {"aggType": "count", "termSize": 5, "termField": None, "sourceFields": []}
    window = {"timeField": "@timestamp", "timeWindowSize": 5, "timeWindowUnit": "m"}
    params = {**of_esql, **left, **window, "threshold": [0], "thresholdComparator": ">"}
    (rule,) = read(tmp_path, answered(rule_type_id=".es-query", params=params, actions=[]))
    assert isinstance(rule, Rule)
    assert isinstance(rule.params, EsqlQueryParams)
    assert rule.params.group_by == "all"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"rule_type_id": "apm.error_rate"}, "of the type apm.error_rate are not simulated"),
        ({"rule_type_id": ".es-query", "params": {"searchType": "searchSource"}}, "through a data view"),
        ({"params": {"index": ["a"]}}, "not understood"),
        (
            {"params": rule_body(threshold=["x"])["params"]},
            "not understood: params.threshold.0: Input should be a valid number",
        ),
    ],
)
def test_what_is_not_simulated_is_named_with_the_reason(tmp_path: Path, changes: dict[str, Any], why: str) -> None:
    (found,) = read(tmp_path, answered(**changes))
    assert isinstance(found, NotSimulated)
    assert (found.rule_id, found.name) == ("my-rule", "Errors by service")
    assert why in found.reason


@pytest.mark.parametrize("content", [[], {"data": []}, {"attributes": {}}, ["a"], 5])
def test_a_file_without_rules_is_refused(tmp_path: Path, content: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"exported\.json holds"):
        read(tmp_path, content)


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_rules(tmp_path / "none.json")
    (tmp_path / "bad.json").write_text("{", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="not JSON"):
        read_rules(tmp_path / "bad.json")


def test_an_unknown_id_is_refused_with_those_there_are(tmp_path: Path) -> None:
    rules = read(tmp_path, [answered(), answered(id="another", rule_type_id="x")])
    assert len(only(rules, [])) == 2
    assert len(only(rules, ["another"])) == 1
    with pytest.raises(ConfigurationError, match="there is no rule none: there are my-rule, another"):
        only(rules, ["none"])
