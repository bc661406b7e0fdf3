"""What somebody changed in Kibana stays, is shown, and gives way only when that is asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from demo.standins.kibana.deployment import Space
from kibana.setup.compare import Take
from kibana.setup.plan import Plan, Step
from kibana.setup.things import Kind
from tests.setup.conftest import Open, StartKibana, silent
from tests.standins.kibana import Kibana

RULE = "spiketrace-errors-by-service"
HEADERS = {"kbn-xsrf": "a person"}


@pytest.fixture
def kibana(start_kibana: StartKibana, open_setup: Open) -> Kibana:
    """With everything installed."""
    running = start_kibana()
    with open_setup(running) as setup:
        setup.apply(None, silent)
    return running


def edit_rule(kibana: Kibana, **changes: Any) -> None:
    """As Kibana's own form does: read, change, write all of it."""
    url = f"{kibana.url}/api/alerting/rule/{RULE}"
    rule = httpx.get(url).json()
    body = {name: rule[name] for name in ("name", "schedule", "tags", "params", "actions", "alert_delay")}
    for action in body["actions"]:
        action.pop("connector_type_id")
    body["params"] |= changes.pop("params", {})
    httpx.put(url, json=body | changes, headers=HEADERS).raise_for_status()


def step(plan: Plan, kind: Kind, name: str) -> Step:
    return next(step for step in plan.steps if step.key == (kind, name))


def kept(step: Step) -> dict[str, tuple[Any, Any]]:
    return {change.field: (change.before, change.after) for change in step.kept}


def test_a_threshold_stays_and_is_shown(kibana: Kibana, open_setup: Open) -> None:
    edit_rule(kibana, params={"threshold": [7]})
    with open_setup(kibana) as setup:
        planned = step(setup.plan(), Kind.RULE, RULE)
        setup.apply(None, silent)
        setup.apply(None, silent)
    assert kept(planned) == {"params.threshold": ([7], [4])}
    assert not planned.writes
    assert kibana.space.rules[RULE]["params"]["threshold"] == [7]


@pytest.mark.parametrize("licence", ["basic", "trial"])
@pytest.mark.parametrize("version", ["8.19.8", "9.2.0", "9.3.1", "9.4.3"])
def test_a_threshold_stays_on_each_version_and_licence(
    version: str, licence: str, start_kibana: StartKibana, open_setup: Open
) -> None:
    kibana = start_kibana(version=version, licence=licence)
    with open_setup(kibana) as setup:
        setup.apply(None, silent)
    edit_rule(kibana, params={"threshold": [7]})
    with open_setup(kibana) as setup:
        planned = step(setup.plan(), Kind.RULE, RULE)
        setup.apply(None, silent)
    assert kept(planned) == {"params.threshold": ([7], [4])}
    assert kibana.space.rules[RULE]["params"]["threshold"] == [7]


def test_ours_writes_over_it_once(kibana: Kibana, open_setup: Open) -> None:
    edit_rule(kibana, params={"threshold": [7]})
    with open_setup(kibana) as setup:
        setup.apply(Take.OURS, silent)
        assert setup.plan().kept == []
    assert kibana.space.rules[RULE]["params"]["threshold"] == [4]


def test_theirs_is_agreed_to_and_not_mentioned_again_until_one_side_changes(
    kibana: Kibana, open_setup: Open, tmp_path: Path
) -> None:
    edit_rule(kibana, params={"threshold": [7]})
    with open_setup(kibana) as setup:
        setup.apply(Take.THEIRS, silent)
    with open_setup(kibana) as setup:
        assert setup.plan().kept == []
    ours = tmp_path / "thresholds.yaml"
    ours.write_text(f"{RULE}: {{errors: 9}}", encoding="utf-8")
    with open_setup(kibana, kibana_thresholds=ours) as setup:
        assert kept(step(setup.plan(), Kind.RULE, RULE)) == {"params.threshold": ([7], [9])}
        setup.apply(None, silent)
    assert kibana.space.rules[RULE]["params"]["threshold"] == [7]


def test_what_we_change_is_written_beside_what_they_changed(kibana: Kibana, open_setup: Open, tmp_path: Path) -> None:
    """Of one rule: their tag, their action and their delay stay when our threshold comes."""
    email = {"id": "system-connector-.cases", "params": {}}
    edit_rule(
        kibana,
        tags=["spiketrace", "errors", "team-a"],
        alert_delay={"active": 9},
        actions=[*_actions(kibana.space), email],
    )
    ours = tmp_path / "thresholds.yaml"
    ours.write_text(f"{RULE}: {{errors: 9}}", encoding="utf-8")
    with open_setup(kibana, kibana_thresholds=ours) as setup:
        planned = step(setup.plan(), Kind.RULE, RULE)
        setup.apply(None, silent)
    rule = kibana.space.rules[RULE]
    assert [change.field for change in planned.changes] == ["params.threshold"]
    assert rule["params"]["threshold"] == [9]
    assert rule["alert_delay"] == {"active": 9}
    assert "team-a" in rule["tags"]
    assert [action["id"] for action in rule["actions"]][-1] == email["id"]


def _actions(space: Space) -> list[dict[str, Any]]:
    return [
        {name: value for name, value in action.items() if name != "connector_type_id"}
        for action in space.rules[RULE]["actions"]
    ]


def test_actions_keep_their_identity(kibana: Kibana, open_setup: Open, tmp_path: Path) -> None:
    before = [action["uuid"] for action in kibana.space.rules[RULE]["actions"]]
    ours = tmp_path / "thresholds.yaml"
    ours.write_text(f"{RULE}: {{errors: 9}}", encoding="utf-8")
    with open_setup(kibana, kibana_thresholds=ours) as setup:
        setup.apply(None, silent)
    assert [action["uuid"] for action in kibana.space.rules[RULE]["actions"]] == before


def test_a_rule_that_was_switched_off_stays_off(kibana: Kibana, open_setup: Open) -> None:
    httpx.post(f"{kibana.url}/api/alerting/rule/{RULE}/_disable", headers=HEADERS).raise_for_status()
    with open_setup(kibana) as setup:
        setup.apply(None, silent)
        assert kept(step(setup.plan(), Kind.RULE, RULE)) == {"enabled": (False, True)}
        assert kibana.space.rules[RULE]["enabled"] is False
        setup.apply(Take.OURS, silent)
    assert kibana.space.rules[RULE]["enabled"] is True


def test_what_was_deleted_comes_back(kibana: Kibana, open_setup: Open) -> None:
    del kibana.space.rules[RULE]
    with open_setup(kibana) as setup:
        planned = step(setup.plan(), Kind.RULE, RULE)
        setup.apply(None, silent)
    assert planned.reason == "it was deleted meanwhile"
    assert RULE in kibana.space.rules


@pytest.mark.parametrize("take", [None, Take.OURS])
def test_a_dashboard_is_theirs_as_a_whole(kibana: Kibana, open_setup: Open, take: Take | None) -> None:
    (key,) = [key for key in kibana.space.objects if key[1] == "spiketrace-sre"]
    dashboard = kibana.space.objects[key]
    ours = dict(dashboard["attributes"])
    dashboard["attributes"] |= {"title": "Ours, better", "panelsJSON": "[]"}
    with open_setup(kibana) as setup:
        shown = step(setup.plan(), Kind.DASHBOARD, "spiketrace-sre")
        setup.apply(take, silent)
        assert setup.plan().pending == []
    after = kibana.space.objects[key]["attributes"]
    assert {change.field for change in shown.kept} == {"attributes.title", "attributes.panelsJSON"}
    assert after == (ours if take is Take.OURS else ours | {"title": "Ours, better", "panelsJSON": "[]"})


def test_agent_and_tools_keep_what_was_added(kibana: Kibana, open_setup: Open) -> None:
    agent = kibana.space.agents["spiketrace"]
    agent["configuration"]["tools"][0]["tool_ids"].append("platform.core.list_indices")
    agent["configuration"]["instructions"] += "\nAnswer in French."
    kibana.space.tools["search_logs"]["tags"].append("team-a")
    # Something of ours changes as well.
    kibana.space.tools["latest_reports"]["description"] = "changed by hand"
    with open_setup(kibana) as setup:
        setup.apply(None, silent)
        plan = setup.plan()
    assert plan.pending == []
    assert {item.key.id for item in plan.kept} == {"spiketrace", "search_logs", "latest_reports"}
    assert agent["configuration"]["instructions"].endswith("French.")


def test_a_changed_address_of_ours_is_written_and_theirs_is_not_overwritten(kibana: Kibana, open_setup: Open) -> None:
    (connector,) = [item for item in kibana.space.connectors.values() if item["name"] == "spiketrace-webhook"]
    connector["config"]["headers"] = {"X-Team": "a"}
    with open_setup(kibana, public_url="https://new.example.com") as setup:
        setup.apply(None, silent)
    assert connector["config"]["url"] == "https://new.example.com/v1/alerts/kibana"
    assert connector["config"]["headers"]["X-Team"] == "a"
    formats = [json.dumps(item) for (kind, _), item in kibana.space.objects.items() if kind == "index-pattern"]
    assert any("https://new.example.com/reports/" in text for text in formats)


def test_what_was_installed_by_hand_is_taken_over_and_not_removed(start_kibana: StartKibana, open_setup: Open) -> None:
    """From the shipped files: placeholders are ours to fill in, a changed value is theirs."""
    kibana = start_kibana(version="8.19.8", licence="gold")
    root = Path(__file__).resolve().parents[2]
    _import(kibana, root / "connectors" / "connectors.ndjson")
    for connector in kibana.space.connectors.values():
        connector["is_missing_secrets"] = False
    for path in sorted((root / "kibana_rules").glob("*.json")):
        body = json.loads(path.read_text(encoding="utf-8"))
        if path.stem == RULE:
            body["params"]["threshold"] = [7]
        url = f"{kibana.url}/api/alerting/rule/{path.stem}"
        httpx.post(url, json=body, headers=HEADERS).raise_for_status()
    by_hand = {*kibana.space.rules, *kibana.space.connectors}
    with open_setup(kibana, public_url="https://spiketrace.shop.example") as setup:
        setup.apply(None, silent)
        plan = setup.plan()
    assert plan.pending == []
    assert [item.key.id for item in plan.kept] == [RULE]
    (webhook,) = [item for item in kibana.space.connectors.values() if item["name"] == "spiketrace-webhook"]
    assert webhook["config"]["url"] == "https://spiketrace.shop.example/v1/alerts/kibana"
    assert webhook["secrets"]["user"] == "kibana"
    with open_setup(kibana) as setup:
        setup.remove(silent, dry_run=False)
    assert by_hand == {*kibana.space.rules, *kibana.space.connectors}


def test_secrets_are_put_where_an_import_left_them_out(start_kibana: StartKibana, open_setup: Open) -> None:
    """Kibana refuses rules whose connector has none: so the connectors come first."""
    kibana = start_kibana(version="8.19.8", licence="gold")
    _import(kibana, Path(__file__).resolve().parents[2] / "connectors" / "connectors.ndjson")
    with open_setup(kibana) as setup:
        setup.apply(None, silent)
        assert setup.plan().pending == []
    (webhook,) = [item for item in kibana.space.connectors.values() if item["name"] == "spiketrace-webhook"]
    assert not webhook["is_missing_secrets"]
    assert RULE in kibana.space.rules


def _import(kibana: Kibana, path: Path) -> None:
    file = {"file": (path.name, path.read_bytes(), "application/x-ndjson")}
    answer = httpx.post(f"{kibana.url}/api/saved_objects/_import", files=file, headers=HEADERS)
    assert answer.raise_for_status().json()["success"]
