"""Questions in plain words, answered in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from pydantic import Field

from interop.asking import Question
from interop.investigations import Counts
from interop.telling import Told, shown
from webhook.credentials import Caller
from worker.answering.answer import Answer, Tell, told
from worker.domain.redaction.redact import redact_values
from worker.errors import QueueUnavailable, RequestRefused
from worker.markdown import escape
from worker.store.rate_limit import Rate

TellStep = Callable[[str], Awaitable[None]]

# Sections of a report are longer than what else is shown.
LONGEST_SECTION = 2_000
NO_OFFER = "A ticket can be opened by a person: by the incident's page, or with `spiketrace ask`."
# Others may hold what an answer to them is not to hold: the offer, and queries that nobody here can send.
TOLD = ("question", "understood", "not_understood", "sections", "evidence", "charts", "incidents", "reports", "author")


class Answered(Told):
    """An answer: `text` is all of it, in Markdown."""

    is_understood: bool = Field(description="False: the text says what was not understood, and what may be asked")
    text: str = Field(description="The answer in Markdown, which cites its evidence as [e1]")
    answer: dict[str, Any] = Field(description="The same as data: how it was taken, sections, evidence, charts")


@dataclass(frozen=True)
class Questions:
    """`answering` is opened when the first question comes, since it loads all that an investigation needs."""

    open_answering: Callable[[], Callable[..., Answer]]
    counts: Counts
    per_minute: int
    clock: Callable[[], datetime]
    # A question reads much: two at once are enough beside everything else.
    room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))

    async def ask(self, asked: Question, caller: Caller, tell: TellStep) -> Answered:
        """Steps are told in their order, before the answer is given. Raises RequestRefused, EvidenceUnavailable."""
        await self._admit(caller.display_name)
        loop, steps = asyncio.get_running_loop(), asyncio.Queue[str | None]()

        def put(step: str | None) -> None:
            loop.call_soon_threadsafe(steps.put_nowait, step)

        def answer() -> Answer:
            try:
                return self._answer(asked, lambda step: put(step.text))
            finally:
                put(None)

        async with self.room:
            answering = asyncio.create_task(asyncio.to_thread(answer))
            while (step := await steps.get()) is not None:
                await tell(str(shown(step)))
            return answered(await answering)

    async def _admit(self, who: str) -> None:
        try:
            wait = await self.counts.take(Rate("questions", self.per_minute, 60), who)
        except QueueUnavailable:
            # By HTTP nobody came in without being counted; whoever started this process is not kept from reading.
            return
        if wait is not None:
            raise RequestRefused(f"{self.per_minute} questions a minute with one credential: come back in {wait:.0f} s")

    @cached_property
    def _answering(self) -> Callable[..., Answer]:
        return self.open_answering()

    def _answer(self, asked: Question, tell: Tell) -> Answer:
        return self._answering(asked.question, zone=asked.timezone, now=self.clock(), tell=tell)


def answered(answer: Answer) -> Answered:
    """Without the offer of a ticket: no model is to say yes to it."""
    text = answer.text
    if answer.offer:
        text = text.replace(escape(answer.offer.sentence), escape(NO_OFFER))
    document = told(answer)
    kept = {name: document[name] for name in TOLD}
    # Line by line, since each text is shown on one.
    kept["sections"] = {
        name: str(text).splitlines() if isinstance(text, str) else text for name, text in document["sections"].items()
    }
    kept["evidence"] = [
        {name: item[name] for name in ("id", "title", "index", "window", "link")} for item in document["evidence"]
    ]
    return Answered(
        is_understood=answer.understood.topic is not None,
        text=redact_values(text),
        answer=shown(kept, longest=LONGEST_SECTION),
    )
