"""Takes in what the inbox holds, off the answers' path: woken by every commit, and now and then by itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

import structlog

from webhook import metrics
from worker.errors import EvidenceUnavailable, QueueUnavailable

IDLE_SECONDS = 1.0
# In a storm the alerts of this long are written together, and answering has the processor in between.
GATHERING_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 5.0
# In a flood answering goes before: what is safe can wait, its sender cannot. Of the time that this many alerts a second
# keep coming, one part in twenty is the intake's. What is left lying is taken in by workers meanwhile, and afterwards.
FLOOD_PER_SECOND = 1_000
RESTS = 19.0
# Many together cost each less; few together keep answers waiting for less.
BATCH, BATCH_IN_FLOOD = 500, 100

log = structlog.get_logger(__name__)


class IntakeLoop:
    """Calls `take_in` in a thread for as long as it finds something.

    `take_in` is told how many to take at most, and gives the number it took.
    """

    def __init__(self, take_in: Callable[[int], int]) -> None:
        self._take_in = take_in
        self._woken = asyncio.Event()
        self._stopping = asyncio.Event()
        self._arrived = 0
        self._batch = BATCH

    def wake(self, arrived: int = 1) -> None:
        """So many have arrived."""
        self._arrived += arrived
        self._woken.set()

    def stop(self) -> None:
        """After the round that is under way."""
        self._stopping.set()
        self._woken.set()

    async def run(self) -> None:
        pause_seconds = IDLE_SECONDS
        while not self._stopping.is_set():
            self._woken.clear()
            began = time.monotonic()
            taken = await self._round()
            took_seconds = time.monotonic() - began
            if taken is None:
                await _wait(self._stopping, pause_seconds)
                pause_seconds = min(pause_seconds * 2, LONGEST_PAUSE_SECONDS)
                continue
            pause_seconds = IDLE_SECONDS
            if not taken and not self._stopping.is_set():
                await _wait(self._woken, IDLE_SECONDS)
            await self._gather(took_seconds)

    async def _gather(self, took_seconds: float) -> None:
        """Until the next round, the last of which took so long."""
        self._arrived, began = 0, time.monotonic()
        await asyncio.sleep(GATHERING_SECONDS)
        is_flood = self._arrived > FLOOD_PER_SECOND * (time.monotonic() - began)
        self._batch = BATCH_IN_FLOOD if is_flood else BATCH
        if is_flood:
            await _wait(self._stopping, min(RESTS * took_seconds, LONGEST_PAUSE_SECONDS))

    async def _round(self) -> int | None:
        try:
            taken = await asyncio.to_thread(self._take_in, self._batch)
        except (EvidenceUnavailable, QueueUnavailable) as error:
            metrics.INTAKE_FAILURES.inc()
            log.warning("the intake broke off and will go on later", action="intake-broke-off", reason=error.reason)
            return None
        except Exception:
            # Alerts are answered by this process too: what nobody foresaw here must not end that, nor the intake.
            metrics.INTAKE_FAILURES.inc()
            log.exception("the intake failed and will go on later", action="intake-failed")
            return None
        metrics.TAKEN_IN.inc(taken)
        return taken


async def _wait(event: asyncio.Event, timeout_seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout_seconds):
            await event.wait()
