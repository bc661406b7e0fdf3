"""A question in plain words, answered from what is measured and what was found. Read this room first here.

    question ─▶ understood (a grammar, docs/questions.md) ─▶ a look at the engine for its topic ─▶ answer
                                                             └▶ (a model's words, checked; the template's otherwise)

Nothing is stored, sent or changed here: an answer may end with an offer, and `yes.py` does what it says.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from worker.answering.answer import Answer, Tell, Understood
from worker.domain.alert import Alert
from worker.domain.report import Report
from worker.policy import Policy

# (question, understood, the template's answer) → the answer to give. Never raises: whatever fails, or is over the
# budget, gives the template's answer with a `reason`.
ModelAnswer = Callable[[str, Understood, Answer], Answer]


@dataclass(frozen=True)
class Answering:
    """Answers questions with one engine and one profile. `worker.assembly.open_answering` wires it.

    `investigate` is an Investigator: for "why" where no report explains it, and nothing of it is stored. `configured`
    are the names of the destinations. `public_url` is where reports are read.
    """

    looks: Any
    reports: Any
    incidents: Any
    investigate: Callable[[Alert, str], Report]
    policy: Policy
    configured: Collection[str]
    public_url: str
    model_answer: ModelAnswer | None = None

    def __call__(self, question: str, *, zone: str, now: datetime, tell: Tell) -> Answer:
        """`zone` is the clock that "yesterday" and "14:30" are of (an IANA name, UTC or +02:00), `now` the asker's.

        What is not understood is said in the answer. Raises RequestRefused for an unknown zone, EvidenceUnavailable when
        the engine does not answer.
        """
        raise NotImplementedError
