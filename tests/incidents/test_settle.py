"""What an incident wasted in all: measured once it is over, and once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from evaluation.impact.reading import SimulatedTelemetry, alert_of
from evaluation.impact.simulator import SCOPE, Simulation, scenario, simulate
from worker.domain.incident import Incident, IncidentStatus
from worker.domain.report import Quantity, Report, ReportSummary
from worker.domain.severity import Severity
from worker.domain.telemetry import Scope
from worker.domain.window import Window
from worker.investigate import Investigator
from worker.settle import SAMPLES_ARRIVE, Settler, sweep_ended
from worker.telemetry.profiles import load_profile

BEGAN = datetime(2026, 3, 9, 9, 0, tzinfo=UTC)
ENDED = BEGAN + timedelta(minutes=40)
GRAMS = Quantity(low=80, likely=100, high=125)


class Ledger:
    """The incidents that have ended, in memory."""

    def __init__(self, *incidents: Incident) -> None:
        self.known = {incident.incident_id: incident for incident in incidents}

    def get(self, incident_id: str) -> Incident | None:
        return self.known.get(incident_id)

    def create(self, incident: Incident) -> bool:
        return self.known.setdefault(incident.incident_id, incident) is incident

    def update(self, incident_id: str, change: Callable[[Incident], Incident]) -> Incident:
        self.known[incident_id] = change(self.known[incident_id])
        return self.known[incident_id]

    def of_cause(self, cause_key: str) -> list[Incident]:
        return [one for one in self.known.values() if one.cause_key == cause_key]

    def of_alert(self, alert_id: str) -> Incident | None:
        return next((one for one in self.known.values() if alert_id in one.alert_ids), None)

    def ended_since(self, moment: datetime) -> list[Incident]:
        return [one for one in self.known.values() if one.resolved_at and one.resolved_at >= moment]


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


def test_the_whole_incident_is_measured_once(report: Report) -> None:
    ledger, asked = Ledger(an_incident(report)), []

    def measure(scope: Scope, window: Window) -> Quantity:
        asked.append((scope, window))
        return GRAMS

    later = ENDED + SAMPLES_ARRIVE
    assert sweep_ended(ledger, Reports(report), measure, now=later) == 1
    assert sweep_ended(ledger, Reports(report), measure, now=later + timedelta(seconds=5)) == 0
    assert asked == [(Scope(report.service, report.region), Window(start=BEGAN, end=ENDED))]
    settled = ledger.known["inc-1"]
    assert (settled.wasted_co2_grams, settled.wasted_emissions_kg_co2e, settled.wasted_co2) == (100, 0.1, GRAMS)
    assert [entry.event for entry in settled.history] == ["settled"]


def test_samples_are_given_time_to_arrive(report: Report) -> None:
    ledger = Ledger(an_incident(report))
    soon = ENDED + SAMPLES_ARRIVE - timedelta(seconds=1)
    assert sweep_ended(ledger, Reports(report), lambda scope, window: GRAMS, now=soon) == 0


def test_what_cannot_be_measured_leaves_the_largest_figure_of_its_reports(report: Report) -> None:
    ledger = Ledger(an_incident(report))
    assert sweep_ended(ledger, Reports(report), lambda scope, window: None, now=ENDED + SAMPLES_ARRIVE) == 1
    settled = ledger.known["inc-1"]
    assert (settled.wasted_co2_grams, settled.wasted_co2) == (12.0, None)
    assert "the largest figure of its reports stands" in settled.history[-1].reason


def test_one_that_is_open_again_is_left_alone(report: Report) -> None:
    incident = an_incident(report)
    ledger = Ledger(incident)

    def reopened(scope: Scope, window: Window) -> Quantity:
        ledger.known["inc-1"] = incident.model_copy(update={"status": IncidentStatus.OPEN, "resolved_at": None})
        return GRAMS

    sweep_ended(ledger, Reports(report), reopened, now=ENDED + SAMPLES_ARRIVE)
    assert ledger.known["inc-1"].settled_until is None
    assert ledger.known["inc-1"].wasted_co2_grams == 12.0


def test_the_settler_measures_what_a_report_measures(simulation: Simulation, report: Report) -> None:
    settler = Settler(SimulatedTelemetry(simulation, load_profile("spiketrace")))
    measured = settler(SCOPE, report.window)
    assert measured is not None
    assert report.impact.carbon.excess_co2_grams is not None
    assert measured.likely == pytest.approx(report.impact.carbon.excess_co2_grams.likely, rel=0.02)


def test_an_incident_without_a_baseline_in_the_hours_read_is_not_measured(simulation: Simulation) -> None:
    settler = Settler(SimulatedTelemetry(simulation, load_profile("spiketrace")))
    end = simulation.scenario.as_of
    assert settler(SCOPE, Window(start=end - timedelta(hours=3, minutes=30), end=end)) is None
    assert settler(Scope("nobody", None), Window(start=end - timedelta(minutes=20), end=end)) is None
