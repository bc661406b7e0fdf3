"""What of an incident's course a vendor's record does not tell yet."""

from __future__ import annotations

import re
from dataclasses import replace

from worker.domain.incident import NEWS
from worker.domain.notice import Notice
from worker.domain.severity import Severity

AFTER_THE_OPENING = NEWS - {"opened"}
# What may change an incident's subject.
CHANGES_SUBJECT = frozenset({"cause", "severity", "spread"})
OUR_SUBJECT = re.compile(rf"\[({'|'.join(Severity)})\] ")


def beyond(told: int, notice: Notice) -> Notice:
    """The notice without the news that were told up to the revision `told`."""
    first = notice.revision - len(notice.news)
    return replace(notice, news=notice.news[max(0, told - first) :])


def events_of(notice: Notice) -> frozenset[str]:
    return frozenset(entry.event for entry in notice.news)


def renames(notice: Notice, shown: str) -> bool:
    """Whether the news change the subject that is `shown`. One that people have reworded stays theirs."""
    return bool(events_of(notice) & CHANGES_SUBJECT and OUR_SUBJECT.match(shown))
