"""The doctor before an Elasticsearch that checks everybody: what the shipped role lacks is nothing, and one privilege
too few is told beside all the rest. A stand-in grants; `tests/setup/test_roles_on_elasticsearch.py` asks a real one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cli.checks.check import Check
from cli.checks.elasticsearch import elasticsearch_checks
from kibana.setup.privileges import WORKER_ROLE, WRITTEN, roles
from tests.engines.servers import Engine
from tests.standins.security import ADMIN, Security, running_security
from worker.elastic import connect_elasticsearch
from worker.settings import Settings
from worker.store.templates import install_templates
from worker.telemetry.profiles import load_profile

Diagnose = Callable[[dict[str, Any]], dict[str, Check]]


@pytest.fixture
def security(embedded_engine: Engine) -> Iterator[Security]:
    with running_security(embedded_engine.url) as running:
        yield running


@pytest.fixture
def diagnose(security: Security) -> Diagnose:
    """What the doctor says to somebody who has a key of that role."""
    user, password = ADMIN
    admin = Settings(elasticsearch_url=security.url, elasticsearch_user=user, elasticsearch_password=password)
    with connect_elasticsearch(admin) as client:
        install_templates(client)
        for index in ("spiketrace-carbon-metrics-1", "spiketrace-logs-1"):
            client.index(index=index, document={"@timestamp": "2026-02-26T09:30:00Z"}, refresh=True)

    def found(role: dict[str, Any]) -> dict[str, Check]:
        with connect_elasticsearch(admin) as client:
            key = client.security.create_api_key(name="worker", role_descriptors={"worker": role})["encoded"]
        theirs = Settings(elasticsearch_url=security.url, elasticsearch_api_key=key)
        return {check.name: check for check in elasticsearch_checks(theirs)}

    return found


@pytest.fixture
def role() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(roles(load_profile("spiketrace"))[WORKER_ROLE]))
    return {part: found[part] for part in ("cluster", "indices")}


def test_with_the_role_that_set_up_makes_all_is_well(diagnose: Diagnose, role: dict[str, Any]) -> None:
    assert [check for check in diagnose(role).values() if check.advice] == []


def test_without_one_privilege_the_rest_is_still_looked_at(diagnose: Diagnose, role: dict[str, Any]) -> None:
    everything = set(diagnose(role))
    less = diagnose({**role, "cluster": []})
    assert set(less) == everything
    assert {name for name, check in less.items() if check.advice} == {"privileges", "index templates"}
    assert "monitor on the cluster" in less["privileges"].found
    assert "docs/kibana.md" in str(less["index templates"].advice)


def test_whoever_may_not_make_writes_visible_cannot_work(diagnose: Diagnose, role: dict[str, Any]) -> None:
    for entry in role["indices"]:
        entry["privileges"] = [name for name in entry["privileges"] if name != "maintenance"]
    said = diagnose(role)["privileges"].found
    assert all(f"maintenance on {index}" in said for index in WRITTEN)


def test_whom_nobody_knows_is_told_once_and_what_to_set(security: Security) -> None:
    unknown = Settings(elasticsearch_url=security.url, elasticsearch_api_key="bm9ib2R5Om5vYm9keQ==")
    (only,) = elasticsearch_checks(unknown)
    assert "401" in only.found
    assert "SPIKETRACE_ELASTICSEARCH_API_KEY" in only.found
    assert "see that it runs" not in str(only.advice)
