"""The clock's task that deletes what is older than it needs to be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from celery import shared_task

from tasks.app import RETENTION, SpikeTraceApp
from tasks.retry import left_to_the_next_run
from worker.elastic import connect_elasticsearch
from worker.store.retention import delete_older


@shared_task(name=RETENTION, bind=True)
def retention(task: Any) -> None:
    app: SpikeTraceApp = task.app
    before = datetime.now(UTC) - timedelta(days=app.settings.retention_days)
    with left_to_the_next_run(RETENTION), connect_elasticsearch(app.settings) as client:
        delete_older(client, before=before)
