"""Calling Kibana: what every request carries, when one is repeated, and what is said when it fails."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from kibana.client import ATTEMPTS, KibanaClient, connect_kibana
from kibana.errors import KibanaRefused, KibanaUnreachable
from worker.errors import ConfigurationError
from worker.settings import load_settings

URL = "http://127.0.0.1:5601"


class Scripted(httpx.BaseTransport):
    """Answers, or raises, what it is given, one after the other; the last one for ever."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self._answers = list(answers)
        self.requests: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def answer(status: int = 200, **body: object) -> httpx.Response:
    return httpx.Response(status, json=body)


def client(transport: httpx.BaseTransport, **options: object) -> KibanaClient:
    return KibanaClient(URL, transport=transport, first_wait_seconds=0.0, **options)  # type: ignore[arg-type]


def test_every_request_has_what_kibana_asks_for() -> None:
    transport = Scripted(answer())
    with client(transport) as kibana:
        kibana.post("/api/alerting/rule/x", {"name": "x"})
        kibana.get("/api/alerting/rule/x")
    for request in transport.requests:
        assert request.headers["kbn-xsrf"]
        assert request.headers["elastic-api-version"] == "2023-10-31"
    assert transport.requests[0].headers["content-type"] == "application/json"


@pytest.mark.parametrize(("space", "path"), [("default", "/api/x"), ("sre", "/s/sre/api/x"), ("a b", "/s/a%20b/api/x")])
def test_calls_go_to_the_space(space: str, path: str) -> None:
    transport = Scripted(answer())
    with client(transport, space=space) as kibana:
        kibana.get("/api/x")
        kibana.status()
    assert [request.url.raw_path.decode() for request in transport.requests] == [path, "/api/status"]


@pytest.mark.parametrize(
    ("environment", "header"),
    [
        ({"SPIKETRACE_KIBANA_API_KEY": "a2V5"}, "ApiKey a2V5"),
        ({"SPIKETRACE_KIBANA_USER": "ada", "SPIKETRACE_KIBANA_PASSWORD": "pä"}, "Basic YWRhOnDDpA=="),
        ({}, None),
    ],
)
def test_credentials_come_from_the_settings(environment: dict[str, str], header: str | None) -> None:
    transport = Scripted(answer())
    with connect_kibana(load_settings({"SPIKETRACE_KIBANA_URL": URL, **environment}), transport=transport) as kibana:
        kibana.get("/api/x")
    assert transport.requests[0].headers.get("authorization") == header


def test_a_user_without_a_password_is_a_mistake() -> None:
    with pytest.raises(ConfigurationError, match="go together"):
        connect_kibana(load_settings({"SPIKETRACE_KIBANA_URL": URL, "SPIKETRACE_KIBANA_USER": "ada"}))


def test_without_a_url_it_says_what_to_set() -> None:
    with pytest.raises(ConfigurationError, match="SPIKETRACE_KIBANA_URL"):
        connect_kibana(load_settings({}))


@pytest.mark.parametrize("method", ["get", "put", "delete"])
@pytest.mark.parametrize("failure", [httpx.ReadTimeout("late"), answer(503), answer(429), answer(502)])
def test_what_can_be_repeated_is(method: str, failure: httpx.Response | Exception) -> None:
    transport = Scripted(failure, failure, answer(ok=True))
    with client(transport) as kibana:
        getattr(kibana, method)("/api/x", *([{}] if method == "put" else []))
    assert len(transport.requests) == 3


@pytest.mark.parametrize("failure", [httpx.ReadTimeout("late"), httpx.RemoteProtocolError("gone"), answer(502)])
def test_a_post_that_may_have_been_carried_out_is_not_repeated(failure: httpx.Response | Exception) -> None:
    transport = Scripted(failure)
    with client(transport) as kibana, pytest.raises((KibanaUnreachable, KibanaRefused)):
        kibana.post("/api/x", {})
    assert len(transport.requests) == 1


@pytest.mark.parametrize("failure", [httpx.ConnectError("refused"), answer(503), answer(429)])
def test_a_post_that_was_not_carried_out_is_repeated(failure: httpx.Response | Exception) -> None:
    transport = Scripted(failure, answer(ok=True))
    with client(transport) as kibana:
        assert kibana.post("/api/x", {}) == {"ok": True}


def test_it_gives_up() -> None:
    transport = Scripted(httpx.ConnectError("refused"))
    with client(transport) as kibana, pytest.raises(KibanaUnreachable, match="check SPIKETRACE_KIBANA_URL"):
        kibana.get("/api/x")
    assert len(transport.requests) == ATTEMPTS


@pytest.mark.parametrize(
    ("status", "message", "told"),
    [
        (401, "missing credentials", "SPIKETRACE_KIBANA_API_KEY"),
        (403, "unauthorized for user", "docs/kibana.md"),
        (400, "[request body.name]: expected value", "[request body.name]: expected value"),
    ],
)
def test_a_refusal_has_kibanas_words_and_what_to_do(status: int, message: str, told: str) -> None:
    with client(Scripted(answer(status, message=message))) as kibana, pytest.raises(KibanaRefused) as refused:
        kibana.get("/api/x")
    assert message in refused.value.reason
    assert told in refused.value.reason
    assert refused.value.status == status


def test_a_licence_is_not_taken_for_a_privilege() -> None:
    with client(Scripted(answer(403, message="your basic license does not support it"))) as kibana:
        with pytest.raises(KibanaRefused) as refused:
            kibana.post("/api/x", {})
        assert refused.value.lacks_licence
        assert "privileges" not in refused.value.reason


@pytest.mark.parametrize("secret", ["hunter2", 'quo"ted', "line\nbreak"])
def test_no_secret_is_in_what_is_said(secret: str) -> None:
    echo = httpx.Response(400, json={"message": f"bad body {httpx.Request('POST', URL, json={'p': secret}).read()!r}"})
    plain = answer(400, message=f"bad password {secret}")
    for response in (echo, plain):
        with client(Scripted(response), secrets=[secret]) as kibana, pytest.raises(KibanaRefused) as refused:
            kibana.post("/api/x", {})
        assert "hunter2" not in refused.value.reason
        assert 'quo"ted' not in refused.value.reason


def test_a_page_of_a_proxy_is_not_repeated_and_no_answer() -> None:
    with client(Scripted(httpx.Response(400, html="<h1>Bad</h1>"))) as kibana, pytest.raises(KibanaRefused) as refused:
        kibana.get("/api/x")
    assert "<" not in refused.value.reason
    login = Scripted(httpx.Response(200, html="<h1>Welcome</h1>"))
    with client(login) as kibana, pytest.raises(KibanaRefused, match="does not speak JSON"):
        kibana.get("/api/x")


def test_an_import_is_a_file_with_a_name_that_kibana_takes() -> None:
    transport = Scripted(answer(success=True), answer(success=True))
    with client(transport) as kibana:
        kibana.import_objects([{"type": "tag", "id": "ä"}], overwrite=True)
        kibana.import_objects([{"type": "tag", "id": "ä"}], overwrite=False)
    over, beside = transport.requests
    assert over.url.params["overwrite"] == "true"
    assert "overwrite" not in beside.url.params
    assert b'name="file"; filename="spiketrace.ndjson"' in over.content
    assert '{"type": "tag", "id": "ä"}\n'.encode() in over.content


@pytest.fixture
def untrusted_url() -> Iterator[str]:
    """Something that speaks, but no TLS that anybody knows: it ends every handshake."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=_hang_up, args=(listening,), daemon=True).start()
        yield f"https://127.0.0.1:{listening.getsockname()[1]}"


def _hang_up(listening: socket.socket) -> None:
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        connection.close()


def test_a_broken_handshake_is_unreachable(untrusted_url: str) -> None:
    with KibanaClient(untrusted_url, first_wait_seconds=0.0) as kibana, pytest.raises(KibanaUnreachable):
        kibana.get("/api/x")


def test_a_certificate_that_is_not_trusted_says_which_setting_helps() -> None:
    error = httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed")
    transport = Scripted(error)
    with client(transport) as kibana, pytest.raises(KibanaUnreachable, match="SPIKETRACE_KIBANA_CA_FILE"):
        kibana.get("/api/x")
    assert len(transport.requests) == 1


def test_a_certificate_authority_of_ones_own(tmp_path: Path) -> None:
    authority = ssl.create_default_context().get_ca_certs(binary_form=True)
    path = tmp_path / "ca.pem"
    path.write_text(ssl.DER_cert_to_PEM_cert(authority[0]), encoding="ascii")
    settings = load_settings({"SPIKETRACE_KIBANA_URL": URL, "SPIKETRACE_KIBANA_CA_FILE": str(path)})
    connect_kibana(settings).close()
    path.write_text("not a certificate", encoding="ascii")
    with pytest.raises(ConfigurationError, match="SPIKETRACE_KIBANA_CA_FILE"):
        connect_kibana(settings)
