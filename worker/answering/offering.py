"""The offer of a ticket that a significant incident ends with. What is significant is the policy's to say."""

from __future__ import annotations

from worker.answering.answer import Offer
from worker.answering.asking import Asking
from worker.domain.alert import Alert
from worker.domain.incident import Delivery, Incident, IncidentStatus
from worker.domain.report import Report
from worker.incidents import why_no_incident
from worker.life import opened
from worker.routing import TICKETS

UNRECORDED = "inc-not-on-record"
NO_TICKETS = (
    "Its severity is one for which the policy has a ticket opened, but no ticket system is configured: set "
    "SPIKETRACE_JIRA_URL or SPIKETRACE_SERVICENOW_URL with their credentials."
)

Offered = tuple[Offer | None, str]


def offer_for(asking: Asking, report: Report, incident: Incident | None, *, alert: Alert | None) -> Offered:
    """The offer, if there is one to make, and the sentence about tickets that the answer ends with, if any.

    `alert`: of a report that was made for this question, what a yes hands in.
    """
    if incident:
        return offer_for_incident(asking, incident)
    if alert is None or why_no_incident(report) is not None:
        return None, ""
    wanted = _tickets(asking, opened(UNRECORDED, report, asking.now))
    if wanted is None or not wanted:
        return None, "" if wanted is None else NO_TICKETS
    names = " and ".join(wanted)
    sentence = f"No incident is on record for it. Open one, with a ticket at {names}?"
    return Offer(sentence, wanted, alert=alert), sentence


def offer_for_incident(asking: Asking, incident: Incident) -> Offered:
    wanted = _tickets(asking, incident)
    known = {name: found for name, found in incident.deliveries.items() if name in TICKETS}
    told = [_said(name, delivery) for name, delivery in sorted(known.items())]
    lacking = [name for name in wanted or [] if name not in known or known[name].state == "failed"]
    if lacking and incident.status is not IncidentStatus.CLOSED:
        sentence = " ".join([*told, f"Open a ticket for {incident.incident_id} at {' and '.join(lacking)}?"])
        return Offer(sentence, lacking, incident_id=incident.incident_id), sentence
    if told or wanted is None or wanted:
        return None, " ".join(told)
    return None, NO_TICKETS


def has_ticket(incident: Incident) -> bool:
    """There is one, or it is on its way."""
    return any(name in TICKETS and found.state != "failed" for name, found in incident.deliveries.items())


def _tickets(asking: Asking, incident: Incident) -> list[str] | None:
    """The ticket systems that are configured and that the policy names for it; None where it names none at all."""
    routes = asking.policy.routes(incident, TICKETS, asking.now)
    named = {name for name in (*routes.told, *routes.asked) if name in TICKETS}
    return sorted(named & set(asking.configured)) if named else None


def _said(name: str, delivery: Delivery) -> str:
    match delivery.state:
        case "done":
            return f"It has a ticket at {name}{f', {delivery.vendor_id}' if delivery.vendor_id else ''}."
        case "pending":
            return f"A ticket at {name} is on its way."
    return f"A ticket at {name} could not be opened ({delivery.reason or 'no reason is known'})."
