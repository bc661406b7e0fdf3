"""What may be enqueued. Enqueuing needs a task's name only, so no task module is loaded for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from celery import Celery
from kombu.exceptions import BatchPublishError, OperationalError
from kombu.messaging import Producer
from redis.exceptions import RedisError

from tasks.app import (
    ASK,
    DELIVER,
    DELIVERIES,
    FURTHER,
    INVESTIGATE,
    LIVE,
    NARRATE,
    NARRATIVES,
    REPLAY,
    REPLAY_ALERT,
    SOCKET_TIMEOUT_SECONDS,
    create_app,
)
from tasks.shares import Shares
from worker.domain.alert import Alert
from worker.errors import QueueUnavailable
from worker.settings import Settings
from worker.store.broker import broker_errors, connect_broker

# An intake's batch; what is more is sent in as many pieces.
MOST_TOGETHER = 500


class CeleryQueue:
    """Fulfils `worker.ports.Queue` and `worker.replay.ports.ReplayQueue`.

    Raises QueueUnavailable within seconds when the broker is away.
    """

    def __init__(self, settings: Settings, *, app: Celery | None = None) -> None:
        self._app = app or create_app(settings)
        # Beside Celery's, which takes seconds to find out that there is no broker.
        self._broker = connect_broker(settings.broker_url, seconds=SOCKET_TIMEOUT_SECONDS)
        self._shares = Shares(self._broker, settings.rule_alerts_per_minute, settings.space_alerts_per_minute)

    def investigate(self, alert_ids: Sequence[str], *, of: Sequence[Alert] = ()) -> None:
        """Enqueue all in few round trips; after QueueUnavailable some may be enqueued, which does no harm."""
        with broker_errors("counting alerts"):
            is_first = self._shares.take(of) if of else [not self._broker.llen(FURTHER)] * len(alert_ids)
        messages = [(one, LIVE if first else FURTHER) for one, first in zip(alert_ids, is_first, strict=True)]
        with self._producer() as producer:
            # The first by itself, since that connects, and again where the broker has closed the connection meanwhile.
            for alert_id, queue in messages[:1]:
                self._send_alert(alert_id, queue, producer)
            # Each by itself would wait for the broker's disk. In between, another connection would be another batch.
            with producer.batch(max_size=MOST_TOGETHER):  # type: ignore[no-untyped-call]
                for alert_id, queue in messages[1:]:
                    self._send_alert(alert_id, queue, producer, retry=False)

    def _send_alert(self, alert_id: str, queue: str, producer: Producer, **options: Any) -> None:
        self._app.send_task(INVESTIGATE, args=(alert_id,), queue=queue, producer=producer, **options)

    def deliver(self, incident_id: str, report_id: str, destination: str) -> None:
        with self._producer() as producer:
            self._app.send_task(DELIVER, args=(incident_id, report_id, destination), producer=producer)

    def narrate(self, report_id: str) -> None:
        with self._producer() as producer:
            self._app.send_task(NARRATE, args=(report_id,), producer=producer)

    def ask(self, question_id: str) -> None:
        with self._producer() as producer:
            self._app.send_task(ASK, args=(question_id,), producer=producer)

    def replay(self, replay_id: str, alert_id: str, *, in_seconds: float = 0.0) -> None:
        with self._producer() as producer:
            later = {"countdown": in_seconds} if in_seconds > 0 else {}
            self._app.send_task(REPLAY_ALERT, args=(replay_id, alert_id), producer=producer, **later)

    def _waiting(self, queue: str) -> int:
        """How many messages wait there for a worker; those that a worker holds already are not counted."""
        with self._producer() as producer:
            return int(producer.channel.client.llen(queue))

    def waiting_alerts(self) -> int:
        return self._waiting(LIVE) + self._waiting(FURTHER)

    def waiting_deliveries(self) -> int:
        return self._waiting(DELIVERIES)

    def waiting_narratives(self) -> int:
        return self._waiting(NARRATIVES)

    def waiting_replays(self) -> int:
        return self._waiting(REPLAY)

    @contextmanager
    def _producer(self) -> Iterator[Producer]:
        try:
            with self._app.producer_or_acquire() as producer:
                yield producer
        except (
            OperationalError,
            BatchPublishError,
            RedisError,
            *self._app.connection_for_write().recoverable_connection_errors,
        ) as error:
            raise QueueUnavailable(f"the broker did not answer: {error}") from error
