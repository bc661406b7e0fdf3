"""A person's wish that somebody be told of an incident."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.engines.servers import Engine
from tests.incidents.samples import a_report
from tests.standins.queue import Queued
from worker.announcing import AnnouncingIncidents, ask_for
from worker.domain.incident import Incident
from worker.domain.severity import Severity
from worker.elastic import connect_elasticsearch
from worker.errors import IncidentUnknown, RequestRefused
from worker.incidents import record
from worker.policy import Policy
from worker.settings import Settings
from worker.store.incidents import ElasticIncidentStore
from worker.store.templates import install_templates

NOW = datetime(2026, 2, 26, 11, 0, tzinfo=UTC)


@pytest.fixture
def queue() -> Queued:
    return Queued()


@pytest.fixture
def incidents(embedded_engine: Engine, queue: Queued) -> Iterator[AnnouncingIncidents]:
    client = connect_elasticsearch(Settings(elasticsearch_url=embedded_engine.url))
    install_templates(client)
    store = ElasticIncidentStore(client)
    yield AnnouncingIncidents(store, queue, Policy(), {"slack", "jira", "pagerduty"}, clock=lambda: NOW)
    client.close()


@pytest.fixture
def incident(incidents: AnnouncingIncidents) -> Incident:
    opened = record(a_report(severity=Severity.MEDIUM), incidents, NOW)
    assert opened is not None
    assert opened.deliveries.keys() == set()
    return opened


def test_what_was_asked_for_is_pending_with_who_asked_and_asked_once(
    incidents: AnnouncingIncidents, incident: Incident, queue: Queued
) -> None:
    asked = ask_for(incident.incident_id, "jira", incidents=incidents, by="Ada")
    assert (asked.deliveries["jira"].state, asked.deliveries["jira"].asked_by) == ("pending", "Ada")
    assert (asked.history[-1].event, asked.history[-1].reason) == ("asked", "Ada asked for jira.")
    assert queue.deliveries == [(incident.incident_id, "jira")]
    again = ask_for(incident.incident_id, "jira", incidents=incidents, by="Bob")
    assert (again.deliveries["jira"].asked_by, len(again.history)) == ("Ada", len(asked.history))


def test_one_that_has_failed_is_tried_again(incidents: AnnouncingIncidents, incident: Incident) -> None:
    asked = ask_for(incident.incident_id, "jira", incidents=incidents, by="Ada")
    failed = asked.deliveries["jira"].model_copy(update={"state": "failed", "reason": "no such project"})
    incidents.store.update(incident.incident_id, lambda it: it.model_copy(update={"deliveries": {"jira": failed}}))
    again = ask_for(incident.incident_id, "jira", incidents=incidents, by="Bob")
    assert (again.deliveries["jira"].state, again.deliveries["jira"].asked_by) == ("pending", "Bob")


@pytest.mark.parametrize(
    ("destination", "reason"),
    [("servicenow", "not configured; destinations that are: jira, pagerduty, slack"), ("pagerduty", "the policy")],
)
def test_what_settings_or_policy_do_not_provide_for_is_refused(
    incidents: AnnouncingIncidents, incident: Incident, queue: Queued, destination: str, reason: str
) -> None:
    with pytest.raises(RequestRefused, match=reason):
        ask_for(incident.incident_id, destination, incidents=incidents, by="Ada")
    assert incidents.get(incident.incident_id) == incidents.store.get(incident.incident_id)
    assert queue.deliveries == []


def test_an_incident_that_is_not_there_is_unknown(incidents: AnnouncingIncidents) -> None:
    with pytest.raises(IncidentUnknown):
        ask_for("inc-none", "jira", incidents=incidents, by="Ada")
