"""Finds work that nobody does, and puts it on the queue again; finds recoveries that no incident has heard of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

import structlog

from worker import incidents, receipts
from worker import life as steps
from worker.domain.incident import Incident
from worker.domain.report import Narrative
from worker.incidents import recovery_of
from worker.life import Life
from worker.ports import AlertRecord, AlertStore, IncidentLedger, Queue

# An alert takes this long, at most, from the queue into a worker's hands when no other waits before it.
GRACE = timedelta(seconds=10)
# Waiting longer than that is not believed even of a long queue.
OVERDUE = timedelta(minutes=15)
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

    def with_any_pending(self, destinations: Sequence[str]) -> list[Incident]: ...


def sweep_alerts(alerts: AlertStore, queue: MeasuredQueue, *, now: datetime) -> int:
    """How many were enqueued again.

    While live alerts wait for a worker, one that is queued is taken to be among them: a storm is not made
    longer by repeating it. An alert whose lease has ended lost its worker and is enqueued again in any case.
    Each is first marked as queued anew, so the next sweep leaves it alone.
    """
    patience = OVERDUE if queue.waiting_alerts() else GRACE
    stranded = alerts.stranded(now=now, queued_before=now - patience, limit=MOST_AT_ONCE)
    again = alerts.requeue(stranded, at=now)
    queue.investigate(again, further=True)
    if again:
        log.warning("alerts enqueued again", action="alerts-enqueued-again", count=len(again), first=again[0])
    return len(again)


def sweep_deliveries(
    store: SearchableIncidents, queue: MeasuredQueue, destinations: Iterable[str], *, now: datetime
) -> int:
    """How many were enqueued again: those that no message on its way can be believed to be about.

    Each is first marked as enqueued anew, so the next sweep leaves it alone.
    """
    grace = OVERDUE if queue.waiting_deliveries() else receipts.GRACE
    again, names = 0, list(destinations)
    pending = store.with_any_pending(names)
    for destination in names:
        abandoned = [one for one in pending if receipts.is_abandoned(one.deliveries.get(destination), now, grace=grace)]
        for incident in abandoned[:MOST_AT_ONCE]:
            if _take_up(incident, destination, store, grace, now):
                queue.deliver(incident.incident_id, incident.report_ids[-1], destination)
                log.warning(
                    "delivery enqueued again",
                    action="delivery-enqueued-again",
                    incident_id=incident.incident_id,
                    destination=destination,
                )
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


def _take_up(incident: Incident, destination: str, store: IncidentLedger, grace: timedelta, now: datetime) -> bool:
    """Whether it is abandoned still, and now marked as enqueued by us."""
    is_ours = False

    def mark(current: Incident) -> Incident:
        nonlocal is_ours
        known = current.deliveries.get(destination)
        is_ours = known is not None and receipts.is_abandoned(known, now, grace=grace)
        if known is None or not is_ours:
            return current
        again = {**current.deliveries, destination: receipts.enqueued_again(known, now)}
        return current.model_copy(update={"deliveries": again})

    with suppress(KeyError):
        store.update(incident.incident_id, mark)
    return is_ours


def sweep_recoveries(
    alerts: SearchableAlerts,
    store: SearchableIncidents,
    still_open: Sequence[Incident],
    *,
    now: datetime,
    life: Life = incidents.DEFAULT_LIFE,
) -> int:
    """How many recoveries the open incidents had not heard of: a recovery is recorded with its alert only."""
    waiting = {alert_id for incident in still_open for alert_id in incident.still_active}
    recovered = alerts.recovered_among(sorted(waiting)) if waiting else []
    ended = {one.alert_id: one for one in map(recovery_of, recovered) if one}
    for incident in still_open:
        if news := [ended[alert_id] for alert_id in sorted(incident.still_active & ended.keys())]:
            incidents.recover_all(incident.incident_id, news, store, now=now, life=life)
    return len(ended)


def sweep_quiet(
    store: SearchableIncidents,
    still_open: Sequence[Incident],
    *,
    now: datetime,
    life: Life = incidents.DEFAULT_LIFE,
) -> int:
    """How many incidents were resolved: those whose alerts have all recovered, long enough ago."""
    due = [one for one in still_open if one.resolves_at and one.resolves_at <= now]
    for incident in due:
        after = store.update(incident.incident_id, partial(steps.resolved_if_due, now=now, life=life))
        log.info("resolved", action="incident-resolved", incident_id=after.incident_id, status=after.status)
    return len(due)


def sweep_over(store: SearchableIncidents, *, now: datetime, settles: bool, life: Life = incidents.DEFAULT_LIFE) -> int:
    """How many incidents were closed: those that did not come back, and are settled where anybody settles them."""
    step = partial(steps.closed_if_over, now=now, life=life, settles=settles)
    due = [one for one in store.ended_since(now) if step(one) != one]
    for incident in due:
        log.info("closed", action="incident-closed", incident_id=store.update(incident.incident_id, step).incident_id)
    return len(due)
