"""Reads a report into what it knows: every figure with its unit and whose it is, every moment, name and quoted line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from worker.agent.grounding import claims, context, template, vocabulary
from worker.agent.grounding.known import Change, Fact, Known, Level, Moment, Subject
from worker.domain.report import Quantity, Report
from worker.domain.window import parse_time

# Changes are looked for in so many hours before the onset (worker.analysis.study.ROLLOUT).
LOOKED_BACK = timedelta(hours=2)

# Units that the template works out, and that say by themselves of what they are.
RATES = ("grams_per_minute", "grams_per_hour")
QUANTILES = ("p50", "p95", "p99")
USUAL = ("expected", "usual", "baseline", "before", "old", "in_baseline")
NOW = ("actual", "window", "within", "new", "in_window", "incident")
# Part of a field's name → (dimension, factor to its base: grams, seconds, shares of 1, dollars).
DIMENSIONS = (
    # Shares of the errors that name something.
    ("names/", ("share", 1.0)),
    ("carbon/split", ("grams", 1.0)),
    ("compute/split", ("vcpu_hours", 1.0)),
    ("cost_split", ("usd", 1.0)),
    ("users_share", ("share_of_users", 1.0)),
    ("share", ("share", 1.0)),
    ("percent", ("share", 0.01)),
    ("_pct", ("share", 0.01)),
    ("objective", ("share", 1.0)),
    ("budget_burnt", ("share", 1.0)),
    ("co2_grams", ("grams", 1.0)),
    ("latency_ms", ("seconds", 0.001)),
    ("_ms", ("seconds", 0.001)),
    ("_seconds", ("seconds", 1.0)),
    ("vcpu_hours", ("vcpu_hours", 1.0)),
    ("_usd", ("usd", 1.0)),
    ("revenue", ("usd", 1.0)),
    ("kwh", ("kwh", 1.0)),
    ("orders", ("orders", 1.0)),
    ("incidents", ("incidents", 1.0)),
    # `users/requests_failed` counts requests.
    ("requests", ("requests", 1.0)),
    ("users", ("users", 1.0)),
    ("in_window", ("lines", 1.0)),
    ("in_baseline", ("lines", 1.0)),
    ("lines", ("lines", 1.0)),
    ("within", ("lines", 1.0)),
    ("/before", ("lines", 1.0)),
    # Of tools: each error is a line.
    ("errors", ("lines", 1.0)),
)
# Signal → dimension of its `actual` and `expected`.
OF_SIGNALS = {
    "carbon": ("grams_per_minute", 1.0),
    "carbon_per_demand": ("grams_per_minute", 1.0),
    "errors": ("share", 1.0),
    "retries": ("share", 1.0),
    "latency": ("seconds", 0.001),
    "cpu": ("share", 0.01),
    "memory": ("share", 0.01),
    "traffic": ("per_minute", 1.0),
    "silence": ("per_minute", -1.0),
}
# Part of a path → the signal it speaks of.
SIGNALS = (
    *(("retr", "retries"), ("error", "errors"), ("failed", "errors"), ("latency", "latency"), ("slow", "latency")),
    *(("carbon", "carbon"), ("co2", "carbon"), ("cpu", "cpu"), ("memory", "memory"), ("traffic", "traffic")),
    *(("requests_per", "traffic"), ("p50", "latency"), ("p95", "latency"), ("p99", "latency")),
)
# Signals close enough that a number of one may be told as the other's.
CARBON = {"carbon", "carbon_per_demand"}


def known_of(report: Report) -> Known:
    known = Known(report)
    _names(known)
    for item in report.evidence:
        subject = _subject_of(item.title, known)
        _walk(known, item.result, subject, (), item.id)
        _lines(known, item.result)
    _impact(known)
    _moments(known)
    _rest(known)
    _told(known)
    known.words = vocabulary.words_of(report)
    known.said = template.said(known)
    return known


def _told(known: Known) -> None:
    """The ranking says what it rests on; the evidence does not repeat all of it."""
    for candidate in known.report.candidates:
        for text in (candidate.reason, candidate.against):
            known.facts += _of_text(text or "", Subject(candidate.service, candidate.region))
    for text in template.texts(known.report):
        # A figure without a unit is nothing without its sentence.
        known.facts += [fact for fact in _of_text(text, known.scope) if fact.dimension in RATES]


def _of_text(text: str, subject: Subject) -> list[Fact]:
    plain = claims.without_names(text)
    return [
        Fact(
            one.value,
            one.dimension or "count",
            subject,
            context.signal(one.span, plain),
            context.role(one.span, plain),
            detail=_of_lines(one.span, plain) or context.quantile(one.span, plain),
        )
        for one in claims.numbers(plain)
    ]


def _of_lines(span: claims.Span, text: str) -> str | None:
    is_lines = re.match(r" of (?:its|the) (?:sampled )?(?:log lines|others)|[^.;]{0,30}of the others", text[span[1] :])
    return "log lines" if is_lines else None


def _names(known: Known) -> None:
    report = known.report
    for cause in [*report.candidates, *([report.root_cause] if report.root_cause else [])]:
        _name(known, cause.service, cause.region, cause.deployment_id, cause.version, cause.error_type)
        if cause.deployment_id:
            versions = frozenset({cause.version} if cause.version else ())
            known.changes.append(Change(None, cause.service, cause.region, cause.deployment_id, versions))
        if cause.error_type:
            known.types.setdefault(cause.error_type, set()).add(cause.service or "")
    _name(known, report.service, report.region)
    for item in report.evidence:
        _names_in(known, item.result)
    known.lines += [report.alert.title, report.alert.rule_name, report.alert.conditions, report.alert.instance]
    for past in report.similar_incidents:
        _name(known, past.service, past.region, past.id)
        known.lines += [past.title, past.why]


def _name(known: Known, service: str | None, region: str | None, *others: str | None) -> None:
    known.services |= {service} if service else set()
    known.regions |= {region} if region else set()
    known.names |= {name for name in (service, region, *others) if name}


def _names_in(known: Known, value: Any) -> None:
    match value:
        case {"deployment_id": str(deployment_id)}:
            _change(known, deployment_id, value)
        case Mapping():
            _name(known, _text(value.get("service")), _text(value.get("region")), _text(value.get("name")))
            known.services |= set(map(str, value.get("edge") or ())) | set(map(str, value.get("missing") or ()))
            known.services |= {name for name in value.get("names") or () if isinstance(name, str)}
            for item in value.values():
                _names_in(known, item)
        case list() | tuple():
            for item in value:
                _names_in(known, item)


def _change(known: Known, deployment_id: str, found: Mapping[str, Any]) -> None:
    service, region, *versions = (
        _text(found.get(name)) for name in ("service", "region", "version", "previous_version")
    )
    _name(known, service, region, deployment_id, *versions)
    at = parse_time(str(found["at"])) if found.get("at") else None
    of = frozenset(version for version in versions if version)
    known.changes.append(Change(at, service, region, deployment_id, of))


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _subject_of(title: str, known: Known) -> Subject:
    """Evidence of one scope begins with it: `checkout, us-central1: …`."""
    for service in sorted(known.services, key=len, reverse=True):
        if title.startswith((f"{service}: ", f"{service}, ")):
            rest = title[len(service) :]
            region = next((one for one in known.regions if rest.startswith(f", {one}:")), None)
            return Subject(service, region)
    scope, colon, _ = title.partition(": ")
    if not colon or scope in known.regions:
        return Subject(None, scope if colon else None)
    service, _, region = scope.partition(", ")
    _name(known, service, region or None)
    return Subject(service, region or None)


def _walk(
    known: Known, value: Any, subject: Subject, path: tuple[str, ...], evidence: str, of_type: str | None = None
) -> None:
    match value:
        case Mapping():
            subject = Subject(
                _text(value.get("service")) or subject.service, _text(value.get("region")) or subject.region
            )
            if isinstance(value.get("name"), str) and "in_window" in value:
                known.types.setdefault(value["name"], set()).add(subject.service or "")
                of_type = value["name"]
            if "actual" in value and "expected" in value and path:
                _level(known, value, subject, path[-1], evidence)
                return
            for key, item in value.items():
                _walk(known, item, subject, (*path, str(key)), evidence, of_type)
        case list() | tuple():
            for item in value:
                _walk(known, item, subject, path, evidence, of_type)
        case int() | float() if not isinstance(value, bool):
            dimension, factor = _dimension(path)
            detail = _detail(path) or of_type
            signal = _kind(path, dimension) or _signal(path)
            known.facts.append(Fact(value * factor, dimension, subject, signal, _role(path), evidence, detail))


def _level(known: Known, value: Mapping[str, Any], subject: Subject, signal: str, evidence: str) -> None:
    dimension, factor = OF_SIGNALS.get(signal) or _dimension((signal,))
    actual, expected = float(value["actual"]) * factor, float(value["expected"]) * factor
    name = signal if signal in OF_SIGNALS else _signal((signal,)) or signal
    name = "carbon" if name in CARBON else name
    known.levels.append(
        Level(subject, name, float(value["actual"]), float(value["expected"]), float(value["standard_deviations"]))
    )
    detail = next((one for one in QUANTILES if one in signal), None)
    facts = [
        Fact(actual, dimension, subject, name, "now", evidence, detail),
        Fact(expected, dimension, subject, name, "usual", evidence, detail),
    ]
    # 21 % more is a ratio; of shares the difference is in points.
    apart = "points" if dimension == "share" else dimension
    facts.append(Fact(actual - expected, apart, subject, name, "excess", evidence))
    if expected > 0:
        facts.append(Fact(actual / expected, "times", subject, name, None, evidence))
        facts.append(Fact(actual / expected - 1, "share", subject, name, "excess", evidence))
    known.facts += facts
    if value.get("onset"):
        known.moments.append(Moment(parse_time(str(value["onset"])), "onset"))


def _dimension(path: tuple[str, ...]) -> tuple[str, float]:
    name = "/".join(path)
    if path and path[-1] in QUANTILES:
        return "seconds", 0.001
    return next((found for part, found in DIMENSIONS if part in name), ("count", 1.0))


def _signal(path: tuple[str, ...]) -> str | None:
    name = "/".join(path)
    return next((signal for part, signal in SIGNALS if part in name), None)


def _detail(path: tuple[str, ...]) -> str | None:
    if path[-1] in QUANTILES:
        return path[-1]
    return "log lines" if path[-1].startswith("error_share_") else None


def _kind(path: tuple[str, ...], dimension: str) -> str | None:
    """What no signal tells apart: money lost from money spent, errors from lines, a part of a rise from other parts."""
    if dimension == "usd":
        return "revenue" if re.search(r"revenue|loss|lost", "/".join(path)) else "cost"
    if dimension == "lines":
        return "errors" if re.search(r"in_window|in_baseline|errors", path[-1]) else None
    return "part of a rise" if path[:1] == ("parts",) and dimension == "share" else None


def _role(path: tuple[str, ...]) -> str | None:
    for part in reversed(path):
        words = part.split("_")
        if part in USUAL or words[-1] in USUAL or (len(words) > 1 and words[-2] in USUAL):
            return "usual"
        if part in NOW or words[-1] in NOW or (len(words) > 1 and words[-2] in NOW):
            return "now"
    return None


def _lines(known: Known, value: Any) -> None:
    match value:
        case str():
            known.lines.append(value)
        case Mapping():
            for item in value.values():
                _lines(known, item)
        case list() | tuple():
            for item in value:
                _lines(known, item)


def _impact(known: Known) -> None:
    """Everything of `impact` is of the report's own window and scope."""
    for path, value in _numbers(known.report.impact.model_dump(exclude={"calculation"}), ()):
        if "factors" not in path:
            dimension, factor = _dimension(path)
            signal = _kind(path, dimension) or _signal(path)
            end = path[-1] if path[-1] in ("low", "high") else None
            known.facts.append(Fact(value * factor, dimension, known.scope, signal, _impact_role(path), end=end))
    hours = known.report.window.length / timedelta(hours=1)
    excess = known.report.impact.carbon.excess_co2_grams
    for value in _values(excess):
        known.facts.append(Fact(value / hours, "grams_per_hour", known.scope, "carbon", "excess"))
    sci = known.report.impact.carbon.sci
    if sci:
        known.facts += [
            Fact(float(number.replace(",", "")), "requests", known.scope)
            for number in re.findall(r"\d[\d,]*", sci.functional_unit)
        ]
        known.facts += [
            Fact(value, "grams", known.scope, "carbon", role)
            for value, role in ((sci.incident, "now"), (sci.baseline, "usual"))
            if value is not None
        ]


def _values(quantity: Quantity | None) -> list[float]:
    return [quantity.low, quantity.likely, quantity.high] if quantity else []


def _impact_role(path: tuple[str, ...]) -> str | None:
    """Emissions are told as what was, what was expected, and the excess; everything else is only of the incident."""
    if path[0] == "users":
        return "usual" if any("baseline" in part for part in path) else "now"
    if path[0] != "carbon" or "split" in path:
        return "usual" if "baseline" in path[-1] else None
    return next((role for part, role in _OF_CARBON if part in path[1]), None)


_OF_CARBON = (("excess", "excess"), ("expected", "usual"), ("actual", "now"))


def _numbers(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], float]]:
    match value:
        case Mapping():
            for key, item in value.items():
                yield from _numbers(item, (*path, str(key)))
        case bool():
            return
        case int() | float():
            yield path, float(value)


def _moments(known: Known) -> None:
    report = known.report
    known.moments += [
        *(Moment(report.window.start, "onset"), Moment(report.window.end, "end"), Moment(report.alert.date, "alert")),
        *(Moment(report.baseline.start, "baseline"), Moment(report.baseline.end, "baseline")),
        *(Moment(past.at, "past") for past in report.similar_incidents),
        *(Moment(cause.onset, "onset") for cause in report.candidates if cause.onset),
    ]
    onsets = [moment.at for moment in known.moments if moment.kind == "onset"]
    for change in known.changes:
        if change.at:
            known.moments.append(Moment(change.at, "change"))
            known.facts += [
                Fact(
                    (onset - change.at).total_seconds(),
                    "seconds",
                    Subject(change.service),
                    "change",
                    detail=change.deployment_id,
                )
                for onset in onsets
            ]


def _rest(known: Known) -> None:
    report = known.report
    known.facts += [
        Fact(report.window.length.total_seconds(), "seconds", signal="span"),
        Fact(LOOKED_BACK.total_seconds(), "seconds", signal="looked back"),
        Fact(len(report.similar_incidents), "incidents"),
    ]
    for candidate in report.candidates:
        known.facts.append(Fact(candidate.confidence, "confidence", Subject(candidate.service)))
    if report.confidence is not None:
        known.facts.append(Fact(report.confidence, "confidence"))
    if report.alert.value is not None:
        known.facts.append(Fact(report.alert.value, "count", known.scope))
    failed = report.impact.users.requests_failed
    share = next((fact.value for fact in known.facts if _is_failed_share(fact, known)), None)
    if failed and share:
        known.facts.append(Fact(failed.likely / share, "requests", known.scope, "traffic"))


def _is_failed_share(fact: Fact, known: Known) -> bool:
    return (fact.signal, fact.role, fact.dimension) == ("errors", "now", "share") and fact.subject == known.scope
