"""Connectors, with the rules of their ids, their configurations and their licences.

https://www.elastic.co/docs/api/doc/kibana/group/endpoint-connectors
"""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID, uuid4

from pydantic import Field, field_validator

from demo.standins.kibana.deployment import CONNECTOR_LICENCES, Deployment, Json, Refused, Release, Space
from demo.standins.kibana.strict import CamelStrict, Strict, parse

FREE_IDS_SINCE: Release = (9, 4)
SECRET_HEADERS_SINCE: Release = (9, 2)
FREE_ID = re.compile(r"[a-z0-9_-]{1,36}")
BASIC_AUTH = "webhook-authentication-basic"


class WebhookConfig(CamelStrict):
    url: str = Field(pattern=r"^https?://[^/]+")
    method: str = Field(default="post", pattern="^(post|put)$")
    headers: dict[str, str] | None = None
    has_auth: bool = True
    auth_type: str | None = None
    cert_type: str | None = None
    ca: str | None = None
    verification_mode: str | None = None


class WebhookSecrets(CamelStrict):
    user: str | None = None
    password: str | None = None
    secret_headers: dict[str, str] | None = None


class JiraConfig(CamelStrict):
    api_url: str = Field(pattern=r"^https?://")
    project_key: str = Field(min_length=1)


class JiraSecrets(CamelStrict):
    email: str = Field(min_length=1)
    api_token: str = Field(min_length=1)


class SlackSecrets(CamelStrict):
    webhook_url: str = Field(pattern=r"^https?://")


class GeminiConfig(CamelStrict):
    api_url: str
    default_model: str = "gemini-2.5-pro"
    gcp_region: str
    gcp_project_id: str = Field(alias="gcpProjectID")


class GeminiSecrets(CamelStrict):
    credentials_json: str = Field(min_length=1)


class IndexConfig(CamelStrict):
    index: str = Field(min_length=1)
    refresh: bool = False
    execution_time_field: str | None = None


class Nothing(CamelStrict):
    pass


TYPES: dict[str, tuple[type[CamelStrict], type[CamelStrict]]] = {
    ".webhook": (WebhookConfig, WebhookSecrets),
    ".jira": (JiraConfig, JiraSecrets),
    ".slack": (Nothing, SlackSecrets),
    ".gemini": (GeminiConfig, GeminiSecrets),
    ".index": (IndexConfig, Nothing),
    ".server-log": (Nothing, Nothing),
}


class Update(Strict):
    name: str = Field(min_length=1)
    config: Json = Field(default_factory=dict)
    secrets: Json = Field(default_factory=dict)


class Create(Update):
    connector_type_id: str

    @field_validator("connector_type_id")
    @classmethod
    def _exists(cls, value: str) -> str:
        if value not in TYPES:
            raise ValueError(f'action type "{value}" is not registered')
        return value


class Connectors:
    def __init__(self, deployment: Deployment, space: Space) -> None:
        self._deployment, self._space = deployment, space

    def create(self, connector_id: str | None, body: Any) -> Json:
        wanted = parse(Create, body)
        self._check_licence(wanted.connector_type_id)
        if connector_id:
            self.check_id(connector_id)
            if connector_id in self._space.connectors or connector_id in self._deployment.preconfigured:
                raise Refused(409, f"Saved object [action/{connector_id}] conflict")
        kept = self._kept(wanted.connector_type_id, wanted)
        connector_id = connector_id or str(uuid4())
        self._space.connectors[connector_id] = {"id": connector_id, **kept}
        return self.get(connector_id)

    def update(self, connector_id: str, body: Any) -> Json:
        if connector_id in self._deployment.preconfigured:
            raise Refused(400, f"Preconfigured action {connector_id} can not be updated.")
        there, wanted = self._found(connector_id), parse(Update, body)
        self._check_licence(there["connector_type_id"])
        there.update(self._kept(there["connector_type_id"], wanted))
        return self.get(connector_id)

    def _kept(self, kind: str, wanted: Update) -> Json:
        config_model, secrets_model = TYPES[kind]
        config = parse(config_model, wanted.config, "request body.config")
        secrets = parse(secrets_model, wanted.secrets, "request body.secrets")
        if isinstance(config, WebhookConfig) and isinstance(secrets, WebhookSecrets):
            _check_webhook(config, secrets, self._deployment.release)
        return {
            "name": wanted.name,
            "connector_type_id": kind,
            "config": config.model_dump(by_alias=True),
            "is_missing_secrets": False,
            "secrets": secrets.model_dump(by_alias=True, exclude_none=True),
        }

    def _check_licence(self, kind: str) -> None:
        if not self._deployment.allows(CONNECTOR_LICENCES[kind]):
            raise Refused(
                403,
                f"Action type {kind} is disabled because your {self._deployment.licence} license does not support it. "
                "Please upgrade your license.",
            )

    def check_id(self, connector_id: str) -> None:
        if self._deployment.release >= FREE_IDS_SINCE and FREE_ID.fullmatch(connector_id):
            return
        try:
            UUID(connector_id)
        except ValueError:
            raise Refused(
                400,
                "Predefined IDs are not allowed for saved objects with encrypted attributes unless the ID is a UUID.",
            ) from None

    def get(self, connector_id: str) -> Json:
        """Never with its secrets."""
        if there := self._deployment.preconfigured.get(connector_id):
            return {"id": connector_id, "is_preconfigured": True, **there}
        there = self._found(connector_id)
        shown = {name: value for name, value in there.items() if name != "secrets"}
        return shown | {"is_preconfigured": False, "is_deprecated": False, "is_system_action": False}

    def _found(self, connector_id: str) -> Json:
        if connector_id not in self._space.connectors:
            raise Refused(404, f"Saved object [action/{connector_id}] not found")
        return self._space.connectors[connector_id]

    def delete(self, connector_id: str) -> None:
        self._found(connector_id)
        del self._space.connectors[connector_id]

    def all(self) -> list[Json]:
        used = [action["id"] for rule in self._space.rules.values() for action in rule["actions"]]
        ids = [*self._space.connectors, *self._deployment.preconfigured]
        return [self.get(name) | {"referenced_by_count": used.count(name)} for name in ids]

    def types(self) -> list[Json]:
        return [
            {
                "id": kind,
                "name": kind.removeprefix("."),
                "enabled": self._deployment.allows(licence),
                "enabled_in_config": True,
                "enabled_in_license": self._deployment.allows(licence),
                "minimum_license_required": licence,
                "supported_feature_ids": ["alerting"],
            }
            for kind, licence in CONNECTOR_LICENCES.items()
        ]


def _check_webhook(config: WebhookConfig, secrets: WebhookSecrets, release: Release) -> None:
    if secrets.secret_headers is not None and release < SECRET_HEADERS_SINCE:
        raise Refused(400, "[request body.secrets.secretHeaders]: definition for this key is missing")
    if not config.has_auth and config.auth_type is not None:
        raise Refused(
            400, "error validating action type config: authType must be null or undefined if hasAuth is false"
        )
    needs_password = config.has_auth and config.auth_type in {None, BASIC_AUTH}
    if needs_password != bool(secrets.user and secrets.password):
        raise Refused(400, "error validating action type secrets: must specify user and password, or none of them")
