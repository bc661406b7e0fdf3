"""A case where the profile tells metrics by their role, or who calls whom. Same steps as `study`, other evidence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import numpy as np

from worker.analysis.changes import near
from worker.analysis.deviation import Deviation, Signal
from worker.analysis.ranking import Suspect
from worker.analysis.signals import Reader, Reading, series_of
from worker.analysis.study import Case
from worker.analysis.system.anomaly import MOST_BITS, Anomaly
from worker.analysis.system.calibration import fitted
from worker.analysis.system.changes import Subject, guilty_change
from worker.analysis.system.look import Look, look
from worker.analysis.system.weighing import Account
from worker.domain.telemetry import Detail, Lines, Scope, Series, Survey
from worker.domain.window import Window

# Below so many weighted bits nothing points at anybody; from so many on an alert's own service deviates.
NOTHING, SOMETHING = 1.0, 0.5
MOST_CANDIDATES = 8
MOST_DETAILED = 4


def open_case(survey: Survey, asked: Scope, signal: str | None, window: Window) -> Case:
    """What deviates anywhere, before log lines are read."""
    seen = look(survey, asked, signal, window)
    scope = Scope(seen.alerted, asked.region) if seen.alerted else asked
    before = Window(start=min(survey.fine.start, window.start - survey.fine.step), end=window.start)
    case = Case(Reader(survey), asked, signal, scope, window, before, _reading(scope, seen))
    case.look = seen
    case.confirmed = _confirmed(case)
    case.onset = _onset(case)
    return case


def _reading(scope: Scope, seen: Look) -> Reading | None:
    """The metrics of one service in the form that charts and sentences are made from."""
    found = seen.findings.anomalies.get(scope.service or "", ())
    series = series_of(seen.survey.recent, scope)
    if not found and series is None:
        return None
    own = seen.series.get(scope.service or "", {})
    reading = Reading(scope, series or Series(), {}, {})
    for one in found:
        values = own[one.metric.name]
        flat = np.full(values.size, one.usual)
        reading.signals[one.metric.name] = Signal(one.metric.name, values, flat, np.ones(values.size), one.scale)
        reading.deviations[one.metric.name] = _deviation(one, seen)
    return reading


def _deviation(one: Anomaly, seen: Look) -> Deviation:
    onset = seen.survey.fine.time(one.onset) if one.strength > 0 else None
    weight = float(seen.survey.fine.mask(seen.window).sum())
    return Deviation(one.metric.name, one.z, one.actual, one.usual, weight, since=lambda: onset, metric=one.metric)


def _confirmed(case: Case) -> list[str]:
    """The alerted service's metrics that deviate: what the rule asked for first, then the strongest."""
    seen = case.look
    assert seen is not None
    own = [one for one in seen.findings.anomalies.get(seen.alerted or "", ()) if one.strength > 0]
    own.sort(key=lambda one: (case.signal not in (one.metric.name, one.metric.role), -one.strength, one.metric.name))
    return [one.metric.name for one in own]


def _onset(case: Case) -> datetime | None:
    found = [case.deviation(name) for name in case.confirmed[:3]]
    return min((one.onset for one in found if one and one.onset), default=None)


def suspects(case: Case) -> list[Suspect]:
    """Before the log lines: who shows something, the likeliest first."""
    assert case.look is not None
    accounts = case.look.accounts(Lines())
    return [_suspect(account, case) for account in accounts if account.direct > 0]


def worth_detail(case: Case) -> Iterator[Scope]:
    """The alerted service at once, if there is one; then the suspects are found, and given are the likeliest."""
    case.near_changes = near(case.survey.changes, case.onset or case.window.start)
    if case.scope.service:
        yield case.scope
    case.suspects = suspects(case)
    wanted = [one.scope for one in case.suspects[:MOST_DETAILED]]
    yield from dict.fromkeys(scope for scope in wanted if scope.service and scope != case.scope)


def close_case(case: Case, detail: Detail) -> None:
    """Ranks every service by all that is known now, and names the change that fits, if one does."""
    assert case.look is not None
    accounts = case.look.accounts(detail.lines)
    scores = [account.score for account in accounts]
    case.accounts = accounts
    case.confidence = fitted().confidence(scores)
    case.suspects = [_suspect(account, case) for account in accounts if account.score > 0]
    for one in case.suspects:
        one.detail = detail.scopes.get(one.scope)
    _share_confidence(case)
    _name_callers(case)
    if case.suspects:
        _blame_change(case)


def _blame_change(case: Case) -> None:
    """Its distance is told to the onset that the report names, and the evidence lists it, however far away it was."""
    first = case.suspects[0]
    blamed = guilty_change(case.survey.changes, _subject(case.accounts[0], case))
    if blamed is None:
        return
    onset = first.onset or case.onset or case.window.start
    first.change = replace(blamed, minutes_before_onset=(onset - blamed.change.at).total_seconds() / 60)
    if blamed.change not in case.near_changes:
        case.near_changes = sorted([*case.near_changes, blamed.change], key=lambda one: one.at, reverse=True)


def _suspect(account: Account, case: Case) -> Suspect:
    assert case.look is not None
    scope = Scope(account.service, case.scope.region)
    effects = {one.metric.name: min(one.strength / MOST_BITS, 0.999) for one in account.anomalies if one.strength > 0}
    reading = case.reading if scope == case.scope else _reading(scope, case.look)
    onset = None if account.onset is None else case.survey.fine.time(account.onset)
    factors = {"victim": 1 - account.explained, "place": account.place}
    return Suspect(scope, reading, None, effects, onset=onset, score=account.score, factors=factors, account=account)


def _share_confidence(case: Case) -> None:
    """The first has its calibrated confidence; the others share what is left, by their scores."""
    if not case.suspects:
        return
    case.suspects[0].confidence = case.confidence or 0.0
    rest = sum(one.score for one in case.suspects[1:])
    for one in case.suspects[1:]:
        one.confidence = (1 - (case.confidence or 0.0)) * one.score / (rest + case.suspects[0].score)


def _name_callers(case: Case) -> None:
    """Whose new errors name whom."""
    by_service = {one.scope.service: one for one in case.suspects}
    for account in case.accounts:
        errors = [pattern for pattern in account.patterns if pattern.is_error]
        total = sum(pattern.within for pattern in errors)
        for pattern in errors:
            for name in pattern.names:
                if (named := by_service.get(name)) and name != account.service:
                    named.named_by[account.service] = named.named_by.get(account.service, 0.0) + pattern.within / total


def _subject(account: Account, case: Case) -> Subject:
    assert case.look is not None
    own = case.look.series.get(account.service, {})
    metrics = [(case.survey.metrics[name], values) for name, values in sorted(own.items())]
    return Subject(account.service, metrics, account.patterns, case.survey.fine, case.window)
