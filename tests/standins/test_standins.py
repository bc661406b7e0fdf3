"""The stand-ins keep the vendors' rules: a delivery that they accept is worth something."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.standins.server import Vendors, running_vendors

FIELDS: dict[str, Any] = {"project": {"key": "OPS"}, "issuetype": {"name": "Task"}, "summary": "s", "labels": ["x"]}
TEXT = {"type": "paragraph", "content": [{"type": "text", "text": "t"}]}


@pytest.fixture(scope="module")
def running() -> Iterator[Vendors]:
    with running_vendors(search_lag_seconds=0.5) as vendors:
        yield vendors


@pytest.fixture
def vendors(running: Vendors) -> Vendors:
    httpx.delete(f"{running.url}/received").raise_for_status()
    return running


def jira(vendors: Vendors, path: str, body: Any, **options: Any) -> httpx.Response:
    credentials = (vendors.credentials.jira_user, vendors.credentials.jira_token)
    return httpx.post(f"{vendors.url}/jira/rest/api/3/{path}", json=body, **{"auth": credentials, **options})


def create(vendors: Vendors, **changes: Any) -> httpx.Response:
    return jira(vendors, "issue", {"fields": FIELDS | changes})


def found(vendors: Vendors, **more: Any) -> list[Any]:
    issues: list[Any] = jira(vendors, "search/jql", {"jql": 'labels = "x"', **more}).json()["issues"]
    return issues


def test_jira_wants_credentials(vendors: Vendors) -> None:
    assert jira(vendors, "issue", {"fields": FIELDS}, auth=("a", "b")).status_code == 401
    assert vendors.issues == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"summary": ""}, "summary"),
        ({"summary": "x" * 256}, "summary"),
        ({"summary": "a\nb"}, "summary"),
        ({"project": {"key": "NO"}}, "project"),
        ({"issuetype": {"name": "Wish"}}, "issuetype"),
        ({"priority": {"name": "P1"}}, "priority"),
        ({"labels": ["two words"]}, "labels"),
        ({"description": "plain text"}, "description"),
        ({"description": {"type": "doc", "version": 1, "content": [TEXT] * 1000}}, "description"),
    ],
)
def test_jira_names_the_wrong_field(vendors: Vendors, changes: dict[str, Any], field: str) -> None:
    answer = create(vendors, **changes)
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "text", "text": "outside of a paragraph"},
        {"type": "paragraph", "content": [{"type": "text", "text": ""}]},
        {"type": "bulletList", "content": []},
        {"type": "script", "content": []},
    ],
)
def test_jira_refuses_what_is_no_document(vendors: Vendors, wrong: dict[str, Any]) -> None:
    answer = create(vendors, description={"type": "doc", "version": 1, "content": [wrong]})
    assert answer.json() == {"errorMessages": ["INVALID_INPUT"], "errors": {}}


def test_jira_finds_what_was_created_a_moment_later(vendors: Vendors) -> None:
    created = create(vendors).json()
    assert created["key"] == "OPS-1"
    assert found(vendors) == []
    assert found(vendors, reconcileIssues=[int(created["id"])]) == [{"id": created["id"]}]
    deadline = time.monotonic() + 5
    while not found(vendors) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert found(vendors, fields=["labels"])[0]["key"] == "OPS-1"


def test_jira_refuses_an_unbounded_search(vendors: Vendors) -> None:
    assert "Unbounded" in jira(vendors, "search/jql", {"jql": "ORDER BY created"}).text


def test_jira_moves_and_comments(vendors: Vendors) -> None:
    create(vendors)
    assert jira(vendors, "issue/OPS-1/comment", {"body": {"type": "doc", "version": 1, "content": [TEXT]}}).is_success
    assert jira(vendors, "issue/OPS-1/transitions", {"transition": {"id": "31"}}).status_code == 204
    assert jira(vendors, "issue/OPS-9/transitions", {"transition": {"id": "31"}}).status_code == 404
    assert (vendors.issues[0]["fields"]["status"]["name"], len(vendors.issues[0]["comments"])) == ("Done", 1)


def slack(vendors: Vendors, method: str, body: Any, token: str | None = None) -> Any:
    token = vendors.credentials.slack_token if token is None else token
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return httpx.post(f"{vendors.url}/slack/api/{method}", json=body, headers=headers).json()


def test_slack_answers_200_to_what_it_refuses(vendors: Vendors) -> None:
    channel = vendors.credentials.slack_channel
    too_long = {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}
    refused = [
        slack(vendors, "chat.postMessage", {"channel": channel, "text": "t"}, token=""),
        slack(vendors, "chat.postMessage", {"channel": channel, "text": "t"}, token="wrong"),
        slack(vendors, "chat.postMessage", {"channel": "C1", "text": "t"}),
        slack(vendors, "chat.postMessage", {"channel": channel}),
        slack(vendors, "chat.postMessage", {"channel": channel, "text": "t", "blocks": [too_long]}),
        slack(vendors, "chat.update", {"channel": channel, "text": "t", "ts": "1.0"}),
    ]
    assert [answer["error"] for answer in refused] == [
        "not_authed", "invalid_auth", "channel_not_found", "no_text", "invalid_blocks", "message_not_found",
    ]  # fmt: skip
    assert vendors.messages == []


def test_slack_edits_a_message(vendors: Vendors) -> None:
    channel = vendors.credentials.slack_channel
    ts = slack(vendors, "chat.postMessage", {"channel": channel, "text": "open"})["ts"]
    assert slack(vendors, "chat.update", {"channel": channel, "ts": ts, "text": "resolved"})["ok"]
    assert [(message["text"], message["edits"]) for message in vendors.messages] == [("resolved", 1)]


@pytest.mark.parametrize(
    ("path", "content", "status", "answer"),
    [
        ("T0/B0/other", b"{}", 404, "no_service"),
        (None, b"no json", 400, "invalid_payload"),
        (None, b"{}", 400, "no_text"),
        (None, b'{"text": "t"}', 200, "ok"),
    ],
)
def test_slacks_webhook(vendors: Vendors, path: str | None, content: bytes, status: int, answer: str) -> None:
    url = f"{vendors.url}/slack/services/{path or vendors.credentials.slack_webhook_path}"
    answered = httpx.post(url, content=content)
    assert (answered.status_code, answered.text) == (status, answer)


def test_the_page_shows_markup_of_nobody_but_us(vendors: Vendors) -> None:
    trap = "<script>alert(1)</script><img src=x onerror=alert(1)> [x](javascript:alert(1))"
    link = {"type": "text", "text": trap, "marks": [{"type": "link", "attrs": {"href": "javascript:alert(1)"}}]}
    content = [{"type": "paragraph", "content": [link]}]
    create(vendors, summary=trap, description={"type": "doc", "version": 1, "content": content}).raise_for_status()
    text = f"*bold* <https://a.example|report> <javascript:alert(1)|x> <!channel> {trap}"
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": text}}]
    url = f"{vendors.url}/slack/services/{vendors.credentials.slack_webhook_path}"
    httpx.post(url, json={"text": text, "blocks": blocks}).raise_for_status()
    page = httpx.get(vendors.url)
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "<strong>bold</strong>" in page.text
    assert '<a href="https://a.example" rel="noreferrer noopener">report</a>' in page.text
    assert '<span class="mention">!channel</span>' in page.text
    assert "<script" not in page.text
    assert "<img" not in page.text
    assert 'href="javascript' not in page.text


def test_it_is_a_process_that_says_where_it_is(tmp_path: Path) -> None:
    ready_file = tmp_path / "ready.json"
    process = subprocess.Popen([sys.executable, "-m", "demo.standins", "--ready-file", str(ready_file)])
    try:
        deadline = time.monotonic() + 30
        while not ready_file.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        ready = json.loads(ready_file.read_text())
        assert ready["pid"] == process.pid
        assert ready["environment"]["SPIKETRACE_JIRA_URL"] == f"{ready['url']}/jira"
        assert httpx.get(f"{ready['url']}/received").json()["slack"] == {"messages": []}
    finally:
        process.terminate()
        process.wait(10)
