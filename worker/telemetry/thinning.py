"""Where services write so many log lines that reading them all takes too long: which of them are read.

Of a service with very many lines a slice of each step is read, a tenth of it for example, at a moment that follows
from the step's time alone. So a sample is the same whenever it is read, from whatever copy of the data: the engine's
own `random_sampler` draws by the place of a document in its segment, and draws others once segments are merged.
Read whole are a service with few lines, one that writes them in bursts, whose slices would say little of the rest, the
service that the alert is about, and of every service all errors and retries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import numpy as np

from worker.domain.telemetry import Asked, Floats, Grid, Scope, Series, Thinned
from worker.domain.window import Window
from worker.telemetry import decode, queries
from worker.telemetry.decode import Answer, scope_buckets
from worker.telemetry.profiles import Logs

# So many are read in half the time that all the rest of an investigation takes.
MOST_READ_WHOLE = 1_500_000
# The number of lines of a step is then known within a seventh of it, and that of ten steps within a twentieth.
LEAST_OF_A_STEP = 50
SHARES = (1 / 4, 1 / 6, 1 / 10, 1 / 20)
# How many steps are looked into, and what share of each, to tell how much there is.
GLANCES = 24
GLANCE_SHARE = 1 / 6
# Relative spread of the glances' counts: lines that come as they like have a twentieth, those of a busy day a quarter.
MOST_UNEVEN = 0.5
# A query of more ranges than an engine takes for granted.
# https://www.elastic.co/docs/reference/elasticsearch/configuration-reference/search-settings
MOST_RANGES = 1_000

SAMPLE, HITS = "_sample", "_hits"

# The fractions of multiples of the golden ratio lie evenly, whatever number of them is taken (Weyl 1916).
GOLDEN = 0.6180339887498949


@dataclass(frozen=True)
class Thinning:
    """Of the services in `lines`, `slice_seconds` of each step are read; on the whole grid they have about so many."""

    slice_seconds: int
    step_seconds: int
    lines: Mapping[str, int]

    @property
    def share(self) -> float:
        return self.slice_seconds / self.step_seconds

    def concerns(self, scope: Scope) -> bool:
        return scope.service is None or scope.service in self.lines

    def spares(self, service: str | None) -> bool:
        """Whether all lines of this service are read, when an alert is about it: unless even they are too many."""
        return service is not None and 0 < self.lines.get(service, 0) <= MOST_READ_WHOLE


@dataclass(frozen=True)
class Sample:
    """What a thinning asked for, and how many lines it came to, by service."""

    thinning: Thinning
    read: Mapping[str, int]

    def told(self, own: str | None) -> Thinned | None:
        """Of whom not all lines were read, for an alert about `own`; None where that is nobody."""
        thin = self.thinning
        services = [one for one in thin.lines if one != own or not thin.spares(own)]
        if not services:
            return None
        lines, read = sum(thin.lines[one] for one in services), sum(self.read.get(one, 0) for one in services)
        return Thinned(tuple(services), thin.slice_seconds, thin.step_seconds, read, max(lines, read))


def glances(logs: Logs, grid: Grid, end: datetime) -> Asked:
    """Lines of each scope, in a part of some steps."""
    every, length = _glance(grid)
    ranges = [one for one in slices(grid, range(0, grid.count, every), length) if one.end <= end]
    over = Grid(grid.start, grid.step_seconds * every, -(-grid.count // every))
    aggs = queries.by_scope(logs, queries.over_time(over, {}))
    body = {"size": 0, "track_total_hits": False, "query": any_of(ranges), "aggs": aggs}
    return Asked(logs.index, body, Window(start=grid.start, end=end))


def _glance(grid: Grid) -> tuple[int, int]:
    """(of so many steps one is looked into, seconds of it)."""
    return max(1, grid.count // GLANCES), max(1, int(grid.step_seconds * GLANCE_SHARE))


def questions(
    logs: Logs, grid: Grid, end: datetime, thinning: Thinning, *, name: str = "logs", scope: Scope = queries.EVERYTHING
) -> dict[str, Asked]:
    """Lines of a scope: of the services that are thinned a sample and all errors and retries, of others all lines."""
    services = [scope.service] if scope.service else list(thinning.lines)
    span, theirs = queries.between(grid.start, end), {"terms": {logs.service: services}}
    of_scope = queries.scope_filters(scope, logs)
    bodies = {f"{name}{SAMPLE}": _sample(logs, grid, end, thinning, services, of_scope)}
    if scope.service is None:
        bodies[name] = queries.logs_over_time(logs, grid, end, scope)
        bodies[name]["query"]["bool"]["must_not"] = [theirs]
    if told := queries.told_of_lines(logs):
        counts = {what: {"filter": one} for what, one in told.items()}
        some = {"bool": {"should": list(told.values()), "minimum_should_match": 1}}
        aggs = queries.by_scope(logs, queries.over_time(grid, counts), services)
        bodies[f"{name}{HITS}"] = {"size": 0, "query": queries.all_of([span, theirs, *of_scope, some]), "aggs": aggs}
    return {part: Asked(logs.index, body, Window(start=grid.start, end=end)) for part, body in bodies.items()}


def _sample(
    logs: Logs, grid: Grid, end: datetime, thinning: Thinning, services: list[str], of_scope: list[queries.Body]
) -> queries.Body:
    ranges = [one for one in slices(grid, range(grid.count), thinning.slice_seconds) if one.end <= end]
    aggs = queries.by_scope(logs, queries.over_time(grid, queries.line_counts(logs)), services)
    query = any_of(ranges)
    return {"size": 0, "query": queries.all_of([query, *of_scope]) if of_scope else query, "aggs": aggs}


def of_past(thinning: Thinning, fine: Grid, coarse: Grid) -> Thinning:
    """For the days before: of each of their steps as much as one of the hours before has."""
    return Thinning(fine.step_seconds, coarse.step_seconds, thinning.lines)


def slices(grid: Grid, places: range, seconds: int) -> Iterator[Window]:
    """One of each of those steps, of so many seconds; where in it follows from the step's own time."""
    room = grid.step_seconds - seconds + 1
    for place in places:
        start = grid.time(place)
        number = int(start.timestamp()) // grid.step_seconds
        begin = start + timedelta(seconds=int(number * GOLDEN % 1 * room))
        yield Window(start=begin, end=begin + timedelta(seconds=seconds))


def any_of(windows: list[Window]) -> queries.Body:
    return {"bool": {"should": [queries.between(one.start, one.end) for one in windows], "minimum_should_match": 1}}


def thinning_of(answer: Answer, grid: Grid, most: int = MOST_READ_WHOLE) -> Thinning | None:
    """What is to be read of whom; None where everything can be read, as it nearly always can."""
    every, length = _glance(grid)
    over = Grid(grid.start, grid.step_seconds * every, grid.count // every)
    counts = {scope: _counts(bucket, over) * grid.step_seconds / length for scope, bucket in scope_buckets(answer)}
    total = grid.count * sum(float(each.mean()) for each in counts.values())
    if total <= most or grid.count > MOST_RANGES:
        return None
    plans = [_plan(counts, grid, share) for share in SHARES]
    best = max(plans, key=lambda one: sum(one.lines.values()) * (1 - one.share))
    return best if best.lines else None


def _counts(bucket: dict[str, Any], over: Grid) -> Floats:
    counts = np.zeros(over.count)
    for one in bucket["times"]["buckets"]:
        place = int((one["key"] / 1000 - over.start.timestamp()) // over.step_seconds)
        if 0 <= place < over.count:
            counts[place] = one["doc_count"]
    return counts


def _plan(counts: dict[Scope, Floats], grid: Grid, share: float) -> Thinning:
    """`counts`: lines a step of each scope, at some of them. A service is thinned when it can be in all its regions."""
    seconds = max(1, int(grid.step_seconds * share))
    least = LEAST_OF_A_STEP * grid.step_seconds / seconds
    kept = {scope.service for scope, each in counts.items() if each.mean() < least or _is_uneven(each)}
    lines: dict[str, float] = {}
    for scope, each in counts.items():
        if scope.service and scope.service not in kept:
            lines[scope.service] = lines.get(scope.service, 0.0) + float(each.mean()) * grid.count
    return Thinning(seconds, grid.step_seconds, {service: int(lines[service]) for service in sorted(lines)})


def _is_uneven(each: Floats) -> bool:
    return bool(each.std() > MOST_UNEVEN * each.mean())


def series(read: Callable[..., Any], name: str, grid: Grid, thinning: Thinning | None) -> dict[Scope, Series]:
    """As if all had been read: the sample stands for all lines but the errors, which were counted."""

    def of(part: str) -> dict[Scope, Series]:
        found: dict[Scope, Series] = read(f"{name}{part}", partial(decode.log_series, grid=grid), {})
        return found

    whole = of("")
    if thinning is None:
        return whole
    sample, hits = of(SAMPLE), of(HITS)
    return whole | {scope: _of_sample(sample.get(scope), hits.get(scope), thinning) for scope in sample | hits}


def _of_sample(sample: Series | None, hits: Series | None, thinning: Thinning) -> Series:
    counted = hits.values if hits else {}
    if sample is None:
        return Series({**counted, "lines": counted["errors"]}, thinning.share)
    found = dict(sample.values)
    others = (found["lines"] - found["errors"]) / thinning.share
    found |= {name: counted.get(name, np.zeros_like(others)) for name in ("errors", "retries")}
    return Series({**found, "lines": others + found["errors"]}, thinning.share)


def lines_read(answer: Answer) -> dict[str, int]:
    """By service, in the sample."""
    return {one["key"]: one["doc_count"] for one in answer["aggregations"]["services"].get("buckets", [])}
