from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from cli.dead_letters import dead_letters
from tasks.queue import CeleryQueue
from tests.cli.conftest import Invoke, printed
from tests.tasks import samples
from worker.bootstrap import Stores
from worker.domain.alert import AlertState
from worker.domain.incident import Delivery
from worker.incidents import record
from worker.ports import Notification
from worker.settings import Settings


@pytest.fixture
def alert_id(stores: Stores) -> str:
    """An alert that was given up."""
    alert = samples.alert("checkout")
    (recorded,) = stores.alerts.record([Notification(alert=alert, received_at=datetime.now(UTC))])
    stores.dead_letters.put(
        recorded.alert_id, reason="the engine was away", kind="investigation", payload=alert.model_dump(mode="json")
    )
    stores.alerts.fail(recorded.alert_id, reason="the engine was away")
    stores.client.indices.refresh(index="spiketrace-*")
    return recorded.alert_id


def test_without_any_the_list_says_so(invoke: Invoke, stores: Stores) -> None:
    assert invoke(dead_letters, "list").output == "There are none.\n"
    assert printed(invoke(dead_letters, "list", "--json")) == []


def test_a_letter_is_listed_and_shown_with_its_reason(invoke: Invoke, alert_id: str) -> None:
    listed = invoke(dead_letters, "list").output
    assert f"investigation:{alert_id}" in listed
    assert "the engine was away" in listed
    shown = invoke(dead_letters, "show", f"investigation:{alert_id}").output
    assert "the engine was away" in shown
    assert '"instance": "checkout"' in shown
    document = printed(invoke(dead_letters, "show", f"investigation:{alert_id}", "--json"))
    assert json.loads(document["payload"])["instance"] == "checkout"


def test_what_letters_hold_does_not_reach_the_terminal_as_it_is(invoke: Invoke, stores: Stores) -> None:
    """Whoever posts to the webhook could otherwise move the cursor of the one who reads it."""
    escape = "\x1b]0;owned\x07"
    stores.dead_letters.put(f"a{escape}", reason=f"no\n{escape}", kind="invalid", payload=f"first\nsecond {escape}")
    stores.client.indices.refresh(index="spiketrace-dead-letters")
    shown = invoke(dead_letters, "show", f"invalid:a{escape}").output
    assert "\x1b" not in shown + invoke(dead_letters, "list").output
    assert "first\nsecond \\u001b]0;owned" in shown


def test_that_none_fits_is_not_that_there_are_none(invoke: Invoke, alert_id: str) -> None:
    assert "None fits" in invoke(dead_letters, "list", "--kind", "delivery").output
    assert alert_id in invoke(dead_letters, "list").output


def test_a_requeued_alert_waits_again_and_its_letter_is_gone(
    invoke: Invoke, alert_id: str, stores: Stores, settings: Settings
) -> None:
    result = invoke(dead_letters, "requeue", f"investigation:{alert_id}", "--json")
    assert printed(result) == {"requeued": [f"investigation:{alert_id}"], "failed": []}
    record_ = stores.alerts.get(alert_id)
    assert record_ is not None
    assert (record_.state, record_.attempts, record_.reason) == (AlertState.QUEUED, 0, None)
    assert stores.dead_letters.get(f"investigation:{alert_id}") is None
    assert CeleryQueue(settings).waiting_alerts() == 1


def test_an_alert_that_was_never_stored_is_stored_now(invoke: Invoke, stores: Stores, settings: Settings) -> None:
    alert = samples.alert("checkout")
    stores.dead_letters.put(alert.alert_id, reason="refused", kind="alert", payload=alert.model_dump(mode="json"))
    assert invoke(dead_letters, "requeue", f"alert:{alert.alert_id}").exit_code == 0
    found = stores.alerts.get(alert.alert_id)
    assert found is not None
    assert found.alert == alert
    assert CeleryQueue(settings).waiting_alerts() == 1


def test_a_delivery_is_pending_again(invoke: Invoke, stores: Stores, settings: Settings) -> None:
    report = samples.report(samples.alert("checkout"), "a1")
    incident = record(report, stores.incidents, datetime.now(UTC))
    assert incident is not None
    failed = Delivery(state="failed", reason="401", updated_at=datetime.now(UTC))
    stores.incidents.update(incident.incident_id, lambda it: it.model_copy(update={"deliveries": {"jira": failed}}))
    payload = {"incident_id": incident.incident_id, "report_id": report.report_id, "destination": "jira"}
    stores.dead_letters.put("a1", reason="401", kind="delivery-jira", payload=payload)
    assert invoke(dead_letters, "requeue", "delivery-jira:a1").exit_code == 0
    changed = stores.incidents.get(incident.incident_id)
    assert changed is not None
    assert changed.deliveries["jira"].state == "pending"
    assert CeleryQueue(settings).waiting_deliveries() == 1


def test_what_never_was_an_alert_cannot_be_requeued(invoke: Invoke, stores: Stores, alert_id: str) -> None:
    stores.dead_letters.put("b", reason="no JSON", kind="invalid", payload="error rendering mustache template")
    result = invoke(dead_letters, "requeue", "invalid:b", "there-is-none", f"investigation:{alert_id}", "--json")
    assert result.exit_code == 1
    answer = printed(result)
    assert answer["requeued"] == [f"investigation:{alert_id}"]
    assert [failure["letter_id"] for failure in answer["failed"]] == ["invalid:b", "there-is-none"]
    assert stores.dead_letters.get("invalid:b") is not None


@pytest.fixture
def several(stores: Stores) -> list[str]:
    """One of each kind: a failed delivery twice, and something that never was an alert."""
    payload = {"incident_id": "i", "report_id": "r", "destination": "jira"}
    stores.dead_letters.put("a1", reason="Jira answered 401", kind="delivery-jira", payload=payload)
    stores.dead_letters.put("a1", reason="Slack answered 404", kind="delivery-slack", payload=payload)
    stores.dead_letters.put("b1", reason="the body is no JSON", kind="invalid", payload="{{{")
    stores.client.indices.refresh(index="spiketrace-*")
    return ["delivery-jira:a1", "delivery-slack:a1", "invalid:b1"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], {"delivery-jira:a1", "delivery-slack:a1", "invalid:b1"}),
        (["--kind", "delivery"], {"delivery-jira:a1", "delivery-slack:a1"}),
        (["--kind", "delivery-jira"], {"delivery-jira:a1"}),
        (["--kind", "deliver"], set()),
        (["--reason", "ANSWERED 40"], {"delivery-jira:a1", "delivery-slack:a1"}),
        (["--kind", "invalid", "--reason", "401"], set()),
        (["--since", "1h"], {"delivery-jira:a1", "delivery-slack:a1", "invalid:b1"}),
        (["--since", "2999-01-01"], set()),
    ],
)
def test_letters_are_chosen_by_all_that_is_given(
    invoke: Invoke, several: list[str], options: list[str], expected: set[str]
) -> None:
    found = printed(invoke(dead_letters, "list", *options, "--json"))
    assert {letter["letter_id"] for letter in found} == expected


def test_the_list_has_what_each_holds(invoke: Invoke, several: list[str]) -> None:
    listed = invoke(dead_letters, "list", "--limit", "2").output
    assert "and 1 more" in listed
    everything = invoke(dead_letters, "list").output
    assert '"destination": "jira"' in everything
    assert "{{{" in everything
    (invalid,) = printed(invoke(dead_letters, "list", "--kind", "invalid", "--json"))
    assert invalid["payload"] == "{{{"


def test_dropping_says_what_is_lost_and_asks(invoke: Invoke, several: list[str], stores: Stores) -> None:
    refused = CliRunner().invoke(dead_letters, ["drop", "--kind", "delivery"], input="n\n")
    assert refused.exit_code == 1
    assert "delivery-jira: jira is not told of the incident" in refused.output
    assert "Drop 2 dead letters (1 delivery-jira, 1 delivery-slack)?" in refused.output
    assert stores.dead_letters.get("delivery-jira:a1") is not None
    agreed = CliRunner().invoke(dead_letters, ["drop", "--kind", "delivery"], input="y\n")
    assert agreed.exit_code == 0
    assert [letter.letter_id for letter in stores.dead_letters.newest(10)] == ["invalid:b1"]


def test_a_letter_is_dropped_by_its_id(invoke: Invoke, several: list[str], stores: Stores) -> None:
    result = invoke(dead_letters, "drop", "invalid:b1", "none:x", "--yes", "--json")
    assert result.exit_code == 1
    told = printed(result)
    assert told["dropped"] == ["invalid:b1"]
    assert [one["letter_id"] for one in told["failed"]] == ["none:x"]
    assert stores.dead_letters.get("invalid:b1") is None


def test_many_are_requeued_when_somebody_agrees(invoke: Invoke, alert_id: str, stores: Stores) -> None:
    result = CliRunner().invoke(dead_letters, ["requeue", "--kind", "investigation"], input="y\n")
    assert result.exit_code == 0
    assert "Requeue 1 dead letter (1 investigation)?" in result.output
    assert "1 requeued" in result.output
    assert stores.dead_letters.get(f"investigation:{alert_id}") is None


def test_all_are_requeued_without_a_question_if_that_is_said(invoke: Invoke, alert_id: str) -> None:
    told = printed(invoke(dead_letters, "requeue", "--all", "--yes", "--json"))
    assert told["requeued"] == [f"investigation:{alert_id}"]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["requeue"], "say which"),
        (["drop"], "say which"),
        (["requeue", "a:b", "--all"], "not both"),
        (["drop", "--all", "--json"], "give --yes"),
    ],
)
def test_what_is_not_said_clearly_is_not_done(
    invoke: Invoke, several: list[str], arguments: list[str], why: str, stores: Stores
) -> None:
    result = invoke(dead_letters, *arguments)
    assert why in str(result.exception)
    assert len(stores.dead_letters.newest(10)) == len(several)
