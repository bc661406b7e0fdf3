"""Buttons in Slack, as Slack sends them and as others would like to."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from demo.standins.slack import send_interaction, signed
from tests.incidents.samples import a_report
from tests.standins.queue import Queued
from tests.webhook.conftest import serving
from webhook.app import create_app
from webhook.slack import PATH, TOLERANCE_SECONDS
from worker.bootstrap import Stores
from worker.domain.incident import Incident
from worker.domain.severity import Severity
from worker.incidents import record
from worker.settings import Settings

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
# So long it may take until the webhook looks at its own clock.
MOMENT = 30
CHANGES: dict[str, Any] = {
    "slack_signing_secret": SecretStr(SECRET),
    "slack_token": SecretStr("xoxb-1"),
    "slack_channel": "C1",
    "jira_url": "http://127.0.0.1:1",
    "jira_user": "u",
    "jira_token": SecretStr("t"),
    "jira_project": "OPS",
}


@pytest.fixture
def client(settings: Settings, stores: Stores, queue: Queued) -> Iterator[httpx.Client]:
    """One that knows no password, as Slack."""
    app = create_app(settings.model_copy(update=CHANGES), stores=stores, queue=queue)
    with serving(app) as connected, httpx.Client(base_url=connected.base_url, timeout=10) as slack:
        yield slack


@pytest.fixture
def incident(stores: Stores) -> Incident:
    report = a_report(severity=Severity.MEDIUM)
    stores.reports.create(report)
    opened = record(report, stores.incidents, datetime.now(UTC))
    assert opened is not None
    return opened


def pressed(
    incident: Incident, button: str = "ask:jira", *, user: str = "U1", at: float | None = None
) -> dict[str, Any]:
    value = incident.incident_id if button.startswith("ask") else f"{incident.incident_id} {incident.report_ids[0]}"
    action = {"action_id": button, "value": value, "action_ts": f"{time.time() if at is None else at:.6f}"}
    return {"type": "block_actions", "user": {"id": user}, "actions": [action]}


def send(client: httpx.Client, payload: dict[str, Any], **how: Any) -> httpx.Response:
    return send_interaction(str(client.base_url).rstrip("/"), payload, secret=SECRET, **how)


def stored(stores: Stores, incident: Incident) -> Incident:
    found = stores.incidents.get(incident.incident_id)
    assert found is not None
    return found


def test_a_button_asks_for_a_ticket_once(
    client: httpx.Client, stores: Stores, queue: Queued, incident: Incident
) -> None:
    body, headers = signed(pressed(incident), secret=SECRET)
    for _ in range(3):
        answer = client.post(PATH, content=body, headers=headers)
        assert (answer.status_code, answer.content) == (200, b"")
    found = stored(stores, incident)
    assert (found.deliveries["jira"].state, found.deliveries["jira"].asked_by) == ("pending", "slack:U1")
    assert queue.deliveries.count((incident.incident_id, "jira")) == 1
    assert [entry.event for entry in found.history].count("asked") == 1


def test_thumbs_are_kept_one_a_person_and_the_latest_counts(
    client: httpx.Client, stores: Stores, incident: Incident
) -> None:
    now = time.time()
    for user, button, at in (
        ("U1", "judge:right", now), ("U2", "judge:right", now), ("U1", "judge:wrong", now + 1),
        ("U1", "judge:right", now), ("U1", "judge:wrong", now + 1),
    ):  # fmt: skip
        assert send(client, pressed(incident, button, user=user, at=at)).status_code == 200
    found = stored(stores, incident)
    assert {(one.by, one.right) for one in found.feedback} == {("slack:U1", False), ("slack:U2", True)}
    assert {one.root_cause for one in found.feedback if one.root_cause != a_report().root_cause} == set()
    assert [entry.event for entry in found.history].count("judged") == 3


@pytest.mark.parametrize("age", [TOLERANCE_SECONDS + MOMENT, -TOLERANCE_SECONDS - MOMENT, 1_000_000])
def test_what_is_too_old_or_from_the_future_is_refused(
    client: httpx.Client, stores: Stores, incident: Incident, age: float
) -> None:
    assert send(client, pressed(incident), at=time.time() - age).status_code == 401
    assert stored(stores, incident).deliveries == {}


def test_what_somebody_else_signed_is_refused(client: httpx.Client, stores: Stores, incident: Incident) -> None:
    assert send(client, pressed(incident), forged=True).status_code == 401
    assert stored(stores, incident).deliveries == {}


@pytest.mark.parametrize(
    "change",
    [
        {"x-slack-signature": ""},
        {"x-slack-signature": "v0="},
        {"x-slack-signature": "v1=00"},
        {"x-slack-signature": "ü"},
        {"x-slack-request-timestamp": ""},
        {"x-slack-request-timestamp": "²"},
        {"x-slack-request-timestamp": "1" * 400},
        {"x-slack-request-timestamp": "-1"},
    ],
)
def test_headers_of_another_form_are_refused(client: httpx.Client, incident: Incident, change: dict[str, str]) -> None:
    body, headers = signed(pressed(incident), secret=SECRET)
    sent = [(name.encode(), value.encode("latin-1")) for name, value in (headers | change).items()]
    assert client.post(PATH, content=body, headers=sent).status_code == 401


def test_a_body_that_was_changed_is_refused(client: httpx.Client, stores: Stores, incident: Incident) -> None:
    body, headers = signed(pressed(incident), secret=SECRET)
    assert client.post(PATH, content=body.replace(b"U1", b"U2"), headers=headers).status_code == 401
    assert stored(stores, incident).deliveries == {}


@pytest.mark.parametrize(
    "payload", [{}, {"type": "view_submission"}, {"type": "block_actions", "user": {"id": "U1"}, "actions": [7]}]
)
def test_what_is_signed_and_no_button_of_ours_does_nothing(
    client: httpx.Client, stores: Stores, incident: Incident, payload: dict[str, Any]
) -> None:
    assert send(client, payload).status_code == 200
    assert stored(stores, incident) == incident


def test_a_button_of_an_incident_that_is_gone_does_nothing(client: httpx.Client, incident: Incident) -> None:
    gone = incident.model_copy(update={"incident_id": "inc-none"})
    for button in ("ask:jira", "ask:servicenow", "judge:right"):
        assert send(client, pressed(gone, button)).status_code == 200


def test_the_body_has_its_limit_and_the_route_its_method(client: httpx.Client, settings: Settings) -> None:
    headers = {"x-slack-signature": "v0=0", "x-slack-request-timestamp": str(int(time.time()))}
    body = b" " * (settings.webhook_max_body_bytes + 1)
    assert client.post(PATH, content=body, headers=headers).status_code == 413
    assert client.get(PATH).status_code == 405


def test_without_the_secret_there_is_nothing(settings: Settings, stores: Stores, queue: Queued) -> None:
    with serving(create_app(settings, stores=stores, queue=queue)) as client:
        assert client.post(PATH, content=b"payload={}").status_code == 404


def test_other_routes_stay_closed(client: httpx.Client) -> None:
    for path in (f"{PATH}/", f"{PATH}/../incidents/x", "/v1/incidents/x", "/v1/slack"):
        assert client.get(path).status_code in (401, 404)
    assert client.get("/v1/incidents/x").status_code == 401
