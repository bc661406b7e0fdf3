"""Starts the Celery processes: a worker, or the clock."""

from __future__ import annotations

import os
import socket

from tasks.app import create_app
from worker.settings import Settings


def node_name(pid: int) -> str:
    """The name by which a worker of this host answers; two processes never share one."""
    return f"spiketrace-{pid}@{socket.gethostname()}"


def run_worker(settings: Settings) -> None:
    """Consume every queue until told to stop; SIGTERM lets running tasks end."""
    app = create_app(settings)
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


def run_beat(settings: Settings) -> None:
    app = create_app(settings)
    app.Beat(quiet=True).run()


def worker_answers(settings: Settings, pid: int, *, timeout_seconds: float = 0.5) -> bool:
    """Whether the worker of that process on this host takes messages."""
    app = create_app(settings)
    try:
        return bool(app.control.ping(destination=[node_name(pid)], timeout=timeout_seconds))
    except app.connection_for_read().recoverable_connection_errors:
        return False
