"""Every shipped rule passes every check, and a broken copy of it does not."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.artifacts import contexts
from tests.artifacts import rule_checks as checks
from tests.artifacts.breaking import Breakage, Change, Check, faulty_paths, named
from tests.artifacts.tree import RULES, shipped

CHECKS = [
    checks.fit_the_api,
    checks.are_named_and_tagged,
    checks.tell_begin_and_end,
    checks.call_shipped_connectors,
    checks.send_what_the_webhook_reads,
    checks.look_at_fields_that_are_there,
    checks.are_all_in_the_manifest,
]
FILES = shipped().matching(RULES)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_shipped_rules_pass(check: Check) -> None:
    assert list(check(shipped())) == []


def _replace_in_body(old: str, new: str) -> Change:
    def change(rule: dict[str, Any]) -> None:
        for action in rule["actions"]:
            assert old in action["params"]["body"]
            action["params"]["body"] = action["params"]["body"].replace(old, new)

    return change


def _misspell(rule: dict[str, Any]) -> None:
    params = rule["params"]
    for key in ("aggField", "termField"):
        if params.get(key):
            params[key] = "co2_gramms"
    if "esqlQuery" in params:
        params["esqlQuery"]["esql"] = (
            params["esqlQuery"]["esql"].replace("BY service", "BY sevrice").replace("BY region", "BY reigon")
        )


def _choose_otherwise(rule: dict[str, Any]) -> None:
    params = rule["params"]
    if "esqlQuery" in params:
        params["esqlQuery"]["esql"] = re.sub(r" = \d+\n", " = 99\n", params["esqlQuery"]["esql"])
    else:
        params["threshold"] = [99_999]


BREAKAGES: list[Breakage] = [
    ("an unknown key", checks.fit_the_api, lambda rule: rule.update(severity="high")),
    ("an unknown param", checks.fit_the_api, lambda rule: rule["params"].update(percentile=99)),
    ("an interval that is none", checks.fit_the_api, lambda rule: rule["schedule"].update(interval="0m")),
    ("no params", checks.fit_the_api, lambda rule: rule.update(params={})),
    ("the group's display name", checks.fit_the_api, lambda rule: rule["actions"][1].update(group="Recovered")),
    ("no frequency", checks.fit_the_api, lambda rule: rule["actions"][0].pop("frequency")),
    ("no frequency at the end", checks.tell_begin_and_end, lambda rule: rule["actions"][1].pop("frequency")),
    ("a consumer that may not", checks.are_named_and_tagged, lambda rule: rule.update(consumer="observability")),
    ("no tag of ours", checks.are_named_and_tagged, lambda rule: rule.update(tags=["carbon"])),
    ("nothing at the end", checks.tell_begin_and_end, lambda rule: rule["actions"].pop()),
    (
        "a summary",
        checks.tell_begin_and_end,
        lambda rule: rule["actions"][0]["frequency"].update(summary=True),
    ),
    (
        "another connector",
        checks.call_shipped_connectors,
        lambda rule: rule["actions"][1].update(id="451d6a4e-1027-4d7d-9e70-e8064fc5a342"),
    ),
    (
        "a value without quotes",
        checks.send_what_the_webhook_reads,
        _replace_in_body('"{{context.value}}"', "{{context.value}}"),
    ),
    (
        "a name with triple braces",
        checks.send_what_the_webhook_reads,
        _replace_in_body("{{rule.name}}", "{{{rule.name}}}"),
    ),
    (
        "tags with double braces",
        checks.send_what_the_webhook_reads,
        _replace_in_body("{{{rule.tags.asJSON}}}", "{{rule.tags}}"),
    ),
    ("params as text", checks.send_what_the_webhook_reads, _replace_in_body("{{{rule.params}}}", '"{{rule.params}}"')),
    ("no uuid", checks.send_what_the_webhook_reads, _replace_in_body("{{alert.uuid}}", "{{alert.id}}")),
    (
        "the time of the window",
        checks.send_what_the_webhook_reads,
        _replace_in_body('"{{date}}"', '"{{context.date}}"'),
    ),
    ("a tag left open", checks.send_what_the_webhook_reads, _replace_in_body("{{rule.name}}", "{{rule.name}")),
    ("a field that is not there", checks.look_at_fields_that_are_there, _misspell),
    ("a value of its own", checks.are_all_in_the_manifest, _choose_otherwise),
    (
        "both of two alternatives, or neither",
        checks.are_all_in_the_manifest,
        lambda rule: rule.update(enabled=not rule["enabled"]),
    ),
]


@pytest.mark.parametrize("path", FILES)
@pytest.mark.parametrize(**named(BREAKAGES))
def test_a_broken_copy_fails(path: str, check: Check, change: Change) -> None:
    assert path in faulty_paths(check, path, change)


@given(
    text=st.text(),
    tags=st.lists(st.text()),
    group=st.text(min_size=1),
    value=st.one_of(st.text(), st.none(), st.integers()),
)
@pytest.mark.parametrize(
    "template", sorted({action["params"]["body"] for _, rule in shipped().each(RULES) for action in rule["actions"]})
)
def test_whatever_names_hold_the_webhook_reads_what_was_meant(
    template: str, text: str, tags: list[str], group: str, value: object
) -> None:
    known = contexts.variables(
        rule={"name": text, "tags": tags, "params": {"esQuery": text, "index": [text, None]}},
        alert={"id": group},
        context={"group": group, "message": text, "title": text, "conditions": text, "value": value},
    )
    assert checks.misread(template, known) is None


ESQL = [path for path in FILES if "esqlQuery" in shipped().content(path)["params"]]


@pytest.mark.parametrize("path", ESQL)
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("FROM ", "SOURCE "),
        ("| LIMIT 100", ""),
        ("| LIMIT 100", "| LIMIT 100000"),
        ("spiketrace-", "spikes-"),
        ("| KEEP ", "| WHERE ?more\n| KEEP "),
        ("COUNT", "COUNTED"),
        ("| LIMIT", '| WHERE @timestamp > NOW() - TO_TIMEDURATION("7 days")\n| LIMIT'),
    ],
)
def test_a_broken_query_fails(path: str, old: str, new: str) -> None:
    def change(rule: dict[str, Any]) -> None:
        rule["params"]["esqlQuery"]["esql"] = rule["params"]["esqlQuery"]["esql"].replace(old, new, 1)

    assert path in faulty_paths(checks.look_at_fields_that_are_there, path, change)


DSL = [path for path in FILES if "esQuery" in shipped().content(path)["params"]]


@pytest.mark.parametrize("path", DSL)
def test_a_query_on_a_field_that_is_not_there_fails(path: str) -> None:
    def change(rule: dict[str, Any]) -> None:
        query = json.loads(rule["params"]["esQuery"])
        query["query"] = {"bool": {"filter": [query["query"], {"exists": {"field": "co2_gramms"}}]}}
        rule["params"]["esQuery"] = json.dumps(query)

    assert path in faulty_paths(checks.look_at_fields_that_are_there, path, change)


@pytest.mark.parametrize("name", [path.split("/")[1].removesuffix(".json") for path in FILES])
def test_a_rule_that_the_manifest_forgot_fails(name: str) -> None:
    tree = shipped().broken(checks.MANIFEST, lambda manifest: manifest["rules"].pop(name))
    assert [fault.path for fault in checks.are_all_in_the_manifest(tree)] == [f"kibana_rules/{name}.json"]


def test_an_entry_without_a_rule_fails() -> None:
    tree = shipped().broken(
        checks.MANIFEST, lambda m: m["rules"].update(other=m["rules"]["spiketrace-errors-by-region"])
    )
    assert [fault.path for fault in checks.are_all_in_the_manifest(tree)] == [checks.MANIFEST]


def test_two_rules_of_one_name_fail() -> None:
    tree = shipped().broken(FILES[1], lambda rule: rule.update(name=shipped().content(FILES[0])["name"]))
    assert [fault.path for fault in checks.are_named_and_tagged(tree)] == [FILES[1]]


def test_there_are_rules_on_everything_that_is_watched() -> None:
    tags = {tag for _, rule in shipped().each(RULES) for tag in rule["tags"]}
    assert tags >= {"carbon", "past", "errors", "rate", "new-types", "latency", "esql"}
