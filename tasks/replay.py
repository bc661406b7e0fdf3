"""The task that investigates one alert of a replay again."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from celery import shared_task

from tasks.app import REPLAY_ALERT
from tasks.desk import Replaying, replaying_of
from tasks.lease import kept
from tasks.retry import Pause, guarded, is_retryable, pause_seconds, reason_of
from worker.replay import again
from worker.replay.feed import RESTS
from worker.replay.model import Item

# So recently a live alert came in for replays to rest between two alerts.
LIVE = timedelta(seconds=15)


# No retry by the broker: what failed for now waits in the feed, whose places are counted.
@shared_task(name=REPLAY_ALERT, bind=True)
def replay(task: Any, replay_id: str, alert_id: str) -> None:
    turn = Turn(replay_id, alert_id, task.request.id, replaying_of(task.app))
    guarded(turn.run, turn.settle, replay_id=replay_id, alert_id=alert_id)


@dataclass
class Turn:
    """One run of the task. If it breaks off anywhere, the feed finds the item when its slot is due."""

    replay_id: str
    alert_id: str
    owner: str
    with_: Replaying
    item: Item | None = None

    def run(self) -> None:
        desk, began = self.with_.desk, time.monotonic()
        self.item = again.claim(self.replay_id, self.alert_id, self.owner, desk)
        if self.item is None:
            self._let_go(desk.replays.item(self.replay_id, self.alert_id))
            return
        if not again.is_cancelled(self.item, desk):
            with kept(self._renew, every_seconds=desk.lease_seconds / 3):
                again.run(self.item, desk)
        self._release(self.item, took_seconds=time.monotonic() - began)

    def settle(self, error: Exception) -> Pause:
        item, desk = self.item, self.with_.desk
        if item is None:
            return None
        if is_retryable(error) and item.attempts < desk.max_attempts:
            again.try_later(item, desk, reason=reason_of(error))
            until = datetime.now(UTC) + timedelta(seconds=pause_seconds(item.attempts))
            self.with_.feeder.postpone(item, until)
        else:
            again.give_up(item, desk, reason=reason_of(error))
            self._release(item, took_seconds=0.0)
        return None

    def _let_go(self, item: Item | None) -> None:
        """A message that came twice: the slot of what is finished is free."""
        if item and item.state.is_final:
            self._release(item, took_seconds=0.0)

    def _release(self, item: Item, *, took_seconds: float) -> None:
        now = datetime.now(UTC)
        rests = RESTS if self.with_.past_alerts.arrived_since(now - LIVE) else 0.0
        self.with_.feeder.release(item, now, next_at=now + timedelta(seconds=rests * took_seconds))

    def _renew(self) -> None:
        if self.item:
            again.renew(self.item, self.with_.desk)
