"""What is told of one question, as it comes, and within a bounded time: a client never waits for nobody."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from worker.domain.asked import Asked, Told, failed

KEEP_ALIVE_SECONDS = 10.0
BEGINNING = "0-1"


class Desk(Protocol):
    """Where questions wait for a worker (`worker.store.questions.RedisQuestionDesk`)."""

    async def ask(self, asked: Asked) -> None: ...

    async def find(self, question_id: str) -> tuple[Asked, list[Told]] | None: ...

    async def read(self, question_id: str, *, after: str, seconds: float) -> list[tuple[str, Told]]: ...

    async def withdraw(self, question_id: str, told: Told) -> bool: ...

    async def forget(self, question_id: str) -> None: ...


@dataclass(frozen=True)
class Patience:
    """Seconds until a worker has to begin, and from then on until there has to be an answer."""

    begin_seconds: float
    answer_seconds: float

    def nobody_began(self) -> Told:
        reason = (
            f"no worker began with the question within {self.begin_seconds:g} s: either none runs (start "
            "`spiketrace worker`), or all are busy; then ask again"
        )
        return failed("late", reason)

    def nobody_ended(self) -> Told:
        reason = f"the worker did not answer within {self.answer_seconds:g} s: ask again, about a shorter time or less"
        return failed("late", reason)


@dataclass(frozen=True)
class Feed:
    desk: Desk
    patience: Patience
    clock: Callable[[], float] = time.monotonic

    async def follow(self, question_id: str) -> AsyncIterator[Told | None]:
        """Everything that is told but `taken`; None where nothing was for a while. The last is an answer or why not."""
        after, is_taken, until = BEGINNING, False, self.clock() + self.patience.begin_seconds
        while True:
            if (left := until - self.clock()) > 0:
                rows = await self.desk.read(question_id, after=after, seconds=min(left, KEEP_ALIVE_SECONDS))
            elif is_taken or await self.desk.withdraw(question_id, self.patience.nobody_began()):
                yield self.patience.nobody_ended() if is_taken else self.patience.nobody_began()
                return
            else:
                # A worker has begun at the last moment.
                rows = await self.desk.read(question_id, after=after, seconds=KEEP_ALIVE_SECONDS)
            if not rows:
                yield None
                continue
            after = rows[-1][0]
            if any(told.name == "taken" for _, told in rows):
                is_taken, until = True, self.clock() + self.patience.answer_seconds
            for told in (told for _, told in rows if told.name != "taken"):
                yield told
                if told.is_last:
                    return

    async def state(self, question_id: str, now: datetime) -> tuple[Asked, list[Told]] | None:
        """All that was told so far; the last is an answer or why there is none, if the time for one is over."""
        found = await self.desk.find(question_id)
        if found is None:
            return None
        asked, told = found
        if told and told[-1].is_last:
            return asked, told
        taken = next((datetime.fromisoformat(one.data["at"]) for one in told if one.name == "taken"), None)
        if taken and (now - taken).total_seconds() > self.patience.answer_seconds:
            return asked, [*told, self.patience.nobody_ended()]
        is_late = taken is None and (now - asked.asked_at).total_seconds() > self.patience.begin_seconds
        if is_late and await self.desk.withdraw(question_id, self.patience.nobody_began()):
            return asked, [*told, self.patience.nobody_began()]
        return asked, told
