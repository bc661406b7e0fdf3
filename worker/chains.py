"""When a caller's trouble and the trouble it suffers from are one: who suffers from what is told by the reports.

A report that blames another service says that its own service suffers from that one. Where it cannot say why the
other is in trouble, whoever knows that the other suffers in turn speaks of the same incident.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from worker.causes import SET_IN_TOGETHER, agree, cause_of, place_of, why_same
from worker.domain.incident import Incident, Sufferer
from worker.domain.report import CauseKind, Report, RootCause


@dataclass(frozen=True)
class Account:
    """What a report, or an incident, holds: the cause, and who suffers from it elsewhere."""

    cause: RootCause
    sufferers: Sequence[Sufferer]


def account_of(incident: Incident) -> Account | None:
    """None for what does not say which cause it is about."""
    return Account(incident.root_cause, incident.sufferers) if incident.root_cause else None


def told_by(report: Report) -> Account:
    cause = cause_of(report)
    if report.service is None or report.service == cause.service:
        return Account(cause, ())
    return Account(cause, (Sufferer(service=report.service, region=report.region, onset=began_at(report)),))


def began_at(report: Report) -> datetime:
    onset = report.root_cause.onset if report.root_cause else None
    return onset or report.window.start


def why_one(known: Account, other: Account) -> str | None:
    """Why both speak of one incident, as a sentence; None if they do not, whenever they happened."""
    return why_same(known.cause, other.cause) or why_explained(known, other) or why_explained(other, known)


def why_explained(one: Account, by: Account) -> str | None:
    """Why `by` knows more of the cause of `one`: it only said where, and that is where somebody suffers in `by`."""
    if any(_is_the_place(one.cause, sufferer) for sufferer in by.sufferers):
        return f"{place_of(one.cause)} is in trouble because it suffers itself from {place_of(by.cause)}."
    return None


def is_deeper(new: Account, known: Account) -> bool:
    """Whether the cause of `new`, which belongs together with `known`, is to be believed instead."""
    if why_explained(known, new):
        return True
    return not why_explained(new, known) and _says(new.cause) > _says(known.cause)


def _is_the_place(vague: RootCause, sufferer: Sufferer) -> bool:
    if vague.service != sufferer.service or vague.deployment_id:
        return False
    if vague.kind is CauseKind.DEPENDENCY:
        return agree(vague.region, sufferer.region)
    if vague.kind is not CauseKind.UNKNOWN or vague.region != sufferer.region:
        return False
    # Nothing else speaks for it here, as in `why_same`.
    if vague.onset is None or sufferer.onset is None:
        return False
    return abs(vague.onset - sufferer.onset) <= SET_IN_TOGETHER


def _says(cause: RootCause) -> int:
    """How much a cause says: nothing, where it lies, what is wrong there, or which change it is."""
    if cause.deployment_id:
        return 3
    return {CauseKind.UNKNOWN: 0, CauseKind.DEPENDENCY: 1}.get(cause.kind, 2)
