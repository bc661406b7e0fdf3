"""Figures and moments of a report beside its evidence: of impact, of times, of the ranking."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

from worker.agent.grounding.report import counts, relations, roster
from worker.agent.grounding.report.fields import Path, slots
from worker.agent.grounding.report.known import Fact, Known, Moment, Subject, callers
from worker.domain.evidence import Evidence
from worker.domain.report import Quantity

FACTORS = (("grid intensity", "grams a kwh", "intensity"), ("power usage effectiveness", "pue", "pue"))
# Changes are looked for in so many hours before the onset (worker.analysis.study.ROLLOUT).
LOOKED_BACK = timedelta(hours=2)


def _factors(known: Known) -> Iterator[Fact]:
    """What the excess was reckoned with; of several regions it is not told which is whose."""
    for name, dimension, signal in FACTORS:
        values = [float(one["value"] or 0) for one in known.report.impact.carbon.factors if one["name"] == name]
        if len(values) == 1:
            yield Fact(values[0], dimension, Subject(None, known.scope.region), signal)


def of_impact(known: Known) -> None:
    """Everything of `impact` is of the report's own window and scope."""
    impact = known.report.impact
    for path, value in _numbers(impact.model_dump(exclude={"calculation"}), ()):
        if "factors" not in path:
            known.facts.append(_fact(value, path, known.scope))
    known.facts += [*_factors(known)]
    known.facts[:] = [*_ranked(known.facts)]
    hours = known.report.window.length / timedelta(hours=1)
    for end, value in _ends(impact.carbon.excess_co2_grams):
        known.facts.append(Fact(value / hours, "grams_per_hour", known.scope, "carbon", "excess", end=end))
    known.facts += [*_shares_of_excess(known)]
    excess, emitted = impact.carbon.excess_co2_grams, impact.carbon.actual_co2_grams
    if excess and emitted and emitted.likely:
        share = excess.likely / emitted.likely
        known.facts.append(Fact(share, "share", known.scope, "carbon", "excess", whole="emissions"))
    if excess and excess.low <= 0 <= excess.high:
        # The excess cannot be told from it.
        known.facts.append(Fact(0.0, "zero", known.scope))
    if impact.carbon.sci:
        known.facts += [
            Fact(float(number.replace(",", "")), "requests", known.scope, "functional unit")
            for number in re.findall(r"\d[\d,]*", impact.carbon.sci.functional_unit)
        ]


def _shares_of_excess(known: Known) -> Iterator[Fact]:
    parts = [one for one in known.facts if one.whole == "excess" and one.dimension == "grams" and one.end is None]
    total = sum(one.value for one in parts)
    for one in parts if total > 0 else []:
        yield replace(one, value=one.value / total, dimension="share", signal="part of a rise", rank=None)


def _ranked(facts: list[Fact]) -> Iterator[Fact]:
    """Each part of the excess, and each type of errors of a service, with its place among the others."""
    groups: dict[tuple[object, ...], list[float]] = {}
    for fact in facts:
        if key := _parts_of(fact):
            groups.setdefault(key, []).append(fact.value)
    for fact in facts:
        values = groups.get(_parts_of(fact) or (), [])
        rank = (
            "largest"
            if values and fact.value == max(values)
            else "smallest"
            if values and fact.value == min(values)
            else None
        )
        yield replace(fact, rank=rank)


def _parts_of(fact: Fact) -> tuple[object, ...] | None:
    """What the figure is one part of several of; None for all others."""
    if fact.whole in ("emissions", "rise", "by name"):
        return (fact.dimension, fact.role, fact.evidence)
    is_part = fact.whole == "excess" or (fact.signal == "errors" and fact.dimension == "lines" and fact.of)
    return (fact.dimension, fact.subject, fact.role, fact.end, fact.whole) if is_part else None


def _is_split(path: Path) -> bool:
    return "split" in path or "cost_split" in path


def _fact(value: float, path: Path, scope: Subject) -> Fact:
    found = slots(path)
    end = path[-1] if path[-1] in ("low", "high") else None
    return Fact(
        value * found.factor,
        found.dimension,
        scope,
        found.signal,
        _role(path),
        statistic=found.statistic,
        whole="excess" if _is_split(path) else found.whole,
        of=path[-2] if _is_split(path) else None,
        end=end,
    )


def _role(path: Path) -> str | None:
    """Emissions are told as what was, what was expected, and the excess; everything else is only of the incident."""
    if path[:2] == ("users", "requests_slowed"):
        # More than usual by itself.
        return None
    if path[0] == "users":
        return "usual" if any("baseline" in part for part in path) else "now"
    if path[:2] == ("carbon", "sci"):
        return "usual" if path[-1] == "baseline" else "now"
    if path[0] != "carbon" or "split" in path:
        return "usual" if "baseline" in path[-1] else None
    return next((role for part, role in _OF_CARBON if part in path[1]), None)


_OF_CARBON = (("excess", "excess"), ("expected", "usual"), ("actual", "now"))


def _ends(quantity: Quantity | None) -> list[tuple[str | None, float]]:
    return [("low", quantity.low), (None, quantity.likely), ("high", quantity.high)] if quantity else []


def _numbers(value: Any, path: Path) -> Iterator[tuple[Path, float]]:
    match value:
        case Mapping():
            for key, item in value.items():
                yield from _numbers(item, (*path, str(key)))
        case bool():
            return
        case int() | float():
            yield path, float(value)


def moments(known: Known) -> None:
    report = known.report
    known.moments += [
        Moment(report.window.start, "onset", *known.scope),
        *(Moment(report.window.end, "end"), Moment(report.alert.date, "alert")),
        *(Moment(report.baseline.start, "baseline"), Moment(report.baseline.end, "baseline")),
        *(Moment(past.at, "past") for past in report.similar_incidents),
        *([Moment(report.known_by, "known by")] if report.known_by else []),
        *(Moment(cause.onset, "onset", cause.service, cause.region) for cause in report.candidates if cause.onset),
    ]
    # The onset that distances are told to is the report's, not that of each signal.
    root = report.root_cause.service if report.root_cause else None
    for change in known.changes:
        onsets = {
            report.window.start,
            *(first for first in [_first_onset(change.service, known)] if first),
            *(
                one.onset
                for one in report.candidates
                if one.onset and one.service in (root, report.service, change.service)
            ),
        }
        if change.at:
            known.moments.append(Moment(change.at, "change", change.deployment_id))
            known.facts += [
                Fact(
                    (at - change.at).total_seconds(),
                    "seconds",
                    Subject(change.service),
                    signal,
                    of=change.deployment_id,
                )
                for signal, others in (("change", onsets), ("to alert", {report.alert.date}))
                for at in others
            ]


def _first_onset(service: str | None, known: Known) -> datetime | None:
    """When the first of its signals rose."""
    own = [one.at for one in known.moments if (one.kind, one.of) == ("onset", service) and one.signal]
    return min(own, default=None)


def distances(known: Known) -> Iterator[Fact]:
    """From one service's onset to another's, and from the onset to the alert."""
    begun: dict[str, list[datetime]] = {}
    for one in known.moments:
        if one.kind == "onset" and one.of:
            begun.setdefault(one.of, []).append(one.at)
    # The window begins a little before the onset of the alerted service.
    first = {service: at for service, found in begun.items() if (at := relations.first_onset(found, known))}
    for service, other in permutations(first, 2):
        yield Fact((first[service] - first[other]).total_seconds(), "seconds", Subject(service), "between", of=other)
    made = {one.service: one.at for one in known.changes if one.at and one.service}
    for service, other in permutations(made, 2):
        yield Fact(
            (made[service] - made[other]).total_seconds(), "seconds", Subject(service), "between changes", of=other
        )
    for at in begun.get(known.report.service or "", [known.report.window.start]):
        yield Fact((known.report.alert.date - at).total_seconds(), "seconds", known.scope, "until alert")


def rest(known: Known) -> None:
    report = known.report
    known.facts += [
        Fact(report.window.length.total_seconds(), "seconds", signal="span"),
        Fact(LOOKED_BACK.total_seconds(), "seconds", signal="looked back"),
        Fact(report.baseline.length.total_seconds(), "seconds", signal="baseline"),
        Fact(len(report.similar_incidents), "incidents", Subject(report.service)),
    ]
    known.facts += [
        *_unsampled(known),
        *_equivalents(known),
        *_callers(known),
        *_days(known),
        *counts.facts(known),
        *_alerted(known),
    ]
    for candidate in report.candidates:
        known.facts.append(Fact(candidate.confidence, "confidence", Subject(candidate.service)))
        known.facts.append(Fact(candidate.rank, "place", Subject(candidate.service)))
    if report.confidence is not None:
        root = report.root_cause
        known.facts.append(Fact(report.confidence, "confidence", of=root.service if root else None))
    failed = report.impact.users.requests_failed
    if failed:
        minutes = report.window.length / timedelta(minutes=1)
        known.facts.append(Fact(failed.likely / minutes, "per_minute", known.scope, "errors"))
    share = next((fact.value for fact in known.facts if _is_failed_share(fact, known)), None)
    if failed and share:
        known.facts.append(Fact(failed.likely / share, "requests", known.scope, "traffic"))
    timed = next((item.result["lines"]["timed"] for item in report.evidence if _has_timed(item, known)), None)
    if sampled := re.search(r"\b(\d+) of ([\d,]+) sampled log lines\b", report.sections.user_impact):
        known.facts.append(Fact(float(sampled[2].replace(",", "")), "lines", known.scope, "lines", "now"))
        known.facts.append(Fact(float(sampled[1]), "lines", known.scope, "errors", "now"))
    if served := re.search(r"[\d)] of (?:about )?([\d,]+) requests failed\b", report.sections.user_impact):
        known.facts.append(Fact(float(served[1].replace(",", "")), "requests", known.scope, "traffic"))
    known.facts += [*_faster(known)]
    if timed and share is not None:
        known.facts.append(Fact(round(timed * share), "lines", known.scope, "errors", "now"))


def _alerted(known: Known) -> Iterator[Fact]:
    """What the rule compared with its threshold."""
    alert = known.report.alert
    if alert.value is None:
        return
    yield Fact(alert.value, "count", known.scope)
    limit = re.search(r"\bgreater than (\d+(?:\.\d+)?)$", alert.conditions)
    if limit and float(limit[1]):
        # "It exceeded the threshold by less than 1 %".
        beyond = alert.value / float(limit[1])
        yield Fact(beyond - 1, "share", known.scope, "threshold")
        yield Fact(beyond, "times", known.scope, "threshold")
    for field, factor, dimension in _COMPARED:
        if re.search(field, alert.conditions):
            yield Fact(factor * alert.value, dimension, known.scope, "alerted")


# What a rule compares → (factor to its base, dimension).
_COMPARED = (
    (r"^count ", 1.0, "lines"),
    (r"avg\(latency_ms\)", 0.001, "seconds"),
    (r"emissions_kg_co2e", 1000.0, "grams"),
    (r"co2_grams", 1.0, "grams"),
)


def _days(known: Known) -> Iterator[Fact]:
    """How many earlier days it was compared with, as the template tells it."""
    found = re.findall(r"(?:\(|\bthe last )(\d+) (?:earlier )?days?\b", known.report.sections.overview)
    for days in found[:1]:
        yield Fact(86_400.0 * float(days), "seconds", signal="days")


def _unsampled(known: Known) -> Iterator[Fact]:
    """ "No sample speaks of 7 of the window's 10 minutes"."""
    for gap in known.report.gaps:
        for minutes in re.findall(r"\bno sample speaks of (\d+) of the window's", gap.reason):
            yield Fact(float(minutes), "count", known.scope, "unsampled")
            yield Fact(60 * float(minutes), "seconds", known.scope, "unsampled")


def _faster(known: Known) -> Iterator[Fact]:
    """ "None of the 13 timed lines was faster than the usual p95": the others."""
    for item in known.report.evidence:
        lines = item.result.get("lines")
        if not isinstance(lines, dict) or "timed" not in lines:
            continue
        of = roster.subject_of(item.title, known)
        for many in (value for name, value in lines.items() if name.startswith("slower_than")):
            yield Fact(lines["timed"] - many, "lines", of, "latency", "now", item.id, statistic="faster")


def _equivalents(known: Known) -> Iterator[Fact]:
    """ "About 1.4 smartphone charges"."""
    for many, what in re.findall(r"\babout ([\d.,]+) ([a-z]\w+)", known.report.impact.carbon.comparison or ""):
        yield Fact(float(many.replace(",", "")), "count", known.scope, "equivalent", of=what)


def _callers(known: Known) -> Iterator[Fact]:
    """ "Two callers of ledger"."""
    for callee in {callee for _, callee in known.calls}:
        yield Fact(len(callers(callee, known)), "of callers", Subject(callee))


def _has_timed(item: Evidence, known: Known) -> bool:
    lines = item.result.get("lines")
    return isinstance(lines, dict) and "timed" in lines and roster.subject_of(item.title, known) == known.scope


def _is_failed_share(fact: Fact, known: Known) -> bool:
    return (fact.signal, fact.role, fact.dimension) == ("errors", "now", "share") and fact.subject == known.scope
