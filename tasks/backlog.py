"""What waits in the queues, and for how long."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import NamedTuple

from tasks.app import QUEUES, SENT_AT
from worker.settings import Settings
from worker.store.broker import broker_errors, connect_broker

# Where kombu keeps what was handed out and not acknowledged.
UNACKNOWLEDGED = "unacked"
SOCKET_TIMEOUT_SECONDS = 1.0


class Waiting(NamedTuple):
    """`oldest_seconds` is since the oldest message was sent; 0 where none waits."""

    messages: int
    oldest_seconds: float


class Backlog(NamedTuple):
    """By queue what waits for a worker; `unacknowledged` is what workers have in hand."""

    queues: Mapping[str, Waiting]
    unacknowledged: int


class QueueBacklog:
    """Reads the broker beside Celery, since a message must not be taken to be looked at."""

    def __init__(self, settings: Settings) -> None:
        self._client = connect_broker(settings.broker_url, seconds=SOCKET_TIMEOUT_SECONDS)

    def read(self) -> Backlog:
        """Raises QueueUnavailable."""
        with broker_errors("looking at the queues"), self._client.pipeline(transaction=False) as pipeline:
            for queue in QUEUES:
                pipeline.llen(queue)
                # Producers push at the head, workers pop at the tail.
                pipeline.lindex(queue, -1)
            pipeline.hlen(UNACKNOWLEDGED)
            *found, unacknowledged = pipeline.execute()
        lengths, oldest, now = found[::2], found[1::2], time.time()
        waiting = {
            queue: Waiting(length, _age(message, now))
            for queue, length, message in zip(QUEUES, lengths, oldest, strict=True)
        }
        return Backlog(waiting, unacknowledged)


def _age(message: str | None, now: float) -> float:
    """0 for a message of another release, which does not say."""
    if message is None:
        return 0.0
    sent_at = json.loads(message).get("headers", {}).get(SENT_AT)
    return max(0.0, now - sent_at) if isinstance(sent_at, int | float) else 0.0
