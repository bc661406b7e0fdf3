"""What a rule's documents come to, over a stretch of history."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from elasticsearch import Elasticsearch

from kibana.rules import IndexThresholdParams, Rule
from worker.domain.window import iso
from worker.elastic import elasticsearch_errors
from worker.errors import ConfigurationError

PAGE_BUCKETS = 10_000
READ_AT_ONCE = timedelta(hours=12)


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

    def value(self, aggregation: str) -> float | None:
        """As Elasticsearch would give it: a sum of nothing is 0, an average of nothing is none."""
        if aggregation == "count":
            return float(self.documents)
        if aggregation == "sum":
            return self.total
        if not self.samples:
            return None
        return {"avg": self.total / self.samples, "min": self.low, "max": self.high}[aggregation]


@dataclass(frozen=True)
class History:
    """Cells by group and by the start of their step, in seconds since 1970."""

    step_seconds: int
    cells: Mapping[str, Mapping[int, Cell]]


def read_history(client: Elasticsearch, rule: Rule, *, since: datetime, until: datetime) -> History:
    """What a rule's documents come to, by group and step, from one window before `since` to `until`."""
    params = rule.condition
    step = math.gcd(int(rule.interval.total_seconds()), int(params.window.total_seconds()))
    start = datetime.fromtimestamp((since - params.window).timestamp() // step * step, UTC)
    cells: dict[str, dict[int, Cell]] = {}
    while start < until:
        end = min(start + READ_AT_ONCE, until)
        for bucket in _buckets(client, rule, step, start, end):
            group = ",".join(str(bucket["key"][f"g{number}"]) for number in range(len(params.term_fields)))
            # A step that lies across two readings comes in two parts.
            cells.setdefault(group, {}).setdefault(bucket["key"]["at"] // 1000, Cell()).add(_cell(bucket))
        start = end
    return History(step, cells)


def _buckets(client: Elasticsearch, rule: Rule, step: int, start: datetime, end: datetime) -> Iterator[dict[str, Any]]:
    params = rule.condition
    sources: list[dict[str, Any]] = [
        {"at": {"date_histogram": {"field": params.time_field, "fixed_interval": f"{step}s"}}},
        *({f"g{number}": {"terms": {"field": name}}} for number, name in enumerate(params.term_fields)),
    ]
    composite: dict[str, Any] = {"size": PAGE_BUCKETS, "sources": sources}
    steps: dict[str, Any] = {"composite": composite}
    if params.agg_field:
        steps["aggs"] = {"stats": {"stats": {"field": params.agg_field}}}
    time_range = {"range": {params.time_field: {"gte": iso(start), "lt": iso(end)}}}
    query = {"bool": {"filter": [time_range, *_filters(rule)]}}
    while True:
        with elasticsearch_errors(f"reading the history of rule {rule.id}"):
            answer = client.search(
                index=params.index, size=0, query=query, aggs={"steps": steps}, ignore_unavailable=True
            )
        buckets = answer.get("aggregations", {}).get("steps", {}).get("buckets", [])
        yield from buckets
        if len(buckets) < PAGE_BUCKETS:
            return
        composite["after"] = answer["aggregations"]["steps"]["after_key"]


def _cell(bucket: Mapping[str, Any]) -> Cell:
    cell = Cell(documents=bucket["doc_count"])
    stats = bucket.get("stats")
    if stats and stats["count"]:
        cell.add(Cell(0, stats["count"], stats["sum"], stats["min"], stats["max"]))
    return cell


def _filters(rule: Rule) -> list[dict[str, Any]]:
    params = rule.condition
    if isinstance(params, IndexThresholdParams):
        return [{"query_string": {"query": kql_to_lucene(params.filter_kuery)}}] if params.filter_kuery else []
    if params.runtime_fields:
        raise ConfigurationError(
            f"rule {rule.id} cannot be simulated: Elasticsearch computes {', '.join(params.runtime_fields)} by script"
        )
    if params.exclude_hits_from_previous_run and not params.term_fields:
        raise ConfigurationError(
            f"rule {rule.id} cannot be simulated: what it counts depends on which hits it saw in its last run; "
            "set excludeHitsFromPreviousRun to false"
        )
    return [json.loads(params.es_query)["query"]]


_KQL = re.compile(r'"(?:[^"\\]|\\.)*"|[()]|<=|>=|[:<>]|[^\s():<>"]+')


def kql_to_lucene(kql: str) -> str:
    """The Kibana query language's fields, values, ranges and operators in Lucene's syntax, which every engine speaks.

    Raises ConfigurationError for nested fields, which Lucene's syntax does not have.
    """
    if "{" in kql:
        raise ConfigurationError(f"a KQL filter with nested fields cannot be simulated: {kql}")
    text, previous = "", ""
    for word in _KQL.findall(kql):
        if word in {"<", ">", "<=", ">="}:
            text += f":{word}"
        elif word == ":" or not previous or previous in {":", "<", ">", "<=", ">="}:
            text += word
        else:
            text += f" {word.upper() if word.lower() in {'and', 'or', 'not'} else word}"
        previous = word
    return text
