"""Requests that are out at the same time are one round trip."""

from __future__ import annotations

import pytest

from benchmarks.investigation import Trips


@pytest.mark.parametrize(
    ("out", "seconds"),
    [
        ([], []),
        ([(1.0, 3.0)], [2.0]),
        ([(1.0, 3.0), (4.0, 5.0)], [2.0, 1.0]),
        ([(2.0, 5.0), (1.0, 3.0)], [4.0]),
        ([(1.0, 6.0), (2.0, 3.0), (5.0, 7.0), (8.0, 9.0)], [6.0, 1.0]),
    ],
)
def test_requests_that_are_out_together_are_one_trip(out: list[tuple[float, float]], seconds: list[float]) -> None:
    assert Trips(out).seconds == seconds
