"""From the engine's answers to arrays. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from worker.domain.telemetry import Change, ErrorType, Floats, Grid, Line, Part, Scope, ScopeDetail, Series, Slice
from worker.domain.window import Window, iso
from worker.telemetry.profiles import Changes, Logs, Metrics
from worker.telemetry.queries import LATENCY_EDGES_MS, PEAK

Answer = dict[str, Any]
Buckets = list[Answer]
Figures = dict[str, Floats]

COUNTS = ("errors", "retries")
SAMPLES, LAST = "samples", "last"
# array → figure of the engine's statistics
LATENCY = {"latency_sum_ms": "sum", "latency_squares": "sum_of_squares", "latency_count": "count"}


def scope_buckets(answer: Answer) -> Iterator[tuple[Scope, Answer]]:
    # Some engines leave out what is empty when they are told what to leave out.
    for service in answer["aggregations"]["services"].get("buckets", []):
        regions = service["regions"]["buckets"]
        # Without a region in the profile there is one bucket for all of them.
        named = regions.items() if isinstance(regions, dict) else ((one["key"], one) for one in regions)
        for name, region in named:
            yield Scope(service["key"], name or None), region


def left_out(answer: Answer) -> int:
    """Documents of services beyond those that were asked for."""
    return int(answer.get("aggregations", {}).get("services", {}).get("sum_other_doc_count", 0))


def metric_series(answer: Answer, metrics: Metrics, grid: Grid) -> dict[Scope, Series]:
    return {scope: measured(figures, metrics) for scope, figures in metric_figures(answer, metrics, grid).items()}


def metric_figures(answer: Answer, metrics: Metrics, grid: Grid) -> dict[Scope, Figures]:
    """As the engine gives them: sums and means of each bucket, and by `samples` and `last` when they were sampled."""
    names = [*(signal.name for signal in metrics.signals), SAMPLES, LAST]
    return _of_scopes(answer, grid, names, _values, np.nan)


def _of_scopes(
    answer: Answer, grid: Grid, names: list[str], read: Callable[[Buckets, list[str]], Figures], otherwise: float
) -> dict[Scope, Figures]:
    """The named figures of every scope on the grid; `otherwise` where there is no bucket, or no such figure.

    All scopes in one table: an array for each figure of each would take longer than reading them.
    """
    times = {scope: bucket["times"]["buckets"] for scope, bucket in scope_buckets(answer)}
    buckets = [bucket for of_scope in times.values() for bucket in of_scope]
    rows = np.repeat(np.arange(len(times)), [len(of_scope) for of_scope in times.values()])
    places = _places(buckets, grid)
    within = (places >= 0) & (places < grid.count)
    table = np.full((len(names), len(times), grid.count), otherwise)
    for name, figures in read(buckets, names).items():
        table[names.index(name), rows[within], places[within]] = figures[within]
    return {scope: dict(zip(names, table[:, row], strict=True)) for row, scope in enumerate(times)}


def _places(buckets: Buckets, grid: Grid) -> NDArray[np.intp]:
    """Where on the grid they are; a bucket at its edge may lie outside."""
    keys = np.array([bucket["key"] for bucket in buckets], dtype=float)
    places: NDArray[np.intp] = ((keys / 1000 - grid.start.timestamp()) // grid.step_seconds).astype(np.intp)
    return places


def _values(buckets: Buckets, names: list[str]) -> Figures:
    """Of those that were asked for, which all buckets of an answer hold alike. Bucket by bucket, as memory has them."""
    told = [name for name in names if _is_told(buckets, name)]
    values = [bucket[name]["value"] for bucket in buckets for name in told]
    return dict(zip(told, np.array(values, dtype=float).reshape(len(buckets), len(told)).T, strict=True))


def _is_told(buckets: Buckets, name: str) -> bool:
    return bool(buckets) and name in buckets[0]


def measured(figures: Figures, metrics: Metrics) -> Series:
    """Signals in their units, of what the engine gave. A mass is per minute since the sample before."""
    samples, minutes = figures[SAMPLES], _elapsed_minutes(figures[LAST])
    values = {signal.name: figures[signal.name] * signal.scale for signal in metrics.signals}
    for signal in metrics.signals:
        if signal.kind == "rate":
            values[signal.name] /= np.maximum(samples, 1)
        if signal.kind == "mass":
            values[f"{signal.name}_grams"], values[f"{signal.name}_minutes"] = values[signal.name], minutes
            values[signal.name] = values[signal.name] / minutes
    return Series(values)


def _figure(bucket: Answer, name: str) -> float:
    value = bucket.get(name, {}).get("value")
    return np.nan if value is None else float(value)


def peaks(answer: Answer, metrics: Metrics, grid: Grid) -> dict[Scope, dict[str, Floats]]:
    """The highest sample of each bucket, of every signal with a role that has one."""
    scales = {signal.name: signal.scale for signal in metrics.signals if signal.role}
    found = _of_scopes(answer, grid, [f"{name}{PEAK}" for name in scales], _values, np.nan)
    return {
        scope: {name: peaks[f"{name}{PEAK}"] * scale for name, scale in scales.items()}
        for scope, peaks in found.items()
    }


def _elapsed_minutes(last: Floats) -> Floats:
    """From each sample's time in milliseconds: minutes since the sample before; NaN for the first."""
    known = np.flatnonzero(np.isfinite(last))
    minutes = np.full(last.size, np.nan)
    minutes[known[1:]] = np.diff(last[known]) / 60_000
    return minutes


def place_of(bucket: Answer, grid: Grid) -> int | None:
    place = int((bucket["key"] / 1000 - grid.start.timestamp()) // grid.step_seconds)
    return place if 0 <= place < grid.count else None


def log_series(answer: Answer, grid: Grid) -> dict[Scope, Series]:
    found = _of_scopes(answer, grid, ["lines", *COUNTS, *LATENCY], _line_counts, 0.0)
    return {scope: Series(figures) for scope, figures in found.items()}


def _line_counts(buckets: Buckets, _: list[str]) -> Figures:
    counts = {"lines": [bucket["doc_count"] for bucket in buckets]}
    for name in COUNTS:
        if _is_told(buckets, name):
            counts[name] = [bucket[name]["doc_count"] for bucket in buckets]
    if _is_told(buckets, "latency"):
        # No sum, in the engine's words, is null.
        counts |= {name: [bucket["latency"][one] or 0.0 for bucket in buckets] for name, one in LATENCY.items()}
    return {name: np.array(values, dtype=float) for name, values in counts.items()}


def as_of_share(series: Series, share: float) -> Series:
    """All lines, as if that share of them had been read for their latency: none then counts for more than others."""
    if share == 1.0:
        return series
    return Series({name: one * share if name in LATENCY else one for name, one in series.values.items()}, share)


def merge(*tables: dict[Scope, Series]) -> dict[Scope, Series]:
    merged: dict[Scope, Series] = {}
    for table in tables:
        for scope, series in table.items():
            found = merged.setdefault(scope, Series())
            found.values.update(series.values)
            found.read_share = min(found.read_share, series.read_share)
    return merged


def providers(answer: Answer) -> dict[str, str]:
    """Region → cloud provider."""
    found = {}
    for scope, bucket in scope_buckets(answer):
        named = bucket.get("provider", {}).get("buckets", [])
        if scope.region and named:
            found[scope.region] = str(named[0]["key"])
    return found


def cross_check(answer: Answer, factor: float) -> dict[Scope, tuple[float, float]]:
    """Scope → (sum of the signal, sum of its other statement in the same unit), over documents that have both."""
    return {
        scope: (bucket["both"]["stated"]["value"], bucket["both"]["other"]["value"] * factor)
        for scope, bucket in scope_buckets(answer)
        if bucket.get("both", {}).get("doc_count")
    }


def field(document: Answer, path: str | None) -> Any:
    """A field by its dotted path, written dotted, nested, or in part one and in part the other."""
    if path is None:
        return None
    if path in document:
        return document[path]
    places = [place for place, letter in enumerate(path) if letter == "."]
    inner = ((document.get(path[:place]), path[place + 1 :]) for place in places)
    found = (field(value, rest) for value, rest in inner if isinstance(value, dict))
    return next((value for value in found if value is not None), None)


def text_of(value: Any) -> str | None:
    return None if value in (None, "") else str(value)


def moment(hit: Answer) -> datetime:
    """The document's time as the engine understood it, in whatever form it was written: the last of its sort values."""
    return datetime.fromtimestamp(float(hit["sort"][-1]) / 1000, UTC)


def history(answer: Answer) -> list[Answer]:
    """Past incidents, `{"_id", "_source"}`. Others write there, too: what is of another form reads as absent.

    In the order that was asked for; what stands equal in it, by id, since an engine promises no order there.
    """
    hits = sorted(answer["hits"]["hits"], key=lambda hit: ([-float(value) for value in hit["sort"]], str(hit["_id"])))
    return [{"_id": str(hit["_id"]), "_source": _incident(hit)} for hit in hits]


def is_cut(answer: Answer) -> bool:
    """Whether there is more than what came."""
    return int(answer["hits"]["total"]["value"]) > len(answer["hits"]["hits"])


def _incident(hit: Answer) -> Answer:
    document: Answer = hit["_source"]
    texts = {name: _only_text(document.get(name)) for name in ("title", "summary", "service", "region", "status")}
    lists: Answer = {name: _texts(document.get(name)) for name in ("tags", "alert_ids") if name in document}
    return {**document, **texts, **lists, "@timestamp": iso(moment(hit))}


def _only_text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _texts(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [one for one in values if isinstance(one, str)]


def changes(answer: Answer, names: Changes) -> list[Change]:
    """One change an id, service and region, at its first record; with the version it replaced, where known."""
    found: dict[tuple[str, str | None, str | None], Change] = {}
    versions: dict[tuple[str | None, str | None], str] = {}
    for hit in sorted(answer["hits"]["hits"], key=lambda hit: (moment(hit), str(hit["_id"]))):
        change = _change(hit, names)
        place = (change.service, change.region)
        key = (change.deployment_id, *place)
        if key not in found:
            found[key] = Change(**{**change.__dict__, "previous_version": versions.get(place)})
        if change.version:
            versions[place] = change.version
    return list(found.values())


def latest_statuses(answer: Answer, names: Changes) -> dict[tuple[str, str | None, str | None], str]:
    """Of each change, by id, service and region, the status that its last record tells."""
    hits = sorted(answer["hits"]["hits"], key=lambda hit: (moment(hit), str(hit["_id"])))
    changes = (_change(hit, names) for hit in hits)
    return {(one.deployment_id, one.service, one.region): one.status for one in changes if one.status}


def _change(hit: Answer, names: Changes) -> Change:
    document = hit["_source"]
    return Change(
        at=moment(hit),
        service=text_of(field(document, names.service)),
        region=text_of(field(document, names.region)),
        deployment_id=_named(document, names) or str(hit["_id"]),
        version=text_of(field(document, names.version)),
        status=text_of(field(document, names.status)),
        kind=names.kind,
    )


def _named(document: Answer, names: Changes) -> str | None:
    """By its id; where the profile knows no ids, by its version."""
    return text_of(field(document, names.deployment or names.version))


def slices(answer: Answer, metrics: Metrics, window: Window, baseline: Window) -> list[Slice]:
    """By falling number of documents."""
    return [
        Slice(
            str(bucket["key"]),
            before=span_values(bucket["spans"]["buckets"]["before"], metrics, baseline.minutes),
            within=span_values(bucket["spans"]["buckets"]["within"], metrics, window.minutes),
        )
        for bucket in answer["aggregations"]["slices"]["buckets"]
    ]


def span_values(bucket: Answer, metrics: Metrics, minutes: float) -> dict[str, float]:
    """A rate is of each moment that was sampled; a mass and a count are of the whole span, and told per minute."""
    divisor = {"rate": max(_figure(bucket, "moments"), 1.0), "mass": minutes, "count": minutes}
    found = {one.name: _figure(bucket, one.name) * one.scale / divisor.get(one.kind, 1.0) for one in metrics.signals}
    return {name: value for name, value in found.items() if np.isfinite(value)} if bucket["doc_count"] else {}


def lines(answer: Answer, logs: Logs) -> list[Line]:
    """Oldest first."""
    return [line(hit, logs) for hit in sorted(answer["hits"]["hits"], key=lambda hit: (moment(hit), str(hit["_id"])))]


def line(hit: Answer, logs: Logs) -> Line:
    document = hit["_source"]
    return Line(
        at=moment(hit),
        service=text_of(field(document, logs.service)) or "",
        message=str(field(document, logs.message) or ""),
        severity=_severity(text_of(field(document, logs.level)), logs),
    )


def _severity(level: str | None, logs: Logs) -> Literal["error", "warning", "normal"] | None:
    if level is None:
        return None
    if level in logs.error_levels:
        return "error"
    return "warning" if level.lower().startswith("warn") else "normal"


def error_types(answer: Answer, logs: Logs, detail: ScopeDetail) -> None:
    aggregations = answer["aggregations"]
    everything = ErrorType(
        name="",
        in_window=aggregations["window"]["doc_count"],
        in_baseline=answer["hits"]["total"]["value"] - aggregations["window"]["doc_count"],
        messages=_messages(aggregations["window"], logs),
    )
    detail.error_lines_in_window = everything.in_window
    detail.error_lines_in_baseline = everything.in_baseline
    buckets = aggregations.get("types", {}).get("buckets", [])
    detail.errors = [
        ErrorType(
            name=bucket["key"],
            in_window=bucket["window"]["doc_count"],
            in_baseline=bucket["baseline"]["doc_count"],
            messages=_messages(bucket["window"], logs),
        )
        for bucket in buckets
    ] or [everything]


def _messages(bucket: Answer, logs: Logs) -> tuple[str, ...]:
    hits = sorted(bucket["examples"]["hits"]["hits"], key=lambda hit: str(hit["_id"]))
    hits.sort(key=moment, reverse=True)
    return tuple(str(field(hit.get("_source", {}), logs.message) or "") for hit in hits)


def parts(answer: Answer) -> list[Part]:
    return [
        Part(
            minute=datetime.fromtimestamp(minute["key"] / 1000, UTC),
            deployment_id=str(bucket["key"]),
            lines=bucket["doc_count"],
            errors=bucket.get("errors", {}).get("doc_count", 0),
            latency_sum_ms=bucket.get("latency", {}).get("sum") or 0.0,
            latency_count=bucket.get("latency", {}).get("count") or 0.0,
        )
        for minute in answer["aggregations"]["times"]["buckets"]
        for bucket in minute["deployments"]["buckets"]
    ]


def latency(answer: Answer, detail: ScopeDetail) -> None:
    """Quantiles of both spans, and how many lines of the window are slower than the baseline's p95."""
    for name in ("window", "baseline"):
        span = answer["aggregations"][name]
        quantiles = span["quantiles"]["values"]
        values = {f"p{float(key):g}": value for key, value in quantiles.items()}
        detail.latency_ms[name] = {key: value for key, value in values.items() if isinstance(value, int | float)}
    p95 = detail.latency_ms["baseline"].get("p95")
    counts = np.array([bucket["doc_count"] for bucket in answer["aggregations"]["window"]["histogram"]["buckets"]])
    detail.timed_lines = int(counts.sum())
    if p95 is not None and np.isfinite(p95):
        detail.slow_lines = int(counts[1 + np.searchsorted(LATENCY_EDGES_MS, p95) :].sum())
