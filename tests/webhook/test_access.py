"""Every route is closed, each role opens its own, secrets rotate in place, and nobody asks too much or too often."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, MutableMapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from starlette.routing import BaseRoute, Route
from structlog.testing import capture_logs

from demo.standins.slack import send_interaction
from tests.incidents.samples import a_report
from tests.standins.queue import Queued
from tests.webhook.bodies import active, encoded
from tests.webhook.conftest import PASSWORD, TOKEN, USER, serving
from webhook.access import OPEN_PATHS, role_of
from webhook.app import create_app
from webhook.credentials import Credentials
from webhook.metrics import REFUSED
from webhook.slack import PATH as SLACK_PATH
from worker import audit
from worker.bootstrap import Stores
from worker.credentials import ALL_ROLES, Role, parse_credentials
from worker.domain.severity import Severity
from worker.errors import ConfigurationError
from worker.incidents import record
from worker.settings import PREFIX, Settings, load_settings

POST = "/v1/alerts/kibana"
SECRETS = {role: f"the-secret-of-{role}-123" for role in Role}
LINES = "\n".join(f"{role}-er {role} {secret}" for role, secret in SECRETS.items())
SIGNED = {"slack_signing_secret": SecretStr("x" * 32)}


@pytest.fixture
def app(settings: Settings, stores: Stores, queue: Queued) -> FastAPI:
    named = {"webhook_credentials": SecretStr(LINES)}
    return create_app(settings.model_copy(update=named | SIGNED), stores=stores, queue=queue)


@pytest.fixture
def anybody(app: FastAPI) -> Iterator[httpx.Client]:
    """Without a password of its own."""
    with serving(app) as connected, httpx.Client(base_url=connected.base_url, timeout=10) as client:
        yield client


def bearer(role: Role) -> dict[str, str]:
    return {"authorization": f"Bearer {SECRETS[role]}"}


def requests_of(app: FastAPI) -> list[tuple[str, str]]:
    """Every method and path that the app serves, with something in place of each parameter."""
    found = routes_in(app.routes)
    return sorted((method, re.sub(r"{\w+}", "x", one.path)) for one in found for method in one.methods or ())


def routes_in(routes: Iterable[BaseRoute]) -> Iterator[Route]:
    for one in routes:
        if isinstance(one, Route):
            yield one
        else:
            included = getattr(one, "original_router", None)
            assert included, f"{one} has routes that this test does not see"
            yield from routes_in(included.routes)


def answer_to(client: httpx.Client, method: str, path: str, **how: Any) -> httpx.Response:
    """Without waiting for the end of what goes on as long as somebody listens."""
    with client.stream(method, path, **how) as answer:
        if not answer.is_success:
            answer.read()
        return answer


def assert_problem(answer: httpx.Response, status: int) -> None:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json()["status"] == status


def test_what_is_open_is_short_and_known() -> None:
    assert {"/healthz", "/readyz", SLACK_PATH} == OPEN_PATHS


def test_every_other_route_takes_a_credential_and_the_right_role(app: FastAPI, anybody: httpx.Client) -> None:
    closed = [(method, path) for method, path in requests_of(app) if path not in OPEN_PATHS]
    assert len(closed) > 15
    for method, path in closed:
        assert_problem(answer_to(anybody, method, path), 401) if method != "HEAD" else None
        for role in Role:
            answer = answer_to(anybody, method, path, headers=bearer(role))
            if role is role_of(method, path):
                assert answer.status_code not in (401, 403), (method, path, role)
            else:
                assert_problem(answer, 403)


def test_open_routes_say_nothing_that_is_not_for_everybody(app: FastAPI, anybody: httpx.Client) -> None:
    for method, path in requests_of(app):
        if path in OPEN_PATHS:
            answer = anybody.request(method, path)
            assert answer.status_code == (401 if path == SLACK_PATH else 200)
            assert "127.0.0.1" not in answer.text


def test_no_page_loads_or_says_anything_elsewhere(app: FastAPI, anybody: httpx.Client) -> None:
    for method, path in requests_of(app):
        if method != "GET":
            continue
        for headers in ({}, bearer(Role.READ)):
            answer = answer_to(anybody, method, path, headers=headers)
            policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
            assert (policy["default-src"], policy["frame-ancestors"]) == ("'none'", "'none'"), path
            assert set(" ".join(policy.values()).split()) <= {"'none'", "'self'"}, path
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["referrer-policy"] in ("no-referrer", "same-origin")
            assert "public" not in answer.headers["cache-control"]


@given(st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "X"]), st.text(max_size=30))
def test_whatever_is_asked_for_takes_a_role(method: str, path: str) -> None:
    assert role_of(method, "/" + path) in ALL_ROLES
    assert (role_of(method, "/" + path) is Role.READ) or method not in ("GET", "HEAD")


@pytest.mark.parametrize("path", [POST + "/", "/" + POST, POST.upper(), "/v1/alerts/%6bibana/", "/v1//alerts/kibana"])
def test_another_spelling_opens_nothing(anybody: httpx.Client, path: str) -> None:
    assert_problem(anybody.post(path), 401)
    assert_problem(anybody.post(path, headers=bearer(Role.READ)), 403)


def test_the_one_user_and_token_of_old_may_do_everything(app: FastAPI, anybody: httpx.Client) -> None:
    for auth in ({"auth": (USER, PASSWORD)}, {"headers": {"authorization": f"Bearer {TOKEN}"}}):
        how: Any = auth
        assert anybody.get("/", **how).status_code == 200
        assert anybody.post(POST, content=encoded(active()), **how).status_code == 202
        assert anybody.post("/v1/replays/replay-x/pause", **how).status_code == 404


# --- credentials


def test_a_name_and_its_secret_are_a_user_too(anybody: httpx.Client) -> None:
    assert anybody.get("/", auth=("read-er", SECRETS[Role.READ])).status_code == 200
    assert anybody.get("/", auth=("act-er", SECRETS[Role.READ])).status_code == 401


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kibana deliver", "line 1: a name, roles and a secret"),
        ("# a comment\n\nkibana deliver short", "line 3: the secret is shorter"),
        ("kibana all,read aaaaaaaaaaaaaaaaaaaa", "line 1: roles are some of deliver, read, act"),
        ("a:b read aaaaaaaaaaaaaaaaaaaa", "line 1: a name has no colon"),
        ("a read aaaaaaaaaaaaaaaaaaaa\nb act aaaaaaaaaaaaaaaaaaaa", "two lines have the same secret"),
    ],
)
def test_a_line_that_cannot_be_used_is_named_and_not_repeated(text: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load_settings({f"{PREFIX}WEBHOOK_CREDENTIALS": text})
    assert refused.value.reason.startswith(f"{PREFIX}WEBHOOK_CREDENTIALS: ")
    assert said in refused.value.reason
    assert "aaaa" not in refused.value.reason


WORD = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=10)


@given(st.lists(st.tuples(WORD, st.sets(st.sampled_from(list(Role)), min_size=1)), max_size=5))
def test_what_is_written_is_read(entries: list[tuple[str, set[Role]]]) -> None:
    lines = [f"\t{name}  {','.join(roles)} {number:020} " for number, (name, roles) in enumerate(entries)]
    found = parse_credentials("\n# nobody\n".join(lines))
    assert [(one.name, one.roles) for one in found] == [(name, frozenset(roles)) for name, roles in entries]
    assert not any(one.token and one.token in repr(one) for one in found)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        self.now += 10
        return self.now


def known_from(path: Path, name: str = "WEBHOOK_CREDENTIALS") -> Credentials:
    return Credentials(load_settings({f"{PREFIX}{name}_FILE": str(path)}), clock=Clock())


def who(credentials: Credentials, token: str) -> str | None:
    caller = credentials.identify({"authorization": f"Bearer {token}"})
    return caller.display_name if caller else None


def test_secrets_rotate_without_a_restart(tmp_path: Path) -> None:
    path, old, new = tmp_path / "credentials", "an-old-secret-1234", "a-new-secret-56789"
    path.write_text(f"kibana deliver {old}")
    credentials = known_from(path)
    assert (who(credentials, old), who(credentials, new)) == ("kibana", None)
    path.write_text(f"kibana deliver {old}\nkibana deliver {new}")
    assert (who(credentials, old), who(credentials, new)) == ("kibana", "kibana")
    path.write_text(f"kibana deliver {new}")
    assert (who(credentials, old), who(credentials, new)) == (None, "kibana")


def test_a_secret_that_is_mounted_and_swapped_as_a_link_is_seen(tmp_path: Path) -> None:
    """As Kubernetes does it: https://kubernetes.io/docs/concepts/configuration/secret/#using-secrets-as-files-from-a-pod"""
    for name in ("first", "other"):
        (tmp_path / name).write_text(f"token-{name}")
    link = tmp_path / "token"
    link.symlink_to(tmp_path / "first")
    credentials = known_from(link, "WEBHOOK_TOKEN")
    assert who(credentials, "token-first") == "token"
    (tmp_path / "next").symlink_to(tmp_path / "other")
    (tmp_path / "next").rename(link)
    assert (who(credentials, "token-first"), who(credentials, "token-other")) == (None, "token")


def test_what_was_rotated_in_is_in_no_log_either(tmp_path: Path) -> None:
    script = (
        "import sys, structlog; from pathlib import Path; from webhook.credentials import Credentials;"
        "from worker.logs import configure_logging; from worker.settings import load_settings;"
        "path = Path(sys.argv[1]); path.write_text('kibana deliver an-old-secret-1234');"
        "settings = load_settings({'SPIKETRACE_WEBHOOK_CREDENTIALS_FILE': str(path)});"
        "configure_logging('INFO', process='webhook', json_lines=True, secrets=settings.secret_values());"
        "credentials = Credentials(settings, clock=iter(range(0, 99, 9)).__next__);"
        "path.write_text('kibana deliver a-new-secret-56789'); credentials.identify({});"
        "structlog.get_logger('t').info('said', told='an-old-secret-1234 a-new-secret-56789')"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "credentials")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert '"said"' in done.stderr
    assert re.findall("an-old-secret-1234|a-new-secret-56789", done.stderr) == []


@pytest.mark.parametrize("slip", ["kibana deliver", "", None])
def test_a_slip_in_the_file_locks_nobody_out(tmp_path: Path, slip: str | None) -> None:
    path, secret = tmp_path / "credentials", "the-secret-of-before"
    path.write_text(f"kibana deliver {secret}")
    credentials = known_from(path)
    assert who(credentials, secret) == "kibana"
    path.unlink() if slip is None else path.write_text(slip)
    assert who(credentials, secret) == "kibana"


# --- how much and how often


def test_no_route_reads_more_than_it_should(anybody: httpx.Client, settings: Settings) -> None:
    path = "/v1/incidents/inc-1/deliveries"
    assert_problem(anybody.post(path, content=b" " * 300_000, headers=bearer(Role.ACT)), 413)

    def chunks() -> Iterator[bytes]:
        for _ in range(settings.webhook_max_body_bytes // 65_536 + 2):
            yield b" " * 65_536

    assert_problem(anybody.post(path, content=chunks(), headers=bearer(Role.ACT)), 413)


def test_who_acts_too_often_waits_and_alerts_are_not_counted(settings: Settings, stores: Stores, queue: Queued) -> None:
    rare = settings.model_copy(update={"webhook_acts_per_minute": 2, "webhook_reads_per_minute": 3})
    with serving(create_app(rare, stores=stores, queue=queue)) as client:
        codes = [client.post("/v1/replays/replay-x/pause").status_code for _ in range(3)]
        assert codes == [404, 404, 429]
        refused = [client.get("/v1/alerts/x") for _ in range(4)][-1]
        assert_problem(refused, 429)
        assert 0 < int(refused.headers["retry-after"]) <= 60
        assert {client.post(POST, content=encoded(active())).status_code for _ in range(5)} == {202}


# --- who did what


def test_the_entry_holds_who_what_and_how_it_ended_and_no_secret() -> None:
    found = audit.entry(
        "delivery-ask", by="ada", on="inc-1", destination="jira", reason="password=hunter2 " + "x" * 999
    )
    assert (found["event.dataset"], found["event.action"], found["event.outcome"]) == (
        "spiketrace.audit", "delivery-ask", "success",
    )  # fmt: skip
    assert (found["user.name"], found["labels"]["on"], found["labels"]["destination"]) == ("ada", "inc-1", "jira")
    assert "hunter2" not in json.dumps(found)
    assert len(found["labels"]["reason"]) <= audit.LONGEST


def audit_lines(lines: list[MutableMapping[str, Any]]) -> list[tuple[Any, ...]]:
    ours = [line for line in lines if line.get("event.dataset") == audit.DATASET]
    return [(one["event.action"], one["user.name"], one["event.outcome"], one["labels"]["on"]) for one in ours]


def test_what_is_done_over_http_is_in_the_trail(anybody: httpx.Client, stores: Stores) -> None:
    incident = record(a_report(severity=Severity.MEDIUM), stores.incidents, datetime.now(UTC))
    assert incident is not None
    with capture_logs() as lines:
        for path, body in (
            ("/v1/replays", {"since": "1d"}),
            ("/v1/replays/replay-x/pause", None),
            (f"/v1/incidents/{incident.incident_id}/deliveries", {"destination": "jira", "by": "Ada"}),
        ):
            anybody.post(path, json=body, headers=bearer(Role.ACT))
        anybody.post("/v1/replays", json={}, headers=bearer(Role.READ))
    begun, *others = audit_lines(lines)
    assert begun[:3] == ("replay-begin", "act-er", "success")
    assert others == [
        ("replay-pause", "act-er", "failure", "replay-x"),
        ("delivery-ask", "act-er", "failure", incident.incident_id),
    ]
    refused = [one for one in lines if one.get("event.action") == "access-refused"]
    assert [(one["user.name"], one["url.path"]) for one in refused] == [("read-er", "/v1/replays")]


def test_what_another_sites_page_wants_in_vain_is_told_and_counted(anybody: httpx.Client) -> None:
    def counted() -> float:
        return float(REFUSED.labels("elsewhere")._value.get())

    before = counted()
    with capture_logs() as lines:
        for path, role in (("/v1/replays", Role.ACT), (POST, Role.DELIVER)):
            assert_problem(anybody.post(path, headers={**bearer(role), "origin": "null"}), 403)
    assert [(one["user.name"], one["event.reason"]) for one in lines] == [
        ("act-er", "elsewhere"),
        ("deliver-er", "elsewhere"),
    ]
    assert counted() == before + 2


def test_what_is_pressed_in_slack_is_in_the_trail(app: FastAPI, anybody: httpx.Client, stores: Stores) -> None:
    report = a_report(severity=Severity.MEDIUM)
    stores.reports.create(report)
    incident = record(report, stores.incidents, datetime.now(UTC))
    assert incident is not None
    judged = {"action_id": "judge:right", "value": f"{incident.incident_id} {report.report_id}"}
    asked = {"action_id": "ask:jira", "value": incident.incident_id}
    actions = [{**one, "action_ts": f"{time.time():.6f}"} for one in (judged, asked)]
    payload = {"type": "block_actions", "user": {"id": "U1"}, "actions": actions}
    with capture_logs() as lines:
        sent = send_interaction(str(anybody.base_url).rstrip("/"), payload, secret="x" * 32)
    assert sent.status_code == 200
    assert audit_lines(lines) == [
        ("root-cause-judge", "slack:U1", "success", incident.incident_id),
        ("delivery-ask", "slack:U1", "failure", incident.incident_id),
    ]


def test_the_trail_is_written_whatever_the_level_of_the_log() -> None:
    script = (
        "from worker.logs import configure_logging; from worker import audit;"
        "configure_logging('ERROR', process='webhook', json_lines=True);"
        "audit.record('replay-pause', by='ada', on='replay-1')"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    (line,) = done.stderr.splitlines()
    found = json.loads(line)
    assert (found["event.action"], found["user.name"], found["event.dataset"]) == ("replay-pause", "ada", audit.DATASET)
    assert found["labels"] == {"on": "replay-1"}
