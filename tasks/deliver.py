"""The task that tells one destination of one incident.

Retries are Celery's, up to a minute apart; what has to wait for longer is put off on its receipt and enqueued by the
sweep, since a message that rests in a worker for longer than the visibility timeout would be handed out twice.
"""

from __future__ import annotations

import time
from typing import Any

from celery import shared_task

from tasks.app import DELIVER
from tasks.desk import desk_of
from tasks.rests import Rests
from tasks.retry import (
    LONGEST_PAUSE_SECONDS,
    Pause,
    delivery_pause_seconds,
    guarded,
    is_retryable,
    pause_seconds,
    reason_of,
)
from worker import deliveries
from worker.errors import DeliveryError
from worker.run import Desk, give_up_delivery
from worker.tracing import HEADER, span

RESTS = Rests()


@shared_task(name=DELIVER, bind=True, max_retries=None)
def deliver(task: Any, incident_id: str, report_id: str, destination: str) -> None:
    desk, began_at, came_from = desk_of(task.app), time.monotonic(), task.request.get(HEADER)
    # Celery sends a message of its own for the next attempt.
    same_trace = {"headers": {HEADER: came_from}} if came_from else {}
    if rest := RESTS.left(destination):
        raise task.retry(countdown=rest, **same_trace)

    def settle(error: Exception) -> Pause:
        if not is_retryable(error):
            give_up_delivery(incident_id, report_id, destination, desk, reason=reason_of(error))
            return None
        if isinstance(error, DeliveryError):
            RESTS.begin(destination, took_seconds=time.monotonic() - began_at, asked_seconds=error.retry_after_seconds)
            return _pause(error, incident_id, destination, desk)
        return pause_seconds(task.request.retries + 1)

    def work() -> None:
        about = {"incident_id": incident_id, "report_id": report_id, "destination": destination}
        with span("deliver", parent=came_from, kind="consumer", **about):
            deliveries.deliver(incident_id, report_id, destination, desk.post)

    pause = guarded(work, settle, incident_id=incident_id, destination=destination)
    if pause is not None:
        raise task.retry(countdown=pause, **same_trace)


def _pause(error: DeliveryError, incident_id: str, destination: str, desk: Desk) -> Pause:
    """None where the sweep is to take it up, later than a message may wait."""
    attempts = deliveries.attempts(incident_id, destination, desk.post)
    seconds = delivery_pause_seconds(attempts, asked_seconds=error.retry_after_seconds)
    if seconds <= LONGEST_PAUSE_SECONDS:
        return seconds
    deliveries.put_off(incident_id, destination, desk.post, seconds=seconds)
    return None
