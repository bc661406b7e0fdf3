"""Which Kibana this is: its version, and what its licence allows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from kibana.client import DEFAULT_SPACE, KibanaClient
from kibana.errors import BAD_REQUEST, FORBIDDEN, KibanaRefused
from worker.errors import ConfigurationError

OLDEST = (8, 19)
# The cheapest connector of each licence shows which one it is, best first.
# https://www.elastic.co/subscriptions
SHOWS_LICENCE = ((".gemini", "Enterprise or trial"), (".servicenow", "Platinum"), (".webhook", "Gold"))

# Calls by the release that brought them, newest first: they date a Kibana whose status is kept behind a proxy.
# 9.2 has the second one too, as a preview; nothing but its answers to a tool tells it from 9.3.
CAME_WITH = (("9.4", "/api/workflows/workflow/spiketrace"), ("9.3", "/api/agent_builder/agents/spiketrace"))


@dataclass(frozen=True)
class Platform:
    """`connector_types` says of each type whether the licence allows it; a type that is not in it may be allowed.

    `may_make_rules` is None where Kibana does not say. `is_dated`: its calls tell the version, since it does not.
    `lacking` are features that Kibana turned out not to have when it was asked, with a sentence why.
    """

    version: str
    connector_types: Mapping[str, bool] = field(default_factory=dict)
    is_serverless: bool = False
    is_dated: bool = False
    may_make_rules: bool | None = None
    lacking: Mapping[str, str] = field(default_factory=dict)

    @property
    def release(self) -> tuple[int, int]:
        """Major and minor; serverless is ahead of every release."""
        major, minor = [*re.findall(r"\d+", self.version), "0"][:2]
        return (int(major), int(minor))

    def allows(self, connector_type: str) -> bool:
        return self.connector_types.get(connector_type, True)

    def without(self, connector_type: str) -> Self:
        """After Kibana has refused it for its licence."""
        return replace(self, connector_types={**self.connector_types, connector_type: False})

    def lacks(self, feature: str, reason: str) -> Self:
        """After Kibana has refused the feature's calls."""
        return replace(self, lacking={**self.lacking, feature: reason})

    @property
    def licence(self) -> str:
        if not self.connector_types:
            return "unknown"
        found = next((name for kind, name in SHOWS_LICENCE if self.connector_types.get(kind)), "Basic")
        all_are_told = all(kind in self.connector_types for kind, _ in SHOWS_LICENCE)
        return found if all_are_told or found == "Basic" else f"{found} or better"

    @property
    def described(self) -> str:
        if self.is_serverless:
            return f"Kibana {self.version}, serverless"
        if self.is_dated:
            guess = "by its calls, since it does not say: SPIKETRACE_KIBANA_VERSION may"
            return f"Kibana {self.version} ({guess}), licence: {self.licence}"
        return f"Kibana {self.version}, licence: {self.licence}"


def read_platform(kibana: KibanaClient, *, told: str | None = None) -> Platform:
    """Asks Kibana; reads only. `told` is its version for the case that it does not say.

    Raises KibanaError, and ConfigurationError for a Kibana or a space that will not do.
    """
    said = _version(kibana)
    platform = Platform(
        version=str(said.get("number") or told or ""),
        connector_types=_connector_types(kibana),
        is_serverless=said.get("build_flavor") == "serverless",
        may_make_rules=_may_make_rules(kibana),
    )
    if not platform.version:
        platform = _dated(kibana, platform)
    if platform.release < OLDEST:
        raise ConfigurationError(f"Kibana {platform.version} is too old: SpikeTrace needs 8.19 or newer")
    _check_space(kibana)
    return platform


def _version(kibana: KibanaClient) -> dict[str, Any]:
    """Empty where it is not told: a proxy may keep /api/status from everybody, and Kibana the version from strangers.

    https://www.elastic.co/docs/api/doc/kibana/operation/operation-get-status
    """
    try:
        status = kibana.status()
    except KibanaRefused as error:
        if error.lacks_route or error.status in {BAD_REQUEST, FORBIDDEN}:
            return {}
        raise
    version = status.get("version") if isinstance(status, dict) else None
    if isinstance(version, str):
        return {"number": version}
    return version if isinstance(version, dict) else {}


def _dated(kibana: KibanaClient, platform: Platform) -> Platform:
    if not platform.connector_types and platform.may_make_rules is None:
        raise ConfigurationError(
            f"{kibana.url} does not say its version, and does not answer as Kibana does: check SPIKETRACE_KIBANA_URL, "
            "and SPIKETRACE_KIBANA_API_KEY, or SPIKETRACE_KIBANA_USER and _PASSWORD"
        )
    oldest = ".".join(map(str, OLDEST))
    version = next((version for version, path in CAME_WITH if _has_call(kibana, path)), oldest)
    return replace(platform, version=version, is_dated=True)


def _has_call(kibana: KibanaClient, path: str) -> bool:
    try:
        kibana.get(path)
    except KibanaRefused as error:
        return not error.lacks_route
    return True


def _connector_types(kibana: KibanaClient) -> dict[str, bool]:
    """https://www.elastic.co/docs/api/doc/kibana/operation/operation-get-actions-connector-types"""
    types = _get_if_possible(kibana, "/api/actions/connector_types")
    return {item["id"]: bool(item.get("enabled_in_license", True)) for item in types}


def _may_make_rules(kibana: KibanaClient) -> bool | None:
    """https://www.elastic.co/docs/api/doc/kibana/operation/operation-getruletypes"""
    for rule_type in _get_if_possible(kibana, "/api/alerting/rule_types"):
        consumers = rule_type.get("authorized_consumers")
        if rule_type["id"] == ".index-threshold" and consumers is not None:
            return bool(consumers.get("stackAlerts", {}).get("all"))
    return None


def _get_if_possible(kibana: KibanaClient, path: str) -> list[Any]:
    """What is only good to know; what follows will tell as well."""
    try:
        answer = kibana.get(path)
    except KibanaRefused as error:
        if error.lacks_route or error.status in {BAD_REQUEST, FORBIDDEN}:
            return []
        raise
    return answer if isinstance(answer, list) else []


def _check_space(kibana: KibanaClient) -> None:
    """What is written into a space that does not exist is kept and never shown."""
    if kibana.space == DEFAULT_SPACE:
        return
    try:
        spaces = kibana.get("/api/spaces/space", in_space=False)
    except KibanaRefused as error:
        if error.lacks_route or error.status == BAD_REQUEST:
            return
        raise
    if not isinstance(spaces, list):
        return
    names = sorted(space["id"] for space in spaces)
    if kibana.space not in names:
        raise ConfigurationError(
            f"SPIKETRACE_KIBANA_SPACE: there is no space {kibana.space!r} that these credentials see, "
            f"only {', '.join(names)}"
        )
