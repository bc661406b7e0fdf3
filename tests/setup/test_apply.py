"""Apply, apply again, remove: on every version and licence that the rules of Kibana tell apart."""

from __future__ import annotations

from collections import Counter

import pytest
from elasticsearch import Elasticsearch

from kibana.client import connect_kibana
from kibana.rules import load_rules
from kibana.setup.apply import Done, Outcome
from kibana.setup.plan import Action
from kibana.setup.record import INDEX
from kibana.setup.session import Setup
from kibana.setup.things import Kind
from tests.engines.servers import Engine
from tests.setup.conftest import EVERYTHING, SECRETS, Open, StartKibana, silent
from worker.elastic import connect_elasticsearch
from worker.settings import Settings


def outcomes(done: list[Done]) -> Counter[Outcome]:
    return Counter(item.outcome for item in done)


@pytest.mark.parametrize(
    ("version", "licence", "expected"),
    [
        ("8.19.8", "basic", {"connectors": 1, "workflows": 0, "tools": 0, "agents": 0}),
        ("8.19.8", "trial", {"connectors": 4, "workflows": 0, "tools": 0, "agents": 0}),
        ("9.2.0", "basic", {"connectors": 1, "workflows": 0, "tools": 0, "agents": 0}),
        ("9.2.0", "trial", {"connectors": 4, "workflows": 0, "tools": 8, "agents": 1}),
        ("9.3.1", "basic", {"connectors": 1, "workflows": 0, "tools": 0, "agents": 0}),
        ("9.3.1", "trial", {"connectors": 4, "workflows": 1, "tools": 9, "agents": 1}),
        ("9.4.3", "basic", {"connectors": 1, "workflows": 0, "tools": 0, "agents": 0}),
        ("9.4.3", "gold", {"connectors": 3, "workflows": 0, "tools": 0, "agents": 0}),
        ("9.4.3", "enterprise", {"connectors": 4, "workflows": 1, "tools": 9, "agents": 1}),
    ],
)
def test_plan_apply_and_remove_on_each_version_and_licence(
    version: str,
    licence: str,
    expected: dict[str, int],
    start_kibana: StartKibana,
    open_setup: Open,
    elasticsearch: Elasticsearch,
) -> None:
    kibana = start_kibana(version=version, licence=licence)
    with open_setup(kibana) as setup:
        plan = setup.plan()
    assert kibana.deployment.writes == []
    assert nothing_is_in(elasticsearch)

    with open_setup(kibana) as setup:
        done = setup.apply(None, silent)
    first = outcomes(done)
    assert first == {Outcome.CREATED: len(plan.pending), Outcome.LEFT_OUT: plan.count(Action.LEAVE_OUT)}
    assert all(item.reason for item in done if item.outcome is Outcome.LEFT_OUT)
    counts = {kind: len(ids) for kind, ids in kibana.space.summary().items()}
    assert counts == expected | {"rules": len(load_rules()), "objects": 12}

    written = len(kibana.deployment.writes)
    with open_setup(kibana) as setup:
        again = outcomes(setup.apply(None, silent))
    assert again == {Outcome.UNCHANGED: first[Outcome.CREATED], Outcome.LEFT_OUT: first[Outcome.LEFT_OUT]}
    assert len(kibana.deployment.writes) == written

    kibana.space.rules["somebody-elses"] = {"actions": [], "name": "theirs", "tags": ["spiketrace"]}
    with open_setup(kibana) as setup:
        removed = outcomes(setup.remove(silent, dry_run=False))
        setup.record.end()
    assert removed == {Outcome.REMOVED: first[Outcome.CREATED]}
    assert {kind: ids for kind, ids in kibana.space.summary().items() if ids} == {"rules": ["somebody-elses"]}
    assert nothing_is_in(elasticsearch)


def nothing_is_in(elasticsearch: Elasticsearch) -> bool:
    templates = elasticsearch.indices.get_index_template()["index_templates"]
    return not templates and not elasticsearch.indices.exists(index=INDEX)


@pytest.mark.parametrize(("licence", "kind"), [("basic", ".index"), ("gold", ".webhook"), ("trial", ".webhook")])
def test_rules_call_what_the_licence_allows(
    licence: str, kind: str, start_kibana: StartKibana, open_setup: Open
) -> None:
    kibana = start_kibana(version="8.19.8", licence=licence)
    with open_setup(kibana) as setup:
        setup.apply(None, silent)
        way = setup.plan().way
    called = {action["id"] for rule in kibana.space.rules.values() for action in rule["actions"]}
    assert {kibana.space.connectors[name]["connector_type_id"] for name in called} == {kind}
    assert ("spiketrace-alert-inbox" in way) == (licence == "basic")


def test_a_better_licence_turns_the_rules_to_the_webhook(start_kibana: StartKibana, open_setup: Open) -> None:
    kibana = start_kibana(licence="basic")
    with open_setup(kibana) as setup:
        setup.apply(None, silent)
    kibana.deployment.licence = "gold"
    with open_setup(kibana) as setup:
        setup.apply(None, silent)
        left_over = setup.plan().left_over
    called = {action["id"] for rule in kibana.space.rules.values() for action in rule["actions"]}
    assert {kibana.space.connectors[name]["connector_type_id"] for name in called} == {".webhook"}
    assert [kibana.space.connectors[key.id]["name"] for key in left_over] == ["spiketrace-alert-inbox"]


def test_connectors_get_their_secrets_and_nothing_else_does(
    start_kibana: StartKibana, open_setup: Open, elasticsearch: Elasticsearch
) -> None:
    kibana = start_kibana()
    with open_setup(kibana) as setup:
        setup.apply(None, silent)
    kept = {secret for connector in kibana.space.connectors.values() for secret in connector["secrets"].values()}
    assert set(SECRETS.values()) <= kept
    record = str(elasticsearch.get(index=INDEX, id="default")["_source"])
    others = str([kibana.space.rules, kibana.space.objects, kibana.space.workflows, kibana.space.agents])
    assert [secret for secret in SECRETS.values() if secret in record + others] == []


def test_a_changed_secret_is_written_again_and_only_that(start_kibana: StartKibana, open_setup: Open) -> None:
    kibana = start_kibana()
    with open_setup(kibana) as setup:
        setup.apply(None, silent)
    before = len(kibana.deployment.writes)
    with open_setup(kibana, webhook_password="another-password") as setup:
        setup.apply(None, silent)
    assert [method for method, _ in kibana.deployment.writes[before:]] == ["PUT"]
    secrets = [connector["secrets"].get("password") for connector in kibana.space.connectors.values()]
    assert "another-password" in secrets


def test_everything_goes_into_the_named_space(start_kibana: StartKibana, open_setup: Open) -> None:
    kibana = start_kibana()
    kibana.deployment.spaces["sre"] = type(kibana.space)()
    with open_setup(kibana, kibana_space="sre") as setup:
        setup.apply(None, silent)
    assert not any(kibana.space.summary().values())
    assert len(kibana.deployment.spaces["sre"].rules) == len(load_rules())


def test_what_two_spaces_need_goes_with_the_last(
    start_kibana: StartKibana, open_setup: Open, elasticsearch: Elasticsearch
) -> None:
    kibana = start_kibana()
    kibana.deployment.spaces["sre"] = type(kibana.space)()
    for space in ("default", "sre"):
        with open_setup(kibana, kibana_space=space) as setup:
            setup.apply(None, silent)
    # The record of the other space is found once the index shows it.
    elasticsearch.indices.refresh(index=INDEX)
    with open_setup(kibana) as setup:
        done = setup.remove(silent, dry_run=False)
        setup.record.end()
    assert {item.step.key.kind for item in done if item.outcome is Outcome.STAYS} == {Kind.TEMPLATE}
    assert elasticsearch.indices.exists_index_template(name="spiketrace-alerts")
    assert kibana.deployment.spaces["sre"].rules
    with open_setup(kibana, kibana_space="sre") as setup:
        setup.remove(silent, dry_run=False)
        setup.record.end()
    assert nothing_is_in(elasticsearch)


def test_on_every_engine(engine: Engine, start_kibana: StartKibana) -> None:
    """What is in Elasticsearch, and what is remembered there, on the real ones too."""
    kibana = start_kibana()
    settings = Settings(kibana_url=kibana.url, elasticsearch_url=engine.url, **EVERYTHING)
    for expected in (Outcome.CREATED, Outcome.UNCHANGED):
        with connect_kibana(settings) as client, connect_elasticsearch(settings) as elasticsearch:
            done = outcomes(Setup(settings, client, elasticsearch).apply(None, silent))
            assert done[Outcome.FAILED] == 0
            assert done[expected] > 40
    with connect_kibana(settings) as client, connect_elasticsearch(settings) as elasticsearch:
        Setup(settings, client, elasticsearch).remove(silent, dry_run=False)
        assert not elasticsearch.indices.exists_index_template(name="spiketrace-alerts")
    assert not any(kibana.space.summary().values())
