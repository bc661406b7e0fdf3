"""What Kibana's webhook connector posts, as a schema; `worker.posted` reads it."""

from __future__ import annotations

from typing import Any

PATH = "/v1/alerts/kibana"
# Kibana renders scalars as strings. What is said of the identity alone is required.
_TEXT = {"type": "string"}
_NAME = {"type": "string", "pattern": "[A-Za-z0-9]"}
_MOMENT = {"type": "string", "description": "ISO 8601; without one that can be read it is the time of arrival."}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["rule", "alert"],
    "properties": {
        "schema_version": _TEXT,
        "event_action": {"type": "string", "description": "`recovered` ends an alert."},
        "rule": {
            "type": "object",
            "required": ["id"],
            "properties": {
                "id": _NAME,
                **dict.fromkeys(("name", "type", "space_id", "url"), _TEXT),
                "tags": {"type": ["array", "string"], "items": _TEXT},
                "params": {"type": ["object", "string"]},
            },
        },
        "alert": {
            "type": "object",
            "required": ["uuid"],
            "properties": {
                "uuid": _NAME,
                **dict.fromkeys(("id", "action_group"), _TEXT),
                "flapping": {"type": ["boolean", "string"]},
                "consecutive_matches": {"type": ["integer", "string"]},
            },
        },
        "context": {
            "type": "object",
            "properties": {
                **dict.fromkeys(("title", "message", "group", "conditions", "link"), _TEXT),
                "value": {"type": ["number", "string"]},
                "date": _MOMENT,
            },
        },
        "date": _MOMENT,
    },
}
