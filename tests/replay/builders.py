"""Alerts of a replay, and what was found of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.tasks import samples
from worker.domain.report import Report
from worker.replay.model import Item, ItemState, Planned, Replay, ReplayState

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
REPLAY_ID = "replay-20260301-120000-abcdef"


def planned(*alert_ids: str, **more: Any) -> list[Planned]:
    return [Planned(alert_id=one, alert=samples.alert(one, uuid=one), **more) for one in alert_ids]


def names(count: int) -> list[str]:
    return [f"alert-{number}" for number in range(count)]


def item(alert_id: str, *, number: int = 0, state: ItemState = ItemState.WAITING, **more: Any) -> Item:
    (one,) = planned(alert_id)
    return Item.model_validate(
        dict(one) | {"replay_id": REPLAY_ID, "number": number, "created_at": NOW, "state": state} | more
    )


def replay(**more: Any) -> Replay:
    return Replay.model_validate(
        {"replay_id": REPLAY_ID, "created_at": NOW, "state": ReplayState.RUNNING, "alerts": 1} | more
    )


def report(alert_id: str, **changes: Any) -> Report:
    found = samples.report(samples.alert("checkout", uuid=alert_id), alert_id)
    return found.model_copy(update=changes)


def document(**changes: Any) -> dict[str, Any]:
    """A report as it is stored."""
    return report("a1", **changes).model_dump(mode="json", by_alias=True)


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)
