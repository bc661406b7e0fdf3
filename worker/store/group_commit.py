"""Group commit: what arrives while one write is under way goes into the next, together."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from typing import Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class GroupCommit(Generic[Item, Answer]):
    """Calls `write` with up to `limit` items at a time, one call after the other.

    `write` answers each item, in order. What it raises, every item of that group raises. An item that has no answer
    within `seconds` raises TimeoutError, and is written all the same.
    """

    def __init__(
        self, write: Callable[[Sequence[Item]], Awaitable[Sequence[Answer]]], *, limit: int, seconds: float
    ) -> None:
        self._write = write
        self._limit = limit
        self._seconds = seconds
        self._waiting: deque[tuple[Item, asyncio.Future[Answer]]] = deque()
        self._unanswered: deque[tuple[float, asyncio.Future[Answer]]] = deque()
        self._writer: asyncio.Task[None] | None = None
        self._alarm: asyncio.TimerHandle | None = None

    async def commit(self, item: Item) -> Answer:
        """The answer to `item` once its group is written. Giving up waiting does not undo the write."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Answer] = loop.create_future()
        self._waiting.append((item, answer))
        self._unanswered.append((loop.time() + self._seconds, answer))
        if self._alarm is None:
            self._set_alarm(loop)
        if self._writer is None or self._writer.done():
            # In no caller's context: it writes for all of them, and would tell its trace of everybody.
            self._writer = loop.create_task(self._write_groups(), context=Context())
        return await answer

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    async def close(self) -> None:
        """Returns when everything that was handed in has its answer."""
        if self._writer:
            await self._writer
        if self._alarm:
            self._alarm.cancel()

    def _set_alarm(self, loop: asyncio.AbstractEventLoop) -> None:
        """One timer for all: one for each would cost more than its write."""
        self._alarm = loop.call_at(self._unanswered[0][0], self._give_up_late_ones, loop)

    def _give_up_late_ones(self, loop: asyncio.AbstractEventLoop) -> None:
        now, self._alarm = loop.time(), None
        while self._unanswered and (self._unanswered[0][1].done() or self._unanswered[0][0] <= now):
            _, answer = self._unanswered.popleft()
            if not answer.done():
                answer.set_exception(TimeoutError())
        if self._unanswered:
            self._set_alarm(loop)

    async def _write_groups(self) -> None:
        while self._waiting:
            group = [self._waiting.popleft() for _ in range(min(self._limit, len(self._waiting)))]
            await self._write_group(group)
            while self._unanswered and self._unanswered[0][1].done():
                self._unanswered.popleft()

    async def _write_group(self, group: Sequence[tuple[Item, asyncio.Future[Answer]]]) -> None:
        try:
            answers = await self._write([item for item, _ in group])
        except Exception as error:  # noqa: BLE001 - not swallowed: every waiting caller raises it
            for _, future in group:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), answer in zip(group, answers, strict=True):
            if not future.done():
                future.set_result(answer)
