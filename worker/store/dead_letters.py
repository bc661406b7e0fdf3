"""Dead letters in `spiketrace-dead-letters`: what was given up, and why."""

from __future__ import annotations

import json
from collections.abc import Mapping
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

    def newest(self, limit: int) -> list[DeadLetter]:
        with elasticsearch_errors("listing dead letters"):
            found = self._client.search(
                index=INDEX,
                ignore_unavailable=True,
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


def _to_letter(found: Mapping[str, Any]) -> DeadLetter:
    source = found["_source"]
    return DeadLetter(letter_id=found["_id"], at=source["@timestamp"], **{name: source[name] for name in KEPT})
