"""The page of a backtest: each rule's timeline with the incidents that are known, and what other thresholds would do.

Whoever mounts the router authenticates its readers, as for the other pages.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import NamedTuple, Protocol

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from webhook.backtest_charts import draw_sweep, draw_timeline, in_words, limits, sign
from webhook.pages import or_unavailable, page
from worker.domain.backtest import Backtest, BacktestHead, Catch, KnownIncident, RuleResult, lateness

MOST_ALERTS = 50
_BACKTEST_ID = re.compile(r"backtest-[A-Za-z0-9-]{1,100}")


class Backtests(Protocol):
    def get(self, backtest_id: str) -> Backtest | None: ...

    def latest(self, limit: int) -> list[BacktestHead]: ...


class RuleView(NamedTuple):
    """A rule as the page shows it. `sweep` is None where there are no other thresholds."""

    rule: RuleResult
    timeline: Markup
    sweep: Markup | None
    catches: list[tuple[KnownIncident, Catch]]


def backtest_router(backtests: Backtests) -> APIRouter:
    """`GET /backtests/{id}`"""
    router = APIRouter(include_in_schema=False)

    @router.get("/backtests/{backtest_id}", response_class=HTMLResponse)
    def one_backtest(backtest_id: str) -> HTMLResponse:
        return or_unavailable(lambda: _backtest_page(backtest_id, backtests))

    return router


def _backtest_page(backtest_id: str, backtests: Backtests) -> HTMLResponse:
    backtest = backtests.get(backtest_id) if _BACKTEST_ID.fullmatch(backtest_id) else None
    if backtest is None:
        return page("no_backtest.html", status=HTTPStatus.NOT_FOUND, backtest_id=backtest_id)
    known = {incident.incident_id: incident for incident in backtest.incidents}
    return page(
        "backtest.html",
        backtest=backtest,
        rules=[_view(backtest, rule, number, known) for number, rule in enumerate(backtest.rules)],
        missed=[incident for incident in backtest.incidents if incident.incident_id not in backtest.caught],
        most=MOST_ALERTS,
        in_words=in_words,
        limits=limits,
        sign=sign,
        lateness=lateness,
    )


def _view(backtest: Backtest, rule: RuleResult, number: int, known: Mapping[str, KnownIncident]) -> RuleView:
    return RuleView(
        rule,
        draw_timeline(backtest, rule, name=f"timeline-{number}"),
        draw_sweep(rule, name=f"sweep-{number}") if rule.sweep else None,
        [(known[catch.incident_id], catch) for catch in rule.catches],
    )
