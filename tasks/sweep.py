"""The clock's task that looks for work nobody does."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from celery import shared_task

from tasks.app import SWEEP
from tasks.desk import desk_of
from tasks.retry import left_to_the_next_run
from worker.announcing import sweep_routes
from worker.delivery.configured import SHIPPED
from worker.settle import sweep_ended
from worker.sweep import (
    sweep_alerts,
    sweep_deliveries,
    sweep_narratives,
    sweep_over,
    sweep_quiet,
    sweep_recoveries,
)


@shared_task(name=SWEEP, bind=True)
def sweep(task: Any) -> None:
    desk, now = desk_of(task.app), datetime.now(UTC)
    incidents, life = desk.incidents, desk.incidents.policy.incidents
    with left_to_the_next_run(SWEEP):
        sweep_alerts(desk.alerts, desk.queue, now=now)
        sweep_deliveries(incidents, desk.queue, dict.fromkeys([*SHIPPED, *desk.post.destinations]), now=now)
        # Read once for all three: whatever is changed is looked at again in the changing.
        still_open = incidents.open_ones()
        sweep_recoveries(desk.alerts, incidents, still_open, now=now, life=life)
        sweep_quiet(incidents, still_open, now=now, life=life)
        sweep_routes(incidents, still_open)
        if desk.narrator:
            sweep_narratives(desk.narrator, desk.queue)
        if desk.measure:
            sweep_ended(incidents, desk.reports, desk.measure, now=now)
        sweep_over(incidents, now=now, life=life, settles=desk.measure is not None)
        desk.tally.seen("sweep")
