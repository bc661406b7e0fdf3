"""Who is told of what, unless the policy says otherwise: a message from `medium`, a ticket from `high`.

What was not confirmed, is nobody's fault or was replayed makes no incident (`worker.incidents`), so nobody is told.
"""

from __future__ import annotations

from collections.abc import Collection

from worker.domain.incident import Incident
from worker.domain.severity import Severity

TOLD_FROM = {"slack": Severity.MEDIUM, "jira": Severity.HIGH}


def destinations_for(severity: Severity, configured: Collection[str]) -> list[str]:
    return [name for name, least in TOLD_FROM.items() if name in configured and severity.at_least(least)]


def due(incident: Incident, configured: Collection[str]) -> list[str]:
    """The destinations that are to be told of the incident, and that nobody has begun to tell."""
    return [name for name in destinations_for(incident.severity, configured) if name not in incident.deliveries]
