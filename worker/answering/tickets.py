"""A ticket that is asked for: the offer of one, for the incident that is meant. Only a yes opens it."""

from __future__ import annotations

from worker.answering.asking import Asking, Draft
from worker.answering.explaining import explain
from worker.answering.finding import incident_by_id, incidents_about, urgency
from worker.answering.incidents import line_of
from worker.answering.offering import offer_for_incident
from worker.domain.incident import Incident


def offer_ticket(asking: Asking) -> Draft:
    """For the incident that is named, else the most urgent one of the scope; else for what an investigation finds."""
    asking.looking("the incident that a ticket would be of")
    incident = _meant(asking)
    if incident is None:
        draft = explain(asking)
        if draft.offer is None and not draft.closing:
            draft.closing.append("There is nothing here that the policy has a ticket opened for.")
        return draft
    offer, sentence = offer_for_incident(asking, incident)
    draft = Draft([line_of(incident, asking)], incidents=[incident], offer=offer)
    draft.closing.append(sentence or f"The policy has no ticket opened for severity {incident.severity.value}.")
    return draft


def _meant(asking: Asking) -> Incident | None:
    named = asking.understood.record_id
    if named:
        return incident_by_id(asking, named) if named.startswith("inc-") else None
    return max(incidents_about(asking), key=urgency, default=None)
