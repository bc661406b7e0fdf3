"""What Kibana writes into Elasticsearch: documents of its index connector, and its own index of alerts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from elasticsearch import Elasticsearch

from tests.webhook.bodies import active, recovered
from worker.domain.window import iso
from worker.store.inbox_index import INDEX

ALIAS = ".alerts-stack.alerts-default"
BEHIND = ".internal.alerts-stack.alerts-default-000001"
KEYWORD = {"type": "keyword"}
DATE = {"type": "date"}
BOOLEAN = {"type": "boolean"}


def rendered(body: Mapping[str, Any]) -> dict[str, Any]:
    """`body` as the index connector renders an object: every leaf a string, lists joined, objects as JSON."""
    document: dict[str, Any] = json.loads(json.dumps(body))
    document["rule"]["tags"] = ",".join(body["rule"]["tags"])
    document["rule"]["params"] = json.dumps(body["rule"]["params"])
    return document


def active_document(uuid: str, *, written_at: str = "2026-02-26T09:30:04.000Z", **parts: Any) -> dict[str, Any]:
    return {"@timestamp": written_at, **rendered(active(uuid, **parts))}


def recovered_document(uuid: str, *, written_at: str = "2026-02-26T09:52:04.000Z") -> dict[str, Any]:
    return {"@timestamp": written_at, **rendered(recovered(uuid))}


def connector_writes(client: Elasticsearch, *documents: Mapping[str, Any], refresh: bool = True) -> None:
    """As Kibana's index connector does it: a bulk request, with ids that Elasticsearch chooses."""
    operations = [part for document in documents for part in ({"index": {"op_type": "create"}}, document)]
    answer = client.bulk(index=INDEX, operations=operations, refresh=refresh)
    assert not answer["errors"], answer


def create_alerts_index(client: Elasticsearch) -> None:
    """As Kibana creates it: hidden, behind a hidden alias."""
    alert = {
        **dict.fromkeys(("uuid", "status", "action_group", "maintenance_window_ids"), KEYWORD),
        **dict.fromkeys(("start", "end"), DATE),
        **dict.fromkeys(("muted", "snoozed"), BOOLEAN),
        "instance": {"properties": {"id": KEYWORD}},
        "rule": {"properties": {"uuid": KEYWORD, "tags": KEYWORD, "parameters": {"type": "object", "enabled": False}}},
    }
    kibana = {"properties": {"space_ids": KEYWORD, "alert": {"properties": alert}}}
    client.indices.create(
        index=BEHIND,
        settings={"index": {"hidden": True, "auto_expand_replicas": "0-1"}},
        aliases={ALIAS: {"is_hidden": True, "is_write_index": True}},
        mappings={"dynamic": False, "properties": {"@timestamp": DATE, "kibana": kibana}},
    )


def drop_alerts_index(client: Elasticsearch) -> None:
    client.indices.delete(index=BEHIND, ignore_unavailable=True)


def alert_of(uuid: str, *, start: datetime, end: datetime | None = None, **changes: Any) -> dict[str, Any]:
    """Kibana's document of the alert whose notification `tests.webhook.bodies.active(uuid)` is."""
    body = active(uuid)
    document = {
        "@timestamp": iso(end or start + timedelta(minutes=5)),
        "kibana.alert.uuid": uuid,
        "kibana.alert.status": "recovered" if end else "active",
        "kibana.alert.action_group": "recovered" if end else "threshold met",
        "kibana.alert.instance.id": body["alert"]["id"],
        "kibana.alert.start": iso(start),
        "kibana.alert.flapping": False,
        "kibana.alert.reason": body["context"]["message"],
        "kibana.alert.title": body["context"]["title"],
        "kibana.alert.evaluation.conditions": body["context"]["conditions"],
        "kibana.alert.evaluation.value": "unknown" if end else "12.4",
        "kibana.alert.rule.uuid": body["rule"]["id"],
        "kibana.alert.rule.name": body["rule"]["name"],
        "kibana.alert.rule.rule_type_id": body["rule"]["type"],
        "kibana.alert.rule.tags": body["rule"]["tags"],
        "kibana.alert.rule.parameters": body["rule"]["params"],
        "kibana.space_ids": ["default"],
    }
    if end:
        document |= {"kibana.alert.end": iso(end), "kibana.alert.previous_action_group": "threshold met"}
    return document | {f"kibana.alert.{name}": value for name, value in changes.items()}


def kibana_keeps(client: Elasticsearch, *documents: Mapping[str, Any], refresh: bool = True) -> None:
    """Kibana's document of an alert has the alert's uuid for its id, and is written anew at each run."""
    for document in documents:
        client.index(index=ALIAS, id=document["kibana.alert.uuid"], document=document, refresh=refresh)
