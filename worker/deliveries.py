"""Telling a destination of an incident and of its course: each thing once, wherever an attempt breaks off.

The receipt is written before and after every call to the vendor. While an attempt is on its way the receipt is leased
to it; a lease that has ended says that the attempt broke off, and nobody knows how far it got.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from worker.domain.incident import Delivery, HistoryEntry, Incident, IncidentStatus
from worker.domain.notice import Notice
from worker.domain.report import Report
from worker.errors import DeliveryError
from worker.policy import Policy
from worker.ports import DeliveryReceipt, Destination, IncidentLedger, ReportStore

# Longer than an attempt takes with all its timeouts, and than a vendor's search lags behind what was created.
LEASE = timedelta(seconds=60)
END = "resolved"


@dataclass(frozen=True)
class Post:
    """What it takes to deliver."""

    incidents: IncidentLedger
    reports: ReportStore
    destinations: Mapping[str, Destination]
    clock: Callable[[], datetime]
    policy: Policy = field(default_factory=Policy)


class _UpToDate(Exception):
    """It has been told everything already."""


def deliver(incident_id: str, report_id: str, destination: str, post: Post) -> None:
    """Tell `destination` what it has not heard of the incident yet; nothing if it has heard all.

    Raises DeliveryError, with the reason in the receipt too, and EvidenceUnavailable. A receipt that says `failed`
    is tried again: whoever asks for that has seen to the reason.
    """
    vendor = post.destinations.get(destination)
    if vendor is None:
        raise DeliveryError("it is not configured", destination=destination, retryable=False)
    while True:
        try:
            incident = _begin(incident_id, vendor, post)
        except _UpToDate:
            return
        try:
            told = _tell(incident, _report(incident, report_id, destination, post), vendor, post)
        except DeliveryError as error:
            _end(incident_id, destination, _after(error, incident.deliveries[destination], post.clock()), post)
            raise
        _end(incident_id, destination, told, post)


def give_up(incident_id: str, destination: str, post: Post, *, reason: str) -> None:
    """Nobody will try again: the receipt says why, unless the destination was told after all."""
    now = post.clock()

    def fail(incident: Incident) -> Incident:
        known = incident.deliveries.get(destination)
        failed = {"state": "failed", "reason": reason, "updated_at": now, "lease_until": None}
        after = known.model_copy(update=failed) if known else Delivery.model_validate(failed)
        return _with(incident, destination, after)

    post.incidents.update(incident_id, fail)


def _report(incident: Incident, report_id: str, destination: str, post: Post) -> Report:
    """The one that was asked for, or the incident's latest that is stored already: a report comes after its incident.

    Raises DeliveryError.
    """
    latest_first = incident.report_ids[::-1]
    for known_id in sorted(latest_first, key=lambda known_id: known_id != report_id):
        if report := post.reports.get(known_id):
            return report
    reason = f"none of the reports of {incident.incident_id} is stored yet"
    raise DeliveryError(reason, destination=destination, retryable=True)


def _begin(incident_id: str, vendor: Destination, post: Post) -> Incident:
    """The incident, its receipt leased to this attempt.

    Raises _UpToDate, and DeliveryError if it is not its turn.
    """

    def lease(incident: Incident) -> Incident:
        now = post.clock()
        known = incident.deliveries.get(vendor.name)
        if known:
            _check(known, incident, vendor, now)
        leased = {"state": "pending", "updated_at": now, "lease_until": now + LEASE}
        pending = known.model_copy(update=leased) if known else Delivery.model_validate(leased)
        return incident.model_copy(update={"deliveries": {**incident.deliveries, vendor.name: pending}})

    try:
        return post.incidents.update(incident_id, lease)
    except _BrokenOff as error:
        give_up(incident_id, vendor.name, post, reason=error.reason)
        raise
    except KeyError:
        reason = f"there is no incident {incident_id}"
        raise DeliveryError(reason, destination=vendor.name, retryable=False) from None


class _BrokenOff(DeliveryError):
    """An earlier attempt may have told it, and cannot be asked."""


def _check(known: Delivery, incident: Incident, vendor: Destination, now: datetime) -> None:
    if known.state == "done" and known.told >= len(incident.news):
        raise _UpToDate
    if known.state == "failed" or known.lease_until is None:
        return
    if now < known.lease_until:
        raise DeliveryError(
            "another attempt is on its way, or broke off a moment ago",
            destination=vendor.name,
            retryable=True,
            retry_after_seconds=(known.lease_until - now).total_seconds(),
        )
    if not vendor.finds_what_it_made:
        raise _BrokenOff(
            f"an attempt broke off at {known.updated_at:%H:%M:%S} UTC and the message may have been sent; "
            "it cannot be looked up, so it is not sent again by itself",
            destination=vendor.name,
            retryable=False,
        )


def _tell(incident: Incident, report: Report, vendor: Destination, post: Post) -> Delivery:
    """One call to the vendor at most: its opening, or all that is new since. The receipt of it."""
    known = incident.deliveries[vendor.name]
    routes = post.policy.routes(incident, post.destinations, post.clock())
    upto = len(incident.news) if known.told else _opening(incident)
    notice = Notice(
        incident=incident,
        report=report,
        news=tuple(incident.news[known.told : upto]),
        revision=upto,
        options=known.options,
        asks_for=tuple(name for name in routes.asked if name not in incident.deliveries),
    )
    made = DeliveryReceipt(vendor_id=known.vendor_id, url=known.url, details=known.details)
    if not known.told:
        made = vendor.open(notice)
    elif any(entry.event in vendor.hears for entry in notice.news):
        vendor.update(notice, known)
    return known.model_copy(
        update={
            "state": "done",
            "vendor_id": made.vendor_id,
            "url": made.url,
            "details": made.details,
            "reason": None,
            "updated_at": post.clock(),
            "lease_until": None,
            "told": upto,
        }
    )


def _opening(incident: Incident) -> int:
    """How many news an opening tells: all, but not that it is over, which is a step of its own."""
    if incident.status is IncidentStatus.OPEN:
        return len(incident.news)
    ended = [position for position, entry in enumerate(incident.news) if entry.event == END]
    return max(1, ended[-1]) if ended else len(incident.news)


def _after(error: DeliveryError, known: Delivery, now: datetime) -> Delivery:
    """The attempt has ended with an answer or before it began, so the next one may follow at once."""
    state = "pending" if error.retryable else "failed"
    return known.model_copy(update={"state": state, "reason": error.reason, "updated_at": now, "lease_until": None})


def _end(incident_id: str, destination: str, delivery: Delivery, post: Post) -> None:
    post.incidents.update(incident_id, lambda incident: _with(incident, destination, delivery))


def _with(incident: Incident, destination: str, delivery: Delivery) -> Incident:
    known = incident.deliveries.get(destination)
    if known and known.state == "done" and delivery.told <= known.told:
        return incident
    changed = incident.model_copy(update={"deliveries": {**incident.deliveries, destination: delivery}})
    if delivery.state == "pending" or (known and known.told and delivery.state == "done"):
        return changed
    said = delivery.vendor_id or delivery.reason or "sent"
    entry = HistoryEntry(at=delivery.updated_at, event=f"{destination} {delivery.state}", reason=said)
    return changed.model_copy(update={"history": [*changed.history, entry]})
