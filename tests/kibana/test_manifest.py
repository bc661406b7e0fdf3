"""Which values of a rule are yours to choose, and that choosing changes those and nothing else."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kibana.manifest import Entry, load_manifest, read_variables, with_variables
from kibana.rules import Rule
from tests.artifacts.tree import RULES, schema, shipped
from worker.errors import ConfigurationError

MANIFEST = load_manifest()
PAIRS = [(rule_id, name) for rule_id, entry in MANIFEST.items() for name in entry.variables]
PAST, PAST_ESQL = "spiketrace-carbon-against-past-by-service", "spiketrace-carbon-against-past-by-service-esql"


def body_of(rule_id: str) -> dict[str, Any]:
    content: dict[str, Any] = shipped().content(f"kibana_rules/{rule_id}.json")
    return content


def another(value: float | list[str]) -> float | list[str]:
    return ["orders", 'a "b"'] if isinstance(value, list) else value * 2 + 0.5


@pytest.mark.parametrize(("rule_id", "name"), PAIRS)
class TestEveryVariable:
    def test_is_changed_where_it_stands_and_nowhere_else(self, rule_id: str, name: str) -> None:
        entry, body = MANIFEST[rule_id], body_of(rule_id)
        before = copy.deepcopy(body)
        value = another(entry.variables[name].default)
        changed = with_variables(entry, body, {name: value})
        assert body == before
        assert read_variables(entry, changed) == {**read_variables(entry, body), name: value}
        assert with_variables(entry, changed, {name: entry.variables[name].default}) == body

    def test_leaves_a_rule_that_kibana_takes(self, rule_id: str, name: str) -> None:
        entry = MANIFEST[rule_id]
        changed = with_variables(entry, body_of(rule_id), {name: another(entry.variables[name].default)})
        assert list(schema("create_rule").iter_errors(changed)) == []
        Rule.model_validate({**changed, "id": rule_id, "raw_params": changed["params"]})

    @pytest.mark.parametrize("value", [0, -1, True, "5", None, [], [1], float("nan"), float("inf")])
    def test_refuses_what_it_cannot_be(self, rule_id: str, name: str, value: object) -> None:
        with pytest.raises(ConfigurationError, match=name):
            with_variables(MANIFEST[rule_id], body_of(rule_id), {name: value})


def test_nothing_chosen_changes_nothing() -> None:
    for path, body in shipped().each(RULES):
        assert with_variables(MANIFEST[Path(path).stem], body, {}) == body


def test_a_name_that_the_rule_does_not_have() -> None:
    with pytest.raises(ConfigurationError, match=r"'grams' is no variable .* co2_grams"):
        with_variables(MANIFEST["spiketrace-carbon-by-service"], body_of("spiketrace-carbon-by-service"), {"grams": 1})


@given(factor=st.floats(min_value=0, exclude_min=True, allow_infinity=False), grams=st.integers(min_value=1))
@pytest.mark.parametrize("rule_id", [PAST, PAST_ESQL])
def test_any_number_comes_back(rule_id: str, factor: float, grams: int) -> None:
    chosen = {"factor": factor, "above_grams": grams}
    changed = with_variables(MANIFEST[rule_id], body_of(rule_id), chosen)
    found = read_variables(MANIFEST[rule_id], changed)
    assert {name: found[name] for name in chosen} == chosen


@pytest.mark.parametrize(
    "rewritten",
    [
        {"esQuery": '{"query": {"match_all": {}}}'},
        {"esQuery": "no json", "threshold": []},
        {"esQuery": 5, "threshold": "20"},
    ],
)
def test_what_somebody_wrote_anew_is_left_out(rewritten: dict[str, Any]) -> None:
    body = body_of(PAST)
    body["params"] = {**body["params"], **rewritten}
    assert "factor" not in read_variables(MANIFEST[PAST], body)


def test_an_esql_query_that_somebody_wrote_anew() -> None:
    body = body_of(PAST_ESQL)
    body["params"]["esqlQuery"] = {"esql": "FROM x | EVAL factor = other, above_grams2 = 5"}
    assert read_variables(MANIFEST[PAST_ESQL], body) == {}


@pytest.mark.parametrize(
    ("rule_id", "version", "fits"),
    [
        (PAST, "8.19.0", True),
        (PAST, "8.18.9", False),
        (PAST, "9.0.4", True),
        (PAST, "9.5.0-SNAPSHOT", True),
        (PAST_ESQL, "8.19.8", True),
        (PAST_ESQL, "9.0.0", False),
        (PAST_ESQL, "9.0.4", False),
        (PAST_ESQL, "9.1.0", True),
        (PAST_ESQL, "9.5.0-SNAPSHOT", True),
    ],
)
def test_versions(rule_id: str, version: str, *, fits: bool) -> None:
    assert MANIFEST[rule_id].fits(version) is fits


def test_whatever_stands_for_another_names_one_that_is_there() -> None:
    for entry in MANIFEST.values():
        assert entry.instead_of is None or entry.instead_of in MANIFEST


ENTRY = {"asks": "Why?", "kibana": ">=8.19", "variables": {}}
VARIABLE = {"at": "/params/threshold/0", "default": 5, "unit": "g", "meaning": "m", "choose": "c"}


@pytest.mark.parametrize(
    "content",
    [
        "rules: [",
        "",
        yaml.safe_dump({"rules": {"a": {**ENTRY, "licence": "gold"}}}),
        yaml.safe_dump({"rules": {"a": {**ENTRY, "kibana": "8.19 and later"}}}),
        yaml.safe_dump({"rules": {"a": {**ENTRY, "variables": {"v": {**VARIABLE, "at": "params"}}}}}),
        yaml.safe_dump({"rules": {"a": {**ENTRY, "variables": {"v": {**VARIABLE, "default": None}}}}}),
    ],
)
def test_a_broken_manifest_is_refused_with_its_name(content: str, tmp_path: Path) -> None:
    (tmp_path / "manifest.yaml").write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"manifest\.yaml"):
        load_manifest(tmp_path)


def test_a_value_within_json_within_json() -> None:
    entry = Entry.model_validate({**ENTRY, "variables": {"v": {**VARIABLE, "at": "/a#/b/1"}}})
    changed = with_variables(entry, {"a": json.dumps({"b": [1, 2, "{}"]})}, {"v": 7})
    assert json.loads(changed["a"]) == {"b": [1, 7, "{}"]}
