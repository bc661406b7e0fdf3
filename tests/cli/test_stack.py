from __future__ import annotations

import json
import socket
import stat
from pathlib import Path

import pytest

from cli.settle import settle_settings, with_vendors
from cli.stack import write_in_one_step
from worker.errors import ConfigurationError
from worker.settings import PREFIX, Settings, load_settings, process_environment

PORT_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
FIRST_EPHEMERAL_PORT = int(PORT_RANGE.read_text().split()[0]) if PORT_RANGE.exists() else 49_152


def test_credentials_are_made_up_where_none_are_set() -> None:
    first, second = (settle_settings(Settings(), port=0, embedded=False) for _ in range(2))
    assert first.webhook_user == "spiketrace"
    assert first.webhook_password is not None
    assert first.webhook_password != second.webhook_password
    assert len(first.webhook_password.get_secret_value()) >= 32


def test_credentials_that_are_set_stay() -> None:
    own = Settings(webhook_user="kibana", webhook_password="secret", webhook_token="token")
    settled = settle_settings(own, port=0, embedded=False)
    assert (settled.webhook_user, settled.webhook_password) == ("kibana", own.webhook_password)
    assert settled.webhook_token == own.webhook_token


def test_links_follow_the_port_unless_they_lead_elsewhere() -> None:
    settled = settle_settings(Settings(), port=0, embedded=False)
    assert settled.public_url == f"http://127.0.0.1:{settled.webhook_port}"
    own = Settings(public_url="https://spiketrace.example.com")
    assert settle_settings(own, port=0, embedded=False).public_url == own.public_url


def test_embedded_engines_take_the_place_of_those_that_are_set() -> None:
    own = Settings(
        elasticsearch_url="https://cluster.example.com", elasticsearch_api_key="key", redis_url="redis://elsewhere"
    )
    settled = settle_settings(own, port=0, embedded=True)
    assert settled.elasticsearch_url.startswith("http://127.0.0.1:")
    assert settled.redis_url.startswith("redis://127.0.0.1:")
    assert settled.elasticsearch_api_key is None
    assert len({settled.elasticsearch_url.rsplit(":", 1)[1], settled.redis_url, str(settled.webhook_port)}) == 3


def test_a_port_of_our_own_is_none_that_outgoing_connections_are_given() -> None:
    """Else it may be taken before the webhook listens, and while it is being restarted."""
    ports = [settle_settings(Settings(), port=0, embedded=False).webhook_port for _ in range(20)]
    assert max(ports) < 32_768 <= FIRST_EPHEMERAL_PORT
    assert len(set(ports)) > 10, "two stacks that start at once seldom choose the same"


def test_a_port_that_is_taken_is_a_wrong_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"127.0.0.1:{port}.*--port"):
            settle_settings(Settings(), port=port, embedded=False)


def test_a_process_gets_the_settings_and_nothing_of_ours_besides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPIKETRACE_JIRA_TOKEN_FILE", "/run/secrets/jira")
    monkeypatch.setenv("SPIKETRACE_SLACK_CHANNEL", "#elsewhere")
    monkeypatch.setenv("LANG", "C.UTF-8")
    settings = Settings(webhook_password="s3cret", elasticsearch_ca_file=Path("/ca.pem"), allow_plain_http=True)
    environment = process_environment(settings)
    assert environment["LANG"] == "C.UTF-8"
    assert "SPIKETRACE_JIRA_TOKEN_FILE" not in environment
    assert load_settings(environment) == settings


def test_the_ready_file_is_replaced_whole_and_private(tmp_path: Path) -> None:
    path = tmp_path / "ready.json"
    for number in (1, 2):
        write_in_one_step(path, json.dumps({"number": number}))
        assert json.loads(path.read_text()) == {"number": number}
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_the_demo_delivers_to_its_stand_ins_and_nowhere_else() -> None:
    own = Settings(
        slack_token="xoxb-real",
        slack_channel="C1",
        jira_url="https://jira.example.com",
        smtp_url="smtps://mail.example.com",
        pagerduty_routing_key="real",
        apprise_urls="teams=workflows://real",
        kibana_space="shop",
    )
    settled = with_vendors(own, "http://127.0.0.1:1234")
    text = json.dumps({name: value for name, value in process_environment(settled).items() if PREFIX in name})
    assert "real" not in text
    assert "example.com" not in text
    assert settled.jira_url == "http://127.0.0.1:1234/jira"
    assert settled.slack_api_url == "http://127.0.0.1:1234/slack/api"
    assert settled.smtp_url is None
    assert settled.kibana_space == "shop"
