"""Dead letters in `spiketrace-dead-letters`: what was given up, and why."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from elasticsearch import ConflictError, Elasticsearch, NotFoundError

from worker.domain.redaction.redact import redact, redact_values
from worker.domain.window import iso
from worker.elastic import elasticsearch_errors
from worker.ports import DeadLetter

INDEX = "spiketrace-dead-letters"
KEPT = ("alert_id", "kind", "reason", "payload")


class ElasticDeadLetterStore:
    """The DeadLetterStore. One letter for each `kind` and `alert_id`: the first one stays."""

    def __init__(self, client: Elasticsearch) -> None:
        self._client = client

    def put(self, alert_id: str, *, reason: str, kind: str, payload: Mapping[str, Any] | str) -> None:
        document = {
            "@timestamp": iso(datetime.now(UTC)),
            "alert_id": alert_id,
            "kind": kind,
            "reason": redact(reason),
            "payload": redact(payload) if isinstance(payload, str) else json.dumps(redact_values(payload)),
        }
        try:
            with elasticsearch_errors("writing a dead letter", conflicts=True):
                self._client.create(index=INDEX, id=f"{kind}:{alert_id}", document=document)
        except ConflictError:
            return

    def newest(self, limit: int, *, since: datetime | None = None) -> list[DeadLetter]:
        query: dict[str, Any] = {"range": {"@timestamp": {"gte": iso(since)}}} if since else {"match_all": {}}
        with elasticsearch_errors("listing dead letters"):
            found = self._client.search(
                index=INDEX,
                ignore_unavailable=True,
                query=query,
                sort=[{"@timestamp": {"order": "desc", "unmapped_type": "date"}}],
                size=limit,
            )
        return [_to_letter(hit) for hit in found["hits"]["hits"]]

    def get(self, letter_id: str) -> DeadLetter | None:
        with elasticsearch_errors("reading a dead letter"):
            try:
                return _to_letter(self._client.get(index=INDEX, id=letter_id).body)
            except NotFoundError:
                return None

    def remove(self, letter_id: str) -> None:
        with elasticsearch_errors("removing a dead letter"), suppress(NotFoundError):
            self._client.delete(index=INDEX, id=letter_id)

    def remove_all(self, letter_ids: Sequence[str]) -> list[str]:
        """Those that were there, at once gone from lists too."""
        if not letter_ids:
            return []
        operations = [{"delete": {"_id": letter_id}} for letter_id in letter_ids]
        with elasticsearch_errors("removing dead letters"):
            answer = self._client.bulk(index=INDEX, operations=operations, refresh=True)
        return [item["delete"]["_id"] for item in answer["items"] if item["delete"]["status"] == 200]


def _to_letter(found: Mapping[str, Any]) -> DeadLetter:
    source = found["_source"]
    return DeadLetter(letter_id=found["_id"], at=source["@timestamp"], **{name: source[name] for name in KEPT})
