"""A question on its way to a worker, and what is told of it meanwhile."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from pydantic import AwareDatetime, BaseModel, ConfigDict

LONGEST_QUESTION = 1_000
LONGEST_ZONE = 64


class Asked(BaseModel):
    """`zone` is the clock that the question's times are of; `asked_at` is the asker's now."""

    model_config = ConfigDict(frozen=True)

    question_id: str
    question: str
    zone: str
    asked_at: AwareDatetime


class Waiting(NamedTuple):
    """A question that has no answer yet; `is_taken`: a worker has begun with it."""

    asked: Asked
    is_taken: bool


class Told(NamedTuple):
    """Something that happened to a question. `answer` and `failed` are the last.

    `understood` and `step` hold `{"text"}` (a step its `kind` as well), `answer` the whole Answer as JSON has it,
    `failed` `{"kind", "reason"}`. `taken` is told by the worker that begins, with the time as `at`.
    """

    name: Literal["taken", "understood", "step", "answer", "failed"]
    data: dict[str, Any]

    @property
    def is_last(self) -> bool:
        return self.name in ("answer", "failed")


# Why there is no answer: `refused` by what was asked, `unavailable` for now, `lost` with its worker, `late` with no
# worker or no answer in time, `error` by a mistake of ours.
Failure = Literal["refused", "unavailable", "lost", "late", "error"]


def failed(kind: Failure, reason: str) -> Told:
    return Told("failed", {"kind": kind, "reason": reason})
