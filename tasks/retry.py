"""What a failure leads to: one table and one way for every task."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache

import structlog
from billiard.exceptions import SoftTimeLimitExceeded

from worker.errors import DeliveryError, InvestigationError, SpikeTraceError, unexpected

FIRST_PAUSE_SECONDS = 2.0
# Far below the visibility timeout: a message that waits longer than that would be handed out twice.
LONGEST_PAUSE_SECONDS = 60.0
LONGEST_DELIVERY_PAUSE_SECONDS = 3600.0

log = structlog.get_logger(__name__)

# The seconds after which to try again; None when there is nothing left to do.
Pause = float | None


def guarded(work: Callable[[], None], settle: Callable[[Exception], Pause], **about: str) -> Pause:
    """Runs `work`; on failure, what `settle` makes of it. `about` says in the log what was worked on.

    If the failure cannot even be written down, the record stays as it was, and the sweep finds it when it can.
    """
    try:
        work()
    # Where everything of a task is caught: it ends in a retry or in a dead letter.
    except Exception as error:
        log.warning(
            "an attempt failed", action="attempt-failed", reason=reason_of(error), exc_info=not is_ours(error), **about
        )
        try:
            return settle(error)
        except SpikeTraceError as also:
            log.warning(
                "left to the sweep: the failure could not be written down",
                action="left-to-sweep",
                reason=also.reason,
                **about,
            )
    return None


def is_retryable(error: Exception) -> bool:
    """Our own errors say so themselves; running out of time may be the engine's bad day; a bug stays a bug."""
    if isinstance(error, InvestigationError | DeliveryError):
        return error.retryable
    return isinstance(error, SoftTimeLimitExceeded)


def is_ours(error: Exception) -> bool:
    return isinstance(error, SpikeTraceError | SoftTimeLimitExceeded)


def reason_of(error: Exception) -> str:
    """A sentence for people. The text of an error that is not ours may hold anything, so only its type is told."""
    if isinstance(error, SpikeTraceError):
        return error.reason
    if isinstance(error, SoftTimeLimitExceeded):
        return "it took longer than SPIKETRACE_TASK_TIME_LIMIT_SECONDS allows"
    return unexpected(error)


def pause_seconds(attempt: int, *, asked_seconds: float | None = None) -> float:
    """How long to wait after that attempt (1, 2, …): doubled each time, up to half of it left to chance.

    Chance keeps alerts that failed together from coming back together. What a vendor asked for is respected.
    """
    longest = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** (attempt - 1))
    drawn = longest * random.uniform(0.5, 1.0)  # noqa: S311
    return clamp_pause(max(drawn, asked_seconds or 0.0))


def delivery_pause_seconds(attempt: int, *, asked_seconds: float | None = None) -> float:
    """The same, doubled for up to an hour: so a vendor that was down for half of one is told all the same."""
    longest = min(LONGEST_DELIVERY_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** (max(attempt, 1) - 1))
    drawn = longest * random.uniform(0.5, 1.0)  # noqa: S311
    return max(drawn, asked_seconds or 0.0, 1.0)


def clamp_pause(seconds: float) -> float:
    return min(max(seconds, 1.0), LONGEST_PAUSE_SECONDS)


@contextmanager
def left_to_the_next_run(task_name: str) -> Iterator[None]:
    """For the clock's tasks: they come again in seconds, so a failure is told and not retried.

    One that stays until a person does something is told once an hour: `spiketrace doctor` names it at any time.
    """
    try:
        yield
    except SpikeTraceError as error:
        if isinstance(error, InvestigationError) and not error.retryable:
            _tell_once(task_name, error.reason, hour=int(time.monotonic() // 3600))
        else:
            _tell(task_name, error.reason)


@lru_cache(maxsize=128)
def _tell_once(task_name: str, reason: str, *, hour: int) -> None:  # noqa: ARG001 - the cache tells hours apart by it
    _tell(task_name, reason)


def _tell(task_name: str, reason: str) -> None:
    log.warning("left to the next run", action="left-to-next-run", task=task_name, reason=reason)
