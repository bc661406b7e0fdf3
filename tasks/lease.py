"""Keeps a claim alive while its task runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from worker.errors import SpikeTraceError

log = structlog.get_logger(__name__)


@contextmanager
def kept(renew: Callable[[], None], *, every_seconds: float) -> Iterator[None]:
    """Calls `renew` at that interval until the block ends. It ends with its process, and so does the lease."""
    done = threading.Event()
    thread = threading.Thread(target=_keep, args=(renew, every_seconds, done), name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _keep(renew: Callable[[], None], every_seconds: float, done: threading.Event) -> None:
    while not done.wait(every_seconds):
        try:
            renew()
        except SpikeTraceError as error:
            # It outlives two renewals that fail; after that the alert is another worker's.
            log.warning("the lease could not be renewed", action="lease-not-renewed", reason=error.reason)
