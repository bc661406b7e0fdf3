"""What a notification does to the records of its alert: plain rules, no engine.

One life of an alert instance (a rule and a uuid) has the record of its first notification, under `alert_id`,
and one more for each re-notification under another date. A recovery ends the whole life. Kibana promises no
order, so a recovery may come first: it leaves a record without an alert, which the late alert then fills.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from worker.domain.alert import Alert, AlertState, Origin
from worker.ports import AlertRecord, Notification, Recorded

# Kibana dates every action by itself, so what two connectors of one rule say of one run differs by moments.
SAME_RUN = timedelta(minutes=1)


class Ledger:
    """Applies notifications, in order, to `records` (by alert id) as they were read."""

    def __init__(self, records: Mapping[str, AlertRecord], *, now: datetime) -> None:
        self._now = now
        self._records = dict(records)
        self._lives: dict[str, set[str]] = {}
        self._changed: set[str] = set()
        for record in records.values():
            self._lives.setdefault(life_of(record), set()).add(record.alert_id)

    def take(self, notification: Notification) -> Recorded:
        alert = notification.alert
        if alert.is_recovery:
            return self._end_life(notification)
        life = self._records.get(alert.alert_id)
        if notification.alert_id == alert.renotification_id:
            return self._renotify(notification, life)
        if life is None or life.alert is None:
            return self._open(alert.alert_id, notification, life)
        if _is_known(notification, life, life.alert):
            return _duplicate(life)
        return self._renotify(notification, life)

    def changed(self) -> list[AlertRecord]:
        return [self._records[alert_id] for alert_id in sorted(self._changed)]

    def _renotify(self, notification: Notification, life: AlertRecord | None) -> Recorded:
        alert_id = notification.alert.renotification_id
        if known := self._records.get(alert_id):
            return _duplicate(known)
        return self._open(alert_id, notification, life)

    def _open(self, alert_id: str, notification: Notification, life: AlertRecord | None) -> Recorded:
        ended_at = life.recovered_at if life else None
        known = self._records.get(alert_id)
        self._put(
            AlertRecord(
                alert_id=alert_id,
                alert=notification.alert,
                state=AlertState.QUEUED,
                received_at=notification.received_at,
                queued_at=self._now,
                origin=notification.origin,
                traceparent=notification.traceparent,
                recovered_at=ended_at if has_ended(notification.alert, ended_at) else None,
                version=known.version if known else None,
            )
        )
        return Recorded(alert_id=alert_id, status="accepted", is_waiting=True)

    def _end_life(self, notification: Notification) -> Recorded:
        life_id, ended_at = notification.alert.alert_id, notification.alert.date
        if life_id not in self._records:
            self._put(_tombstone(life_id, notification))
        for alert_id in self._lives[life_id]:
            record = self._records[alert_id]
            if (ended := _ended(record, ended_at)) != record:
                self._put(ended)
        return Recorded(alert_id=life_id, status="recovered", is_waiting=False)

    def _put(self, record: AlertRecord) -> None:
        self._records[record.alert_id] = record
        self._lives.setdefault(life_of(record), set()).add(record.alert_id)
        self._changed.add(record.alert_id)


def _is_known(notification: Notification, life: AlertRecord, first: Alert) -> bool:
    """Whether it says what opened that life: once more, or by another way.

    What the sweep found stands for everything that Kibana dated before it was found and sent later.
    """
    alert = notification.alert
    if not notification.is_dated or alert.date == first.date or notification.origin is Origin.SWEEP:
        return True
    if life.origin is Origin.SWEEP:
        return alert.date <= life.received_at + SAME_RUN
    return notification.origin is not life.origin and abs(alert.date - first.date) <= SAME_RUN


def life_of(record: AlertRecord) -> str:
    """The id that the recovery of this record's alert names."""
    return record.alert.alert_id if record.alert else record.alert_id


def has_ended(alert: Alert, ended_at: datetime | None) -> bool:
    """Whether a recovery as of `ended_at` ended what `alert` reports.

    A uuid of its own names one life, however the clocks of two Kibana nodes differ. Where the sender gave
    none, the instance's name stands for it and comes again in later lives: then the dates decide.
    """
    if ended_at is None:
        return False
    return alert.uuid != alert.instance or alert.date <= ended_at


def _ended(record: AlertRecord, ended_at: datetime) -> AlertRecord:
    if record.alert and not has_ended(record.alert, ended_at):
        return record
    is_first = life_of(record) == record.alert_id
    if record.recovered_at and not (is_first and ended_at > record.recovered_at):
        return record
    state = AlertState.RECOVERED if record.state is AlertState.REPORTED else record.state
    return record.model_copy(update={"recovered_at": ended_at, "state": state})


def _tombstone(life_id: str, notification: Notification) -> AlertRecord:
    return AlertRecord(
        alert_id=life_id,
        alert=None,
        state=AlertState.RECOVERED,
        received_at=notification.received_at,
        queued_at=notification.received_at,
        origin=notification.origin,
        recovered_at=notification.alert.date,
    )


def _duplicate(known: AlertRecord) -> Recorded:
    return Recorded(alert_id=known.alert_id, status="duplicate", is_waiting=known.state is AlertState.QUEUED)
