"""Who is told of what, unless the policy says otherwise: a message from `medium`, a ticket from `high`.

What was not confirmed, is nobody's fault or was replayed makes no incident (`worker.incidents`), so nobody is told.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from worker.domain.incident import Incident
from worker.domain.severity import Severity

Options = Mapping[str, str]
# Work that somebody has to pick up; everything else is a message.
TICKETS = frozenset({"jira", "servicenow"})
SERIOUS = TICKETS | {"pagerduty"}
NOWHERE_SPECIAL: Options = MappingProxyType({})


@dataclass(frozen=True)
class Routes:
    """Where an incident goes: the destinations that are told, and those that people are asked about, with options."""

    told: Mapping[str, Options] = field(default_factory=dict)
    asked: Mapping[str, Options] = field(default_factory=dict)


@dataclass(frozen=True)
class Policy:
    """What happens at which severity, by service, region and time of day."""

    def routes(self, incident: Incident, configured: Collection[str], now: datetime) -> Routes:  # noqa: ARG002
        told = [name for name in configured if incident.severity.at_least(_told_from(name))]
        asked = [name for name in configured if name in TICKETS and name not in told and told]
        return Routes(told=dict.fromkeys(told, NOWHERE_SPECIAL), asked=dict.fromkeys(asked, NOWHERE_SPECIAL))


def _told_from(name: str) -> Severity:
    return Severity.HIGH if name in SERIOUS else Severity.MEDIUM
