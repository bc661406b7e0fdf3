"""Settings: from the environment or a file, refused by name and never by value, and no secret in the clear."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.errors import ConfigurationError
from worker.settings import PREFIX, Settings, load_settings, process_environment, travels_safely, unknown_names

SECRETS = [
    "elasticsearch_api_key",
    "elasticsearch_password",
    "webhook_password",
    "webhook_token",
    "kibana_api_key",
    "jira_token",
    "slack_webhook_url",
    "slack_token",
    "slack_signing_secret",
]
HIDDEN = "s3cr3t-9f"


def loaded(**values: str) -> Settings:
    return load_settings({PREFIX + name.upper(): value for name, value in values.items()})


def refusal(**values: str) -> str:
    with pytest.raises(ConfigurationError) as refused:
        loaded(**values)
    return refused.value.reason


def secret_of(settings: Settings, name: str) -> str:
    value: str = getattr(settings, name).get_secret_value()
    return value


# --- where they come from


def test_nothing_set_is_the_defaults() -> None:
    assert load_settings({}) == Settings()
    assert load_settings({"PATH": "/bin", "SPIKETRACE": "x", "WEBHOOK_PORT": "1"}) == Settings()


def test_values_are_read_as_what_they_are() -> None:
    found = loaded(
        webhook_port="9999", elasticsearch_timeout_seconds="2.5", allow_plain_http="true", policy="/etc/p.yaml"
    )
    assert (found.webhook_port, found.elasticsearch_timeout_seconds, found.allow_plain_http) == (9999, 2.5, True)
    assert found.policy == Path("/etc/p.yaml")


def test_an_empty_variable_is_not_set() -> None:
    assert loaded(webhook_port="", jira_url="", webhook_token="") == Settings()


def test_a_url_loses_its_trailing_slashes() -> None:
    assert loaded(elasticsearch_url="https://es.example:9200//").elasticsearch_url == "https://es.example:9200"


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_comes_from_a_file(tmp_path: Path, name: str) -> None:
    text = "https://hooks.example/x" if name.endswith("url") else HIDDEN
    path = tmp_path / "secret"
    path.write_text(f"  {text}\n", encoding="utf-8")
    assert secret_of(loaded(**{f"{name}_file": str(path)}), name) == text


def test_the_variable_goes_before_the_file(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("from the file", encoding="utf-8")
    assert secret_of(loaded(webhook_token="from here", webhook_token_file=str(path)), "webhook_token") == "from here"


def test_where_a_secret_came_from_is_known_also_to_a_copy(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("s3cret", encoding="utf-8")
    found = loaded(webhook_token_file=str(path), jira_token_file=str(path), jira_token="from here")
    assert found.model_copy(update={"agents_port": 1}).files == {"webhook_token": path}
    assert loaded(webhook_token="s3cret").files == {}


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    said = refusal(webhook_token_file=str(tmp_path / "gone"))
    assert f"{PREFIX}WEBHOOK_TOKEN_FILE" in said
    assert str(tmp_path / "gone") in said
    assert f"{PREFIX}JIRA_TOKEN_FILE" in refusal(jira_token_file=str(tmp_path))


# --- wrong values


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("webhook_port", HIDDEN),
        ("webhook_port", "70000"),
        ("webhook_port", "-1"),
        ("webhook_max_body_bytes", "0"),
        ("elasticsearch_timeout_seconds", "-3.25"),
        ("worker_concurrency", "0"),
        ("allow_plain_http", "perhaps"),
        ("retention_days", "12.5"),
        ("max_attempts", "many"),
    ],
)
def test_a_wrong_value_is_named_and_not_repeated(name: str, value: str) -> None:
    said = refusal(**{name: value})
    assert said.startswith(f"{PREFIX}{name.upper()}: ")
    if len(value) > 2:
        assert value not in said


def test_every_wrong_value_is_named() -> None:
    said = refusal(webhook_port="x", max_attempts="y", retention_days="z")
    assert all(f"{PREFIX}{name}: " in said for name in ("WEBHOOK_PORT", "MAX_ATTEMPTS", "RETENTION_DAYS"))


def test_timeouts_that_would_run_tasks_twice_are_refused() -> None:
    said = refusal(task_time_limit_seconds="600", visibility_timeout_seconds="600")
    assert f"{PREFIX}VISIBILITY_TIMEOUT_SECONDS" in said
    assert loaded(task_time_limit_seconds="599", visibility_timeout_seconds="600").task_time_limit_seconds == 599


# --- secrets


@pytest.mark.parametrize("name", SECRETS)
def test_secrets_are_not_shown(name: str) -> None:
    value = f"https://hooks.example/{HIDDEN}" if name.endswith("url") else HIDDEN
    found = loaded(**{name: value})
    assert HIDDEN not in repr(found)
    assert HIDDEN not in str(found)
    assert HIDDEN not in found.model_dump_json()


CREDENTIALS: list[dict[str, str]] = [
    {"elasticsearch_url": "http://es.example:9200", "elasticsearch_api_key": HIDDEN},
    {"elasticsearch_url": "http://10.0.0.5:9200", "elasticsearch_user": "u", "elasticsearch_password": HIDDEN},
    {"kibana_url": "http://kibana.example:5601", "kibana_api_key": HIDDEN},
    {"jira_url": "http://jira.example", "jira_user": "u", "jira_token": HIDDEN},
    {"slack_api_url": "http://slack.example/api", "slack_token": HIDDEN},
    {"slack_webhook_url": f"http://hooks.example/services/{HIDDEN}"},
]


@pytest.mark.parametrize("values", CREDENTIALS)
def test_credentials_do_not_travel_in_the_clear(values: dict[str, str]) -> None:
    said = refusal(**values)
    url = next(name for name in values if name.endswith("url"))
    assert f"{PREFIX}{url.upper()}" in said
    assert HIDDEN not in said


@pytest.mark.parametrize("values", CREDENTIALS)
def test_to_this_host_they_may(values: dict[str, str]) -> None:
    name = next(name for name in values if name.endswith("url"))
    loaded(**values | {name: f"http://127.0.0.1:9/{HIDDEN}"})


@pytest.mark.parametrize("values", CREDENTIALS)
def test_encrypted_they_may(values: dict[str, str]) -> None:
    loaded(**{name: value.replace("http://", "https://") for name, value in values.items()})


@pytest.mark.parametrize("values", CREDENTIALS)
def test_where_plain_http_is_allowed_they_may(values: dict[str, str]) -> None:
    loaded(**values, allow_plain_http="true")


def test_elasticsearch_without_credentials_may_be_plain() -> None:
    assert loaded(elasticsearch_url="http://es.example:9200").elasticsearch_url == "http://es.example:9200"


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:9200",
        "http://LOCALHOST",
        "http://127.0.0.1",
        "http://127.9.9.9:1/x",
        "http://[::1]:9200",
        "https://es.example",
    ],
)
def test_urls_that_are_safe(url: str) -> None:
    assert travels_safely(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://es.example",
        "http://localhost.example",
        "http://127.0.0.1.example",
        "http://127.0.0.1@es.example",
        "http://es.example#localhost",
        "http://128.0.0.1",
        "http://0.0.0.0",
        "http://[::2]",
        "es.example",
        "",
        "ftp://es.example",
    ],
)
def test_urls_that_are_not(url: str) -> None:
    assert not travels_safely(url)


@given(st.integers(1, 2**32 - 1))
def test_only_the_loopback_network_is_this_host(number: int) -> None:
    address = ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0))
    assert travels_safely(f"http://{address}:80") == address.startswith("127.")


# --- processes of our own


def test_what_a_process_is_given_is_what_it_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}JIRA_TOKEN", "another one's")
    monkeypatch.setenv("HOME_OF_TESTS", "kept")
    given_settings = loaded(
        webhook_token=HIDDEN, webhook_port="1234", elasticsearch_ca_file="/etc/ca.pem", profile="own"
    )
    environment = process_environment(given_settings)
    assert load_settings(environment) == given_settings
    assert environment["HOME_OF_TESTS"] == "kept"
    assert f"{PREFIX}JIRA_TOKEN" not in environment


def test_settings_do_not_change() -> None:
    settings: Any = Settings()
    with pytest.raises(ValueError, match="frozen"):
        settings.webhook_port = 1


# --- addresses


@pytest.mark.parametrize("name", ["elasticsearch_url", "kibana_url", "jira_url", "public_url", "otlp_endpoint"])
@pytest.mark.parametrize("who", [f"somebody:{HIDDEN}", f":{HIDDEN}", HIDDEN])
def test_an_address_holds_no_credentials(name: str, who: str) -> None:
    """They would travel with every link, and `_secrets_travel_encrypted` knows nothing of them."""
    said = refusal(**{name: f"https://{who}@host.example"})
    assert said.startswith(f"{PREFIX}{name.upper()}: ")
    assert HIDDEN not in said


@pytest.mark.parametrize(
    "value",
    ["es.example:9200", "nonsense", "https://", "javascript:alert(1)", "file:///etc/passwd", "https://a b", "//es"],
)
def test_what_is_no_address_is_refused(value: str) -> None:
    assert "https://HOST" in refusal(elasticsearch_url=value, public_url=value)


@given(st.text(max_size=30))
def test_whatever_is_taken_as_an_address_is_one(text: str) -> None:
    try:
        taken = loaded(public_url=f"https://{text}").public_url
    except ConfigurationError:
        return
    parts = urlsplit(taken)
    assert parts.hostname
    assert "@" not in parts.netloc


@pytest.mark.parametrize("level", ["LOUD", "10", "NOTSET"])
def test_a_level_that_no_log_has_is_refused(level: str) -> None:
    assert refusal(log_level=level).startswith(f"{PREFIX}LOG_LEVEL: ")
    assert loaded(log_level="debug").log_level == "debug"


def test_a_slip_in_a_name_is_seen() -> None:
    right = {f"{PREFIX}RETENTION_DAYS": "1", f"{PREFIX}JIRA_TOKEN_FILE": "x", f"{PREFIX}TEST_ANYTHING": "1", "PATH": ""}
    assert unknown_names({**right, f"{PREFIX}RETENTION_DAY": "1"}) == [f"{PREFIX}RETENTION_DAY"]
