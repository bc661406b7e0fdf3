"""What a yes to an offer does: a ticket by the incident's own path, however often it is said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from worker import intake
from worker.announcing import AnnouncingIncidents, ask_for
from worker.answering.answer import Offer
from worker.domain.alert import Alert, AlertState
from worker.domain.incident import Incident
from worker.merging import current
from worker.ports import AlertRecord, AlertStore, DeadLetterStore, Notification, Queue
from worker.routing import called


@dataclass(frozen=True)
class TicketDesk:
    """What is needed to open a ticket: the incidents that announce themselves, and the intake of alerts."""

    incidents: AnnouncingIncidents
    alerts: AlertStore
    dead_letters: DeadLetterStore
    queue: Queue


class Taken(NamedTuple):
    """`investigating`: say yes again in a moment, until it is `asked` (the ticket is on its way) or `no_incident`."""

    state: Literal["asked", "investigating", "no_incident", "failed"]
    sentence: str
    incident_id: str | None = None


def take_up(offer: Offer, desk: TicketDesk, *, by: str) -> Taken:
    """One step towards the ticket, at once; the same offer again goes on from there and opens nothing twice.

    Raises RequestRefused, IncidentUnknown, EvidenceUnavailable, QueueUnavailable.
    """
    if offer.incident_id:
        return _ask(offer.incident_id, offer, desk, by)
    assert offer.alert is not None
    return _of_alert(offer.alert, offer, desk, by)


def _of_alert(alert: Alert, offer: Offer, desk: TicketDesk, by: str) -> Taken:
    """By every alert's way: recorded, investigated, its incident opened or joined; then the ticket is asked for."""
    known = desk.alerts.get(alert.alert_id)
    if known is None:
        notification = Notification(alert=alert, received_at=desk.incidents.clock())
        intake.record([notification], desk.alerts, desk.dead_letters, desk.queue)
        return Taken("investigating", f"Handed in as alert {alert.alert_id}; a worker investigates it.")
    return _ask(known.incident_id, offer, desk, by) if known.incident_id else _without_incident(known)


def became_of(offer: Offer, desk: TicketDesk) -> Taken | None:
    """What came of a yes that somebody said before; None where nobody did, and where the incident itself tells it.

    Changes nothing. Raises EvidenceUnavailable.
    """
    known = desk.alerts.get(offer.alert.alert_id) if offer.alert else None
    if known is None:
        return None
    if known.incident_id:
        return Taken("investigating", f"It is on record as {known.incident_id}.", known.incident_id)
    return _without_incident(known)


def _without_incident(known: AlertRecord) -> Taken:
    match known.state:
        case AlertState.FAILED:
            return Taken("failed", f"Alert {known.alert_id} could not be investigated: {known.reason}.")
        case AlertState.REPORTED | AlertState.RECOVERED:
            return Taken("no_incident", f"Report {known.report_id} made no incident, so there is no ticket to open.")
    return Taken("investigating", f"Alert {known.alert_id} is {known.state.value}; a worker investigates it.")


def _ask(incident_id: str, offer: Offer, desk: TicketDesk, by: str) -> Taken:
    found = desk.incidents.get(incident_id)
    asked_of = current(found, desk.incidents.get).incident_id if found else incident_id
    for destination in offer.destinations:
        incident = ask_for(asked_of, destination, incidents=desk.incidents, by=by)
    told = "; ".join(_state(name, incident) for name in offer.destinations)
    return Taken("asked", f"{asked_of}: {told}.{_how_it_ends(incident, offer)}", asked_of)


def _how_it_ends(incident: Incident, offer: Offer) -> str:
    """Of what the yes itself began no alert will recover; what was on record already ends as ever, or has ended."""
    if offer.alert is None:
        return ""
    if offer.alert.alert_id not in incident.still_active:
        over = f", and over since {incident.resolved_at:%Y-%m-%d %H:%M} UTC" if incident.resolved_at else ""
        return f" It was on record already{over}."
    return f" No recovery will end it: spiketrace incidents close {incident.incident_id} does."


def _state(name: str, incident: Incident) -> str:
    delivery, what = incident.deliveries[name], called(name)
    if delivery.state == "done":
        return f"the {what} at {name} is {delivery.url or delivery.vendor_id or 'made'}"
    return f"a {what} at {name} is on its way"
