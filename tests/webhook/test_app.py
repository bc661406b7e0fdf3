"""The webhook over HTTP, on a real broker and the embedded engine."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from tests.delivery_paths.kibana_documents import active_document, connector_writes
from tests.engines.servers import Engine
from tests.incidents.samples import a_report
from tests.standins.queue import Queued
from tests.webhook.bodies import active, encoded, recovered
from tests.webhook.conftest import PASSWORD, TOKEN, USER, serving, webhook_settings
from webhook.app import create_app
from worker.bootstrap import Stores
from worker.domain.severity import Severity
from worker.errors import ConfigurationError
from worker.incidents import record
from worker.settings import Settings
from worker.store.dead_letters import INDEX as DEAD_LETTERS

POST = "/v1/alerts/kibana"
NOW = datetime(2026, 2, 26, 11, 0, tzinfo=UTC)


def eventually(holds: Callable[[], object], *, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come to hold in time"
        time.sleep(0.02)


def _assert_problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    return problem


def test_an_alert_is_taken_queued_and_shown(client: httpx.Client, queue: Queued) -> None:
    answer = client.post(POST, content=encoded(active()))
    assert answer.status_code == 202
    alert_id = answer.json()["alert_id"]
    assert answer.json() == {"alert_id": alert_id, "status": "accepted"}
    shown = client.get(f"/v1/alerts/{alert_id}")
    assert shown.json() == {
        "alert_id": alert_id,
        "state": "queued",
        "report_id": None,
        "incident_id": None,
        "reason": None,
    }
    eventually(lambda: queue.alert_ids == [alert_id])


def test_a_repetition_a_renotification_and_the_recovery(client: httpx.Client, queue: Queued) -> None:
    def post(body: dict[str, Any]) -> tuple[str, str]:
        answer = client.post(POST, content=encoded(body))
        assert answer.status_code == 202
        return answer.json()["status"], answer.json()["alert_id"]

    _, alert_id = post(active())
    assert post(active()) == ("duplicate", alert_id)
    status, again = post(active(date="2026-02-26T09:35:03.120Z"))
    assert (status, again != alert_id) == ("accepted", True)
    assert post(recovered()) == ("recovered", alert_id)
    assert post(recovered()) == ("recovered", alert_id)
    assert post(active()) == ("duplicate", alert_id)
    eventually(lambda: set(queue.alert_ids) == {alert_id, again})


def test_a_recovery_that_nobody_waits_for(client: httpx.Client, queue: Queued) -> None:
    answer = client.post(POST, content=encoded(recovered()))
    assert (answer.status_code, answer.json()["status"]) == (202, "recovered")
    shown = client.get(f"/v1/alerts/{answer.json()['alert_id']}")
    assert shown.json()["state"] == "recovered"
    assert queue.alert_ids == []


def test_what_became_of_an_alert(client: httpx.Client, stores: Stores) -> None:
    alert_id = client.post(POST, content=encoded(active())).json()["alert_id"]
    eventually(lambda: stores.alerts.get(alert_id))
    stores.alerts.claim(alert_id, owner="a", lease_seconds=60)
    assert client.get(f"/v1/alerts/{alert_id}").json()["state"] == "investigating"
    stores.alerts.finish(alert_id, report_id="report-1", incident_id="incident-1")
    shown = client.get(f"/v1/alerts/{alert_id}").json()
    assert (shown["state"], shown["report_id"], shown["incident_id"]) == ("reported", "report-1", "incident-1")
    client.post(POST, content=encoded(recovered()))
    eventually(lambda: client.get(f"/v1/alerts/{alert_id}").json()["state"] == "recovered")


def test_five_hundred_copies_at_once(client: httpx.Client, queue: Queued, stores: Stores) -> None:
    async def post_all() -> Counter[str]:
        limits = httpx.Limits(max_connections=50)
        async with httpx.AsyncClient(
            base_url=client.base_url, auth=(USER, PASSWORD), limits=limits, timeout=60
        ) as many:
            answers = await asyncio.gather(*(many.post(POST, content=encoded(active())) for _ in range(500)))
        assert {answer.status_code for answer in answers} == {202}
        assert len({answer.json()["alert_id"] for answer in answers}) == 1
        return Counter(answer.json()["status"] for answer in answers)

    assert asyncio.run(post_all()) == {"accepted": 1, "duplicate": 499}
    eventually(lambda: stores.inbox.depth() == 0)
    assert len(queue.alert_ids) == 1


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'error rendering mustache template "{": Unclosed tag', "could not render"),
        (b'{"rule": {}}', "rule.id"),
        (b"", "empty"),
        (b"\xff\x00", "UTF-8"),
    ],
)
def test_what_is_no_alert_is_refused_and_kept_once(
    client: httpx.Client, stores: Stores, queue: Queued, embedded_engine: Engine, body: bytes, words: str
) -> None:
    for _ in range(3):
        problem = _assert_problem(client.post(POST, content=body), 400)
        assert words in problem["detail"]

    def letters() -> list[dict[str, Any]]:
        embedded_engine.refresh()
        found = stores.client.search(index=DEAD_LETTERS, ignore_unavailable=True)
        return [hit["_source"] for hit in found["hits"]["hits"]]

    eventually(letters)
    eventually(lambda: stores.inbox.depth() == 0)
    (letter,) = letters()
    assert words in letter["reason"]
    assert queue.alert_ids == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/v1/alerts/unknown", 404),
        ("GET", "/v1/alerts/" + "x" * 2_000, 404),
        ("GET", "/v1/alerts/%2e%2e", 404),
        ("GET", "/v1/reports/_search", 404),
        ("GET", "/v1/reports/unknown", 404),
        ("GET", "/v1/incidents/unknown", 404),
        ("GET", "/v1/incidents/a%00b", 404),
        ("GET", POST, 405),
        ("PUT", POST, 405),
        ("DELETE", "/v1/alerts/x", 405),
        ("POST", "/healthz", 405),
    ],
)
def test_every_error_is_a_problem_document(client: httpx.Client, method: str, path: str, status: int) -> None:
    answer = client.request(method, path)
    _assert_problem(answer, status)
    if status == 405:
        assert answer.headers["allow"]


def test_a_report_and_its_incident_as_json(client: httpx.Client, stores: Stores) -> None:
    stores.reports.create(a_report(1))
    document = client.get("/v1/reports/report-1").json()
    assert document["@timestamp"]
    assert document["root_cause"]["deployment_id"] == "deploy-8841"


def test_people_ask_for_a_ticket(settings: Settings, stores: Stores, queue: Queued) -> None:
    jira = {"jira_url": "http://127.0.0.1:1", "jira_user": "u", "jira_token": SecretStr("t"), "jira_project": "OPS"}
    slack = {"slack_webhook_url": SecretStr("http://127.0.0.1:1/hook")}
    incident = record(a_report(severity=Severity.MEDIUM), stores.incidents, NOW)
    assert incident is not None
    path = f"/v1/incidents/{incident.incident_id}/deliveries"
    told = settings.model_copy(update=jira | slack)
    with serving(create_app(told, stores=stores, queue=queue)) as client:
        answer = client.post(path, json={"destination": "jira", "by": "Ada"})
        assert answer.status_code == 202
        assert answer.json() == {"incident_id": incident.incident_id, "destination": "jira", "state": "pending"}
        assert (incident.incident_id, "jira") in queue.deliveries
        shown = client.get(f"/v1/incidents/{incident.incident_id}").json()
        assert shown["deliveries"]["jira"]["asked_by"] == "Ada"
        _assert_problem(client.post(path, json={"destination": "pagerduty"}), 409)
        _assert_problem(client.post(path, json={"destination": "jira", "text": "hello"}), 422)
        _assert_problem(client.post(path), 422)
        _assert_problem(client.post("/v1/incidents/inc-none/deliveries", json={"destination": "jira"}), 404)


def test_a_body_that_is_too_large_is_not_read(client: httpx.Client, settings: Settings) -> None:
    limit = settings.webhook_max_body_bytes
    _assert_problem(client.post(POST, content=b" " * (limit + 1)), 413)

    def chunks() -> Iterator[bytes]:
        for _ in range(limit // 65_536 + 2):
            yield b" " * 65_536

    _assert_problem(client.post(POST, content=chunks()), 413)
    at_the_limit = encoded(active()).ljust(limit)
    assert client.post(POST, content=at_the_limit).status_code == 202


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": f"Bearer {TOKEN}"},
        {"authorization": f"bearer {TOKEN}"},
        {"x-spiketrace-token": TOKEN},
    ],
)
def test_a_token_opens_the_door_too(client: httpx.Client, headers: dict[str, str]) -> None:
    answer = httpx.get(f"{client.base_url}/v1/alerts/unknown", headers=headers)
    assert answer.status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Basic"},
        {"authorization": "Basic !!!"},
        {"authorization": "Basic a2liYW5h"},
        {"authorization": "Basic a2liYW5hOndyb25n"},
        {"authorization": "Basic //7+"},
        {"authorization": "Bearer"},
        {"authorization": "Bearer wrong"},
        {"x-spiketrace-token": "wrong"},
        {"authorization": "Digest x"},
    ],
    ids=str,
)
def test_without_credentials_there_is_nothing_to_see(client: httpx.Client, headers: dict[str, str]) -> None:
    for path in (POST, "/v1/alerts/x", "/v1/reports/x", "/", "/reports/x", "/metrics", "/nowhere"):
        answer = httpx.post(f"{client.base_url}{path}", headers=headers, content=b"{}")
        _assert_problem(answer, 401)
        assert answer.headers["www-authenticate"].startswith("Basic realm=")


def test_credentials_are_checked_before_the_body_is_read(client: httpx.Client) -> None:
    """The body is announced and never sent."""
    address = (client.base_url.host, client.base_url.port or 0)
    with socket.create_connection(address, timeout=5) as connection:
        connection.sendall(f"POST {POST} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 401")


def test_another_sites_page_cannot_post_with_a_readers_password(client: httpx.Client) -> None:
    answer = client.post(POST, content=encoded(active()), headers={"sec-fetch-site": "cross-site"})
    _assert_problem(answer, 403)
    assert client.get("/v1/alerts/x", headers={"sec-fetch-site": "cross-site"}).status_code == 404


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://[", "http://127.0.0.1:1", "file://"])
def test_where_a_browser_tells_nothing_but_the_origin_that_is_looked_at(client: httpx.Client, origin: str) -> None:
    """Over plain HTTP no browser sends Sec-Fetch-Site: https://www.w3.org/TR/fetch-metadata/#framework"""
    _assert_problem(client.post("/v1/questions/tickets", content=b"{}", headers={"origin": origin}), 403)
    assert client.get("/v1/alerts/x", headers={"origin": origin}).status_code == 404


def test_our_own_pages_may_post_by_whatever_name_they_are_reached(client: httpx.Client) -> None:
    for ours in (
        {"origin": str(client.base_url).rstrip("/")},
        {"origin": "https://spiketrace.example", "host": "spiketrace.example"},
        {"origin": f"{Settings().public_url}"},
        {"origin": "https://proxied.example", "sec-fetch-site": "same-origin"},
    ):
        assert client.post("/v1/questions/tickets", content=b"{}", headers=ours).status_code == 422


def test_health_is_open_and_says_what_is_there(client: httpx.Client) -> None:
    assert httpx.get(f"{client.base_url}/healthz").json() == {"status": "ok"}
    ready = httpx.get(f"{client.base_url}/readyz")
    assert (ready.status_code, ready.json()["status"], ready.json()["missing"]) == (200, "ready", [])


@pytest.mark.parametrize("path", ["/healthz", "/v1/alerts/x", "/metrics", "/", "/nowhere"])
def test_no_answer_lets_a_browser_guess_or_load_from_elsewhere(client: httpx.Client, path: str) -> None:
    for answer in (client.get(path), httpx.get(f"{client.base_url}{path}")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_the_webhook_counts_what_it_answers(client: httpx.Client) -> None:
    def count(outcome: str) -> float:
        line = f'spiketrace_webhook_alerts_total{{outcome="{outcome}"}} '
        values = [row for row in client.get("/metrics").text.splitlines() if row.startswith(line)]
        return float(values[0].removeprefix(line)) if values else 0.0

    before = {outcome: count(outcome) for outcome in ("accepted", "duplicate", "invalid")}
    for body in (encoded(active()), encoded(active()), b"no json"):
        client.post(POST, content=body)
    assert {outcome: count(outcome) - before[outcome] for outcome in before} == dict.fromkeys(before, 1)


def test_the_webhook_counts_what_waits_in_the_inbox_index(client: httpx.Client, stores: Stores) -> None:
    def waiting() -> str:
        name = "spiketrace_inbox_index_documents "
        (row,) = [row for row in client.get("/metrics").text.splitlines() if row.startswith(name)]
        return row.removeprefix(name)

    assert waiting() == "0.0"
    connector_writes(stores.client, active_document("a"), active_document("b"))
    assert waiting() == "2.0"


def test_neither_secrets_nor_bodies_are_logged(
    client: httpx.Client, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    body = active(context={"message": "a-word-of-the-body"})
    client.post(POST, content=encoded(body), headers={"x-spiketrace-token": TOKEN})
    client.post(POST, content=b"not json: a-word-of-the-body")
    httpx.get(f"{client.base_url}/metrics", headers={"authorization": "Bearer another-token"})
    written = caplog.text + "".join(capfd.readouterr())
    assert not {word for word in (PASSWORD, TOKEN, "a-word-of-the-body", "another-token") if word in written}


def test_an_unforeseen_failure_is_a_problem_too(
    client: httpx.Client, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: str) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(stores.reports, "get", fail)
    answer = client.get("/v1/reports/x")
    assert "secret detail" not in _assert_problem(answer, 500)["detail"]
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "changes",
    [
        {"webhook_user": None, "webhook_password": None, "webhook_token": None},
        {"webhook_password": None, "webhook_token": None},
        {"webhook_user": None, "webhook_token": None},
    ],
    ids=["nothing", "user only", "password only"],
)
def test_it_does_not_start_without_credentials(changes: dict[str, None]) -> None:
    settings = webhook_settings(elasticsearch_url="http://127.0.0.1:9", redis_url="redis://127.0.0.1:9", **changes)
    with pytest.raises(ConfigurationError, match="SPIKETRACE_WEBHOOK_USER and SPIKETRACE_WEBHOOK_PASSWORD"):
        create_app(settings)


def test_the_process_stays_light() -> None:
    heavy = ["numpy", "scipy", "ruptures", "google.genai", "pandas"]
    script = f"import sys, json, webhook.app; print(json.dumps([name for name in {heavy} if name in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []
