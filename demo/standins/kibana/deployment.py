"""What a Kibana is: its version, its licence, who may do what, and what each of its spaces holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
Release = tuple[int, int]

# From the least to the most; a trial allows everything.
LICENCES = ("basic", "gold", "platinum", "enterprise", "trial")
# Per connector type, the licence it needs at least (https://www.elastic.co/subscriptions).
CONNECTOR_LICENCES = {
    ".index": "basic",
    ".server-log": "basic",
    ".webhook": "gold",
    ".jira": "gold",
    ".slack": "gold",
    ".slack_api": "gold",
    ".pagerduty": "gold",
    ".email": "gold",
    ".servicenow": "platinum",
    ".gemini": "enterprise",
}
AREAS = ("rules", "connectors", "saved objects", "workflows", "agents", "spaces")


class Refused(Exception):
    """An answer that is no success, in Kibana's form."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


@dataclass(frozen=True)
class Account:
    """Who is let in with an `Authorization` header: `all` and `read` name areas."""

    may_change: frozenset[str] = frozenset(AREAS)
    may_read: frozenset[str] = frozenset(AREAS)


@dataclass
class Space:
    """What is kept of one space, by id; saved objects by type and id."""

    rules: dict[str, Json] = field(default_factory=dict)
    connectors: dict[str, Json] = field(default_factory=dict)
    objects: dict[tuple[str, str], Json] = field(default_factory=dict)
    workflows: dict[str, Json] = field(default_factory=dict)
    tools: dict[str, Json] = field(default_factory=dict)
    agents: dict[str, Json] = field(default_factory=dict)

    def summary(self) -> dict[str, list[str]]:
        """The ids of everything, by kind."""
        kinds = ("rules", "connectors", "workflows", "tools", "agents")
        listed = {kind: sorted(getattr(self, kind)) for kind in kinds}
        return listed | {"objects": sorted(f"{kind}/{name}" for kind, name in self.objects)}


@dataclass
class Deployment:
    """One Kibana. `accounts` by Authorization header; none lets everybody in, as a cluster without security does."""

    version: str = "9.4.3"
    licence: str = "trial"
    accounts: Mapping[str, Account] = field(default_factory=dict)
    spaces: dict[str, Space] = field(default_factory=lambda: {"default": Space()})
    preconfigured: dict[str, Json] = field(default_factory=dict)
    # The advanced setting workflows:ui:enabled: off in 9.3, on later (https://www.elastic.co/docs/explore-analyze/workflows).
    workflows_are_on: bool = True
    has_saved_object_calls: bool = True
    requests: list[tuple[str, str]] = field(default_factory=list)

    @property
    def release(self) -> Release:
        major, minor = self.version.split(".")[:2]
        return int(major), int(minor)

    def allows(self, licence: str) -> bool:
        return LICENCES.index(self.licence) >= LICENCES.index(licence)

    @property
    def writes(self) -> list[tuple[str, str]]:
        return [(method, path) for method, path in self.requests if method != "GET"]
