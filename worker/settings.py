"""Settings: the only place that reads the environment.

Every setting is `SPIKETRACE_<NAME>`; a secret may instead come from the file named by
`SPIKETRACE_<NAME>_FILE`. `.env.example` lists all with their defaults.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from worker.addresses import MailUrl, Url
from worker.broker_url import BrokerAddress, completed, parse_broker_url
from worker.credentials import ALL_ROLES, Credential, parse_credentials
from worker.errors import ConfigurationError

PREFIX = "SPIKETRACE_"
# For the tests and the fuzzing of this repository.
NO_SETTINGS = (f"{PREFIX}TEST_", f"{PREFIX}FUZZ_")
# Where OpenTelemetry has a name for it: https://opentelemetry.io/docs/specs/otel/protocol/exporter/
ALSO_CALLED = {"otlp_endpoint": "OTEL_EXPORTER_OTLP_ENDPOINT"}


class Settings(BaseModel):
    """All settings with their defaults. Times are seconds, sizes bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    elasticsearch_url: Url = "http://127.0.0.1:9200"
    elasticsearch_api_key: SecretStr | None = None
    elasticsearch_user: str | None = None
    elasticsearch_password: SecretStr | None = None
    elasticsearch_ca_file: Path | None = None
    elasticsearch_timeout_seconds: float = Field(default=20.0, gt=0)

    redis_url: str = "redis://127.0.0.1:6379/0"
    redis_ca_file: Path | None = None
    redis_certificate_file: Path | None = None
    redis_key_file: Path | None = None
    redis_sentinel_user: str | None = None
    redis_sentinel_password: SecretStr | None = None
    redis_replicas: int | None = Field(default=None, ge=0)

    webhook_host: str = "127.0.0.1"
    webhook_port: int = Field(default=8080, ge=0, le=65535)
    webhook_user: str | None = None
    webhook_password: SecretStr | None = None
    webhook_token: SecretStr | None = None
    webhook_credentials: SecretStr | None = None
    webhook_reads_per_minute: int = Field(default=30_000, ge=1)
    webhook_acts_per_minute: int = Field(default=120, ge=1)
    webhook_max_body_bytes: int = Field(default=262_144, gt=0)
    webhook_url: Url | None = None
    public_url: Url = "http://127.0.0.1:8080"

    worker_concurrency: int = Field(default=2, ge=1)
    task_time_limit_seconds: int = Field(default=120, gt=10)
    visibility_timeout_seconds: int = Field(default=600, gt=0)
    sweep_interval_seconds: float = Field(default=5.0, gt=0)
    max_attempts: int = Field(default=6, ge=1)

    replay_in_flight: int = Field(default=1, ge=1)
    replay_per_second: float = Field(default=10.0, gt=0)

    rule_alerts_per_minute: int = Field(default=30, ge=1)
    space_alerts_per_minute: int = Field(default=120, ge=1)
    questions_per_minute: int = Field(default=30, ge=1)
    question_wait_seconds: float = Field(default=30.0, gt=0)
    model_answers: bool | None = None

    index_intake: bool = True
    index_intake_interval_seconds: float = Field(default=2.0, gt=0)
    missed_alerts: bool = True
    missed_alerts_interval_seconds: float = Field(default=60.0, gt=0)
    missed_alerts_grace_seconds: float = Field(default=600.0, ge=0)

    kibana_url: Url | None = None
    kibana_api_key: SecretStr | None = None
    kibana_user: str | None = None
    kibana_password: SecretStr | None = None
    kibana_ca_file: Path | None = None
    kibana_timeout_seconds: float = Field(default=30.0, gt=0)
    kibana_space: str = Field(default="default", pattern=r"^[a-z0-9_-]+$")
    kibana_thresholds: Path | None = None
    kibana_version: str | None = Field(default=None, pattern=r"^\d+\.\d+(\.\d+)?$")

    delivery_max_attempts: int = Field(default=12, ge=1)
    delivery_proxy: SecretStr | None = None
    delivery_ca_file: Path | None = None

    jira_url: Url | None = None
    jira_user: str | None = None
    jira_token: SecretStr | None = None
    jira_project: str | None = None
    jira_issue_type: str = "Task"
    jira_deployment: Literal["cloud", "data-center"] = "cloud"
    jira_request_type: str | None = None
    jira_done_transition: str | None = None

    servicenow_url: Url | None = None
    servicenow_user: str | None = None
    servicenow_password: SecretStr | None = None
    servicenow_token: SecretStr | None = None
    servicenow_assignment_group: str | None = None
    servicenow_close_code: str = "Solution provided"

    slack_webhook_url: SecretStr | None = None
    slack_token: SecretStr | None = None
    slack_api_url: Url = "https://slack.com/api"
    slack_channel: str | None = None
    slack_signing_secret: SecretStr | None = None

    pagerduty_routing_key: SecretStr | None = None
    pagerduty_routing_keys: SecretStr | None = None
    pagerduty_url: Url = "https://events.pagerduty.com/v2/enqueue"

    smtp_url: MailUrl | None = None
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    email_from: str | None = None
    email_to: str | None = None

    apprise_urls: SecretStr | None = None

    gemini_gcp_project: str | None = None
    gemini_gcp_region: str | None = None
    gemini_gcp_credentials: SecretStr | None = None
    gemini_model: str = "gemini-2.5-flash"
    gemini_api_key: SecretStr | None = None
    gemini_base_url: Url | None = None
    gemini_timeout_seconds: float = Field(default=20.0, gt=0)
    gemini_max_calls: int = Field(default=3, ge=1)
    gemini_max_tokens: int = Field(default=20_000, ge=1)
    gemini_max_seconds: float = Field(default=60.0, gt=0)
    gemini_max_usd: float = Field(default=0.05, gt=0)
    gemini_day_calls: int = Field(default=600, ge=0)
    gemini_day_tokens: int = Field(default=4_000_000, ge=0)
    gemini_day_seconds: float = Field(default=12_000.0, ge=0)
    gemini_day_usd: float = Field(default=10.0, ge=0)
    gemini_usd_per_million_input_tokens: float = Field(default=0.30, ge=0)
    gemini_usd_per_million_output_tokens: float = Field(default=2.50, ge=0)
    embeddings: bool = False
    embedding_model: str = "gemini-embedding-001"
    embedding_model_dir: Path | None = None
    embedding_max_seconds: float = Field(default=10.0, gt=0)
    embedding_day_calls: int = Field(default=2_000, ge=0)
    embedding_usd_per_million_tokens: float = Field(default=0.15, ge=0)
    narratives: bool | None = None
    narrative_wait_seconds: float = Field(default=900.0, gt=0)

    agents_host: str = "127.0.0.1"
    agents_port: int = Field(default=8081, ge=0, le=65535)
    agents_url: Url | None = None
    agents_requests_per_minute: int = Field(default=120, ge=1)
    agents_investigations_per_hour: int = Field(default=30, ge=0)
    agents_days: int = Field(default=90, ge=1)

    allow_plain_http: bool = False
    profile: str = "spiketrace"
    policy: Path | None = None
    terminology: str = "shop"
    factors: Path | None = None
    electricity_maps_token: SecretStr | None = None
    electricity_maps_url: Url = "https://api.electricitymaps.com"
    retention_days: int = Field(default=90, ge=1)
    log_level: str = Field(default="INFO", pattern=r"^(?i:debug|info|warning|error|critical)$")
    otlp_endpoint: Url | None = None
    otlp_headers: SecretStr | None = None

    # Where a setting came from a file: it may be read again when the file changes.
    _files: dict[str, Path] = PrivateAttr(default_factory=dict)

    @field_validator("webhook_credentials")
    @classmethod
    def _can_be_read(cls, value: SecretStr | None) -> SecretStr | None:
        if value:
            parse_credentials(value.get_secret_value())
        return value

    @model_validator(mode="after")
    def _broker_can_be_found(self) -> Self:
        try:
            parse_broker_url(self.broker_url)
        except ValueError as error:
            raise ValueError(f"{PREFIX}REDIS_URL: {error}") from None
        return self

    @model_validator(mode="after")
    def _timeouts_nest(self) -> Self:
        # Redis hands an unacknowledged task out again after the visibility timeout
        # (https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/redis.html#visibility-timeout).
        if self.visibility_timeout_seconds <= self.task_time_limit_seconds:
            raise ValueError(
                "SPIKETRACE_VISIBILITY_TIMEOUT_SECONDS must be above SPIKETRACE_TASK_TIME_LIMIT_SECONDS, "
                "or running tasks would be handed out twice"
            )
        return self

    @model_validator(mode="after")
    def _narratives_end_in_time(self) -> Self:
        asks_a_model = self.writes_narratives or self.answers_by_model
        if asks_a_model and self.gemini_max_seconds + 20 > self.task_time_limit_seconds:
            raise ValueError(
                "SPIKETRACE_GEMINI_MAX_SECONDS must be 20 below SPIKETRACE_TASK_TIME_LIMIT_SECONDS, "
                "or a narrative, or an answer, would be ended before it can say why"
            )
        return self

    @model_validator(mode="after")
    def _embeddings_have_a_model(self) -> Self:
        if self.embeddings and not (self.gemini_api_key or self.embedding_model_dir):
            raise ValueError(
                "SPIKETRACE_EMBEDDINGS needs SPIKETRACE_GEMINI_API_KEY, or SPIKETRACE_EMBEDDING_MODEL_DIR for a model "
                "on this machine"
            )
        return self

    @model_validator(mode="after")
    def _secrets_travel_encrypted(self) -> Self:
        urls = {
            "ELASTICSEARCH_URL": self.elasticsearch_url if self._elasticsearch_has_credentials() else None,
            "KIBANA_URL": self.kibana_url,
            "JIRA_URL": self.jira_url,
            "GEMINI_BASE_URL": self.gemini_base_url if self.has_model else None,
            "SERVICENOW_URL": self.servicenow_url,
            "ELECTRICITY_MAPS_URL": self.electricity_maps_url if self.electricity_maps_token else None,
            "PAGERDUTY_URL": self.pagerduty_url if self._pagerduty_has_keys() else None,
            "OTLP_ENDPOINT": self.otlp_endpoint if self.otlp_headers else None,
            "SLACK_API_URL": self.slack_api_url if self.slack_token else None,
            "SLACK_WEBHOOK_URL": self.slack_webhook_url.get_secret_value() if self.slack_webhook_url else None,
        }
        for name, url in urls.items():
            if url and not self.allow_plain_http and not travels_safely(url):
                raise ValueError(
                    f"{PREFIX}{name} would send credentials over plain http to another host: "
                    f"use https, or set {PREFIX}ALLOW_PLAIN_HTTP=true on a network you trust"
                )
        return self

    def _elasticsearch_has_credentials(self) -> bool:
        return bool(self.elasticsearch_api_key or self.elasticsearch_password)

    def _pagerduty_has_keys(self) -> bool:
        return bool(self.pagerduty_routing_key or self.pagerduty_routing_keys)

    def secret_values(self) -> list[str]:
        """Every secret that is set: what must not be in anything that is said."""
        own = [one.token for one in self.named_credentials if one.token]
        return (
            [value.get_secret_value() for _, value in self if isinstance(value, SecretStr)] + own + self.broker.secrets
        )

    @property
    def broker_url(self) -> str:
        """SPIKETRACE_REDIS_URL with the settings beside it: what every connection to the broker is made from."""
        password = self.redis_sentinel_password
        return completed(
            self.redis_url,
            ssl_ca_certs=_path(self.redis_ca_file),
            ssl_certfile=_path(self.redis_certificate_file),
            ssl_keyfile=_path(self.redis_key_file),
            sentinel_username=self.redis_sentinel_user,
            sentinel_password=password.get_secret_value() if password else None,
        )

    @property
    def broker(self) -> BrokerAddress:
        return parse_broker_url(self.broker_url)

    @property
    def broker_replicas(self) -> int:
        """So many replicas have an alert before it is accepted by the broker."""
        unset = 1 if self.broker.master else 0
        return unset if self.redis_replicas is None else self.redis_replicas

    @property
    def named_credentials(self) -> list[Credential]:
        return parse_credentials(self.webhook_credentials.get_secret_value()) if self.webhook_credentials else []

    @property
    def credentials(self) -> list[Credential]:
        """All that the webhook lets in; its user and its token have every role."""
        found = self.named_credentials
        if self.webhook_user and self.webhook_password:
            found.append(Credential(self.webhook_user, ALL_ROLES, self.webhook_password.get_secret_value(), token=None))
        if self.webhook_token:
            found.append(Credential("token", ALL_ROLES, password=None, token=self.webhook_token.get_secret_value()))
        return found

    @property
    def files(self) -> Mapping[str, Path]:
        """By setting, the file that it was read from."""
        return self._files

    def came_from(self, files: Mapping[str, Path]) -> Self:
        self._files.update(files)
        return self

    @property
    def has_model(self) -> bool:
        """A key of Gemini's own interface, or all that Vertex AI needs."""
        on_vertex = self.gemini_gcp_project and self.gemini_gcp_region and self.gemini_gcp_credentials
        return bool(self.gemini_api_key or on_vertex)

    @property
    def writes_narratives(self) -> bool:
        return self._asks_model(self.narratives)

    @property
    def answers_by_model(self) -> bool:
        return self._asks_model(self.model_answers)

    def _asks_model(self, chosen: bool | None) -> bool:
        """Unless chosen, where there is Gemini's own key; what Vertex AI needs may be there for Kibana alone."""
        return self.has_model and (self.gemini_api_key is not None if chosen is None else chosen)

    @property
    def enriches_reports(self) -> bool:
        """A report is changed once more after it is stored: by a model's words, or by incidents alike in meaning."""
        return self.writes_narratives or self.embeddings

    @property
    def has_webhook_credentials(self) -> bool:
        return bool(self.credentials)


def _path(file: Path | None) -> str | None:
    return str(file) if file else None


def travels_safely(url: str) -> bool:
    """True for https, and for any scheme to a loopback host."""
    parts = urlsplit(url)
    return parts.scheme == "https" or is_loopback(parts.hostname or "")


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Settings from `environment` (the process's own by default).

    Raises ConfigurationError naming every variable that is wrong; values are never repeated.
    """
    source = os.environ if environment is None else environment
    values = {name: value for name in Settings.model_fields if (value := _value(source, name)) is not None}
    files = {name: path for name in values if (path := _file(source, name))}
    try:
        return Settings(**values).came_from(files)
    except ValidationError as error:
        raise ConfigurationError("; ".join(_complaint(item) for item in error.errors())) from None


def unknown_names(environment: Mapping[str, str] | None = None) -> list[str]:
    """Variables that begin as ours do and are none, such as one with a slip in its name."""
    source = os.environ if environment is None else environment
    ours = {PREFIX + name.upper() for name in Settings.model_fields}
    said = (name for name in source if name.startswith(PREFIX) and not name.startswith(NO_SETTINGS))
    return sorted(name for name in said if not {name, name.removesuffix("_FILE")} & ours)


def process_environment(settings: Settings) -> dict[str, str]:
    """The environment for a process of our own: this one's, with `settings` in place of every SPIKETRACE_ variable."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    ours = {PREFIX + name.upper(): _text(value) for name, value in settings if value is not None}
    return inherited | ours


def fresh_environment(ours: Mapping[str, str]) -> dict[str, str]:
    """The environment for a process that must not see this one's settings: `ours` are all that it has."""
    return {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)} | dict(ours)


def _text(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def _value(source: Mapping[str, str], name: str) -> str | None:
    if value := source.get(PREFIX + name.upper()):
        return value
    path = _file(source, name)
    if path is None:
        return source.get(ALSO_CALLED.get(name, "")) or None
    return read_secret(name, path)


def _file(source: Mapping[str, str], name: str) -> Path | None:
    """The file that the setting comes from; the variable itself goes before it."""
    variable = PREFIX + name.upper()
    path = source.get(f"{variable}_FILE")
    return Path(path) if path and not source.get(variable) else None


def read_secret(name: str, path: Path) -> str:
    """What the file holds, without white space around it. Raises ConfigurationError."""
    variable = f"{PREFIX}{name.upper()}_FILE"
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigurationError(f"{variable} names {path}, which cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{variable} names {path}, which is not UTF-8") from None


def _complaint(item: Any) -> str:
    if item["loc"]:
        return f"{PREFIX}{str(item['loc'][0]).upper()}: {item['msg'].removeprefix('Value error, ')}"
    return str(item["msg"]).removeprefix("Value error, ")
