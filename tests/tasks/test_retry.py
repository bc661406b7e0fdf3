from __future__ import annotations

import threading
import time

import pytest
from billiard.exceptions import SoftTimeLimitExceeded
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from tasks.lease import kept
from tasks.retry import (
    LONGEST_PAUSE_SECONDS,
    guarded,
    is_retryable,
    left_to_the_next_run,
    pause_seconds,
    reason_of,
)
from worker.errors import (
    BudgetExceeded,
    DeliveryError,
    EvidenceUnavailable,
    InvalidAlert,
    QueueUnavailable,
    SpikeTraceError,
)
from worker.settings import Settings

SECRET = "hunter2"


@pytest.mark.parametrize(
    ("error", "retryable"),
    [
        (EvidenceUnavailable("", retryable=True), True),
        (EvidenceUnavailable("", retryable=False), False),
        (BudgetExceeded("", retryable=False), False),
        (DeliveryError("", destination="slack", retryable=True), True),
        (DeliveryError("", destination="slack", retryable=False), False),
        (SoftTimeLimitExceeded(), True),
        (InvalidAlert(""), False),
        (QueueUnavailable(""), False),
        (ConnectionError(SECRET), False),
        (KeyError(SECRET), False),
    ],
)
def test_only_what_says_so_is_tried_again_and_no_reason_tells_a_secret(error: Exception, retryable: bool) -> None:
    assert is_retryable(error) is retryable
    assert SECRET not in reason_of(error)


@given(st.integers(1, 50), st.none() | st.floats(0, 1e6))
def test_a_pause_is_never_longer_than_a_message_may_wait(attempt: int, asked: float | None) -> None:
    pause = pause_seconds(attempt, asked_seconds=asked)
    assert 1 <= pause <= LONGEST_PAUSE_SECONDS < Settings().visibility_timeout_seconds
    assert asked is None or pause >= min(asked, LONGEST_PAUSE_SECONDS)


def test_pauses_grow_and_differ() -> None:
    first, third = ([pause_seconds(attempt) for _ in range(50)] for attempt in (1, 3))
    assert max(first) <= 2
    assert min(third) >= 4
    assert len(set(first)) > 25


def test_what_cannot_even_be_written_down_is_left_to_the_sweep() -> None:
    def work() -> None:
        raise EvidenceUnavailable("no engine", retryable=False)

    def settle(error: Exception) -> None:
        raise EvidenceUnavailable("still no engine", retryable=True) from error

    with capture_logs() as logs:
        assert guarded(work, settle, alert_id="a1") is None
    assert [entry["reason"] for entry in logs] == ["no engine", "still no engine"]
    assert {entry["alert_id"] for entry in logs} == {"a1"}


def test_a_lease_is_renewed_until_the_work_ends_even_after_a_failure() -> None:
    renewals = threading.Semaphore(0)

    def renew() -> None:
        renewals.release()
        raise EvidenceUnavailable("for a moment", retryable=True)

    with kept(renew, every_seconds=0.01):
        for _ in range(3):
            assert renewals.acquire(timeout=5)
    while renewals.acquire(blocking=False):
        pass
    time.sleep(0.05)
    assert not renewals.acquire(blocking=False)


@pytest.mark.parametrize(
    ("error", "times"),
    [
        (EvidenceUnavailable("away", retryable=True), 3),
        (QueueUnavailable("away"), 3),
        (EvidenceUnavailable("no privilege", retryable=False), 1),
    ],
)
def test_what_stays_until_a_person_does_something_is_said_once(error: SpikeTraceError, times: int) -> None:
    with capture_logs() as logs:
        for _ in range(3):
            with left_to_the_next_run("a task"):
                raise error
    assert [entry["reason"] for entry in logs] == [error.reason] * times
