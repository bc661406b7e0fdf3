"""The intake beside the answers: woken, patient, and not to be ended by a failure."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from webhook import intake_loop
from webhook.intake_loop import IntakeLoop
from worker.errors import EvidenceUnavailable, QueueUnavailable

FOREVER = 3_600.0


@asynccontextmanager
async def _running(loop: IntakeLoop) -> AsyncIterator[None]:
    task = asyncio.create_task(loop.run())
    yield
    loop.stop()
    await asyncio.wait_for(task, 5)


class Rounds:
    """Answers each round as scripted, then with nothing to do."""

    def __init__(self, *script: int | Exception) -> None:
        self._script = list(script)
        self.done = threading.Semaphore(0)
        self.limits: list[int] = []

    def __call__(self, limit: int) -> int:
        self.limits.append(limit)
        self.done.release()
        step = self._script.pop(0) if self._script else 0
        if isinstance(step, Exception):
            raise step
        return step

    async def reach(self, count: int) -> None:
        for _ in range(count):
            assert await asyncio.to_thread(self.done.acquire, timeout=5)


@pytest.fixture(autouse=True)
def _no_gathering(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake_loop, "GATHERING_SECONDS", 0)


async def test_it_goes_on_while_it_finds_something_and_then_waits_to_be_woken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(intake_loop, "IDLE_SECONDS", FOREVER)
    rounds = Rounds(500, 500, 3, 0)
    loop = IntakeLoop(rounds)
    async with _running(loop):
        await rounds.reach(4)
        assert not rounds.done.acquire(blocking=False)
        loop.wake()
        await rounds.reach(1)


async def test_it_looks_by_itself_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake_loop, "IDLE_SECONDS", 0.01)
    rounds = Rounds()
    async with _running(IntakeLoop(rounds)):
        await rounds.reach(3)


@pytest.mark.parametrize(
    "failure",
    [
        lambda: EvidenceUnavailable("away", retryable=True),
        lambda: EvidenceUnavailable("forbidden", retryable=False),
        lambda: QueueUnavailable("away"),
        lambda: ZeroDivisionError("nobody foresaw this"),
    ],
)
async def test_no_failure_ends_it(failure: Callable[[], Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake_loop, "IDLE_SECONDS", 0.01)
    monkeypatch.setattr(intake_loop, "LONGEST_PAUSE_SECONDS", 0.02)
    rounds = Rounds(failure(), failure(), failure(), 7)
    async with _running(IntakeLoop(rounds)):
        await rounds.reach(5)


async def test_told_to_stop_it_ends_after_the_round_under_way() -> None:
    has_begun, may_end, rounds_ended = threading.Event(), threading.Event(), []

    def long_round(_: int) -> int:
        has_begun.set()
        may_end.wait(5)
        rounds_ended.append(True)
        return 1

    loop = IntakeLoop(long_round)
    task = asyncio.create_task(loop.run())
    assert await asyncio.to_thread(has_begun.wait, 5)
    loop.stop()
    may_end.set()
    await asyncio.wait_for(task, 5)
    assert rounds_ended == [True]


async def test_told_to_stop_it_does_not_sit_out_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake_loop, "IDLE_SECONDS", FOREVER)
    rounds = Rounds(QueueUnavailable("away"))
    async with _running(IntakeLoop(rounds)):
        await rounds.reach(1)


async def test_in_a_flood_it_leaves_the_processor_to_the_answers_until_it_is_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(intake_loop, "GATHERING_SECONDS", 0.02)
    monkeypatch.setattr(intake_loop, "LONGEST_PAUSE_SECONDS", FOREVER)
    monkeypatch.setattr(intake_loop, "RESTS", 1e9)
    rounds = Rounds(*[500] * 100)
    loop = IntakeLoop(rounds)

    async def flood() -> None:
        while True:
            loop.wake(1_000)
            await asyncio.sleep(0.001)

    async with _running(loop):
        flooding = asyncio.create_task(flood())
        await rounds.reach(1)
        # Ten times as long as it would have gathered otherwise.
        assert not await asyncio.to_thread(rounds.done.acquire, timeout=0.2)
        flooding.cancel()


async def test_many_that_come_bit_by_bit_are_no_flood(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake_loop, "GATHERING_SECONDS", 0.02)
    monkeypatch.setattr(intake_loop, "LONGEST_PAUSE_SECONDS", FOREVER)
    monkeypatch.setattr(intake_loop, "RESTS", 1e9)
    rounds = Rounds(*[500] * 5)
    loop = IntakeLoop(rounds)
    async with _running(loop):
        for _ in range(5):
            loop.wake(5)
            await rounds.reach(1)


async def test_after_a_flood_began_few_are_taken_at_once_and_after_it_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake_loop, "GATHERING_SECONDS", 0.02)
    monkeypatch.setattr(intake_loop, "FLOOD_PER_SECOND", 0)
    monkeypatch.setattr(intake_loop, "RESTS", 0.0)
    rounds = Rounds(*[5] * 4)
    loop = IntakeLoop(rounds)

    async def stream() -> None:
        while True:
            loop.wake()
            await asyncio.sleep(0.001)

    async with _running(loop):
        streaming = asyncio.create_task(stream())
        await rounds.reach(2)
        streaming.cancel()
        await rounds.reach(2)
    assert rounds.limits[:2] == [intake_loop.BATCH, intake_loop.BATCH_IN_FLOOD]
    assert rounds.limits[3] == intake_loop.BATCH
