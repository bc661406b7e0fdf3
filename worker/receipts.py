"""What becomes of a destination's receipt: plain rules, no store and no vendor.

A receipt is `pending` while there is something to tell, `done` once the destination has heard all, and `failed` where
nobody tries any more by himself. An attempt leases it; a lease that has ended says that the attempt broke off, and
from then on the receipt is in doubt until an attempt succeeds: what was asked of the vendor may have been done.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from worker.domain.incident import Delivery
from worker.errors import DeliveryError
from worker.ports import DeliveryReceipt

# Longer than an attempt may take (`tasks.app` ends it before), and than a vendor's search lags behind its writes.
LEASE = timedelta(seconds=60)
# Longer than a message may rest in the queue between two tries.
GRACE = timedelta(seconds=90)


def leased(known: Delivery | None, now: datetime, *, news: int) -> Delivery:
    """Taken by an attempt that begins now, to tell so many news."""
    known = known or Delivery(state="pending", updated_at=now)
    return _changed(
        known,
        now,
        state="pending",
        lease_until=now + LEASE,
        not_before=None,
        attempts=known.attempts + 1,
        tried=news,
        in_doubt=known.in_doubt or known.lease_until is not None,
    )


def is_held_by(attempt: Delivery, known: Delivery) -> bool:
    """Whether `known` is still leased to the attempt that left `attempt`, and not to one that took over."""
    return (known.lease_until, known.attempts) == (attempt.lease_until, attempt.attempts)


def told(known: Delivery, made: DeliveryReceipt, upto: int, now: datetime, *, news: int) -> Delivery:
    """It has heard the first `upto` of `news`: `pending` still where more has come meanwhile."""
    return _changed(
        known,
        now,
        state="done" if upto >= news and not made.unfinished else "pending",
        vendor_id=made.vendor_id,
        url=made.url,
        details=made.details,
        unfinished=made.unfinished,
        reason=None,
        lease_until=None,
        attempts=0,
        in_doubt=False,
        told=max(known.told, upto),
    )


def failed(known: Delivery, error: DeliveryError, now: datetime) -> Delivery:
    """The attempt has ended with an answer, or before it began: the next one may follow as soon as the vendor lets it.

    Where the vendor may have done what was asked and cannot be asked, nobody tries again.
    """
    asked = timedelta(seconds=error.retry_after_seconds or 0.0)
    return _changed(
        known,
        now,
        reason=error.reason,
        lease_until=None,
        not_before=now + asked if asked else None,
        in_doubt=known.in_doubt or error.is_ambiguous,
    )


def learned(known: Delivery, after: Delivery) -> Delivery:
    """`known`, leased to another attempt if it is, with what a late one has told according to `after`."""
    if known.lease_until is None:
        return after
    kept = {"state": "pending", "lease_until": known.lease_until, "attempts": known.attempts}
    return after.model_copy(update=kept)


def given_up(known: Delivery | None, reason: str, now: datetime) -> Delivery:
    """Nobody tries again before something new is to be told, or somebody asks for it.

    What its last attempt failed to tell is passed over then, so that a comment that is refused for ever does not stop
    the incident's end from being told. Where not even the opening was told, news change nothing:
    what refused the incident would refuse it again, and what may have been sent must not be sent twice.
    """
    known = known or Delivery(state="failed", updated_at=now)
    return _changed(
        known,
        now,
        state="failed",
        reason=reason,
        lease_until=None,
        not_before=None,
        attempts=0,
        passed_over=known.tried if known.told else 0,
        # Of an update the doubt is passed over as well: what comes next says nothing of it again.
        in_doubt=known.in_doubt and not known.told,
    )


def enqueued_again(known: Delivery, now: datetime) -> Delivery:
    """A message is on its way to a worker for it; the attempt that broke off, if one did, is not forgotten."""
    return _changed(
        known, now, lease_until=None, not_before=None, in_doubt=known.in_doubt or known.lease_until is not None
    )


def put_off(known: Delivery, until: datetime, now: datetime) -> Delivery:
    return _changed(known, now, not_before=until)


def asked_again(known: Delivery | None, now: datetime) -> Delivery:
    """Somebody has seen to the reason, and wants everything told that was not. What was made stays known."""
    known = known or Delivery(state="pending", updated_at=now)
    return _changed(
        known,
        now,
        state="pending",
        reason=None,
        lease_until=None,
        not_before=None,
        attempts=0,
        in_doubt=False,
        passed_over=0,
    )


def is_abandoned(known: Delivery | None, now: datetime, *, grace: timedelta = GRACE) -> bool:
    """Whether it is pending and no message on its way can be believed in any more."""
    if known is None or known.state != "pending":
        return False
    if known.lease_until:
        return known.lease_until <= now
    return max(known.updated_at + grace, known.not_before or known.updated_at) <= now


def _changed(known: Delivery, now: datetime, **changes: object) -> Delivery:
    return known.model_copy(update={**changes, "updated_at": now})
