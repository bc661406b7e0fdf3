"""The doctor and Kibana's rules: whether they are there, whether they run, and what their last run failed of."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from cli.checks.check import Check
from cli.checks.kibana import kibana_checks
from kibana.client import connect_kibana
from kibana.setup.session import Setup
from tests.engines.servers import Engine
from tests.setup.conftest import EVERYTHING, silent
from tests.standins.kibana import Kibana, running_kibana
from worker.elastic import connect_elasticsearch
from worker.settings import Settings

Look = Callable[[], dict[str, Check]]


@pytest.fixture(scope="module")
def kibana() -> Iterator[Kibana]:
    with running_kibana() as running:
        yield running


@pytest.fixture
def look(kibana: Kibana, embedded_engine: Engine) -> Look:
    """After `setup apply`."""
    settings = Settings(kibana_url=kibana.url, elasticsearch_url=embedded_engine.url, **EVERYTHING)
    with connect_kibana(settings) as client, connect_elasticsearch(settings) as elasticsearch:
        Setup(settings, client, elasticsearch).apply(None, silent)
    for rule in kibana.space.rules.values():
        rule["enabled"] = True
    return lambda: {check.name: check for check in kibana_checks(settings)}


def test_rules_that_run_are_counted_and_one_that_is_off_is_named(kibana: Kibana, look: Look) -> None:
    everyone = len(kibana.space.rules)
    assert look()["kibana: rules"] == Check("kibana: rules", f"{everyone} of {everyone} run")
    first, *others = kibana.space.rules
    kibana.space.rules[first]["enabled"] = False
    check = look()["kibana: rules"]
    assert (check.found, check.advice) == (f"{everyone - 1} of {everyone} run; switched off in Kibana: {first}", None)
    for rule_id in others:
        kibana.space.rules[rule_id]["enabled"] = False
    assert "no alert comes from Kibana" in str(look()["kibana: rules"].advice)


def test_a_rule_that_fails_is_a_problem_in_kibanas_words(kibana: Kibana, look: Look) -> None:
    message = "security_exception: missing authentication\ncredentials, password=hunter2-hunter2"
    error = {"reason": "read", "message": message}
    kibana.space.rules["spiketrace-carbon-by-service"]["execution_status"] = {"status": "error", "error": error}
    check = look()["kibana: rules"]
    assert "spiketrace-carbon-by-service fails: security_exception: missing authentication credentials" in check.found
    assert "hunter2" not in check.found
    assert "Update API key" in str(check.advice)
