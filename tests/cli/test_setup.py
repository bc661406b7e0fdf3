"""`spiketrace setup` and what `doctor` says of it, as somebody runs them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.doctor import doctor, examine
from cli.setup import setup
from cli.setup_text import difference, shown_changes
from demo.standins.kibana.deployment import Account
from kibana.setup.compare import ABSENT, Change
from kibana.setup.record import Record
from tests.cli.conftest import Invoke, printed
from tests.standins.kibana import Kibana, running_kibana
from worker.elastic import connect_elasticsearch
from worker.errors import SpikeTraceError
from worker.settings import Settings

RULE = "spiketrace-errors-by-service"
PASSWORD = "webhook-password-of-the-tests"


@pytest.fixture
def kibana() -> Iterator[Kibana]:
    with running_kibana(version="9.4.3", licence="trial") as running:
        yield running


@pytest.fixture
def settings(settings: Settings, kibana: Kibana) -> Settings:
    return Settings.model_validate({**dict(settings), "kibana_url": kibana.url, "webhook_password": PASSWORD})


def test_plan_says_what_would_be_done_and_does_nothing(invoke: Invoke, kibana: Kibana) -> None:
    result = invoke(setup, "plan")
    assert result.exit_code == 0, result.output
    assert "+ create rule            Errors by service" in result.output
    assert "Alerts reach SpikeTrace by webhook" in result.output
    assert "SPIKETRACE_JIRA_URL" in result.output
    assert "`spiketrace setup apply` does it" in result.output
    assert kibana.deployment.writes == []


def test_a_life(invoke: Invoke, kibana: Kibana) -> None:
    applied = invoke(setup, "apply")
    assert applied.exit_code == 0, applied.output
    assert "+ created   rule            Errors by service" in applied.output
    assert "There is nothing to do." in invoke(setup, "plan").output

    kibana.space.rules[RULE]["params"]["threshold"] = [7]
    shown = invoke(setup, "plan").output
    assert "params.threshold: [7], changed in Kibana; stays. Ours is [4]" in shown
    assert "params.threshold: [7] → [4]" in invoke(setup, "plan", "--take", "ours").output
    assert "[7], changed in Kibana" in invoke(setup, "apply").output
    assert invoke(setup, "apply", "--take", "theirs").exit_code == 0
    assert "changed in Kibana" not in invoke(setup, "plan").output
    assert kibana.space.rules[RULE]["params"]["threshold"] == [7]

    assert "would be removed" in invoke(setup, "remove", "--dry-run").output
    assert RULE in kibana.space.rules
    removed = invoke(setup, "remove")
    assert removed.exit_code == 0, removed.output
    assert not any(kibana.space.summary().values())
    assert "made nothing in this space" in invoke(setup, "remove").output


def test_a_key_that_cannot_be_taken_back_is_named(invoke: Invoke, settings: Settings) -> None:
    with connect_elasticsearch(settings) as client:
        Record(client, "default").remember_api_key("spiketrace-worker-1")
        removed = invoke(setup, "remove")
        assert isinstance(removed.exception, SpikeTraceError)
        assert "the API key spiketrace-worker-1 stays: this Elasticsearch has no API keys" in str(removed.exception)
        assert Record(client, "default").api_key_name == "spiketrace-worker-1"


def test_json_for_programs(invoke: Invoke, kibana: Kibana) -> None:
    plan = printed(invoke(setup, "plan", "--json"))
    assert plan["kibana"]["version"] == "9.4.3"
    assert plan["summary"]["create"] == len([step for step in plan["steps"] if step["action"] == "create"]) > 30
    done = printed(invoke(setup, "apply", "--json"))
    assert done["summary"]["created"] == plan["summary"]["create"]
    kibana.space.rules[RULE]["params"]["threshold"] = [7]
    (kept,) = [step for step in printed(invoke(setup, "plan", "--json"))["steps"] if step["kept"]]
    assert kept["kept"] == [{"field": "params.threshold", "before": [7], "after": [4]}]
    assert printed(invoke(setup, "remove", "--json"))["summary"]["removed"] == done["summary"]["created"]


def test_no_secret_is_printed(invoke: Invoke) -> None:
    outputs = [invoke(setup, *arguments).output for arguments in (("plan",), ("apply",), ("plan", "--json"))]
    assert PASSWORD not in "".join(outputs)


def test_a_wish_for_a_key_where_there_are_none(invoke: Invoke, tmp_path: Path) -> None:
    result = invoke(setup, "apply", "--api-key-file", str(tmp_path / "key"))
    assert result.exit_code == 0
    assert "API key" in result.output
    assert "no API keys" in result.output
    assert not (tmp_path / "key").exists()


def test_what_failed_gives_exit_code_1_and_the_way_on(invoke: Invoke, kibana: Kibana) -> None:
    kibana.deployment.accounts = {"": Account(may_change=frozenset())}
    result = invoke(setup, "apply")
    assert result.exit_code == 1
    assert "! failed    connector       spiketrace-webhook" in result.output
    assert "`spiketrace setup apply` again" in result.output


def test_thresholds_of_ones_own(
    invoke: Invoke, kibana: Kibana, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = tmp_path / "thresholds.yaml"
    ours.write_text(f"{RULE}: {{errors: 9}}", encoding="utf-8")
    monkeypatch.setenv("SPIKETRACE_KIBANA_THRESHOLDS", str(ours))
    invoke(setup, "apply")
    assert kibana.space.rules[RULE]["params"]["threshold"] == [9]


def test_doctor_before_and_after(invoke: Invoke, kibana: Kibana) -> None:
    before = {check["name"]: check for check in printed(invoke(doctor, "--json"))["checks"]}
    assert "9.4.3" in before["kibana"]["found"]
    assert "spiketrace setup apply" in before["kibana: set-up"]["advice"]
    assert kibana.deployment.writes == []

    invoke(setup, "apply")
    kibana.space.rules[RULE]["params"]["threshold"] = [7]
    after = {check["name"]: check for check in printed(invoke(doctor, "--json"))["checks"]}
    assert after["kibana: set-up"]["advice"] is None
    assert "1 fields changed in Kibana" in after["kibana: set-up"]["found"]

    del kibana.space.rules[RULE]
    drifted = {check["name"]: check for check in printed(invoke(doctor, "--json"))["checks"]}
    assert "1 missing" in drifted["kibana: set-up"]["found"]
    assert drifted["kibana: set-up"]["advice"]


def test_doctor_names_what_the_credentials_lack(settings: Settings, kibana: Kibana) -> None:
    kibana.deployment.accounts = {"": Account(may_change=frozenset())}
    problems = {check.name for check in examine(settings) if check.advice}
    assert "kibana: privileges" in problems


def test_doctor_without_an_answer(settings: Settings) -> None:
    nowhere = Settings.model_validate({**dict(settings), "kibana_url": "http://127.0.0.1:1"})
    (check,) = [check for check in examine(nowhere) if check.name == "kibana"]
    assert "cannot be reached" in check.found
    assert check.advice


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ([0.18], [0.25], ["[0.18] → [0.25]"]),
        (ABSENT, "x", ["(nothing) → x"]),
        ("sha256:1", "sha256:2", ["another value"]),
        ("a\nb\nc\nd", "a\nb\nX\nd", ["@@ -2,3 +2,3 @@", " b", "-c", "+X", " d"]),
        (
            f"{'a' * 90}{'-' * 30}1{'+' * 90}",
            f"{'a' * 90}{'-' * 30}2{'+' * 90}",
            [f"…{'-' * 20}1{'+' * 20}…", f"→ …{'-' * 20}2{'+' * 20}…"],
        ),
    ],
)
def test_a_difference_is_shown_where_it_is(before: object, after: object, lines: list[str]) -> None:
    assert difference(before, after) == lines


def test_an_action_that_comes_or_goes_is_one_line() -> None:
    changes = [
        Change(("actions", "a", "group"), "recovered", ABSENT),
        Change(("actions", "a", "id"), "1", ABSENT),
        Change(("actions", "b", "id"), ABSENT, "2"),
        Change(("actions", "b", "params", "body"), ABSENT, "{}"),
        Change(("actions", "c", "params", "body"), ABSENT, "{}"),
        Change(("name",), ABSENT, "x"),
    ]
    assert list(shown_changes(changes)) == [
        ("actions.a", ["is taken away"]),
        ("actions.b", ["is added"]),
        ("actions.c.params.body", ["(nothing) → {}"]),
        ("name", ["(nothing) → x"]),
    ]


def test_after_the_trial_a_plan_stays_readable(invoke: Invoke, kibana: Kibana) -> None:
    assert invoke(setup, "apply").exit_code == 0
    kibana.deployment.licence = "basic"
    shown = invoke(setup, "plan").output
    assert "actions.recovered → 6f0c2b1e-4d5a-4c8b-9a37-2e1d5b8f7c60: is taken away" in shown
    assert "actions.recovered → b3f6a1d8-5c27-4e09-8d43-7a90c1e2f584: is added" in shown
    assert "  connector spiketrace-webhook\n" in shown.split("From an earlier apply")[1]
