"""Alerts, notifications and reports to test with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from worker.domain.alert import Alert, Rule
from worker.ports import Notification

NOON = datetime(2026, 2, 26, 12, 0, 3, 120_000, tzinfo=UTC)


def an_alert(uuid: str = "life-1", *, minutes: float = 0, group: str = "threshold met", **changes: Any) -> Alert:
    """An alert of the instance "checkout", dated `minutes` after noon."""
    values: dict[str, Any] = {
        "rule": Rule(id="carbon", name="Carbon spike", params={"threshold": [10], "index": ["metrics-*"]}),
        "instance": "checkout",
        "uuid": uuid,
        "action_group": group,
        "date": NOON + timedelta(minutes=minutes),
        "value": 12.5,
    }
    return Alert(**{**values, **changes})


def a_recovery(uuid: str = "life-1", *, minutes: float = 30, **changes: Any) -> Alert:
    return an_alert(uuid, minutes=minutes, group="recovered", **changes)


def arriving(alert: Alert, *, alert_id: str | None = None) -> Notification:
    return Notification(alert=alert, received_at=NOON + timedelta(days=1), alert_id=alert_id)
