"""What a rule compares with its threshold, run by run: its windows over what was read of its documents."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from kibana.history import Cell, Cells, History
from kibana.rules import Comparator, IndexThresholdParams, Rule

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

# An alert without groups has one of these names.
# https://github.com/elastic/kibana/blob/main/x-pack/platform/plugins/shared/stack_alerts/server/rule_types/es_query/executor.ts
ALL_DOCUMENTS = {".index-threshold": "all documents", ".es-query": "query matched"}


@dataclass(frozen=True)
class Runs:
    """The runs of a rule in [since, until): at whole multiples of its interval, so that they are the same each time."""

    first: datetime
    interval: timedelta
    count: int

    @classmethod
    def of(cls, rule: Rule, since: datetime, until: datetime) -> Runs:
        seconds = int(rule.interval.total_seconds())
        first = math.ceil(since.timestamp() / seconds) * seconds
        count = max(0, math.ceil((until.timestamp() - first) / seconds))
        return cls(datetime.fromtimestamp(first, UTC), rule.interval, count)

    def date(self, run: int) -> datetime:
        return self.first + run * self.interval

    def second(self, run: int) -> int:
        return int(self.first.timestamp()) + run * int(self.interval.total_seconds())


@dataclass(frozen=True)
class Readings:
    """The values there were, in the order of the runs: in `run[i]`, the group `groups[group[i]]` had `value[i]`.

    With groups, only the top `termSize` of each run.
    """

    runs: Runs
    groups: Sequence[str]
    run: Integers
    group: Integers
    value: Floats

    def met(self, comparator: Comparator, threshold: Sequence[float]) -> Iterator[tuple[int, dict[str, float]]]:
        """The runs in which any group met the condition, with those that did."""
        found = np.flatnonzero(COMPARE[comparator](self.value, threshold))
        runs, groups, values = (column[found].tolist() for column in (self.run, self.group, self.value))
        at = 0
        while at < len(runs):
            end = at
            while end < len(runs) and runs[end] == runs[at]:
                end += 1
            yield runs[at], {self.groups[groups[i]]: values[i] for i in range(at, end)}
            at = end

    def unmet(self, run: int) -> float | None:
        """What was compared in a run without groups. With them Kibana does not learn of what did not meet it."""
        at = int(np.searchsorted(self.run, run))
        return float(self.value[at]) if at < len(self.run) and self.run[at] == run else None


COMPARE: dict[Comparator, Callable[[Floats, Sequence[float]], Flags]] = {
    ">": lambda value, threshold: value > threshold[0],
    "<": lambda value, threshold: value < threshold[0],
    ">=": lambda value, threshold: value >= threshold[0],
    "<=": lambda value, threshold: value <= threshold[0],
    "between": lambda value, threshold: (value >= threshold[0]) & (value <= threshold[1]),
    "notBetween": lambda value, threshold: (value < threshold[0]) | (value > threshold[1]),
}


def meets(value: float, comparator: Comparator, threshold: Sequence[float]) -> bool:
    return bool(COMPARE[comparator](np.array([value]), threshold)[0])


def read_values(rule: Rule, history: History, runs: Runs) -> Readings:
    """The rule's windows at these runs. `history` reaches from one window before the first to the last."""
    groups = sorted(history.cells, key=lambda group: group.split(","))
    if not runs.count:
        return join([], runs)
    windows = _Windows(rule, history, runs, groups)
    if not rule.condition.term_fields:
        return _without_groups(rule, windows, runs, has_index=history.has_index)
    values = windows.values()
    known = (windows.documents > 0) & ~np.isnan(values)
    run, group = np.nonzero((known & _top(rule, windows.documents, values, known)).T)
    return Readings(runs, groups, run, group, values[group, run])


def join(parts: Sequence[Readings], runs: Runs) -> Readings:
    """Readings of one rule, stretch after stretch, as one; `runs` are all of theirs."""
    names = {name: number for number, name in enumerate(dict.fromkeys(name for part in parts for name in part.groups))}
    numbers = [np.array([names[name] for name in part.groups], dtype=np.int64)[part.group] for part in parts]
    runs_ = [part.run + round((part.runs.first - runs.first) / runs.interval) for part in parts]
    values = [part.value for part in parts]
    return Readings(
        runs,
        list(names),
        np.concatenate([np.zeros(0, np.int64), *runs_]),
        np.concatenate([np.zeros(0, np.int64), *numbers]),
        np.concatenate([np.zeros(0), *values]),
    )


def _without_groups(rule: Rule, windows: _Windows, runs: Runs, *, has_index: bool) -> Readings:
    """Kibana compares an empty window as well: with a count or a sum of 0.

    Where there is nothing to aggregate, an index threshold rule compares nothing, an Elasticsearch query rule 0.
    https://github.com/elastic/kibana/blob/main/x-pack/platform/plugins/shared/triggers_actions_ui/common/data/lib/parse_aggregation_results.ts
    """
    values = windows.values()[0] if windows.groups else _of_nothing(rule, runs)
    if isinstance(rule.params, IndexThresholdParams):
        run = np.flatnonzero(~np.isnan(values)) if has_index else np.zeros(0, np.int64)
    else:
        run, values = np.arange(runs.count), np.nan_to_num(values)
    return Readings(runs, [ALL_DOCUMENTS[rule.rule_type_id]], run, np.zeros(len(run), np.int64), values[run])


def _of_nothing(rule: Rule, runs: Runs) -> Floats:
    return np.full(runs.count, 0.0 if rule.condition.agg_type in {"count", "sum"} else np.nan)


def _top(rule: Rule, documents: Integers, values: Floats, known: Flags) -> Flags:
    """The groups that Kibana looks at: those with the most documents, the largest values, or with `min` the smallest.

    Equals are ordered by their name, as Elasticsearch does.
    https://github.com/elastic/kibana/blob/main/x-pack/platform/plugins/shared/triggers_actions_ui/common/data/lib/build_agg.ts
    """
    params = rule.condition
    if params.term_size is None or len(values) <= params.term_size:
        return np.ones_like(known)
    if params.agg_type == "count":
        rank: Floats = -documents.astype(np.float64)
    else:
        rank = values if params.agg_type == "min" else -values
    order = np.argsort(np.where(known, rank, np.inf), axis=0, kind="stable")[: params.term_size]
    top = np.zeros_like(known)
    np.put_along_axis(top, order, values=True, axis=0)
    return top


class _Windows:
    """Windows of all groups at all runs, group by row and run by column."""

    def __init__(self, rule: Rule, history: History, runs: Runs, groups: Sequence[str]) -> None:
        self.groups = groups
        self._aggregation = rule.condition.agg_type
        self._history = history
        self._steps = int(rule.condition.window.total_seconds()) // history.step_seconds
        self._stride = int(runs.interval.total_seconds()) // history.step_seconds
        self._runs = runs
        self._start = runs.second(0) - self._steps * history.step_seconds
        self.documents: Integers = self._sums("documents").astype(np.int64)

    def values(self) -> Floats:
        """NaN where there is none: an average of nothing, or the smallest of nothing."""
        if self._aggregation == "count":
            return self.documents.astype(np.float64)
        if self._aggregation == "sum":
            return self._sums("total")
        samples = self._sums("samples")
        with np.errstate(invalid="ignore", divide="ignore"):
            if self._aggregation == "avg":
                return np.where(samples > 0, self._sums("total") / samples, np.nan)
        return np.where(samples > 0, self._extremes(), np.nan)

    def _sums(self, name: str) -> Floats:
        within: Floats = self._in_windows(name, 0.0).sum(axis=-1)
        return within + self._at_runs(name, 0.0)

    def _extremes(self) -> Floats:
        if self._aggregation == "min":
            lowest: Floats = self._in_windows("low", math.inf).min(axis=-1)
            return np.minimum(lowest, self._at_runs("low", math.inf))
        highest: Floats = self._in_windows("high", -math.inf).max(axis=-1)
        return np.maximum(highest, self._at_runs("high", -math.inf))

    def _in_windows(self, name: str, nothing: float) -> Floats:
        length = self._steps + (self._runs.count - 1) * self._stride
        table = self._table(self._history.cells, name, nothing, length)
        return np.lib.stride_tricks.sliding_window_view(table, self._steps, axis=1)[:, :: self._stride]

    def _at_runs(self, name: str, nothing: float) -> Floats:
        """Of the documents on the very end of each window, where they belong to it."""
        length = self._steps + (self._runs.count - 1) * self._stride + 1
        return self._table(self._history.edges, name, nothing, length)[:, self._steps :: self._stride]

    def _table(self, cells: Cells, name: str, nothing: float, length: int) -> Floats:
        table = np.full((len(self.groups), length), nothing)
        for row, group in enumerate(self.groups):
            for second, cell in cells.get(group, {}).items():
                at = (second - self._start) // self._history.step_seconds
                if 0 <= at < length:
                    table[row, at] = getattr(cell, name)
        return table


class UnseenHits:
    """Of a rule that does not count again what once met its condition: what it compares depends on its own past.

    As Kibana, it remembers the newest hit of the last run that met the condition; all that was there then is seen.
    """

    def __init__(self, rule: Rule, history: History, runs: Runs) -> None:
        self._rule = rule
        self._runs = runs
        self._step = history.step_seconds
        self._cells = next(iter(history.cells.values()), {})
        self._edges = next(iter(history.edges.values()), {})
        self._by_run: dict[int, float] = {}

    def met(self, comparator: Comparator, threshold: Sequence[float]) -> Iterator[tuple[int, dict[str, float]]]:
        seen_until: int | None = None
        for run in range(self._runs.count):
            window = self._window(self._runs.second(run), seen_until)
            self._by_run[run] = value = _value(window, self._rule.condition.agg_type)
            if meets(value, comparator, threshold):
                yield run, {ALL_DOCUMENTS[self._rule.rule_type_id]: value}
                if window.documents:
                    seen_until = self._runs.second(run)

    def unmet(self, run: int) -> float | None:
        return self._by_run.get(run)

    @property
    def compared(self) -> Floats:
        """What was compared, run by run, when the runs were last gone through."""
        return np.array(list(self._by_run.values()))

    def _window(self, end: int, seen_until: int | None) -> Cell:
        start = end - int(self._rule.condition.window.total_seconds())
        window = Cell()
        if seen_until is not None and seen_until >= start:
            start = seen_until
            _take_off(window, self._edges.get(start))
        for second in range(start, end, self._step):
            if cell := self._cells.get(second):
                window.add(cell)
        if edge := self._edges.get(end):
            window.add(edge)
        return window


def _take_off(window: Cell, edge: Cell | None) -> None:
    if edge:
        window.add(Cell(-edge.documents, -edge.samples, -edge.total))


def _value(window: Cell, aggregation: str) -> float:
    if aggregation == "count":
        return float(window.documents)
    if aggregation == "sum":
        return window.total
    return window.total / window.samples if window.samples else 0.0
