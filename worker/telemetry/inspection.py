"""What a cluster has of what a profile names: for `spiketrace doctor --profile`. Reads counts and field types only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import Any

from elasticsearch import Elasticsearch
from pydantic import BaseModel

from worker.domain.window import Window
from worker.elastic import elasticsearch_errors
from worker.telemetry.impact_profile import Machine, Users
from worker.telemetry.profiles import Discovered, Edges, Logs, Matching, Metrics, Profile
from worker.telemetry.queries import TIME, all_of, between, matching
from worker.telemetry.search import NUMERIC, field_types

DAY, MONTH = timedelta(days=1), timedelta(days=30)
# Keys whose values are told apart or counted: their fields must be aggregatable.
# https://www.elastic.co/docs/reference/elasticsearch/mapping-reference/text
GROUPED = frozenset(
    {"service", "region", "instance", "deployment", "provider", "level", "error_type", "caller", "callee", "field"}
)
NEEDED = frozenset({"service", "message", "caller", "callee", "signals", "level"})

Types = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Sighting:
    """One field of the profile. `documents`: how many of the index's `of` documents of those `days` have it.

    `role` is what the analysis weighs it by, or why it is not. `advice` says what to do where it is missing or cannot
    be used; `is_problem` whether an investigation misses something essential without it.
    """

    key: str
    index: str
    field: str
    documents: int
    of: int
    days: int
    role: str | None = None
    advice: str | None = None
    is_problem: bool = False


@dataclass(frozen=True)
class _Wanted:
    """A field to be counted; with `values`, only documents that have one of them."""

    key: str
    field: str
    role: str | None = None
    values: tuple[str, ...] = ()

    @property
    def query(self) -> dict[str, Any]:
        if self.values:
            return {"terms": {self.field: list(self.values)}}
        return {"exists": {"field": self.field}}

    @property
    def last_key(self) -> str:
        """`service` of `metrics.service`, `signals` of `metrics.signals.carbon`."""
        return self.key.split(".")[1].rstrip("]").split("[")[0]


def inspect(client: Elasticsearch, profile: Profile, now: datetime) -> list[Sighting]:
    """In the order of the profile. Raises EvidenceUnavailable when the engine does not answer."""
    with elasticsearch_errors("inspecting telemetry"):
        return list(_sightings(client, profile, now))


def _sightings(client: Elasticsearch, profile: Profile, now: datetime) -> Iterator[Sighting]:
    day = Window.before(now, DAY)
    if profile.metrics:
        types = field_types(client, profile.metrics.index)
        yield from _counted(
            client, profile.metrics.index, _of_metrics(profile.metrics, types, profile.machine), types, day
        )
    if profile.logs:
        types = field_types(client, profile.logs.index)
        yield from _counted(client, profile.logs.index, _of_logs(profile.logs, profile.users), types, day)
    if profile.edges:
        types = field_types(client, profile.edges.index)
        yield from _counted(client, profile.edges.index, _of_edges(profile.edges), types, day)
    if profile.business:
        types = field_types(client, profile.business.index)
        wanted = _named("business", profile.business, ("region", "revenue"))
        yield from _counted(client, profile.business.index, wanted or [_Wanted("business.index", TIME)], types, day)
    yield from _changes(client, profile, Window.before(now, MONTH))
    if profile.incidents:
        index, month = profile.incidents.index, Window.before(now, MONTH)
        (total,) = _counts(client, index, [], month)
        yield Sighting("incidents", index, "@timestamp", total, total, _days(month))


def _of_metrics(metrics: Metrics, types: Types, machine: Machine | None) -> list[_Wanted]:
    found = _named("metrics", metrics, ("service", "region", "instance", "deployment", "provider"))
    found += [_Wanted(f"metrics.signals.{one.name}", one.field, one.role) for one in metrics.signals]
    if metrics.discover:
        found += _discovered(metrics, types)
    if check := metrics.cross_check:
        found.append(_Wanted("metrics.cross_check", check.field))
    if machine:
        named = ((key, getattr(machine, key)) for key in ("vcpus", "memory_gb", "instance"))
        found += [_Wanted(f"machine.{key}", name) for key, name in named if isinstance(name, str)]
    return found


def _discovered(metrics: Metrics, types: Types) -> list[_Wanted]:
    """Every numeric field that is no signal yet, with the role that `discover` gives it."""
    known = {one.field for one in metrics.signals}
    numeric = sorted(name for name, kinds in types.items() if NUMERIC.intersection(kinds) and name not in known)
    return [_Wanted(f"metrics.discover.{name}", name, _role(metrics.discovery_of(name))) for name in numeric]


def _role(found: Discovered | None) -> str | None:
    if found is None:
        return "none: nothing matches it"
    return "none: ignored" if found.ignore else found.role


def _of_logs(logs: Logs, users: Users | None) -> list[_Wanted]:
    keys = ("service", "region", "deployment", "level", "message", "error_type", "retry", "latency_ms")
    found = _named("logs", logs, keys)
    if logs.level:
        found.append(_Wanted("logs.error_levels", logs.level, "errors", tuple(logs.error_levels)))
    return found + (_named("users", users, ("field",)) if users else [])


def _of_edges(edges: Edges) -> list[_Wanted]:
    found = _named("edges", edges, ("caller", "callee", "calls"))
    for key, duration in (("duration", edges.duration), ("callee_duration", edges.callee_duration)):
        if duration:
            found.append(_Wanted(f"edges.{key}", duration.field or duration.total or ""))
    if edges.failures:
        found.append(_Wanted("edges.failures", edges.failures.field, "errors", tuple(edges.failures.values)))
    return found


def _named(part: str, source: BaseModel, keys: Sequence[str]) -> list[_Wanted]:
    named = ((key, getattr(source, key)) for key in keys)
    return [_Wanted(f"{part}.{key}", name) for key, name in named if name]


def _changes(client: Elasticsearch, profile: Profile, month: Window) -> Iterator[Sighting]:
    """One source of changes is enough: the others may be empty."""
    found: list[list[Sighting]] = []
    for number, source in enumerate(profile.changes):
        wanted = _named(f"changes[{number}]", source, ("service", "region", "deployment", "version", "status"))
        types = field_types(client, source.index)
        found.append(list(_counted(client, source.index, wanted, types, month, source.only)))
    has_any = any(one.of for source in found for one in source)
    for sightings in found:
        if sightings[0].of:
            yield from sightings
        else:
            yield _empty_source(sightings[0], has_any=has_any)


def _empty_source(first: Sighting, *, has_any: bool) -> Sighting:
    advice = None if has_any else "record deployments there, or a release can never be named as the cause"
    return Sighting(
        first.key.split(".")[0], first.index, "@timestamp", 0, 0, first.days, advice=advice, is_problem=not has_any
    )


def _counted(
    client: Elasticsearch,
    index: str,
    wanted: Sequence[_Wanted],
    types: Types,
    window: Window,
    only: Matching | None = None,
) -> Iterator[Sighting]:
    total, *counts = _counts(client, index, [one.query for one in wanted], window, only)
    for one, count in zip(wanted, counts, strict=True):
        advice = _advice(one, index, count, total, types)
        is_needed = one.last_key in NEEDED or not total
        is_problem = advice is not None and is_needed
        yield Sighting(one.key, index, one.field, count, total, _days(window), one.role, advice, is_problem)


def _counts(
    client: Elasticsearch,
    index: str,
    queries: Sequence[dict[str, Any]],
    window: Window,
    only: Matching | None = None,
) -> list[int]:
    """How many documents there are, and how many answer each query."""
    filters = [between(window.start, window.end), *([matching(only)] if only else [])]
    named = {str(number): query for number, query in enumerate(queries)}
    # A bucket's own count is of what its documents stand for: those of APM's metrics hold a `_doc_count`.
    # https://www.elastic.co/docs/reference/elasticsearch/mapping-reference/mapping-doc-count-field
    documents = {"documents": {"value_count": {"field": TIME}}}
    aggs: dict[str, Any] = {"fields": {"filters": {"filters": named}, "aggs": documents}} if named else {}
    answer = client.search(
        index=index,
        ignore_unavailable=True,
        size=0,
        track_total_hits=True,
        query=all_of(filters),
        aggs=aggs,
    )
    buckets = answer["aggregations"]["fields"]["buckets"] if named and "aggregations" in answer else {}
    counts = [buckets[name]["documents"]["value"] if name in buckets else 0 for name in named]
    return [answer["hits"]["total"]["value"], *counts]


def _days(window: Window) -> int:
    return window.length // DAY


def _advice(one: _Wanted, index: str, count: int, total: int, types: Types) -> str | None:
    """None where all is well, or where nothing is no fault: no error, no failed call."""
    if not total:
        return f"send telemetry to {index}, or name your own index in the profile"
    if not _is_aggregatable(one, types):
        return f"{one.field} is not aggregatable: name a keyword field such as {one.field}.keyword in {one.key}"
    if count or (one.values and one.field in types):
        return None
    if one.field in types:
        return f"fill it, or leave {one.key} out: the field is known, and no document has it"
    similar = get_close_matches(one.field, [name for name in types if not name.startswith("_")], n=3, cutoff=0.7)
    hint = f" (there is {', '.join(similar)})" if similar else ""
    return f"correct the field's name in {one.key}{hint}, or leave the key out"


def _is_aggregatable(one: _Wanted, types: Types) -> bool:
    if one.last_key not in GROUPED:
        return True
    return all(kind.get("aggregatable", True) for kind in types.get(one.field, {}).values())
