"""The rules on SpikeTrace itself: they fit Kibana's interface and find what they are for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.artifacts import rule_checks as checks
from tests.artifacts.tree import index_fields, misfits, shipped
from tests.engines.servers import Engine
from tests.store.builders import an_alert, arriving
from worker.bootstrap import Stores, connect
from worker.domain.window import iso
from worker.settings import Settings
from worker.store.templates import install_templates

OWN = "kibana_rules/own/*.json"
RULES = {
    path.rsplit("/", 1)[1].removesuffix(".json"): json.loads(shipped().files[path]) for path in shipped().matching(OWN)
}
every_rule = pytest.mark.parametrize("rule", RULES.values(), ids=RULES)


def test_there_is_one_for_each_thing_that_the_page_names() -> None:
    assert set(RULES) == {
        "spiketrace-own-alerts-without-report",
        "spiketrace-own-dead-letters",
        "spiketrace-own-nobody-sweeps",
    }


@every_rule
def test_it_fits_the_interface(rule: dict[str, Any]) -> None:
    assert list(misfits("create_rule", "own", rule)) == []
    assert list(misfits("update_rule", "own", {key: rule[key] for key in rule.keys() - checks.CREATED_WITH})) == []


@every_rule
def test_it_asks_for_fields_that_are_there(rule: dict[str, Any]) -> None:
    params = rule["params"]
    query = json.loads(params["esQuery"]) if "esQuery" in params else {}
    assert set(checks._fields_of(params, query)) <= index_fields()[params["index"][0]].keys()


@every_rule
def test_spiketrace_does_not_investigate_itself(rule: dict[str, Any]) -> None:
    """Its tag is not that by which the sweep of missed alerts knows ours, and it calls nobody until you say whom."""
    assert rule["tags"] == ["spiketrace-own"]
    assert rule["actions"] == []


@pytest.fixture
def stores(embedded_engine: Engine) -> Iterator[Stores]:
    connected = connect(Settings(elasticsearch_url=embedded_engine.url))
    install_templates(connected.client)
    yield connected
    connected.client.close()


def _found(stores: Stores, name: str) -> int:
    """How many documents the rule counts, as Kibana asks: its query, within its window."""
    params = RULES[name]["params"]
    length = timedelta(**{{"m": "minutes", "d": "days"}[params["timeWindowUnit"]]: params["timeWindowSize"]})
    window = {"range": {params["timeField"]: {"gte": iso(datetime.now(UTC) - length)}}}
    query = json.loads(params["esQuery"])["query"] if "esQuery" in params else {"match_all": {}}
    stores.client.indices.refresh(index="spiketrace-*")
    return int(
        stores.client.count(
            index=params["index"], ignore_unavailable=True, query={"bool": {"filter": [query, window]}}
        )["count"]
    )


@pytest.mark.parametrize(("minutes", "found"), [(4, 0), (6, 1)])
def test_an_alert_that_waits_too_long_is_found(stores: Stores, minutes: int, found: int) -> None:
    arrived = datetime.now(UTC) - timedelta(minutes=minutes)
    stores.alerts.record([arriving(an_alert()).model_copy(update={"received_at": arrived})])
    assert _found(stores, "spiketrace-own-alerts-without-report") == found


def test_a_dead_letter_is_found(stores: Stores) -> None:
    assert _found(stores, "spiketrace-own-dead-letters") == 0
    stores.dead_letters.put("a", reason="refused", kind="delivery-jira", payload={})
    assert _found(stores, "spiketrace-own-dead-letters") == 1


@pytest.mark.parametrize(("minutes", "status", "found"), [(1, "open", 0), (6, "open", 1), (6, "resolved", 0)])
def test_an_incident_whose_end_is_overdue_is_found(stores: Stores, minutes: int, status: str, found: int) -> None:
    overdue = iso(datetime.now(UTC) - timedelta(minutes=minutes))
    stores.client.index(
        index="spiketrace-incidents",
        document={"@timestamp": overdue, "status": status, "resolves_at": overdue, "alert_ids": ["a"]},
    )
    assert _found(stores, "spiketrace-own-nobody-sweeps") == found
