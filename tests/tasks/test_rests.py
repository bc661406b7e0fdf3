"""A destination that hangs, or asks for patience, delays no other."""

from __future__ import annotations

import pytest

from tasks.rests import REST_SECONDS, SLOW_SECONDS, Rests
from tasks.retry import LONGEST_DELIVERY_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, delivery_pause_seconds


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("took", "asked", "seconds"),
    [
        (0.1, None, 0.0), (SLOW_SECONDS, None, REST_SECONDS), (0.1, 7.0, 7.0), (SLOW_SECONDS, 7.0, REST_SECONDS),
        (0.1, 600.0, LONGEST_PAUSE_SECONDS),
    ],
)  # fmt: skip
def test_how_long_it_is_left_alone(took: float, asked: float | None, seconds: float) -> None:
    rests = Rests(clock := Clock())
    rests.begin("jira", took_seconds=took, asked_seconds=asked)
    assert (rests.left("jira"), rests.left("slack")) == (seconds, 0.0)
    clock.now += seconds
    assert rests.left("jira") == 0.0


def test_a_quick_failure_does_not_end_a_rest() -> None:
    rests = Rests(Clock())
    rests.begin("jira", took_seconds=SLOW_SECONDS, asked_seconds=None)
    rests.begin("jira", took_seconds=0.1, asked_seconds=None)
    assert rests.left("jira") == REST_SECONDS


def test_pauses_double_up_to_an_hour_and_keep_the_vendors_wish() -> None:
    pauses = [delivery_pause_seconds(attempt) for attempt in range(1, 20)]
    assert all(2.0**attempt / 2 <= pause <= 2.0**attempt for attempt, pause in enumerate(pauses[:11], start=1))
    assert max(pauses) <= LONGEST_DELIVERY_PAUSE_SECONDS
    assert delivery_pause_seconds(1, asked_seconds=1800.0) == 1800.0
    assert delivery_pause_seconds(0) >= 1.0
