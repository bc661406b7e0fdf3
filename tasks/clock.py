"""Starts the clock, which enqueues by name and so loads no task and no investigation."""

from __future__ import annotations

import json
import time
from typing import Any

from celery.beat import ScheduleEntry, Scheduler
from kombu.messaging import Producer

from tasks.app import MAINTENANCE, create_app
from worker.settings import Settings
from worker.store.tally import SEEN_KEY


class OneOfAKind(Scheduler):
    """Sends what is due, unless one of its kind still waits for a worker.

    So a worker that was away finds one of each kind, not hundreds, and none of them needs to expire. Messages that
    expire would pile up while live alerts keep all workers busy: each turn of their queue finds an old one and throws
    it away, and the sweep would not run until the storm is over.
    """

    def tick(self, *args: Any, **kwargs: Any) -> Any:
        """The seconds to the next. A clock that was set back would else send nothing until it is as late again."""
        now = self.app.now()
        if any(entry.last_run_at > now for entry in self.schedule.values()):
            for entry in self.schedule.values():
                entry.last_run_at = now
            self.populate_heap()
        return super().tick(*args, **kwargs)

    def apply_async(
        self, entry: ScheduleEntry, producer: Producer | None = None, advance: bool = True, **options: Any
    ) -> Any:
        producer = producer or self.producer
        # For whoever asks whether the clock runs.
        producer.channel.client.hset(SEEN_KEY, "beat", time.time())
        if entry.task in waiting_kinds(producer):
            return None
        return super().apply_async(entry, producer=producer, advance=advance, **options)


def waiting_kinds(producer: Producer) -> set[str]:
    """The names of the tasks that wait in `maintenance`, of which there are a handful."""
    messages = producer.channel.client.lrange(MAINTENANCE, 0, -1)
    return {json.loads(message)["headers"]["task"] for message in messages}


def run_beat(settings: Settings) -> None:
    create_app(settings).Beat(quiet=True).run()
