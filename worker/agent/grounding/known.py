"""What a report knows, as data: figures with their unit and owner, moments, names and quoted lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from worker.domain.report import Report, Verdict


class Subject(NamedTuple):
    """Whose a figure is; None where it is not said."""

    service: str | None = None
    region: str | None = None


NOBODY = Subject()


@dataclass(frozen=True)
class Fact:
    """A figure in its base unit. `role`: "now", "usual", "excess", or None where the difference makes no sense.

    `detail` narrows it down further: a quantile, a type of errors, or a deployment. `end`: "low" or "high" of a range.
    """

    value: float
    dimension: str
    subject: Subject = NOBODY
    signal: str | None = None
    role: str | None = None
    evidence: str | None = None
    detail: str | None = None
    end: str | None = None


class Moment(NamedTuple):
    at: datetime
    kind: str


class Change(NamedTuple):
    at: datetime | None
    service: str | None
    region: str | None
    deployment_id: str
    versions: frozenset[str]


class Level(NamedTuple):
    """A signal of a subject, now and usually."""

    subject: Subject
    signal: str
    actual: float
    expected: float
    deviations: float


@dataclass
class Known:
    """Everything that a text about the report may rest on."""

    report: Report
    facts: list[Fact] = field(default_factory=list)
    moments: list[Moment] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    levels: list[Level] = field(default_factory=list)
    services: set[str] = field(default_factory=set)
    regions: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    types: dict[str, set[str]] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    words: frozenset[str] = frozenset()
    said: frozenset[str] = frozenset()

    @property
    def scope(self) -> Subject:
        return Subject(self.report.service, self.report.region)

    @property
    def evidence(self) -> set[str]:
        return {item.id for item in self.report.evidence}

    @property
    def has_cause(self) -> bool:
        return self.report.verdict is Verdict.ROOT_CAUSE and self.report.root_cause is not None


def cause_names(known: Known) -> set[str]:
    """By which the root cause may be called; without one, nothing may."""
    cause = known.report.root_cause
    if not known.has_cause or cause is None:
        return set()
    names = {cause.service, cause.deployment_id, cause.version, cause.error_type}
    return {name for name in names if name}
