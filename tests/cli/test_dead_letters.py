from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

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
