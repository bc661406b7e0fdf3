"""What a rule's documents come to, over a stretch of history."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from elasticsearch import Elasticsearch

from kibana.filters import filters_of
from kibana.render import javascript_text
from kibana.rules import EsQueryParams, Rule
from worker.domain.window import iso
from worker.elastic import elasticsearch_errors

PAGE_BUCKETS = 10_000
READ_AT_ONCE = timedelta(hours=12)
# Elasticsearch takes 1,024 clauses in a query, and each moment of a run is one.
EDGES_AT_ONCE = 720

Cells = Mapping[str, Mapping[int, "Cell"]]


@dataclass
class Cell:
    """What the documents of one group in one span of time come to."""

    documents: int = 0
    samples: int = 0
    total: float = 0.0
    low: float = math.inf
    high: float = -math.inf

    def add(self, other: Cell) -> None:
        self.documents += other.documents
        self.samples += other.samples
        self.total += other.total
        self.low = min(self.low, other.low)
        self.high = max(self.high, other.high)


@dataclass(frozen=True)
class History:
    """Cells by group and by the start of their step, in seconds since 1970.

    `edges` are the documents at the very moment of a run, which the cell of the step that begins there holds as well:
    the window of an Elasticsearch query rule takes in the documents on its end, that of an index threshold rule not.
    https://github.com/elastic/kibana/blob/main/x-pack/platform/plugins/shared/stack_alerts/common/build_sorted_events_query.ts
    """

    step_seconds: int
    cells: Cells
    edges: Cells = field(default_factory=dict)
    has_index: bool = True


def step_of(rule: Rule) -> int:
    """Seconds: windows and intervals are whole multiples of it."""
    return math.gcd(int(rule.interval.total_seconds()), int(rule.condition.window.total_seconds()))


def read_history(client: Elasticsearch, rule: Rule, *, since: datetime, until: datetime) -> History:
    """What a rule's documents come to, by group and step, from one window before `since` to `until`.

    Raises EvidenceUnavailable when the engine does, ConfigurationError for a rule that cannot be simulated.
    """
    step = step_of(rule)
    reader = _Reader(client, rule, step)
    at_once = min(READ_AT_ONCE, EDGES_AT_ONCE * rule.interval)
    start = datetime.fromtimestamp((since - rule.condition.window).timestamp() // step * step, UTC)
    while start < until:
        end = min(start + at_once, until)
        reader.read(start, end, is_last=end == until)
        start = end
    return History(step, reader.cells, reader.edges, has_index=reader.has_index)


class _Reader:
    """Adds up what it reads, stretch by stretch. A step that lies across two of them comes in two parts."""

    def __init__(self, client: Elasticsearch, rule: Rule, step: int) -> None:
        self._client = client
        self._rule = rule
        self._step = step
        self._has_edges = isinstance(rule.params, EsQueryParams)
        self.cells: dict[str, dict[int, Cell]] = {}
        self.edges: dict[str, dict[int, Cell]] = {}
        self.has_index = False

    def read(self, start: datetime, end: datetime, *, is_last: bool) -> None:
        for bucket in self._buckets(start, end, is_last=is_last):
            key = bucket["key"]
            group = ",".join(javascript_text(key[f"g{n}"]) for n in range(len(self._rule.condition.term_fields)))
            second = key["at"] // 1000
            self.cells.setdefault(group, {}).setdefault(second, Cell()).add(_cell(bucket))
            if (edge := bucket.get("edge")) and edge["doc_count"]:
                self.edges.setdefault(group, {}).setdefault(second, Cell()).add(_cell(edge))

    def _buckets(self, start: datetime, end: datetime, *, is_last: bool) -> Iterator[dict[str, Any]]:
        params = self._rule.condition
        before_end = "lte" if is_last and self._has_edges else "lt"
        time_range = {"range": {params.time_field: {"gte": iso(start), before_end: iso(end)}}}
        query = {"bool": {"filter": [time_range, *filters_of(self._rule)]}}
        composite = {"size": PAGE_BUCKETS, "sources": self._sources()}
        steps = {"composite": composite, "aggs": self._aggregations(start, end)}
        while True:
            with elasticsearch_errors(f"reading the history of rule {self._rule.id}"):
                answer = self._client.search(
                    index=params.index, size=0, query=query, aggs={"steps": steps}, ignore_unavailable=True
                )
            self.has_index |= bool(answer["_shards"]["total"])
            found = answer.get("aggregations", {}).get("steps", {})
            yield from (buckets := found.get("buckets", []))
            if len(buckets) < PAGE_BUCKETS:
                return
            composite["after"] = found["after_key"]

    def _sources(self) -> list[dict[str, Any]]:
        params = self._rule.condition
        return [
            {"at": {"date_histogram": {"field": params.time_field, "fixed_interval": f"{self._step}s"}}},
            *({f"g{number}": {"terms": {"field": name}}} for number, name in enumerate(params.term_fields)),
        ]

    def _aggregations(self, start: datetime, end: datetime) -> dict[str, Any]:
        params = self._rule.condition
        stats = {"stats": {"stats": {"field": params.agg_field}}} if params.agg_field else {}
        if not self._has_edges:
            return stats
        interval = int(self._rule.interval.total_seconds())
        first = math.ceil(start.timestamp() / interval) * interval
        edges = range(first, int(end.timestamp()) + 1, interval)
        on_an_edge = {"terms": {params.time_field: [iso(datetime.fromtimestamp(at, UTC)) for at in edges]}}
        return {**stats, "edge": {"filter": on_an_edge, **({"aggs": stats} if stats else {})}}


def _cell(bucket: Mapping[str, Any]) -> Cell:
    cell = Cell(documents=bucket["doc_count"])
    stats = bucket.get("stats")
    if stats and stats["count"]:
        cell.add(Cell(0, stats["count"], stats["sum"], stats["min"], stats["max"]))
    return cell
