"""Bodies as the shipped connector template renders them."""

from __future__ import annotations

import copy
import json
from typing import Any

PARAMS = {
    "index": ["spiketrace-carbon-metrics-*"],
    "timeField": "@timestamp",
    "aggType": "avg",
    "aggField": "emissions_kg_co2e",
    "groupBy": "top",
    "termField": "region",
    "termSize": 20,
    "timeWindowSize": 5,
    "timeWindowUnit": "m",
    "thresholdComparator": ">",
    "threshold": [10],
}

_ACTIVE: dict[str, Any] = {
    "schema_version": "1",
    "event_action": "threshold met",
    "rule": {
        "id": "spiketrace-carbon",
        "name": "Carbon spike by region (threshold)",
        "type": ".index-threshold",
        "space_id": "default",
        "url": "",
        "tags": ["spiketrace", "carbon"],
        "params": PARAMS,
    },
    "alert": {
        "id": "us-central1",
        "uuid": "0c1f6b7e-30a1-4b61-9a3f-1d1f3b0e9a11",
        "action_group": "threshold met",
        "flapping": "false",
        "consecutive_matches": "1",
    },
    "context": {
        "title": "alert Carbon spike by region (threshold) group us-central1 met threshold",
        "message": "alert 'Carbon spike' is active for group 'us-central1':\n\n- Value: 12.4",
        "value": "12.4",
        "group": "us-central1",
        "conditions": "avg(emissions_kg_co2e) is greater than 10",
        "date": "2026-02-26T09:30:00.000Z",
        "link": "",
    },
    "date": "2026-02-26T09:30:03.120Z",
}


def active(uuid: str | None = None, **parts: Any) -> dict[str, Any]:
    """An active alert; `parts` are merged into the part of that name, or stand in its place."""
    body = copy.deepcopy(_ACTIVE)
    if uuid:
        body["alert"]["uuid"] = uuid
    for name, part in parts.items():
        body[name] = {**body[name], **part} if isinstance(part, dict) else part
    return body


def recovered(uuid: str | None = None, *, date: str = "2026-02-26T09:52:03.120Z") -> dict[str, Any]:
    return active(
        uuid,
        event_action="recovered",
        alert={"action_group": "recovered", "consecutive_matches": "0"},
        context={"value": "unknown", "date": "2026-02-26T09:52:00.000Z"},
        date=date,
    )


def summary() -> dict[str, Any]:
    """A summary action: the rule stands for the alert, and there is no context of one."""
    return active(
        event_action="default",
        alert={"id": "spiketrace-carbon", "uuid": "spiketrace-carbon", "action_group": "default"},
        context={"title": "", "message": "", "value": "", "group": "", "conditions": "", "date": "", "link": ""},
    )


def flapping() -> dict[str, Any]:
    """While an alert flaps Kibana may send an empty context."""
    return active(
        alert={"flapping": "true"},
        context={"title": "", "message": "", "value": "", "group": "", "conditions": "", "date": "", "link": ""},
    )


def encoded(body: Any) -> bytes:
    return json.dumps(body).encode()
