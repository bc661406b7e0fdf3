"""Questions in plain words, answered in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from interop.telling import Told

TellStep = Callable[[str], Awaitable[None]]


class Answered(Told):
    """`text` is Markdown and cites evidence; `answer` is the whole answer as `spiketrace ask --json` prints it."""

    text: str
    answer: dict[str, Any]


class Answers(Protocol):
    def __call__(self, question: str, tell: Callable[[str], None]) -> Answered:
        """Told of each step as it is taken. Raises RequestRefused, EvidenceUnavailable."""


@dataclass(frozen=True)
class Questions:
    answers: Answers
    # A question reads much: two at once are enough beside everything else.
    room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))

    async def ask(self, question: str, tell: TellStep) -> Answered:
        """Steps are told in their order, the last of them before the answer is given."""
        loop, steps = asyncio.get_running_loop(), asyncio.Queue[str | None]()

        def put(step: str | None) -> None:
            loop.call_soon_threadsafe(steps.put_nowait, step)

        def answer() -> Answered:
            try:
                return self.answers(question, put)
            finally:
                put(None)

        async with self.room:
            answering = asyncio.create_task(asyncio.to_thread(answer))
            while (step := await steps.get()) is not None:
                await tell(step)
            return await answering
