"""A question's answer with a model's words in it, as far as evidence supports them.

    the template's answer ─▶ budget of the day ─▶ loop with tools ─▶ words ─▶ neutral, grounded ─▶ answer

Every word of the template stays, and so does its offer: nothing that a model says opens a ticket. On any failure the
template's answer is given, and says why it has no other words.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog
from pydantic import Field

from worker.agent.answer_grounds import grounds
from worker.agent.briefing import Json, listed, short_name, short_text, span_of, with_results
from worker.agent.budget import Meter, Prices
from worker.agent.draft import Read
from worker.agent.enrichment import Editor, Ground, LookedUp, cited_ids
from worker.agent.loop import Loop
from worker.agent.prompting import conversation
from worker.agent.tools.bounds import LONGEST, Bounds
from worker.agent.tools.toolbox import Toolbox
from worker.answering.answer import Answer, Understood
from worker.domain.conversation import Conversation
from worker.domain.lookup import NamesSeen
from worker.domain.redaction.redact import redact_values
from worker.domain.spending import Spending
from worker.domain.window import Window, iso, utc_now
from worker.domain.wording import cause_in_words
from worker.errors import (
    BudgetExceeded,
    ConfigurationError,
    InvestigationError,
    ModelUnavailable,
    QueueUnavailable,
    unexpected,
)
from worker.ports import LanguageModel, Lookup, ModelLedger

DAY = timedelta(days=1)
# What is asked of at once, however long the question's own time is.
MOST_AT_ONCE = timedelta(days=8)
MOST_NAMES = 60
MOST_LINES = 12

log = structlog.get_logger(__name__)


class Said(Read):
    """All that is read of a model's answer."""

    answer: str = Field(max_length=2_500)


class Looks(Lookup, Protocol):
    def names(self, window: Window) -> NamesSeen: ...


@dataclass(frozen=True)
class Answerer:
    """A ModelAnswer (`worker.answering.answering`). `worded` puts words into an answer; `limit` is of one answer.

    `now` is as of when it is asked: where no time was understood, the day before it is looked at.
    """

    model: Callable[[], LanguageModel]
    ground: Ground
    looks: Looks
    worded: Callable[[Answer, str], Answer]
    ledger: ModelLedger
    limit: Spending
    day_limit: Spending
    prices: Prices
    now: Callable[[], datetime] = utc_now
    clock: Callable[[], float] = time.monotonic

    def __call__(self, question: str, understood: Understood, draft: Answer) -> Answer:
        """Never raises."""
        try:
            day = self.ledger.reserve(self.limit, self.day_limit, now=utc_now())
        except (BudgetExceeded, QueueUnavailable) as error:
            with suppress(QueueUnavailable):
                self.ledger.count(outcome="failed", of="answers")
            return replace(draft, reason=error.reason)
        meter, outcome = Meter(self.limit, self.prices), "failed"
        try:
            answer = self._answer(question, understood, draft, meter)
            outcome = "done"
        except (InvestigationError, ConfigurationError) as error:
            log.warning("no words of a model", reason=error.reason)
            answer = replace(draft, reason=error.reason)
        except Exception as error:  # a fault of ours takes the model's words, and not the answer that stands without
            log.exception("no words of a model")
            answer = replace(draft, reason=unexpected(error, when=" when the model was asked"))
        finally:
            # What the calls took is paid for, whatever came of them.
            with suppress(QueueUnavailable):
                self.ledger.settle(day, self.limit, meter.spent, outcome=outcome, of="answers")
        return answer

    def _answer(self, question: str, understood: Understood, draft: Answer, meter: Meter) -> Answer:
        window = understood.window or Window.before(self.now(), DAY)
        bounds, names = bounds_of(window), self.looks.names(window)
        toolbox = Toolbox(self.looks, bounds)
        about = conversation_about(question, understood, draft, bounds, names)
        said = Loop(self.model(), toolbox, meter, self.clock).answer(about, Said).answer
        found = LookedUp.among(toolbox.results, cited_ids([said]), draft.evidence)
        known = grounds(draft, [*draft.evidence, *found.cited, *found.others], names.services, window)
        editor = Editor(known, self.ground(known), found.ids)
        if not (words := editor.edited(said)):
            raise ModelUnavailable("nothing of what the model wrote is supported by the evidence", retryable=False)
        return replace(
            self.worded(draft, words),
            evidence=[*draft.evidence, *found.cited],
            author="gemini",
            claims_checked=editor.counts.checked,
            claims_marked=editor.counts.marked,
            claims_removed=editor.counts.removed,
        )


def bounds_of(window: Window) -> Bounds:
    """Of a question: as long again before its window, at least a day, so that there is something to compare it with."""
    length = min(max(window.length, DAY), MOST_AT_ONCE)
    return Bounds(Window(start=window.start - length, end=window.end), longest=max(LONGEST, length))


def conversation_about(
    question: str, understood: Understood, draft: Answer, bounds: Bounds, names: NamesSeen
) -> Conversation:
    told: Json = redact_values(_facts(question, understood, draft, bounds, names))
    return conversation("question", with_results(told, draft.evidence))


def _facts(question: str, understood: Understood, draft: Answer, bounds: Bounds, names: NamesSeen) -> Json:
    window = understood.window
    return {
        "question": short_text(question),
        "understood_as": short_text(understood.sentence),
        "scope": {"service": short_name(understood.service), "region": short_name(understood.region)},
        "window": span_of(window) if window else None,
        "readable": [iso(bounds.within.start), iso(bounds.within.end)],
        "not_understood": [short_name(f"{one.text}: {one.reason}") for one in draft.not_understood],
        "answer_so_far": _told_so_far(draft) if understood.topic else [],
        "cause": _cause(draft),
        "evidence": listed(draft.evidence),
        "services": [short_name(name) for name in names.services[:MOST_NAMES]],
        "regions": [short_name(name) for name in names.regions[:MOST_NAMES]],
    }


def _told_so_far(draft: Answer) -> list[str]:
    said: list[Any] = [draft.direct, *draft.sections.values()]
    texts = [line for one in said for line in (one if isinstance(one, list) else one.splitlines())]
    return [short_text(text) for text in texts if text.strip()][:MOST_LINES]


def _cause(draft: Answer) -> str | None:
    cause = draft.explained.root_cause if draft.explained else None
    return short_text(cause_in_words(cause)) if cause else None
