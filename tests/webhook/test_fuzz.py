"""Hostile bodies and paths over HTTP: whatever is sent, no 5xx, and no answer tells what is inside.

`make fuzz` sends 10,000 bodies of each kind, new ones each time; the tests send a few hundred.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pydantic import SecretStr

from tests.standins.queue import Queued
from tests.webhook.bodies import active, recovered
from tests.webhook.conftest import PASSWORD, TOKEN, serving
from webhook.app import create_app
from webhook.slack import PATH as SLACK_PATH
from worker.bootstrap import Stores
from worker.settings import Settings

BODIES = int(os.environ.get("SPIKETRACE_FUZZ_BODIES", "150"))
SIGNING = "a-signing-secret-of-slack"
INSIDE = (PASSWORD, TOKEN, SIGNING, "Traceback", "site-packages", str(Path(__file__).parents[2]), "redis://", ".py")
HOSTILE = [
    b"", b"\xff\xfe", b"\x00", b"[" * 60_000, b'{"a":' * 20_000, b'{"rule": NaN}', b"1e999999", b"-Infinity",
    b'"\\ud800"',
    b"\xef\xbb\xbf{}", b'{"rule":{"id":"a","id":"b"}}', b"9" * 5_000, b"null", b"[]", b"a=b&c=%00", b"<a/>",
    b"\r\n\r\n",
]  # fmt: skip
HEADERS = [
    {}, {"content-type": "text/plain"}, {"content-type": "application/json; charset=utf-7"}, {"content-type": "\x01"},
    {"content-encoding": "gzip"}, {"transfer-encoding": "chunked"}, {"expect": "100-continue"}, {"accept": "nonsense/"},
    {"x-forwarded-for": "' OR 1=1"}, {"if-none-match": '"' * 50}, {"range": "bytes=-1"}, {"sec-fetch-site": "none"},
]  # fmt: skip
WORDS = st.text(st.characters(codec=None, exclude_categories=[]), max_size=40) | st.sampled_from(
    [
        "\ud800",
        "\x00",
        "../../_search",
        "${jndi:ldap://x}",
        "{{7*7}}",
        "<script>",
        "a" * 20_000,
        "1e400",
        "2026-02-30",
        "'--",
    ]
)
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.integers(-(10**400), 10**400)
)  # fmt: skip
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4), max_leaves=12
)


@st.composite
def changed(draw: st.DrawFn, valid: dict[str, Any]) -> dict[str, Any]:
    """A body that is right but for a few places, so that it comes past the first check."""
    body: dict[str, Any] = json.loads(json.dumps(valid))
    for _ in range(draw(st.integers(1, 3))):
        part = body
        while True:
            name = draw(st.sampled_from(sorted(part)))
            if not (isinstance(part[name], dict) and part[name] and draw(st.booleans())):
                break
            part = part[name]
        if draw(st.integers(0, 4)):
            part[name] = draw(VALUES)
        elif len(part) > 1:
            del part[name]
    return body


def encoded(value: Any) -> bytes:
    return json.dumps(value).encode()


def bodies(*valid: dict[str, Any]) -> st.SearchStrategy[bytes]:
    right = st.one_of(*(changed(one) for one in valid)).map(encoded)
    return right | VALUES.map(encoded) | st.binary(max_size=200) | st.sampled_from(HOSTILE)


KIND = {
    "/v1/alerts/kibana": bodies(active(), recovered()),
    "/v1/replays": bodies(
        {"since": "1d", "rule": ["a"], "limit": 1, "labels": {"a": {"verdict": "x"}}, "dry_run": True}
    ),
    "/v1/incidents/inc-1/deliveries": bodies({"destination": "jira", "by": "Ada"}),
}
PRESSED = {
    "type": "block_actions",
    "user": {"id": "U1"},
    "actions": [{"action_id": "ask:jira", "value": "inc-1", "action_ts": "1.5"}],
}
READ = [
    "/v1/alerts/",
    "/v1/reports/",
    "/v1/incidents/",
    "/v1/replays/",
    "/reports/",
    "/replays/",
    "/backtests/",
    "/static/",
    "/",
]


@pytest.fixture
def client(settings: Settings, stores: Stores, queue: Queued) -> Iterator[httpx.Client]:
    changes = {
        "slack_signing_secret": SecretStr(SIGNING),
        "webhook_acts_per_minute": 10_000_000,
        "questions_per_minute": 10_000_000,
    }
    with serving(create_app(settings.model_copy(update=changes), stores=stores, queue=queue)) as connected:
        yield connected


def signed(body: bytes) -> dict[str, str]:
    """What Slack sends beside a body; here for bodies that Slack would never send."""
    timestamp = str(int(time.time()))
    digest = hmac.new(SIGNING.encode(), f"v0:{timestamp}:".encode() + body, hashlib.sha256).hexdigest()
    return {"x-slack-request-timestamp": timestamp, "x-slack-signature": f"v0={digest}"}


def hostile(*kinds: st.SearchStrategy[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """`given`, so often as was asked for; a whole server stands behind one example."""
    quiet = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
    return lambda test: examples(max_examples=BODIES, deadline=None, suppress_health_check=quiet)(given(*kinds)(test))


def assert_harmless(answer: httpx.Response) -> None:
    assert answer.status_code < 500, answer.text
    assert not [word for word in INSIDE if word in answer.text]
    if answer.status_code >= 400 and answer.content and "json" in answer.headers.get("content-type", ""):
        assert answer.json()["status"] == answer.status_code
        assert len(answer.text) < 4_000


@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("path", KIND)
def test_hostile_bodies(client: httpx.Client, path: str) -> None:
    @hostile(KIND[path], st.sampled_from(HEADERS))
    def send(body: bytes, headers: dict[str, str]) -> None:
        assert_harmless(client.post(path, content=body, headers=headers))

    send()


@pytest.mark.timeout(3_600)
def test_hostile_buttons_that_slack_has_signed(client: httpx.Client) -> None:
    forms = changed(PRESSED).map(lambda payload: urlencode({"payload": json.dumps(payload)}).encode())

    @hostile(forms | st.binary(max_size=200) | st.sampled_from(HOSTILE))
    def send(body: bytes) -> None:
        assert_harmless(client.post(SLACK_PATH, content=body, headers=signed(body)))

    send()


@pytest.mark.timeout(3_600)
def test_hostile_questions_from_the_page(client: httpx.Client) -> None:
    fields = st.dictionaries(st.sampled_from(["question", "timezone", "x"]) | WORDS, WORDS, max_size=4)
    forms = fields.map(lambda form: urlencode(form, errors="surrogatepass").encode())

    @hostile(forms | st.binary(max_size=200) | st.sampled_from(HOSTILE), st.sampled_from(["", "/x/ticket", "/.."]))
    def send(body: bytes, path: str) -> None:
        assert_harmless(client.post(f"/questions{path}", content=body))

    send()


@pytest.mark.timeout(3_600)
def test_hostile_paths(client: httpx.Client) -> None:
    names = WORDS.map(lambda word: quote(word.encode("utf-8", "surrogatepass"))) | st.sampled_from(
        ["%2e%2e", "..;/", "%00", "%c0%af", "_search", "*", "a,b", "%2F%2Fevil", "x?y=%zz", "x" * 3_000]
    )

    @hostile(
        st.sampled_from(READ), names, st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
    )
    def send(folder: str, name: str, method: str) -> None:
        assert_harmless(client.request(method, folder + name))

    send()
