"""What questions ask of telemetry beyond a Lookup: names, sums of emissions, courses over time, types of errors."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from worker.domain.lookup import Course, Emitted, EmittedReading, ErrorKind, NamesSeen, Reading
from worker.domain.telemetry import Grid, Scope
from worker.domain.window import Window
from worker.errors import NotMeasured
from worker.telemetry import decode, question_queries
from worker.telemetry.lookup import ElasticLookup
from worker.telemetry.profiles import Logs, Metrics, Signal

Answer = dict[str, Any]
CARBON = "carbon"


class ElasticLooks(ElasticLookup):
    """Fulfils worker.answering.ports.Looks."""

    def names(self, window: Window) -> NamesSeen:
        profile = self._telemetry.profile
        found: dict[str, dict[str, int]] = {"services": {}, "regions": {}}
        is_whole = True
        for source in (profile.metrics, profile.logs):
            if source is None:
                continue
            answer, _ = self._search(source.index, question_queries.names(source, window))
            for kind, seen in found.items():
                terms = answer["aggregations"].get(kind, {})
                is_whole = is_whole and not terms.get("sum_other_doc_count")
                seen.update({str(one["key"]): one["doc_count"] for one in terms.get("buckets", []) if one["key"] != ""})
        return NamesSeen(services=sorted(found["services"]), regions=sorted(found["regions"]), is_whole=is_whole)

    def emitted(self, scope: Scope, window: Window) -> EmittedReading:
        metrics, carbon = self._emissions()
        body = question_queries.emitted(metrics, carbon, scope, window)
        answer, flaw = self._search(metrics.index, body)
        rows = [_emitted(found, bucket, carbon) for found, bucket in decode.scope_buckets(answer)]
        aggs = answer["aggregations"]
        whole, both = aggs.get("grams", {}).get("value"), aggs.get("both", {})
        has_samples = bool(aggs.get("samples", {}).get("value"))
        check = metrics.cross_check
        return EmittedReading(
            rows,
            metrics.index,
            window,
            flaw,
            query=body,
            grams=whole * carbon.scale if has_samples else None,
            checked_grams=both["stated"]["value"] * carbon.scale if both.get("doc_count") else None,
            other_grams=both["other"]["value"] * check.factor if both.get("doc_count") and check else None,
        )

    def emitted_over_time(self, scope: Scope, grid: Grid, end: datetime) -> Reading[Course]:
        """Grams of each step before `end`, by service and region."""
        metrics, carbon = self._emissions()
        services = question_queries.services_with_room_for(grid.count, metrics)
        body = question_queries.emitted_over_time(metrics, carbon, scope, grid, end, services)
        answer, flaw = self._search(metrics.index, body)
        window = Window(start=grid.start, end=end)
        rows = _courses(answer, grid, lambda one: _grams(one, carbon))
        return Reading(rows, metrics.index, window, flaw, query=body)

    def errors_over_time(self, scope: Scope, grid: Grid, end: datetime) -> Reading[Course]:
        """Errors of each step before `end` in which anything was logged."""
        logs = self._logs_with_levels()
        services = question_queries.services_with_room_for(grid.count, logs)
        body = question_queries.errors_over_time(logs, scope, grid, end, services)
        answer, flaw = self._search(logs.index, body)
        window = Window(start=grid.start, end=end)
        rows = _courses(answer, grid, lambda one: float(one["errors"]["doc_count"]))
        return Reading(rows, logs.index, window, flaw, query=body)

    def error_kinds(self, scope: Scope, window: Window) -> Reading[ErrorKind]:
        """The commonest first."""
        logs = self._logs_with_levels()
        body = question_queries.error_kinds(logs, scope, window)
        answer, flaw = self._search(logs.index, body)
        rows = [kind for found, bucket in decode.scope_buckets(answer) for kind in _kinds(found, bucket, logs)]
        rows.sort(key=lambda kind: -kind.count)
        return Reading(rows, logs.index, window, flaw, query=body)

    def _emissions(self) -> tuple[Metrics, Signal]:
        """Raises NotMeasured where there are none that can be added up."""
        metrics = self._metrics()
        carbon = next((signal for signal in metrics.signals if signal.name == CARBON and signal.kind == "mass"), None)
        if carbon is None:
            raise NotMeasured("the profile names no emissions (a signal `carbon` of the kind `mass`)")
        return metrics, carbon

    def _logs_with_levels(self) -> Logs:
        logs = self._logs()
        if logs.level is None:
            raise NotMeasured("the profile names no level that tells errors from other log lines")
        return logs


def _emitted(found: Scope, bucket: Answer, carbon: Signal) -> Emitted:
    return Emitted(
        service=found.service,
        region=found.region,
        grams=bucket["grams"]["value"] * carbon.scale,
        samples=int(bucket["samples"]["value"]),
        first=_moment(bucket["first"]["value"]),
        last=_moment(bucket["last"]["value"]),
    )


def _moment(milliseconds: float) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _grams(bucket: Answer, carbon: Signal) -> float | None:
    return float(bucket["grams"]["value"]) * carbon.scale if bucket["doc_count"] else None


def _courses(answer: Answer, grid: Grid, value: Callable[[Answer], float | None]) -> list[Course]:
    return [_course(found, bucket, grid, value) for found, bucket in decode.scope_buckets(answer)]


def _course(found: Scope, bucket: Answer, grid: Grid, value: Callable[[Answer], float | None]) -> Course:
    values: list[float | None] = [None] * grid.count
    for one in bucket["times"]["buckets"]:
        if (place := decode.place_of(one, grid)) is not None:
            values[place] = value(one)
    return Course(
        service=found.service, region=found.region, start=grid.start, step_seconds=grid.step_seconds, values=values
    )


def _kinds(found: Scope, bucket: Answer, logs: Logs) -> list[ErrorKind]:
    types = bucket["types"]["buckets"] if logs.error_type else [{**bucket, "key": ""}]
    return [
        ErrorKind(
            service=found.service,
            region=found.region,
            error_type=one["key"] or None,
            count=one["doc_count"],
            message=_message(one, logs),
        )
        for one in types
        if one["doc_count"]
    ]


def _message(bucket: Answer, logs: Logs) -> str | None:
    hits = bucket["newest"]["hits"]["hits"]
    return decode.text_of(decode.field(hits[0]["_source"], logs.message)) if hits else None
