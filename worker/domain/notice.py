"""What one destination is to be told of an incident, and what it said when it was told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from worker.domain.incident import HistoryEntry, Incident, IncidentStatus
from worker.domain.report import Report


@dataclass(frozen=True)
class Notice:
    """The incident as it is now, with what this destination has not heard of it yet.

    `report` is, of the incident's reports, the one that says most. `news` are the entries of its history that are
    worth telling, the oldest first; empty only where what was made is to be finished. `options` is where exactly the
    policy sends it: a project, a channel. `revision` counts all news of the incident up to these: the same number never
    says two things, so it marks what a vendor has been told already. `asks_for` are the destinations that people may be
    asked about, by a button. `is_repeated`: an attempt at telling this may have got through, whatever became of it.
    """

    incident: Incident
    report: Report
    news: tuple[HistoryEntry, ...]
    revision: int
    options: Mapping[str, str] = field(default_factory=dict)
    asks_for: tuple[str, ...] = ()
    is_repeated: bool = False

    @property
    def is_over(self) -> bool:
        return self.incident.status is not IncidentStatus.OPEN
