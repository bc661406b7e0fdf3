"""What is on record of the time and the scope that are asked about: told first, not offered again, and of them only."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from tests.answering.conftest import BAD_SINCE, EU, LENGTH, NOW, OUTAGE_SINCE, US, Desk
from tests.incidents.samples import a_report
from worker.answering.answer import Answer, Offer
from worker.answering.course import Peak
from worker.answering.investigating import alert_about
from worker.answering.yes import take_up
from worker.domain.alert import Alert
from worker.domain.incident import Delivery, Incident, IncidentStatus
from worker.domain.report import (
    BusinessImpact,
    CarbonImpact,
    CauseKind,
    Impact,
    Quantity,
    Report,
    ReportOutline,
    RootCause,
    Verdict,
)
from worker.domain.telemetry import Scope
from worker.domain.window import Window
from worker.life import opened

INCIDENT = "inc-20260312-0a1b2c3d-1"
ENDED = OUTAGE_SINCE + LENGTH
TICKET = {"jira": Delivery(state="done", vendor_id="OPS-3", updated_at=ENDED, told=9)}


@dataclass
class Recorded:
    """Reports and incidents as their stores would give them."""

    reports: Sequence[Report] = ()
    incidents: Sequence[Incident] = ()

    def get(self, wanted: str) -> Any:
        by_id = {one.report_id: one for one in self.reports} | {one.incident_id: one for one in self.incidents}
        return by_id.get(wanted)

    def touching(self, window: Window, limit: int) -> list[ReportOutline]:
        found = [one for one in self.reports if one.window.start < window.end and one.timestamp > window.start]
        return [ReportOutline.model_validate(one.model_dump(by_alias=True)) for one in found][:limit]

    def during(self, window: Window) -> list[Incident]:
        ends = [(one, one.resolved_at or NOW) for one in self.incidents]
        return [one for one, end in ends if one.timestamp < window.end and end > window.start]


def ask(desk: Desk, question: str, *reports: Report, incidents: Sequence[Incident] = ()) -> Answer:
    recorded = Recorded(reports, incidents)
    answering = replace(desk.answering, reports=recorded, incidents=recorded)
    return answering(question, zone="UTC", now=NOW, tell=lambda _: None)


def of(service: str | None, region: str | None, window: Window, *, kind: CauseKind, grams: float = 0.0) -> Report:
    """A report of then, with that much excess (none: within what was expected)."""
    excess = Quantity(low=grams - 0.1, likely=grams, high=grams + 0.1)
    cause = RootCause(kind=kind, service=service, region=region, onset=window.start)
    impact = Impact(carbon=CarbonImpact(excess_co2_grams=excess), business=BusinessImpact())
    fields: dict[str, Any] = {"@timestamp": window.end, "window": window, "root_cause": cause, "impact": impact}
    number = len(service or "") * 1440 + window.start.hour * 60 + window.start.minute
    return a_report(number, service=service, region=region, **fields)


def an_incident(report: Report, **changes: Any) -> Incident:
    """It ended after its report."""
    ended = {"status": IncidentStatus.RESOLVED, "resolved_at": ENDED, "deliveries": TICKET}
    return opened(INCIDENT, report, NOW).model_copy(update=ended | changes)


def first_minutes(since: datetime) -> Window:
    return Window(start=since, end=since + timedelta(minutes=6))


@pytest.fixture
def outage() -> Report:
    report = of("ledger", EU, first_minutes(OUTAGE_SINCE), kind=CauseKind.ERROR, grams=40.0)
    return report.model_copy(update={"incident_id": INCIDENT})


@pytest.mark.parametrize(
    "question",
    ["what is wrong in europe-west1 between 00:50 and 01:20 today?", "why did ledger emit so much CO2 since 00:50?"],
)
def test_an_incident_is_found_after_its_last_report(desk: Desk, outage: Report, question: str) -> None:
    answer = ask(desk, question, outage, incidents=[an_incident(outage)])
    assert answer.explained == outage
    assert [one["incident_id"] for one in answer.incidents] == [INCIDENT]
    assert (answer.offer, "It has a ticket at jira, OPS-3." in answer.closing) == (None, True)
    assert "on record of it" not in answer.text


def test_what_is_investigated_in_the_time_of_an_incident_is_offered_as_that(desk: Desk) -> None:
    """Its reports are gone."""
    gone = of("checkout", US, first_minutes(BAD_SINCE), kind=CauseKind.ERROR)
    question = "What's going wrong with checkout in `us-central1`?"
    incident = an_incident(gone, resolved_at=BAD_SINCE + LENGTH, deliveries={})
    answer = ask(desk, question, incidents=[incident])
    assert "The incident of that time and scope is on record." in answer.direct
    assert answer.offer is not None
    assert (answer.offer.incident_id, answer.offer.alert) == (incident.incident_id, None)
    assert ask(desk, question, incidents=[incident.model_copy(update={"deliveries": TICKET})]).offer is None


def test_a_yes_that_joined_what_is_over_says_so(empty_desk: Desk, outage: Report) -> None:
    desk, offer = empty_desk, Offer("Open it?", ["jira"], alert=_alert(outage))
    assert take_up(offer, desk.tickets, by="Ada").state == "investigating"
    assert offer.alert is not None
    alert_id = offer.alert.alert_id
    over = an_incident(outage, alert_ids=["other", alert_id], recovered_alert_ids=["other", alert_id])
    assert desk.store.create(over)
    desk.tickets.alerts.finish(alert_id, report_id="r-1", incident_id=over.incident_id)
    said = take_up(offer, desk.tickets, by="Ada").sentence
    assert said.endswith("the ticket at jira is OPS-3. It was on record already, and over since 2026-03-12 01:00 UTC.")


def _alert(report: Report) -> Alert:
    return alert_about(Peak(Scope(report.service, report.region), report.window.start, report.timestamp, 2, 1, 1))


@pytest.mark.parametrize("time", ["yesterday", "yesterday evening", "on 2026-03-11 around 23:30"])
def test_what_explains_most_of_a_regions_rise_comes_first(desk: Desk, time: str) -> None:
    """The report of more demand ends long before the rise does, and has no excess."""
    demand = of(None, US, first_minutes(BAD_SINCE), kind=CauseKind.TRAFFIC)
    small = of("search", US, first_minutes(BAD_SINCE - timedelta(minutes=5)), kind=CauseKind.RESOURCE, grams=0.2)
    answer = ask(desk, f"why was the footprint so high in us-central1 {time}?", small, demand)
    assert answer.explained == demand
    assert answer.direct.startswith("us-central1: the cause is more demand, and nothing is broken")
    assert "Emissions rose most from 11 Mar 2026 23:20 UTC until 23:50: " in answer.direct
    # What it rests on is told to the model as it is stored.
    assert json.loads(json.dumps([one.result for one in answer.evidence]))
    assert small.report_id in answer.closing
    larger = small.model_copy(update={"impact": Impact(carbon=CarbonImpact(excess_co2_grams=_grams(1e6)))})
    assert ask(desk, f"why did CO2 rise in us-central1 {time}?", larger, demand).explained == larger


def _grams(likely: float) -> Quantity:
    return Quantity(low=likely, likely=likely, high=likely)


def test_that_a_region_did_not_rise_is_said_first(desk: Desk) -> None:
    before_midnight = Window(start=BAD_SINCE, end=BAD_SINCE + timedelta(minutes=6))
    little = of("payments", EU, before_midnight, kind=CauseKind.ERROR, grams=0.2)
    first, second, third, *_ = ask(desk, "why did CO2 peak in europe-west1 yesterday?", little).direct.splitlines()
    assert first.startswith("europe-west1 emitted ")
    assert second.startswith("As a whole they did not rise: nothing stands out against the two hours before [e")
    assert third.startswith("payments, europe-west1: the cause is ")


def test_a_rise_of_another_time_than_what_is_told_is_named_with_what_to_ask(desk: Desk) -> None:
    early = BAD_SINCE - timedelta(minutes=80)
    other = of("search", US, first_minutes(early), kind=CauseKind.RESOURCE, grams=0.2)
    lines = ask(desk, "why did CO2 rise in us-central1 yesterday?", other).direct.splitlines()
    (told,) = [line for line in lines if line.startswith("What follows is of another time.")]
    asked = told.partition("ask: ")[2]
    assert asked == "Why did emissions rise in us-central1 at 23:35 on 2026-03-11?"
    assert "checkout, us-central1: the cause is deployment deploy-9" in ask(desk, asked, other).direct


def test_a_report_without_region_and_cause_is_not_of_the_asked_region(desk: Desk) -> None:
    vague = of("search", None, first_minutes(BAD_SINCE), kind=CauseKind.UNKNOWN)
    vague = vague.model_copy(update={"root_cause": None, "verdict": Verdict.INCONCLUSIVE})
    assert ask(desk, "what is wrong with search?", vague).explained == vague
    text = ask(desk, "what is wrong with search in europe-west1?", vague).text
    assert "There is no sample of emissions and no log line of search, europe-west1 in this time" in text
    assert "search is seen in us-central1 " in text


def test_what_an_incident_cost_is_told_once_it_is_known(desk: Desk, outage: Report) -> None:
    cost = {"orders_affected": 2140.0, "revenue_lost_usd": 96300.0, "business_source": "recorded"}
    answer = ask(desk, "what is wrong with ledger?", outage, incidents=[an_incident(outage, **cost)])
    said = str(answer.sections["business_impact"])
    assert said.startswith("In the whole incident: 2,140 orders affected (recorded); $96,300 lost (recorded) [e")
    cited = said.partition("[")[2].partition("]")[0]
    (evidence,) = [one for one in answer.evidence if one.id == cited]
    assert evidence.result == {"orders_affected": 2140.0, "revenue_lost_usd": 96300.0}


@pytest.mark.parametrize(("question", "whose"), [("is ledger ok?", " of ledger"), ("is everything ok?", "")])
def test_how_it_is_now_comes_before_what_is_over(desk: Desk, outage: Report, question: str, whose: str) -> None:
    over = an_incident(outage)
    answer = ask(desk, question, outage, incidents=[over])
    now, *_ = answer.direct.splitlines()
    assert now.startswith(f"Now: SpikeTrace has no open incident{whose}; since 12 Mar 2026 01:00 UTC ")
    assert " log lines, " in now
    still = over.model_copy(update={"status": IncidentStatus.OPEN, "resolved_at": None})
    assert ask(desk, question, outage, incidents=[still]).direct.startswith("ledger, europe-west1: the cause is")


@pytest.mark.parametrize("question", ["What is {} about?", "Open a ticket for {}"])
def test_an_incident_that_goes_on_as_another_is_that_other(desk: Desk, question: str) -> None:
    """Also where it was merged twice."""
    report = of("ledger", EU, Window(start=OUTAGE_SINCE, end=NOW), kind=CauseKind.ERROR)
    goes_on = an_incident(report, status=IncidentStatus.OPEN, resolved_at=None, deliveries={})
    numbers = [f"inc-20260312-0a1b2c3d-{number}" for number in (1, 2, 3)]
    closed = [
        goes_on.model_copy(update={"incident_id": own, "merged_into": into, "resolved_at": ENDED,
                                   "status": IncidentStatus.CLOSED})
        for into, own in pairwise(numbers)
    ]  # fmt: skip
    answer = ask(desk, question.format(numbers[2]), report, incidents=[goes_on, *closed])
    assert [(one["incident_id"], one["status"]) for one in answer.incidents] == [(INCIDENT, "open")]
    assert answer.offer is not None
    assert answer.offer.incident_id == INCIDENT
    assert "It is over" not in answer.text
