"""What answers are made from. The adapters of telemetry and store fulfil these; tests bring fakes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from worker.domain.alert import Alert
from worker.domain.incident import Incident
from worker.domain.lookup import Course, EmittedReading, ErrorKind, NamesSeen, Reading
from worker.domain.report import Report, ReportOutline
from worker.domain.telemetry import Grid, Scope
from worker.domain.window import Window
from worker.ports import Lookup

# An Investigator: (alert, its id) → report. Nothing is stored.
Investigate = Callable[[Alert, str], Report]


class Looks(Lookup, Protocol):
    """Read-only looks into telemetry. Each raises EvidenceUnavailable, or NotMeasured where there is no such source."""

    def names(self, window: Window) -> NamesSeen: ...

    def emitted(self, scope: Scope, window: Window) -> EmittedReading: ...

    def emitted_over_time(self, scope: Scope, grid: Grid, end: datetime) -> Reading[Course]:
        """Grams of each step before `end`, by service and region."""

    def errors_over_time(self, scope: Scope, grid: Grid, end: datetime) -> Reading[Course]:
        """Errors of each step before `end` in which anything was logged, by service and region."""

    def error_kinds(self, scope: Scope, window: Window) -> Reading[ErrorKind]:
        """The commonest first."""


class Reports(Protocol):
    def get(self, report_id: str) -> Report | None: ...

    def touching(self, window: Window, limit: int) -> list[ReportOutline]:
        """The newest of those whose own window overlaps this one, without replays."""


class Incidents(Protocol):
    def get(self, incident_id: str) -> Incident | None: ...

    def during(self, window: Window) -> list[Incident]:
        """Those that were on at any time of `window`, the newest first."""
