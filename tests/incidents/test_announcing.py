"""Whoever changes an incident marks in the same write who has to hear of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tests.incidents.ledger import MemoryLedger
from tests.incidents.samples import FIRED, a_report
from tests.standins.queue import Queued
from worker.announcing import AnnouncingIncidents, sweep_routes
from worker.domain.incident import Incident, IncidentStatus
from worker.domain.severity import Severity
from worker.incidents import record, recover
from worker.life import Life
from worker.policy import parse_policy
from worker.sweep import sweep_quiet

FRIDAY_NIGHT = datetime(2026, 2, 27, 23, 0, tzinfo=UTC)
MORNING = datetime(2026, 2, 28, 8, 0, tzinfo=UTC)
BY_DAY = """
routes:
- name: by day
  when: {times: {hours: 08:00-20:00}}
  tell: [messages, jira: {project: OPS}]
- name: by night
  when: {severity: high}
  tell: [messages]
"""
AT_ONCE = Life(resolve_after=timedelta())


@dataclass
class Scene:
    """Incidents under a policy, at a time that the test sets."""

    now: datetime = FRIDAY_NIGHT
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    queue: Queued = field(default_factory=Queued)

    def __post_init__(self) -> None:
        policy = parse_policy(BY_DAY, "policy.yaml")
        self.incidents = AnnouncingIncidents(self.ledger, self.queue, policy, {"slack", "jira"}, clock=lambda: self.now)

    def record(self, number: int = 1, **changes: object) -> Incident:
        incident = record(a_report(number, **changes), self.incidents, self.now)
        assert incident is not None
        return self.ledger.known[incident.incident_id]


def test_the_policy_of_the_hour_says_who_is_told_and_where() -> None:
    assert Scene().record().deliveries.keys() == {"slack"}
    by_day = Scene(now=MORNING).record().deliveries
    assert {name: delivery.options for name, delivery in by_day.items()} == {"slack": {}, "jira": {"project": "OPS"}}


def test_an_incident_that_is_still_open_by_day_gets_its_ticket_then() -> None:
    scene = Scene()
    scene.record()
    assert sweep_routes(scene.incidents, scene.incidents.open_ones()) == 0
    scene.now = MORNING
    assert sweep_routes(scene.incidents, scene.incidents.open_ones()) == 1
    (incident,) = scene.ledger.lasting()
    assert incident.deliveries["jira"].state == "pending"
    assert scene.queue.deliveries == [(incident.incident_id, "jira")]
    assert sweep_routes(scene.incidents, scene.incidents.open_ones()) == 0


def test_who_has_heard_nothing_of_it_need_not_hear_that_it_is_over() -> None:
    scene = Scene()
    incident = scene.record()
    scene.now = MORNING
    recover(a_report(1).alert_id, scene.ledger, recovered_at=FIRED, now=scene.now - timedelta(minutes=2))
    assert sweep_quiet(scene.incidents, scene.incidents.open_ones(), now=scene.now) == 1
    ended = scene.ledger.known[incident.incident_id]
    assert ended.status is IncidentStatus.RESOLVED
    assert ended.deliveries.keys() == {"slack"}


def test_a_severity_that_rises_tells_who_was_not_told() -> None:
    scene = Scene()
    assert not scene.record(1, severity=Severity.MEDIUM).deliveries
    risen = scene.record(2, severity=Severity.HIGH)
    assert risen.deliveries.keys() == {"slack"}
    assert scene.queue.deliveries == [(risen.incident_id, "slack")]


def test_a_plain_further_alert_is_told_to_nobody_again() -> None:
    scene = Scene()
    incident = scene.record(1)
    heard = {"slack": incident.deliveries["slack"].model_copy(update={"state": "done", "told": 1})}
    scene.ledger.update(incident.incident_id, lambda it: it.model_copy(update={"deliveries": heard}))
    assert scene.record(2).deliveries == heard
    assert scene.queue.deliveries == []
    ended = recover(a_report(1).alert_id, scene.incidents, recovered_at=FIRED, now=scene.now, life=AT_ONCE)
    assert ended is not None
    assert ended.status is IncidentStatus.OPEN
    recover(a_report(2).alert_id, scene.incidents, recovered_at=FIRED, now=scene.now, life=AT_ONCE)
    assert scene.queue.deliveries == [(incident.incident_id, "slack")]
