"""Whoever changes an incident says in the same write who has to hear of it.

What is worth telling is marked as pending on the incident itself, so that no crash between the change and the queue
loses it: the sweep finds what is pending.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from worker import receipts
from worker.domain.incident import Delivery, HistoryEntry, Incident, IncidentStatus
from worker.errors import IncidentUnknown, QueueUnavailable, RequestRefused
from worker.policy import Policy
from worker.ports import Queue
from worker.routing import Options
from worker.sweep import SearchableIncidents

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class AnnouncingIncidents:
    """An incident ledger that marks what is to be told, and enqueues it after each change but the first.

    The report that opens an incident is stored after it, so whoever has stored it calls `enqueue`. Fulfils
    SearchableIncidents.
    """

    store: SearchableIncidents
    queue: Queue
    policy: Policy
    configured: Collection[str]
    clock: Callable[[], datetime]

    def create(self, incident: Incident) -> bool:
        return self.store.create(self._marked(incident))

    def update(self, incident_id: str, change: Callable[[Incident], Incident]) -> Incident:
        before: set[str] = set()

        def changed(incident: Incident) -> Incident:
            before.clear()
            before.update(due(incident))
            return self._marked(change(incident))

        incident = self.store.update(incident_id, changed)
        enqueue(incident, due(incident) - before, self.queue)
        return incident

    def get(self, incident_id: str) -> Incident | None:
        return self.store.get(incident_id)

    def concerning(self, service_keys: Sequence[str]) -> list[Incident]:
        return self.store.concerning(service_keys)

    def of_alert(self, alert_id: str, *, surely: bool = False) -> Incident | None:
        return self.store.of_alert(alert_id, surely=surely)

    def open_ones(self) -> list[Incident]:
        return self.store.open_ones()

    def ended_since(self, moment: datetime) -> list[Incident]:
        return self.store.ended_since(moment)

    def with_any_pending(self, destinations: Sequence[str]) -> list[Incident]:
        return self.store.with_any_pending(destinations)

    def lacks(self, incident: Incident) -> bool:
        """Whether the policy tells somebody of it now who was not told when it was written last."""
        return self._marked(incident) != incident

    def _marked(self, incident: Incident) -> Incident:
        now = self.clock()
        deliveries = {name: _with_news(known, incident, now) for name, known in incident.deliveries.items()}
        # Who has heard nothing of an incident need not hear that it is over.
        if incident.status is IncidentStatus.OPEN:
            for name, options in self.policy.routes(incident, self.configured, now).told.items():
                deliveries.setdefault(name, Delivery(state="pending", updated_at=now, options=dict(options)))
        return incident.model_copy(update={"deliveries": deliveries}) if deliveries != incident.deliveries else incident


def _with_news(known: Delivery, incident: Incident, now: datetime) -> Delivery:
    if not known.is_owed(len(incident.news)):
        return known
    return known.model_copy(update={"state": "pending", "updated_at": now})


def ask_for(incident_id: str, destination: str, *, incidents: AnnouncingIncidents, by: str) -> Incident:
    """The incident with that destination pending, as a person wanted; asking again changes nothing.

    One that has failed is tried again. Raises IncidentUnknown, RequestRefused and EvidenceUnavailable.
    """
    now = incidents.clock()

    def asked(incident: Incident) -> Incident:
        known = incident.deliveries.get(destination)
        if known and known.state != "failed":
            return incident
        options = known.options if known else dict(_options(incident, destination, incidents, now))
        wanted = {"asked_by": by, "options": options}
        pending = receipts.asked_again(known, now).model_copy(update=wanted)
        entry = HistoryEntry(at=now, event="asked", reason=f"{by} asked for {destination}.")
        deliveries = {**incident.deliveries, destination: pending}
        return incident.model_copy(update={"deliveries": deliveries, "history": [*incident.history, entry]})

    try:
        return incidents.update(incident_id, asked)
    except KeyError:
        raise IncidentUnknown(f"there is no incident {incident_id[:200]}") from None


def _options(incident: Incident, destination: str, incidents: AnnouncingIncidents, now: datetime) -> Options:
    """Where the policy sends it. Raises RequestRefused."""
    name = destination[:100]
    if destination not in incidents.configured:
        configured = ", ".join(sorted(incidents.configured)) or "none"
        raise RequestRefused(f"{name!r} is not configured; destinations that are: {configured}")
    routes = incidents.policy.routes(incident, incidents.configured, now)
    found = {**routes.asked, **routes.told}.get(destination)
    if found is None:
        raise RequestRefused(f"the policy neither tells {name} of this incident nor lets people ask for it")
    return found


def sweep_routes(incidents: AnnouncingIncidents, still_open: Sequence[Incident]) -> int:
    """How many open incidents were marked for somebody more: the policy knows hours in which it tells nobody."""
    late = [one for one in still_open if incidents.lacks(one)]
    for incident in late:
        # What is missing is marked in the writing.
        incidents.update(incident.incident_id, lambda current: current)
    return len(late)


def enqueue(incident: Incident, destinations: Collection[str], queue: Queue) -> None:
    """The incident says what is pending, so what cannot be enqueued now is found by the sweep."""
    try:
        for destination in sorted(destinations):
            queue.deliver(incident.incident_id, incident.report_ids[-1], destination)
    except QueueUnavailable as error:
        log.warning(
            "deliveries are left to the sweep",
            action="deliveries-left-to-sweep",
            incident_id=incident.incident_id,
            reason=error.reason,
        )


def due(incident: Incident) -> set[str]:
    return {name for name, delivery in incident.deliveries.items() if delivery.state == "pending"}
