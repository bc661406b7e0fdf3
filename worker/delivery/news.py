"""What of an incident's course a ticket does not tell yet."""

from __future__ import annotations

import re
from dataclasses import replace

from worker.domain.notice import Notice
from worker.domain.severity import Severity

# What those who work on a ticket have to know; who asked for it and where else it is told they need not.
TOLD_IN_TICKETS = frozenset({"cause", "severity", "spread", "resolved", "reopened", "settled"})
# With these an incident's subject and severity may be others than those that its ticket shows; what came while the
# ticket was closed shows when it is opened again.
CHANGES_SUBJECT = frozenset({"cause", "severity", "spread", "reopened"})
CHANGES_SEVERITY = frozenset({"severity", "reopened"})
OUR_SUBJECT = re.compile(rf"\[({'|'.join(Severity)})\] ")


def untold(notice: Notice, told: int) -> Notice:
    """The notice with the news that come after the revision `told`, as far as tickets tell them."""
    first = notice.revision - len(notice.news)
    news = tuple(entry for entry in notice.news[max(0, told - first) :] if entry.event in TOLD_IN_TICKETS)
    return replace(notice, news=news)


def events_of(notice: Notice) -> frozenset[str]:
    return frozenset(entry.event for entry in notice.news)


def renames(notice: Notice, shown: str) -> bool:
    """Whether the news change the subject that is `shown`. One that people have reworded stays theirs."""
    return bool(events_of(notice) & CHANGES_SUBJECT and OUR_SUBJECT.match(shown))
