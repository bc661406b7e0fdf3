"""A rise that a report has explained by more demand: it has no excess, and is on record all the same."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from tests.answering.conftest import BAD_SINCE, LENGTH, NOW, US, Desk
from tests.incidents.samples import a_report
from worker.answering.answer import Answer
from worker.domain.report import CarbonImpact, CauseKind, Impact, Quantity, Report, ReportOutline, RootCause
from worker.domain.window import Window

AT_ONE_TIME = "Why did checkout emissions rise in us-central1 yesterday at 23:30?"
OF_A_DAY = "Why did emissions spike in us-central1 yesterday?"


@dataclass
class Recorded:
    """One report, as a store would give it."""

    report: Report

    def get(self, report_id: str) -> Report | None:
        return self.report if report_id == self.report.report_id else None

    def touching(self, window: Window, limit: int) -> list[ReportOutline]:
        is_in_it = self.report.window.start < window.end and self.report.timestamp > window.start
        return [ReportOutline.model_validate(self.report.model_dump(by_alias=True))] if is_in_it else []


def a_rise(service: str, window: Window) -> Report:
    at: dict[str, Any] = {"@timestamp": window.end}
    nothing_to_speak_of = CarbonImpact(excess_co2_grams=Quantity(low=-2, likely=1, high=4))
    return a_report(
        incident_id=None,
        service=service,
        region=US,
        window=window,
        root_cause=RootCause(kind=CauseKind.TRAFFIC, service=service, region=US, onset=window.start),
        impact=Impact(carbon=nothing_to_speak_of),
        **at,
    )


def ask(desk: Desk, question: str, report: Report) -> Answer:
    answering = replace(desk.answering, reports=Recorded(report))
    return answering(question, zone="UTC", now=NOW, tell=lambda _: None)


@pytest.mark.parametrize("question", [AT_ONE_TIME, OF_A_DAY])
def test_a_report_that_found_more_demand_explains_the_rise_of_its_scope_and_time(desk: Desk, question: str) -> None:
    rise = a_rise("checkout", Window(start=BAD_SINCE, end=BAD_SINCE + LENGTH))
    answer = ask(desk, question, rise)
    assert answer.explained == rise
    assert "the cause is more demand, and nothing is broken" in answer.direct
    assert "No report is on record" not in answer.text


@pytest.mark.parametrize(("service", "before"), [("search", timedelta()), ("checkout", timedelta(hours=6))])
def test_one_of_another_service_or_time_does_not(desk: Desk, service: str, before: timedelta) -> None:
    start = BAD_SINCE - before
    answer = ask(desk, OF_A_DAY, a_rise(service, Window(start=start, end=start + LENGTH)))
    assert "deploy-9" in answer.direct
    assert "No report is on record of it" in answer.direct
