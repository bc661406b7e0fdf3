"""Destinations that a worker's process leaves alone for a while.

A vendor that hangs costs each attempt seconds in which the process could have done another destination's delivery or
an investigation. So one slow failure stands for all that would follow, and so does a vendor that asks for patience.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from tasks.retry import LONGEST_PAUSE_SECONDS

# A failure that took longer held others up.
SLOW_SECONDS = 2.0
REST_SECONDS = 45.0


class Rests:
    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: dict[str, float] = {}

    def begin(self, destination: str, *, took_seconds: float, asked_seconds: float | None) -> None:
        """After a failure that passes. A quick one without a wish is no reason to rest."""
        slow = REST_SECONDS if took_seconds >= SLOW_SECONDS else 0.0
        seconds = min(max(slow, asked_seconds or 0.0), LONGEST_PAUSE_SECONDS)
        self._until[destination] = max(self._until.get(destination, 0.0), self._clock() + seconds)

    def left(self, destination: str) -> float:
        """Seconds for which no attempt is to be made; 0 when there is no reason to wait."""
        return max(self._until.get(destination, 0.0) - self._clock(), 0.0)
