"""An incident ledger in memory that keeps the real one's promise: a write counts only where nobody was faster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from worker.domain.incident import Incident, IncidentStatus
from worker.errors import EvidenceUnavailable

ROUNDS = 100


class MemoryLedger:
    """Fulfils `worker.sweep.SearchableIncidents`. Documents are kept as JSON, as an index would have them."""

    def __init__(self, *incidents: Incident) -> None:
        self._documents: dict[str, tuple[int, str]] = {}
        for incident in incidents:
            self.create(incident)

    @property
    def known(self) -> dict[str, Incident]:
        return {incident.incident_id: incident for incident in self._all()}

    def lasting(self) -> list[Incident]:
        """Those that were not merged into another."""
        return [one for one in self._all() if one.merged_into is None]

    def get(self, incident_id: str) -> Incident | None:
        found = self._documents.get(incident_id)
        return Incident.model_validate_json(found[1]) if found else None

    def create(self, incident: Incident) -> bool:
        document = (1, incident.model_dump_json(by_alias=True))
        return self._documents.setdefault(incident.incident_id, document) is document

    def update(self, incident_id: str, change: Callable[[Incident], Incident]) -> Incident:
        for _ in range(ROUNDS):
            version, text = self._documents[incident_id]
            incident = Incident.model_validate_json(text)
            changed = change(incident)
            if changed == incident or self._replace(incident_id, version, changed):
                return changed
        raise EvidenceUnavailable("changing an incident: too many others were changing it", retryable=True)

    def _replace(self, incident_id: str, version: int, changed: Incident) -> bool:
        found = self._documents.get(incident_id)
        if found is None or found[0] != version:
            return False
        self._documents[incident_id] = (version + 1, changed.model_dump_json(by_alias=True))
        return True

    def remove(self, incident_id: str) -> None:
        del self._documents[incident_id]

    def concerning(self, service_keys: Sequence[str]) -> list[Incident]:
        about = (one for one in self._all() if {*one.service_keys, one.cause_key}.intersection(service_keys))
        return self._newest(one for one in about if one.status is not IncidentStatus.CLOSED)

    def of_alert(self, alert_id: str, *, surely: bool = False) -> Incident | None:
        found = [one for one in self._all() if alert_id in one.alert_ids]
        return min(found, key=lambda incident: incident.merged_into is not None, default=None)

    def open_ones(self) -> list[Incident]:
        return self._newest(one for one in self._all() if one.status is IncidentStatus.OPEN)

    def ended_since(self, moment: datetime) -> list[Incident]:
        def ended(one: Incident) -> bool:
            recently = one.resolved_at is not None and one.resolved_at >= moment
            return one.status is IncidentStatus.RESOLVED or (one.status is IncidentStatus.CLOSED and recently)

        return self._newest(filter(ended, self._all()))

    def with_any_pending(self, destinations: Sequence[str]) -> list[Incident]:
        def is_pending(one: Incident) -> bool:
            return any(name in destinations and told.state == "pending" for name, told in one.deliveries.items())

        return self._newest(filter(is_pending, self._all()))

    def _all(self) -> list[Incident]:
        return [Incident.model_validate_json(text) for _, text in self._documents.values()]

    def _newest(self, incidents: Iterable[Incident]) -> list[Incident]:
        return sorted(incidents, key=lambda incident: incident.timestamp, reverse=True)
