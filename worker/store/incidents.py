"""Incidents in `spiketrace-incidents`, beside documents that others write there.

A document that does not read as an incident of ours, for its fields or for its `status`, is passed over: it can
neither break a read nor be changed.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from elasticsearch import ConflictError, Elasticsearch, NotFoundError
from pydantic import ValidationError

from worker.domain.embedding import Vector
from worker.domain.incident import Incident, IncidentStatus
from worker.domain.window import Window, iso
from worker.elastic import elasticsearch_errors
from worker.errors import EvidenceUnavailable
from worker.store.templates import index_templates

INDEX = "spiketrace-incidents"
NEWEST = 50
PAGE = 250
# Elasticsearch pages no further than that (index.max_result_window).
MOST = 10_000
LOOKED_FOR = ("status", "cause_key", "service_keys", "resolves_at", "settled_until")
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

    def embed(self, incident_id: str, vector: Vector, model: str) -> bool:
        for _ in range(WRITE_ROUNDS):
            found = self._read(incident_id)
            if found is None:
                return False
            if self._put(found, {**found["_source"], "embedding": vector, "embedding_model": model}):
                return True
            time.sleep(random.uniform(0, LONGEST_PAUSE_SECONDS))  # noqa: S311
        raise EvidenceUnavailable("embedding an incident: too many others were changing it", retryable=True)

    def allow_embeddings(self) -> None:
        """Adds the fields of embeddings to an index that was made before they were in its template.

        Raises EvidenceUnavailable where the engine has no vectors, or the credentials may not.
        """
        fields = index_templates()[INDEX]["template"]["mappings"]["properties"]
        wanted = {name: fields[name] for name in ("embedding", "embedding_model")}
        with elasticsearch_errors("adding the fields of embeddings to the incidents"):
            self._client.indices.put_mapping(index=INDEX, properties=wanted)

    def without_embedding(self, model: str, limit: int) -> list[tuple[str, Mapping[str, Any]]]:
        """(id, fields) of those that this model has not embedded, whoever wrote them; the newest first."""
        query = {"bool": {"must_not": [{"term": {"embedding_model": model}}]}}
        return [(hit["_id"], hit["_source"]) for hit in self._hits([query], most=limit, source=True)]

    def concerning(self, service_keys: Sequence[str]) -> list[Incident]:
        lasting = {"terms": {"status": [IncidentStatus.OPEN, IncidentStatus.RESOLVED]}}
        about = [{"terms": {field: list(service_keys)}} for field in ("service_keys", "cause_key")]
        return self._read_many(self._ids(lasting, {"bool": {"should": about, "minimum_should_match": 1}}))

    def of_alert(self, alert_id: str, *, surely: bool = False) -> Incident | None:
        if surely:
            with elasticsearch_errors("looking for incidents"):
                self._client.indices.refresh(index=INDEX, ignore_unavailable=True)
        found = self._read_many(self._ids({"term": {"alert_ids": alert_id}}))
        return min(found, key=lambda incident: incident.merged_into is not None, default=None)

    def open_ones(self) -> list[Incident]:
        return self._all({"term": {"status": IncidentStatus.OPEN}})

    def ended_since(self, moment: datetime) -> list[Incident]:
        """Those that are resolved, and of the closed ones those that ended since then."""
        closed = [{"term": {"status": IncidentStatus.CLOSED}}, {"range": {"resolved_at": {"gte": iso(moment)}}}]
        either = [{"term": {"status": IncidentStatus.RESOLVED}}, {"bool": {"filter": closed}}]
        return self._all({"bool": {"should": either, "minimum_should_match": 1}})

    def during(self, window: Window) -> list[Incident]:
        """Those that were on at any time of `window`, the newest first; what goes on as another is that other."""
        begun = {"range": {"@timestamp": {"lt": iso(window.end)}}}
        not_ended = {"bool": {"must_not": [{"exists": {"field": "resolved_at"}}]}}
        ended_later = {"range": {"resolved_at": {"gt": iso(window.start)}}}
        either = {"bool": {"should": [not_ended, ended_later], "minimum_should_match": 1}}
        found = self._all({"exists": {"field": "incident_id"}}, begun, either)
        return [incident for incident in found if incident.merged_into is None]

    def latest(self, limit: int, status: IncidentStatus | None = None) -> list[Incident]:
        """The newest, newest first."""
        ours: dict[str, Any] = {"exists": {"field": "incident_id"}}
        return self._search({"term": {"status": status}} if status else ours, most=limit)

    def with_any_pending(self, destinations: Sequence[str]) -> list[Incident]:
        """Those of which one of these destinations is still to be told."""
        if not destinations:
            return []
        pending = [{"term": {f"deliveries.{name}.state": "pending"}} for name in destinations]
        return self._all({"bool": {"should": pending, "minimum_should_match": 1}})

    def _read(self, incident_id: str) -> Mapping[str, Any] | None:
        with elasticsearch_errors("reading an incident"):
            try:
                found: Mapping[str, Any] = self._client.get(index=INDEX, id=incident_id).body
            except NotFoundError:
                return None
        return found

    def _replace(self, found: Mapping[str, Any], changed: Incident) -> bool:
        """False if somebody else has written since `found` was read. Fields that others added stay."""
        return self._put(found, {**found["_source"], **_to_source(changed)})

    def _put(self, found: Mapping[str, Any], document: Mapping[str, Any]) -> bool:
        with elasticsearch_errors("changing an incident"):
            try:
                self._client.index(
                    index=INDEX,
                    id=found["_id"],
                    document=document,
                    if_seq_no=found["_seq_no"],
                    if_primary_term=found["_primary_term"],
                    # Waiting for a refresh is what makes a storm slow: only what others look for is worth it.
                    refresh=_to_find(found["_source"]) != _to_find(document),
                )
            except ConflictError:
                return False
        return True

    def _search(self, *filters: Mapping[str, Any], most: int = NEWEST) -> list[Incident]:
        return _readable(self._hits(filters, most=most, source=True))

    def _all(self, *filters: Mapping[str, Any]) -> list[Incident]:
        """Page by page: of a few hundred that last for weeks the oldest must not be out of sight."""
        found: list[Mapping[str, Any]] = []
        for first in range(0, MOST, PAGE):
            found += (page := self._hits(filters, most=PAGE, source=True, first=first))
            if len(page) < PAGE:
                break
        return _readable(found)

    def _ids(self, *filters: Mapping[str, Any]) -> list[str]:
        return [hit["_id"] for hit in self._hits(filters, most=NEWEST, source=False)]

    def _hits(
        self, filters: Sequence[Mapping[str, Any]], *, most: int, source: bool, first: int = 0
    ) -> list[Mapping[str, Any]]:
        """The values are hexadecimal or one word, so they are one term however the index came to map the field."""
        with elasticsearch_errors("looking for incidents"):
            answer = self._client.search(
                index=INDEX,
                query={"bool": {"filter": list(filters)}},
                sort=[{"@timestamp": {"order": "desc", "unmapped_type": "date"}}],
                from_=first,
                size=most,
                source=source,
                ignore_unavailable=True,
                allow_no_indices=True,
            )
        return list(answer["hits"]["hits"])

    def _read_many(self, incident_ids: Sequence[str]) -> list[Incident]:
        """As they are now: a search may be a second behind."""
        if not incident_ids:
            return []
        with elasticsearch_errors("reading incidents"):
            found = self._client.mget(index=INDEX, ids=list(incident_ids))
        return _readable(document for document in found["docs"] if document.get("found"))


def _readable(documents: Iterable[Mapping[str, Any]]) -> list[Incident]:
    return [incident for document in documents if (incident := _to_incident(document["_source"]))]


def _to_find(source: Mapping[str, Any]) -> tuple[Any, ...]:
    """What others look for it by, or for in it, but for its alerts."""
    states = {name: delivery["state"] for name, delivery in source.get("deliveries", {}).items()}
    return states, *(source.get(name) for name in LOOKED_FOR)


def _to_source(incident: Incident) -> dict[str, Any]:
    return incident.model_dump(mode="json", by_alias=True)


def _to_incident(source: Mapping[str, Any]) -> Incident | None:
    try:
        return Incident.model_validate(source)
    except ValidationError:
        return None
