"""What people say of a root cause, kept with the incident."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.delivery.samples import INCIDENT_ID, an_incident
from tests.delivery.test_deliveries import Reports
from tests.incidents.ledger import MemoryLedger
from tests.incidents.samples import FIRED, a_report
from worker.domain.incident import Feedback, Incident
from worker.errors import IncidentUnknown
from worker.feedback import MOST, judge

REPORT = a_report()


@pytest.fixture
def ledger() -> MemoryLedger:
    ledger = MemoryLedger()
    ledger.create(an_incident())
    return ledger


def say(
    ledger: MemoryLedger,
    by: str = "slack:U1",
    *,
    right: bool = True,
    minute: int = 0,
    report_id: str = REPORT.report_id,
    incident_id: str = INCIDENT_ID,
) -> Incident:
    at = FIRED + timedelta(minutes=minute)
    said = Feedback(at=at, by=by, report_id=report_id, right=right, root_cause=None)
    return judge(incident_id, said, incidents=ledger, reports=Reports({REPORT.report_id: REPORT}))


def test_the_root_cause_is_kept_as_it_stood(ledger: MemoryLedger) -> None:
    (said,) = say(ledger).feedback
    assert (said.by, said.right, said.root_cause) == ("slack:U1", True, REPORT.root_cause)


def test_of_one_person_the_latest_counts_and_a_repetition_is_nothing(ledger: MemoryLedger) -> None:
    for right, minute in ((True, 0), (False, 2), (True, 1), (False, 2), (False, 3)):
        incident = say(ledger, right=right, minute=minute)
    assert [(one.right, one.at) for one in incident.feedback] == [(False, FIRED + timedelta(minutes=2))]
    assert [entry.reason for entry in incident.news[1:]] == [
        "slack:U1 said that the root cause is right.",
        "slack:U1 said that the root cause is wrong.",
    ]


def test_a_crowd_does_not_fill_the_incident(ledger: MemoryLedger) -> None:
    for number in range(MOST + 10):
        incident = say(ledger, by=f"slack:U{number}")
    assert (len(incident.feedback), len(incident.news)) == (MOST, MOST + 1)


def test_what_is_not_there_is_not_judged(ledger: MemoryLedger) -> None:
    with pytest.raises(IncidentUnknown, match="no incident inc-none"):
        say(ledger, incident_id="inc-none")
    with pytest.raises(IncidentUnknown, match="no report r-none"):
        say(ledger, report_id="r-none")
