"""Telling a destination of an incident and of its course: each thing once, wherever an attempt breaks off.

The receipt is written before and after every call to the vendor; what it says in between is in `worker.receipts`.
Whoever finds that it is not his turn leaves it at that: the attempt under way goes on until all is told, and one that
broke off is found by the sweep.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from worker import receipts
from worker.counts import DELIVERIES, Counted, Tally, Uncounted
from worker.domain.incident import Delivery, HistoryEntry, Incident, IncidentStatus
from worker.domain.notice import Notice
from worker.domain.report import Report
from worker.errors import DeliveryError, EvidenceUnavailable
from worker.policy import Policy
from worker.ports import DeliveryReceipt, Destination, IncidentLedger, ReportStore

END = "resolved"
LINKED = "linked"
# An incident may have a thousand reports: those that opened it and those that came last say what there is to say.
MOST_REPORTS = 8

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Post:
    """What it takes to deliver. After `most_attempts` in a row that told nothing, a receipt is given up.

    `bury` gets the ids of incident and report, the destination and the reason before the receipt says `failed`, so that
    no failure is silent; it may get the same more than once.
    """

    incidents: IncidentLedger
    reports: ReportStore
    destinations: Mapping[str, Destination]
    clock: Callable[[], datetime]
    policy: Policy = field(default_factory=Policy)
    most_attempts: int = 12
    bury: Callable[[str, str, str, str], None] = lambda *_: None
    tally: Tally = field(default_factory=Uncounted)


def deliver(incident_id: str, report_id: str, destination: str, post: Post) -> None:
    """Tell `destination` what it has not heard of the incident yet; nothing if it has heard all or another tells it.

    Raises DeliveryError, with the reason in the receipt too, and EvidenceUnavailable. What has failed fails again with
    the same reason, until somebody asks for it or there is something new to tell.
    """
    try:
        _deliver(incident_id, report_id, destination, post)
    except DeliveryError as error:
        post.tally.add([Counted(DELIVERIES, (destination, "retried" if error.retryable else "failed"))])
        raise


def _deliver(incident_id: str, report_id: str, destination: str, post: Post) -> None:
    vendor = post.destinations.get(destination)
    if vendor is None:
        raise DeliveryError("it is not configured any more", destination=destination, retryable=False)
    try:
        while incident := _begin(incident_id, vendor, post):
            _attempt(incident, report_id, vendor, post)
            log.info("told", action="delivery-done", incident_id=incident_id, destination=destination)
            post.tally.add([Counted(DELIVERIES, (destination, "done"))])
    except _Refused as error:
        post.bury(incident_id, report_id, destination, error.reason)
        give_up(incident_id, destination, post, reason=error.reason)
        raise


def _attempt(incident: Incident, report_id: str, vendor: Destination, post: Post) -> None:
    """One call of the vendor, and what came of it written down. Raises DeliveryError and EvidenceUnavailable."""
    try:
        made, upto = _tell(incident, _report(incident, report_id, vendor.name, post), vendor, post)
    except DeliveryError as error:
        final = _final(error, vendor, incident.deliveries[vendor.name], post)
        if not final.retryable:
            post.bury(incident.incident_id, report_id, vendor.name, final.reason)
        _end(incident, vendor, post, _failure(final, post))
        raise final from error
    except EvidenceUnavailable as error:
        # No report could be read, so the vendor has not been called.
        unread = DeliveryError(error.reason, destination=vendor.name, retryable=True)
        _end(incident, vendor, post, _failure(unread, post))
        raise
    _end(incident, vendor, post, _success(made, upto, post))


def attempts(incident_id: str, destination: str, post: Post) -> int:
    """How many in a row have told nothing. Raises EvidenceUnavailable."""
    incident = post.incidents.get(incident_id)
    known = incident.deliveries.get(destination) if incident else None
    return known.attempts if known else 0


def put_off(incident_id: str, destination: str, post: Post, *, seconds: float) -> None:
    """Nobody calls the vendor for so long; the sweep enqueues it then. Raises EvidenceUnavailable."""
    now = post.clock()

    def wait(known: Delivery | None, _: Incident) -> Delivery | None:
        is_waiting = known and known.state == "pending" and known.lease_until is None
        return receipts.put_off(known, now + timedelta(seconds=seconds), now) if known and is_waiting else known

    _change(incident_id, destination, post, wait)


def give_up(incident_id: str, destination: str, post: Post, *, reason: str) -> None:
    """Nobody will try again: the receipt says why, unless the destination was told after all. Raises KeyError."""
    now = post.clock()

    def fail(known: Delivery | None, _: Incident) -> Delivery | None:
        is_settled = known and known.state != "pending"
        return known if is_settled else receipts.given_up(known, reason, now)

    _change(incident_id, destination, post, fail)


def _begin(incident_id: str, vendor: Destination, post: Post) -> Incident | None:
    """The incident, its receipt leased to this attempt; None if there is nothing to tell, or it is not its turn.

    Raises _Refused if it is not to be told, and DeliveryError if it is gone.
    """
    now, is_ours = post.clock(), False

    def take(known: Delivery | None, incident: Incident) -> Delivery | None:
        nonlocal is_ours
        is_ours = known is None or (_is_due(known, incident, now) and not _has_nothing_for(vendor, known, incident))
        if known and is_ours:
            _check(known, vendor, post)
        if known and not is_ours:
            return _heard(known, incident, now) if _is_due(known, incident, now) else known
        return receipts.leased(known, now, news=len(incident.news))

    try:
        incident = _change(incident_id, vendor.name, post, take)
    except KeyError:
        reason = f"there is no incident {incident_id} any more"
        raise DeliveryError(reason, destination=vendor.name, retryable=False) from None
    # Of the looks at the receipt the last one counts: it is the one that was written.
    return incident if is_ours else None


class _Refused(DeliveryError):
    """What became of earlier attempts rules out another."""


def _is_due(known: Delivery, incident: Incident, now: datetime) -> bool:
    if known.state == "done":
        return known.told < len(incident.news)
    waits_until = known.lease_until or known.not_before
    return waits_until is None or waits_until <= now


def _has_nothing_for(vendor: Destination, known: Delivery, incident: Incident) -> bool:
    """Whether nothing that is new is passed on by this destination, so that the vendor need not be called."""
    if not known.told or known.unfinished or known.state == "failed":
        return False
    return not any(entry.event in vendor.hears for entry in incident.news[known.settled_news :])


def _heard(known: Delivery, incident: Incident, now: datetime) -> Delivery:
    made = DeliveryReceipt(vendor_id=known.vendor_id, url=known.url, details=known.details)
    return receipts.told(known, made, len(incident.news), now, news=len(incident.news))


def _check(known: Delivery, vendor: Destination, post: Post) -> None:
    """Raises _Refused."""
    reason = None
    if known.state == "failed":
        reason = known.reason or "it was given up"
    elif (known.lease_until or known.in_doubt) and not vendor.finds_what_it_made:
        reason = (
            f"an attempt broke off at {known.updated_at:%H:%M:%S} UTC and the message may have been sent; "
            "it cannot be looked up, so it is not sent again by itself"
        )
    elif known.attempts >= post.most_attempts:
        reason = known.reason or f"each of {known.attempts} attempts broke off"
    if reason:
        raise _Refused(reason, destination=vendor.name, retryable=False)


def _report(incident: Incident, report_id: str, destination: str, post: Post) -> Report:
    """Of those that are stored already, the one that says most: it names the incident's own cause, and how bad it is.

    Among such the one whose words the incident goes by, so that title and figures speak of one service. A report comes
    after its incident. Raises DeliveryError.
    """
    ids = list(dict.fromkeys([report_id, *incident.report_ids[: MOST_REPORTS // 2], *incident.report_ids[::-1]]))
    found = [report for known_id in ids[:MOST_REPORTS] if (report := post.reports.get(known_id))]
    if not found:
        reason = f"none of the reports of {incident.incident_id} is stored yet"
        raise DeliveryError(reason, destination=destination, retryable=True)
    return max(found, key=lambda report: _says(report, incident))


def _says(report: Report, incident: Incident) -> tuple[bool, int, bool]:
    return report.root_cause == incident.root_cause, report.severity.rank, report.headline == incident.summary


def _tell(incident: Incident, report: Report, vendor: Destination, post: Post) -> tuple[DeliveryReceipt, int]:
    """One step: its opening, or all that is new since. What it was told with, and how many news it has heard then."""
    known = incident.deliveries[vendor.name]
    upto = len(incident.news) if known.told else _opening(incident)
    routes = post.policy.routes(incident, post.destinations, post.clock())
    notice = Notice(
        incident=incident,
        report=report,
        news=tuple(incident.news[known.settled_news : upto]),
        revision=upto,
        options=known.options,
        asks_for=tuple(name for name in routes.asked if name not in incident.deliveries),
        is_repeated=known.in_doubt,
    )
    if not known.told:
        return vendor.open(notice), upto
    made = vendor.update(notice, known)
    return made or DeliveryReceipt(vendor_id=known.vendor_id, url=known.url, details=known.details), upto


def _opening(incident: Incident) -> int:
    """How many news an opening tells: all, but not that it is over, which is a step of its own."""
    if incident.status is IncidentStatus.OPEN:
        return len(incident.news)
    ended = [position for position, entry in enumerate(incident.news) if entry.event == END]
    return max(1, ended[-1]) if ended else len(incident.news)


def _final(error: DeliveryError, vendor: Destination, attempt: Delivery, post: Post) -> DeliveryError:
    """The error as it is to be acted on: what may have been done is not done again where nobody can look."""
    reason = error.reason
    if not error.retryable:
        return error
    if error.is_ambiguous and not vendor.finds_what_it_made:
        reason = f"{reason}; the message may have been sent, so it is not sent again by itself"
    elif attempt.attempts < post.most_attempts:
        return error
    ambiguous = error.is_ambiguous
    return DeliveryError(reason, destination=error.destination, retryable=False, is_ambiguous=ambiguous)


_Change = Callable[[Delivery | None, Incident], Delivery | None]
_Outcome = Callable[[Delivery, Incident], Delivery]


def _success(made: DeliveryReceipt, upto: int, post: Post) -> _Outcome:
    return lambda known, incident: receipts.told(known, made, upto, post.clock(), news=len(incident.news))


def _failure(error: DeliveryError, post: Post) -> _Outcome:
    def write(known: Delivery, _: Incident) -> Delivery:
        failed = receipts.failed(known, error, post.clock())
        return failed if error.retryable else receipts.given_up(failed, error.reason, post.clock())

    return write


def _end(leased: Incident, vendor: Destination, post: Post, outcome: _Outcome) -> None:
    """Write what came of the attempt. Another that took over meanwhile goes on, and learns what was made."""
    attempt = leased.deliveries[vendor.name]

    def write(known: Delivery | None, incident: Incident) -> Delivery | None:
        known = known or attempt
        after = outcome(known, incident)
        if receipts.is_held_by(attempt, known):
            return after
        return receipts.learned(known, after) if after.told > known.told else known

    try:
        _change(leased.incident_id, vendor.name, post, write)
    except KeyError:
        log.warning(
            "told of an incident that is gone",
            action="incident-gone",
            incident_id=leased.incident_id,
            destination=vendor.name,
        )


def _change(incident_id: str, destination: str, post: Post, change: _Change) -> Incident:
    """The incident with that receipt changed, and with what the change adds to its history. Raises KeyError."""

    def apply(incident: Incident) -> Incident:
        known = incident.deliveries.get(destination)
        after = change(known, incident)
        return incident if after is None or after == known else _with(incident, destination, known, after)

    return post.incidents.update(incident_id, apply)


def _with(incident: Incident, destination: str, known: Delivery | None, after: Delivery) -> Incident:
    entries = list(_entries(destination, known, after))
    is_linked = any(entry.event == LINKED for entry in entries)
    if is_linked and after.told == len(incident.news):
        # It need not be told of its own link.
        after = after.model_copy(update={"told": after.told + 1})
    return incident.model_copy(
        update={
            "deliveries": {**incident.deliveries, destination: after},
            "history": [*incident.history, *entries],
        }
    )


def _entries(destination: str, known: Delivery | None, after: Delivery) -> list[HistoryEntry]:
    """What people may read later: that it was opened, where it can be followed, that it was given up."""
    entries = []
    was_open = known is not None and known.told > 0
    if after.told and not was_open:
        said = after.vendor_id or "sent"
        entries.append(HistoryEntry(at=after.updated_at, event=f"{destination} done", reason=said))
        if after.url:
            link = f"{after.vendor_id or destination}: {after.url}"
            entries.append(HistoryEntry(at=after.updated_at, event=LINKED, reason=link))
    if after.state == "failed" and (known is None or known.state != "failed"):
        entries.append(HistoryEntry(at=after.updated_at, event=f"{destination} failed", reason=after.reason or ""))
    return entries
