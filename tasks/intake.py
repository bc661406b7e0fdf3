"""The clock's task that takes accepted alerts out of the inbox."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from tasks.app import INTAKE
from tasks.desk import desk_of, turns_of
from tasks.retry import left_to_the_next_run
from worker.intake import take_in


@shared_task(name=INTAKE, bind=True)
def intake(task: Any) -> None:
    desk = desk_of(task.app)
    with left_to_the_next_run(INTAKE):
        take_in(desk.inbox, desk.alerts, desk.dead_letters, desk.queue, tally=desk.tally, turns=turns_of(task.app))
