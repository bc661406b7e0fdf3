"""The signals of a scope with what each should have been.

| signal   | value                                  | expectation                                           |
|----------|----------------------------------------|-------------------------------------------------------|
| carbon   | g/min                                  | earlier days, or the hours before                     |
| carbon_per_demand | g/min                         | the line through (requests, g/min) at today's requests |
| cpu      | %                                      | as carbon_per_demand                                  |
| memory   | %                                      | earlier days, or the hours before                     |
| traffic  | requests/min                           | earlier days, or the hours before                     |
| errors   | share of log lines that are errors     | the hours before, and the days before                 |
| retries  | share of log lines that are retries    | the same                                              |
| latency  | mean ms of the log lines that have one | the same                                              |
| silence  | log lines a minute, negated            | earlier days, or the hours before                     |
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

import numpy as np
from scipy import stats

from worker.analysis import baseline
from worker.analysis.baseline import Expectation, Mask, TrafficModel
from worker.analysis.deviation import Deviation, Signal, deviation, onset
from worker.domain.telemetry import Floats, Scope, Series, Survey
from worker.domain.window import Window

# A window's mean within this share of the expected is never news, whatever the noise.
FLOOR_SHARE = {
    "carbon": 0.02,
    "carbon_per_demand": 0.02,
    "cpu": 0.02,
    "memory": 0.02,
    "traffic": 0.02,
    "latency": 0.03,
    "silence": 0.05,
}
FLOOR_ERRORS = 0.002
RATIOS = {
    "errors": ("errors", "lines"),
    "retries": ("retries", "lines"),
    "latency": ("latency_sum_ms", "latency_count"),
}
COUNTED = frozenset({"lines", "errors", "retries", "latency_sum_ms", "latency_squares", "latency_count"})
LATENCIES = ("latency_sum_ms", "latency_squares", "latency_count")
# Of the hours read minute by minute, the first share is the baseline until an onset is known.
BEFORE_SHARE = 0.6
FEWEST_BEFORE = timedelta(minutes=45)
# Counts that log only errors say nothing as a share of lines.
ONLY_ERRORS_SHARE = 0.5
CARRY_SAMPLES = 10
FELL_Z = 5.0
FELL_RATIO = 0.85
# Fewer requests a minute than these are none.
LEAST_TRAFFIC = 0.01
MATERIAL_RETRIES = 0.01
LEAST_RETRIES = 0.002
RETRIES_BY_CHANCE = 0.005
# A share of fewer lines than these is not judged by the rule's window alone, but by up to so long a time.
# Coarse buckets that the hours read minute by minute cover.
TODAY = 8
MIN_LINES = 12
LONGEST = timedelta(minutes=20)
# A baseline of fewer lines than these borrows from the days before.
THIN_LINES = 300


@dataclass
class Reading:
    """Everything measured of one scope: signals, deviations in the window, and the model of its traffic."""

    scope: Scope
    series: Series
    signals: dict[str, Signal]
    deviations: dict[str, Deviation]
    expectations: dict[str, Expectation] = field(default_factory=dict)
    traffic_model: TrafficModel | None = None
    days: dict[str, Floats] = field(default_factory=dict)

    def z(self, name: str) -> float:
        found = self.deviations.get(name)
        return found.z if found else 0.0


def combine(series: Iterable[Series]) -> Series:
    """The sum of several scopes: flows and counts are added, levels averaged, a gap is bridged for a while."""
    every = _of_one_share(list(series))
    names = {name for one in every for name in one.values}
    combined: dict[str, Floats] = {}
    for name in names:
        table = np.array([one.values[name] for one in every if name in one.values])
        if name in COUNTED:
            combined[name] = table.sum(axis=0)
        elif name == "carbon_grams":
            combined[name] = _sum_known(table)
        elif name in ("cpu", "memory", "carbon_minutes"):
            combined[name] = _mean_known(table)
        else:
            combined[name] = _sum_of_flows(list(table))
    return Series(combined, min((one.read_share for one in every), default=1.0))


def _of_one_share(every: list[Series]) -> list[Series]:
    """Where of some only a part of the lines was read, the others' latency weighs as if it were the same part."""
    least = min((one.read_share for one in every), default=1.0)
    if all(one.read_share == least for one in every):
        return every
    return [
        Series(
            {name: one.values[name] * (least / one.read_share if name in LATENCIES else 1.0) for name in one.values},
            least,
        )
        for one in every
    ]


def _sum_of_flows(rows: Sequence[Floats]) -> Floats:
    """Unknown while one of them pauses for longer than it is carried on: without it the sum would seem to fall."""
    carried = np.array([_carry_on(row) for row in rows])
    total = _sum_known(carried)
    for row, one in zip(rows, carried, strict=True):
        known = np.flatnonzero(np.isfinite(row))
        if known.size:
            within = slice(known[0], known[-1])
            total[within] = np.where(np.isfinite(one[within]), total[within], np.nan)
    return total


def _sum_known(table: Floats) -> Floats:
    return np.where(np.isfinite(table).any(axis=0), np.nansum(table, axis=0), np.nan)


def _mean_known(table: Floats) -> Floats:
    count = np.isfinite(table).sum(axis=0)
    return np.where(count > 0, np.nansum(table, axis=0) / np.maximum(count, 1), np.nan)


def _carry_on(row: Floats) -> Floats:
    places = np.arange(row.size)
    last = np.maximum.accumulate(np.where(np.isfinite(row), places, -1))
    carried = np.where(last >= 0, row[np.maximum(last, 0)], np.nan)
    return np.where(places - last <= CARRY_SAMPLES, carried, np.nan)


def series_of(table: dict[Scope, Series], scope: Scope) -> Series | None:
    parts = [series for part, series in table.items() if scope.covers(part)]
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else combine(parts)


@dataclass
class Reader:
    """Reads scopes of one survey, each once for each window."""

    survey: Survey
    _known: dict[tuple[Scope, Window, datetime | None], Reading | None] = field(default_factory=dict)

    def read(self, scope: Scope, window: Window, onset_known: datetime | None = None) -> Reading | None:
        """Signals and deviations of `scope` in `window`; None if it has no telemetry at all.

        With `onset_known` everything before it is the baseline.
        """
        key = (scope, window, onset_known)
        if key not in self._known:
            self._known[key] = self._read(scope, window, onset_known)
        return self._known[key]

    def parts(self, scope: Scope, window: Window, onset_known: datetime | None = None) -> list[Reading]:
        """The readings of the single services and regions that `scope` covers."""
        covered = [part for part in self.survey.scopes if scope.covers(part)]
        return [reading for part in covered if (reading := self.read(part, window, onset_known))]

    def _read(self, scope: Scope, window: Window, onset_known: datetime | None) -> Reading | None:
        survey = self.survey
        recent, past = series_of(survey.recent, scope), series_of(survey.past, scope) or Series()
        if recent is None:
            return None
        before = before_mask(survey, window, onset_known)
        reading = Reading(scope, recent, {}, {})
        _add_flows(reading, survey, past, before)
        if scope in survey.recent:
            _add_per_demand(reading, past, before)
        else:
            _add_sum_per_demand(reading, self.parts(scope, window, onset_known))
        _add_ratios(reading, past, before)
        _add_deviations(reading, survey, window, before, is_since_onset=onset_known is not None)
        return reading


def _add_deviations(reading: Reading, survey: Survey, window: Window, before: Mask, *, is_since_onset: bool) -> None:
    whole = survey.fine.mask(window)
    for signal in reading.signals.values():
        inside = whole if is_since_onset else _enough(signal, survey, window, whole)
        if found := deviation(signal, inside, before):
            since = partial(onset, signal, inside, before, survey.fine) if found.z > 0 else found.since
            reading.deviations[signal.name] = replace(found, since=since)


def retries_set_in(reading: Reading) -> bool:
    """Whether more requests are retried than usual: then a rise of requests is theirs and not demand.

    Retries that were never seen before are believed sooner than they would be as a spike of their own.
    """
    retries = reading.deviations.get("retries")
    if retries is None or retries.rise < MATERIAL_RETRIES:
        return False
    hits, lines = round(retries.actual * retries.weight), max(1, round(retries.weight))
    by_chance = stats.binom.sf(hits - 1, lines, max(retries.expected, LEAST_RETRIES))
    return bool(by_chance < RETRIES_BY_CHANCE)


def requests_fell(reading: Reading) -> bool:
    """Whether fewer requests came than usual, beyond noise: they are lost to what went wrong, not to less demand."""
    traffic = reading.deviations.get("traffic")
    return traffic is not None and traffic.z <= -FELL_Z and traffic.ratio <= FELL_RATIO


def _enough(signal: Signal, survey: Survey, window: Window, inside: Mask) -> Mask:
    """The window, or a longer one with the same end where it holds too few counted things to judge by."""
    start = window.start
    while signal.is_counted and window.end - start < LONGEST and signal.weights[inside].sum() < MIN_LINES:
        start -= survey.fine.step
        inside = survey.fine.mask(Window(start=start, end=window.end))
    return inside


def before_mask(survey: Survey, window: Window, onset_known: datetime | None) -> Mask:
    fine = survey.fine
    end = fine.time(int(fine.count * BEFORE_SHARE))
    if onset_known and onset_known - fine.start >= FEWEST_BEFORE:
        end = onset_known
    return fine.mask(Window(start=fine.start, end=max(min(end, window.start), fine.start + timedelta(minutes=10))))


def _add_flows(reading: Reading, survey: Survey, past: Series, before: Mask) -> None:
    for name in ("carbon", "memory", "traffic", "lines"):
        values = reading.series.get(name)
        if values is None or not (values > 0).any():
            continue
        earlier = past.get(name)
        if earlier is not None and name == "lines":
            # No line at all tells of no telemetry yet rather than of a silent day.
            earlier = np.where(earlier > 0, earlier * (survey.fine.step_seconds / survey.coarse.step_seconds), np.nan)
        days = (
            baseline.earlier_days(survey.fine, survey.coarse, earlier)
            if earlier is not None
            else np.empty((0, values.size))
        )
        expectation = baseline.from_the_past(values, before, days)
        reading.expectations[name], reading.days[name] = expectation, days
        if name == "lines":
            reading.signals["silence"] = _plain("silence", -values, -expectation.likely)
        else:
            reading.signals[name] = _plain(name, values, expectation.likely)


def _plain(name: str, values: Floats, expected: Floats) -> Signal:
    floor = FLOOR_SHARE[name] * abs(baseline.median(expected))
    return Signal(name, values, expected, np.ones(values.size), floor)


def _add_per_demand(reading: Reading, past: Series, before: Mask) -> None:
    traffic = reading.series.get("traffic")
    if traffic is None:
        return
    for name, shown in (("carbon", "carbon_per_demand"), ("cpu", "cpu")):
        values = reading.series.get(name)
        if values is None:
            continue
        model = baseline.fit_traffic(_pairs(reading.series, past, name, before))
        if model is None:
            continue
        if name == "carbon":
            reading.traffic_model = model
        reading.signals[shown] = _plain(shown, values, model.predict(traffic))


def _add_sum_per_demand(reading: Reading, parts: list[Reading]) -> None:
    """Of several scopes: the sum of what each should emit for its own requests, for they differ."""
    expected = [part.signals["carbon_per_demand"].expected for part in parts if "carbon_per_demand" in part.signals]
    values = reading.series.get("carbon")
    if expected and values is not None:
        reading.signals["carbon_per_demand"] = _plain("carbon_per_demand", values, _sum_of_flows(expected))


def _pairs(recent: Series, past: Series, name: str, before: Mask) -> tuple[Floats, Floats]:
    """(traffic, value): of the hours before, and of the days before that."""
    traffic, values = [recent.values["traffic"][before]], [recent.values[name][before]]
    if name in past.values and "traffic" in past.values:
        traffic.append(past.values["traffic"][:-TODAY])
        values.append(past.values[name][:-TODAY])
    return np.concatenate(traffic), np.concatenate(values)


def _add_ratios(reading: Reading, past: Series, before: Mask) -> None:
    for name, (part, whole) in RATIOS.items():
        numerator, denominator = reading.series.get(part), reading.series.get(whole)
        if numerator is None or denominator is None or not denominator.any():
            continue
        if name == "errors" and _share(numerator, denominator, before) > ONLY_ERRORS_SHARE:
            denominator = _requests(reading.series, denominator)
        with np.errstate(divide="ignore", invalid="ignore"):
            values = np.where(denominator > 0, numerator / denominator, np.nan)
        usual = _usual(numerator, denominator, past, (part, whole), before)
        if usual is None:
            continue
        expected = np.full(values.size, usual)
        floor = _ratio_floor(name, usual, denominator)
        squares = reading.series.values["latency_squares"] if name == "latency" else None
        reading.signals[name] = Signal(name, values, expected, denominator, floor, name != "latency", squares)


def _share(part: Floats, whole: Floats, before: Mask) -> float:
    total = whole[before].sum()
    return float(part[before].sum() / total) if total else 0.0


def _requests(series: Series, otherwise: Floats) -> Floats:
    traffic = series.get("traffic")
    if traffic is None:
        return otherwise
    known = np.nan_to_num(_carry_on(traffic))
    return np.where(known >= LEAST_TRAFFIC, known, 0.0)


def _usual(part: Floats, whole: Floats, past: Series, names: tuple[str, str], before: Mask) -> float | None:
    """The share over the hours before; where they are thin, together with the days before."""
    parts, total = float(part[before].sum()), float(whole[before].sum())
    if total < THIN_LINES and all(name in past.values for name in names):
        parts += float(past.values[names[0]][:-TODAY].sum())
        total += float(past.values[names[1]][:-TODAY].sum())
    return parts / total if total else None


def _ratio_floor(name: str, usual: float, whole: Floats) -> float:
    if name == "latency":
        return FLOOR_SHARE["latency"] * usual
    typical = max(1.0, baseline.median(whole[whole > 0]))
    share = min(max(usual, FLOOR_ERRORS), 0.5)
    return max(FLOOR_ERRORS, float(np.sqrt(share * (1 - share) / typical) / 3))
