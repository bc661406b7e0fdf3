"""The clock's task that looks for what Kibana should have told us and did not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from celery import shared_task

from tasks.app import MISSED_ALERTS
from tasks.desk import desk_of
from tasks.retry import left_to_the_next_run
from worker.missed import Patience, end_recovered, take_in_missed


@shared_task(name=MISSED_ALERTS, bind=True)
def missed_alerts(task: Any) -> None:
    desk, settings = desk_of(task.app), task.app.settings
    patience = Patience(
        now=datetime.now(UTC),
        grace=timedelta(seconds=settings.missed_alerts_grace_seconds),
        kept=timedelta(days=settings.retention_days),
    )
    with left_to_the_next_run(MISSED_ALERTS):
        take_in_missed(desk.kibana_alerts, desk.alerts, desk.dead_letters, desk.queue, patience, tally=desk.tally)
        end_recovered(desk.kibana_alerts, desk.alerts, patience)
