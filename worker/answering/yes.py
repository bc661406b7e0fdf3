"""What a yes to an offer does: a ticket by the incident's own path, however often it is said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from worker.answering.answer import Offer
from worker.announcing import AnnouncingIncidents
from worker.ports import AlertStore, DeadLetterStore, Queue


@dataclass(frozen=True)
class TicketDesk:
    """What is needed to open a ticket: the incidents that announce themselves, and the intake of alerts."""

    incidents: AnnouncingIncidents
    alerts: AlertStore
    dead_letters: DeadLetterStore
    queue: Queue


@dataclass(frozen=True)
class Taken:
    """`investigating`: say yes again in a moment, until it is `asked` (the ticket is on its way) or `no_incident`."""

    state: Literal["asked", "investigating", "no_incident", "failed"]
    sentence: str
    incident_id: str | None = None


def take_up(offer: Offer, desk: TicketDesk, *, by: str) -> Taken:
    """One step towards the ticket, at once; the same offer again goes on from there and opens nothing twice.

    Raises RequestRefused, IncidentUnknown, EvidenceUnavailable, QueueUnavailable.
    """
    raise NotImplementedError
