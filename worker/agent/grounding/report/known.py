"""What a report knows, as data: figures with their unit and owner, moments, names and quoted lines."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from worker.domain.report import Report, SimilarIncident, Verdict


class Subject(NamedTuple):
    """Whose a figure is; None where it is not said."""

    service: str | None = None
    region: str | None = None


NOBODY = Subject()


@dataclass(frozen=True)
class Fact:
    """A figure in its base unit, with what it is of: a sentence has to say the same, as far as it says it.

    `role`: "now", "usual", "excess", or None where the difference makes no sense. `statistic`: "mean" or a quantile.
    `whole`: what a share is of ("requests", "lines", "errors", "rise", "cpu", "memory"); "excess" of each of its parts.
    `of`: a type of errors, a deployment, a part of the excess, or who calls. `end`: "low" or "high" of a range.
    `rank`: "largest" or "smallest" of the parts of one thing. `metric`: the field that was measured, as it is called.
    """

    value: float
    dimension: str
    subject: Subject = NOBODY
    signal: str | None = None
    role: str | None = None
    evidence: str | None = None
    statistic: str | None = None
    whole: str | None = None
    of: str | None = None
    end: str | None = None
    rank: str | None = None
    metric: str | None = None


class Moment(NamedTuple):
    """`of`: the deployment that was made then, or the service, in `region`, of whose `signal` it is the onset."""

    at: datetime
    kind: str
    of: str | None = None
    region: str | None = None
    signal: str | None = None


class Change(NamedTuple):
    """`version` is what it brought, `previous` what ran before; `kind`: "deployment", or as the profile calls it."""

    at: datetime | None
    service: str | None
    region: str | None
    deployment_id: str
    version: str | None = None
    previous: str | None = None
    kind: str | None = None

    @property
    def versions(self) -> set[str]:
        return {one for one in (self.version, self.previous) if one}


class Quoted(NamedTuple):
    """Where a sentence quotes a log line, and the patterns of which that is one."""

    span: tuple[int, int]
    patterns: frozenset[str]


# From so many standard deviations on something is no longer as usual.
DEVIATING = 3


class Level(NamedTuple):
    """A signal of a subject, now and usually; `metric`: the field that it was measured as."""

    subject: Subject
    signal: str
    actual: float
    expected: float
    deviations: float
    metric: str = ""

    @property
    def deviates(self) -> bool:
        return abs(self.deviations) >= DEVIATING

    @property
    def is_up(self) -> bool:
        return self.deviates and self.actual > self.expected


class Point(NamedTuple):
    """One value of a chart, from `at` on, as the `place`th of its series."""

    place: int
    at: datetime
    value: float


class Series(NamedTuple):
    """A chart: its values in base units (`factor` times what it shows), and where they were to be expected."""

    signal: str
    metric: str
    dimension: str
    factor: float
    subject: Subject
    step: timedelta
    points: tuple[Point, ...]
    low: tuple[Point, ...]
    high: tuple[Point, ...]


class Clause(NamedTuple):
    """What is said in one part of a sentence: the stems of its words, whom it names, and whether it denies it."""

    words: frozenset[str]
    names: tuple[str, ...]
    is_denied: bool


class Statement(NamedTuple):
    """A sentence of the report, but for its parts with figures: these are checked as facts."""

    words: frozenset[str]
    names: tuple[str, ...]
    clauses: tuple[Clause, ...]


class Spoken(NamedTuple):
    """What the sentences before spoke of. `sentence`: the last one. `about`: the services that were named last.

    `change` and `past`: the deployment and the past incident that the last one was about, which "it" may then mean.
    `opening`: what a list of shares began with, where the last one goes on with it.
    `subject`: the service that was named last before any "it" that could mean another.
    """

    sentence: str = ""
    about: frozenset[str] = frozenset()
    change: str = ""
    past: tuple[SimilarIncident, ...] = ()
    opening: str = ""
    subject: str = ""


NOTHING = Spoken()
NOTHING_MADE_UP = re.compile(r"(?!)")


@dataclass
class Known:
    """Everything that a text about the report may rest on. `spoken`: what the sentences before spoke of.

    `calls`: (caller, callee), where the errors, the lines or the calls of one name the other. `messages`: the words of
    a service's log lines and types of errors, by service; those of nobody in particular under "". `logged`: the lines.
    `patterns`: the texts of log lines, each with the words that tell it from others. `heard`: the regions that a
    service's lines are from. `failing`: services with new lines that are errors.
    `fields`: what metrics are called. `told`: the template's words, by the
    services that it writes of. `said`: its sentences. `statements`: what the report says in words. `past`: the words of
    a past incident, where the sentence is about one.
    `quoted`: the counted log lines that the sentence quotes. `series`: the charts. `involved`: the services of which
    anything is told. `made_up`: what a name looks like that is made of the beginning of an id, or of a service.
    """

    report: Report
    facts: list[Fact] = field(default_factory=list)
    moments: list[Moment] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    levels: list[Level] = field(default_factory=list)
    series: list[Series] = field(default_factory=list)
    services: set[str] = field(default_factory=set)
    regions: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    types: dict[str, set[str]] = field(default_factory=dict)
    calls: set[tuple[str, str]] = field(default_factory=set)
    messages: dict[str, set[str]] = field(default_factory=dict)
    told: dict[str, frozenset[str]] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    logged: dict[str, set[str]] = field(default_factory=dict)
    patterns: dict[str, frozenset[str]] = field(default_factory=dict)
    heard: dict[str, set[str | None]] = field(default_factory=dict)
    failing: set[str] = field(default_factory=set)
    fields: frozenset[str] = frozenset()
    spoken: Spoken = NOTHING
    quoted: tuple[Quoted, ...] = ()
    words: frozenset[str] = frozenset()
    past: frozenset[str] = frozenset()
    said: frozenset[str] = frozenset()
    statements: tuple[Statement, ...] = ()
    involved: frozenset[str] = frozenset()
    made_up: re.Pattern[str] = NOTHING_MADE_UP

    @property
    def previous(self) -> str:
        return self.spoken.sentence

    @property
    def about(self) -> frozenset[str]:
        return self.spoken.about

    @property
    def scope(self) -> Subject:
        return Subject(self.report.service, self.report.region)

    @property
    def evidence(self) -> set[str]:
        return {item.id for item in self.report.evidence}

    @property
    def has_cause(self) -> bool:
        return self.report.verdict is Verdict.ROOT_CAUSE and self.report.root_cause is not None

    @property
    def suffering(self) -> set[str]:
        """Services that deviate, but for the one that causes it."""
        root = self.report.root_cause
        deviating = {one.subject.service for one in self.levels if one.deviates}
        return {one for one in deviating if one and not (root and root.service == one and one != self.report.service)}


def callers(of: str | None, known: Known) -> set[str]:
    """Who was seen to call it."""
    return {caller for caller, callee in known.calls if callee == of}


def cause_names(known: Known) -> set[str]:
    """By which the root cause may be called; without one, nothing may."""
    cause = known.report.root_cause
    if not known.has_cause or cause is None:
        return set()
    names = {cause.service, cause.deployment_id, cause.version, cause.error_type}
    return {name for name in names if name}
