"""Deliveries, by a real worker to a scripted destination."""

from __future__ import annotations

import pytest

from tests.tasks.conftest import Bench, wait_until
from worker.domain.alert import AlertState
from worker.domain.incident import Delivery


def receipt(bench: Bench, alert_id: str) -> Delivery:
    """The receipt of the alert's incident, once it is settled."""
    incident_id = bench.wait_for(alert_id, AlertState.REPORTED).incident_id
    assert incident_id is not None

    def delivery() -> Delivery:
        incident = bench.stores.incidents.get(incident_id)
        assert incident is not None
        return incident.deliveries["slack"]

    wait_until(lambda: delivery().state != "pending", what="the delivery")
    return delivery()


def investigate(bench: Bench, instance: str) -> str:
    (alert_id,) = bench.accept(instance)
    bench.queue.investigate([alert_id])
    return alert_id


def test_an_incident_is_told_once_however_often_it_is_asked_for(shared_bench: Bench) -> None:
    alert_id = investigate(shared_bench, "ok told-once")
    record = shared_bench.wait_for(alert_id, AlertState.REPORTED)
    for _ in range(10):
        shared_bench.queue.deliver(str(record.incident_id), str(record.report_id), "slack")
    assert receipt(shared_bench, alert_id).vendor_id == "message-1"
    wait_until(lambda: shared_bench.queue.waiting_deliveries() == 0)
    assert receipt(shared_bench, alert_id).vendor_id == "message-1"


def test_a_vendor_that_is_busy_is_tried_again(shared_bench: Bench) -> None:
    alert_id = investigate(shared_bench, "ok unheard 1")
    assert (receipt(shared_bench, alert_id).state, receipt(shared_bench, alert_id).vendor_id) == ("done", "message-2")


@pytest.mark.parametrize(("instance", "reason"), [("ok unheard 9", "busy"), ("ok unwanted", "no such channel")])
def test_what_cannot_be_delivered_becomes_a_dead_letter_and_the_report_stays(
    shared_bench: Bench, instance: str, reason: str
) -> None:
    alert_id = investigate(shared_bench, instance)

    def given_up() -> bool:
        return bool(shared_bench.stores.client.exists(index="spiketrace-dead-letters", id=f"delivery-slack:{alert_id}"))

    wait_until(given_up, what="the dead letter")
    assert receipt(shared_bench, alert_id).state == "failed"
    assert receipt(shared_bench, alert_id).reason == reason
    letter = shared_bench.stores.dead_letters.get(f"delivery-slack:{alert_id}")
    assert letter is not None
    assert (letter.alert_id, letter.reason) == (alert_id, reason)
    assert shared_bench.record(alert_id).state is AlertState.REPORTED


def test_a_vendor_that_asks_for_ten_minutes_is_left_to_the_sweep(shared_bench: Bench) -> None:
    """No message waits for it: one that outlived the visibility timeout would be handed out twice."""
    alert_id = investigate(shared_bench, "ok patient 600")
    incident_id = shared_bench.wait_for(alert_id, AlertState.REPORTED).incident_id
    assert incident_id is not None

    def waiting() -> Delivery | None:
        incident = shared_bench.stores.incidents.get(incident_id)
        known = incident.deliveries.get("slack") if incident else None
        return known if known and known.not_before and known.lease_until is None else None

    wait_until(waiting, what="the delivery that is put off")
    known = waiting()
    assert known is not None
    assert known.not_before is not None
    assert (known.state, known.reason, known.attempts) == ("pending", "ask me later", 1)
    assert (known.not_before - known.updated_at).total_seconds() == pytest.approx(600, abs=5)
