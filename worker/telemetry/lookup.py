"""The Lookup: single read-only searches through the profile, each answered as rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import isfinite
from typing import Any, TypeVar

from elasticsearch import Elasticsearch

from worker.analysis.likeness.course import LONGEST_MINUTES, ended, helped
from worker.analysis.likeness.rank import WEIGHTS, rank, why
from worker.analysis.likeness.structure import Wanted, kind_in
from worker.domain.embedding import Vector
from worker.domain.lookup import Called, Deployed, Logged, LogLine, Measured, PastIncident, Reading
from worker.domain.telemetry import CallSpan, Quantiles, Scope
from worker.domain.window import Window, parse_time
from worker.elastic import elasticsearch_errors
from worker.errors import EvidenceUnavailable, NotMeasured
from worker.telemetry import calls, decode, lookup_queries, queries
from worker.telemetry.profiles import Changes, Logs, Metrics, Profile, Signal
from worker.telemetry.search import ElasticTelemetry, flaw_of
from worker.telemetry.waves import HISTORY_DAYS

Answer = dict[str, Any]
Part = TypeVar("Part")


class ElasticLookup:
    """Reads the indices of one profile and no others; whatever the scope or the words are, nothing is written."""

    def __init__(self, telemetry: ElasticTelemetry, client: Elasticsearch) -> None:
        self._telemetry = telemetry
        self._client = client

    @property
    def units(self) -> dict[str, str]:
        metrics = self._profile.metrics
        return {signal.name: _unit(signal) for signal in metrics.signals} if metrics else {}

    def measured(self, scope: Scope, before: Window, within: Window) -> Reading[Measured]:
        metrics = self._metrics()
        body = lookup_queries.measured(metrics, scope, before, within)
        answer, flaw = self._search(metrics.index, body)
        rows = [_measured(found, bucket, metrics, before, within) for found, bucket in decode.scope_buckets(answer)]
        return Reading(rows, metrics.index, Window(start=before.start, end=within.end), flaw, query=body)

    def logged(self, scope: Scope, window: Window) -> Reading[Logged]:
        logs = self._logs()
        body = lookup_queries.logged(logs, scope, window)
        answer, flaw = self._search(logs.index, body)
        rows = [_logged(found, bucket) for found, bucket in decode.scope_buckets(answer)]
        return Reading(rows, logs.index, window, flaw, query=body)

    def lines(
        self,
        scope: Scope,
        window: Window,
        *,
        words: str | None,
        errors_only: bool,
        limit: int,
        phrases: Sequence[str] = (),
    ) -> Reading[LogLine]:
        logs = self._logs()
        wanted: Answer = {"words": words, "errors_only": errors_only, "limit": limit, "phrases": phrases}
        body = lookup_queries.log_lines(logs, scope, window, **wanted)
        answer, flaw = self._search(logs.index, body)
        rows = [_line(hit, logs) for hit in answer["hits"]["hits"]]
        return Reading(rows, logs.index, window, flaw, total=int(answer["hits"]["total"]["value"]), query=body)

    def changes(self, scope: Scope, window: Window) -> Reading[Deployed]:
        sources = _named(self._profile.changes or None, "deployments or other changes")
        rows, flaws, body, total = list[Deployed](), list[str](), Answer(), 0
        for source in sources:
            body = lookup_queries.changes(source, scope, window)
            answer, flaw = self._search(source.index, body)
            flaws += [flaw] if flaw else []
            found = _deployed(answer, source)
            rows += found
            total += self._count_of_changes(source, scope, window) if decode.is_cut(answer) else len(found)
        rows.sort(key=lambda change: change.at, reverse=True)
        index, query = ",".join(source.index for source in sources), body if len(sources) == 1 else {}
        return Reading(rows, index, window, "; ".join(flaws) or None, total=total, query=query)

    def incidents(self, scope: Scope, window: Window) -> Reading[PastIncident]:
        return self._incidents(lookup_queries.incidents(scope, window), window)

    def past_incidents(self, words: str, scope: Scope, window: Window) -> Reading[PastIncident]:
        wanted = _wanted(words, scope)
        source = _named(self._profile.incidents, "incidents")
        answer, flaw = self._search(source.index, queries.resembling(wanted, window))
        hits = decode.history(answer)
        alike = rank(wanted, [hit["_source"] for hit in hits], WEIGHTS._replace(least=0.0))
        rows = [_past_incident(hits[one.place], why(one, wanted)) for one in alike]
        return Reading(rows, source.index, window, flaw)

    def near(self, vector: Vector, model: str, before: datetime) -> list[Answer]:
        source = _named(self._profile.incidents, "incidents")
        body = lookup_queries.near(vector, model, Window.before(before, timedelta(days=HISTORY_DAYS)))
        try:
            answer, flaw = self._search(source.index, body)
        except EvidenceUnavailable as error:
            if error.retryable:
                raise
            raise NotMeasured(f"this engine finds no vectors: {error.reason}") from error
        if flaw:
            raise EvidenceUnavailable(flaw, retryable=True)
        return decode.history(answer)

    def calls(self, before: Window, within: Window) -> Reading[Called]:
        whole = Window(start=before.start, end=within.end)
        edges, topology = self._profile.edges, self._profile.topology
        if edges is None:
            known = _named(topology or None, "calls between services")
            return Reading([Called(caller=one, callee=other) for one, other in known], "profile", whole)
        answer, flaw = self._search(edges.index, calls.calls(edges, before, within))
        found = calls.decode(answer, edges).sources
        rows = {
            edge: _called(edge, one.before, one.within) for source in found.values() for edge, one in source.items()
        }
        return Reading(list(rows.values()), edges.index, whole, flaw)

    @property
    def _profile(self) -> Profile:
        return self._telemetry.profile

    def _metrics(self) -> Metrics:
        return _named(self._telemetry.profile_with_fields().metrics, "metrics")

    def _logs(self) -> Logs:
        return _named(self._profile.logs, "logs")

    def _count_of_changes(self, source: Changes, scope: Scope, window: Window) -> int:
        count, page = 0, Answer()
        while True:
            body = lookup_queries.counted_changes(source, scope, window, page.get("after_key"))
            page = self._search(source.index, body)[0]["aggregations"].get("changes", {})
            buckets = page.get("buckets", [])
            # Documents that name no change are one each.
            count += sum(1 if one["key"].get("change") else one["doc_count"] for one in buckets)
            if len(buckets) < lookup_queries.COUNTED_AT_ONCE:
                return count

    def _incidents(self, body: Answer, window: Window) -> Reading[PastIncident]:
        source = _named(self._profile.incidents, "incidents")
        answer, flaw = self._search(source.index, body)
        rows = [_past_incident(hit) for hit in decode.history(answer)]
        return Reading(rows, source.index, window, flaw, total=int(answer["hits"]["total"]["value"]), query=body)

    def _search(self, index: str, body: Answer) -> tuple[Answer, str | None]:
        """The answer, and why it is not whole. An index that is not there answers with nothing."""
        lines = [{"index": index, "ignore_unavailable": True}, body]
        with elasticsearch_errors("looking something up"):
            (answer,) = self._client.msearch(searches=lines).body["responses"]
        flaw = flaw_of(answer)
        if "error" in answer:
            raise EvidenceUnavailable(f"looking something up: {flaw}"[:300], retryable=False)
        if "aggs" in body and not answer.get("aggregations"):
            answer = {**answer, "aggregations": {"services": {"buckets": []}, "sources": {"buckets": {}}}}
        return answer, flaw


def _named(part: Part | None, what: str) -> Part:
    if part is None:
        raise NotMeasured(f"the profile names no {what}")
    return part


def _unit(signal: Signal) -> str:
    """A mass and a count are told per minute."""
    return f"{signal.unit}/min".lstrip("/") if signal.kind in ("mass", "count") else signal.unit


def _measured(found: Scope, bucket: Answer, metrics: Metrics, before: Window, within: Window) -> Measured:
    spans = bucket["spans"]["buckets"]
    return Measured(
        service=found.service,
        region=found.region,
        before=decode.span_values(spans["before"], metrics, before.minutes),
        within=decode.span_values(spans["within"], metrics, within.minutes),
    )


def _logged(found: Scope, bucket: Answer) -> Logged:
    percentiles = bucket.get("latency", {}).get("values", {})
    p95 = next((value for value in percentiles.values() if isinstance(value, int | float) and isfinite(value)), None)
    return Logged(
        service=found.service,
        region=found.region,
        lines=bucket["doc_count"],
        errors=bucket.get("errors", {}).get("doc_count"),
        retries=bucket.get("retries", {}).get("doc_count"),
        error_types=bucket.get("error_types", {}).get("value"),
        p95_latency_ms=p95,
    )


def _deployed(answer: Answer, source: Changes) -> list[Deployed]:
    """At its first record; with the status of its last one, since what was started may be finished by then."""
    statuses = decode.latest_statuses(answer, source)
    found = (Deployed.model_validate(vars(change)) for change in decode.changes(answer, source))
    return [
        one.model_copy(update={"status": statuses.get((one.deployment_id, one.service, one.region), one.status)})
        for one in found
    ]


def _line(hit: Answer, logs: Logs) -> LogLine:
    document = hit["_source"]
    named = ("service", "region", "level", "error_type")
    texts = {name: decode.text_of(decode.field(document, getattr(logs, name))) for name in named}
    deployment = decode.text_of(decode.field(document, logs.deployment))
    message = str(decode.field(document, logs.message) or "")
    return LogLine(at=decode.moment(hit), deployment_id=deployment, message=message, **texts)


def _wanted(words: str, scope: Scope) -> Wanted:
    services = frozenset({scope.service} if scope.service else ())
    regions = frozenset({scope.region} if scope.region else ())
    return Wanted(words, scope.service, services, regions, kind_in(words))


def _past_incident(hit: Answer, why: str | None = None) -> PastIncident:
    document = hit["_source"]
    texts = {name: document.get(name) for name in ("title", "summary", "service", "region", "status")}
    minutes = _number(document.get("duration_minutes"))
    names = ("wasted_co2_grams", "orders_affected", "revenue_lost_usd")
    return PastIncident(
        id=hit["_id"],
        at=parse_time(document["@timestamp"]),
        severity=decode.text_of(document.get("severity")),
        duration_minutes=minutes if minutes is not None and 0 <= minutes < LONGEST_MINUTES else None,
        tags=document.get("tags", []),
        why=why,
        ended=ended(document),
        helped=helped(document),
        **texts,
        **{name: _number(document.get(name)) for name in names},
    )


def _number(value: Any) -> float | None:
    """Others write there, too: what is no number is not known."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _called(edge: tuple[str, str], before: CallSpan | None, within: CallSpan | None) -> Called:
    figures = {}
    for name, span in (("before", before), ("within", within)):
        duration: Quantiles | None = span.duration if span else None
        figures[f"calls_{name}"] = span.calls if span else None
        figures[f"median_ms_{name}"] = duration.median * 1000 if duration else None
        figures[f"p95_ms_{name}"] = duration.most * 1000 if duration else None
    return Called(caller=edge[0], callee=edge[1], **figures)
