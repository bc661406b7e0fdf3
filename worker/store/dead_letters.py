"""Dead letters in `spiketrace-dead-letters`: what was given up, and why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from elasticsearch import ConflictError, Elasticsearch

from worker.domain.window import iso
from worker.elastic import elasticsearch_errors

INDEX = "spiketrace-dead-letters"


class ElasticDeadLetterStore:
    """The DeadLetterStore. One letter for each `kind` and `alert_id`: the first one stays."""

    def __init__(self, client: Elasticsearch) -> None:
        self._client = client

    def put(self, alert_id: str, *, reason: str, kind: str, payload: Mapping[str, Any] | str) -> None:
        document = {
            "@timestamp": iso(datetime.now(UTC)),
            "alert_id": alert_id,
            "kind": kind,
            "reason": reason,
            "payload": payload if isinstance(payload, str) else json.dumps(payload),
        }
        try:
            with elasticsearch_errors("writing a dead letter", conflicts=True):
                self._client.create(index=INDEX, id=f"{kind}:{alert_id}", document=document)
        except ConflictError:
            return
