"""The telemetry that an investigation of an alert could see, as the documents of a labelled case.

Read in pieces and written as it comes, so that memory stays small whatever the span and the number of log lines.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from elasticsearch import Elasticsearch
from elasticsearch.helpers import scan

from evaluation.label import Document, change_document, exported_names, flat
from evaluation.predict import PROFILE
from worker.domain.telemetry import CallSpan, Grid, Scope
from worker.domain.window import Window, iso
from worker.elastic import elasticsearch_errors
from worker.telemetry import calls, decode, queries
from worker.telemetry.profiles import Metrics, Profile, load_profile
from worker.telemetry.search import ElasticTelemetry, fine_grid
from worker.telemetry.waves import CHANGE_HOURS

# Steps an answer covers, so that it stays below the engine's limit of buckets.
STEPS_OF_ALL, STEPS_OF_ONE, STEPS_OF_EDGES = 60, 600, 10

Told = Callable[[str, int], None]


def _silent(kind: str, count: int) -> None:
    """Told nobody."""


@dataclass
class Export:
    """Writes the parts of one case. `counts`: how many documents of each kind were written."""

    client: Elasticsearch
    profile: Profile
    window: Window
    alerted: Scope
    most_lines: int
    told: Told = _silent
    counts: dict[str, int] = field(default_factory=dict)
    services: set[str] = field(default_factory=set)
    has_all_lines: bool = True

    def write(self, folder: Path) -> None:
        """Raises EvidenceUnavailable."""
        with elasticsearch_errors("exporting telemetry"):
            self._write_kind(folder, "metrics", self._metrics())
            self._write_kind(folder, "edges", self._edges())
            self._write_kind(folder, "logs", self._lines())
            changes = [change_document(one) for one in self._changes()]
            for kind in ("deployments", "flags"):
                self._write_kind(folder, kind, (document for found, document in changes if found == kind))

    def _write_kind(self, folder: Path, kind: str, documents: Iterator[Document]) -> None:
        """No file where there is nothing. The same telemetry gives the same bytes."""
        first = next(documents, None)
        if first is None:
            return
        with (folder / f"{kind}.ndjson.gz").open("wb") as raw, gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed:
            for number, document in enumerate(_chain(first, documents), start=1):
                packed.write(json.dumps(document, ensure_ascii=False).encode() + b"\n")
                self.counts[kind] = number
                if number % 1000 == 0:
                    self.told(kind, number)

    @property
    def fine(self) -> Grid:
        return fine_grid(self.profile.sampling, self.window)

    def _metrics(self) -> Iterator[Document]:
        if metrics := self.profile.metrics:
            names = names_of(metrics)
            step = self.profile.sampling.step_seconds
            if self.alerted.service:
                days = self.window.end - timedelta(days=self.profile.sampling.past_days)
                for grid in pieces(days, self.fine.start, step, STEPS_OF_ONE):
                    yield from self._samples(metrics, names, grid, Scope(self.alerted.service, None))
            for grid in pieces(self.fine.start, self.window.end, step, STEPS_OF_ALL):
                yield from self._samples(metrics, names, grid, queries.EVERYTHING)
        yield from self._failed_calls(set(self.services))

    def _samples(self, metrics: Metrics, names: dict[str, str], grid: Grid, scope: Scope) -> Iterator[Document]:
        end = min(grid.end, self.window.end)
        answer = self._search(metrics.index, queries.metrics_over_time(metrics, grid, end, scope))
        for found, series in decode.metric_series(answer, metrics, grid).items():
            columns = {exported: series.values[_column(metrics, name)] for name, exported in names.items()}
            yield from self._documents(found, grid, columns)

    def _failed_calls(self, measured: set[str]) -> Iterator[Document]:
        edges = self.profile.edges
        if edges is None or edges.failures is None:
            return
        known = {name.lower() for name in measured}
        for grid in pieces(self.fine.start, self.window.end, self.profile.sampling.step_seconds, STEPS_OF_ALL):
            body = calls.failures_over_time(edges, grid, min(grid.end, self.window.end))
            found = calls.failures(self._search(edges.index, body), edges, grid)
            for scope, series in found.items():
                if (scope.service or "").lower() not in known:
                    yield from self._documents(scope, grid, series.values)

    def _documents(self, scope: Scope, grid: Grid, columns: dict[str, Any]) -> Iterator[Document]:
        if not scope.service:
            return
        self.services.add(scope.service)
        named = {"service": scope.service, **({"region": scope.region} if scope.region else {})}
        for place in range(grid.count):
            values = {name: float(found[place]) for name, found in columns.items() if np.isfinite(found[place])}
            if values:
                yield {"@timestamp": iso(grid.time(place)), **named, **values}

    def _edges(self) -> Iterator[Document]:
        edges = self.profile.edges
        if edges is None:
            return
        for grid in pieces(self.fine.start, self.window.end, self.profile.sampling.step_seconds, STEPS_OF_EDGES):
            body = calls.calls_over_time(edges, grid, min(grid.end, self.window.end))
            for at, (caller, callee), span in calls.by_step(self._search(edges.index, body), edges, grid):
                self.services.update((caller, callee))
                yield _edge_document(at, caller, callee, span)

    def _lines(self) -> Iterator[Document]:
        """The newest first, as many as are wanted."""
        logs = self.profile.logs
        if logs is None:
            return
        body = queries.lines(logs, Window(start=self.fine.start, end=self.window.end))
        labelled = load_profile(PROFILE).logs
        errors = labelled.error_levels if labelled else []
        wanted = {"query": body["query"], "sort": body["sort"], "_source": body["_source"]}
        hits: Any = scan(
            self.client, index=logs.index, query=wanted, preserve_order=True, ignore_unavailable=True, size=2000
        )
        for number, hit in enumerate(hits):
            if number == self.most_lines:
                self.has_all_lines = False
                break
            line = decode.line(hit, logs)
            self.services.add(line.service)
            level = decode.field(hit["_source"], logs.level)
            if line.severity == "error" and level not in errors:
                level = "ERROR"
            level_field = {"level": str(level)} if level else {}
            yield {"@timestamp": iso(line.at), "service": line.service, **level_field, "message": line.message}
        # Ends the search on the engine, too.
        hits.close()

    def _changes(self) -> Iterator[Any]:
        since = Window.before(self.window.end, timedelta(hours=CHANGE_HOURS))
        for source in self.profile.changes:
            yield from decode.changes(self._search(source.index, queries.recent_changes(since, source.only)), source)

    def _search(self, index: str, body: dict[str, Any]) -> dict[str, Any]:
        return dict(self.client.search(index=index, ignore_unavailable=True, **body).body)


def _chain(first: Document, others: Iterator[Document]) -> Iterator[Document]:
    yield first
    yield from others


def names_of(metrics: Metrics) -> dict[str, str]:
    labelled = load_profile(PROFILE).metrics
    assert labelled is not None  # the shipped profile has them
    return exported_names(metrics, labelled)


def with_fields(client: Elasticsearch, profile: Profile) -> Profile:
    return ElasticTelemetry(client, profile).profile_with_fields()


def _column(metrics: Metrics, name: str) -> str:
    """A mass is exported as it was measured: so much in this step."""
    kind = next(signal.kind for signal in metrics.signals if signal.name == name)
    return f"{name}_grams" if kind == "mass" else name


def _edge_document(at: datetime, caller: str, callee: str, span: CallSpan) -> Document:
    document: Document = {"@timestamp": iso(at), "caller": caller, "callee": callee}
    if span.calls is not None:
        document["calls"] = span.calls
    for name, found in (("duration", span.duration), ("callee_duration", span.callee_duration)):
        if found:
            document[f"{name}_p50_seconds"] = found.median
    return document


def pieces(start: datetime, end: datetime, step_seconds: int, steps: int) -> Iterator[Grid]:
    """Grids of at most so many steps that cover [start, end)."""
    step = timedelta(seconds=step_seconds)
    left = -((start - end) // step)
    for first in range(0, left, steps):
        yield Grid(start + first * step, step_seconds, min(steps, left - first))


def metric_named(profile: Profile, signal: str | None) -> str:
    """What a rule watches, by its exported name; where no metric is meant, the role or the word itself."""
    names = names_of(profile.metrics) if profile.metrics else {}
    return names.get(signal or "") or flat(signal or "unknown")
