"""Connectors as this deployment can have them: the shipped ones, with addresses and secrets from the settings."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from kibana.setup.kinds.connectors import connector_body
from kibana.setup.platform import Platform
from kibana.setup.things import Json, Key, Kind, LeftOut, Thing
from worker.credentials import Credential, Role
from worker.settings import Settings, is_loopback

SHIPPED_CONNECTORS = Path(__file__).resolve().parents[2] / "connectors" / "connectors.ndjson"
WEBHOOK, INBOX, JIRA, SLACK, GEMINI = ".webhook", ".index", ".jira", ".slack", ".gemini"
ALERTS_PATH = "/v1/alerts/kibana"
# Since when Kibana takes headers as secrets (https://www.elastic.co/docs/reference/kibana/connectors-kibana/webhook-action-type).
SECRET_HEADERS_SINCE = (9, 2)


class Filled(NamedTuple):
    config: Json
    secrets: Json


def shipped_connectors(path: Path = SHIPPED_CONNECTORS) -> list[Json]:
    """The saved objects of the file, without its last line, which counts them."""
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [line for line in lines if line.get("type") == "action"]


def connectors(settings: Settings, platform: Platform) -> Iterator[Thing | LeftOut]:
    """Each shipped connector, or why it is left out."""
    for item in shipped_connectors():
        attributes = item["attributes"]
        key, kind = Key(Kind.CONNECTOR, item["id"]), attributes["actionTypeId"]
        filled = _reason_or_filled(kind, attributes["config"], settings, platform)
        if isinstance(filled, str):
            yield LeftOut(key, attributes["name"], filled)
            continue
        name = attributes["name"]
        shipped = connector_body({"name": name, "connector_type_id": kind, "config": attributes["config"]})
        body = connector_body({"name": name, "connector_type_id": kind, "config": filled.config})
        yield Thing(key, name, body, secrets=filled.secrets, shipped=shipped)


def _reason_or_filled(kind: str, config: Json, settings: Settings, platform: Platform) -> Filled | str:
    if kind == INBOX and platform.allows(WEBHOOK):
        return "not needed: the licence allows the webhook"
    if not platform.allows(kind):
        return f"the licence ({platform.licence}) does not allow such connectors"
    filled = FILL[kind](config, settings, platform)
    return filled if isinstance(filled, Filled) else f"{filled} not set"


def _webhook(config: Json, settings: Settings, platform: Platform) -> Filled | str:
    url = {**config, "url": f"{_webhook_url(settings)}{ALERTS_PATH}"}
    if account := _account(settings):
        return Filled(url, {"user": account.name, "password": account.password})
    if settings.webhook_token and platform.release >= SECRET_HEADERS_SINCE:
        without = {name: value for name, value in url.items() if name != "authType"}
        header = f"Bearer {settings.webhook_token.get_secret_value()}"
        return Filled({**without, "hasAuth": False}, {"secretHeaders": {"Authorization": header}})
    if settings.webhook_token:
        # https://www.elastic.co/docs/reference/kibana/connectors-kibana/webhook-action-type
        return (
            "before 9.2 Kibana shows a token to everybody: SPIKETRACE_WEBHOOK_USER and SPIKETRACE_WEBHOOK_PASSWORD are"
        )
    return "SPIKETRACE_WEBHOOK_USER and SPIKETRACE_WEBHOOK_PASSWORD are"


def _account(settings: Settings) -> Credential | None:
    """Whom Kibana posts as: somebody who may do nothing else, if there is one."""
    able = [one for one in settings.credentials if one.password and Role.DELIVER in one.roles]
    return min(able, key=lambda one: len(one.roles), default=None)


def _webhook_url(settings: Settings) -> str:
    return settings.webhook_url or settings.public_url


def _inbox(config: Json, settings: Settings, platform: Platform) -> Filled | str:  # noqa: ARG001
    return Filled(config, {})


def _jira(config: Json, settings: Settings, platform: Platform) -> Filled | str:  # noqa: ARG001
    if not (settings.jira_url and settings.jira_user and settings.jira_token and settings.jira_project):
        return "SPIKETRACE_JIRA_URL, _USER, _TOKEN and _PROJECT are"
    addressed = {**config, "apiUrl": settings.jira_url, "projectKey": settings.jira_project}
    return Filled(addressed, {"email": settings.jira_user, "apiToken": settings.jira_token.get_secret_value()})


def _slack(config: Json, settings: Settings, platform: Platform) -> Filled | str:  # noqa: ARG001
    if not settings.slack_webhook_url:
        return "SPIKETRACE_SLACK_WEBHOOK_URL is"
    return Filled(config, {"webhookUrl": settings.slack_webhook_url.get_secret_value()})


def _gemini(config: Json, settings: Settings, platform: Platform) -> Filled | str:  # noqa: ARG001
    region, project, key = settings.gemini_gcp_region, settings.gemini_gcp_project, settings.gemini_gcp_credentials
    if not (region and project and key):
        return "SPIKETRACE_GEMINI_GCP_PROJECT, _REGION and _CREDENTIALS are"
    addressed = {
        **config,
        "apiUrl": f"https://{region}-aiplatform.googleapis.com",
        "defaultModel": settings.gemini_model,
        "gcpRegion": region,
        "gcpProjectID": project,
    }
    return Filled(addressed, {"credentialsJson": key.get_secret_value()})


FILL: Mapping[str, Callable[[Json, Settings, Platform], Filled | str]] = {
    WEBHOOK: _webhook,
    INBOX: _inbox,
    JIRA: _jira,
    SLACK: _slack,
    GEMINI: _gemini,
}


def warnings(settings: Settings, things: Mapping[Key, Thing]) -> Iterator[str]:
    """What Kibana takes and what will not work all the same."""
    webhook = next((thing for thing in things.values() if thing.body.get("connector_type_id") == WEBHOOK), None)
    kibana_is_elsewhere = not is_loopback(_host(settings.kibana_url or ""))
    url = _webhook_url(settings)
    if webhook and kibana_is_elsewhere and is_loopback(_host(url)):
        yield (
            f"{url}, where Kibana is to send its alerts, is from Kibana's machine Kibana's own: set "
            "SPIKETRACE_PUBLIC_URL, or SPIKETRACE_WEBHOOK_URL, to an address at which Kibana reaches the webhook"
        )


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""
