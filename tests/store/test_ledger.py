"""What notifications come to, in whatever order Kibana sends them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.store.builders import NOON, a_recovery, an_alert, arriving
from worker.domain.alert import Alert, AlertState
from worker.ports import AlertRecord, Notification
from worker.store.ledger import Ledger, has_ended

FIRST = an_alert()
LATER = an_alert(minutes=5)
RECOVERY = a_recovery()


def _after(alerts: Sequence[Alert]) -> dict[str, AlertRecord]:
    """The records when each alert is applied to what the one before it left."""
    records: dict[str, AlertRecord] = {}
    for alert in alerts:
        ledger = Ledger(records, now=NOON)
        ledger.take(arriving(alert))
        records |= {record.alert_id: record for record in ledger.changed()}
    return records


def _with_state(record: AlertRecord, state: AlertState) -> dict[str, AlertRecord]:
    return {record.alert_id: record.model_copy(update={"state": state, "version": (7, 1)})}


def test_first_notification_is_accepted_and_waits() -> None:
    ledger = Ledger({}, now=NOON)
    recorded = ledger.take(arriving(FIRST))
    assert (recorded.alert_id, recorded.status, recorded.is_waiting) == (FIRST.alert_id, "accepted", True)
    (record,) = ledger.changed()
    assert (record.state, record.alert, record.queued_at) == (AlertState.QUEUED, FIRST, NOON)


def test_the_same_date_again_is_a_duplicate_and_changes_nothing() -> None:
    ledger = Ledger(_after([FIRST]), now=NOON)
    recorded = ledger.take(arriving(FIRST))
    assert (recorded.alert_id, recorded.status) == (FIRST.alert_id, "duplicate")
    assert ledger.changed() == []


@pytest.mark.parametrize(
    ("state", "is_waiting"), [(state, state is AlertState.QUEUED) for state in AlertState], ids=str
)
def test_a_duplicate_goes_on_the_queue_only_where_the_alert_still_waits(state: AlertState, is_waiting: bool) -> None:
    records = _with_state(_after([FIRST])[FIRST.alert_id], state)
    assert Ledger(records, now=NOON).take(arriving(FIRST)).is_waiting is is_waiting


def test_another_date_of_the_same_life_is_an_alert_of_its_own() -> None:
    records = _after([FIRST, LATER, LATER])
    assert set(records) == {FIRST.alert_id, LATER.renotification_id}
    assert FIRST.alert_id == LATER.alert_id


def test_a_notification_without_a_date_cannot_be_told_from_a_repetition() -> None:
    undated = Notification(alert=an_alert(minutes=99), received_at=NOON + timedelta(minutes=99))
    assert not undated.is_dated
    recorded = Ledger(_after([FIRST]), now=NOON).take(undated)
    assert (recorded.alert_id, recorded.status) == (FIRST.alert_id, "duplicate")


def test_the_promised_id_of_a_renotification_is_kept_even_where_the_first_is_unknown() -> None:
    ledger = Ledger({}, now=NOON)
    recorded = ledger.take(arriving(LATER, alert_id=LATER.renotification_id))
    assert (recorded.alert_id, recorded.status) == (LATER.renotification_id, "accepted")


def test_recovery_of_an_unknown_alert_leaves_a_record_without_one() -> None:
    record = _after([RECOVERY])[RECOVERY.alert_id]
    assert (record.state, record.alert, record.recovered_at) == (AlertState.RECOVERED, None, RECOVERY.date)


def test_a_late_alert_is_investigated_though_it_is_known_to_be_over() -> None:
    ledger = Ledger(_with_state(_after([RECOVERY])[RECOVERY.alert_id], AlertState.RECOVERED), now=NOON)
    recorded = ledger.take(arriving(FIRST))
    assert (recorded.alert_id, recorded.status, recorded.is_waiting) == (FIRST.alert_id, "accepted", True)
    (record,) = ledger.changed()
    assert (record.state, record.recovered_at, record.version) == (AlertState.QUEUED, RECOVERY.date, (7, 1))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (AlertState.QUEUED, AlertState.QUEUED),
        (AlertState.INVESTIGATING, AlertState.INVESTIGATING),
        (AlertState.REPORTED, AlertState.RECOVERED),
        (AlertState.FAILED, AlertState.FAILED),
    ],
)
def test_a_recovery_stops_nothing_and_hides_no_failure(before: AlertState, after: AlertState) -> None:
    ledger = Ledger(_with_state(_after([FIRST])[FIRST.alert_id], before), now=NOON)
    assert ledger.take(arriving(RECOVERY)).status == "recovered"
    (record,) = ledger.changed()
    assert (record.state, record.recovered_at) == (after, RECOVERY.date)


def test_a_repeated_recovery_changes_nothing() -> None:
    ledger = Ledger(_after([FIRST, LATER, RECOVERY]), now=NOON)
    assert ledger.take(arriving(RECOVERY)).status == "recovered"
    assert ledger.changed() == []


def test_a_recovery_ends_every_notification_of_its_life_and_no_other() -> None:
    other = an_alert("life-2")
    records = _after([FIRST, LATER, other, RECOVERY])
    ended = {alert_id for alert_id, record in records.items() if record.recovered_at}
    assert ended == {FIRST.alert_id, LATER.renotification_id}


def test_a_repetition_after_the_recovery_never_opens_the_alert_again() -> None:
    records = _with_state(_after([FIRST, RECOVERY])[FIRST.alert_id], AlertState.RECOVERED)
    ledger = Ledger(records, now=NOON)
    recorded = ledger.take(arriving(FIRST))
    assert (recorded.status, recorded.is_waiting, ledger.changed()) == ("duplicate", False, [])


def test_a_uuid_of_its_own_names_one_life_whatever_the_clocks_say() -> None:
    assert has_ended(an_alert(minutes=2), NOON)


def test_without_a_uuid_the_dates_tell_the_lives_of_an_instance_apart() -> None:
    """A sender that gives no uuid has the instance's name in its place, again and again."""
    opened, ended, again = an_alert("checkout"), a_recovery("checkout", minutes=10), an_alert("checkout", minutes=20)
    records = _after([opened, ended, again])
    assert records[opened.alert_id].recovered_at == ended.date
    assert records[again.renotification_id].recovered_at is None
    ended_again = a_recovery("checkout", minutes=30)
    records = _after([opened, ended, again, ended_again])
    assert records[again.renotification_id].recovered_at == ended_again.date


@given(order=st.permutations([FIRST, LATER, RECOVERY, FIRST, LATER, RECOVERY]))
def test_no_order_of_arrival_loses_or_doubles_anything(order: list[Alert]) -> None:
    records = _after(order)
    kept = [record for record in records.values() if record.alert]
    assert sorted(record.alert.date for record in kept if record.alert) == [FIRST.date, LATER.date]
    assert all(record.recovered_at == RECOVERY.date for record in records.values())
    assert all(record.state is AlertState.QUEUED for record in kept)


@given(order=st.permutations([FIRST, LATER, RECOVERY]))
def test_one_batch_comes_to_the_same_as_one_at_a_time(order: list[Alert]) -> None:
    ledger = Ledger({}, now=NOON)
    for alert in order:
        ledger.take(arriving(alert))
    assert {record.alert_id: record for record in ledger.changed()} == _after(order)
