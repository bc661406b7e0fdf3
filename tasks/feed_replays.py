"""The clock's task that keeps replays going: a few alerts on the queue at a time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from celery import shared_task

from tasks.app import FEED_REPLAYS
from tasks.desk import replaying_of
from tasks.retry import left_to_the_next_run


@shared_task(name=FEED_REPLAYS, bind=True)
def feed_replays(task: Any) -> None:
    with left_to_the_next_run(FEED_REPLAYS):
        replaying_of(task.app).feeder.feed(datetime.now(UTC))
