"""When rules would have fired: their evaluation over history, as Kibana would have done it run by run.

Left out, since it needs state that history does not hold: mutes, snoozes, maintenance windows and the conditions of
single actions (`alerts_filter`). What arrived late counts as if it had been there in time.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from elasticsearch import Elasticsearch

from kibana.filters import obstacle
from kibana.history import History, read_history
from kibana.lives import Life, Lives, Run
from kibana.render import javascript_text, render_body
from kibana.rules import RECOVERED, Action, Comparator, EsQueryParams, Flapping, IndexThresholdParams, Rule, duration
from kibana.windows import Runs, UnseenHits, read_values
from worker.domain.window import iso

COMPARATOR_WORDS: dict[Comparator, str] = {
    ">": "greater than",
    "<": "less than",
    ">=": "greater than or equal to",
    "<=": "less than or equal to",
    "between": "between",
    "notBetween": "not between",
}
# Of the space's settings: what Kibana does unless somebody changed it.
KIBANA_S_OWN = Flapping()


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


class Values(Protocol):
    """What a rule compares, run by run."""

    def met(self, comparator: Comparator, threshold: Sequence[float]) -> Iterator[tuple[int, dict[str, float]]]: ...

    def unmet(self, run: int) -> float | None: ...


def simulate(
    client: Elasticsearch, rules: Iterable[Rule], *, since: datetime, until: datetime, flapping: Flapping = KIBANA_S_OWN
) -> Iterator[Notification]:
    """What the actions of these rules would have sent in [since, until), in the order of time.

    Every rule runs at multiples of its interval. Reads one aggregation a rule and half day.
    Raises EvidenceUnavailable when the engine does, ConfigurationError for a rule that cannot be simulated.
    """
    streams = [
        notifications(
            rule,
            read_history(client, rule, since=since, until=until),
            since=since,
            until=until,
            flapping=flapping,
        )
        for rule in rules
        if rule.enabled
    ]
    return heapq.merge(*streams, key=lambda item: item.date)


def can_be_simulated(rule: Rule) -> bool:
    """Not those that leave the arithmetic to Elasticsearch, in ES|QL or by script: what they find is not seen here."""
    return obstacle(rule) is None


def notifications(
    rule: Rule, history: History, *, since: datetime, until: datetime, flapping: Flapping = KIBANA_S_OWN
) -> Iterator[Notification]:
    """Of one rule, over what was read for it."""
    runs = Runs.of(rule, since, until)
    return sent(rule, values_of(rule, history, runs), runs, flapping)


def sent(rule: Rule, values: Values, runs: Runs, flapping: Flapping) -> Iterator[Notification]:
    """What the rule's actions would have sent, by what it compared."""
    for run, met, outcome in follow(rule, values, runs, flapping):
        date = runs.date(run)
        for life in outcome.active:
            yield from _of_active(rule, life, date, met.get(life.instance))
        for life in outcome.recovered:
            yield from _of_recovered(rule, life, date, values.unmet(run))


def values_of(rule: Rule, history: History, runs: Runs) -> Values:
    return UnseenHits(rule, history, runs) if rule.excludes_seen_hits else read_values(rule, history, runs)


def follow(
    rule: Rule, values: Values, runs: Runs, flapping: Flapping, threshold: Sequence[float] | None = None
) -> Iterator[tuple[int, dict[str, float], Run]]:
    """The runs in which something was met or is still going on: its number, who met the condition, what it came to.

    `threshold` is another one than the rule's own, to see what it would do.
    """
    params, lives, next_run = rule.condition, Lives(rule, flapping), 0
    for run, met in values.met(params.threshold_comparator, threshold or params.threshold):
        yield from _without(lives, runs, range(next_run, run))
        yield run, met, lives.run(runs.date(run), met)
        next_run = run + 1
    yield from _without(lives, runs, range(next_run, runs.count))


def _without(lives: Lives, runs: Runs, numbers: range) -> Iterator[tuple[int, dict[str, float], Run]]:
    """Runs that meet nothing; once nothing goes on any more, nothing changes either."""
    for run in numbers:
        if lives.is_idle:
            return
        yield run, {}, lives.run(runs.date(run), ())


def messages_of(rule: Rule, outcome: Run, date: datetime) -> int:
    """How many messages the rule's actions send in a run; to be asked once a run, in the order of time."""
    recoveries = sum(action.group == RECOVERED for action in rule.actions)
    return sum(len(_act(rule, life, date)) for life in outcome.active) + recoveries * len(outcome.recovered)


def _of_active(rule: Rule, life: Life, date: datetime, value: float | None) -> Iterator[Notification]:
    known = value if value is not None else _unknown(rule)
    for number in _act(rule, life, date):
        yield _notification(rule, rule.actions[number], life, date, known)


def _act(rule: Rule, life: Life, date: datetime) -> list[int]:
    """The actions that run now, noted. Judged before any of them runs: those of one alert do not hold each other up."""
    actions = enumerate(rule.actions)
    due = [number for number, action in actions if action.group != RECOVERED and _is_due(action, number, life, date)]
    life.acted_at |= dict.fromkeys(due, date)
    return due


def _of_recovered(rule: Rule, life: Life, date: datetime, value: float | None) -> Iterator[Notification]:
    """The value of an Elasticsearch query rule is 0: it looks for it under a name that no alert has.

    https://github.com/elastic/kibana/blob/main/x-pack/platform/plugins/shared/stack_alerts/server/rule_types/es_query/executor.ts
    """
    is_known = value is not None and not rule.condition.term_fields and rule.rule_type_id == ".index-threshold"
    for action in rule.actions:
        if action.group == RECOVERED:
            yield _notification(rule, action, life, date, value if is_known and value is not None else _unknown(rule))


def _unknown(rule: Rule) -> float | str:
    return "unknown" if rule.rule_type_id == ".index-threshold" else 0.0


def _is_due(action: Action, number: int, life: Life, date: datetime) -> bool:
    """A recovery that is put off is no news: only actions on status changes are asked, and there was none.

    https://github.com/elastic/kibana/blob/main/x-pack/platform/plugins/shared/alerting/server/task_runner/action_scheduler/schedulers/per_alert_action_scheduler.ts
    """
    frequency = action.frequency
    if frequency.notify_when == "onActionGroupChange":
        return not life.acted_at
    if life.pending:
        return False
    last = life.acted_at.get(number)
    return last is None or frequency.throttle is None or date - last >= duration(frequency.throttle)


def _notification(rule: Rule, action: Action, life: Life, date: datetime, value: float | str) -> Notification:
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
            "id": life.instance,
            "uuid": str(life.uuid),
            "actionGroup": action.group,
            "actionGroupName": action.group.capitalize(),
            "flapping": life.flapping,
            "consecutiveMatches": 0 if action.group == RECOVERED else life.matches,
        },
        "context": _context(rule, life.instance, date, value, recovered=action.group == RECOVERED),
    }
    body = render_body(action.params.body, variables)
    return Notification(rule, action, life.instance, life.uuid, date, life.started_at, value, body)


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
