"""The intake in a process of its own.

As a thread of the webhook it would hold the interpreter for a third of the time at a few hundred alerts a second, and
where the machine is busy it would be put to sleep with it, while every answer waits.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from tasks.queue import CeleryQueue
from worker.bootstrap import Stores, connect
from worker.errors import QueueUnavailable
from worker.intake import take_in
from worker.logs import configure_logging
from worker.ports import Queue
from worker.settings import Settings
from worker.store.alerts import ElasticAlertStore
from worker.store.dead_letters import ElasticDeadLetterStore

TIMEOUT_SECONDS = 10.0
NO_WARNING = "ignore:resource_tracker:UserWarning"

TakeIn = Callable[[int], int]


def intake(stores: Stores, queue: Queue) -> TakeIn:
    """Takes in as many as it is told, at most; gives their number. Raises EvidenceUnavailable or QueueUnavailable."""
    client = stores.client.options(request_timeout=TIMEOUT_SECONDS, max_retries=0)
    alerts, letters = ElasticAlertStore(client), ElasticDeadLetterStore(client)
    return lambda most: take_in(stores.inbox, alerts, letters, queue, limit=most, tally=stores.tally)


class IntakeProcess:
    """A `TakeIn` that another process does. It is started when it is first needed, and again when it was killed."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pool = self._new_pool()

    def __call__(self, most: int) -> int:
        """Raises what the intake does, and QueueUnavailable where its process ended: its entries come again."""
        try:
            return self._pool.submit(_take_in, most).result()
        except BrokenProcessPool as error:
            self._pool = self._new_pool()
            raise QueueUnavailable("the intake's process ended, and is started again") from error

    def close(self) -> None:
        """When the round that is under way has ended."""
        self._pool.shutdown()

    def _new_pool(self) -> ProcessPoolExecutor:
        # After a kill, multiprocessing's own helper would tell of it in the log, in a line that is no JSON.
        if NO_WARNING not in sys.warnoptions:
            sys.warnoptions.append(NO_WARNING)
        # Not forked: the webhook has threads and connections.
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(1, mp_context=context, initializer=_open, initargs=(self._settings,))


class _Opened:
    """Of the intake's process."""

    take_in: TakeIn


def _open(settings: Settings) -> None:
    # Whoever interrupts the webhook from a terminal interrupts both; the webhook ends this one when it is done.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    configure_logging(settings.log_level, process="webhook", secrets=settings.secret_values())
    _Opened.take_in = intake(connect(settings), CeleryQueue(settings))


def _end_with_parent() -> None:
    """A webhook that was killed cannot end it. Every step may be repeated, so it may end anywhere."""
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(0)


def _take_in(most: int) -> int:
    return _Opened.take_in(most)
