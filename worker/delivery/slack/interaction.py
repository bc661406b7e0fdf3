"""What Slack posts when somebody presses a button of ours.

https://docs.slack.dev/reference/interaction-payloads/block_actions-payload — signed by Slack, and still made of what
anybody in the workspace can make a client send: nothing of it is used that does not have exactly our form.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

from worker.delivery.slack.payload import ASK, JUDGE, RIGHT, TICKETS, WRONG

USER = re.compile(r"[UW][A-Z0-9]{1,30}")
# Ids become part of a path in Elasticsearch, where "." and ".." would name something else.
ID = r"[A-Za-z0-9_-][A-Za-z0-9._:-]{0,199}"
INCIDENT = re.compile(ID)
INCIDENT_AND_REPORT = re.compile(rf"({ID}) ({ID})")
SECONDS = re.compile(r"\d{1,10}(\.\d{1,9})?", re.ASCII)
MOST_ACTIONS = 5


@dataclass(frozen=True)
class Asked:
    """Somebody wants `destination` to be told of the incident."""

    incident_id: str
    destination: str
    by: str


@dataclass(frozen=True)
class Judged:
    """Somebody says whether the root cause of the report is right."""

    incident_id: str
    report_id: str
    right: bool
    by: str
    at: datetime


def actions_in(body: bytes) -> list[Asked | Judged]:
    """Those of our buttons that were pressed; none where the body is anything else."""
    payload = _payload(body)
    actions, user = payload.get("actions"), payload.get("user")
    user_id = user.get("id") if isinstance(user, dict) else None
    if payload.get("type") != "block_actions" or not isinstance(actions, list) or not _match(USER, user_id):
        return []
    return list(_understood(actions[:MOST_ACTIONS], f"slack:{user_id}"))


def _payload(body: bytes) -> dict[str, Any]:
    """The form's one field; empty where it is not as Slack makes it."""
    try:
        form = parse_qs(body.decode(), max_num_fields=10)
        payload = json.loads(form["payload"][0])
    except (ValueError, KeyError, RecursionError):
        return {}
    return payload if isinstance(payload, dict) else {}


def _understood(actions: list[Any], by: str) -> Iterator[Asked | Judged]:
    for action in actions:
        if not isinstance(action, dict):
            continue
        kind, _, choice = str(action.get("action_id", "")).partition(":")
        if kind == ASK and choice in TICKETS and (found := _match(INCIDENT, action.get("value"))):
            yield Asked(found[0], choice, by)
        found, at = _match(INCIDENT_AND_REPORT, action.get("value")), _match(SECONDS, action.get("action_ts"))
        if kind == JUDGE and choice in (RIGHT, WRONG) and found and at:
            yield Judged(found[1], found[2], choice == RIGHT, by, datetime.fromtimestamp(float(at[0]), UTC))


def _match(form: re.Pattern[str], value: Any) -> re.Match[str] | None:
    return form.fullmatch(value) if isinstance(value, str) else None
