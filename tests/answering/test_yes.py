"""The offer of a ticket, and what a yes does: by the incident's own path, once, however often it is said."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from pydantic import TypeAdapter

from tests.answering.conftest import NOW, US, Desk, an_alert, fill
from tests.engines import servers
from tests.incidents.samples import a_report
from worker.answering.answer import Answer, Offer, told
from worker.answering.yes import take_up
from worker.domain.severity import Severity
from worker.elastic import connect_elasticsearch
from worker.errors import RequestRefused
from worker.life import opened
from worker.policy import parse_policy
from worker.ports import AlertStore
from worker.settings import Settings

WRONG = "What's going wrong with checkout in `us-central1`?"
WHO = "Ada"


@pytest.fixture(scope="module")
def own_desk() -> Iterator[Desk]:
    """For what changes something, in the order of the tests: first of checkout, then of ledger."""
    with servers.embedded_engine() as running, connect_elasticsearch(Settings(elasticsearch_url=running.url)) as client:
        yield fill(client)


def offered(answer: Answer) -> Offer:
    assert answer.offer is not None
    assert answer.offer.sentence in answer.closing
    return answer.offer


def test_what_is_significant_and_not_on_record_is_offered_with_the_alert_that_a_yes_hands_in(desk: Desk) -> None:
    offer = offered(desk.ask(WRONG))
    assert (offer.destinations, offer.incident_id) == (["jira"], None)
    assert offer.sentence == "No incident is on record for it. Open one, with a ticket at jira?"
    assert offer.alert is not None
    assert TypeAdapter(Offer).validate_json(json.dumps(told(desk.ask(WRONG))["offer"])) == offer
    again = offered(desk.ask("why is checkout failing in us-central1 since yesterday"))
    assert again.alert is not None
    assert again.alert.alert_id == offer.alert.alert_id


def test_nothing_is_stored_or_sent_for_an_answer(desk: Desk) -> None:
    def everything() -> dict[str, int]:
        desk.client.indices.refresh(index="spiketrace-*")
        found = desk.client.search(index="spiketrace-*", size=0, aggs={"of": {"terms": {"field": "_index"}}})
        return {one["key"]: one["doc_count"] for one in found["aggregations"]["of"]["buckets"]}

    before = everything()
    desk.ask(WRONG)
    desk.ask("create a ticket for ledger")
    assert everything() == before
    assert desk.queue.alert_ids == []


def test_where_there_is_no_ticket_system_that_is_said_instead(desk: Desk) -> None:
    answer = desk.with_destinations("slack").ask(WRONG)
    assert answer.offer is None
    assert "no ticket system is configured: set SPIKETRACE_JIRA_URL" in answer.closing
    listed = desk.with_destinations("slack").ask("incidents of ledger")
    assert listed.offer is None


def test_what_has_its_ticket_is_offered_none(desk: Desk) -> None:
    """The policy tells Jira of what is critical by itself."""
    answer = desk.ask("What's going wrong with ledger?")
    assert answer.offer is None
    assert "A ticket at jira is on its way." in answer.closing
    asked = desk.ask("create a ticket for ledger in europe-west1")
    assert asked.offer is None
    assert "A ticket at jira is on its way." in asked.closing


def test_what_the_policy_has_no_ticket_for_is_offered_none(desk: Desk) -> None:
    quiet = Desk(desk.client, desk.shop, policy=parse_policy("routes: [{name: all, tell: [slack]}]", "test"))
    answer = quiet.ask(WRONG)
    assert (answer.offer, "ticket" in answer.closing) == (None, False)


def test_a_yes_hands_the_alert_in_and_then_asks_for_the_ticket_and_a_second_one_opens_nothing(own_desk: Desk) -> None:
    offer = offered(own_desk.ask(WRONG))
    assert offer.alert is not None
    first = take_up(offer, own_desk.tickets, by=WHO)
    assert (first.state, own_desk.queue.alert_ids) == ("investigating", [offer.alert.alert_id])
    assert take_up(offer, own_desk.tickets, by=WHO).state == "investigating"
    assert own_desk.queue.alert_ids == [offer.alert.alert_id]
    _work(own_desk, offer)
    second = take_up(offer, own_desk.tickets, by=WHO)
    assert (second.state, "a ticket at jira is on its way" in second.sentence) == ("asked", True)
    assert f"spiketrace incidents close {second.incident_id}" in second.sentence
    assert take_up(offer, own_desk.tickets, by="Bob") == second
    told = [pair for pair in own_desk.queue.deliveries if pair == (second.incident_id, "jira")]
    assert len(told) == 1
    # From now on it is on record, and has its ticket.
    answer = own_desk.ask(WRONG)
    assert (answer.offer, [one["incident_id"] for one in answer.incidents]) == (None, [second.incident_id])


def _work(desk: Desk, offer: Offer) -> None:
    """What a worker does with the alert: in the order of `worker.run`."""
    assert offer.alert is not None
    alert_id = offer.alert.alert_id
    claimed = desk.tickets.alerts.claim(alert_id, owner="w", lease_seconds=60)
    assert claimed is not None
    assert claimed.alert == offer.alert
    report = desk.record(offer.alert)
    incident = desk.store.get(report.incident_id or "")
    assert incident is not None
    desk.tickets.alerts.finish(alert_id, report_id=report.report_id, incident_id=incident.incident_id)
    # Whoever has stored the report of a new incident enqueues what the policy tells of it.
    for name in incident.deliveries:
        desk.queue.deliver(incident.incident_id, report.report_id, name)


def test_what_goes_to_slack_is_a_message_and_no_ticket(own_desk: Desk) -> None:
    incident_id = own_desk.ask("incidents of ledger").incidents[0]["incident_id"]
    own_desk.store.update(incident_id, lambda one: one.model_copy(update={"deliveries": {}}))
    offer = Offer("Tell it?", ["slack"], incident_id=incident_id)
    assert take_up(offer, own_desk.tickets, by=WHO).sentence == f"{incident_id}: a message at slack is on its way."


def test_where_people_are_asked_a_yes_asks_for_it(own_desk: Desk) -> None:
    """From medium on the default policy leaves tickets to people."""
    incident = own_desk.ask("incidents of ledger").incidents[0]
    own_desk.store.update(
        incident["incident_id"], lambda one: one.model_copy(update={"severity": Severity.MEDIUM, "deliveries": {}})
    )
    own_desk.client.indices.refresh(index="spiketrace-*")
    own_desk.queue.deliveries.clear()
    offer = offered(own_desk.ask("What incidents are affecting payments in europe-west1 this week?"))
    assert (offer.incident_id, offer.destinations) == (incident["incident_id"], ["jira"])
    taken = take_up(offer, own_desk.tickets, by=WHO)
    assert (taken.state, taken.incident_id) == ("asked", incident["incident_id"])
    found = own_desk.store.get(incident["incident_id"])
    assert found is not None
    assert found.deliveries["jira"].asked_by == WHO
    assert take_up(offer, own_desk.tickets, by="Bob") == taken
    assert own_desk.queue.deliveries.count((incident["incident_id"], "jira")) == 1


def test_an_alert_that_made_no_incident_or_could_not_be_investigated_is_said(empty_desk: Desk) -> None:
    for state, end in (("no_incident", _finish), ("failed", _fail)):
        alert = an_alert("search", US, NOW)
        offer = Offer("Open it?", ["jira"], alert=alert.model_copy(update={"uuid": state}))
        assert offer.alert is not None
        assert take_up(offer, empty_desk.tickets, by=WHO).state == "investigating"
        end(empty_desk.tickets.alerts, offer.alert.alert_id)
        assert take_up(offer, empty_desk.tickets, by=WHO).state == state


def _finish(alerts: AlertStore, alert_id: str) -> None:
    alerts.finish(alert_id, report_id="r-1", incident_id=None)


def _fail(alerts: AlertStore, alert_id: str) -> None:
    alerts.fail(alert_id, reason="the engine was away")


def test_what_went_on_as_another_incident_gets_that_ones_ticket(empty_desk: Desk) -> None:
    first, second = (opened(f"inc-20260226-{letter * 8}-1", a_report(severity=Severity.HIGH), NOW) for letter in "ab")
    assert empty_desk.incidents.create(second)
    assert empty_desk.incidents.create(first.model_copy(update={"merged_into": second.incident_id}))
    offer = Offer("Open it?", ["jira"], incident_id=first.incident_id)
    assert take_up(offer, empty_desk.tickets, by=WHO).incident_id == second.incident_id


def test_what_the_policy_does_not_provide_for_is_refused(empty_desk: Desk) -> None:
    incident = opened("inc-20260226-aaaaaaaa-1", a_report(severity=Severity.HIGH), NOW)
    assert empty_desk.incidents.create(incident)
    with pytest.raises(RequestRefused, match="servicenow"):
        take_up(Offer("Open it?", ["servicenow"], incident_id=incident.incident_id), empty_desk.tickets, by=WHO)
