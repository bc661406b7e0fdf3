"""The task that lets a model write of one stored report."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from tasks.app import NARRATE
from tasks.desk import desk_of
from tasks.retry import guarded, is_ours, reason_of
from worker.sweep import Narrates
from worker.tracing import HEADER, span


@shared_task(name=NARRATE, bind=True)
def narrate(task: Any, report_id: str) -> None:
    """Not retried: the client of the model did that within its seconds. What nobody ended, the sweep finds."""
    narrator = desk_of(task.app).narrator
    if narrator is None:
        return

    def settle(error: Exception) -> None:
        if not is_ours(error):
            narrator.give_up(report_id, reason=reason_of(error))

    guarded(lambda: _narrate(narrator, report_id, task.request), settle, report_id=report_id)


def _narrate(narrator: Narrates, report_id: str, request: Any) -> None:
    with span("narrate report", parent=request.get(HEADER), kind="consumer", report_id=report_id):
        narrator.narrate(report_id, worker=request.hostname)
