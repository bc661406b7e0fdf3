"""Telling a destination of an incident: once, however often it is tried and wherever an attempt breaks off.

The receipt is written before and after the vendor's call. While an attempt is on its way the receipt is leased to
it; a lease that has ended says that the attempt broke off, and nobody knows how far it got.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from worker.domain.incident import Delivery, HistoryEntry, Incident
from worker.domain.report import Report
from worker.errors import DeliveryError
from worker.ports import DeliveryReceipt, Destination, IncidentLedger, ReportStore

# Longer than an attempt takes with all its timeouts, and than a vendor's search lags behind what was created.
LEASE = timedelta(seconds=60)


@dataclass(frozen=True)
class Post:
    """What it takes to deliver."""

    incidents: IncidentLedger
    reports: ReportStore
    destinations: Mapping[str, Destination]
    clock: Callable[[], datetime]


class _Delivered(Exception):
    """It has been told already."""


def deliver(incident_id: str, report_id: str, destination: str, post: Post) -> None:
    """Tell `destination` of the incident, in the words of that report, unless it has been told already.

    Raises DeliveryError, with the reason in the receipt too, and EvidenceUnavailable. A receipt that says `failed`
    is tried again: whoever asks for that has seen to the reason.
    """
    vendor = post.destinations.get(destination)
    if vendor is None:
        raise DeliveryError("it is not configured", destination=destination, retryable=False)
    report = _report(report_id, destination, post)
    try:
        incident = _begin(incident_id, vendor, post)
    except _Delivered:
        return
    try:
        receipt = vendor.deliver(incident, report)
    except DeliveryError as error:
        _end(incident_id, destination, _after(error, post.clock()), post)
        raise
    _end(incident_id, destination, _done(receipt, post.clock()), post)


def give_up(incident_id: str, destination: str, post: Post, *, reason: str) -> None:
    """Nobody will try again: the receipt says why, unless the destination was told after all."""
    now = post.clock()
    failed = Delivery(state="failed", reason=reason, updated_at=now)
    post.incidents.update(incident_id, lambda incident: _with(incident, destination, failed))


def _report(report_id: str, destination: str, post: Post) -> Report:
    report = post.reports.get(report_id)
    if report is None or report.replay_of:
        reason = f"there is no report {report_id}" if report is None else "a replay is told to nobody"
        raise DeliveryError(reason, destination=destination, retryable=False)
    return report


def _begin(incident_id: str, vendor: Destination, post: Post) -> Incident:
    """The incident, its receipt leased to this attempt. Raises _Delivered, and DeliveryError if it is not its turn."""

    def lease(incident: Incident) -> Incident:
        now = post.clock()
        known = incident.deliveries.get(vendor.name)
        if known:
            _check(known, vendor, now)
        pending = Delivery(
            state="pending", reason=known.reason if known else None, updated_at=now, lease_until=now + LEASE
        )
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


def _check(known: Delivery, vendor: Destination, now: datetime) -> None:
    if known.state == "done":
        raise _Delivered
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


def _after(error: DeliveryError, now: datetime) -> Delivery:
    """The attempt has ended with an answer or before it began, so the next one may follow at once."""
    return Delivery(state="pending" if error.retryable else "failed", reason=error.reason, updated_at=now)


def _done(receipt: DeliveryReceipt, now: datetime) -> Delivery:
    return Delivery(state="done", vendor_id=receipt.vendor_id, url=receipt.url, updated_at=now)


def _end(incident_id: str, destination: str, delivery: Delivery, post: Post) -> None:
    post.incidents.update(incident_id, lambda incident: _with(incident, destination, delivery))


def _with(incident: Incident, destination: str, delivery: Delivery) -> Incident:
    known = incident.deliveries.get(destination)
    if known and known.state == "done":
        return incident
    changed = incident.model_copy(update={"deliveries": {**incident.deliveries, destination: delivery}})
    if delivery.state == "pending":
        return changed
    said = delivery.vendor_id or delivery.reason or "sent"
    entry = HistoryEntry(at=delivery.updated_at, event=f"{destination} {delivery.state}", reason=said)
    return changed.model_copy(update={"history": [*changed.history, entry]})
