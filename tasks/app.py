"""Celery's configuration: which queues there are, what is handed out again, what runs by the clock."""

from __future__ import annotations

import time
from typing import Any

from celery import Celery
from celery.signals import before_task_publish, setup_logging
from kombu.utils.scheduling import round_robin_cycle

from tasks.broker import broker_configuration, sentinel_transport_options
from worker.broker_url import BrokerAddress
from worker.settings import Settings
from worker.tracing import HEADER, traceparent

LIVE = "live"
# What need not be first: further alerts of a scope, and what is beyond a share (`tasks.shares`).
FURTHER = "further"
DELIVERIES = "deliveries"
QUESTIONS = "questions"
NARRATIVES = "narratives"
REPLAY = "replay"
MAINTENANCE = "maintenance"
# Looked into when nothing else waits, in this order.
LAST = (FURTHER, NARRATIVES, REPLAY)
# Of so many looks one begins with the further alerts: where Elasticsearch is slow the clock's tasks alone can keep a
# worker busy, and what was accepted is to have an end.
LOOKS_FOR_FURTHER = 5
QUEUES = (MAINTENANCE, LIVE, DELIVERIES, QUESTIONS, FURTHER, NARRATIVES, REPLAY)

RETENTION = "spiketrace.retention"
INVESTIGATE = "spiketrace.investigate"
DELIVER = "spiketrace.deliver"
NARRATE = "spiketrace.narrate"
ASK = "spiketrace.ask"
SWEEP = "spiketrace.sweep"
INTAKE = "spiketrace.intake"
INDEX_INTAKE = "spiketrace.index_intake"
MISSED_ALERTS = "spiketrace.missed_alerts"
REPLAY_ALERT = "spiketrace.replay"
FEED_REPLAYS = "spiketrace.feed_replays"

INTAKE_INTERVAL_SECONDS = 2.0
FEED_INTERVAL_SECONDS = 2.0
# What a task may still do after the soft limit: write down why it stopped.
SOFT_LIMIT_MARGIN_SECONDS = 10
# Below the lease of a receipt (`worker.receipts.LEASE`), however the clocks of two machines differ.
LONGEST_DELIVERY_SECONDS = 55
SOCKET_TIMEOUT_SECONDS = 5.0
HOUR_SECONDS = 3600.0
SENT_AT = "spiketrace_sent_at"


class SpikeTraceApp(Celery):
    """A Celery app that knows the settings it was made from."""

    settings: Settings


class ReplayLast(round_robin_cycle):
    """The order in which a free worker looks into the queues.

    All but the last three take turns, so neither a storm of alerts nor a slow vendor holds the others up for
    longer than one task, nor does a question wait behind a storm, and the clock's tasks, of which at most one of each
    kind is ever waiting, cost live alerts next to nothing. `further`, where a storm waits behind the first alert of
    each of its scopes, is looked into when none of those waits, and first now and then; then `narratives`, which wait
    for a model, and `replay`, which can hold thousands, when nothing else does.
    """

    def __init__(self, it: list[str] | None = None) -> None:
        super().__init__(it)  # type: ignore[no-untyped-call]
        self._looks = 0

    def consume(self, n: int) -> list[str]:
        self._looks += 1
        order = sorted(self.items[:n], key=lambda queue: LAST.index(queue) if queue in LAST else -1)
        if self._looks % LOOKS_FOR_FURTHER == 0 and FURTHER in order:
            order.insert(0, order.pop(order.index(FURTHER)))
        return order


def create_app(settings: Settings) -> SpikeTraceApp:
    """The app of one process. It knows tasks by their names; only a worker loads them (`tasks.run`)."""
    address = settings.broker
    app = SpikeTraceApp("spiketrace", set_as_current=True)
    app.settings = settings
    app.Task.Request = "tasks.acknowledging:ReleasingRequest"
    app.conf.update(
        **_messages(),
        **_delivery_guarantees(settings),
        **broker_configuration(address),
        **_connection(settings, address),
        beat_schedule=_beat_schedule(settings) | _retention_schedule(),
        # Nearly everything is due every few seconds: there is nothing worth remembering across a restart of beat.
        beat_scheduler="tasks.clock:OneOfAKind",
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
    )
    return app


def _messages() -> dict[str, Any]:
    return {
        "accept_content": ["json"],
        "task_serializer": "json",
        "task_ignore_result": True,
        "result_backend": None,
        "result_expires": None,
        "enable_utc": True,
        "timezone": "UTC",
        "task_queues": {name: {"exchange": name, "routing_key": name} for name in QUEUES},
        "task_default_queue": MAINTENANCE,
        "task_create_missing_queues": False,
        "task_routes": {
            RETENTION: {"queue": MAINTENANCE},
            INVESTIGATE: {"queue": LIVE},
            DELIVER: {"queue": DELIVERIES},
            NARRATE: {"queue": NARRATIVES},
            ASK: {"queue": QUESTIONS},
            SWEEP: {"queue": MAINTENANCE},
            INTAKE: {"queue": MAINTENANCE},
            INDEX_INTAKE: {"queue": MAINTENANCE},
            MISSED_ALERTS: {"queue": MAINTENANCE},
            REPLAY_ALERT: {"queue": REPLAY},
            FEED_REPLAYS: {"queue": MAINTENANCE},
        },
    }


def _delivery_guarantees(settings: Settings) -> dict[str, Any]:
    """A message is gone when its task has ended, not when it began; whoever takes it twice finds it done."""
    return {
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "worker_prefetch_multiplier": 1,
        "task_time_limit": settings.task_time_limit_seconds,
        "task_soft_time_limit": max(1, settings.task_time_limit_seconds - SOFT_LIMIT_MARGIN_SECONDS),
        "task_annotations": {DELIVER: _delivery_limits(settings)},
        # A task that outlives its connection still finishes and is harmless when handed out again.
        "worker_cancel_long_running_tasks_on_connection_loss": False,
    }


def _delivery_limits(settings: Settings) -> dict[str, Any]:
    """No attempt outlives its lease, so that two never call a vendor for the same thing at once."""
    hard = min(settings.task_time_limit_seconds, LONGEST_DELIVERY_SECONDS)
    return {"time_limit": hard, "soft_time_limit": max(1, hard - SOFT_LIMIT_MARGIN_SECONDS)}


def _connection(settings: Settings, address: BrokerAddress) -> dict[str, Any]:
    return {
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_transport_options": {
            "visibility_timeout": settings.visibility_timeout_seconds,
            "queue_order_strategy": "tasks.app:ReplayLast",
            "socket_timeout": SOCKET_TIMEOUT_SECONDS,
            "socket_connect_timeout": SOCKET_TIMEOUT_SECONDS,
            "socket_keepalive": True,
            "health_check_interval": 10,
            **sentinel_transport_options(address),
        },
        # Whoever enqueues is told soon: one more try for a connection that the broker closed meanwhile.
        "task_publish_retry_policy": {"max_retries": 1, "interval_start": 0, "interval_max": 0.2},
    }


def _beat_schedule(settings: Settings) -> dict[str, Any]:
    """Of each kind one waits at most (`tasks.clock.OneOfAKind`), so none expires and all come to their turn."""
    intervals = {
        SWEEP: settings.sweep_interval_seconds,
        INTAKE: INTAKE_INTERVAL_SECONDS,
        FEED_REPLAYS: FEED_INTERVAL_SECONDS,
    }
    if settings.index_intake:
        intervals[INDEX_INTAKE] = settings.index_intake_interval_seconds
    if settings.missed_alerts:
        intervals[MISSED_ALERTS] = settings.missed_alerts_interval_seconds
    return {name: {"task": name, "schedule": seconds} for name, seconds in intervals.items()}


def _retention_schedule() -> dict[str, Any]:
    """By the hour, since a beat that restarts every night would never come to a day's end."""
    return {RETENTION: {"task": RETENTION, "schedule": HOUR_SECONDS}}


@setup_logging.connect
def _keep_our_logging(**_: Any) -> None:
    """With a receiver here, Celery leaves logging as the command set it up."""


@before_task_publish.connect
def _stamp(headers: dict[str, Any], **_: Any) -> None:
    """Celery's messages do not say by themselves when they were sent, and for what."""
    headers[SENT_AT] = time.time()
    if present := traceparent():
        headers[HEADER] = present
