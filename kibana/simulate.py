"""When rules would have fired: their evaluation over history, as Kibana would have done it run by run.

Left out, since it needs state that history does not hold: flapping detection, mutes, maintenance windows and
the conditions of single actions (`alerts_filter`).
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from elasticsearch import Elasticsearch

from kibana.history import Cell, History, read_history
from kibana.render import javascript_text, render_body
from kibana.rules import RECOVERED, Action, Comparator, EsQueryParams, IndexThresholdParams, Rule, duration
from worker.domain.window import iso

ALL_DOCUMENTS = {".index-threshold": "all documents", ".es-query": "query matched"}
COMPARATOR_WORDS: dict[Comparator, str] = {
    ">": "greater than",
    "<": "less than",
    ">=": "greater than or equal to",
    "<=": "less than or equal to",
    "between": "between",
    "notBetween": "not between",
}


@dataclass(frozen=True)
class Notification:
    """One call of one action: what it is about, and the body that Kibana would have sent to its connector."""

    rule: Rule
    action: Action
    instance: str
    uuid: UUID
    date: datetime
    started_at: datetime
    value: float | str
    body: str

    @property
    def is_recovery(self) -> bool:
        return self.action.group == RECOVERED


@dataclass
class _Life:
    """Of an alert: from the first run that met the condition to the run in which it no longer does."""

    started_at: datetime
    matches: int = 0
    is_active: bool = False
    notified_at: dict[int, datetime] = field(default_factory=dict)


def simulate(
    client: Elasticsearch, rules: Iterable[Rule], *, since: datetime, until: datetime
) -> Iterator[Notification]:
    """What the actions of these rules would have sent in [since, until), in the order of time.

    Every rule runs at multiples of its interval. Reads one aggregation a rule and half day.
    Raises EvidenceUnavailable when the engine does, ConfigurationError for a rule that cannot be simulated.
    """
    streams = [
        notifications(rule, read_history(client, rule, since=since, until=until), since=since, until=until)
        for rule in rules
        if rule.enabled
    ]
    return heapq.merge(*streams, key=lambda item: item.date)


def can_be_simulated(rule: Rule) -> bool:
    """Not those that leave the arithmetic to Elasticsearch, in ES|QL or by script: what they find is not seen here."""
    return isinstance(rule.params, IndexThresholdParams) or (
        isinstance(rule.params, EsQueryParams) and not rule.params.runtime_fields
    )


def notifications(rule: Rule, history: History, *, since: datetime, until: datetime) -> Iterator[Notification]:
    """Of one rule, over what was read for it."""
    lives: dict[str, _Life] = {}
    for date in _runs(rule.interval, since, until):
        met, unmet = evaluate(rule, history, date)
        for instance, value in met.items():
            life = lives.setdefault(instance, _Life(date))
            yield from _still_met(rule, instance, life, date, value)
        for instance in [name for name in lives if name not in met]:
            life = lives.pop(instance)
            if life.is_active:
                yield from _recovered(rule, instance, life, date, unmet.get(instance))


def evaluate(rule: Rule, history: History, date: datetime) -> tuple[dict[str, float], dict[str, float]]:
    """The groups that meet the rule's condition in the window that ends at `date`, and those that do not.

    With groups, Kibana looks at the top `termSize` of them only, and learns nothing of the others' values.
    """
    params = rule.condition
    end = int(date.timestamp())
    steps = range(end - int(params.window.total_seconds()), end, history.step_seconds)
    values = {group: value for group in history.cells if (value := _window_value(rule, history.cells[group], steps))}
    if not params.term_fields:
        number = next(iter(values.values()), _Ranked(0.0, 0)).value
        outcome = {ALL_DOCUMENTS[rule.rule_type_id]: number}
        return (outcome, {}) if meets(number, params.threshold_comparator, params.threshold) else ({}, outcome)
    top = sorted(values.items(), key=lambda item: item[1].rank(params.agg_type))[: params.term_size]
    return {
        group: ranked.value
        for group, ranked in top
        if meets(ranked.value, params.threshold_comparator, params.threshold)
    }, {}


def meets(value: float, comparator: Comparator, threshold: list[float]) -> bool:
    low, high = min(threshold), max(threshold)
    return {
        ">": value > low,
        "<": value < low,
        ">=": value >= low,
        "<=": value <= low,
        "between": low <= value <= high,
        "notBetween": value < low or value > high,
    }[comparator]


@dataclass(frozen=True)
class _Ranked:
    value: float
    documents: int

    def rank(self, aggregation: str) -> float:
        """Kibana takes the groups with the most documents, the largest values, or with `min` the smallest."""
        if aggregation == "count":
            return -self.documents
        return self.value if aggregation == "min" else -self.value


def _window_value(rule: Rule, cells: Mapping[int, Cell], steps: range) -> _Ranked | None:
    window = Cell()
    for step in steps:
        if cell := cells.get(step):
            window.add(cell)
    value = window.value(rule.condition.agg_type)
    return _Ranked(value, window.documents) if window.documents and value is not None else None


def _runs(interval: timedelta, since: datetime, until: datetime) -> Iterator[datetime]:
    seconds = int(interval.total_seconds())
    first = math.ceil(since.timestamp() / seconds) * seconds
    return (datetime.fromtimestamp(at, UTC) for at in range(first, math.ceil(until.timestamp()), seconds))


def _still_met(rule: Rule, instance: str, life: _Life, date: datetime, value: float) -> Iterator[Notification]:
    life.matches += 1
    if life.matches < rule.alert_delay.active:
        return
    became_active, life.is_active = not life.is_active, True
    for number, action in enumerate(rule.actions):
        if action.group != RECOVERED and _is_due(action, became_active, life.notified_at.get(number), date):
            life.notified_at[number] = date
            yield _notification(rule, action, instance, life, date, value)


def _recovered(rule: Rule, instance: str, life: _Life, date: datetime, value: float | None) -> Iterator[Notification]:
    known: float | str = value if value is not None else _value_of_recovery(rule)
    for action in rule.actions:
        if action.group == RECOVERED:
            yield _notification(rule, action, instance, life, date, known)


def _value_of_recovery(rule: Rule) -> float | str:
    return "unknown" if rule.rule_type_id == ".index-threshold" else 0.0


def _is_due(action: Action, became_active: bool, notified_at: datetime | None, date: datetime) -> bool:
    frequency = action.frequency
    if became_active or notified_at is None or frequency.notify_when == "onActiveAlert":
        return True
    return frequency.throttle is not None and date - notified_at >= duration(frequency.throttle)


def _notification(
    rule: Rule, action: Action, instance: str, life: _Life, date: datetime, value: float | str
) -> Notification:
    uuid = uuid5(NAMESPACE_URL, f"{rule.id}\x1f{instance}\x1f{iso(life.started_at)}")
    variables = {
        "date": iso(date),
        "rule": {
            "id": rule.id,
            "name": rule.name,
            "type": rule.rule_type_id,
            "spaceId": "default",
            "tags": rule.tags,
            "params": rule.raw_params,
            "url": "",
        },
        "alert": {
            "id": instance,
            "uuid": str(uuid),
            "actionGroup": action.group,
            "actionGroupName": action.group.capitalize(),
            "flapping": False,
            "consecutiveMatches": 0 if action.group == RECOVERED else life.matches,
        },
        "context": _context(rule, instance, date, value, recovered=action.group == RECOVERED),
    }
    body = render_body(action.params.body, variables)
    return Notification(rule, action, instance, uuid, date, life.started_at, value, body)


def _context(rule: Rule, instance: str, date: datetime, value: float | str, *, recovered: bool) -> dict[str, Any]:
    """The wording differs between Kibana's versions: it is for people, and nothing may rely on it."""
    params = rule.condition
    number = javascript_text(value)
    if isinstance(params, IndexThresholdParams):
        conditions = _conditions(params, recovered=recovered)
        window = f"{params.time_window_size}{params.time_window_unit}"
        return {
            "title": f"alert {rule.name} group {instance} {RECOVERED if recovered else 'met threshold'}",
            "message": f"alert '{rule.name}' is {RECOVERED if recovered else 'active'} for group '{instance}':\n\n"
            f"- Value: {number}\n- Conditions Met: {conditions} over {window}\n- Timestamp: {iso(date)}",
            "group": instance,
            "date": iso(date),
            "value": value,
            "conditions": conditions,
        }
    group = f" for group {instance}" if params.term_fields else ""
    return {
        "title": f"rule '{rule.name}' {RECOVERED if recovered else 'matched query'}{group}",
        "message": f"Document count is {number} in the last {params.time_window_size}{params.time_window_unit}{group}.",
        "date": iso(date),
        "value": value,
        "conditions": f"Number of matching documents{group} {_conditions(params, recovered=recovered)}",
        "link": "",
        "hits": [],
    }


def _conditions(params: IndexThresholdParams | EsQueryParams, *, recovered: bool) -> str:
    aggregation = f"{params.agg_type}({params.agg_field})" if params.agg_field else params.agg_type
    limits = " and ".join(javascript_text(limit) for limit in params.threshold)
    return f"{aggregation} is {'NOT ' if recovered else ''}{COMPARATOR_WORDS[params.threshold_comparator]} {limits}"
