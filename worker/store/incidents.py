"""Incidents in `spiketrace-incidents`, beside documents that others write there.

A document that does not read as an incident of ours, for its fields or for its `status`, is passed over: it can
neither break a read nor be changed.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from elasticsearch import ConflictError, Elasticsearch, NotFoundError
from pydantic import ValidationError

from worker.domain.incident import Incident, IncidentStatus
from worker.domain.window import iso
from worker.elastic import elasticsearch_errors
from worker.errors import EvidenceUnavailable

INDEX = "spiketrace-incidents"
NEWEST = 50
MOST_OPEN = 500
MOST_ENDED = 500
MOST_PENDING = 500
WRITE_ROUNDS = 100
LONGEST_PAUSE_SECONDS = 0.05


class ElasticIncidentStore:
    """The IncidentLedger. Raises EvidenceUnavailable."""

    def __init__(self, client: Elasticsearch) -> None:
        self._client = client

    def get(self, incident_id: str) -> Incident | None:
        found = self._read(incident_id)
        return _to_incident(found["_source"]) if found else None

    def create(self, incident: Incident) -> bool:
        with elasticsearch_errors("opening an incident"):
            try:
                # Found by searches from now on: a recovery looks for its alert's incident by a search.
                self._client.create(index=INDEX, id=incident.incident_id, document=_to_source(incident), refresh=True)
            except ConflictError:
                return False
        return True

    def update(self, incident_id: str, change: Callable[[Incident], Incident]) -> Incident:
        for _ in range(WRITE_ROUNDS):
            found = self._read(incident_id)
            incident = _to_incident(found["_source"]) if found else None
            if found is None or incident is None:
                raise KeyError(incident_id)
            changed = change(incident)
            if changed == incident or self._replace(found, changed):
                return changed
            # The writer who was faster has got on; the many who were not should not meet again at once.
            time.sleep(random.uniform(0, LONGEST_PAUSE_SECONDS))  # noqa: S311
        raise EvidenceUnavailable("changing an incident: too many others were changing it", retryable=True)

    def of_cause(self, cause_key: str) -> list[Incident]:
        return self._search("cause_key", cause_key)

    def of_alert(self, alert_id: str) -> Incident | None:
        return next(iter(self._search("alert_ids", alert_id)), None)

    def open_ones(self) -> list[Incident]:
        return self._search("status", IncidentStatus.OPEN, most=MOST_OPEN)

    def ended_since(self, moment: datetime) -> list[Incident]:
        """Those that were resolved since then."""
        ended = {"range": {"resolved_at": {"gte": iso(moment)}}}
        return self._search("status", IncidentStatus.RESOLVED, ended, most=MOST_ENDED)

    def with_pending(self, destination: str) -> list[Incident]:
        """Those of which that destination is still to be told."""
        return self._search(f"deliveries.{destination}.state", "pending", most=MOST_PENDING)

    def _read(self, incident_id: str) -> Mapping[str, Any] | None:
        with elasticsearch_errors("reading an incident"):
            try:
                found: Mapping[str, Any] = self._client.get(index=INDEX, id=incident_id).body
            except NotFoundError:
                return None
        return found

    def _replace(self, found: Mapping[str, Any], changed: Incident) -> bool:
        """False if somebody else has written since `found` was read. Fields that others added stay."""
        with elasticsearch_errors("changing an incident"):
            try:
                self._client.index(
                    index=INDEX,
                    id=found["_id"],
                    document={**found["_source"], **_to_source(changed)},
                    if_seq_no=found["_seq_no"],
                    if_primary_term=found["_primary_term"],
                    refresh=True,
                )
            except ConflictError:
                return False
        return True

    def _search(self, field: str, value: str, *further: Mapping[str, Any], most: int = NEWEST) -> list[Incident]:
        """The values are hexadecimal or one word, so they are one term however the index came to map the field."""
        with elasticsearch_errors("looking for incidents"):
            answer = self._client.search(
                index=INDEX,
                query={"bool": {"filter": [{"term": {field: value}}, *further]}},
                sort=[{"@timestamp": {"order": "desc", "unmapped_type": "date"}}],
                size=most,
                ignore_unavailable=True,
                allow_no_indices=True,
            )
        found = (_to_incident(hit["_source"]) for hit in answer["hits"]["hits"])
        return [incident for incident in found if incident]


def _to_source(incident: Incident) -> dict[str, Any]:
    return incident.model_dump(mode="json", by_alias=True)


def _to_incident(source: Mapping[str, Any]) -> Incident | None:
    try:
        return Incident.model_validate(source)
    except ValidationError:
        return None
