"""What the tasks of one process work with."""

from __future__ import annotations

from functools import cache

from tasks.app import SpikeTraceApp
from tasks.queue import CeleryQueue
from worker.assembly import open_desk
from worker.run import Desk


@cache
def desk_of(app: SpikeTraceApp) -> Desk:
    """Made when the first task of a process asks for it, so after the fork: connections are not inherited."""
    return open_desk(app.settings, CeleryQueue(app.settings, app=app))
