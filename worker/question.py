"""What an alert asks: which scope, which signal, which span of time."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from worker.domain.alert import Alert
from worker.domain.telemetry import Scope
from worker.domain.window import Window, floor_minute
from worker.telemetry.profiles import Profile

SHORTEST_WINDOW = timedelta(minutes=5)
# A rule's window is at most this share of what is read step by step, so that enough is left to compare it with.
LONGEST_SHARE = 0.25
USUAL_WINDOW = timedelta(minutes=10)
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

# Kibana's alert ids where a rule does not group.
# https://www.elastic.co/docs/explore-analyze/alerts-cases/alerts/rule-type-index-threshold
UNGROUPED = {"", "all documents", "query matched", "unknown"}

# Kibana names an alert of an ES|QL row by the fields after the last BY.
_BY = re.compile(r"\bSTATS\b[^|]*\bBY\b([^|]+)", re.IGNORECASE)

WORDS = {
    "carbon": ("carbon", "co2", "co₂", "emission"),
    "latency": ("latency", "duration", "slow", "response time"),
    "errors": ("error", "exception", "failure", "5xx"),
    "cpu": ("cpu",),
    "memory": ("memory", "heap"),
    "traffic": ("traffic", "throughput", "request"),
}


@dataclass(frozen=True)
class Question:
    """`unknown` are names in the alert's group that no telemetry bears; `signal` is None where no rule tells."""

    scope: Scope
    unknown: tuple[str, ...]
    signal: str | None
    window: Window

    @property
    def as_of(self) -> datetime:
        return self.window.end


def group_names(alert: Alert) -> list[str]:
    """The values of the rule's group: `us-central1`, or `checkout,us-central1`."""
    text = alert.group if alert.group not in UNGROUPED else alert.instance
    if text in UNGROUPED or text == alert.rule.id:
        return []
    if isinstance(alert.rule.params.get("termField"), str):
        # One field, one name, and a name may hold commas.
        return [text]
    return [name for part in text.split(",") if (name := part.strip())]


def understand(alert: Alert, profile: Profile, scopes: Iterable[Scope]) -> Question:
    """`scopes` are those that have telemetry: a name is a service or a region because one is called so."""
    known = list(scopes)
    services, regions = {scope.service for scope in known}, {scope.region for scope in known}
    service = region = None
    unknown = []
    for name in group_names(alert):
        if name in services and not (name in regions and _fields_of(profile)[1] in _group_fields(alert)):
            service = name
        elif name in regions:
            region = name
        else:
            unknown.append(name)
    if service or region:
        unknown = [name for name in unknown if name not in _values_of_other_fields(alert, profile)]
    return Question(Scope(service, region), tuple(unknown), signal_of(alert, profile), window_of(alert, profile))


def window_of(alert: Alert, profile: Profile) -> Window:
    """Telemetry is read by the minute: a window that began within one would leave out what was read of it."""
    return Window(start=floor_minute(alert.date - rule_window(alert, profile)), end=alert.date)


def guess(alert: Alert, profile: Profile) -> Scope:
    """Before any telemetry was read: the scope as the rule's own grouping tells it."""
    names, (service, region) = group_names(alert), _fields_of(profile)
    fields = _group_fields(alert) or [field for field in (service, region) if field][: len(names)]
    placed = dict(zip(fields, names, strict=True)) if len(fields) == len(names) else {}
    return Scope(placed.get(service), placed.get(region) if region else None)


def _fields_of(profile: Profile) -> tuple[str, str | None]:
    """The fields that hold service and region."""
    source = profile.metrics or profile.logs
    assert source is not None  # a profile reads something
    return source.service, source.region


def _group_fields(alert: Alert) -> list[str]:
    term = alert.rule.params.get("termField")
    match alert.rule.params.get("esqlQuery"):
        case {"esql": str(text)} if by := _BY.findall(text):
            term = [field.strip() for field in by[-1].split(",")]
    return [field for field in (term if isinstance(term, list) else [term]) if isinstance(field, str)]


def _values_of_other_fields(alert: Alert, profile: Profile) -> set[str]:
    """Names that the rule's own grouping gives to something else than a service or a region: an error's type, say."""
    fields, names = _group_fields(alert), group_names(alert)
    if len(fields) != len(names):
        return set()
    places = {
        field for source in (profile.metrics, profile.logs) if source for field in (source.service, source.region)
    }
    return {name for field, name in zip(fields, names, strict=True) if field not in places}


def rule_window(alert: Alert, profile: Profile) -> timedelta:
    size, unit = alert.rule.params.get("timeWindowSize"), alert.rule.params.get("timeWindowUnit")
    if not isinstance(size, int | float) or str(unit) not in UNITS or not 0 < size < 10_000:
        return USUAL_WINDOW
    longest = timedelta(hours=profile.sampling.recent_hours * LONGEST_SHARE)
    return min(max(timedelta(**{UNITS[str(unit)]: size}), _shortest(profile)), longest)


def _shortest(profile: Profile) -> timedelta:
    """Logs need some minutes to tell a share from chance; a metric with a role is told by its samples."""
    return timedelta(seconds=profile.sampling.step_seconds) if profile.is_of_roles else SHORTEST_WINDOW


def signal_of(alert: Alert, profile: Profile) -> str | None:
    """From the rule's parameters, where it says what it measures; else from its tags; else from its name."""
    params = alert.rule.params
    fields = _signal_fields(profile)
    measured = params.get("aggField")
    if isinstance(measured, str) and measured in fields:
        return fields[measured]
    if isinstance(measured, str) and profile.metrics and profile.metrics.discover:
        return measured
    filters = f"{params.get('filterKuery', '')} {params.get('esQuery', '')} {params.get('esqlQuery', '')}"
    levels = profile.logs.error_levels if profile.logs else []
    if any(re.search(rf"\b{re.escape(level)}\b", filters) for level in levels):
        return "errors"
    for name in sorted(fields, key=len, reverse=True):
        if name in filters:
            return fields[name]
    return _by_words(" ".join(alert.rule.tags)) or _by_words(alert.rule.name)


def _signal_fields(profile: Profile) -> dict[str, str]:
    """Field → signal."""
    metrics, logs = profile.metrics, profile.logs
    # Of two signals of one field the first is meant: its count is a signal of its own, and nobody alerts on it by name.
    fields = {signal.field: signal.name for signal in reversed(metrics.signals)} if metrics else {}
    if metrics and (check := metrics.cross_check):
        fields[check.field] = check.name
    if logs and logs.latency_ms:
        fields[logs.latency_ms] = "latency"
    return fields


def _by_words(text: str) -> str | None:
    lowered = text.lower()
    return next((signal for signal, words in WORDS.items() if any(word in lowered for word in words)), None)
