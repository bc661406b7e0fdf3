"""The clock's task that takes in what Kibana's index connector wrote."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from tasks.app import INDEX_INTAKE
from tasks.desk import desk_of, turns_of
from tasks.retry import left_to_the_next_run
from worker.intake import take_in_batches


@shared_task(name=INDEX_INTAKE, bind=True)
def index_intake(task: Any) -> None:
    desk = desk_of(task.app)
    with left_to_the_next_run(INDEX_INTAKE):
        take_in_batches(
            desk.inbox_index, desk.alerts, desk.dead_letters, desk.queue, tally=desk.tally, turns=turns_of(task.app)
        )
