"""The order in which the demo posts, waits and judges."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from demo import cases
from demo.cases import Cases
from demo.shop import Shop
from demo.truth import Truth
from kibana.simulate import Notification, notifications
from tests.kibana.builders import counted, make_rule, minute, rule_body


class SlowReporter:
    """Has a report for the alert that waits longest, after every few questions."""

    def __init__(self, *, questions: int = 2, state: str = "queued") -> None:
        self.posted: list[str] = []
        self.reported: list[str] = []
        self.open: list[str] = []
        self.most_open = 0
        self._questions = questions
        self._asked = 0
        self._state = state

    def post_alert(self, body: str) -> dict[str, Any]:
        self.posted.append(body)
        group, instance, *_ = body.replace("threshold met", "active").split()
        if group == "active":
            self.open.append(instance)
            self.most_open = max(self.most_open, len(self.open))
        else:
            assert instance in self.reported, "it recovered before its report was there"
        return {"alert_id": instance, "status": "accepted"}

    def alert(self, alert_id: str) -> dict[str, Any]:
        if self._state == "queued" and self.open and self.open[0] == alert_id:
            self._asked += 1
            if self._asked % self._questions == 0:
                self.reported.append(self.open.pop(0))
        report_id = f"r-{alert_id}" if alert_id in self.reported else None
        state = "reported" if report_id else self._state
        return {"state": state, "report_id": report_id, "incident_id": f"i-{alert_id}", "reason": "it broke"}

    def report(self, report_id: str) -> dict[str, Any]:
        return {
            "verdict": "not_confirmed",
            "root_cause": None,
            "severity": "low",
            "confidence": None,
            "headline": "Not an [bold]incident[/bold].",
            "service": report_id,
            "region": None,
            "window": {"start": "2026-11-23T12:00:00Z", "end": "2026-11-23T12:10:00Z"},
            "impact": {"carbon": {"excess_co2_grams": None}},
        }

    def report_page(self, report_id: str) -> str:
        return f"http://127.0.0.1/reports/{report_id}"


@pytest.fixture(autouse=True)
def _no_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases, "POLL_SECONDS", 0.0)


def alerts(groups: int) -> list[Notification]:
    history = counted(**{f"service{number}": {5 + number % 3: 9} for number in range(groups)})
    return list(notifications(make_rule(rule_body(termSize=100)), history, since=minute(1), until=minute(30)))


def play(reporter: SlowReporter, items: list[Notification], shop: Shop) -> tuple[cases.Outcome, str]:
    console = Console(file=io.StringIO(), width=200)
    told = Cases(console, reporter, shop, Truth(now=minute(30), seed=1, log_sampling={}, entries=()))
    for item in items:
        told.take(item)
    outcome = told.finish()
    assert isinstance(console.file, io.StringIO)
    return outcome, console.file.getvalue()


def test_notifications_are_posted_in_the_order_they_come_in(shop: Shop) -> None:
    reporter, items = SlowReporter(), alerts(9)
    outcome, _ = play(reporter, items, shop)
    assert reporter.posted == [item.body for item in items]
    assert len(outcome.findings) == 9


def test_only_so_many_are_open_at_once(shop: Shop) -> None:
    reporter = SlowReporter(questions=20)
    play(reporter, alerts(20), shop)
    assert reporter.most_open == cases.OPEN_AT_ONCE


def test_incidents_are_noted(shop: Shop) -> None:
    outcome, _ = play(SlowReporter(), alerts(2), shop)
    assert outcome.incident_ids == {"i-service0", "i-service1"}


def test_what_a_report_says_is_printed_as_it_stands(shop: Shop) -> None:
    _, printed = play(SlowReporter(), alerts(1), shop)
    assert "Not an [bold]incident[/bold]." in printed
    assert "http://127.0.0.1/reports/r-service0" in printed


def test_an_alert_that_failed_is_a_failure_and_not_a_finding(shop: Shop) -> None:
    actives = [item for item in alerts(2) if not item.is_recovery]
    outcome, printed = play(SlowReporter(state="failed"), actives, shop)
    assert outcome.failures == ["it broke", "it broke"]
    assert outcome.findings == []
    assert not outcome.is_right(Truth(now=minute(30), seed=1, log_sampling={}, entries=()))
    assert "it broke" in printed


def test_an_alert_that_nobody_reports_on_is_given_up(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases, "INVESTIGATION_TIMEOUT_SECONDS", 0.05)
    actives = [item for item in alerts(1) if not item.is_recovery]
    outcome, _ = play(SlowReporter(state="investigating"), actives, shop)
    assert "no report after" in outcome.failures[0]
    assert "investigating" in outcome.failures[0]
