"""The task that tells one destination of one incident."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from tasks.app import DELIVER
from tasks.desk import desk_of
from tasks.retry import Pause, guarded, is_retryable, pause_seconds, reason_of
from worker.deliveries import deliver as tell
from worker.errors import DeliveryError
from worker.run import give_up_delivery


@shared_task(name=DELIVER, bind=True, max_retries=None)
def deliver(task: Any, incident_id: str, report_id: str, destination: str) -> None:
    desk, number = desk_of(task.app), task.request.retries + 1

    def settle(error: Exception) -> Pause:
        if is_retryable(error) and number < desk.max_attempts:
            asked = error.retry_after_seconds if isinstance(error, DeliveryError) else None
            return pause_seconds(number, asked_seconds=asked)
        give_up_delivery(incident_id, report_id, destination, desk, reason=reason_of(error))
        return None

    pause = guarded(
        lambda: tell(incident_id, report_id, destination, desk.post),
        settle,
        incident_id=incident_id,
        destination=destination,
    )
    if pause is not None:
        raise task.retry(countdown=pause)
