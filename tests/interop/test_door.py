"""Who comes in by HTTP: with which credentials, under which name, how often, with how much."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from interop.app import A2A_PATH, MCP_PATH, create_app
from interop.guard import places_of, reached_at
from tests.engines.servers import HTTP, Broker
from tests.interop.conftest import BEARER, Server, Story, serving
from tests.webhook.conftest import PASSWORD, TOKEN, USER
from worker import audit
from worker.domain.window import iso
from worker.errors import ConfigurationError
from worker.settings import Settings

CARD = "/.well-known/agent-card.json"
LIST_TOOLS = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
LIST_TASKS = {"jsonrpc": "2.0", "id": 1, "method": "ListTasks", "params": {}}
ASKED = [(MCP_PATH, LIST_TOOLS), (A2A_PATH, LIST_TASKS)]
EVERYWHERE = "0.0.0.0"  # noqa: S104 - what must not be enough
ACCEPTS = {"accept": "application/json, text/event-stream", "a2a-version": "1.0"}

everywhere = pytest.mark.parametrize(("path", "asked"), ASKED, ids=["mcp", "a2a"])


def basic(user: str, password: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def post(server: Server, path: str, asked: Any, headers: Mapping[str, str]) -> httpx.Response:
    return HTTP.post(f"{server.url}{path}", json=asked, headers={**ACCEPTS, **headers})


def problem_of(answer: httpx.Response, status: int) -> str:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    return str(answer.json()["detail"])


@everywhere
@pytest.mark.parametrize(
    "headers",
    [BEARER, {"x-spiketrace-token": TOKEN}, basic(USER, PASSWORD)],
    ids=["bearer", "header", "basic"],
)
def test_the_webhooks_credentials_open_the_door(
    server: Server, path: str, asked: dict[str, Any], headers: dict[str, str]
) -> None:
    answer = post(server, path, asked, headers)
    assert answer.status_code == 200
    assert '"result"' in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


@everywhere
@pytest.mark.parametrize(
    "headers",
    [{}, {"authorization": "Bearer wrong"}, {"x-spiketrace-token": ""}, basic(USER, "wrong"), basic("", "")],
    ids=["none", "bearer", "header", "basic", "empty"],
)
def test_nobody_else_comes_in(server: Server, path: str, asked: dict[str, Any], headers: dict[str, str]) -> None:
    answer = post(server, path, asked, headers)
    assert "send a user and a password" in problem_of(answer, 401)
    assert answer.headers["www-authenticate"].startswith("Basic")


NAMED = SecretStr(
    "reader read read-secret-000000\nkibana-b deliver deliver-secret-000\nstarter read,act start-secret-00000"
)


@everywhere
def test_a_credential_opens_what_its_roles_do(settings: Settings, path: str, asked: dict[str, Any]) -> None:
    with serving(settings, webhook_credentials=NAMED) as server:
        assert post(server, path, asked, basic("reader", "read-secret-000000")).status_code == 200
        refused = post(server, path, asked, {"authorization": "Bearer deliver-secret-000"})
    assert "`read`" in problem_of(refused, 403)


async def test_who_may_only_read_starts_no_investigation(settings: Settings, story: Story) -> None:
    asked = {"service": "search", "at": iso(story.end - timedelta(minutes=20)), "wait_seconds": 0}
    with serving(settings, webhook_credentials=NAMED) as server:
        async with server.mcp(authorization="Bearer read-secret-000000") as client:
            refused = await client.call_tool("start_investigation", asked)
        async with server.mcp(authorization="Bearer start-secret-00000") as client:
            with capture_logs() as lines:
                started = await client.call_tool("start_investigation", asked)
    assert refused.is_error
    assert "takes a credential with the role `act`" in str(refused.content)
    assert started.structured_content["status"] == "accepted"
    (trail,) = [line for line in lines if line.get("event.dataset") == audit.DATASET]
    assert (trail["event.action"], trail["user.name"]) == ("investigation-started", "starter")
    assert trail["labels"]["on"] == started.structured_content["alert_id"]


def test_only_health_and_the_card_are_open(server: Server) -> None:
    for path in ("/healthz", CARD):
        assert HTTP.get(f"{server.url}{path}").status_code == 200
    for path in ("/metrics", "/", MCP_PATH, f"{A2A_PATH}/tasks", "/healthz/"):
        assert HTTP.get(f"{server.url}{path}").status_code == 401
    counted = HTTP.get(f"{server.url}/metrics", headers=BEARER).text
    assert "spiketrace_mcp_calls_total" in counted


def test_what_is_not_there_is_a_problem_document(server: Server) -> None:
    assert "GET /nowhere" in problem_of(HTTP.get(f"{server.url}/nowhere", headers=BEARER), 404)
    assert "GET /a2a" in problem_of(HTTP.get(f"{server.url}{A2A_PATH}", headers=BEARER), 405)


def test_it_does_not_start_without_credentials(settings: Settings) -> None:
    nobody = {"webhook_user": None, "webhook_password": None, "webhook_token": None}
    with pytest.raises(ConfigurationError, match="SPIKETRACE_WEBHOOK_TOKEN"):
        create_app(Settings.model_validate({**dict(settings), **nobody}))


def test_it_does_not_listen_to_the_world_under_any_name(settings: Settings) -> None:
    with pytest.raises(ConfigurationError, match="SPIKETRACE_AGENTS_URL"):
        create_app(settings.model_copy(update={"agents_host": EVERYWHERE}))


@everywhere
def test_another_name_that_leads_here_is_refused(server: Server, path: str, asked: dict[str, Any]) -> None:
    """What a page does whose name was made to resolve to 127.0.0.1 after it was loaded."""
    for host in ("evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil.example:8081", ""):
        answer = post(server, path, asked, {**BEARER, "host": host})
        assert "Host" in problem_of(answer, HTTPStatus.MISDIRECTED_REQUEST)
    for origin in ("https://evil.example", "http://localhost.evil.example:1", "null", "http://127.0.0.1@evil.example"):
        assert "another site" in problem_of(post(server, path, asked, {**BEARER, "origin": origin}), 403)
    for origin in ("http://localhost:6274", "http://127.0.0.1:1"):
        assert post(server, path, asked, {**BEARER, "origin": origin}).status_code == 200
    assert post(server, path, asked, {**BEARER, "sec-fetch-site": "cross-site"}).status_code == 403


def test_where_it_is_told_to_be_reached_is_the_only_name_beyond_this_machine() -> None:
    settings = Settings(agents_host=EVERYWHERE, agents_url="https://agents.example:8443/")
    assert places_of(settings).hosts == ("agents.example:8443",)
    assert places_of(settings).origins == ("https://agents.example:8443",)
    assert reached_at(settings) == "https://agents.example:8443"
    assert reached_at(Settings(agents_host="::1")) == "http://[::1]:8081"


@everywhere
def test_too_many_requests_of_one_credential_wait(settings: Settings, path: str, asked: dict[str, Any]) -> None:
    with serving(settings, agents_requests_per_minute=3) as server:
        for _ in range(3):
            assert post(server, path, asked, BEARER).status_code == 200
        refused = post(server, path, asked, BEARER)
        assert "3 requests a minute" in problem_of(refused, 429)
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        # Another credential has a count of its own, and one that is wrong has none.
        assert post(server, path, asked, basic(USER, PASSWORD)).status_code == 200
        assert post(server, path, asked, {"authorization": "Bearer wrong"}).status_code == 401


def test_two_servers_count_together(settings: Settings) -> None:
    with (
        serving(settings, agents_requests_per_minute=2) as one,
        serving(settings, agents_requests_per_minute=2) as other,
    ):
        answers = [post(server, MCP_PATH, LIST_TOOLS, BEARER).status_code for server in (one, other, one)]
    assert answers == [200, 200, 429]


@pytest.fixture
def away(settings: Settings, broker: Broker) -> Settings:
    broker.kill()
    return settings.model_copy(update={"redis_url": broker.url})


def test_where_nothing_can_be_counted_nobody_comes_in(away: Settings) -> None:
    with serving(away) as server:
        answer = post(server, MCP_PATH, LIST_TOOLS, BEARER)
    assert "the broker" in problem_of(answer, 503)
    assert int(answer.headers["retry-after"]) > 0


@everywhere
def test_a_body_that_is_too_large_is_not_read(settings: Settings, path: str, asked: dict[str, Any]) -> None:
    with serving(settings, webhook_max_body_bytes=1_000) as server:
        assert post(server, path, {**asked, "padding": "x" * 1_000}, BEARER).status_code == 413
        assert post(server, path, asked, BEARER).status_code == 200


@everywhere
@pytest.mark.parametrize("body", [b"", b"{", b"[" * 5_000, b"\xff\xfe", b"null", b'{"jsonrpc":"2.0","id":1}'])
def test_what_is_no_request_is_answered_with_an_error(
    server: Server, path: str, asked: dict[str, Any], body: bytes
) -> None:
    headers = {**ACCEPTS, **BEARER, "content-type": "application/json"}
    answer = HTTP.post(f"{server.url}{path}", content=body, headers=headers)
    assert answer.status_code < 500
    assert "error" in answer.json()
    assert "Traceback" not in answer.text


def test_settings_name_the_token_and_the_password_as_secrets() -> None:
    settings = Settings(webhook_token=SecretStr("t"), webhook_password=SecretStr("p"))
    assert {"t", "p"} <= set(settings.secret_values())
