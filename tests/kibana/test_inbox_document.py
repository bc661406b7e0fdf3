"""Rules for a Basic licence: what they write into the inbox reads like what they would have sent."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kibana.inbox_document import INDEX_CONNECTOR_ID, document_template, through_the_inbox
from kibana.render import render_body, render_document
from tests.artifacts.contexts import CASES, HOSTILE, variables
from tests.artifacts.tree import RULES, schema, shipped
from worker.domain.alert import Alert
from worker.posted import parse_alert

NOW = datetime(2026, 11, 23, 12, 1, tzinfo=UTC)
BODIES = {path: rule["actions"][0]["params"]["body"] for path, rule in shipped().each(RULES)}
BODY = BODIES["kibana_rules/spiketrace-errors-by-service.json"]


def written(body: str, known: dict[str, Any]) -> dict[str, Any]:
    document: dict[str, Any] = render_document(document_template(body), known)
    return document


def read(document: dict[str, Any]) -> Alert:
    return parse_alert(json.dumps(document).encode(), received_at=NOW)


def sent(body: str, known: dict[str, Any]) -> Alert:
    return parse_alert(render_body(body, known).encode(), received_at=NOW)


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize("case", sorted(CASES))
def test_the_document_is_read_like_the_body(path: str, case: str) -> None:
    known = CASES[case]()
    assert read(written(BODIES[path], known)) == sent(BODIES[path], known)


@given(name=st.text(), tag=st.text(), group=st.text(min_size=1), value=st.one_of(st.text(), st.floats(), st.none()))
def test_whatever_names_hold_the_document_is_read_like_the_body(name: str, tag: str, group: str, value: object) -> None:
    known = variables(
        rule={"name": name, "tags": [tag.replace(",", ";")], "params": {name: tag}},
        alert={"id": group},
        context={"group": group, "title": name, "message": tag, "value": value},
    )
    assert read(written(BODY, known)) == sent(BODY, known)


def test_every_leaf_is_text() -> None:
    document = written(BODY, variables())
    assert document["@timestamp"] == document["date"] == "2026-11-23T12:00:03.120Z"
    assert document["rule"]["tags"] == "spiketrace,carbon"
    assert json.loads(document["rule"]["params"]) == {"termField": "service", "threshold": [10]}
    assert document["alert"]["flapping"] == "false"
    assert document["context"]["link"] == ""


def test_nothing_is_escaped() -> None:
    assert written(BODY, variables(context={"message": HOSTILE}))["context"]["message"] == HOSTILE


@pytest.mark.parametrize("path", BODIES)
def test_the_rule_is_the_same_but_for_its_actions(path: str) -> None:
    rule = shipped().content(path)
    before = json.dumps(rule)
    changed = through_the_inbox(rule)
    assert json.dumps(rule) == before
    assert {key: value for key, value in changed.items() if key != "actions"} == {
        key: value for key, value in rule.items() if key != "actions"
    }
    assert list(schema("create_rule").iter_errors(changed)) == []
    for old, new in zip(rule["actions"], changed["actions"], strict=True):
        assert (new["group"], new["frequency"]) == (old["group"], old["frequency"])
        assert new["id"] == INDEX_CONNECTOR_ID
        assert new["params"].keys() == {"documents"}
        assert len(new["params"]["documents"]) == 1


def test_another_connector_can_be_named() -> None:
    rule = shipped().content("kibana_rules/spiketrace-errors-by-service.json")
    assert {action["id"] for action in through_the_inbox(rule, "an-id")["actions"]} == {"an-id"}
