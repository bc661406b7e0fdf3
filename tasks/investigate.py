"""The task that investigates one alert."""

from __future__ import annotations

from typing import Any

import structlog
from celery import shared_task

from tasks.app import INVESTIGATE
from tasks.desk import desk_of
from tasks.lease import kept
from tasks.retry import clamp_pause, is_retryable, pause_seconds, reason_of
from worker.errors import SpikeTraceError
from worker.ports import AlertRecord
from worker.run import Desk, Held, claim, complete, give_up, renew

log = structlog.get_logger(__name__)


# The lease's owner is the task's id, which a message keeps when it is handed out again and when it is retried.
@shared_task(name=INVESTIGATE, bind=True, max_retries=None)
def investigate(task: Any, alert_id: str) -> None:
    pause = _attempt(alert_id, task.request.id, task.request.retries, desk_of(task.app))
    if pause is not None:
        raise task.retry(countdown=pause)


def _attempt(alert_id: str, owner: str, retries: int, desk: Desk) -> float | None:
    """None when the alert is settled, else the seconds after which to try again."""
    record = None
    try:
        record = claim(alert_id, owner, desk)
        if record:
            with kept(lambda: renew(alert_id, owner, desk), every_seconds=desk.lease_seconds / 3):
                complete(record, desk)
    except Held as held:
        return clamp_pause(held.seconds)
    # The one place of a worker process where everything is caught: it ends in a retry or in a dead letter.
    except Exception as error:
        log.warning("an attempt failed", alert_id=alert_id, reason=reason_of(error), exc_info=not is_retryable(error))
        return _settle(alert_id, owner, retries, record, error, desk)
    return None


def _settle(
    alert_id: str, owner: str, retries: int, record: AlertRecord | None, error: Exception, desk: Desk
) -> float | None:
    attempt = record.attempts if record else retries + 1
    try:
        if is_retryable(error) and attempt < desk.max_attempts:
            return _hold_for_retry(alert_id, owner, pause_seconds(attempt), desk)
        if record or not is_retryable(error):
            give_up(alert_id, desk, reason=reason_of(error), alert=record.alert if record else None)
    except SpikeTraceError as also:
        log.warning("left to the sweep: not even the failure could be written", alert_id=alert_id, reason=also.reason)
    return None


def _hold_for_retry(alert_id: str, owner: str, pause: float, desk: Desk) -> float:
    try:
        renew(alert_id, owner, desk, pause_seconds=pause)
    except SpikeTraceError as error:
        log.warning("the lease ends before the retry", alert_id=alert_id, reason=error.reason)
    return pause
