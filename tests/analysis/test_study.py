"""What is confirmed beside an alert: the alerted signal has the rule's word for it, others must be surer."""

from __future__ import annotations

import pytest

from tests.analysis.builders import AS_OF, CHECKOUT, a_deviation, a_reading, a_survey, last_minutes
from worker.analysis.signals import Reader
from worker.analysis.study import Case, confirmed_signals, suspects
from worker.domain.telemetry import Scope, Series
from worker.domain.window import Window

WINDOW = last_minutes(10)
REGION = Scope(None, "us-central1")


@pytest.mark.parametrize(
    ("z", "requests", "alerted", "is_confirmed"),
    [
        (5.1, 12, "carbon", False),
        (5.1, 12, "latency", True),
        (5.1, 400, "carbon", True),
        (9.0, 12, "carbon", True),
    ],
)
def test_few_requests_that_nobody_named_must_be_slower_to_be_slow(
    z: float, requests: float, alerted: str, is_confirmed: bool
) -> None:
    """At 12 requests 5.1 is chance's work: two and a half standard errors, and dozens of signals are looked at."""
    reading = a_reading(CHECKOUT, a_deviation("latency", z, 165.0, 125.0, requests))
    found = confirmed_signals(reading, alerted, a_survey({}), WINDOW)
    assert ("latency" in found) is is_confirmed


@pytest.mark.parametrize(
    ("z", "requests", "is_demand", "is_suspected"),
    [(5.1, 12, True, False), (9.0, 12, True, True), (5.1, 400, True, True), (5.1, 12, False, True)],
)
def test_what_a_few_lines_show_does_not_rival_demand_that_explains_all(
    z: float, requests: float, is_demand: bool, is_suspected: bool
) -> None:
    slower = a_reading(CHECKOUT, a_deviation("latency", z, 64.0, 30.0, requests))
    surge = a_reading(REGION, a_deviation("carbon", 30, 25, 15), a_deviation("traffic", 39, 322, 183))
    survey = a_survey({CHECKOUT: Series()})
    baseline = Window(start=survey.fine.start, end=WINDOW.start)
    reader = Reader(survey, {(CHECKOUT, WINDOW, AS_OF): slower})
    case = Case(reader, REGION, "carbon", REGION, WINDOW, baseline, surge, onset=AS_OF, is_demand=is_demand)
    shown = {one.scope.service: one.effects for one in suspects(case)}
    assert ("latency" in shown["checkout"]) is is_suspected
