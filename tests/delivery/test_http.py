"""The way to a vendor: authorities of one's own, proxies, and secrets that nobody repeats."""

from __future__ import annotations

import base64
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from worker.delivery.http import Network, Unanswered, Vendor, forms_of
from worker.errors import ConfigurationError, DeliveryError
from worker.settings import Settings

# Whatever a vendor's answer, an alert or a person may put into a path.
ELSEWHERE = [
    "http://169.254.169.254/latest/meta-data", "https://127.0.0.1:{port}/", "http://127.0.0.1/", "//evil.example/",
    "http://127.0.0.1:{port}@evil.example/", "http://127.0.0.1:{port}.evil.example/", "file:///etc/passwd", "/relative",
    "http://localhost:{port}/",
]  # fmt: skip
TLS = Path(__file__).parent / "tls"
SECRET = "hunter2/&=ü"


class Answers(BaseHTTPRequestHandler):
    """A vendor that answers every call with what it was asked, and a proxy that does the same for others."""

    seen: list[str]
    tunnel_status = 200

    def do_GET(self) -> None:
        self.seen.append(f"{self.command} {self.path}")
        body = b'{"ok": true}'
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - the server's own names

    def do_CONNECT(self) -> None:
        credentials = self.headers.get("proxy-authorization", "")
        self.seen.append(f"CONNECT {self.path} {credentials}".strip())
        self.send_response(self.tunnel_status)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nobody reads it."""


@dataclass
class Running:
    port: int
    seen: list[str] = field(default_factory=list)


@contextmanager
def running(*, tls: bool = False, tunnel_status: int = 200) -> Iterator[Running]:
    seen: list[str] = []
    handler = type("Handler", (Answers,), {"seen": seen, "tunnel_status": tunnel_status})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        if tls:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(TLS / "localhost.pem")
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield Running(server.server_port, seen)
        finally:
            server.shutdown()


def vendor(url: str, **network: Any) -> Vendor:
    return Vendor("jira", url, secrets=[SECRET], auth=("u", SECRET), network=Network(**network))


def failure(called: Vendor, url: str) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        called.call("GET", url, doing="asking")
    return caught.value


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_a_vendor_is_called_by_any_method_with_what_is_asked(method: str) -> None:
    with running() as server:
        url = f"http://127.0.0.1:{server.port}/a"
        answer = vendor(url).call(method, url, params={"q": "x y", "n": 2}, doing="asking")
        assert (answer.json(), server.seen) == ({"ok": True}, [f"{method} /a?q=x+y&n=2"])


class TestAuthorities:
    def test_one_of_our_own_is_trusted_where_it_is_named(self) -> None:
        with running(tls=True) as server:
            url = f"https://localhost:{server.port}/a"
            trusted = vendor(url, ca_file=TLS / "authority.pem")
            assert trusted.post(url, {"a": 1}, doing="asking").is_success

    def test_one_that_nobody_named_is_not_and_the_reason_says_what_to_set(self) -> None:
        with running(tls=True) as server:
            url = f"https://localhost:{server.port}/a"
            error = failure(vendor(url), url)
            assert "certificate of localhost is not trusted" in error.reason
            assert "SPIKETRACE_DELIVERY_CA_FILE" in error.reason
            assert (error.retryable, error.is_ambiguous, server.seen) == (True, False, [])

    @pytest.mark.parametrize("content", [None, "", "no certificate"])
    def test_a_file_that_is_none_is_explained(self, tmp_path: Path, content: str | None) -> None:
        path = tmp_path / "ca.pem"
        if content is not None:
            path.write_text(content, encoding="utf-8")
        with pytest.raises(ConfigurationError, match=r"SPIKETRACE_DELIVERY_CA_FILE names .*ca\.pem"):
            vendor("https://jira.example", ca_file=path)


class TestProxies:
    def test_what_is_outside_goes_through_it(self) -> None:
        with running() as proxy:
            called = vendor("http://jira.example", proxy=f"http://127.0.0.1:{proxy.port}")
            assert called.call("GET", "http://jira.example/a", doing="asking").is_success
            assert proxy.seen == ["GET http://jira.example/a"]

    @pytest.mark.parametrize("by", ["settings", "environment"])
    def test_this_machine_is_reached_without(self, by: str, monkeypatch: pytest.MonkeyPatch) -> None:
        with running() as server:
            url, nowhere = f"http://127.0.0.1:{server.port}/a", "http://127.0.0.1:9"
            if by == "environment":
                monkeypatch.setenv("HTTP_PROXY", nowhere)
            assert vendor(url, proxy=nowhere if by == "settings" else None).call("GET", url, doing="asking").is_success

    def test_the_environments_is_used_where_the_settings_name_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with running() as proxy:
            monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
            monkeypatch.setenv("NO_PROXY", "inside.example")
            failure(vendor("https://jira.example"), "https://jira.example/a")
            assert proxy.seen == ["CONNECT jira.example:443"]
            failure(vendor("https://inside.example:9"), "https://inside.example:9/a")
            assert len(proxy.seen) == 1

    def test_it_is_told_its_own_password_and_nobody_else_is(self) -> None:
        with running(tunnel_status=407) as proxy:
            called = vendor("https://jira.example", proxy=f"http://me:s%40fe-word@127.0.0.1:{proxy.port}")
            error = failure(called, "https://jira.example/a")
            sent = base64.b64encode(b"me:s@fe-word").decode()
            assert proxy.seen == [f"CONNECT jira.example:443 Basic {sent}"]
            assert "the proxy refused to connect to jira.example: 407" in error.reason
            assert not error.retryable
            assert not [form for form in ("s@fe-word", "s%40fe-word", sent) if form in error.reason]
            assert "fe-word" not in repr(Network("http://me:s%40fe-word@127.0.0.1"))

    @pytest.mark.parametrize(("status", "retryable"), [(502, True), (503, True), (403, True)])
    def test_what_it_refuses_has_not_reached_the_vendor(self, status: int, retryable: bool) -> None:
        with running(tunnel_status=status) as proxy:
            called = vendor("https://jira.example", proxy=f"http://127.0.0.1:{proxy.port}")
            error = failure(called, "https://jira.example/a")
            assert (error.retryable, error.is_ambiguous, isinstance(error, Unanswered)) == (retryable, False, False)

    def test_one_that_is_away_is_tried_again(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        called = vendor("https://jira.example", proxy=f"http://127.0.0.1:{port}")
        assert failure(called, "https://jira.example/a").retryable

    @pytest.mark.parametrize("proxy", ["gopher://proxy", "proxy.example", "socks5://127.0.0.1:9", "http://[::1"])
    def test_one_that_cannot_be_used_is_explained_without_repeating_it(self, proxy: str) -> None:
        with pytest.raises(ConfigurationError, match="SPIKETRACE_DELIVERY_PROXY") as error:
            vendor("https://jira.example", proxy=proxy)
        assert proxy not in error.value.reason


def test_the_settings_name_the_way() -> None:
    settings = Settings(delivery_proxy=SecretStr("http://p:1"), delivery_ca_file=TLS / "authority.pem")
    assert Network.of(settings) == Network("http://p:1", TLS / "authority.pem")
    assert Network.of(Settings()) == Network()


@pytest.mark.parametrize("form", forms_of([SECRET], ("u", SECRET)))
def test_a_secret_is_not_repeated_in_any_form(form: str) -> None:
    error = vendor("https://jira.example").failure(f"refused: {form} is wrong", retryable=False)
    assert error.reason == "refused: [secret] is wrong"


@pytest.mark.parametrize("address", ELSEWHERE)
def test_nothing_is_sent_to_a_host_that_the_settings_do_not_name(address: str) -> None:
    with running() as vendor:
        client = Vendor("jira", f"http://127.0.0.1:{vendor.port}/base", secrets=[])
        with pytest.raises(DeliveryError, match="leads to another host") as refused:
            client.call("GET", address.format(port=vendor.port), doing="asking")
        assert not refused.value.retryable
        assert client.call("GET", f"http://127.0.0.1:{vendor.port}/other", doing="asking").status_code == 200
        assert vendor.seen == ["GET /other"]
