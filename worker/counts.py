"""What workers count, for whoever watches: sums over all processes and restarts.

A name follows Prometheus's rules (https://prometheus.io/docs/practices/naming/); of labels there are few values, so
neither an alert's nor a service's name is one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple, Protocol

from worker.domain.alert import Origin
from worker.domain.report import Verdict
from worker.domain.severity import Severity


@dataclass(frozen=True)
class Count:
    """Something that is counted. With `buckets` (upper bounds, in seconds) it is durations that are."""

    name: str
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


class Counted(NamedTuple):
    """So many more of a count with these values of its labels; of durations, one more that took `amount` seconds."""

    of: Count
    labels: tuple[str, ...] = ()
    amount: float = 1.0


class Tally(Protocol):
    """Where counts are kept. Counting never fails: what is told of the work must not hold it up."""

    def add(self, counted: Sequence[Counted]) -> None: ...

    def seen(self, name: str) -> None:
        """It ran just now: `beat`, `sweep`."""


class Uncounted:
    """Where nobody watches."""

    def add(self, counted: Sequence[Counted]) -> None: ...

    def seen(self, name: str) -> None: ...


RECORDED = Count(
    "spiketrace_alerts_recorded",
    "Alerts written to spiketrace-alerts, by the way they came and what they were; repeated after a crash, once more.",
    ("origin", "outcome"),
)
INVESTIGATIONS = Count(
    "spiketrace_investigations",
    "Attempts to investigate an alert, by how they ended: reported, retried, given_up.",
    ("outcome",),
)
REPORTS = Count("spiketrace_reports", "Reports stored, without replays.", ("verdict", "severity"))
GAPS = Count("spiketrace_report_gaps", "Gaps that reports name: evidence not read, figures not given.")
REPORT_SECONDS = Count(
    "spiketrace_report_seconds",
    "From the alert's arrival until its report is stored and its record says so.",
    buckets=(0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3600),
)
INVESTIGATION_SECONDS = Count(
    "spiketrace_investigation_seconds",
    "Of reports: from the first query to the last word, without waiting for a worker.",
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120),
)
DELIVERIES = Count(
    "spiketrace_deliveries",
    "Attempts to tell a destination, by how they ended: done, retried, failed.",
    ("destination", "outcome"),
)

COUNTS = (RECORDED, INVESTIGATIONS, REPORTS, GAPS, REPORT_SECONDS, INVESTIGATION_SECONDS, DELIVERIES)

OUTCOMES = {
    RECORDED: ("accepted", "duplicate", "recovered", "refused"),
    INVESTIGATIONS: ("reported", "retried", "given_up"),
    DELIVERIES: ("done", "retried", "failed"),
}


def known_series(destinations: Iterable[str]) -> dict[Count, list[tuple[str, ...]]]:
    """The values of labels that there can be, so that each series is there before its first event.

    One that begins with it has no rise that a rate could see:
    https://prometheus.io/docs/practices/instrumentation/#avoid-missing-metrics
    """
    return {
        RECORDED: list(product(Origin, OUTCOMES[RECORDED])),
        INVESTIGATIONS: list(product(OUTCOMES[INVESTIGATIONS])),
        REPORTS: list(product(Verdict, Severity)),
        DELIVERIES: list(product(destinations, OUTCOMES[DELIVERIES])),
    }
