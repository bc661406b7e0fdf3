"""The task that answers one question. How long somebody waits for it, the webhook decides."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from tasks.app import ASK
from tasks.desk import questions_of
from tasks.retry import Pause, guarded, reason_of
from worker.asking import answer, give_up


@shared_task(name=ASK, bind=True, max_retries=None)
def ask(task: Any, question_id: str) -> None:
    desk, pauses = questions_of(task.app), list[Pause]()

    def settle(error: Exception) -> None:
        give_up(question_id, desk, reason=reason_of(error))

    guarded(
        lambda: pauses.append(answer(question_id, desk, worker=task.request.hostname)), settle, question_id=question_id
    )
    if pauses and pauses[0] is not None:
        raise task.retry(countdown=pauses[0])
