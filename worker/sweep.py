"""Finds recorded alerts that nobody works on, and puts them on the queue again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

import structlog

from worker.ports import AlertStore, Queue

# An alert takes this long, at most, from the queue into a worker's hands when no other waits before it.
GRACE = timedelta(seconds=10)
# Waiting longer than that is not believed even of a long queue.
OVERDUE = timedelta(minutes=15)
MOST_AT_ONCE = 200

log = structlog.get_logger(__name__)


class MeasuredQueue(Queue, Protocol):
    def waiting_live(self) -> int: ...


def sweep_alerts(alerts: AlertStore, queue: MeasuredQueue, *, now: datetime) -> int:
    """How many were enqueued again.

    While live alerts wait for a worker, one that is queued is taken to be among them: a storm is not made
    longer by repeating it. An alert whose lease has ended lost its worker and is enqueued again in any case.
    Each is first marked as queued anew, so the next sweep leaves it alone.
    """
    patience = OVERDUE if queue.waiting_live() else GRACE
    stranded = alerts.stranded(now=now, queued_before=now - patience, limit=MOST_AT_ONCE)
    again = alerts.requeue(stranded, at=now)
    queue.investigate(again)
    if again:
        log.warning("enqueued again", alerts=len(again), first=again[0])
    return len(again)
