"""What the sweep finds, and what it leaves alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.engines.servers import Engine
from tests.tasks import samples
from tests.tasks.conftest import Bench
from worker import incidents
from worker.domain.alert import Alert, AlertState
from worker.domain.incident import Delivery, Incident, IncidentStatus
from worker.domain.report import Quantity
from worker.domain.telemetry import Scope
from worker.domain.window import Window
from worker.life import Life
from worker.ports import Notification
from worker.receipts import GRACE as DELIVERY_GRACE
from worker.settle import SAMPLES_ARRIVE, Losses, sweep_ended
from worker.sweep import GRACE, OVERDUE, sweep_alerts, sweep_deliveries, sweep_quiet, sweep_recoveries

NOW = datetime.now(UTC)
HOLD = Life().resolve_after
AT_ONCE = Life(resolve_after=timedelta())


@pytest.fixture
def engine_of_test(engine: Engine) -> Engine:
    return engine


def sweep(bench: Bench, *, after: timedelta = timedelta()) -> int:
    bench.stores.client.indices.refresh(index="spiketrace-*")
    return sweep_alerts(bench.stores.alerts, bench.queue, now=datetime.now(UTC) + after)


class TestAlerts:
    def test_one_that_was_never_enqueued_is_found_after_the_grace(self, bench: Bench) -> None:
        bench.accept("lost")
        assert sweep(bench) == 0
        assert sweep(bench, after=GRACE + timedelta(seconds=1)) == 1
        assert bench.queue.waiting_alerts() == 1

    def test_a_storm_is_not_made_longer(self, bench: Bench) -> None:
        waiting = bench.accept(*(f"storm-{number}" for number in range(30)))
        bench.queue.investigate(waiting)
        for minute in range(1, 15):
            assert sweep(bench, after=timedelta(minutes=minute)) == 0
        assert bench.queue.waiting_alerts() == 30

    def test_even_of_a_long_queue_a_quarter_of_an_hour_is_not_believed(self, bench: Bench) -> None:
        bench.accept("lost")
        bench.queue.investigate(["another"])
        assert sweep(bench, after=OVERDUE + timedelta(seconds=1)) == 1
        assert sweep(bench, after=OVERDUE + timedelta(seconds=6)) == 0

    def test_one_whose_worker_is_gone_is_found_once_behind_however_many(self, bench: Bench) -> None:
        (alert_id,) = bench.accept("abandoned")
        assert bench.stores.alerts.claim(alert_id, owner="gone", lease_seconds=15)
        bench.queue.investigate(["another"])
        assert sweep(bench) == 0
        assert sweep(bench, after=timedelta(seconds=16)) == 1
        assert bench.record(alert_id).state is AlertState.QUEUED
        assert sweep(bench, after=timedelta(seconds=21)) == 0

    def test_those_that_are_settled_stay_so(self, bench: Bench) -> None:
        reported, failed = bench.accept("reported", "failed")
        bench.stores.alerts.finish(reported, report_id="r-1", incident_id=None)
        bench.stores.alerts.fail(failed, reason="for a reason")
        assert sweep(bench, after=timedelta(days=1)) == 0


def opened(bench: Bench, service: str, alert_id: str | None = None) -> Incident:
    alert = samples.alert(service)
    report = samples.report(alert, alert_id or alert.alert_id)
    incident = incidents.record(report, bench.stores.incidents, NOW)
    assert incident is not None
    return incident


class TestDeliveries:
    @pytest.mark.parametrize(
        ("delivery", "found"),
        [
            (Delivery(state="pending", updated_at=NOW), False),
            (Delivery(state="pending", updated_at=NOW - DELIVERY_GRACE), True),
            (Delivery(state="pending", updated_at=NOW - DELIVERY_GRACE, lease_until=NOW + DELIVERY_GRACE), False),
            (Delivery(state="pending", updated_at=NOW, lease_until=NOW - timedelta(seconds=1)), True),
            (Delivery(state="pending", updated_at=NOW - DELIVERY_GRACE, not_before=NOW + DELIVERY_GRACE), False),
            (Delivery(state="pending", updated_at=NOW - DELIVERY_GRACE, not_before=NOW), True),
            (Delivery(state="done", updated_at=NOW - timedelta(days=1)), False),
            (Delivery(state="failed", updated_at=NOW - timedelta(days=1)), False),
        ],
    )
    def test_those_that_nobody_touches_are_found(self, bench: Bench, delivery: Delivery, found: bool) -> None:
        incident = opened(bench, "checkout")
        bench.stores.incidents.update(
            incident.incident_id, lambda it: it.model_copy(update={"deliveries": {"slack": delivery}})
        )
        assert sweep_deliveries(bench.stores.incidents, bench.queue, ["jira", "slack"], now=NOW) == found
        assert bench.queue.waiting_deliveries() == found
        # It is marked as enqueued anew, so the next round adds none.
        assert sweep_deliveries(bench.stores.incidents, bench.queue, ["jira", "slack"], now=NOW) == 0

    def test_an_attempt_that_broke_off_is_not_forgotten(self, bench: Bench) -> None:
        incident = opened(bench, "checkout")
        broken = Delivery(state="pending", updated_at=NOW, lease_until=NOW, attempts=1)
        bench.stores.incidents.update(
            incident.incident_id, lambda it: it.model_copy(update={"deliveries": {"slack": broken}})
        )
        assert sweep_deliveries(bench.stores.incidents, bench.queue, ["slack"], now=NOW) == 1
        found = bench.stores.incidents.get(incident.incident_id)
        assert found is not None
        assert found.deliveries["slack"].in_doubt

    def test_a_long_queue_is_believed_for_a_quarter_of_an_hour(self, bench: Bench) -> None:
        incident = opened(bench, "checkout")
        waiting = Delivery(state="pending", updated_at=NOW - DELIVERY_GRACE)
        bench.stores.incidents.update(
            incident.incident_id, lambda it: it.model_copy(update={"deliveries": {"slack": waiting}})
        )
        bench.queue.deliver("another", "r", "slack")
        for after, found in ((timedelta(0), 0), (OVERDUE, 1)):
            assert sweep_deliveries(bench.stores.incidents, bench.queue, ["slack"], now=NOW + after) == found


class TestRecoveries:
    def recover(self, bench: Bench, alert: Alert) -> None:
        ending = alert.model_copy(update={"action_group": "recovered", "date": alert.date + timedelta(minutes=20)})
        bench.stores.alerts.record([Notification(alert=ending, received_at=NOW)])
        bench.stores.client.indices.refresh(index="spiketrace-*")

    def sweep(self, bench: Bench) -> int:
        return sweep_recoveries(
            bench.stores.alerts, bench.stores.incidents, bench.stores.incidents.open_ones(), now=NOW
        )

    def test_an_incident_ends_with_the_last_of_its_alerts(self, bench: Bench) -> None:
        first, second = (samples.alert("checkout", uuid=uuid) for uuid in ("one", "two"))
        for alert in (first, second):
            bench.stores.alerts.record([Notification(alert=alert, received_at=NOW)])
            incident = opened(bench, "checkout", alert.alert_id)
            bench.stores.alerts.finish(alert.alert_id, report_id="r", incident_id=incident.incident_id)
        assert self.sweep(bench) == 0
        self.recover(bench, first)
        assert self.sweep(bench) == 1
        assert self.status(bench, incident) is IncidentStatus.OPEN
        self.recover(bench, second)
        assert self.sweep(bench) == 1
        assert self.sweep(bench) == 0
        assert self.status(bench, incident) is IncidentStatus.OPEN
        assert sweep_quiet(bench.stores.incidents, bench.stores.incidents.open_ones(), now=NOW + HOLD) == 1
        assert self.status(bench, incident) is IncidentStatus.RESOLVED

    def status(self, bench: Bench, incident: Incident) -> IncidentStatus:
        found = bench.stores.incidents.get(incident.incident_id)
        assert found is not None
        return found.status


class TestEnded:
    def test_one_that_has_ended_is_settled_in_the_store_and_found_no_more(self, bench: Bench) -> None:
        alert = samples.alert("checkout")
        incident, ended = opened(bench, "checkout", alert.alert_id), alert.date + timedelta(minutes=20)
        assert bench.stores.reports.create(samples.report(alert, alert.alert_id))
        incidents.recover(alert.alert_id, bench.stores.incidents, recovered_at=ended, now=NOW, life=AT_ONCE)
        later, grams = ended + SAMPLES_ARRIVE, Quantity(low=90, likely=100, high=115)

        def measure(scope: Scope, window: Window) -> Losses:
            assert window.end == ended
            return Losses(grams=grams)

        swept = [
            sweep_ended(bench.stores.incidents, bench.stores.reports, measure, now=later + timedelta(seconds=number))
            for number in range(2)
        ]
        settled = bench.stores.incidents.get(incident.incident_id)
        assert swept == [1, 0]
        assert settled is not None
        assert (settled.wasted_co2, settled.wasted_co2_grams, settled.settled_until) == (grams, 100, ended)
