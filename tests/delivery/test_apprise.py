"""What goes out through Apprise, and what of a failure is told."""

from __future__ import annotations

import json
import logging
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.delivery.samples import a_notice, an_incident
from tests.incidents.samples import ONSET, a_report
from tests.standins.server import Vendors
from worker.delivery.apprise.client import AppriseAddress, Message
from worker.delivery.apprise.message import inert, markdown, opening_message, update_message
from worker.delivery.configured import destinations
from worker.domain.incident import HistoryEntry, IncidentStatus
from worker.domain.notice import Notice
from worker.errors import ConfigurationError, DeliveryError
from worker.settings import load_settings

PUBLIC_URL = "https://spiketrace.example"
PAGE = f"{PUBLIC_URL}/reports/report-1"
TLS = Path(__file__).parent / "tls"
HELLO = Message("title", "text", "markdown", is_good_news=False)


def test_the_message_says_what_matters_before_anything_is_cut_off() -> None:
    sent = opening_message(a_notice(), public_url=PUBLIC_URL)
    lines = sent.text.splitlines()
    assert sent.title == "[high] checkout us-central1: failing requests and 3.9× CO₂ since deploy-8841"
    assert lines[0] == f"{sent.title} (began 10:42 UTC, 26 Feb 2026)"
    assert lines[1] == f"Report: {PAGE}"
    assert lines[3].startswith("1,240 requests failed · 410 gCO₂e more than expected")
    assert f"[Open the report](<{PAGE}>)" in sent.markdown


def test_the_end_is_good_news_and_says_what_it_cost() -> None:
    end = ONSET + timedelta(minutes=38)
    entry = HistoryEntry(at=end, event="resolved", reason="All of its alerts have recovered.")
    over = an_incident(status=IncidentStatus.RESOLVED, resolved_at=end, duration_minutes=38.0)
    over.history.append(entry)
    sent = update_message(Notice(over, a_report(), news=(entry,), revision=2), public_url=PUBLIC_URL)
    assert sent.title.startswith("[resolved] checkout us-central1")
    assert sent.text.startswith("Resolved 11:20 UTC after 38 min; 410 gCO₂e wasted")
    assert sent.is_good_news


def test_nobody_is_called_and_nothing_hides_a_link() -> None:
    hostile = "@everyone <!channel> <@U123> <at>boss@x.example</at> [report](https://evil.example) *b* `c`"
    shown = inert(hostile)
    assert not {"<", ">"} & set(shown)
    assert "@everyone" not in shown
    assert "boss@x.example" in shown
    assert "](" not in shown
    assert markdown("[x](y) *b* a_b") == r"\[x\]\(y\) \*b\* a\_b"


@given(st.text(max_size=2000))
def test_any_text_stays_on_a_short_line(text: str) -> None:
    shown = inert(text)
    assert len(shown) <= 300
    assert "\n" not in shown


class Teams(BaseHTTPRequestHandler):
    """Takes what a workflow of Microsoft Teams is sent (https://learn.microsoft.com/power-automate/teams/overview)."""

    cards: list[tuple[str, Any]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.cards.append((self.path, json.loads(body)))
        self.send_response(202)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@contextmanager
def running_teams() -> Iterator[tuple[str, list[tuple[str, Any]]]]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(TLS / "localhost.pem")
    cards: list[tuple[str, Any]] = []
    handler = type("Handler", (Teams,), {"cards": cards})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"localhost:{server.server_port}", cards
        server.shutdown()
        thread.join()


def test_teams_gets_a_card_with_a_link(monkeypatch: pytest.MonkeyPatch) -> None:
    # Apprise trusts whom requests trusts, which is told by this variable.
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(TLS / "authority.pem"))
    with running_teams() as (host, cards):
        urls = f"teams=workflows://{host}/643e69f83c89/KODuebWbDGYFr0z0eu/"
        settings = load_settings({"SPIKETRACE_APPRISE_URLS": urls, "SPIKETRACE_PUBLIC_URL": PUBLIC_URL})
        destinations(settings)["teams"].open(a_notice())
    ((path, message),) = cards
    assert path.startswith("/workflows/643e69f83c89/triggers/manual/paths/invoke?")
    (attachment,) = message["attachments"]
    title, body = attachment["content"]["body"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert title["text"].startswith("[high] checkout us-central1")
    assert f"[Open the report](<{PAGE}>)" in body["text"]


def test_teams_address_may_be_given_as_it_is_shown() -> None:
    shown = (
        "https://prod-161.westeurope.logic.azure.com:443/workflows/643e69f83c8944438d68119179a10a64/triggers/manual/"
        "paths/invoke?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=KODuebWbDGYFr0z0eu"
    )
    assert "teams" in destinations(load_settings({"SPIKETRACE_APPRISE_URLS": f"teams={shown}"}))


def test_a_certificate_that_nobody_vouches_for_is_no_ambiguity() -> None:
    with running_teams() as (host, cards):
        address = AppriseAddress("teams", f"workflows://{host}/643e69f83c89/KODuebWbDGYFr0z0eu/", allow_plain=False)
        with pytest.raises(DeliveryError, match="cannot be reached") as caught:
            address.send(HELLO)
    assert (caught.value.retryable, cards) == (True, [])


def test_each_name_is_a_destination_of_its_own(vendors: Vendors) -> None:
    host = vendors.url.removeprefix("http://")
    urls = f"json://{host}/push/{vendors.credentials.apprise_token}"
    made = destinations(vendors.settings(SPIKETRACE_APPRISE_URLS=f"teams={urls}\nops-room={urls}"))
    assert {"teams", "ops-room"} <= made.keys()
    made["ops-room"].open(a_notice())
    assert len(vendors.pushes) == 1


def test_of_many_at_once_each_reads_its_own_failure(vendors: Vendors) -> None:
    host = vendors.url.removeprefix("http://")
    statuses = [400, 401, 403, 404, 410, 413]

    def failure_of(status: int) -> str:
        with pytest.raises(DeliveryError) as caught:
            AppriseAddress("x", f"json://{host}/channel/{status}", allow_plain=False).send(HELLO)
        return caught.value.reason

    for status in statuses:
        vendors.fail(f"/channel/{status}", status=status, body=f"sentence of {status}")
    with ThreadPoolExecutor(len(statuses)) as pool:
        reasons = list(pool.map(failure_of, statuses))
    for status, reason in zip(statuses, reasons, strict=True):
        assert reason.endswith(f"error={status}. (sentence of {status})")


@pytest.mark.parametrize("words", ["error=503", "Socket Exception: NewConnectionError"])
def test_words_of_telemetry_are_not_taken_for_apprises(vendors: Vendors, words: str) -> None:
    host = vendors.url.removeprefix("http://")
    vendors.fail("/channel/lost", when="before")
    with pytest.raises(DeliveryError, match="it may have been sent") as caught:
        AppriseAddress("x", f"json://{host}/channel/lost", allow_plain=False).send(Message(words, words, words, False))
    assert not caught.value.retryable


def test_an_address_is_in_no_log_but_its_own(caplog: pytest.LogCaptureFixture, vendors: Vendors) -> None:
    caplog.set_level(logging.DEBUG)
    address = AppriseAddress("x", "json://127.0.0.1:9/secretpath?secretparameter=1", allow_plain=False)
    with pytest.raises(DeliveryError) as caught:
        address.send(HELLO)
    assert not logging.getLogger("apprise").propagate
    assert "secret" not in caught.value.reason.replace("[secret]", "")


@pytest.mark.parametrize(
    ("urls", "complaint"),
    [
        ("slack=slack://TokenA/TokenB/TokenC", "slack has settings of its own; choose another name"),
        ("teams=msteams://team@token/x/y/z", r"does not know the address of teams .* Microsoft Teams is workflows://"),
        ("hooks=json://example.com/token-secret", r"hooks would be sent over json:// unencrypted .* use jsons://"),
        ("ops=ntfys://host.example/first-secret/second-secret", "the address of ops has 2 recipients; give each"),
        ("workflows://host/secret/secret", "item 1 is not name=value"),
        ("Ops=json://127.0.0.1/secret", "item 1 is not name=value"),
    ],
)
def test_an_address_that_cannot_be_used_is_named_and_not_repeated(urls: str, complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint) as caught:
        destinations(load_settings({"SPIKETRACE_APPRISE_URLS": urls}))
    assert not any(secret in caught.value.reason for secret in ("secret", "TokenA", "token/x"))


def test_on_a_network_one_trusts_it_may_be_plain() -> None:
    settings = {"SPIKETRACE_APPRISE_URLS": "hooks=json://example.com/x", "SPIKETRACE_ALLOW_PLAIN_HTTP": "true"}
    assert "hooks" in destinations(load_settings(settings))
