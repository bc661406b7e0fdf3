"""The shipped rules over the demo's telemetry: whatever the time of day, what is hidden raises an alert."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta

import pytest

from demo.judge import entry_for
from demo.shop import open_shop, tell_truth
from demo.story import RULES_RUN_AFTER
from demo.timeline import LENGTH
from kibana.history import Cell, History
from kibana.rules import Rule, load_rules
from kibana.simulate import can_be_simulated, notifications
from tests.demo.conftest import NOW, Documents, group_by_index
from worker.domain.window import parse_time

RULES = [rule for rule in load_rules() if can_be_simulated(rule)]


@pytest.mark.parametrize(("hours_later", "seed"), [(0, 20_261_123), (8, 20_261_123), (15, 3), (60, 4)])
def test_every_incident_raises_an_alert_and_hardly_anything_else_does(hours_later: int, seed: int) -> None:
    shop = open_shop(NOW + timedelta(hours=hours_later), seed)
    truth, documents = tell_truth(shop), group_by_index(shop)
    since = truth.now - LENGTH + RULES_RUN_AFTER
    alerts = [
        item
        for rule in RULES
        for item in notifications(rule, history_of(rule, documents), since=since, until=truth.now)
        if not item.is_recovery
    ]
    about = [entry_for(item, truth) for item in alerts]
    assert {item.id for item in truth.entries if item.is_incident} <= {item.id for item in about if item}
    assert {"campaign-surge", "collector-catching-up"} <= {item.id for item in about if item}
    assert any(item and item.id.startswith("daily-peak") for item in about)
    assert about.count(None) <= 5
    assert len(alerts) < 60


def history_of(rule: Rule, documents: Documents) -> History:
    """What the engine would answer, from the documents themselves."""
    params = rule.condition
    step = math.gcd(int(rule.interval.total_seconds()), int(params.window.total_seconds()))
    cells: dict[str, dict[int, Cell]] = defaultdict(lambda: defaultdict(Cell))
    for item in _matching(rule, documents):
        group = ",".join(item[name] for name in params.term_fields)
        value = float(item[params.agg_field]) if params.agg_field else 0.0
        at = int(parse_time(str(item["@timestamp"])).timestamp()) // step * step
        cells[group][at].add(Cell(1, 1, value, value, value))
    return History(step, cells)


def _matching(rule: Rule, documents: Documents) -> Iterator[dict[str, str]]:
    prefix = rule.condition.index[0].removesuffix("*")
    for index, items in documents.items():
        if index.startswith(prefix):
            yield from (item for item in items if _passes(rule, item))


def _passes(rule: Rule, item: dict[str, str]) -> bool:
    if "errors" in rule.tags:
        return item["level"] == "ERROR"
    return "orders" not in rule.tags or item["service"] in {"checkout", "payments", "ledger"}


def test_the_filters_are_those_that_the_shipped_rules_have() -> None:
    """`_passes` says in Python what the rules say in their files."""
    filters = {rule.id: rule.raw_params.get("filterKuery") or rule.raw_params.get("esQuery") for rule in RULES}
    assert {name: text for name, text in filters.items() if text} == {
        "spiketrace-carbon-order-path": '{"query": {"terms": {"service": ["checkout", "payments", "ledger"]}}}',
        "spiketrace-errors-by-region": 'level : "ERROR"',
        "spiketrace-errors-by-service": 'level : "ERROR"',
    }
