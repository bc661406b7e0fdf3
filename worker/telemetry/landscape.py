"""What all services did in the last hours, in whole steps: one reading for all alerts of a minute.

A storm has many of those. What happened since the last whole step is each alert's own, and read for it alone.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import partial
from time import monotonic
from typing import Any

import numpy as np

from worker.domain.telemetry import Asked, Grid, Scope, Series
from worker.domain.window import Window
from worker.telemetry import decode, queries, thinning
from worker.telemetry.decode import Figures
from worker.telemetry.profiles import Metrics, Profile
from worker.telemetry.thinning import Sample, Thinning

# A worker keeps this many, and none for longer: what arrives late is in the next reading.
MOST_KEPT = 4
KEPT_SECONDS = 10.0
# Of a single step, so many services stay below the engine's limit of buckets.
MOST_SERVICES_OF_A_STEP = queries.MOST_BUCKETS // queries.MAX_REGIONS

REST = "_rest"
OWN = "logs_own"
# Which question a reader knows these as.
PARTS = {f"{name}{REST}": name for name in ("metrics", "logs")}
PARTS |= {f"{name}{part}": name for name in ("logs", "logs_past") for part in (thinning.SAMPLE, thinning.HITS)}
PARTS[OWN] = "logs"

Answers = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Landscape:
    """Shared by investigations, so its arrays are read-only. `metrics` as the engine gave them, on the grid of `lines`.

    By question: `left_out`, how many documents are of services beyond those that were read; `thinned`, of whom only a
    part was read.
    """

    metrics: dict[Scope, Figures]
    lines: dict[Scope, Series]
    providers: dict[str, str]
    cross_check: dict[Scope, tuple[float, float]]
    left_out: dict[str, int]
    thinned: dict[str, Sample] = field(default_factory=dict)

    def knows(self, scope: Scope) -> bool:
        """Whether it is there: what began to log a moment ago is in the next reading only."""
        return any(scope.covers(one) for one in (*self.metrics, *self.lines))

    @property
    def thinning(self) -> Thinning | None:
        return self.thinned["logs"].thinning if self.thinned else None

    def __or__(self, other: Landscape) -> Landscape:
        """Of the answers to other questions as well."""
        return Landscape(*(getattr(self, one.name) | getattr(other, one.name) for one in fields(self)))

    def __post_init__(self) -> None:
        of_scopes = [*self.metrics.values(), *(series.values for series in self.lines.values())]
        for values in (values for figures in of_scopes for values in figures.values()):
            values.setflags(write=False)


class Landscapes:
    """Those that were read in the last seconds, by what was asked."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[str, tuple[float, Landscape]] = OrderedDict()

    def get(self, asked: Mapping[str, Asked]) -> Landscape | None:
        read_at, found = self._kept.get(_key(asked), (0.0, None))
        return found if found and self._clock() < read_at + KEPT_SECONDS else None

    def put(self, asked: Mapping[str, Asked], found: Landscape) -> None:
        key = _key(asked)
        self._kept[key] = self._clock(), found
        self._kept.move_to_end(key)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)


def _key(asked: Mapping[str, Asked]) -> str:
    return json.dumps({name: [one.index, one.body] for name, one in asked.items()})


def questions(profile: Profile, grid: Grid, end: datetime) -> dict[str, Asked]:
    """Everything up to `end`, by name."""
    return of_metrics(profile, grid, end) | of_logs(profile, grid, end)


def of_metrics(profile: Profile, grid: Grid, end: datetime) -> dict[str, Asked]:
    span, metrics = Window(start=grid.start, end=end), profile.metrics
    if metrics is None:
        return {}
    return {
        "metrics": Asked(metrics.index, queries.metrics_over_time(metrics, grid, end), span),
        "metrics_facts": Asked(metrics.index, queries.metrics_facts(metrics, span), span),
    }


def of_logs(profile: Profile, grid: Grid, end: datetime, thin: Thinning | None = None) -> dict[str, Asked]:
    """Of log lines not all, where they are thinned."""
    logs, span = profile.logs, Window(start=grid.start, end=end)
    if logs is None:
        return {}
    if thin:
        return thinning.questions(logs, grid, end, thin)
    return {"logs": Asked(logs.index, queries.logs_over_time(logs, grid, end), span)}


def own_lines(profile: Profile, grid: Grid, end: datetime, scope: Scope, thin: Thinning | None) -> dict[str, Asked]:
    """All lines of the service that the alert is about, where only a part of them was read for everybody."""
    if (logs := profile.logs) is None or thin is None or not thin.spares(scope.service):
        return {}
    return {OWN: Asked(logs.index, queries.logs_over_time(logs, grid, end, scope), Window(start=grid.start, end=end))}


def rest_questions(profile: Profile, grid: Grid, end: datetime) -> dict[str, Asked]:
    """The same of the grid's last step alone, which the alert came in; none where it has not begun."""
    step = Grid(grid.time(grid.count - 1), grid.step_seconds, 1)
    if end <= step.start:
        return {}
    span, asked = Window(start=step.start, end=end), {}
    if metrics := profile.metrics:
        body = queries.metrics_over_time(metrics, step, end, most=MOST_SERVICES_OF_A_STEP)
        asked[f"metrics{REST}"] = Asked(metrics.index, body, span)
    if logs := profile.logs:
        body = queries.logs_over_time(logs, step, end, most=MOST_SERVICES_OF_A_STEP)
        asked[f"logs{REST}"] = Asked(logs.index, body, span)
    return asked


def decoded(answers: Answers, profile: Profile, grid: Grid, thin: Thinning | None = None) -> Landscape:
    read = reader(answers)
    metrics = profile.metrics
    factor = metrics.cross_check.factor if metrics and metrics.cross_check else 1.0
    return Landscape(
        metrics=_figures(read, "metrics", metrics, grid),
        lines=thinning.series(read, "logs", grid, thin),
        providers=read("metrics_facts", decode.providers, {}),
        cross_check=read("metrics_facts", partial(decode.cross_check, factor=factor), {}),
        left_out={name: count for name in ("metrics", "logs") if (count := read(name, decode.left_out, 0))},
        thinned={"logs": Sample(thin, read(f"logs{thinning.SAMPLE}", thinning.lines_read, {}))} if thin else {},
    )


def recent(found: Landscape, answers: Answers, profile: Profile, grid: Grid) -> tuple[dict[Scope, Series], ...]:
    """Metrics and lines up to the alert: the landscape, and the rest that was read for it alone."""
    read, metrics = reader(answers), profile.metrics
    rest = _figures(read, f"metrics{REST}", metrics, grid)
    figures = _joined(found.metrics, rest, is_cut="metrics" in found.left_out)
    measured = {scope: decode.measured(one, metrics) for scope, one in figures.items()} if metrics else {}
    lines = found.lines | read(OWN, partial(decode.log_series, grid=grid), {})
    shares = {scope: one.read_share for scope, one in lines.items()}
    late = read(f"logs{REST}", partial(decode.log_series, grid=grid), {})
    rest = {scope: decode.as_of_share(one, shares.get(scope, 1.0)).values for scope, one in late.items()}
    of_lines = {scope: one.values for scope, one in lines.items()}
    counted = _joined(of_lines, rest, is_cut="logs" in found.left_out)
    return measured, {scope: Series(values, shares.get(scope, 1.0)) for scope, values in counted.items()}


def _figures(read: Callable[..., Any], name: str, metrics: Metrics | None, grid: Grid) -> dict[Scope, Figures]:
    found: dict[Scope, Figures] = {}
    return read(name, partial(decode.metric_figures, metrics=metrics, grid=grid), found) if metrics else found


def _joined(whole: dict[Scope, Figures], rest: dict[Scope, Figures], *, is_cut: bool) -> dict[Scope, Figures]:
    """With the last bucket of `rest`. Services beyond those that were read stay left out."""
    scopes = list(whole) if is_cut else list(whole | rest)
    return {scope: _with_last(whole.get(scope), rest.get(scope)) for scope in scopes}


def _with_last(whole: Figures | None, rest: Figures | None) -> Figures:
    if whole is None or rest is None:
        return whole or rest or {}
    return {name: np.append(values[:-1], rest[name][-1]) for name, values in whole.items()}


def reader(answers: Answers) -> Callable[..., Any]:
    def read(name: str, decoded: Callable[[dict[str, Any]], Any], otherwise: Any) -> Any:
        return decoded(answers[name]) if name in answers else otherwise

    return read
