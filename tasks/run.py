"""Starts a worker."""

from __future__ import annotations

import gc
import os
import sys
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from celery.signals import worker_process_init, worker_process_shutdown, worker_shutdown

from tasks.app import create_app
from tasks.ping import node_name
from tasks.queue import CeleryQueue
from worker.assembly import open_desk
from worker.bootstrap import connect
from worker.settings import Settings
from worker.tracing import start_tracing, stop_tracing

# Objects made until Python looks for cycles among them. An answer of the engine is tens of thousands, which live for a
# moment and hold no cycles: looking through them every 700 takes a fifth of an investigation.
OBJECTS_BETWEEN_COLLECTIONS = 50_000

TASK_MODULES = [
    "tasks.retention",
    "tasks.investigate",
    "tasks.deliver",
    "tasks.narrate",
    "tasks.ask",
    "tasks.sweep",
    "tasks.intake",
    "tasks.index_intake",
    "tasks.missed_alerts",
    "tasks.replay",
    "tasks.feed_replays",
]

log = structlog.get_logger(__name__)


def run_worker(settings: Settings) -> None:
    """Consume every queue until told to stop; SIGTERM lets running tasks end. Raises ConfigurationError."""
    app = create_app(settings)
    app.conf.include = TASK_MODULES
    # Opened to see whether all settings fit; each process of the pool opens its own.
    open_desk(settings, CeleryQueue(settings, app=app), connect(settings))
    # Each process of the pool exports for itself: threads do not outlive a fork.
    worker_process_init.connect(partial(_begin_tracing, settings), weak=False)
    worker_process_shutdown.connect(_end_tracing)
    worker_shutdown.connect(_say_goodbye)
    _silence_stdout()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    app.worker_main(
        [
            "--quiet",
            "worker",
            f"--hostname={node_name(os.getpid())}",
            f"--concurrency={settings.worker_concurrency}",
            # Workers need not know each other: whoever is free takes the next message.
            "--without-gossip",
            "--without-mingle",
            "--without-heartbeat",
        ]
    )


def _begin_tracing(settings: Settings, **_: Any) -> None:
    start_tracing(settings, process="worker")


def _end_tracing(**_: Any) -> None:
    stop_tracing()


def _silence_stdout() -> None:
    """Celery says there that it stops, in words for a terminal; whoever collects both streams expects JSON."""
    if not sys.stdout.isatty():
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())


def _say_goodbye(**_: Any) -> None:
    log.info("the worker has ended what it had begun, and stops", action="worker-stopped")
