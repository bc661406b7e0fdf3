"""The parts of the analysis put together: what deviates, whose calls are slower, what the logs say, who comes first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from worker.analysis.system import calls, patterns
from worker.analysis.system.anomaly import WEIGHTS, Anomaly, anomaly, is_earlier_peak
from worker.analysis.system.topology import Topology
from worker.analysis.system.weighing import Account, Findings, weigh
from worker.domain.telemetry import (
    CallHistory,
    Calls,
    Edge,
    Floats,
    Line,
    Lines,
    Metric,
    Scope,
    Survey,
)
from worker.domain.window import Window

# Earlier days are looked at so long before and after the window's time of day.
PEAK_HALF_WIDTH = timedelta(hours=3)
DAY = timedelta(days=1)
# A hundredth of the requests counts two fifths.
FEW_REQUESTS = 0.2
OF_REQUESTS = ("latency", "errors", "availability")
# What the alert is about counts at least so much once it is above all that earlier days reached at this hour.
ABOVE_PEAKS = 1.0


@dataclass(frozen=True)
class Look:
    """All that is known before log lines were read. `series`: service → metric's name → values on the fine grid.

    `spelled`: a name in lower case → as the calls spell it.
    """

    survey: Survey
    window: Window
    alerted: str | None
    series: dict[str, dict[str, Floats]]
    findings: Findings
    spelled: dict[str, str]

    def accounts(self, lines: Lines) -> list[Account]:
        """The likeliest first, with what the log lines add."""
        return weigh(self.with_lines(lines))

    def with_lines(self, lines: Lines) -> Findings:
        spelled = [_renamed(found, self.spelled) for found in (lines.before, lines.within)]
        known = Lines(spelled[0], spelled[1], lines.is_sample)
        changed = patterns.compare(known, {*self.series, *self.findings.topology.services})
        return replace(self.findings, patterns=changed)


def look(survey: Survey, asked: Scope, signal: str | None, window: Window) -> Look:
    spelled = _spelling(survey)
    known = _respelled(survey.calls, spelled)
    topology = Topology.of({*known.edges, *((_as(a, spelled), _as(b, spelled)) for a, b in survey.topology)})
    series = _series(survey, asked.region, spelled)
    alerted = _as(asked.service, spelled) if asked.service else None
    slower = calls.slower_edges(known)
    findings = Findings(
        anomalies=_anomalies(survey, series, window, alerted, signal),
        slower=slower,
        shares=calls.share_the_excess(known, slower, topology),
        fewer=calls.fewer_calls(known),
        patterns=(),
        topology=topology,
        alerted=alerted,
    )
    return Look(survey, window, alerted, series, findings, spelled)


def _spelling(survey: Survey) -> dict[str, str]:
    """A name in lower case → as the calls spell it, where they spell it in one way: a load generator's `Frontend` is
    `frontend`. Names that the calls tell apart by their case are two."""
    ways: dict[str, set[str]] = {}
    for edge in [*survey.calls.edges, *survey.topology]:
        for name in edge:
            ways.setdefault(name.lower(), set()).add(name)
    return {lowered: next(iter(names)) for lowered, names in ways.items() if len(names) == 1}


def _as(name: str, spelled: dict[str, str]) -> str:
    return spelled.get(name.lower(), name)


def _renamed(lines: Iterable[Line], spelled: dict[str, str]) -> list[Line]:
    return [replace(line, service=_as(line.service, spelled)) for line in lines]


def _respelled(known: Calls, spelled: dict[str, str]) -> Calls:
    sources: dict[str, dict[Edge, CallHistory]] = {
        source: {(_as(a, spelled), _as(b, spelled)): history for (a, b), history in histories.items()}
        for source, histories in known.sources.items()
    }
    return Calls(sources, known.moments)


def _series(survey: Survey, region: str | None, spelled: dict[str, str]) -> dict[str, dict[str, Floats]]:
    """The metrics with a role of each service: its regions averaged, or added up where the metric does."""
    tables: dict[str, dict[str, list[Floats]]] = {}
    for scope, series in sorted(survey.recent.items(), key=lambda item: (item[0].service or "", item[0].region or "")):
        if scope.service and region in (None, scope.region):
            own = tables.setdefault(_as(scope.service, spelled), {})
            for name in survey.metrics:
                if (values := series.get(name)) is not None:
                    own.setdefault(name, []).append(values)
    return {
        service: {name: _combined(rows, survey.metrics[name]) for name, rows in own.items()}
        for service, own in tables.items()
    }


def _combined(rows: list[Floats], metric: Metric) -> Floats:
    if len(rows) == 1:
        return rows[0]
    table = np.array(rows)
    known = np.isfinite(table)
    total = np.where(known, table, 0.0).sum(axis=0)
    return np.where(known.any(axis=0), total if metric.adds_up else total / np.maximum(known.sum(axis=0), 1), np.nan)


def _anomalies(
    survey: Survey, series: dict[str, dict[str, Floats]], window: Window, alerted: str | None, signal: str | None
) -> dict[str, list[Anomaly]]:
    within = survey.fine.mask(window)
    before = np.arange(survey.fine.count) < int(np.argmax(within)) if within.any() else ~within
    found: dict[str, list[Anomaly]] = {}
    busy = _busyness(survey, series, alerted)
    for service, metrics in series.items():
        own = [anomaly(values, before, within, survey.metrics[name]) for name, values in metrics.items()]
        found[service] = [_by_busyness(one, busy.get(service, 1.0)) for one in own if one]
        if service == alerted:
            found[service] = [
                _against_earlier_days(one, metrics[one.metric.name], survey, window, is_asked=_is_asked(one, signal))
                for one in found[service]
            ]
    return found


def _busyness(survey: Survey, series: dict[str, dict[str, Floats]], alerted: str | None) -> dict[str, float]:
    """Service → 0–1: what its failures and delays count, being those of fewer requests than the alerted one's."""
    requests = {service: amount for service, metrics in series.items() if (amount := _requests(survey, metrics))}
    reference = requests.get(alerted or "") or max(requests.values(), default=0.0)
    return {service: min(1.0, amount / reference) ** FEW_REQUESTS for service, amount in requests.items()}


def _requests(survey: Survey, metrics: dict[str, Floats]) -> float:
    flows = [values for name, values in sorted(metrics.items()) if survey.metrics[name].role == "traffic"]
    known = [float(np.nanmean(values)) for values in flows if np.isfinite(values).any()]
    return max(known, default=0.0)


def _by_busyness(one: Anomaly, busy: float) -> Anomaly:
    return replace(one, strength=one.strength * busy) if one.metric.role in OF_REQUESTS else one


def _is_asked(one: Anomaly, signal: str | None) -> bool:
    return signal in (one.metric.name, one.metric.role)


def _against_earlier_days(one: Anomaly, values: Floats, survey: Survey, window: Window, *, is_asked: bool) -> Anomaly:
    """Of the alerted service more days are known: what they reached at this hour is no news, what is above it is."""
    strength = one.strength
    # What a rule watches matters to those who wrote it, whatever its kind.
    if is_asked and WEIGHTS[one.metric.role] > 0:
        strength /= WEIGHTS[one.metric.role]
    # A rule fires at the highest sample: that is compared, even where the window as a whole is low.
    if one.metric.worse == "down" or (one.rise < 0 and not is_asked):
        return replace(one, strength=strength)
    is_peak = is_earlier_peak(values, survey.fine.mask(window), _earlier_maxima(survey, one.metric.name, window))
    if is_peak:
        strength = 0.0
    elif is_peak is not None and is_asked and strength < ABOVE_PEAKS:
        highest = float(np.nanmax(values[survey.fine.mask(window)]))
        return replace(one, strength=ABOVE_PEAKS, actual=highest)
    return replace(one, strength=strength)


def _earlier_maxima(survey: Survey, name: str, window: Window) -> Floats:
    """The highest sample around this time of day, for each earlier day that was read; NaN where none is known."""
    rows = [peaks[name] for peaks in survey.peaks.values() if name in peaks]
    if not rows:
        return np.array([])
    table = np.where(np.isfinite(rows), rows, -np.inf).max(axis=0)
    middle = window.start + (window.end - window.start) / 2
    days = int((middle - survey.coarse.start) / DAY)
    found = [_highest(table, survey, middle - day * DAY) for day in range(1, days + 1)]
    return np.array(found)


def _highest(table: Floats, survey: Survey, middle: datetime) -> float:
    around = survey.coarse.mask(Window(start=middle - PEAK_HALF_WIDTH, end=middle + PEAK_HALF_WIDTH))
    highest = table[around].max(initial=-np.inf)
    return float(highest) if np.isfinite(highest) else float("nan")
