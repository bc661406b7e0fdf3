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


@pytest.mark.parametrize(
    ("method", "path", "body", "said"),
    [
        ("POST", "issue", {"fields": {**FIELDS, "colour": "red"}}, "Field 'colour' cannot be set."),
        ("PUT", "issue/OPS-1", {"fields": {"colour": "red"}}, "Field 'colour' cannot be set."),
        ("PUT", "issue/OPS-1", {"fields": {"description": "text"}}, "must be an Atlassian Document"),
        ("POST", "issue/OPS-1/comment", {"body": "text"}, "must be an Atlassian Document"),
        ("POST", "issue/OPS-1/remotelink", {"object": {"url": "https://x.example"}}, "'title' is required."),
        ("POST", "issue/OPS-1/transitions", {"transition": {"id": "99"}}, "not valid for the current state"),
        (
            "POST",
            "issue/OPS-1/transitions",
            {"transition": {"id": "31"}, "fields": {"resolution": {}}},
            "cannot be set",
        ),
        ("POST", "issue", {"fields": {**FIELDS, "customfield_10010": "26"}}, "not valid for this project"),
    ],
)
def test_jira_refuses(vendors: Vendors, method: str, path: str, body: Any, said: str) -> None:
    create(vendors)
    credentials = (vendors.credentials.jira_user, vendors.credentials.jira_token)
    answer = httpx.request(method, f"{vendors.url}/jira/rest/api/3/{path}", json=body, auth=credentials)
    assert answer.status_code == 400
    assert said in answer.text


def data_center(vendors: Vendors, path: str, body: Any) -> httpx.Response:
    headers = {"authorization": f"Bearer {vendors.credentials.jira_personal_token}"}
    return httpx.post(f"{vendors.url}/jira-data-center/rest/api/2/{path}", json=body, headers=headers)


def test_data_center_takes_wiki_markup_and_no_documents(vendors: Vendors) -> None:
    document = {"type": "doc", "version": 1, "content": [TEXT]}
    assert "must be a string" in data_center(vendors, "issue", {"fields": {**FIELDS, "description": document}}).text
    assert data_center(vendors, "issue", {"fields": {**FIELDS, "description": "h1. t"}}).status_code == 201
    assert data_center(vendors, "issue/OPS-1/comment", {"body": document}).status_code == 400
    assert data_center(vendors, "search/jql", {"jql": 'labels = "x"'}).status_code == 404
    assert vendors.issues == []


def test_data_center_searches_by_pages(vendors: Vendors) -> None:
    data_center(vendors, "issue", {"fields": FIELDS})
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        found = data_center(vendors, "search", {"jql": 'labels = "x"', "fields": ["labels"]}).json()
        if found["total"]:
            break
        time.sleep(0.05)
    assert (found["startAt"], found["total"], found["issues"][0]["key"]) == (0, 1, "OPS-1")
    assert data_center(vendors, "search", {"jql": 'labels = "x"', "startAt": 1}).json()["issues"] == []


def test_a_workflow_asks_for_its_resolution(vendors: Vendors) -> None:
    httpx.put(f"{vendors.url}/workflow/strict").raise_for_status()
    create(vendors)
    refused = jira(vendors, "issue/OPS-1/transitions", {"transition": {"id": "51"}})
    assert refused.json()["errors"] == {"resolution": "Resolution is required."}


def servicenow(vendors: Vendors, method: str, path: str = "", body: Any = None, **params: str) -> httpx.Response:
    auth = (vendors.credentials.servicenow_user, vendors.credentials.servicenow_password)
    url = f"{vendors.url}/servicenow/api/now/table/incident{path}"
    return httpx.request(method, url, json=body, params=params, auth=auth)


def test_servicenow_finds_by_query_and_shows_what_is_asked_for(vendors: Vendors) -> None:
    for number in range(2):
        assert servicenow(vendors, "POST", body={"correlation_id": f"inc-{number}"}).status_code == 201
    found = servicenow(
        vendors, "GET", sysparm_query="correlation_id=inc-1^ORDERBYnumber", sysparm_fields="number,state"
    )
    assert found.json() == {"result": [{"number": "INC0010002", "state": "1"}]}
    everything = servicenow(vendors, "GET", sysparm_query="no_such_column=inc-1", sysparm_limit="1").json()["result"]
    assert [row["correlation_id"] for row in everything] == ["inc-0"]


def test_servicenow_wants_to_know_how_a_record_was_resolved(vendors: Vendors) -> None:
    sys_id = servicenow(vendors, "POST", body={}).json()["result"]["sys_id"]
    refused = servicenow(vendors, "PATCH", f"/{sys_id}", {"state": "6", "close_code": "Duplicate", "work_notes": "n"})
    assert refused.status_code == 403
    assert refused.json()["error"]["detail"].endswith("The following fields are mandatory: Resolution notes")
    assert (vendors.records[0]["values"]["state"], vendors.records[0]["notes"]) == ("1", [])


def test_servicenow_lets_nobody_in_and_knows_no_other_records(vendors: Vendors) -> None:
    url = f"{vendors.url}/servicenow/api/now/table/incident"
    assert httpx.get(url).json()["error"]["message"] == "User Not Authenticated"
    assert servicenow(vendors, "GET", "/0").json() == {
        "error": {
            "message": "No Record found",
            "detail": "Record doesn't exist or ACL restricts the record retrieval",
        },
        "status": "failure",
    }


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
