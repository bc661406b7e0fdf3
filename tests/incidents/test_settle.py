"""What an incident cost in all: measured once it is over, and once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from evaluation.impact.reading import SimulatedTelemetry, alert_of
from evaluation.impact.simulator import SCOPE, Simulation, scenario, simulate
from tests.incidents.ledger import MemoryLedger
from worker.domain.incident import Incident, IncidentStatus
from worker.domain.report import Quantity, Report, ReportSummary
from worker.domain.severity import Severity
from worker.domain.telemetry import Scope
from worker.domain.window import Window
from worker.errors import EvidenceUnavailable
from worker.investigate import Investigator
from worker.life import reopened
from worker.settle import MOST_AT_ONCE, PATIENCE, SAMPLES_ARRIVE, Losses, Settler, of_all, sweep_ended
from worker.telemetry.profiles import load_profile

BEGAN = datetime(2026, 3, 9, 9, 0, tzinfo=UTC)
ENDED = BEGAN + timedelta(minutes=40)
GRAMS = Quantity(low=80, likely=100, high=125)
ORDERS = Quantity(low=20, likely=31, high=44)
REVENUE = Quantity(low=980, likely=1519, high=2156)
FAILED = Quantity(low=1240, likely=1240, high=1240)


class Reports:
    def __init__(self, *reports: Report) -> None:
        self.known = {report.report_id: report for report in reports}

    def create(self, report: Report) -> bool:
        return self.known.setdefault(report.report_id, report) is report

    def get(self, report_id: str) -> Report | None:
        return self.known.get(report_id)

    def latest(self, limit: int) -> list[ReportSummary]:
        return []


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    return simulate(scenario(2, "work"))


@pytest.fixture(scope="module")
def report(simulation: Simulation) -> Report:
    telemetry = SimulatedTelemetry(simulation, load_profile("spiketrace"))
    return Investigator(telemetry)(alert_of(simulation), "a1")


def an_incident(report: Report, **fields: object) -> Incident:
    everything: dict[str, object] = {
        "incident_id": "inc-1",
        "timestamp": BEGAN,
        "title": "checkout",
        "summary": "checkout",
        "service": SCOPE.service,
        "region": SCOPE.region,
        "tags": [],
        "severity": Severity.HIGH,
        "status": IncidentStatus.RESOLVED,
        "cause_key": "c",
        "root_cause": None,
        "wasted_co2_grams": 12.0,
        "alert_ids": ["a1"],
        "report_ids": [report.report_id],
        "history": [],
        "resolved_at": ENDED,
    }
    return Incident.model_validate(everything | fields)


def lost(**changes: Any) -> Losses:
    return Losses(**{"grams": GRAMS, **changes})


def test_the_whole_incident_is_measured_once(report: Report) -> None:
    ledger, asked = MemoryLedger(an_incident(report)), []

    def measure(scope: Scope, window: Window) -> Losses:
        asked.append((scope, window))
        return lost(orders=ORDERS, revenue_usd=REVENUE, requests_failed=FAILED, source="measured")

    later = ENDED + SAMPLES_ARRIVE
    assert sweep_ended(ledger, Reports(report), measure, now=later) == 1
    assert sweep_ended(ledger, Reports(report), measure, now=later + timedelta(seconds=5)) == 0
    assert asked == [(Scope(report.service, report.region), Window(start=BEGAN, end=ENDED))]
    settled = ledger.known["inc-1"]
    assert (settled.wasted_co2_grams, settled.wasted_emissions_kg_co2e, settled.wasted_co2) == (100, 0.1, GRAMS)
    assert (settled.orders_affected, settled.orders, settled.business_source) == (31, ORDERS, "measured")
    assert (settled.revenue_lost_usd, settled.revenue_usd) == (1519, REVENUE)
    assert settled.requests_failed == FAILED
    assert [(entry.event, entry.reason) for entry in settled.history] == [
        (
            "settled",
            (
                "From its beginning to its end: 100 gCO₂e (80 to 125 gCO₂e) wasted; 1,240 requests failed; "
                "31 (20 to 44, measured) orders affected; $1,520 ($980 to $2,160, measured) of revenue lost."
            ),
        )
    ]
    assert len(settled.news) == 1


def test_samples_are_given_time_to_arrive(report: Report) -> None:
    ledger = MemoryLedger(an_incident(report))
    soon = ENDED + SAMPLES_ARRIVE - timedelta(seconds=1)
    assert sweep_ended(ledger, Reports(report), lambda scope, window: lost(), now=soon) == 0


def test_what_cannot_be_measured_leaves_the_largest_figure_of_its_reports(report: Report) -> None:
    ledger = MemoryLedger(an_incident(report, orders_affected=7.0))
    unknown = Losses(unknown=("emissions of checkout", "orders and revenue, nothing is recorded"))
    assert sweep_ended(ledger, Reports(report), lambda scope, window: unknown, now=ENDED + SAMPLES_ARRIVE) == 1
    settled = ledger.known["inc-1"]
    assert (settled.wasted_co2_grams, settled.wasted_co2, settled.orders_affected) == (12.0, None, 7.0)
    assert settled.history[-1].reason == (
        "Nothing of the whole incident could be measured. Not known, so that the largest figure of its reports "
        "stands: emissions of checkout; orders and revenue, nothing is recorded."
    )


def test_one_that_is_open_again_is_left_alone(report: Report) -> None:
    incident = an_incident(report)
    ledger = MemoryLedger(incident)

    def comes_back(scope: Scope, window: Window) -> Losses:
        opened = {"status": IncidentStatus.OPEN, "resolved_at": None}
        ledger.update("inc-1", lambda current: current.model_copy(update=opened))
        return lost()

    sweep_ended(ledger, Reports(report), comes_back, now=ENDED + SAMPLES_ARRIVE)
    assert ledger.known["inc-1"].settled_until is None
    assert ledger.known["inc-1"].wasted_co2_grams == 12.0


def test_after_a_reopening_it_is_settled_again_at_its_new_end(report: Report) -> None:
    ledger = MemoryLedger(an_incident(report))
    sweep_ended(ledger, Reports(report), lambda scope, window: lost(), now=ENDED + SAMPLES_ARRIVE)
    again = ENDED + timedelta(minutes=30)
    open_again = reopened(ledger.known["inc-1"], "It is back.", ENDED)
    assert (open_again.wasted_co2, open_again.settled_until) == (None, None)
    ended = open_again.model_copy(update={"status": IncidentStatus.RESOLVED, "resolved_at": again})
    ledger.update("inc-1", lambda _: ended)
    windows = []

    def measure(scope: Scope, window: Window) -> Losses:
        windows.append(window)
        return lost()

    assert sweep_ended(ledger, Reports(report), measure, now=again + SAMPLES_ARRIVE) == 1
    assert windows == [Window(start=BEGAN, end=again)]
    assert ledger.known["inc-1"].settled_until == again


def test_one_that_fails_stops_no_other_and_is_given_up_in_the_end(report: Report) -> None:
    ids = [f"inc-{number}" for number in range(2 * MOST_AT_ONCE)]
    ledger = MemoryLedger(*(an_incident(report, incident_id=name, report_ids=[name]) for name in ids))
    reports = Reports(*(report.model_copy(update={"report_id": name, "service": name}) for name in ids))

    def measure(scope: Scope, window: Window) -> Losses:
        if scope.service in ids[:MOST_AT_ONCE]:
            raise EvidenceUnavailable("too slow", retryable=True)
        return lost()

    begin = ENDED + SAMPLES_ARRIVE
    for seconds in range(0, 120, 5):
        sweep_ended(ledger, reports, measure, now=begin + timedelta(seconds=seconds))
    assert [one.incident_id for one in ledger.known.values() if one.settled_until] == ids[MOST_AT_ONCE:]
    sweep_ended(ledger, reports, measure, now=begin + PATIENCE)
    assert [one.settled_until for one in ledger.known.values()] == [ENDED] * len(ids)
    assert "the telemetry could not be read: too slow" in ledger.known["inc-0"].history[-1].reason


def test_measured_money_is_believed_before_estimated_and_the_larger_of_two() -> None:
    found = of_all(
        [
            lost(orders=ORDERS.times(9), source="estimated"),
            lost(orders=ORDERS, source="measured", grams=GRAMS.times(2)),
            lost(orders=ORDERS.times(2), source="measured"),
        ]
    )
    assert (found.orders, found.source, found.grams) == (ORDERS.times(2), "measured", GRAMS.times(2))


def test_the_settler_measures_what_a_report_measures(simulation: Simulation, report: Report) -> None:
    settler = Settler(SimulatedTelemetry(simulation, load_profile("spiketrace")))
    measured = settler(SCOPE, report.window)
    reported = report.impact
    assert measured.grams is not None
    assert reported.carbon.excess_co2_grams is not None
    assert measured.grams.likely == pytest.approx(reported.carbon.excess_co2_grams.likely, rel=0.02)
    assert measured.requests_failed == reported.users.requests_failed
    assert (measured.orders, measured.revenue_usd) == (None, None)
    assert any(reason.startswith("orders and revenue, nothing is recorded of") for reason in measured.unknown)


def test_an_incident_without_a_baseline_in_the_hours_read_is_not_measured(simulation: Simulation) -> None:
    settler = Settler(SimulatedTelemetry(simulation, load_profile("spiketrace")))
    end = simulation.scenario.as_of
    whole = settler(SCOPE, Window(start=end - timedelta(hours=3, minutes=30), end=end))
    assert whole == Losses(
        unknown=("it began too early in the 4.0 hours that are read minute by minute to be compared",)
    )
    nobody = settler(Scope("nobody", None), Window(start=end - timedelta(minutes=20), end=end))
    assert (nobody.grams, nobody.requests_failed) == (None, None)
    assert len(nobody.unknown) == 3
