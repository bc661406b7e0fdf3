"""Finds work that nobody does, and puts it on the queue again; finds recoveries that no incident has heard of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from worker import incidents
from worker.domain.incident import Delivery, Incident
from worker.domain.report import Narrative
from worker.ports import AlertRecord, AlertStore, IncidentLedger, Queue

# An alert takes this long, at most, from the queue into a worker's hands when no other waits before it.
GRACE = timedelta(seconds=10)
# Waiting longer than that is not believed even of a long queue.
OVERDUE = timedelta(minutes=15)
# Longer than a delivery rests between two tries.
DELIVERY_GRACE = timedelta(seconds=90)
MOST_AT_ONCE = 200
# A worker writes one at a time.
NARRATIVES_AT_ONCE = 4

log = structlog.get_logger(__name__)


class MeasuredQueue(Queue, Protocol):
    """A queue that knows how much waits in it for a worker."""

    def waiting_alerts(self) -> int: ...

    def waiting_deliveries(self) -> int: ...

    def narrate(self, report_id: str) -> None: ...

    def waiting_narratives(self) -> int: ...


class Narrates(Protocol):
    """Writes narratives of reports that are stored with a pending one."""

    def pending(self) -> Narrative: ...

    def narrate(self, report_id: str, *, worker: str) -> bool: ...

    def give_up(self, report_id: str, *, reason: str) -> bool: ...

    def give_up_overdue(self) -> list[str]: ...


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
    """How many were enqueued again: those that nobody has touched for longer than a retry takes."""
    if queue.waiting_deliveries():
        return 0
    again = 0
    for destination in destinations:
        for incident in store.with_pending(destination)[:MOST_AT_ONCE]:
            if _is_abandoned(incident.deliveries.get(destination), now):
                queue.deliver(incident.incident_id, incident.report_ids[-1], destination)
                log.warning("delivery enqueued again", incident_id=incident.incident_id, destination=destination)
                again += 1
    return again


def sweep_narratives(narrator: Narrates, queue: MeasuredQueue) -> int:
    """How many were enqueued again: the oldest of those that wait, where none is in the queue.

    One that a worker is at is passed over by whoever takes it, so it does no harm to enqueue it once more.
    """
    waiting = narrator.give_up_overdue()
    if not waiting or queue.waiting_narratives():
        return 0
    for report_id in waiting[:NARRATIVES_AT_ONCE]:
        queue.narrate(report_id)
    return len(waiting[:NARRATIVES_AT_ONCE])


def _is_abandoned(delivery: Delivery | None, now: datetime) -> bool:
    if delivery is None or delivery.state != "pending":
        return False
    if delivery.lease_until:
        return delivery.lease_until <= now
    return delivery.updated_at + DELIVERY_GRACE <= now


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
