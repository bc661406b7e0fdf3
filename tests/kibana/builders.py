"""Rules and histories for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from kibana.history import Cell, History
from kibana.rules import Rule
from kibana.simulate import values_of
from kibana.windows import Runs

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
CONNECTOR = "6f0c2b1e-4d5a-4c8b-9a37-2e1d5b8f7c60"


def minute(number: float) -> datetime:
    return START + timedelta(minutes=number)


def action(group: str, notify_when: str = "onActionGroupChange", throttle: str | None = None) -> dict[str, Any]:
    return {
        "group": group,
        "id": CONNECTOR,
        "params": {"body": "{{alert.actionGroup}} {{alert.id}} {{context.value}} {{alert.consecutiveMatches}}"},
        "frequency": {"summary": False, "notify_when": notify_when, "throttle": throttle},
    }


def rule_body(**params: Any) -> dict[str, Any]:
    """A rule that counts ERROR lines by service; `params` change its params, or with None remove them."""
    merged = {
        "index": ["spiketrace-logs-*"],
        "timeField": "@timestamp",
        "aggType": "count",
        "groupBy": "top",
        "termField": "service",
        "termSize": 10,
        "timeWindowSize": 5,
        "timeWindowUnit": "m",
        "thresholdComparator": ">",
        "threshold": [3],
        **params,
    }
    return {
        "name": "Errors by service",
        "rule_type_id": ".index-threshold",
        "consumer": "stackAlerts",
        "schedule": {"interval": "1m"},
        "params": {name: value for name, value in merged.items() if value is not None},
        "actions": [action("threshold met"), action("recovered")],
    }


def make_rule(body: dict[str, Any] | None = None, **changes: Any) -> Rule:
    chosen = {**(body or rule_body()), **changes}
    return Rule.model_validate({**chosen, "id": "a-rule", "raw_params": chosen["params"]})


def counted(**by_group: dict[int, int]) -> History:
    """`checkout={0: 2, 3: 4}`: two documents in minute 0, four in minute 3."""
    return History(60, {group: {_second(at): Cell(n) for at, n in cells.items()} for group, cells in by_group.items()})


def measured(**by_group: dict[int, list[float]]) -> History:
    """`checkout={0: [1.5, 2.5]}`: two documents with these values in minute 0."""
    cells = {group: {_second(at): _cell(values) for at, values in of.items()} for group, of in by_group.items()}
    return History(60, cells)


def _second(at: int) -> int:
    return int(minute(at).timestamp())


def _cell(values: list[float]) -> Cell:
    return Cell(len(values), len(values), sum(values), min(values), max(values))


def met_at(rule: Rule, history: History, date: datetime) -> dict[str, float]:
    """The groups that meet the rule's condition in the window that ends at `date`."""
    params = rule.condition
    found = values_of(rule, history, Runs(date, rule.interval, 1)).met(params.threshold_comparator, params.threshold)
    return next((met for _, met in found), {})
