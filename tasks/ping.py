"""How a worker process is called, and whether it answers."""

from __future__ import annotations

import socket

from celery import Celery
from kombu.exceptions import OperationalError


def node_name(pid: int) -> str:
    """The name by which a worker of this host answers; two processes never share one."""
    return f"spiketrace-{pid}@{socket.gethostname()}"


def worker_answers(app: Celery, pid: int, *, timeout_seconds: float = 0.5) -> bool:
    """Whether the worker of that process on this host takes messages."""
    try:
        return bool(app.control.ping(destination=[node_name(pid)], timeout=timeout_seconds))
    except (OperationalError, *app.connection_for_read().recoverable_connection_errors):
        return False
