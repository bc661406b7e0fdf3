"""Users: requests that failed and requests that were slow, in exactly the report's window and scope."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from worker.analysis.baseline import Mask
from worker.analysis.demand import NINETY_PERCENT
from worker.domain.report import Quantity, UsersImpact
from worker.domain.telemetry import Grid, ScopeDetail, Series
from worker.impact.plausibility import covered_minutes

# Log lines are taken for one a request when their number is within this share of the measured requests.
ONE_A_REQUEST = 0.25
# By definition of a p95, this share of the baseline is slower than it.
ABOVE_P95 = 0.05


@dataclass(frozen=True)
class Requests:
    """Log lines of one scope in the window, and the requests that were served, where that is measured."""

    lines: float
    errors: float
    served: float | None

    @property
    def per_line(self) -> float:
        """Requests a log line stands for."""
        if self.served is None or self.lines <= 0:
            return 1.0
        ratio = self.served / self.lines
        return 1.0 if abs(ratio - 1) <= ONE_A_REQUEST else ratio

    @property
    def total(self) -> float:
        return self.lines * self.per_line

    @property
    def failed(self) -> float:
        return self.errors * self.per_line


@dataclass(frozen=True)
class Totals:
    """Requests over all scopes of a report: logs may be sampled differently in each."""

    parts: tuple[Requests, ...]

    @property
    def total(self) -> float:
        return sum(part.total for part in self.parts)

    @property
    def failed(self) -> float:
        return sum(part.failed for part in self.parts)

    @property
    def failed_share(self) -> float:
        return self.failed / self.total if self.total else 0.0

    @property
    def is_sampled(self) -> bool:
        return any(part.per_line != 1.0 for part in self.parts)

    @property
    def per_line(self) -> float:
        lines = sum(part.lines for part in self.parts)
        return self.total / lines if lines else 1.0


def count_requests(series: Series, inside: Mask, fine: Grid) -> Requests | None:
    """None where nothing was logged in the window."""
    lines = series.values.get("lines")
    if lines is None or not lines[inside].sum():
        return None
    return Requests(
        float(lines[inside].sum()), float(series.values["errors"][inside].sum()), _served(series, inside, fine)
    )


def _served(series: Series, inside: Mask, fine: Grid) -> float | None:
    traffic = series.get("traffic")
    if traffic is None:
        return None
    known = inside & np.isfinite(traffic)
    if not known.any():
        return None
    minutes = covered_minutes(series.values.get("carbon_minutes", np.full(fine.count, np.nan)))
    whole = inside.sum() * fine.step_seconds / 60
    covered = float(minutes[known].sum())
    return float((traffic[known] * minutes[known]).sum()) * (whole / covered if covered else 1.0)


def users_impact(requests: Totals, detail: ScopeDetail | None) -> UsersImpact:
    return UsersImpact(
        requests_failed=_failed(requests), requests_slowed=_slowed(requests, detail), users_affected=None
    )


def _failed(requests: Totals) -> Quantity:
    """Requests that ended in an error; exact where each request has its line, else scaled with its sampling error."""
    half = NINETY_PERCENT * sqrt(sum(_sampling_variance(part) for part in requests.parts))
    return Quantity(low=max(0.0, requests.failed - half), likely=requests.failed, high=requests.failed + half)


def _sampling_variance(part: Requests) -> float:
    return 0.0 if part.per_line == 1.0 else max(part.errors, 1.0) * part.per_line**2


def _slowed(requests: Totals, detail: ScopeDetail | None) -> Quantity | None:
    """Requests slower than the baseline's p95, less the twentieth that always are."""
    if detail is None or detail.slow_lines is None or not detail.timed_lines:
        return None
    excess = detail.slow_lines - ABOVE_P95 * detail.timed_lines
    # Two lines of each kind are added, so that a share of 0 or 1 does not pass for certainty (Agresti and Coull 1998).
    share = (detail.slow_lines + 2) / (detail.timed_lines + 4)
    half = NINETY_PERCENT * sqrt(share * (1 - share) * detail.timed_lines)
    low, likely, high = (max(0.0, value) * requests.per_line for value in (excess - half, excess, excess + half))
    return Quantity(low=low, likely=likely, high=high)
