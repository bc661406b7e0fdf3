"""Questions and answers that only the impact needs; they travel in the two waves that are sent anyway."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from worker.domain.impact_facts import Audience, BusinessEvents, ImpactFacts, MachineFacts, ScopeFacts, ServiceCounts
from worker.domain.telemetry import Asked, Floats, Grid, Scope
from worker.domain.window import Window
from worker.telemetry import decode, queries
from worker.telemetry.impact_profile import Business, Machine, Slo, Users
from worker.telemetry.profiles import Logs, Metrics, Profile

Body = dict[str, Any]
Answers = dict[str, Body]

MACHINES = "impact_machines"
BUSINESS = "impact_business"
BUSINESS_PAST = "impact_business_past"
USERS = "impact_users"
SERVICE = "impact_service_level"
# Beyond it the engine's count of distinct users is an estimate.
PRECISION = 10_000


@dataclass(frozen=True)
class Grids:
    fine: Grid
    coarse: Grid
    as_of: datetime


def survey_questions(profile: Profile, grids: Grids) -> dict[str, Asked]:
    """First wave: machines, where a field tells of them, and business events."""
    asked: dict[str, Asked] = {}
    hours = Window(start=grids.fine.start, end=grids.as_of)
    days = Window(start=grids.coarse.start, end=grids.as_of)
    metrics = profile.metrics
    if metrics and profile.machine and (body := _machines(metrics, profile.machine, hours)):
        asked[MACHINES] = Asked(metrics.index, body, hours)
    if profile.business:
        index = profile.business.index
        asked[BUSINESS] = Asked(index, _business(profile.business, grids.fine, grids.as_of), hours)
        asked[BUSINESS_PAST] = Asked(index, _business(profile.business, grids.coarse, grids.as_of), days)
    return asked


def survey_answers(answers: Answers, profile: Profile, grids: Grids, scopes: list[Scope]) -> ImpactFacts:
    machines = _decode_machines(answers.get(MACHINES), profile.machine, scopes) if profile.machine else {}
    return ImpactFacts(machines=machines, business=_decode_business(answers, grids))


def detail_questions(profile: Profile, scope: Scope, window: Window) -> dict[str, Asked]:
    """Second wave, of the report's own scope: users who met an error, and the service level."""
    asked: dict[str, Asked] = {}
    logs, slo = profile.logs, profile.slo
    if logs and profile.users:
        bad = _bad(logs, slo.latency_ms if slo else None)
        asked[USERS] = Asked(logs.index, _users(logs, profile.users, bad, scope, window), window)
    if logs and slo:
        period = Window.before(window.end, timedelta(days=slo.period_days))
        asked[SERVICE] = Asked(logs.index, _service(logs, slo, scope, window, period), period)
    return asked


def detail_answers(answers: Answers) -> ScopeFacts:
    users, service = answers.get(USERS), answers.get(SERVICE)
    return ScopeFacts(
        audience=_decode_users(users["aggregations"]) if users else None,
        service=_decode_service(service["aggregations"]) if service else None,
    )


# --- machines


def _machines(metrics: Metrics, machine: Machine, hours: Window) -> Body | None:
    aggs: Body = {
        name: {"avg": {"field": value}}
        for name, value in (("vcpus", machine.vcpus), ("memory_gb", machine.memory_gb))
        if isinstance(value, str)
    }
    if machine.instance:
        aggs["instances"] = {"cardinality": {"field": machine.instance}}
    if not aggs:
        return None
    by_scope = queries.by_scope(metrics, aggs)
    return {"size": 0, "query": queries.all_of([queries.between(hours.start, hours.end)]), "aggs": by_scope}


def _decode_machines(answer: Body | None, machine: Machine, scopes: list[Scope]) -> dict[Scope, MachineFacts]:
    told = dict(decode.scope_buckets(answer)) if answer else {}
    return {scope: _machine(machine, told.get(scope, {})) for scope in scopes}


def _machine(machine: Machine, bucket: Body) -> MachineFacts:
    instances = _figure(bucket, "instances") if machine.instance else machine.instances
    return MachineFacts(
        *(
            _times(_figure(bucket, name) if isinstance(value, str) else value, instances)
            for name, value in (("vcpus", machine.vcpus), ("memory_gb", machine.memory_gb))
        )
    )


def _times(value: float | None, instances: float | None) -> float | None:
    return value * instances if value and instances else None


def _figure(bucket: Body, name: str) -> float | None:
    value = bucket.get(name, {}).get("value")
    return float(value) if isinstance(value, int | float) and np.isfinite(value) else None


# --- business events


def _business(business: Business, grid: Grid, end: datetime) -> Body:
    aggs: Body = {"revenue": {"sum": {"field": business.revenue}}} if business.revenue else {}
    times = queries.over_time(grid, aggs)
    if business.region:
        times = {"regions": queries.by_region(business, times)}
    return {"size": 0, "query": queries.all_of([queries.between(grid.start, end)]), "aggs": times}


def _decode_business(answers: Answers, grids: Grids) -> dict[str | None, BusinessEvents]:
    fine, coarse = (_by_region(answers.get(name)) for name in (BUSINESS, BUSINESS_PAST))
    if fine is None or coarse is None:
        return {}
    return {
        region: BusinessEvents(
            *_over_time(fine.get(region, []), grids.fine), *_over_time(coarse.get(region, []), grids.coarse)
        )
        for region in coarse.keys() | fine.keys()
    }


def _by_region(answer: Body | None) -> dict[str | None, list[Body]] | None:
    if answer is None:
        return None
    aggregations = answer["aggregations"]
    if "regions" not in aggregations:
        return {None: aggregations["times"]["buckets"]}
    return {bucket["key"] or None: bucket["times"]["buckets"] for bucket in aggregations["regions"]["buckets"]}


def _over_time(buckets: list[Body], grid: Grid) -> tuple[Floats, Floats]:
    """(orders, revenue) in each bucket of the grid."""
    orders, revenue = np.zeros(grid.count), np.zeros(grid.count)
    for bucket in buckets:
        place = decode.place_of(bucket, grid)
        if place is not None:
            orders[place], revenue[place] = bucket["doc_count"], bucket.get("revenue", {}).get("value") or 0.0
    return orders, revenue


# --- users and service levels


def _users(logs: Logs, users: Users, bad: Body, scope: Scope, window: Window) -> Body:
    distinct = {"cardinality": {"field": users.field, "precision_threshold": PRECISION}}
    return {
        "size": 0,
        "query": queries.all_of([queries.between(window.start, window.end), *queries.scope_filters(scope, logs)]),
        "aggs": {
            "seen": distinct,
            "failed": {"filter": queries.is_error(logs), "aggs": {"users": distinct}},
            "affected": {"filter": bad, "aggs": {"users": distinct}},
        },
    }


def _service(logs: Logs, slo: Slo, scope: Scope, window: Window, period: Window) -> Body:
    bad = {"bad": {"filter": _bad(logs, slo.latency_ms)}}
    return {
        "size": 0,
        "query": queries.all_of([queries.between(period.start, period.end), *queries.scope_filters(scope, logs)]),
        "aggs": {
            "period": {"filter": queries.between(period.start, period.end), "aggs": bad},
            "window": {"filter": queries.between(window.start, window.end), "aggs": bad},
        },
    }


def _bad(logs: Logs, slower_than_ms: float | None) -> Body:
    """Errors, and lines slower than a target, where there is one."""
    either = [queries.is_error(logs)]
    if slower_than_ms is not None and logs.latency_ms:
        either.append({"range": {logs.latency_ms: {"gt": slower_than_ms}}})
    return {"bool": {"should": either, "minimum_should_match": 1}}


def _decode_users(found: Body) -> Audience:
    return Audience(found["seen"]["value"], found["failed"]["users"]["value"], found["affected"]["users"]["value"])


def _decode_service(found: Body) -> ServiceCounts:
    window, period = found["window"], found["period"]
    return ServiceCounts(
        window["doc_count"], window["bad"]["doc_count"], period["doc_count"], period["bad"]["doc_count"]
    )
