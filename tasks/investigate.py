"""The task that investigates one alert."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from celery import shared_task

from tasks.app import INVESTIGATE
from tasks.desk import desk_of
from tasks.lease import kept
from tasks.retry import Pause, clamp_pause, guarded, is_retryable, pause_seconds, reason_of
from worker.counts import INVESTIGATIONS, Counted
from worker.ports import AlertRecord
from worker.run import Desk, Held, claim, complete, give_up, renew
from worker.tracing import span


# The lease's owner is the task's id, which a message keeps when it is handed out again and when it is retried.
@shared_task(name=INVESTIGATE, bind=True, max_retries=None)
def investigate(task: Any, alert_id: str) -> None:
    attempt = Attempt(alert_id, task.request.id, desk_of(task.app), number=task.request.retries + 1)
    pause = guarded(attempt.run, attempt.settle, alert_id=alert_id)
    if pause is not None:
        raise task.retry(countdown=pause)


@dataclass
class Attempt:
    """One run of the task. Until the alert is claimed, `number` counts messages; from then on it counts claims."""

    alert_id: str
    owner: str
    desk: Desk
    number: int
    record: AlertRecord | None = None

    def run(self) -> None:
        self.record = claim(self.alert_id, self.owner, self.desk)
        if self.record:
            self.number = self.record.attempts
            about: dict[str, str | float] = {"alert_id": self.alert_id, "attempt": self.number}
            with (
                span("investigate alert", parent=self.record.traceparent, kind="consumer", **about),
                kept(self._renew, every_seconds=self.desk.lease_seconds / 3),
            ):
                complete(self.record, self.desk)

    def settle(self, error: Exception) -> Pause:
        if isinstance(error, Held):
            return clamp_pause(error.seconds)
        if is_retryable(error) and self.number < self.desk.max_attempts:
            return self._retry()
        # An alert that could not be claimed for want of its store is not given up: the sweep will find it.
        if self.record or not is_retryable(error):
            alert = self.record.alert if self.record else None
            give_up(self.alert_id, self.desk, reason=reason_of(error), alert=alert)
        return None

    def _retry(self) -> Pause:
        self.desk.tally.add([Counted(INVESTIGATIONS, ("retried",))])
        pause = pause_seconds(self.number)
        if self.record:
            renew(self.alert_id, self.owner, self.desk, pause_seconds=pause)
        return pause

    def _renew(self) -> None:
        renew(self.alert_id, self.owner, self.desk)
