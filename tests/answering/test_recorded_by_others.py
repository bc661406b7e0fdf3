"""What others wrote into the incidents index: counted once, summed up, and open until they wrote an end of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.answering.conftest import EU, NOW, US, Desk
from tests.answering.test_first_sentences import ask
from worker.answering.answer import Answer
from worker.answering.recorded import is_over
from worker.domain.incident import Incident, IncidentStatus
from worker.domain.lookup import PastIncident
from worker.domain.severity import Severity
from worker.domain.window import iso


def lines(answer: Answer) -> list[str]:
    return str(answer.sections["answer"]).splitlines()


def record(desk: Desk, incident_id: str, hours_ago: float, **fields: Any) -> None:
    at = {"@timestamp": iso(NOW - timedelta(hours=hours_ago)), "title": f"title of {incident_id}"}
    desk.client.index(index="spiketrace-incidents", id=incident_id, document=at | fields, refresh=True)


@pytest.fixture
def past(empty_desk: Desk) -> Desk:
    """Three that others recorded, of which nobody wrote an end of the first; nothing of ours."""
    for service in ("checkout", "ledger"):
        sample = {"@timestamp": iso(NOW), "service": service, "estimated_co2_grams": 1.0}
        empty_desk.client.index(index="spiketrace-carbon-metrics-test", document=sample)
    record(empty_desk, "a", 3, service="checkout", region=US, severity="high", status="being looked at",
           orders_affected=2140, revenue_lost_usd=96_300.0)  # fmt: skip
    record(empty_desk, "b", 30, service="ledger", region=EU, severity="critical", status="closed, provider",
           duration_minutes=41, orders_affected=5210, revenue_lost_usd=231_000.0)  # fmt: skip
    record(empty_desk, "c", 31, service="ledger", region=EU, severity="grave", duration_minutes=10)
    return empty_desk


@pytest.fixture
def ours(desk: Desk) -> Incident:
    """Of the checkout of three hours ago, which is over; it cost what somebody recorded."""
    (told,) = desk.ask("incidents of ledger").incidents
    incident = desk.store.get(told["incident_id"])
    assert incident is not None
    began = NOW - timedelta(hours=3, minutes=5)
    known = {"orders_affected": 2140.0, "revenue_lost_usd": None, "business_source": "recorded"}
    over = {"timestamp": began, "resolved_at": began + timedelta(minutes=40), "status": IncidentStatus.RESOLVED}
    whose = {"service": "checkout", "region": US, "services": ["checkout"], "sufferers": [], "severity": Severity.HIGH}
    return incident.model_copy(update=known | over | whose)


def test_their_figures_are_summed_up_without_any_of_ours(past: Desk) -> None:
    answer = past.ask("How much revenue did we lose this week?")
    assert lines(answer)[0] == (
        "3 incidents are on record in this time, none still open but 1 that others recorded without an end [e1]."
    )
    assert lines(answer)[-1] == (
        "In all: 7,350 orders affected (2 of 3 incidents tell); $327,000 lost (2 of 3 incidents tell) [e1]."
    )
    assert answer.evidence[0].result["in_all"] == {"orders_affected": 7350, "revenue_lost_usd": 327_300}


def test_what_is_on_record_twice_is_counted_once(past: Desk, ours: Incident) -> None:
    """Ours has no revenue, and is given that of the record that is taken to be the same."""
    answer = ask(past, "incidents this week", ours)
    assert lines(answer)[0].startswith("3 incidents are on record in this time, none still open but 1 that others")
    assert f"; taken to be the same as {ours.incident_id}, which is resolved" in "\n".join(lines(answer))
    assert answer.evidence[0].result["in_all"]["revenue_lost_usd"] == 327_300
    assert answer.evidence[0].result["in_all"]["orders_affected"] == 7350
    elsewhere = ours.model_copy(update={"region": EU})
    assert lines(ask(past, "incidents this week", elsewhere))[0].startswith("4 incidents are on record")


def test_what_has_no_end_is_open(past: Desk, ours: Incident) -> None:
    first, _, one = lines(past.ask("list open incidents"))
    assert first == "1 open incident is on record in this time, recorded by others without an end [e1]."
    assert one.startswith("- title of a; being looked at; high; ")
    assert lines(past.ask("resolved incidents this week"))[0] == "2 resolved incidents are on record in this time [e1]."
    first, *_ = lines(ask(past, "incidents affecting checkout", ours))
    assert first == "1 incident affects checkout; it is over, but others recorded it without an end [e1]."
    assert lines(past.ask("incidents affecting ledger"))[0] == "2 incidents affected ledger, none still open [e1]."


def test_severity_counts_and_what_tells_none_is_named(past: Desk) -> None:
    first, *_, left_out = lines(past.ask("critical incidents this week"))
    assert first == "1 incident is on record of severity critical in this time; it is over [e1]."
    assert left_out == "Left out: 1 that others recorded with no severity of low, medium, high, critical."
    assert lines(past.ask("high severity incidents this week"))[0].startswith("2 incidents are on record of severity")


def test_what_began_before_the_time_and_lasts_into_it_is_of_it(past: Desk) -> None:
    """`b` was over 30 hours ago; of the others one lasts by its length, one as nobody ended it."""
    record(past, "long", 26, service="ledger", region=EU, severity="high", status="resolved", duration_minutes=180)
    record(past, "still", 24 * 8, service="ledger", region=EU, severity="high", status="being looked at")
    record(past, "noted", 26, service="ledger", region=EU, severity="high", status="resolved")
    record(past, "forgotten", 24 * 40, service="ledger", region=EU, severity="high", status="being looked at")
    first, *items = lines(past.ask("incidents of ledger in the last 24 hours"))
    assert first.startswith("2 incidents affect ledger, none still open but 1 that others recorded without an end")
    assert [item.split(";")[0] for item in items if item.startswith("- ")] == ["- title of long", "- title of still"]


@pytest.mark.parametrize("minutes", [-5, 1e12])
def test_a_length_that_is_none_is_not_known(past: Desk, minutes: float) -> None:
    record(past, "absurd", 1, service="ledger", region=EU, severity="high", duration_minutes=minutes)
    (item,) = [item for item in lines(past.ask("incidents of ledger today")) if "absurd" in item]
    assert item == "- title of absurd; high; 12 Mar 2026 00:20 UTC"


@pytest.mark.parametrize(
    ("status", "minutes", "over"),
    [
        ("Resolved", None, True),
        ("closed, provider", None, True),
        ("no action", 60, True),
        ("not resolved", None, False),
        ("unresolved", 5, False),
        ("being fixed", None, False),
        ("being looked at", 12, False),
        (None, 12, True),
        (None, None, False),
        ("nachgesehen", 12, True),
    ],
)
def test_whether_it_is_over_is_told_by_its_words_or_by_its_length(
    status: str | None, minutes: float | None, over: bool
) -> None:
    unknown = dict.fromkeys(("title", "summary", "service", "region", "severity", "wasted_co2_grams"))
    figures = {"orders_affected": None, "revenue_lost_usd": None, "duration_minutes": minutes}
    assert is_over(PastIncident(id="x", at=NOW, tags=[], status=status, **unknown, **figures)) is over
