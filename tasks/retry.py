"""When to try again: one table for every task."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from billiard.exceptions import SoftTimeLimitExceeded

from worker.errors import DeliveryError, InvestigationError, SpikeTraceError

FIRST_PAUSE_SECONDS = 2.0
# Far below the visibility timeout: a message that waits longer than that would be handed out twice.
LONGEST_PAUSE_SECONDS = 60.0

log = structlog.get_logger(__name__)


def is_retryable(error: BaseException) -> bool:
    """Our own errors say so themselves; running out of time may be the engine's bad day; a bug stays a bug."""
    if isinstance(error, InvestigationError | DeliveryError):
        return error.retryable
    return isinstance(error, SoftTimeLimitExceeded)


def reason_of(error: BaseException) -> str:
    """A sentence for people. The text of an error that is not ours may hold anything, so only its type is told."""
    if isinstance(error, SpikeTraceError):
        return error.reason
    if isinstance(error, SoftTimeLimitExceeded):
        return "it took longer than SPIKETRACE_TASK_TIME_LIMIT_SECONDS allows"
    return f"an unexpected {type(error).__name__}; the worker's log has the traceback"


def pause_seconds(attempt: int, *, asked_seconds: float | None = None) -> float:
    """How long to wait after that attempt (1, 2, …): doubled each time, half of it by chance.

    Chance keeps alerts that failed together from coming back together. What a vendor asked for is respected.
    """
    longest = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** (attempt - 1))
    drawn = longest * random.uniform(0.5, 1.0)  # noqa: S311
    return clamp_pause(max(drawn, asked_seconds or 0.0))


def clamp_pause(seconds: float) -> float:
    return min(max(seconds, 1.0), LONGEST_PAUSE_SECONDS)


@contextmanager
def left_to_the_next_run(task_name: str) -> Iterator[None]:
    """For the clock's tasks: they come again in seconds, so a failure is told and not retried."""
    try:
        yield
    except SpikeTraceError as error:
        log.warning("left to the next run", task=task_name, reason=error.reason)
