"""One question from the queue to its answer, told step by step to whoever waits for it.

    asked ─▶ (a turn with the model, where there is one) ─▶ taken ─▶ understood, steps ─▶ answer, or why there is none

A model is used for one thing at a time in each worker, narratives among them, so that its other processes are free
for alerts. A question waits for its turn on the queue, not in a process, and not for long.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from worker.answering.answer import Answer, Step, Tell, Understood, told
from worker.domain.asked import Asked, Failure, Told, failed
from worker.domain.redaction.redact import redact_values
from worker.errors import EvidenceUnavailable, RequestRefused, SpikeTraceError

TURN_PAUSE_SECONDS = 1.0
HOLD_MARGIN_SECONDS = 30.0
BUSY = "the model was busy with another text; ask again for its words"
LOST = "the worker that was at it is gone: ask again"

log = structlog.get_logger(__name__)


class Questions(Protocol):
    """Where questions wait, and where what happens to them is told."""

    def find(self, question_id: str) -> Asked | None: ...

    def take(self, question_id: str, *, at: datetime) -> bool: ...

    def tell(self, question_id: str, told: Told) -> bool: ...


class Holds(Protocol):
    def hold(self, name: str, *, seconds: float) -> bool: ...

    def release(self, name: str) -> None: ...


class Answers(Protocol):
    """An Answering (`worker.answering.answering`)."""

    def __call__(self, question: str, *, zone: str, now: datetime, tell: Tell) -> Answer: ...


class NobodyWaits(SpikeTraceError):
    """Whoever asked is gone: what would be answered is read by nobody."""


@dataclass(frozen=True)
class Turns:
    """Who uses the model: at most for `seconds`, and one at a time in each worker.

    A question waits for its turn for `longest_wait`; then it is answered by `otherwise`, which asks no model.
    """

    holds: Holds
    seconds: float
    longest_wait: timedelta
    otherwise: Answers

    def begin(self, worker: str) -> bool:
        return self.holds.hold(_of(worker), seconds=self.seconds + HOLD_MARGIN_SECONDS)

    def end(self, worker: str) -> None:
        self.holds.release(_of(worker))


def _of(worker: str) -> str:
    """The name that a narrative goes by as well (`worker.agent.narrator`)."""
    return f"worker:{worker}"


@dataclass(frozen=True)
class QuestionDesk:
    """`turns` is None where no model is asked."""

    answering: Answers
    questions: Questions
    clock: Callable[[], datetime]
    turns: Turns | None = None


def answer(question_id: str, desk: QuestionDesk, *, worker: str) -> float | None:
    """Answers it, or says after how many seconds to try again because the model is in use."""
    asked = desk.questions.find(question_id)
    if asked is None:
        return None
    if desk.turns is None:
        _run(asked, desk, desk.answering)
        return None
    if desk.turns.begin(worker):
        try:
            _run(asked, desk, desk.answering)
        finally:
            desk.turns.end(worker)
        return None
    if desk.clock() - asked.asked_at < desk.turns.longest_wait:
        return TURN_PAUSE_SECONDS
    _run(asked, desk, desk.turns.otherwise)
    return None


def busy(_: str, __: Understood, draft: Answer) -> Answer:
    """In a model's place."""
    return replace(draft, reason=BUSY)


def _run(asked: Asked, desk: QuestionDesk, answering: Answers) -> None:
    """A message that is handed out again was held by a worker that is gone; what ended it may end the next one, too."""
    question_id = asked.question_id
    if not desk.questions.take(question_id, at=desk.clock()):
        desk.questions.tell(question_id, failed("lost", LOST))
        return
    try:
        found = answering(asked.question, zone=asked.zone, now=asked.asked_at, tell=_teller(question_id, desk))
    except NobodyWaits as gone:
        log.info("not answered", question_id=question_id, reason=gone.reason)
    except (RequestRefused, EvidenceUnavailable) as error:
        kind: Failure = "refused" if isinstance(error, RequestRefused) else "unavailable"
        desk.questions.tell(question_id, failed(kind, error.reason))
    else:
        desk.questions.tell(question_id, Told("answer", redact_values(told(found))))


def give_up(question_id: str, desk: QuestionDesk, *, reason: str) -> None:
    desk.questions.tell(question_id, failed("error", reason))


def _teller(question_id: str, desk: QuestionDesk) -> Tell:
    def tell(step: Step) -> None:
        told = Told("understood", {"text": step.text})
        if step.kind != "understood":
            told = Told("step", {"kind": step.kind, "text": step.text})
        if not desk.questions.tell(question_id, told):
            raise NobodyWaits("whoever asked is gone")

    return tell
