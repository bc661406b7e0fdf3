"""Every shipped rule and connector, against a schema of our own; and copies of each that are broken."""

from __future__ import annotations

import copy
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import jsonschema
import pytest
from hatchling.builders.wheel import WheelBuilder

from kibana.rules import SHIPPED_RULES, load_rule, load_rules
from tests.kibana.builders import rule_body
from worker.errors import ConfigurationError

FILES = sorted(SHIPPED_RULES.glob("*.json"))
CONNECTORS = SHIPPED_RULES.parent / "connectors" / "connectors.ndjson"

DURATION = {"type": "string", "pattern": "^[1-9][0-9]*[smhd]$"}
ACTION = {
    "type": "object",
    "required": ["group", "id", "params", "frequency"],
    "additionalProperties": False,
    "properties": {
        "group": {"enum": ["threshold met", "query matched", "recovered"]},
        "id": {"type": "string", "format": "uuid"},
        "params": {
            "type": "object",
            "required": ["body"],
            "additionalProperties": False,
            "properties": {"body": {"type": "string"}},
        },
        "frequency": {
            "type": "object",
            "required": ["summary", "notify_when", "throttle"],
            "additionalProperties": False,
            "properties": {
                "summary": {"const": False},
                "notify_when": {"enum": ["onActionGroupChange", "onActiveAlert", "onThrottleInterval"]},
                "throttle": {"anyOf": [DURATION, {"type": "null"}]},
            },
        },
    },
}
PARAMS = {
    "type": "object",
    "required": [
        "index",
        "timeField",
        "aggType",
        "timeWindowSize",
        "timeWindowUnit",
        "threshold",
        "thresholdComparator",
    ],
    "additionalProperties": False,
    "properties": {
        "index": {"type": "array", "minItems": 1, "items": {"type": "string", "pattern": "^spiketrace-"}},
        "timeField": {"const": "@timestamp"},
        "aggType": {"enum": ["count", "avg", "min", "max", "sum"]},
        "aggField": {"type": "string"},
        "groupBy": {"enum": ["all", "top"]},
        "termField": {
            "anyOf": [
                {"enum": ["service", "region"]},
                {"type": "array", "minItems": 2, "maxItems": 4, "items": {"enum": ["service", "region"]}},
            ]
        },
        "termSize": {"type": "integer", "minimum": 1, "maximum": 1000},
        "timeWindowSize": {"type": "integer", "minimum": 1},
        "timeWindowUnit": {"enum": ["s", "m", "h", "d"]},
        "threshold": {"type": "array", "minItems": 1, "maxItems": 2, "items": {"type": "number"}},
        "thresholdComparator": {"enum": [">", "<", ">=", "<=", "between", "notBetween"]},
        "filterKuery": {"type": "string"},
        "searchType": {"const": "esQuery"},
        "esQuery": {"type": "string", "contentMediaType": "application/json"},
        "size": {"type": "integer", "minimum": 0, "maximum": 10_000},
        "excludeHitsFromPreviousRun": {"type": "boolean"},
    },
}
RULE = {
    "type": "object",
    "required": ["name", "rule_type_id", "consumer", "schedule", "params", "actions", "tags"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "rule_type_id": {"enum": [".index-threshold", ".es-query"]},
        "consumer": {"const": "stackAlerts"},
        "enabled": {"type": "boolean"},
        "tags": {"type": "array", "items": {"type": "string"}, "contains": {"const": "spiketrace"}},
        "schedule": {
            "type": "object",
            "required": ["interval"],
            "additionalProperties": False,
            "properties": {"interval": DURATION},
        },
        "params": PARAMS,
        "alert_delay": {"type": "object", "properties": {"active": {"type": "integer", "minimum": 1}}},
        "actions": {"type": "array", "minItems": 2, "items": ACTION},
    },
}


def read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def connectors() -> list[dict[str, Any]]:
    return [json.loads(line) for line in CONNECTORS.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
class TestShippedRules:
    def test_fits_the_schema(self, path: Path) -> None:
        jsonschema.validate(read(path), RULE, format_checker=jsonschema.FormatChecker())

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

    def test_speaks_of_fields_that_the_indices_have(self, path: Path) -> None:
        params = load_rule(path).params
        metrics = {"estimated_co2_grams", "emissions_kg_co2e", "cpu_pct", "memory_pct", "requests_per_min"}
        fields = {"spiketrace-carbon-metrics-*": metrics, "spiketrace-logs-*": {"latency_ms"}}
        assert params.agg_field is None or params.agg_field in fields[params.index[0]]


def test_an_installation_has_them_where_they_are_looked_for(tmp_path: Path) -> None:
    root = SHIPPED_RULES.parent
    (wheel,) = WheelBuilder(str(root)).build(directory=str(tmp_path), versions=["standard"])
    with zipfile.ZipFile(wheel) as zipped:
        installed = set(zipped.namelist())
    assert {path.relative_to(root).as_posix() for path in FILES} < installed
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
    "groups without a size": lambda rule: rule["params"].pop("termSize"),
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


@pytest.mark.parametrize("query", ["{}", "[]", '{"query": {}}', '{"query": 1}', "no json"])
def test_an_es_query_needs_a_query(query: str, tmp_path: Path) -> None:
    body = rule_body(searchType="esQuery", esQuery=query, size=0) | {"rule_type_id": ".es-query", "actions": []}
    (tmp_path / "a.json").write_text(json.dumps(body), encoding="utf-8")
    with pytest.raises(ConfigurationError):
        load_rules(tmp_path)


class TestConnectors:
    def test_ids_are_uuids_that_every_kibana_takes(self) -> None:
        ids = [UUID(item["id"]) for item in connectors() if "type" in item]
        assert {identifier.version for identifier in ids} == {4}
        assert len(set(ids)) == len(ids)

    def test_they_hold_no_secrets_and_no_address_of_anybody(self) -> None:
        for item in (item for item in connectors() if "type" in item):
            assert item["type"] == "action"
            assert item["attributes"]["secrets"] == {}
            assert item["attributes"]["isMissingSecrets"] is True
            for name, address in item["attributes"]["config"].items():
                assert not name.lower().endswith("url") or address.split("/")[2].endswith("example.com")

    def test_they_can_be_imported_by_the_oldest_kibana(self) -> None:
        for item in (item for item in connectors() if "type" in item):
            assert (item["coreMigrationVersion"], item["typeMigrationVersion"]) == ("8.8.0", "8.3.0")
            assert item["references"] == []

    def test_the_summary_counts_them(self) -> None:
        *objects, summary = connectors()
        assert summary["exportedCount"] == len(objects)
        assert summary["missingRefCount"] == 0
