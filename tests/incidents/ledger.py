"""Incidents in memory: the port's fake for what does not depend on an engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from worker.domain.incident import Incident, IncidentStatus


class MemoryLedger:
    """Fulfils SearchableIncidents."""

    def __init__(self, *incidents: Incident) -> None:
        self.known = {incident.incident_id: incident for incident in incidents}

    def lasting(self) -> list[Incident]:
        """Those that were not merged into another."""
        return [one for one in self.known.values() if one.merged_into is None]

    def get(self, incident_id: str) -> Incident | None:
        return self.known.get(incident_id)

    def create(self, incident: Incident) -> bool:
        return self.known.setdefault(incident.incident_id, incident) is incident

    def update(self, incident_id: str, change: Callable[[Incident], Incident]) -> Incident:
        self.known[incident_id] = change(self.known[incident_id])
        return self.known[incident_id]

    def concerning(self, service_keys: Sequence[str]) -> list[Incident]:
        about = [one for one in self.known.values() if set(service_keys) & {*one.service_keys, one.cause_key}]
        return [one for one in about if one.status is not IncidentStatus.CLOSED]

    def of_alert(self, alert_id: str, *, surely: bool = False) -> Incident | None:
        found = [one for one in self.known.values() if alert_id in one.alert_ids]
        return min(found, key=lambda incident: incident.merged_into is not None, default=None)

    def open_ones(self) -> list[Incident]:
        return [one for one in self.known.values() if one.status is IncidentStatus.OPEN]

    def ended_since(self, moment: datetime) -> list[Incident]:
        return [one for one in self.known.values() if one.resolved_at and one.resolved_at >= moment]

    def with_pending(self, destination: str) -> list[Incident]:
        pending = [(one, one.deliveries.get(destination)) for one in self.known.values()]
        return [one for one, delivery in pending if delivery and delivery.state == "pending"]
