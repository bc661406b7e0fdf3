"""Telemetry as the analysis sees it: plain arrays and records; no engine, nobody's field names."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from worker.domain.window import Window

if TYPE_CHECKING:
    from worker.domain.impact_facts import ImpactFacts, ScopeFacts

Floats = NDArray[np.float64]

# What a metric tells of a service. `waiting` is time spent in calls to others, `other` whatever fits nowhere else.
Role = Literal["latency", "errors", "availability", "saturation", "memory", "traffic", "carbon", "waiting", "other"]
Worse = Literal["up", "down", "both"]
Edge = tuple[str, str]


class Scope(NamedTuple):
    """A service in a region; None stands for all of them (or for telemetry that does not say)."""

    service: str | None
    region: str | None

    def covers(self, other: Scope) -> bool:
        return self.service in (None, other.service) and self.region in (None, other.region)

    def __str__(self) -> str:
        return ", ".join(part for part in self if part) or "all services"


@dataclass(frozen=True)
class Grid:
    """`count` buckets of `step_seconds` from `start` on; the last may be cut short by the end of reading."""

    start: datetime
    step_seconds: int
    count: int

    @property
    def step(self) -> timedelta:
        return timedelta(seconds=self.step_seconds)

    @property
    def end(self) -> datetime:
        return self.start + self.count * self.step

    def time(self, index: int) -> datetime:
        return self.start + index * self.step

    def index(self, moment: datetime) -> int:
        return int((moment - self.start) // self.step)

    def mask(self, window: Window) -> NDArray[np.bool_]:
        """The buckets that start inside `window`."""
        first = -((self.start - window.start) // self.step)
        last = -((self.start - window.end) // self.step)
        positions = np.arange(self.count)
        return (positions >= first) & (positions < last)

    def seconds(self) -> Floats:
        """Seconds from the grid's start to the middle of each bucket."""
        return (np.arange(self.count, dtype=float) + 0.5) * self.step_seconds


@dataclass
class Series:
    """The signals of one scope on one grid; NaN where nothing was sampled, except counts, which are 0.

    Keys: `carbon` g/min, `carbon_grams` and `carbon_minutes` (mass of a bucket and the time it covers), `cpu` %,
    `memory` %, `traffic` requests/min, and of logs `lines`, `errors`, `retries`, `latency_sum_ms`, `latency_squares`
    (ms²), `latency_count`.

    `read_share`: of the log lines that were read for the latency, which is then theirs alone; other counts are of all.
    """

    values: dict[str, Floats] = field(default_factory=dict)
    read_share: float = 1.0

    def get(self, name: str) -> Floats | None:
        found = self.values.get(name)
        return None if found is None or not np.isfinite(found).any() else found


@dataclass(frozen=True)
class Metric:
    """What a profile says of a metric: `unit` as people write it, `worse` the direction that hurts.

    `adds_up`: the parts of a service (instances, regions) are summed; else they are averaged.
    """

    name: str
    role: Role
    worse: Worse
    unit: str = ""
    label: str = ""
    adds_up: bool = False


# What its callers see of a service that sends no metrics itself.
FAILED_CALLS = Metric("failed_calls", "errors", "up", label="share of failed calls")


@dataclass(frozen=True)
class Quantiles:
    """Of so many samples: the values below which 1, 5, 50, 95 and 99 % of them lie."""

    count: int
    low: float
    least: float
    median: float
    most: float
    high: float


@dataclass(frozen=True)
class CallSpan:
    """One edge in one span of time: durations in seconds, as the caller saw them, and as the callee did.

    `moments` are the distinct times at which the edge was seen.
    """

    moments: int
    calls: float | None = None
    duration: Quantiles | None = None
    callee_duration: Quantiles | None = None


@dataclass(frozen=True)
class CallHistory:
    """One edge from one source before the alert's window and within it; None where it was not seen."""

    before: CallSpan | None
    within: CallSpan | None


@dataclass(frozen=True)
class Calls:
    """Who calls whom. Sources measure an edge in different ways and are never mixed, so each has its own history.

    `moments` by source: at how many distinct times any edge was seen, before the window and within it.
    """

    sources: dict[str, dict[Edge, CallHistory]] = field(default_factory=dict)
    moments: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def edges(self) -> set[Edge]:
        return {edge for history in self.sources.values() for edge in history}


@dataclass(frozen=True)
class Line:
    """One log line. `severity` None: the telemetry does not tell its level."""

    at: datetime
    service: str
    message: str
    severity: Literal["error", "warning", "normal"] | None = None


@dataclass(frozen=True)
class Lines:
    """Log lines before the onset and within the window. `is_sample`: there were more than were read."""

    before: list[Line] = field(default_factory=list)
    within: list[Line] = field(default_factory=list)
    is_sample: bool = False


@dataclass(frozen=True)
class Change:
    """A deployment or another change, at the first moment it was recorded.

    `kind` is `deployment`, or what the profile calls it (`flag`, `config`, …).
    """

    at: datetime
    service: str | None
    region: str | None
    deployment_id: str
    version: str | None
    status: str | None
    previous_version: str | None = None
    kind: str = "deployment"


@dataclass(frozen=True)
class Thinned:
    """Services with so many log lines that some seconds of each step were read of them: `read` lines of about `lines`.

    Their errors and retries were all counted.
    """

    services: tuple[str, ...]
    slice_seconds: int
    step_seconds: int
    read: int
    lines: int


@dataclass(frozen=True)
class Asked:
    """What was sent to the engine, so that a reader can send it again; `window` is the time it covers."""

    index: str
    body: dict[str, Any]
    window: Window


@dataclass
class Survey:
    """First look: every scope, `fine` (minutes before the alert) and `coarse` (the days before).

    `metrics` are those that the profile gives a role, by name; `peaks` the highest sample of each coarse bucket, of
    the alerted scope; `window` is the rule's own, where `calls` are split into before and within.
    `left_out`: by question, how many documents are of services beyond those that were read. `has_more_history`: there
    are more past incidents than those in `history`. `thinned`: whose lines were not all read, if anybody's.
    """

    as_of: datetime
    fine: Grid
    coarse: Grid
    recent: dict[Scope, Series]
    past: dict[Scope, Series]
    changes: list[Change]
    history: list[dict[str, Any]]
    providers: dict[str, str]
    cross_check: dict[Scope, tuple[float, float]]
    asked: dict[str, Asked]
    unread: dict[str, str]
    window: Window | None = None
    metrics: dict[str, Metric] = field(default_factory=dict)
    peaks: dict[Scope, dict[str, Floats]] = field(default_factory=dict)
    calls: Calls = field(default_factory=Calls)
    topology: list[Edge] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)
    impact: ImpactFacts | None = None
    has_more_history: bool = False
    thinned: Thinned | None = None

    @property
    def is_of_roles(self) -> bool:
        """Whether the profile tells metrics by their role, or who calls whom."""
        return bool(self.metrics or self.calls.sources or self.topology)

    @property
    def scopes(self) -> list[Scope]:
        return sorted(self.recent, key=lambda scope: (scope.service or "", scope.region or ""))


@dataclass(frozen=True)
class ErrorType:
    """Errors of one type in a scope: how many in the window and in the baseline, with example messages."""

    name: str
    in_window: int
    in_baseline: int
    messages: tuple[str, ...]


@dataclass(frozen=True)
class Part:
    """What the documents of one deployment say in one minute."""

    minute: datetime
    deployment_id: str
    lines: float
    errors: float
    latency_sum_ms: float
    latency_count: float


@dataclass(frozen=True)
class Slice:
    """What one instance, or one deployment, of a scope has: each signal before the onset and within the window.

    Levels are means; flows and masses are per minute, so that the slices of a scope add up to the whole.
    """

    name: str
    before: dict[str, float]
    within: dict[str, float]


@dataclass
class ScopeDetail:
    """Second look at one scope."""

    errors: list[ErrorType] = field(default_factory=list)
    error_lines_in_window: int = 0
    error_lines_in_baseline: int = 0
    parts: list[Part] = field(default_factory=list)
    latency_ms: dict[str, dict[str, float]] = field(default_factory=dict)
    slow_lines: int | None = None
    timed_lines: int | None = None
    instances: list[Slice] = field(default_factory=list)
    deployments: list[Slice] = field(default_factory=list)


@dataclass
class Detail:
    scopes: dict[Scope, ScopeDetail]
    asked: dict[str, Asked]
    unread: dict[str, str]
    lines: Lines = field(default_factory=Lines)
    impact: ScopeFacts | None = None
