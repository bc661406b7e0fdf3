"""What others wrote into the incidents index, in their own words: whether it is over, how severe, and of what."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from worker.answering.answer import Understood
from worker.answering.asking import Asking
from worker.answering.finding import affects
from worker.answering.topics import INCIDENT_ID
from worker.domain.incident import Incident, IncidentStatus
from worker.domain.lookup import PastIncident
from worker.domain.severity import Severity
from worker.domain.telemetry import Scope
from worker.domain.window import Window
from worker.errors import NotMeasured

# People note an incident when they notice it, and once more when it is over.
AROUND = timedelta(minutes=30)
# What began so long before a time may last into it; what is older and never got an end was rather forgotten.
EARLIER = timedelta(days=30)
_OVER = re.compile(
    r"(?<!not )(?<!to be )(?<!being )\b(?:resolved|closed|fixed|solved|done|over|ended|finished|completed?|mitigated"
    r"|recovered|restored|cancell?ed|no action|false alarm)\b",
    re.IGNORECASE,
)
_ON = re.compile(
    r"\b(?:open|ongoing|active|unresolved|new|pending|acknowledged|in progress|investigat\w{2,4}|being|still|not)\b",
    re.IGNORECASE,
)


class Recorded(NamedTuple):
    """`same_as`: the incident of ours that it is about as well, if any."""

    one: PastIncident
    same_as: Incident | None


class Others(NamedTuple):
    """`unrated`: so many are left out since they tell no severity; `unread`: so many older documents were not read."""

    wanted: list[Recorded]
    unrated: int = 0
    unread: int = 0


def recorded_by_others(asking: Asking, ours: Sequence[Incident]) -> Others:
    """Those that are wanted, the newest first. `ours` are all of ours of this time, whether they are wanted or not."""
    window = asking.window
    try:
        of_then = asking.looks.incidents(asking.scope, window)
        earlier = asking.looks.incidents(asking.scope, Window.before(window.start, EARLIER))
    except NotMeasured:
        return Others([])
    on = [*of_then.rows, *(one for one in earlier.rows if _lasts_into(one, window))]
    theirs = [one for one in on if not INCIDENT_ID.fullmatch(one.id)]
    in_status = [one for one in theirs if _has_status(one, asking.understood)]
    severe, unrated = _severe(in_status, asking.understood.severity)
    unread = sum(max(0, (reading.total or 0) - len(reading.rows)) for reading in (of_then, earlier))
    wanted = [Recorded(one, _same_as(one, ours, asking)) for one in severe]
    return Others(wanted, unrated, unread)


def _has_status(one: PastIncident, understood: Understood) -> bool:
    return understood.status is None or is_over(one) == (understood.status is not IncidentStatus.OPEN)


def is_over(one: PastIncident) -> bool:
    """By the word that somebody wrote for it; else by a length. With neither no end of it is on record."""
    status = one.status or ""
    return bool(_OVER.search(status)) or (one.duration_minutes is not None and not _ON.search(status))


def _lasts_into(one: PastIncident, window: Window) -> bool:
    """Where it is over and nobody wrote how long it took, it is of the time when it was noted alone."""
    if not is_over(one):
        return True
    return one.duration_minutes is not None and one.at + timedelta(minutes=one.duration_minutes) > window.start


def severity_of(one: PastIncident) -> Severity | None:
    said = (one.severity or "").strip().lower()
    return Severity(said) if said in set(Severity) else None


def _severe(found: list[PastIncident], least: Severity | None) -> tuple[list[PastIncident], int]:
    """Those of at least that severity, and how many tell none."""
    if least is None:
        return found, 0
    rated = [(one, severity) for one in found if (severity := severity_of(one))]
    return [one for one, severity in rated if severity.at_least(least)], len(found) - len(rated)


def _same_as(one: PastIncident, ours: Sequence[Incident], asking: Asking) -> Incident | None:
    """Ours that was on when it was written down, and that its service and region had a part in."""
    if one.service is None:
        return None
    scope = Scope(one.service, one.region)
    on = [incident for incident in ours if _was_on(incident, one, asking) and affects(incident, scope)]
    return min(on, key=lambda incident: abs(incident.timestamp - one.at), default=None)


def _was_on(incident: Incident, one: PastIncident, asking: Asking) -> bool:
    end = incident.resolved_at or asking.now
    return incident.timestamp - AROUND <= one.at <= end + AROUND
