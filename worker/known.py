"""What was known of past incidents at a given time: nothing that began, was learned or was changed later.

Two clocks count. The alerts' own times say what had happened by the time an alert speaks of; the times in an incident's
history are those of the writing, and say what had been written when somebody looked. What others write into the
incidents index has no history of ours: of it only `@timestamp` counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from worker.domain.window import parse_time

Document = dict[str, Any]
STATUS_OF = {"opened": "open", "reopened": "open", "resolved": "resolved", "closed": "closed"}
# An incident is dated before it is written, and is found a moment after: what is newer, one reader sees and another
# does not, and the same alert investigated again would find otherwise.
SETTLING = timedelta(seconds=5)
# What an entry of the history keeps of the time before it, in `was`.
REMEMBERED = ("title", "summary", "service", "region", "@timestamp", "duration_minutes", "resolution")


@dataclass(frozen=True)
class Knowledge:
    """Whose knowledge: what had been written `by` then (None: by now).

    `as_of_now`: incidents are taken as they are today, whatever the alert's date. `is_first`: the alert is not
    investigated again, so that what joined an incident meanwhile did so before.
    """

    by: datetime | None = None
    as_of_now: bool = False
    is_first: bool = False


def first_knowledge(now: datetime) -> Knowledge:
    """Of an investigation that begins now: what every later reader, too, will find to have been written by then."""
    return Knowledge(by=now - SETTLING, is_first=True)


def known(history: Sequence[Document], as_of: datetime, knowledge: Knowledge, *, most: int) -> list[Document]:
    """Of incidents `{"_id", "_source"}`, in their order, those that were known, as they were known; at most so many."""
    if knowledge.as_of_now:
        return list(history[:most])
    seen = ({**hit, "_source": found} for hit in history if (found := _as_known(hit["_source"], as_of, knowledge)))
    return [hit for hit in seen if parse_time(str(hit["_source"]["@timestamp"])) < as_of][:most]


def _as_known(document: Document, as_of: datetime, knowledge: Knowledge) -> Document | None:
    by, entries = knowledge.by, _entries(document)
    if not entries:
        return document
    written = [entry for entry in entries if by is None or parse_time(str(entry["at"])) <= by]
    if not written:
        return None
    known = {
        **document,
        **_remembered(entries[len(written) :]),
        "status": _status(document, entries, written, as_of),
    }
    # An alert joins an incident when it has been investigated: before that only the one that opened it was its own.
    return known if by is None or knowledge.is_first else {**known, "alert_ids": document["alert_ids"][:1]}


def _entries(document: Document) -> list[Document]:
    """Those of our own incidents, in the order of their writing."""
    history = document.get("history")
    if "alert_ids" not in document or not isinstance(history, list):
        return []
    return [entry for entry in history if isinstance(entry, dict) and _is_time(entry.get("at"))]


def _is_time(value: Any) -> bool:
    try:
        parse_time(str(value))
    except ValueError:
        return False
    return True


def _remembered(later: Sequence[Document]) -> Document:
    """What the first of the later entries says of the time before it, and so on for what that one does not say."""
    found: Document = {}
    for entry in later:
        was = entry.get("was")
        if isinstance(was, dict):
            found = {name: was[name] for name in REMEMBERED if name in was} | found
    return found


def _status(document: Document, entries: Sequence[Document], written: Sequence[Document], as_of: datetime) -> Any:
    """By the last entry that says so. One that ended only after `as_of` was still open then, whoever looks later."""
    told = [entry for entry in written if entry.get("event") in STATUS_OF]
    if not told:
        return document.get("status")
    status, resolved_at = STATUS_OF[told[-1]["event"]], document.get("resolved_at")
    # `resolved_at` is of the last end; it speaks of what was written by then if nothing ended or went on since.
    is_of_then = not any(entry.get("event") in ("resolved", "reopened") for entry in entries[len(written) :])
    if status != "open" and is_of_then and _is_time(resolved_at) and parse_time(str(resolved_at)) > as_of:
        return "open"
    return status
