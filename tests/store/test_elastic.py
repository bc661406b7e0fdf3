"""What goes wrong with Elasticsearch, said in a sentence, and whether trying again may help."""

from __future__ import annotations

import base64
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest
from elasticsearch import ConflictError, NotFoundError
from pydantic import SecretStr

from worker.elastic import connect_elasticsearch, elasticsearch_errors
from worker.errors import EvidenceUnavailable
from worker.settings import Settings


class Stub(BaseHTTPRequestHandler):
    """Answers everything with one status, and keeps the headers it was sent."""

    status: ClassVar[int] = 200
    product: ClassVar[bool] = True
    body: ClassVar[bytes] = b'{"error": {"type": "some_exception", "reason": "why not"}}'
    seen: ClassVar[list[dict[str, str]]] = []

    def do_GET(self) -> None:
        Stub.seen.append({name.lower(): value for name, value in self.headers.items()})
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(Stub.status)
        if Stub.product:
            self.send_header("X-Elastic-Product", "Elasticsearch")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(Stub.body)))
        self.end_headers()
        self.wfile.write(Stub.body)

    do_POST = do_GET  # noqa: N815 - the base class's name

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        return


@pytest.fixture
def stub_url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(Stub, "seen", [])
    with ThreadingHTTPServer(("127.0.0.1", 0), Stub) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def _failure(settings: Settings) -> EvidenceUnavailable:
    with (
        connect_elasticsearch(settings) as client,
        pytest.raises(EvidenceUnavailable) as raised,
        elasticsearch_errors("reading an alert"),
    ):
        client.get(index="i", id="1")
    return raised.value


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_passes_by_itself_is_worth_another_try(
    stub_url: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Stub, "status", status)
    failure = _failure(Settings(elasticsearch_url=stub_url))
    assert failure.retryable
    assert str(status) in failure.reason


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (400, "mappings"),
        (401, "SPIKETRACE_ELASTICSEARCH_API_KEY"),
        (403, "privileges"),
        (404, "SPIKETRACE_ELASTICSEARCH_URL"),
        (409, "409"),
        (413, "http.max_content_length"),
    ],
)
def test_what_somebody_must_change_is_said_and_not_tried_again(
    stub_url: str, status: int, advice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Stub, "status", status)
    failure = _failure(Settings(elasticsearch_url=stub_url))
    assert not failure.retryable
    assert advice in failure.reason
    assert failure.reason.startswith("reading an alert: Elasticsearch answered")


def test_something_else_at_that_address(stub_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Stub, "product", False)
    failure = _failure(Settings(elasticsearch_url=stub_url))
    assert not failure.retryable
    assert "not Elasticsearch" in failure.reason


def test_an_answer_that_is_no_json(stub_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Stub, "body", b"{")
    failure = _failure(Settings(elasticsearch_url=stub_url))
    assert not failure.retryable
    assert "JSON" in failure.reason


def test_half_of_a_surrogate_pair_in_a_log_line_is_read(stub_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Stub, "body", rb'{"_id": "a", "found": true, "_source": {"message": "cut \ud83d"}}')
    with connect_elasticsearch(Settings(elasticsearch_url=stub_url)) as client:
        assert client.get(index="logs", id="a")["_source"] == {"message": "cut \ud83d"}


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed_soon:
        port = closed_soon.getsockname()[1]
    failure = _failure(Settings(elasticsearch_url=f"http://127.0.0.1:{port}"))
    assert failure.retryable
    assert "cannot be reached" in failure.reason


def test_no_answer_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = Settings(
            elasticsearch_url=f"http://127.0.0.1:{silent.getsockname()[1]}", elasticsearch_timeout_seconds=0.2
        )
        failure = _failure(settings)
    assert failure.retryable
    assert "in time" in failure.reason


def test_a_certificate_that_is_not_trusted_is_not_tried_again() -> None:
    """The other side speaks no TLS at all, which fails in the same place."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Stub) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        failure = _failure(Settings(elasticsearch_url=f"https://127.0.0.1:{server.server_port}"))
        server.shutdown()
        thread.join()
    assert not failure.retryable
    assert "SPIKETRACE_ELASTICSEARCH_CA_FILE" in failure.reason


def test_a_conflict_passes_to_those_who_expect_it(stub_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Stub, "status", 409)
    with (
        connect_elasticsearch(Settings(elasticsearch_url=stub_url)) as client,
        pytest.raises(ConflictError),
        elasticsearch_errors("writing", conflicts=True),
    ):
        client.get(index="i", id="1")


def test_what_is_caught_inside_stays_inside(stub_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Stub, "status", 404)
    with (
        connect_elasticsearch(Settings(elasticsearch_url=stub_url)) as client,
        elasticsearch_errors("reading"),
        pytest.raises(NotFoundError),
    ):
        client.get(index="i", id="1")


@pytest.mark.parametrize(
    ("credentials", "expected"),
    [
        ({}, None),
        ({"elasticsearch_api_key": SecretStr("a-key")}, "ApiKey a-key"),
        (
            {"elasticsearch_user": "ada", "elasticsearch_password": SecretStr("pä:ss")},
            "Basic " + base64.b64encode("ada:pä:ss".encode()).decode(),
        ),
    ],
    ids=["none", "api key", "basic"],
)
def test_credentials_and_plain_json_are_sent(
    stub_url: str, credentials: dict[str, SecretStr | str], expected: str | None
) -> None:
    settings = Settings.model_validate({"elasticsearch_url": stub_url, **credentials})
    with connect_elasticsearch(settings) as client:
        client.get(index="i", id="1")
        client.search(index="i", query={"match_all": {}})
    for headers in Stub.seen:
        assert headers.get("authorization") == expected
        assert headers["accept"] == "application/json"
        assert headers.get("content-type", "application/json") == "application/json"
