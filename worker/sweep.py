"""Finds work that nobody does, and puts it on the queue again; finds recoveries that no incident has heard of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from worker import incidents, receipts
from worker.domain.incident import Incident
from worker.ports import AlertRecord, AlertStore, IncidentLedger, Queue

# An alert takes this long, at most, from the queue into a worker's hands when no other waits before it.
GRACE = timedelta(seconds=10)
# Waiting longer than that is not believed even of a long queue.
OVERDUE = timedelta(minutes=15)
MOST_AT_ONCE = 200

log = structlog.get_logger(__name__)


class MeasuredQueue(Queue, Protocol):
    """A queue that knows how much waits in it for a worker."""

    def waiting_alerts(self) -> int: ...

    def waiting_deliveries(self) -> int: ...


class SearchableAlerts(AlertStore, Protocol):
    def recovered_among(self, alert_ids: Sequence[str]) -> list[AlertRecord]: ...

    def unended(self) -> Iterator[list[AlertRecord]]: ...


class SearchableIncidents(IncidentLedger, Protocol):
    def open_ones(self) -> list[Incident]: ...

    def ended_since(self, moment: datetime) -> list[Incident]: ...

    def with_pending(self, destination: str) -> list[Incident]: ...


def sweep_alerts(alerts: AlertStore, queue: MeasuredQueue, *, now: datetime) -> int:
    """How many were enqueued again.

    While live alerts wait for a worker, one that is queued is taken to be among them: a storm is not made
    longer by repeating it. An alert whose lease has ended lost its worker and is enqueued again in any case.
    Each is first marked as queued anew, so the next sweep leaves it alone.
    """
    patience = OVERDUE if queue.waiting_alerts() else GRACE
    stranded = alerts.stranded(now=now, queued_before=now - patience, limit=MOST_AT_ONCE)
    again = alerts.requeue(stranded, at=now)
    queue.investigate(again)
    if again:
        log.warning("alerts enqueued again", count=len(again), first=again[0])
    return len(again)


def sweep_deliveries(
    store: SearchableIncidents, queue: MeasuredQueue, destinations: Iterable[str], *, now: datetime
) -> int:
    """How many were enqueued again: those that no message on its way can be believed to be about.

    Each is first marked as enqueued anew, so the next sweep leaves it alone.
    """
    grace = OVERDUE if queue.waiting_deliveries() else receipts.GRACE
    again = 0
    for destination in destinations:
        for incident in store.with_pending(destination)[:MOST_AT_ONCE]:
            if _take_up(incident, destination, store, grace, now):
                queue.deliver(incident.incident_id, incident.report_ids[-1], destination)
                log.warning("delivery enqueued again", incident_id=incident.incident_id, destination=destination)
                again += 1
    return again


def _take_up(incident: Incident, destination: str, store: IncidentLedger, grace: timedelta, now: datetime) -> bool:
    """Whether it was abandoned, and is now marked as enqueued by us."""
    is_ours = False

    def mark(current: Incident) -> Incident:
        nonlocal is_ours
        known = current.deliveries.get(destination)
        is_ours = known is not None and receipts.is_abandoned(known, now, grace=grace)
        if known is None or not is_ours:
            return current
        again = {**current.deliveries, destination: receipts.enqueued_again(known, now)}
        return current.model_copy(update={"deliveries": again})

    if not receipts.is_abandoned(incident.deliveries.get(destination), now, grace=grace):
        return False
    with suppress(KeyError):
        store.update(incident.incident_id, mark)
    return is_ours


def sweep_recoveries(alerts: SearchableAlerts, store: SearchableIncidents, *, now: datetime) -> int:
    """How many recoveries the open incidents had not heard of: a recovery is recorded with its alert only."""
    waiting = {alert_id for incident in store.open_ones() for alert_id in _still_active(incident)}
    recovered = alerts.recovered_among(sorted(waiting)) if waiting else []
    for record in recovered:
        if record.recovered_at:
            incidents.recover(record.alert_id, store, recovered_at=record.recovered_at, now=now)
    return len(recovered)


def _still_active(incident: Incident) -> set[str]:
    return set(incident.alert_ids) - set(incident.recovered_alert_ids)
