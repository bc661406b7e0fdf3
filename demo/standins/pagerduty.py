"""PagerDuty's Events API, version 2: alerts told apart by their key, with the log of each.

https://developer.pagerduty.com/docs/events-api-v2-overview
"""

from __future__ import annotations

import json
import time
from typing import Any, Literal
from uuid import uuid4

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

LARGEST_EVENT = 512_000
LONGEST_SUMMARY = 1024
LONGEST_KEY = 255
ROUTING_KEY_LENGTH = 32
ACTIONS = frozenset({"trigger", "acknowledge", "resolve"})
SEVERITIES = frozenset({"critical", "error", "warning", "info"})
REQUIRED = ("summary", "source", "severity")

Json = dict[str, Any]


class LogEntry(BaseModel):
    at: float = Field(default_factory=time.time)
    action: str
    payload: Json = Field(default_factory=dict)
    links: list[Json] = Field(default_factory=list)


class Alert(BaseModel):
    """From its first trigger to its resolution; a trigger after that opens another of the same key."""

    dedup_key: str
    service: str
    status: Literal["triggered", "acknowledged", "resolved"] = "triggered"
    log: list[LogEntry]

    @property
    def first(self) -> LogEntry:
        return self.log[0]

    @property
    def last(self) -> LogEntry:
        """The last that says how it is: a resolution says only that it is over."""
        return [entry for entry in self.log if entry.action == "trigger"][-1]


class PagerDuty:
    """The alerts of some services, by the name of each service's routing key."""

    def __init__(self, *, services: dict[str, str]) -> None:
        self.alerts: list[Alert] = []
        self._services = services

    def errors_in(self, event: Json) -> list[str]:
        action, key = event.get("event_action"), event.get("routing_key")
        if not isinstance(key, str) or len(key) != ROUTING_KEY_LENGTH:
            return ["Length of 'routing_key' is incorrect (should be 32 characters)"]
        if action not in ACTIONS:
            return ["'event_action' is invalid (should be 'trigger', 'acknowledge' or 'resolve')"]
        if len(str(event.get("dedup_key", ""))) > LONGEST_KEY:
            return ["'dedup_key' is too long (maximum is 255 characters)"]
        if action == "trigger":
            return _errors_in_payload(event.get("payload"))
        return [] if event.get("dedup_key") else ["'dedup_key' is missing or blank"]

    def take(self, event: Json) -> str:
        """What becomes of an event of a service that there is. An unknown service's are accepted and go nowhere."""
        key = str(event.get("dedup_key") or uuid4().hex)
        service = self._services.get(event["routing_key"])
        if service:
            self._log(service, key, event)
        return key

    def _log(self, service: str, key: str, event: Json) -> None:
        action = event["event_action"]
        entry = LogEntry(action=action, payload=event.get("payload", {}), links=event.get("links", []))
        alert = self._open_alert(service, key)
        if alert is None:
            if action == "trigger":
                self.alerts.append(Alert(dedup_key=key, service=service, log=[entry]))
            return
        alert.log.append(entry)
        if action != "trigger":
            alert.status = "resolved" if action == "resolve" else "acknowledged"

    def _open_alert(self, service: str, key: str) -> Alert | None:
        open_ones = (alert for alert in reversed(self.alerts) if alert.status != "resolved")
        return next((alert for alert in open_ones if (alert.service, alert.dedup_key) == (service, key)), None)


def _errors_in_payload(payload: Any) -> list[str]:
    if not isinstance(payload, dict):
        return ["'payload' is missing or blank"]
    errors = [f"'payload.{name}' is missing or blank" for name in REQUIRED if not str(payload.get(name) or "").strip()]
    if not errors and payload["severity"] not in SEVERITIES:
        errors.append("'payload.severity' is invalid (must be one of the following: critical, warning, error or info)")
    if len(str(payload.get("summary", ""))) > LONGEST_SUMMARY:
        errors.append("'payload.summary' is too long (maximum is 1024 characters)")
    return errors


def router(pagerduty: PagerDuty) -> APIRouter:
    routes = APIRouter()

    @routes.post("/v2/enqueue")
    async def enqueue(request: Request) -> JSONResponse:
        body = await request.body()
        if len(body) > LARGEST_EVENT:
            return JSONResponse({"status": "invalid event", "message": "Event is too large"}, 413)
        try:
            event = json.loads(body)
        except ValueError:
            return _refused("Unrecognized object", "Event object format is unrecognized", ["JSON parse error"])
        errors = pagerduty.errors_in(event) if isinstance(event, dict) else ["JSON parse error"]
        if errors:
            return _refused("invalid event", "Event object is invalid", errors)
        key = pagerduty.take(event)
        return JSONResponse({"status": "success", "message": "Event processed", "dedup_key": key}, 202)

    return routes


def _refused(status: str, message: str, errors: list[str]) -> JSONResponse:
    return JSONResponse({"status": status, "message": message, "errors": errors}, 400)
