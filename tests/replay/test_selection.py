"""Which alerts are replayed: by their date, their rule and their report; never what a replay made itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.engines.servers import Engine
from tests.replay.builders import NOW, seconds
from tests.tasks import samples
from worker.bootstrap import Stores
from worker.domain.alert import Rule
from worker.domain.report import Verdict
from worker.domain.severity import Severity
from worker.ports import Notification
from worker.replay.model import Choice
from worker.replay.selection import known_by, select, unknown_ids
from worker.store.past_alerts import ElasticPastAlerts

DAY = timedelta(days=1)


class TestOnEveryEngine:
    @pytest.fixture
    def embedded_engine(self, engine: Engine) -> Engine:
        return engine

    def test_every_choice_and_their_order(self, stores: Stores) -> None:
        fill(stores)
        for choice, chosen in CHOICES:
            assert instances(stores, **choice) == chosen, choice
        (first,) = select(Choice(rule=("errors",)), stores.past_alerts, stores.reports)
        assert instances(stores, ids=first.alert_id) == ["search"]
        asked = Choice(ids=("z", first.alert_id, "a", "z"), rule=("carbon",))
        assert unknown_ids(asked, stores.past_alerts) == ("z", "a")


def fill(stores: Stores) -> None:
    accept(stores, "checkout", days=3)
    accept(stores, "search", days=2, rule="errors", verdict=Verdict.INCONCLUSIVE, severity=Severity.LOW)
    accept(stores, "payments", days=1, region="eu", with_replay=True)
    accept(stores, "kiosk,us", days=0, reported=False)
    stores.client.indices.refresh(index="spiketrace-*")


CHOICES: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["checkout", "search", "payments", "kiosk,us"]),
    ({"since": NOW - 2 * DAY}, ["search", "payments", "kiosk,us"]),
    ({"until": NOW - 2 * DAY}, ["checkout"]),
    ({"since": NOW - 2 * DAY, "until": NOW}, ["search", "payments"]),
    ({"rule": "errors"}, ["search"]),
    ({"rule": ["errors", "carbon-spike"], "limit": 2}, ["checkout", "search"]),
    ({"service": ["checkout", "payments"]}, ["checkout", "payments"]),
    ({"service": "kiosk"}, ["kiosk,us"]),
    ({"region": "eu"}, ["payments"]),
    ({"region": "us"}, ["kiosk,us"]),
    ({"verdict": "root_cause"}, ["checkout", "payments"]),
    ({"verdict": ["inconclusive"], "severity": "low"}, ["search"]),
    ({"severity": "high"}, ["checkout", "payments"]),
    ({"ids": ["there is no such alert"]}, []),
    ({"limit": 1}, ["checkout"]),
    ({"service": "nobody"}, []),
]


def accept(
    stores: Stores, instance: str, *, days: int, rule: str = "carbon-spike", reported: bool = True, **changes: Any
) -> str:
    with_replay = changes.pop("with_replay", False)
    alert = samples.alert(instance, uuid=instance).model_copy(
        update={"date": NOW - days * DAY, "rule": Rule(id=rule), "group": instance}
    )
    (recorded,) = stores.alerts.record([Notification(alert=alert, received_at=NOW)])
    if reported:
        alert_id, timings = recorded.alert_id, {"survey_seconds": 2.0, "detail_seconds": 1.0}
        report = samples.report(alert, alert_id).model_copy(
            update={"service": instance, "created_at": NOW, "timings": timings, **changes}
        )
        stores.reports.create(report)
        stores.alerts.finish(alert_id, report_id=report.report_id, incident_id=None)
        if with_replay:
            stores.reports.create(report.model_copy(update={"report_id": "r-again", "replay_of": report.report_id}))
    return recorded.alert_id


def instances(stores: Stores, **choice: Any) -> list[str]:
    pages = ElasticPastAlerts(stores.client, page=2)
    return [one.alert.instance for one in select(Choice(**choice), pages, stores.reports)]


def test_what_is_chosen_knows_its_report_and_when_it_was_begun(stores: Stores) -> None:
    alert_id = accept(stores, "checkout", days=1)
    accept(stores, "waiting", days=0, reported=False)
    stores.client.indices.refresh(index="spiketrace-*")
    chosen, waiting = select(Choice(since=NOW - 9 * DAY), stores.past_alerts, stores.reports)
    assert (chosen.original, chosen.known_by) == (f"r-{alert_id}", NOW - seconds(3))
    assert (waiting.original, waiting.known_by) == (None, None)


def test_a_report_that_kept_what_it_knew_says_so_itself() -> None:
    head = {"created_at": NOW.isoformat(), "timings": {"survey_seconds": 3.0}}
    assert known_by(head) == NOW - seconds(3)
    assert known_by({**head, "known_by": (NOW - seconds(9)).isoformat()}) == NOW - seconds(9)


def test_a_report_that_is_gone_leaves_the_alert_without_one(stores: Stores) -> None:
    alert_id = accept(stores, "checkout", days=1)
    stores.client.delete(index="spiketrace-reports", id=f"r-{alert_id}")
    stores.client.indices.refresh(index="spiketrace-*")
    (chosen,) = select(Choice(since=NOW - 9 * DAY), stores.past_alerts, stores.reports)
    assert chosen.original is None


def test_an_alert_of_which_only_the_end_arrived_is_passed_over(stores: Stores) -> None:
    ended = samples.alert("checkout").model_copy(update={"action_group": "recovered"})
    stores.alerts.record([Notification(alert=ended, received_at=NOW)])
    stores.client.indices.refresh(index="spiketrace-*")
    assert instances(stores, since=NOW - 999 * DAY) == []


def test_live_alerts_are_seen_to_come_in(stores: Stores) -> None:
    assert not stores.past_alerts.arrived_since(NOW)
    accept(stores, "checkout", days=1)
    stores.client.indices.refresh(index="spiketrace-*")
    assert stores.past_alerts.arrived_since(NOW)
    assert not stores.past_alerts.arrived_since(NOW + seconds(1))


def test_replays_are_not_among_the_latest_reports(stores: Stores) -> None:
    alert_id = accept(stores, "payments", days=1, with_replay=True)
    stores.client.indices.refresh(index="spiketrace-*")
    assert [one.report_id for one in stores.reports.latest(10)] == [f"r-{alert_id}"]
