"""A shipped rule's notification by either connector is the same alert."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kibana.render import render_body, render_document
from kibana.rules import load_rules
from tests.delivery_paths.kibana_documents import connector_writes
from tests.kibana.test_render import HOSTILE, variables
from tests.standins.queue import Queued
from worker.bootstrap import Stores
from worker.domain.alert import AlertState
from worker.intake import take_in
from worker.posted import parse_alert

NOW = datetime(2026, 11, 23, 12, 0, 5, tzinfo=UTC)
(BODY,) = {action.params.body for rule in load_rules() for action in rule.actions}
# What the body holds as JSON is one more string of a document, since Kibana renders a document's strings one by one.
AS_STRINGS = re.sub(r"\{\{\{([\w.]+?)(?:\.asJSON)?\}\}\}", r'"{{\1}}"', BODY)
DOCUMENT = {"@timestamp": "{{date}}", **json.loads(AS_STRINGS)}


PAGE = (Path(__file__).resolve().parents[2] / "docs" / "delivery-paths.md").read_text(encoding="utf-8")


def test_the_document_that_people_copy_is_this_one() -> None:
    (shown,) = re.findall(r'```json\n(\{\n  "@timestamp".*?)```', PAGE, re.DOTALL)
    assert json.loads(shown) == DOCUMENT


def of(action_group: str, **context: Any) -> dict[str, Any]:
    told = variables(context=context)
    told["alert"] = {**told["alert"], "actionGroup": action_group}
    return told


def hostile() -> dict[str, Any]:
    told = of("threshold met", group=HOSTILE, message=HOSTILE, value=HOSTILE)
    told["rule"] = {**told["rule"], "name": HOSTILE, "params": {HOSTILE: [HOSTILE, {"{{date}}": None}]}}
    told["alert"] = {**told["alert"], "id": HOSTILE}
    return told


@pytest.mark.parametrize(
    "told",
    [
        of("threshold met", title="t", message="a\nb", value=12.4, group="checkout", date="2026-11-23T11:59:00.000Z"),
        of("recovered", value="unknown", group="checkout"),
        of("query matched"),
        hostile(),
    ],
    ids=["active", "recovered", "empty context", "hostile names"],
)
def test_by_webhook_or_by_index(embedded_stores: Stores, queue: Queued, told: dict[str, Any]) -> None:
    by_webhook = parse_alert(render_body(BODY, told).encode(), received_at=NOW)
    document = render_document(DOCUMENT, told)
    assert all(isinstance(leaf, str) for leaf in [*document["rule"].values(), *document["context"].values()])
    connector_writes(embedded_stores.client, document)
    (entry,) = embedded_stores.inbox_index.take(10)
    assert getattr(entry.content, "alert", None) == by_webhook
    take_in(embedded_stores.inbox_index, embedded_stores.alerts, embedded_stores.dead_letters, queue)
    record = embedded_stores.alerts.get(by_webhook.alert_id)
    assert record
    assert record.state is (AlertState.RECOVERED if by_webhook.is_recovery else AlertState.QUEUED)
    assert queue.alert_ids == ([] if by_webhook.is_recovery else [by_webhook.alert_id])


def test_strings_of_a_document_fail_one_by_one() -> None:
    rendered = render_document({"a": "{{#x", "b": ["{{date}}", 7]}, {"date": "d"})
    assert rendered["b"] == ["d", 7]
    assert rendered["a"].startswith("error rendering mustache template")
