"""The tools, each a plain function of (lookup, arguments, bounds): what it reads, and the rows it makes of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from worker.agent.tools.arguments import InRegion, InScope, Likeness, LogSearch, WithBaseline
from worker.agent.tools.bounds import Bounds
from worker.agent.tools.result import Found, Row, rows_of
from worker.analysis.system import patterns
from worker.domain.lookup import Called, Deployed, Logged, LogLine, Measured, Reading
from worker.domain.telemetry import Line, Lines, Scope
from worker.domain.window import Window
from worker.errors import NotMeasured
from worker.ports import Lookup

CARBON = "carbon"
PAST = timedelta(days=400)
MOST_SIGNALS = 10
# Lines of each span that patterns are found in.
LINES_FOR_PATTERNS = 500
COUNTS = ("incidents", "orders_affected", "revenue_lost_usd", "wasted_co2_grams", "duration_minutes")


def carbon_spike_by_region(lookup: Lookup, asked: WithBaseline, bounds: Bounds) -> Found:
    reading, within = _measured(lookup, asked, bounds)
    regions: dict[str | None, list[Measured]] = defaultdict(list)
    for row in reading.rows:
        if CARBON in row.within or CARBON in row.before:
            regions[row.region].append(row)
    rows = [_region(region, measured) for region, measured in regions.items()]
    rows.sort(key=lambda row: -(row["times_baseline"] or 0))
    return Found("Emissions by region", reading, rows, _of_window(within))


def _region(region: str | None, measured: list[Measured]) -> Row:
    """Kilograms of CO₂e an hour; samples are in g/min."""
    now, before = (sum(getattr(row, span).get(CARBON, 0.0) for row in measured) for span in ("within", "before"))
    return {
        "region": region,
        "kg_per_hour": now * 60 / 1000,
        "baseline_kg_per_hour": before * 60 / 1000,
        "times_baseline": round(now / before, 2) if before else None,
        "services": len(measured),
    }


def excess_runtime_waste(lookup: Lookup, asked: WithBaseline, bounds: Bounds) -> Found:
    reading, within = _measured(lookup, asked, bounds)
    rows = [_excess(row, within.minutes) for row in reading.rows if {CARBON} <= row.before.keys() & row.within.keys()]
    rows = sorted((row for row in rows if row["excess_grams"] > 0), key=lambda row: -row["excess_grams"])
    return Found("Emissions above the baseline by service", reading, rows, _of_window(within))


def _excess(row: Measured, minutes: float) -> Row:
    grams, expected = row.within[CARBON] * minutes, row.before[CARBON] * minutes
    beside = {"requests_per_min": "traffic", "cpu_pct": "cpu"}
    figures: Row = {"service": row.service, "region": row.region, "grams": grams, "expected_grams": expected}
    figures["excess_grams"] = grams - expected
    for name, signal in beside.items():
        figures |= {name: row.within.get(signal), f"baseline_{name}": row.before.get(signal)}
    return figures


def compare_windows(lookup: Lookup, asked: WithBaseline, bounds: Bounds) -> Found:
    reading, within = _measured(lookup, asked, bounds)
    logged = _logged(lookup, asked.scope, bounds.clamp(asked.baseline), within)
    rows = [_beside(row, lookup.units, logged.pop((row.service, row.region), {})) for row in reading.rows]
    rows += [{"service": service, "region": region, **counts} for (service, region), counts in logged.items()]
    return Found("Each service now and before", reading, rows, _of_window(within))


def _logged(lookup: Lookup, scope: Scope, before: Window, within: Window) -> dict[tuple[str | None, str | None], Row]:
    try:
        spans = {name: lookup.logged(scope, window) for name, window in (("before", before), ("within", within))}
    except NotMeasured:
        return {}
    counted: dict[tuple[str | None, str | None], Row] = defaultdict(dict)
    for name, reading in spans.items():
        for row in reading.rows:
            counted[row.service, row.region][f"logs_{name}"] = _counts(row)
    return counted


def _beside(row: Measured, units: dict[str, str], logged: Row) -> Row:
    """The signals that changed most, relative to before."""
    both = sorted(row.before.keys() & row.within.keys(), key=lambda name: -_change(row, name))[:MOST_SIGNALS]
    figures: Row = {"service": row.service, "region": row.region}
    for name in both:
        figures[name] = {"before": row.before[name], "within": row.within[name], "unit": units.get(name, "")}
    return figures | logged


def _change(row: Measured, name: str) -> float:
    before, within = row.before[name], row.within[name]
    return abs(within - before) / max(abs(before), abs(within), 1e-9)


def error_rate_by_service(lookup: Lookup, asked: InRegion, bounds: Bounds) -> Found:
    reading = lookup.logged(asked.scope, bounds.clamp(asked.window))
    rows = [{"service": row.service, "region": row.region, **_counts(row)} for row in reading.rows]
    rows.sort(key=lambda row: (-(row.get("error_share") or 0), -(row.get("errors") or 0)))
    return Found("Errors by service", reading, rows)


def _counts(row: Logged) -> Row:
    counts = row.model_dump(exclude={"service", "region"}, exclude_none=True)
    return counts | ({"error_share": round(row.errors / row.lines, 4)} if row.lines and row.errors is not None else {})


def deployment_timeline(lookup: Lookup, asked: InScope, bounds: Bounds) -> Found:
    reading: Reading[Deployed] = lookup.changes(asked.scope, bounds.clamp(asked.window))
    return Found("Deployments", reading, rows_of(reading.rows))


def search_logs(lookup: Lookup, asked: LogSearch, bounds: Bounds) -> Found:
    window = bounds.clamp(asked.window)
    reading = lookup.lines(asked.scope, window, words=asked.words, errors_only=asked.errors_only, limit=asked.limit)
    return Found("Log lines", reading, _told_once(rows_of(reading.rows)))


def _told_once(lines: list[Row]) -> list[Row]:
    """Lines that differ in their time alone are one, with its latest time and how often it was `seen` among them."""
    seen: dict[tuple[Any, ...], Row] = {}
    for line in lines:
        key = tuple(value for name, value in line.items() if name != "at")
        kept = seen.setdefault(key, {**line, "seen": 0})
        kept["seen"] += 1
        kept["at"] = max(kept["at"], line["at"])
    return list(seen.values())


def log_patterns(lookup: Lookup, asked: WithBaseline, bounds: Bounds) -> Found:
    before, within = bounds.clamp(asked.baseline), bounds.clamp(asked.window)
    earlier, now = (
        lookup.lines(asked.scope, window, words=None, errors_only=False, limit=LINES_FOR_PATTERNS)
        for window in (before, within)
    )
    names = {line.service for line in (*earlier.rows, *now.rows) if line.service}
    found = patterns.compare(Lines(_lines(earlier.rows), _lines(now.rows)), names)
    rows = [
        {"service": one.service, "trend": one.trend, "pattern": one.text, "example": one.example}
        | {"lines_before": one.before, "lines_within": one.within, "expected_within": one.expected}
        for one in found
    ]
    cut = max(earlier.total or 0, now.total or 0) > LINES_FOR_PATTERNS
    note = f"of each span the newest {LINES_FOR_PATTERNS} lines were compared" if cut else None
    whole = Reading[LogLine]([], now.index, Window(start=before.start, end=within.end), earlier.flaw or now.flaw)
    return Found("Log patterns that are new, surging or gone", whole, rows, note)


def _lines(rows: Iterable[LogLine]) -> list[Line]:
    return [Line(at=row.at, service=row.service or "", message=row.message, severity=_severity(row)) for row in rows]


def _severity(row: LogLine) -> Any:
    if row.level is None:
        return None
    level = row.level.lower()
    if row.error_type or level.startswith(("err", "fatal", "crit")):
        return "error"
    return "warning" if level.startswith("warn") else "normal"


def topology_neighbours(lookup: Lookup, asked: WithBaseline, bounds: Bounds) -> Found:
    reading = lookup.calls(bounds.clamp(asked.baseline), bounds.clamp(asked.window))
    rows = [_edge(row, asked.service) for row in reading.rows if asked.service in (None, row.caller, row.callee)]
    return Found("Calls to and from a service", reading, rows)


def _edge(row: Called, service: str | None) -> Row:
    side = None if service is None else "calls" if row.caller == service else "is called by"
    return {"direction": side, **row.model_dump(exclude_none=True)}


def incident_business_impact(lookup: Lookup, asked: InScope, bounds: Bounds) -> Found:
    reading = lookup.incidents(asked.scope, bounds.clamp(asked.window))
    sums: dict[tuple[str | None, ...], Row] = {}
    for row in reading.rows:
        key = (row.service, row.region, row.severity)
        total = sums.setdefault(key, dict(zip(("service", "region", "severity"), key, strict=True)))
        for name in COUNTS:
            value = 1 if name == "incidents" else getattr(row, name)
            if value is not None:
                total[name] = total.get(name, 0) + value
    rows = sorted(sums.values(), key=lambda row: -(row.get("revenue_lost_usd") or 0))
    return Found("What recorded incidents cost", reading, rows, "what nobody recorded is left out, and not zero")


def similar_incidents(lookup: Lookup, asked: Likeness, bounds: Bounds) -> Found:
    reading = lookup.past_incidents(asked.symptom, asked.scope, bounds.past(PAST))
    names = (
        "id",
        "at",
        "title",
        "summary",
        "service",
        "region",
        "severity",
        "status",
        "duration_minutes",
        "why",
        "helped",
    )
    rows = [{name: getattr(row, name) for name in names} for row in reading.rows[:10]]
    return Found("Similar incidents", reading, rows)


def _measured(lookup: Lookup, asked: WithBaseline, bounds: Bounds) -> tuple[Reading[Measured], Window]:
    within = bounds.clamp(asked.window)
    return lookup.measured(asked.scope, bounds.clamp(asked.baseline), within), within


def _of_window(within: Window) -> str:
    return f"`within` is the last {within.minutes:g} minutes of the span, what is before them is the baseline"
