"""From an inbox to the record in Elasticsearch and onto the queue.

Every step may be repeated: an entry is acknowledged last, so whoever dies in between leaves it to the next one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import starmap

from worker.counts import RECORDED, Counted, Tally, Uncounted
from worker.ports import AlertStore, DeadLetterStore, Inbox, Letter, Notification, Queue, Recorded

BATCH = 500
NOBODY_COUNTS = Uncounted()
# Of one run: the worker has other work, and the next run comes within seconds.
MOST_BATCHES = 2


def take_in(
    inbox: Inbox,
    alerts: AlertStore,
    dead_letters: DeadLetterStore,
    queue: Queue,
    *,
    limit: int = BATCH,
    tally: Tally = NOBODY_COUNTS,
) -> int:
    """Works on up to `limit` entries of the inbox; gives their number.

    Raises EvidenceUnavailable or QueueUnavailable; what was not finished then comes again.
    """
    entries = inbox.take(limit)
    _keep_letters(dead_letters, (entry.content for entry in entries if isinstance(entry.content, Letter)))
    notifications = [entry.content for entry in entries if isinstance(entry.content, Notification)]
    if notifications:
        record(notifications, alerts, dead_letters, queue, tally=tally)
    inbox.acknowledge(entries)
    return len(entries)


def take_in_batches(
    inbox: Inbox,
    alerts: AlertStore,
    dead_letters: DeadLetterStore,
    queue: Queue,
    *,
    batch: int = BATCH,
    tally: Tally = NOBODY_COUNTS,
) -> int:
    """As `take_in`, until the inbox is empty, but at most MOST_BATCHES times."""
    taken = 0
    for _ in range(MOST_BATCHES):
        now_taken = take_in(inbox, alerts, dead_letters, queue, limit=batch, tally=tally)
        taken += now_taken
        if now_taken < batch:
            break
    return taken


def _keep_letters(dead_letters: DeadLetterStore, letters: Iterable[Letter]) -> None:
    for letter in letters:
        dead_letters.put(letter.letter_id, reason=letter.reason, kind=letter.kind, payload=letter.payload)


def record(
    notifications: Sequence[Notification],
    alerts: AlertStore,
    dead_letters: DeadLetterStore,
    queue: Queue,
    *,
    tally: Tally = NOBODY_COUNTS,
) -> Sequence[Recorded]:
    """Store them and enqueue what is new; what will never be stored becomes a dead letter. Safe to repeat.

    One answer for each. Raises EvidenceUnavailable or QueueUnavailable.
    """
    recorded = alerts.record(notifications)
    for notification, outcome in zip(notifications, recorded, strict=True):
        if outcome.refused:
            _give_up(dead_letters, notification, outcome)
    waiting = {
        outcome.alert_id: notification.alert
        for notification, outcome in zip(notifications, recorded, strict=True)
        if outcome.is_waiting and not outcome.refused
    }
    if waiting:
        queue.investigate(list(waiting), of=list(waiting.values()))
    tally.add(list(starmap(_counted, zip(notifications, recorded, strict=True))))
    return recorded


def _counted(notification: Notification, outcome: Recorded) -> Counted:
    return Counted(RECORDED, (notification.origin, "refused" if outcome.refused else outcome.status))


def _give_up(dead_letters: DeadLetterStore, notification: Notification, outcome: Recorded) -> None:
    dead_letters.put(
        outcome.alert_id,
        reason=f"Elasticsearch refuses to store the alert: {outcome.refused}",
        kind="alert",
        payload=notification.alert.model_dump(mode="json"),
    )
