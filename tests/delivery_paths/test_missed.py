"""What Kibana's index of alerts knows and nobody told us is taken in once, also where it is told after all."""

from __future__ import annotations

import random
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.delivery_paths.kibana_documents import (
    active_document,
    alert_of,
    connector_writes,
    create_alerts_index,
    kibana_keeps,
)
from tests.standins.queue import Queued
from tests.webhook.bodies import active, encoded, recovered
from worker.alerts_as_data import read_document
from worker.bootstrap import Stores
from worker.domain.alert import Alert, AlertState, Origin
from worker.domain.window import iso
from worker.errors import EvidenceUnavailable, InvalidAlert
from worker.intake import take_in
from worker.missed import CAME_AND_WENT, OLDEST, Patience, end_recovered, take_in_missed
from worker.ports import AlertRecord, Notification, Recorded
from worker.posted import parse_alert
from worker.store import alerts as alert_store
from worker.store import kibana_alerts

NOW = datetime.now(UTC).replace(microsecond=0)
GRACE = timedelta(minutes=10)
PATIENCE = Patience(now=NOW, grace=GRACE, kept=timedelta(days=90))
LONG_AGO = NOW - timedelta(minutes=30)


@pytest.fixture
def kept(stores: Stores) -> Stores:
    create_alerts_index(stores.client)
    return stores


@pytest.fixture
def embedded_kept(embedded_stores: Stores) -> Stores:
    create_alerts_index(embedded_stores.client)
    return embedded_stores


def sweep(stores: Stores, queue: Queued, patience: Patience = PATIENCE) -> tuple[int, int]:
    """How many were taken in and how many ended."""
    stores.client.indices.refresh(index="spiketrace-alerts", ignore_unavailable=True)
    taken = take_in_missed(stores.kibana_alerts, stores.alerts, stores.dead_letters, queue, patience)
    stores.client.indices.refresh(index="spiketrace-alerts", ignore_unavailable=True)
    return taken, end_recovered(stores.kibana_alerts, stores.alerts, patience)


def told(uuid: str, at: datetime, *, recovery: bool = False) -> Alert:
    """What the webhook makes of the notification that Kibana dated so."""
    body = recovered(uuid, date=iso(at)) if recovery else active(uuid, date=iso(at))
    return parse_alert(encoded(body), received_at=NOW)


def tell(stores: Stores, alert: Alert) -> Recorded:
    (recorded,) = stores.alerts.record([Notification(alert=alert, received_at=NOW)])
    return recorded


def record_of(stores: Stores, uuid: str) -> AlertRecord | None:
    return stores.alerts.get(told(uuid, NOW).alert_id)


def stored(stores: Stores) -> int:
    stores.client.indices.refresh(index="spiketrace-alerts", ignore_unavailable=True)
    return int(stores.client.count(index="spiketrace-alerts", ignore_unavailable=True)["count"])


def _named(value: object) -> str:
    """Without the times: the processes of one test run name the same tests, each a moment later."""
    if not isinstance(value, dict):
        return ""
    return " ".join(key if key == "start" else f"{key}={it}" for key, it in value.items())


class TestAlertsThatNeverArrived:
    def test_one_is_taken_in_as_what_its_notification_would_have_been(self, kept: Stores, queue: Queued) -> None:
        link = "https://kibana.example.com/app/management"
        kibana_keeps(kept.client, alert_of("lost", start=LONG_AGO) | {"kibana.alert.url": link, "logs": ["…"] * 100})
        assert sweep(kept, queue) == (1, 0)
        record = record_of(kept, "lost")
        assert record
        assert record.alert
        expected = told("lost", LONG_AGO)
        same = {"rule", "instance", "uuid", "action_group", "date", "title", "message", "conditions"}
        assert record.alert.model_dump(include=same) == expected.model_dump(include=same)
        assert record.alert.link == link
        # That of Kibana's document is of the latest run.
        assert record.alert.value is None
        assert (record.origin, record.state) == (Origin.SWEEP, AlertState.QUEUED)
        assert queue.alert_ids == [expected.alert_id]
        assert sweep(kept, queue) == (0, 0)

    def test_its_notification_that_comes_late_is_a_duplicate(self, kept: Stores, queue: Queued) -> None:
        kibana_keeps(kept.client, alert_of("lost", start=LONG_AGO))
        sweep(kept, queue)
        for seconds in (0.2, 3, 3, 400):
            assert tell(kept, told("lost", LONG_AGO + timedelta(seconds=seconds))).status == "duplicate"
        late = active_document("lost", date=iso(LONG_AGO + timedelta(seconds=3)))
        connector_writes(kept.client, late)
        take_in(kept.inbox_index, kept.alerts, kept.dead_letters, queue)
        assert stored(kept) == 1
        assert set(queue.alert_ids) == {told("lost", LONG_AGO).alert_id}

    def test_what_kibana_tells_of_it_later_is_a_further_notification(self, kept: Stores, queue: Queued) -> None:
        kibana_keeps(kept.client, alert_of("lost", start=LONG_AGO))
        sweep(kept, queue)
        assert tell(kept, told("lost", NOW + timedelta(hours=1))).status == "accepted"
        assert stored(kept) == 2

    def test_one_that_was_told_meanwhile_stays_as_it_was_told(self, embedded_kept: Stores, queue: Queued) -> None:
        tell(embedded_kept, told("known", LONG_AGO + timedelta(minutes=5)))
        found = read_document(alert_of("known", start=LONG_AGO), found_at=NOW)
        (recorded,) = embedded_kept.alerts.record(found.notifications(NOW))
        assert recorded.status == "duplicate"
        assert stored(embedded_kept) == 1

    @pytest.mark.parametrize(
        ("changes", "is_ours"),
        [
            ({"rule.tags": ["other"]}, True),
            ({"rule.uuid": "a-rule-of-theirs"}, True),
            ({"rule.uuid": "a-rule-of-theirs", "rule.tags": ["other", "spiketrace-like"]}, False),
            ({"rule.uuid": "a-rule-of-theirs", "rule.tags": []}, False),
            ({"status": "delayed"}, False),
            ({"status": "untracked"}, False),
            ({"muted": True}, False),
            ({"snoozed": True}, False),
            ({"maintenance_window_ids": ["upgrade"]}, False),
            ({"maintenance_window_ids": [], "muted": False}, True),
            ({"start": iso(NOW - GRACE + timedelta(seconds=5))}, False),
            ({"start": iso(NOW - OLDEST - timedelta(seconds=5))}, False),
        ],
        ids=_named,
    )
    def test_which_ones(self, embedded_kept: Stores, queue: Queued, changes: dict[str, Any], is_ours: bool) -> None:
        changed = {f"kibana.alert.{name}": value for name, value in changes.items()}
        kibana_keeps(embedded_kept.client, alert_of("it", start=LONG_AGO) | changed)
        assert sweep(embedded_kept, queue) == (int(is_ours), 0)

    def test_what_our_retention_deleted_is_not_taken_for_lost(self, embedded_kept: Stores, queue: Queued) -> None:
        kibana_keeps(embedded_kept.client, alert_of("long", start=NOW - timedelta(days=2)))
        assert sweep(embedded_kept, queue, Patience(NOW, GRACE, kept=timedelta(days=1))) == (0, 0)
        assert sweep(embedded_kept, queue) == (1, 0)

    def test_however_many_there_are_all_are_looked_at(
        self, kept: Stores, queue: Queued, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(kibana_alerts, "PAGE", 3)
        monkeypatch.setattr(alert_store, "UNENDED_PAGE", 2)
        lives, last_of_all = [f"life-{number:02}" for number in range(11)], "life-10"
        for uuid in lives:
            kibana_keeps(kept.client, alert_of(uuid, start=LONG_AGO), refresh=False)
            if uuid != last_of_all:
                tell(kept, told(uuid, LONG_AGO))
        kept.client.indices.refresh(index=".alerts-*", expand_wildcards="all")
        assert sweep(kept, queue) == (1, 0)
        for uuid in lives:
            kibana_keeps(kept.client, alert_of(uuid, start=LONG_AGO, end=NOW - GRACE))
        assert sweep(kept, queue) == (0, 11)


class TestWhatEndedUnheard:
    def test_a_recovery_that_was_lost_ends_its_alert(self, kept: Stores, queue: Queued) -> None:
        tell(kept, told("known", LONG_AGO))
        tell(kept, told("still active", LONG_AGO))
        end = NOW - timedelta(minutes=11)
        kibana_keeps(kept.client, alert_of("known", start=LONG_AGO, end=end), alert_of("still active", start=LONG_AGO))
        assert sweep(kept, queue) == (0, 1)
        ended, still_active = record_of(kept, "known"), record_of(kept, "still active")
        assert ended
        assert still_active
        assert ended.recovered_at == end
        assert still_active.recovered_at is None
        assert sweep(kept, queue) == (0, 0)
        # Kibana's word, should it still come, changes nothing that counts.
        tell(kept, told("known", end + timedelta(seconds=2), recovery=True))
        assert stored(kept) == 2

    def test_that_of_another_rule_or_space_is_another_alert(self, embedded_kept: Stores, queue: Queued) -> None:
        tell(embedded_kept, told("known", LONG_AGO))
        assert stored(embedded_kept) == 1
        ended = alert_of("known", start=LONG_AGO, end=NOW - timedelta(minutes=11))
        for field, value in (("kibana.alert.rule.uuid", "theirs"), ("kibana.space_ids", ["theirs"])):
            kibana_keeps(embedded_kept.client, ended | {field: value})
            assert end_recovered(embedded_kept.kibana_alerts, embedded_kept.alerts, PATIENCE) == 0

    def test_a_rule_without_our_tag_that_told_us_is_heard_to_its_end(
        self, embedded_kept: Stores, queue: Queued
    ) -> None:
        rule = {"id": "of-our-own", "tags": ["checkout"]}
        body = active("theirs", rule=rule, date=iso(LONG_AGO))
        tell(embedded_kept, parse_alert(encoded(body), received_at=NOW))
        ended = alert_of("theirs", start=LONG_AGO, end=NOW - timedelta(minutes=11))
        untagged = {"kibana.alert.rule.uuid": rule["id"], "kibana.alert.rule.tags": rule["tags"]}
        kibana_keeps(embedded_kept.client, ended | untagged)
        assert sweep(embedded_kept, queue) == (0, 1)

    def test_it_ends_however_long_ago_it_was(self, embedded_kept: Stores, queue: Queued) -> None:
        start = NOW - timedelta(days=30)
        tell(embedded_kept, told("old", start))
        kibana_keeps(embedded_kept.client, alert_of("old", start=start, end=start + timedelta(minutes=20)))
        assert sweep(embedded_kept, queue) == (0, 1)

    def test_kibana_has_its_grace_for_a_recovery_too(self, embedded_kept: Stores, queue: Queued) -> None:
        tell(embedded_kept, told("known", LONG_AGO))
        kibana_keeps(embedded_kept.client, alert_of("known", start=LONG_AGO, end=NOW - timedelta(minutes=9)))
        assert sweep(embedded_kept, queue) == (0, 0)

    def test_an_alert_that_came_and_went_is_investigated_and_ended(self, kept: Stores, queue: Queued) -> None:
        end = NOW - timedelta(minutes=15)
        kibana_keeps(kept.client, alert_of("short", start=LONG_AGO, end=end))
        assert sweep(kept, queue) == (1, 0)
        record = record_of(kept, "short")
        assert record
        assert record.alert
        assert (record.alert.action_group, record.alert.date) == ("threshold met", LONG_AGO)
        assert (record.state, record.recovered_at) == (AlertState.QUEUED, end)
        assert queue.alert_ids == [record.alert_id]

    def test_but_not_when_it_is_long_past(self, embedded_kept: Stores, queue: Queued) -> None:
        end = NOW - GRACE - CAME_AND_WENT - timedelta(seconds=5)
        kibana_keeps(embedded_kept.client, alert_of("past", start=end - timedelta(minutes=5), end=end))
        assert sweep(embedded_kept, queue) == (0, 0)

    def test_one_of_which_only_the_end_arrived_is_investigated(self, embedded_kept: Stores, queue: Queued) -> None:
        end = NOW - timedelta(minutes=15)
        tell(embedded_kept, told("half", end, recovery=True))
        kibana_keeps(embedded_kept.client, alert_of("half", start=LONG_AGO, end=end))
        assert sweep(embedded_kept, queue) == (1, 0)
        record = record_of(embedded_kept, "half")
        assert record
        assert (record.state, record.recovered_at) == (AlertState.QUEUED, end)


class TestWhereThereIsNothingToRead:
    def test_no_such_index_is_a_failure_that_waits_for_a_person(self, stores: Stores, queue: Queued) -> None:
        with pytest.raises(EvidenceUnavailable, match="cannot be read") as raised:
            sweep(stores, queue)
        assert not raised.value.retryable

    def test_one_that_elasticsearch_will_never_store_is_a_dead_letter_and_not_news_each_minute(
        self, embedded_kept: Stores, queue: Queued
    ) -> None:
        kibana_keeps(embedded_kept.client, alert_of("lost", start=LONG_AGO))
        # What stands under its id is no record.
        embedded_kept.client.index(index="spiketrace-alerts", id=told("lost", NOW).alert_id, document={"of": "theirs"})
        assert sweep(embedded_kept, queue) == (0, 0)
        assert sweep(embedded_kept, queue) == (0, 0)
        assert queue.alert_ids == []
        embedded_kept.client.indices.refresh(index="spiketrace-*")
        assert embedded_kept.client.count(index="spiketrace-dead-letters")["count"] == 1

    def test_documents_that_name_nothing_are_passed_over(self, embedded_kept: Stores, queue: Queued) -> None:
        nameless = {"kibana.alert.rule.uuid": ["spiketrace-one", "spiketrace-two"]}
        embedded_kept.client.index(
            index=".alerts-stack.alerts-default", document=alert_of("x", start=LONG_AGO) | nameless, refresh=True
        )
        kibana_keeps(embedded_kept.client, alert_of("y", start=LONG_AGO))
        assert sweep(embedded_kept, queue) == (1, 0)


def _nested(document: dict[str, Any], cuts: dict[str, list[int]]) -> dict[str, Any]:
    """The same document with some of its dotted names as objects within objects."""
    result: dict[str, Any] = {}
    for name, value in document.items():
        target, parts = result, name.split(".")
        groups, start = [], 0
        for cut in [*sorted(cuts.get(name, [])), len(parts)]:
            groups.append(".".join(parts[start:cut]))
            start = cut
        for group in groups[:-1]:
            target = target.setdefault(group, {})
        target[groups[-1]] = value
    return result


@given(data=st.data())
def test_dotted_or_nested_a_document_says_the_same(data: st.DataObject) -> None:
    plain = alert_of("u", start=LONG_AGO, end=NOW)
    cuts = {
        name: data.draw(st.lists(st.integers(1, name.count(".")), unique=True)) for name in plain if name.count(".")
    }
    assert read_document(_nested(plain, cuts), found_at=NOW) == read_document(plain, found_at=NOW)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(alert_of("u", start=NOW, end=NOW), json_values)))
def test_whatever_a_document_holds_it_is_an_alert_or_refused(document: dict[str, Any]) -> None:
    try:
        found = read_document(document, found_at=NOW)
    except InvalidAlert:
        return
    assert found.alert.date.tzinfo
    for notification in found.notifications(NOW):
        assert Notification.model_validate_json(notification.model_dump_json()) == notification


class Dies(BaseException):
    """As SIGKILL: nothing handles it."""


class Mortal:
    """Alerts whose sweep dies before, in the middle of or after recording, as chance has it."""

    def __init__(self, stores: Stores, schedule: random.Random) -> None:
        self._alerts, self._schedule = stores.alerts, schedule
        self.get_many, self.unended = stores.alerts.get_many, stores.alerts.unended

    def record(self, notifications: Sequence[Notification]) -> list[Recorded]:
        fate = self._schedule.random()
        if fate < 0.2:
            raise Dies
        recorded = self._alerts.record(notifications[: self._schedule.randint(1, len(notifications))])
        if fate < 0.6:
            raise Dies
        return recorded + self._alerts.record(notifications[len(recorded) :])


@pytest.mark.parametrize("seed", range(5))
def test_told_found_repeated_and_killed_in_any_order_it_is_one_alert_each(
    embedded_kept: Stores, queue: Queued, seed: int
) -> None:
    schedule = random.Random(seed)
    ends = {f"life-{number}": NOW - timedelta(minutes=15) if number % 2 else None for number in range(10)}
    for uuid, end in ends.items():
        kibana_keeps(embedded_kept.client, alert_of(uuid, start=LONG_AGO, end=end))
    for message in _arriving(ends, schedule):
        tell(embedded_kept, message)
        if schedule.random() < 0.5:
            _sweep_and_perhaps_die(embedded_kept, queue, schedule)
    sweep(embedded_kept, queue)
    assert stored(embedded_kept) == len(ends)
    for uuid, end in ends.items():
        record = record_of(embedded_kept, uuid)
        assert record
        assert record.alert
        assert bool(record.recovered_at) == bool(end)
    assert sweep(embedded_kept, queue) == (0, 0)


def _arriving(ends: dict[str, datetime | None], schedule: random.Random) -> list[Alert]:
    """Two thirds of what Kibana sends, beginnings twice, in any order: its action lost the rest."""
    beginnings = [told(uuid, LONG_AGO + timedelta(seconds=schedule.randint(0, 30))) for uuid in ends]
    endings = [told(uuid, end + timedelta(seconds=1), recovery=True) for uuid, end in ends.items() if end]
    sent = [*beginnings, *beginnings, *endings]
    return schedule.sample(sent, len(sent) * 2 // 3)


def _sweep_and_perhaps_die(stores: Stores, queue: Queued, schedule: random.Random) -> None:
    mortal: Any = Mortal(stores, schedule)
    stores.client.indices.refresh(index="spiketrace-alerts", ignore_unavailable=True)
    with suppress(Dies):
        take_in_missed(stores.kibana_alerts, mortal, stores.dead_letters, queue, PATIENCE)
        end_recovered(stores.kibana_alerts, mortal, PATIENCE)
