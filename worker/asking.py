"""One question from the queue to its answer, told step by step to whoever waits for it.

    asked ─▶ (this worker's turn) ─▶ taken ─▶ understood, steps ─▶ answer, or why there is none

A worker answers one question at a time, and not while it writes a narrative, so that its other processes are free for
alerts. A question waits for its turn on the queue, not in a process.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from worker.answering.answer import Answer, Step, Tell, Understood, told
from worker.domain.asked import Asked, Failure, Told, Waiting, failed
from worker.domain.redaction.redact import redact_values
from worker.errors import EvidenceUnavailable, RequestRefused, SpikeTraceError

TURN_PAUSE_SECONDS = 1.0
HOLD_MARGIN_SECONDS = 30.0
BUSY = "the model was busy with another text; ask again for its words"
LOST = "the worker that was at it is gone: ask again"

log = structlog.get_logger(__name__)


class Questions(Protocol):
    """Where questions wait, and where what happens to them is told."""

    def find(self, question_id: str) -> Waiting | None: ...

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
    """Who may answer: one at a time in each worker, held at most for `seconds`.

    Where a model is asked, a question waits for `longest_wait`; then it is answered by `otherwise`, which asks none.
    """

    holds: Holds
    seconds: float
    longest_wait: timedelta
    otherwise: Answers | None = None

    def begin(self, worker: str) -> bool:
        return self.holds.hold(_of(worker), seconds=self.seconds + HOLD_MARGIN_SECONDS)

    def end(self, worker: str) -> None:
        self.holds.release(_of(worker))


def _of(worker: str) -> str:
    """The name that a narrative goes by as well (`worker.agent.narrator`)."""
    return f"worker:{worker}"


@dataclass(frozen=True)
class QuestionDesk:
    answering: Answers
    questions: Questions
    turns: Turns
    clock: Callable[[], datetime]


def answer(question_id: str, desk: QuestionDesk, *, worker: str) -> float | None:
    """Answers it, or says after how many seconds to try again because it is another's turn."""
    waiting = desk.questions.find(question_id)
    if waiting is None:
        return None
    if waiting.is_taken:
        # A message that is handed out again was held by a worker that is gone; what ended it may end the next one, too.
        desk.questions.tell(question_id, failed("lost", LOST))
        return None
    asked, turns = waiting.asked, desk.turns
    if turns.begin(worker):
        try:
            _run(asked, desk, desk.answering)
        finally:
            turns.end(worker)
        return None
    if turns.otherwise is None or desk.clock() - asked.asked_at < turns.longest_wait:
        return TURN_PAUSE_SECONDS
    _run(asked, desk, turns.otherwise)
    return None


def busy(_: str, __: Understood, draft: Answer) -> Answer:
    """In a model's place."""
    return replace(draft, reason=BUSY)


def _run(asked: Asked, desk: QuestionDesk, answering: Answers) -> None:
    question_id = asked.question_id
    if not desk.questions.take(question_id, at=desk.clock()):
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
