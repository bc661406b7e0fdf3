"""What Kibana's webhook connector posts: bytes that should be an alert."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from worker.domain.alert import Alert
from worker.errors import InvalidAlert
from worker.kibana_body import load_object, read_alert

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


def parse_alert(body: bytes, *, received_at: datetime) -> Alert:
    """The alert in `body`. Without a date of its own it is dated `received_at`.

    Raises InvalidAlert, with a reason that says what is wrong and what to do.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidAlert("the body is not UTF-8: send JSON in UTF-8") from None
    return read_alert(load_object(text), received_at=received_at)
