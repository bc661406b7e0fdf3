"""What an answer begins with, and what it sums up, is of as much of an incident as is measured so far."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from tests.answering.conftest import NOW, Desk
from worker.answering.answer import Answer
from worker.domain.incident import Incident, IncidentStatus
from worker.domain.report import Quantity
from worker.domain.window import Window, iso

WASTED = Quantity(low=150, likely=182, high=201)


@dataclass
class Recorded:
    """Incidents as a store would give them."""

    incidents: Sequence[Incident]

    def get(self, incident_id: str) -> Incident | None:
        return next((one for one in self.incidents if one.incident_id == incident_id), None)

    def during(self, window: Window) -> list[Incident]:
        return list(self.incidents)


def ask(desk: Desk, question: str, *incidents: Incident) -> Answer:
    answering = replace(desk.answering, incidents=Recorded(incidents))
    return answering(question, zone="UTC", now=NOW, tell=lambda _: None)


@pytest.fixture
def still_open(desk: Desk) -> Incident:
    (told,) = desk.ask("incidents of ledger").incidents
    incident = desk.store.get(told["incident_id"])
    assert incident is not None
    return incident.model_copy(update={"wasted_co2_grams": 73.9})


@pytest.fixture
def settled(still_open: Incident) -> Incident:
    losses = {"wasted_co2": WASTED, "wasted_co2_grams": WASTED.likely}
    ended = {"status": IncidentStatus.RESOLVED, "resolved_at": NOW, "settled_until": NOW}
    return still_open.model_copy(update={"incident_id": "inc-20260312-0a1b2c3d-1", **losses, **ended})


def test_the_first_sentence_is_of_the_whole_incident_once_that_is_settled(desk: Desk, settled: Incident) -> None:
    answer = ask(desk, f"explain {settled.incident_id}", settled)
    assert ", with 182 gCO₂e more than expected in the whole incident [" in answer.direct.splitlines()[0]
    (settled_as,) = [one for one in answer.evidence if one.title == "The incident as it was settled"]
    assert settled_as.result == {"incident_id": settled.incident_id, "wasted_co2": WASTED.model_dump()}
    assert f" in the whole incident [{settled_as.id}]." in answer.direct
    assert "cost: 182 gCO₂e wasted" in answer.closing


def test_without_that_it_is_of_the_report_and_says_up_to_when(desk: Desk) -> None:
    answer = desk.ask("Why did emissions of checkout spike in us-central1 yesterday?")
    assert answer.explained is not None
    first, end = answer.direct.splitlines()[0], f"{answer.explained.window.end:%H:%M} UTC"
    assert f"; since 11 Mar 2026 23:20 UTC, by {end} with " in first
    assert re.search(r", confidence 0\.\d\d \[e\d[e\d ]*\]; since ", first)
    cited = re.search(r" gCO₂e more than expected \[(e\d+)\]\.$", first)
    assert cited
    (metrics,) = [one for one in answer.evidence if one.id == cited[1]]
    assert metrics.result["carbon"]["actual"] > metrics.result["carbon"]["expected"]


def test_sums_are_so_far_as_long_as_one_of_them_is_not_settled(
    desk: Desk, still_open: Incident, settled: Incident
) -> None:
    some = str(ask(desk, "incidents", still_open, settled).sections["answer"])
    assert "In all so far, as of the last alert of 12 Mar 2026 00:45 UTC: 256 gCO₂e wasted" in some
    others = settled.model_copy(update={"incident_id": "inc-20260312-0a1b2c3d-2"})
    assert "In all: 364 gCO₂e wasted" in str(ask(desk, "incidents", others, settled).sections["answer"])


def test_no_incident_on_record_does_not_mean_that_nothing_goes_wrong(desk: Desk) -> None:
    lines = str(ask(desk, "What incidents are affecting ledger in europe-west1 this week?").sections["answer"])
    none, failing, instead = lines.splitlines()
    assert none == "No incident on record affects ledger in europe-west1 in this time [e1]."
    of_it = [{"term": {"service": "ledger"}}, {"range": {"@timestamp": {"gte": iso(NOW - timedelta(hours=1))}}}]
    logged = desk.client.count(index="spiketrace-logs-test", query={"bool": {"filter": of_it}})["count"]
    assert f" in {logged:,} log lines, " in failing
    assert failing.startswith("In the hour until 12 Mar 2026 01:20 UTC: ")
    assert failing.endswith(" in all of this time [e2].")
    assert instead == "To have the telemetry looked at, ask: What's going wrong with ledger in europe-west1?"
    assert desk.ask(instead.partition("ask: ")[2]).explained is not None


def test_where_nothing_fails_errors_are_not_spoken_of(empty_desk: Desk) -> None:
    lines = str(empty_desk.ask("incidents").sections["answer"]).splitlines()
    assert lines[1:] == ["To have the telemetry looked at, ask: What's going wrong?"]
