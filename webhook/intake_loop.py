"""Takes in what the inbox holds, off the answers' path: woken by every commit, and now and then by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from webhook import metrics
from worker.errors import EvidenceUnavailable, QueueUnavailable

IDLE_SECONDS = 1.0
# In a storm the alerts of this long are written together, and answering has the processor in between.
GATHERING_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 5.0

log = structlog.get_logger(__name__)


class IntakeLoop:
    """Calls `take_in` in a thread for as long as it finds something. `take_in` gives the number it took."""

    def __init__(self, take_in: Callable[[], int]) -> None:
        self._take_in = take_in
        self._woken = asyncio.Event()
        self._stopping = False

    def wake(self) -> None:
        self._woken.set()

    def stop(self) -> None:
        """After the round that is under way."""
        self._stopping = True
        self._woken.set()

    async def run(self) -> None:
        pause_seconds = IDLE_SECONDS
        while not self._stopping:
            self._woken.clear()
            taken = await self._round()
            if taken is None:
                await asyncio.sleep(pause_seconds)
                pause_seconds = min(pause_seconds * 2, LONGEST_PAUSE_SECONDS)
                continue
            pause_seconds = IDLE_SECONDS
            if not taken:
                await self._wait()
            await asyncio.sleep(GATHERING_SECONDS)

    async def _round(self) -> int | None:
        try:
            taken = await asyncio.to_thread(self._take_in)
        except (EvidenceUnavailable, QueueUnavailable) as error:
            metrics.INTAKE_FAILURES.inc()
            log.warning("the intake broke off and will go on later", reason=error.reason)
            return None
        metrics.TAKEN_IN.inc(taken)
        return taken

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                await self._woken.wait()
        except TimeoutError:
            return
