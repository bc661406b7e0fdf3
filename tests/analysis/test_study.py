"""What is confirmed beside an alert: the alerted signal has the rule's word for it, others must be surer."""

from __future__ import annotations

import pytest

from tests.analysis.builders import CHECKOUT, a_deviation, a_reading, a_survey, last_minutes
from worker.analysis.study import confirmed_signals

WINDOW = last_minutes(10)


@pytest.mark.parametrize(
    ("z", "requests", "alerted", "is_confirmed"),
    [
        (5.1, 12, "carbon", False),
        (5.1, 12, "latency", True),
        (5.1, 400, "carbon", True),
        (9.0, 12, "carbon", True),
    ],
)
def test_few_requests_that_nobody_named_must_be_slower_to_be_slow(
    z: float, requests: float, alerted: str, is_confirmed: bool
) -> None:
    """At 12 requests 5.1 is chance's work: two and a half standard errors, and dozens of signals are looked at."""
    reading = a_reading(CHECKOUT, a_deviation("latency", z, 165.0, 125.0, requests))
    found = confirmed_signals(reading, alerted, a_survey({}), WINDOW)
    assert ("latency" in found) is is_confirmed
