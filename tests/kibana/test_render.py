"""Bodies as Kibana renders them, and what our webhook makes of those of the shipped rules."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kibana.render import javascript_text, render_body
from kibana.rules import load_rules
from worker.posted import parse_alert

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HOSTILE = 'he said "stop"\nthen {{left}} \\ </script> \u2028 é 🛒 \t'
TEMPLATES = sorted({action.params.body for rule in load_rules() for action in rule.actions})


def variables(**changes: Any) -> dict[str, Any]:
    return {
        "date": "2026-11-23T12:00:00.000Z",
        "rule": {
            "id": "a-rule",
            "name": "Carbon",
            "type": ".index-threshold",
            "spaceId": "default",
            "tags": ["spiketrace", "carbon"],
            "params": {"termField": "service", "threshold": [10]},
        },
        "alert": {
            "id": "checkout",
            "uuid": "0c1f",
            "actionGroup": "threshold met",
            "flapping": False,
            "consecutiveMatches": 1,
        },
        "context": {"title": "t", "message": "m", "value": 12.4, "group": "checkout", "conditions": "c"},
        **changes,
    }


class TestBehaviour:
    """The table of what mustache, with Kibana's escaping, does to values inside JSON."""

    @pytest.mark.parametrize(
        ("template", "values", "rendered"),
        [
            ('{"v": {{context.value}}}', {"context": {"value": 12.4}}, '{"v": 12.4}'),
            ('{"v": {{context.value}}}', {"context": {}}, '{"v": }'),
            ('{"v": {{context.value}}}', {}, '{"v": }'),
            ('{"v": {{context.value}}}', {"context": {"value": "unknown"}}, '{"v": unknown}'),
            ('{"v": "{{context.value}}"}', {"context": {"value": None}}, '{"v": ""}'),
            ('{"f": {{alert.flapping}}}', {"alert": {"flapping": False}}, '{"f": false}'),
            ('{"n": "{{rule.name}}"}', {"rule": {"name": 'a "b"\nc'}}, '{"n": "a \\"b\\"\\nc"}'),
            ('{"n": "{{{rule.name}}}"}', {"rule": {"name": 'a "b"'}}, '{"n": "a "b""}'),
            ('{"n": "{{&rule.name}}"}', {"rule": {"name": 'a "b"'}}, '{"n": "a "b""}'),
            ('{"t": {{rule.tags.asJSON}}}', {"rule": {"tags": ["a"]}}, '{"t": [\\"a\\"]}'),
            ('{"t": {{{rule.tags.asJSON}}}}', {"rule": {"tags": ["a", 'b"']}}, '{"t": ["a","b\\""]}'),
            ('{"t": {{{rule.tags.asJSON}}}}', {"rule": {"tags": []}}, '{"t": []}'),
            ('"{{rule.tags}}"', {"rule": {"tags": ["a", "b"]}}, '"a,b"'),
            ('{"p": {{{rule.params}}}}', {"rule": {"params": {"x": [1.0, None]}}}, '{"p": {"x":[1,null]}}'),
            ('{"p": {{rule.params}}}', {"rule": {"params": {"x": 1}}}, '{"p": {\\"x\\":1}}'),
            ("{{#v}}{{.}}{{/v}}{{^v}}null{{/v}}", {"v": 7}, "7"),
            ("{{#v}}{{.}}{{/v}}{{^v}}null{{/v}}", {"v": 0}, "null"),
            ("{{#v}}{{.}}{{/v}}{{^v}}null{{/v}}", {}, "null"),
            ("{{kibana.alert.reason}}", {"kibana.alert.reason": "r", "kibana.alert": {"uuid": "u"}}, "r"),
            ("{{#a.data}}{{kibana.alert.uuid}};{{/a.data}}", {"a": {"data": [{"kibana.alert.uuid": "u"}]}}, "u;"),
        ],
    )
    def test_table(self, template: str, values: dict[str, Any], rendered: str) -> None:
        assert render_body(template, values) == rendered

    @pytest.mark.parametrize("template", ["{{#a}}{{/b}}", '{"v": "{{context.value}"}', "{{#a"])
    def test_a_template_that_fails_is_sent_as_the_error_s_text(self, template: str) -> None:
        body = render_body(template, variables())
        assert body.startswith(f'error rendering mustache template "{template}": ')

    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (1.0, "1"),
            (0.0, "0"),
            (1200, "1200"),
            (0.1, "0.1"),
            (12.40, "12.4"),
            (1e-7, "1e-7"),
            (0.000001, "0.000001"),
            (1e21, "1e+21"),
            (123456789012345680000.0, "123456789012345680000"),
            (-2.5e-9, "-2.5e-9"),
            (True, "true"),
            (None, ""),
            ([1, None, "a"], "1,,a"),
        ],
    )
    def test_values_as_javascript_writes_them(self, value: object, text: str) -> None:
        assert javascript_text(value) == text

    @given(st.text())
    def test_any_text_between_quotes_stays_json_and_itself(self, text: str) -> None:
        assert json.loads(render_body('{"n": "{{rule.name}}"}', {"rule": {"name": text}})) == {"n": text}


class TestShippedTemplate:
    def test_all_rules_send_the_same(self) -> None:
        assert len(TEMPLATES) == 1

    def test_active(self) -> None:
        alert = parse_alert(render_body(TEMPLATES[0], variables()).encode(), received_at=NOW)
        assert (alert.rule.id, alert.instance, alert.uuid, alert.value) == ("a-rule", "checkout", "0c1f", 12.4)
        assert alert.rule.tags == ("spiketrace", "carbon")
        assert alert.rule.params == {"termField": "service", "threshold": [10]}
        assert (alert.is_recovery, alert.flapping, alert.consecutive_matches) == (False, False, 1)

    def test_recovered_with_an_unknown_value(self) -> None:
        changed = variables(context={"value": "unknown", "group": "checkout"})
        changed["alert"] = {**changed["alert"], "actionGroup": "recovered"}
        alert = parse_alert(render_body(TEMPLATES[0], changed).encode(), received_at=NOW)
        assert (alert.is_recovery, alert.value, alert.group) == (True, None, "checkout")

    @pytest.mark.parametrize("context", [{}, None])
    def test_flapping_with_an_empty_context(self, context: object) -> None:
        alert = parse_alert(render_body(TEMPLATES[0], variables(context=context)).encode(), received_at=NOW)
        assert (alert.instance, alert.value, alert.title) == ("checkout", None, "")

    def test_hostile_names(self) -> None:
        changed = variables(context={"group": HOSTILE, "message": HOSTILE, "value": HOSTILE})
        changed["rule"] = {**changed["rule"], "name": HOSTILE, "tags": [HOSTILE, '"]'], "params": {HOSTILE: HOSTILE}}
        body = json.loads(render_body(TEMPLATES[0], changed))
        assert body["rule"]["name"] == HOSTILE
        assert body["rule"]["tags"] == [HOSTILE, '"]']
        assert body["rule"]["params"] == {HOSTILE: HOSTILE}
        assert body["context"]["message"] == HOSTILE

    @given(name=st.text(), tags=st.lists(st.text()), group=st.text(min_size=1))
    def test_whatever_names_hold_it_is_one_json_object(self, name: str, tags: list[str], group: str) -> None:
        changed = variables(context={"group": group, "title": name})
        changed["rule"] = {**changed["rule"], "name": name, "tags": tags, "params": {name: tags}}
        body = json.loads(render_body(TEMPLATES[0], changed))
        assert (body["rule"]["tags"], body["context"]["title"]) == (tags, name)
        parse_alert(json.dumps(body).encode(), received_at=NOW)
