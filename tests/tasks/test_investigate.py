"""The task, run by real workers on a real broker: what is retried, what is given up, what a death costs."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime

import pytest

from tasks.app import INVESTIGATE, REPLAY
from tests.engines.servers import Engine
from tests.tasks import samples
from tests.tasks.conftest import Bench, wait_until
from tests.tasks.scripted_worker import SECRET_IN_A_BUG
from worker.domain.alert import AlertState
from worker.domain.report import report_id_of
from worker.sweep import sweep_alerts


class TestOnEveryEngine:
    @pytest.fixture
    def engine_of_test(self, engine: Engine) -> Engine:
        return engine

    def test_fifty_messages_for_one_alert_make_one_report_and_one_incident(self, bench: Bench) -> None:
        (alert_id,) = bench.accept("slow 1")
        bench.queue.investigate([alert_id] * 50)
        bench.start_worker()
        record = bench.wait_for(alert_id, AlertState.REPORTED)
        wait_until(lambda: bench.queue.waiting_alerts() == 0)
        assert bench.calls(alert_id) == 1
        assert bench.record(alert_id).attempts == 1
        report = bench.stores.reports.get(report_id_of(alert_id))
        assert report is not None
        assert report.incident_id is not None
        assert (record.report_id, record.incident_id) == (report.report_id, report.incident_id)
        incident = bench.stores.incidents.get(report.incident_id)
        assert incident is not None
        assert incident.alert_ids == [alert_id]


def dead_letter(bench: Bench, alert_id: str) -> dict[str, object]:
    found = bench.stores.client.get(index="spiketrace-dead-letters", id=f"investigation:{alert_id}")
    source: dict[str, object] = found["_source"]
    return source


def test_what_is_worth_a_retry_is_tried_again(shared_bench: Bench) -> None:
    (alert_id,) = shared_bench.accept("unavailable 1")
    shared_bench.queue.investigate([alert_id])
    assert shared_bench.wait_for(alert_id, AlertState.REPORTED).attempts == 2
    assert shared_bench.calls(alert_id) == 2


@pytest.mark.parametrize(
    ("instance", "calls", "reason"),
    [
        ("unavailable 9", 2, "the engine is away"),
        ("refused", 1, "the engine refused the query"),
        ("bug", 1, "an unexpected ZeroDivisionError; the worker's log has the traceback"),
        ("die 9", 2, "2 attempts ended without a report"),
    ],
)
def test_what_cannot_be_investigated_becomes_a_dead_letter(
    shared_bench: Bench, instance: str, calls: int, reason: str
) -> None:
    (alert_id,) = shared_bench.accept(instance)
    shared_bench.queue.investigate([alert_id])
    record = shared_bench.wait_for(alert_id, AlertState.FAILED)
    letter = dead_letter(shared_bench, alert_id)
    assert record.reason == letter["reason"] == reason
    assert instance in str(letter["payload"])
    assert SECRET_IN_A_BUG not in str(letter)
    assert shared_bench.calls(alert_id) == calls
    assert shared_bench.stores.reports.get(report_id_of(alert_id)) is None


def test_one_that_takes_too_long_is_tried_again(shared_bench: Bench) -> None:
    (alert_id,) = shared_bench.accept("hang")
    shared_bench.queue.investigate([alert_id])
    assert shared_bench.wait_for(alert_id, AlertState.REPORTED).attempts == 2


def test_a_child_that_dies_costs_no_alert(shared_bench: Bench) -> None:
    """The worker hands the message out again, and its task takes up its own claim: no sweep runs here."""
    (alert_id,) = shared_bench.accept("die 1")
    shared_bench.queue.investigate([alert_id])
    shared_bench.wait_for(alert_id, AlertState.REPORTED)
    assert shared_bench.calls(alert_id) == 2


def test_a_killed_worker_loses_nothing_and_leaves_no_child(bench: Bench) -> None:
    alert_ids = bench.accept("slow 2.1", "slow 2.2", "slow 2.3")
    worker = bench.start_worker()
    bench.queue.investigate(alert_ids)
    wait_until(lambda: sum(bench.calls(alert_id) for alert_id in alert_ids) == 2, what="two at once")
    worker.kill()
    worker.wait()
    wait_until(lambda: not _group_lives(worker.pid), what="the children's end")
    bench.start_worker()

    def all_reported() -> bool:
        sweep_alerts(bench.stores.alerts, bench.queue, now=datetime.now(UTC))
        return all(bench.record(alert_id).state is AlertState.REPORTED for alert_id in alert_ids)

    wait_until(all_reported)
    bench.stores.client.indices.refresh(index="spiketrace-*")
    assert bench.stores.client.count(index="spiketrace-reports")["count"] == 3


def _group_lives(leader_pid: int) -> bool:
    try:
        os.killpg(leader_pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_worker_told_to_stop_ends_what_it_has_begun_and_hands_the_rest_back(bench: Bench) -> None:
    alert_ids = bench.accept(*(f"slow 0.9{number}" for number in range(8)))
    worker = bench.start_worker()
    bench.queue.investigate(alert_ids)
    wait_until(lambda: any(bench.calls(alert_id) for alert_id in alert_ids))
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=20) == 0
    begun = [alert_id for alert_id in alert_ids if bench.calls(alert_id)]
    assert [bench.record(alert_id).state for alert_id in begun] == [AlertState.REPORTED] * len(begun)
    # At once, not when the visibility timeout is over.
    assert bench.queue.waiting_alerts() == len(alert_ids) - len(begun) > 0


def test_an_alert_that_another_worker_holds_is_waited_for(shared_bench: Bench) -> None:
    (alert_id,) = shared_bench.accept("ok")
    assert shared_bench.stores.alerts.claim(alert_id, owner="a worker that is gone", lease_seconds=2.0)
    shared_bench.queue.investigate([alert_id])
    assert shared_bench.wait_for(alert_id, AlertState.REPORTED).attempts == 2


def test_a_report_that_is_there_already_is_picked_up(shared_bench: Bench) -> None:
    """What a worker leaves behind that died between writing the report and finishing the alert."""
    (alert_id,) = shared_bench.accept("refused")
    stored = samples.report(samples.alert("refused"), alert_id).model_copy(update={"headline": "the first one"})
    assert shared_bench.stores.reports.create(stored)
    shared_bench.queue.investigate([alert_id])
    assert shared_bench.wait_for(alert_id, AlertState.REPORTED).report_id == stored.report_id
    assert shared_bench.stores.reports.get(stored.report_id) == stored
    assert shared_bench.calls(alert_id) == 0


def test_an_unknown_alert_harms_nobody(shared_bench: Bench) -> None:
    (alert_id,) = shared_bench.accept("ok")
    shared_bench.queue.investigate(["there is no such alert", alert_id])
    shared_bench.wait_for(alert_id, AlertState.REPORTED)


def test_live_alerts_go_before_replays(shared_bench: Bench) -> None:
    replays = shared_bench.accept(*(f"slow 0.2 replay-{number}" for number in range(40)))
    for alert_id in replays:
        shared_bench.app.send_task(INVESTIGATE, args=(alert_id,), queue=REPLAY)
    wait_until(lambda: any(shared_bench.calls(alert_id) for alert_id in replays))
    (live,) = shared_bench.accept("ok")
    shared_bench.queue.investigate([live])
    shared_bench.wait_for(live, AlertState.REPORTED)
    states = [shared_bench.record(alert_id).state for alert_id in replays]
    assert states.count(AlertState.QUEUED) > 20
