"""Every shipped rule as the code reads it, and copies of each that it must refuse."""

from __future__ import annotations

import copy
import json
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hatchling.builders.wheel import WheelBuilder

from kibana.rules import SHIPPED_RULES, load_rule, load_rules
from tests.artifacts.tree import shipped
from tests.kibana.builders import make_rule, rule_body
from worker.errors import ConfigurationError

FILES = sorted(SHIPPED_RULES.glob("*.json"))
CONNECTORS = SHIPPED_RULES.parent / "connectors" / "connectors.ndjson"


def read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def connectors() -> list[dict[str, Any]]:
    return [json.loads(line) for line in CONNECTORS.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
class TestShippedRules:
    def test_is_loaded_as_it_stands(self, path: Path) -> None:
        rule, body = load_rule(path), read(path)
        assert rule.id == path.stem
        assert rule.raw_params == body["params"]
        assert rule.model_dump(exclude_unset=True, by_alias=True, exclude={"params"}) == {
            name: value for name, value in body.items() if name != "params"
        }

    def test_tells_of_begin_and_end_by_the_webhook_connector(self, path: Path) -> None:
        webhook = next(
            item["id"] for item in connectors() if item.get("attributes", {}).get("actionTypeId") == ".webhook"
        )
        rule = load_rule(path)
        assert [(action.group, action.id) for action in rule.actions] == [
            (rule.action_group, webhook),
            ("recovered", webhook),
        ]


def test_an_installation_has_them_where_they_are_looked_for(tmp_path: Path) -> None:
    root = SHIPPED_RULES.parent
    (wheel,) = WheelBuilder(str(root)).build(directory=str(tmp_path), versions=["standard"])
    with zipfile.ZipFile(wheel) as zipped:
        installed = set(zipped.namelist())
    assert shipped().files.keys() <= installed
    assert "kibana/rules.py" in installed


def test_there_are_rules_on_carbon_errors_and_latency() -> None:
    tags = {tag for rule in load_rules() for tag in rule.tags}
    assert tags >= {"carbon", "errors", "latency"}


BREAKAGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "an unknown key": lambda rule: rule.update(severity="high"),
    "an unknown param": lambda rule: rule["params"].update(percentile=99),
    "no frequency": lambda rule: rule["actions"][0].pop("frequency"),
    "a foreign action group": lambda rule: rule["actions"][0].update(group="Recovered"),
    "a throttle without its interval": lambda rule: rule["actions"][0]["frequency"].update(throttle="5m"),
    "an interval without a throttle": lambda rule: rule["actions"][0]["frequency"].update(
        notify_when="onThrottleInterval"
    ),
    "a throttle shorter than the interval": lambda rule: rule["actions"][0]["frequency"].update(
        notify_when="onThrottleInterval", throttle="1s"
    ),
    "an interval that is none": lambda rule: rule["schedule"].update(interval="0m"),
    "a consumer that may not": lambda rule: rule.update(consumer="observability"),
    "no field to aggregate": lambda rule: rule["params"].update(aggType="avg", aggField=None),
    "a count of a field": lambda rule: rule["params"].update(aggType="count", aggField="latency_ms"),
    "one threshold for two": lambda rule: rule["params"].update(thresholdComparator="between"),
    "groups without a size": lambda rule: rule["params"].pop("termSize" if "termSize" in rule["params"] else "groupBy"),
    "too many groups": lambda rule: rule["params"].update(termSize=1001),
    "the other type": lambda rule: rule.update(
        rule_type_id=".es-query" if rule["rule_type_id"] == ".index-threshold" else ".index-threshold"
    ),
}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@pytest.mark.parametrize("breakage", BREAKAGES)
def test_a_broken_copy_is_refused_with_its_name(path: Path, breakage: str, tmp_path: Path) -> None:
    rule = copy.deepcopy(read(path))
    BREAKAGES[breakage](rule)
    broken = tmp_path / path.name
    broken.write_text(json.dumps(rule), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=path.name):
        load_rule(broken)


def test_what_is_no_json_is_refused_with_its_name(tmp_path: Path) -> None:
    broken = tmp_path / "a.json"
    broken.write_text("{", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"a\.json"):
        load_rules(tmp_path)


@pytest.mark.parametrize(
    "query", ["{}", "[]", '{"query": {}}', '{"query": 1}', "no json", '{"query": {"match_all": {}}, "aggs": {}}']
)
def test_an_es_query_needs_a_query(query: str, tmp_path: Path) -> None:
    body = rule_body(searchType="esQuery", esQuery=query, size=0) | {"rule_type_id": ".es-query", "actions": []}
    (tmp_path / "a.json").write_text(json.dumps(body), encoding="utf-8")
    with pytest.raises(ConfigurationError):
        load_rules(tmp_path)


def esql_body(**params: Any) -> dict[str, Any]:
    merged = {
        "searchType": "esqlQuery",
        "esqlQuery": {"esql": "FROM spiketrace-logs-* | LIMIT 1"},
        "timeField": "@timestamp",
        "size": 100,
        "timeWindowSize": 5,
        "timeWindowUnit": "m",
        "threshold": [0],
        "thresholdComparator": ">",
        "groupBy": "row",
        **params,
    }
    return {**rule_body(), "rule_type_id": ".es-query", "actions": [], "params": merged}


def test_an_esql_query() -> None:
    rule = make_rule(esql_body())
    assert (rule.action_group, rule.params.window) == ("query matched", timedelta(minutes=5))
    with pytest.raises(ConfigurationError, match="cannot be simulated"):
        _ = rule.condition


@pytest.mark.parametrize(
    "params",
    [
        {"threshold": [5]},
        {"threshold": []},
        {"thresholdComparator": "<"},
        {"groupBy": "top"},
        {"esqlQuery": {"esql": ""}},
        {"index": ["spiketrace-logs-*"]},
        {"searchType": "esQuery"},
        {"termField": "service", "termSize": 5},
    ],
)
def test_an_esql_query_takes_no_condition_beside_it(params: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(esql_body(**params)), encoding="utf-8")
    with pytest.raises(ConfigurationError):
        load_rules(tmp_path)
