"""A stored report's narrative: a model's words beside the template's, as far as the evidence supports them.

    report (pending) ─▶ budget of the day ─▶ loop with tools ─▶ draft ─▶ neutral, grounded ─▶ report (done or failed)

Nothing that a model says opens a ticket, changes a verdict, a severity or a figure, or takes a word of the template
away. On any failure the report stays as it is, and says why it has no narrative.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from worker.agent.briefing import briefing
from worker.agent.budget import Meter, Prices
from worker.agent.draft import Draft
from worker.agent.enrichment import Ground, enriched
from worker.agent.loop import Loop
from worker.agent.prompting import conversation
from worker.agent.remembering import Change
from worker.agent.tools.bounds import bounds_of
from worker.agent.tools.toolbox import Toolbox
from worker.domain.conversation import Conversation
from worker.domain.report import Narrative, Report
from worker.domain.spending import Spending
from worker.domain.telemetry import Scope
from worker.domain.window import utc_now
from worker.errors import BudgetExceeded, ConfigurationError, InvestigationError, NotMeasured
from worker.markdown import render_markdown
from worker.ports import LanguageModel, Lookup, ModelLedger, NarratedReports

log = structlog.get_logger(__name__)

# A report is held a little longer than a narrative may take, so that no other worker begins the same one.
HOLD_MARGIN_SECONDS = 30.0


def nothing_to_change(_: Report) -> Change:
    return _unchanged


def _unchanged(report: Report) -> Report:
    return report


@dataclass(frozen=True)
class Narrator:
    """`remember` tells what else is to be changed of a report before it is written of; `writes`: it is written of.

    `model` is made when the first narrative needs it. `limit` is of one narrative, `day_limit` of all of a day.
    """

    model: Callable[[], LanguageModel]
    model_name: str
    ground: Ground
    reports: NarratedReports
    lookup: Lookup
    ledger: ModelLedger
    limit: Spending
    day_limit: Spending
    prices: Prices
    wait_seconds: float = 900.0
    remember: Callable[[Report], Change] = nothing_to_change
    writes: bool = True
    now: Callable[[], datetime] = utc_now
    clock: Callable[[], float] = time.monotonic

    def pending(self) -> Narrative:
        """Of a report that is stored now, and is to be enriched."""
        return Narrative(state="pending", pending_until=self.now() + timedelta(seconds=self.wait_seconds))

    def narrate(self, report_id: str, *, worker: str) -> bool:
        """Ends the report's narrative; False where there is none to be ended, or somebody is at it.

        One worker writes one narrative at a time, so that its other processes are free for alerts. What is left here
        the sweep finds again.
        """
        hold_seconds = self.limit.seconds + HOLD_MARGIN_SECONDS
        mine = f"worker:{worker}"
        if not self.ledger.hold(mine, seconds=hold_seconds):
            return False
        try:
            return self._narrate(report_id, hold_seconds)
        finally:
            self.ledger.release(mine)

    def _narrate(self, report_id: str, hold_seconds: float) -> bool:
        report = self.reports.get(report_id)
        if report is None or report.narrative.state != "pending":
            return False
        # Kept until it is over: a message that is handed out twice finds it held, or the narrative ended.
        if not self.ledger.hold(f"report:{report_id}", seconds=hold_seconds):
            return False
        return self._end(report)

    def _end(self, report: Report) -> bool:
        change = self.remember(report)
        if not self.writes:
            return self.reports.enrich(report.report_id, lambda one: _with(Narrative(), change(one)))
        return self._told(change(report), change)

    def _told(self, report: Report, change: Change) -> bool:
        try:
            day = self.ledger.reserve(self.limit, self.day_limit, now=self.now())
        except BudgetExceeded as error:
            return self._given_up(report.report_id, change, reason=error.reason)
        meter, outcome = Meter(self.limit, self.prices), "failed"
        try:
            written = self._written(report, meter)
            outcome = "done"
            return self.reports.enrich(report.report_id, lambda _: written)
        except (InvestigationError, ConfigurationError) as error:
            return self._given_up(report.report_id, change, reason=error.reason, meter=meter)
        finally:
            # What the calls took is paid for, whatever came of them.
            self.ledger.settle(day, self.limit, meter.spent, outcome=outcome, of="narratives")

    def _written(self, report: Report, meter: Meter) -> Report:
        toolbox = Toolbox(self.lookup, bounds_of(report))
        draft = Loop(self.model(), toolbox, meter, self.clock).answer(conversation_about(report), Draft)
        took, services = self._used(meter), self._services(report)
        return enriched(report, draft, toolbox.results, took, ground=self.ground, services=services)

    def _services(self, report: Report) -> set[str]:
        """Who else there is: of another service a right number is a wrong one."""
        everybody, found = Scope(None, None), set[str | None]()
        with suppress(NotMeasured):
            found |= {row.service for row in self.lookup.logged(everybody, report.window).rows}
        with suppress(NotMeasured):
            found |= {row.service for row in self.lookup.measured(everybody, report.baseline, report.window).rows}
        return {service for service in found if service}

    def give_up(self, report_id: str, *, reason: str) -> bool:
        """The report as it was, with the reason why it has no narrative."""
        return self._given_up(report_id, _unchanged, reason=reason)

    def _given_up(self, report_id: str, change: Change, *, reason: str, meter: Meter | None = None) -> bool:
        log.warning("no narrative", action="narrative-failed", report_id=report_id, reason=reason)
        took = self._used(meter) if meter else Narrative(model=self.model_name)
        ended = took.model_copy(update={"state": "failed", "reason": reason})
        is_ended = self.reports.enrich(report_id, lambda one: _with(ended, change(one)))
        if is_ended and meter is None:
            # What was asked is counted when it is settled.
            self.ledger.count(outcome="failed", of="narratives")
        return is_ended

    def _used(self, meter: Meter) -> Narrative:
        spent = meter.spent
        return Narrative(model=self.model_name, calls=spent.calls, tokens=spent.tokens, cost_usd=round(spent.usd, 6))

    def give_up_overdue(self, *, limit: int = 50) -> list[str]:
        """Ends the narratives whose time is over; answers with the reports that still wait, oldest first."""
        waiting = []
        for one in self.reports.pending(limit):
            if one.until > self.now():
                waiting.append(one.report_id)
            else:
                self.give_up(one.report_id, reason="no worker came to it in time, or the worker was killed")
        return waiting


def _with(narrative: Narrative, report: Report) -> Report:
    """Its Markdown says what became of the narrative, as its page does."""
    told = report.model_copy(update={"narrative": narrative})
    return told.model_copy(update={"markdown": render_markdown(told)})


def conversation_about(report: Report) -> Conversation:
    return conversation("narrative", briefing(report))
