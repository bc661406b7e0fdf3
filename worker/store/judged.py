"""Incidents of which people said whether the cause is right, in `spiketrace-incidents`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from elasticsearch import Elasticsearch

from worker.elastic import elasticsearch_errors
from worker.store.incidents import INDEX

PAGE = 500


def judged_incidents(client: Elasticsearch) -> Iterator[Mapping[str, Any]]:
    """As they are stored, but only with their `feedback`. Raises EvidenceUnavailable."""
    after: dict[str, Any] = {}
    while True:
        with elasticsearch_errors("reading what people said of incidents"):
            found = client.search(
                index=INDEX,
                ignore_unavailable=True,
                query={"exists": {"field": "feedback.report_id"}},
                source_includes=["feedback"],
                sort=[
                    {"@timestamp": {"order": "asc", "unmapped_type": "date"}},
                    {"incident_id": {"order": "asc", "unmapped_type": "keyword"}},
                ],
                size=PAGE,
                **after,
            )
        hits = found["hits"]["hits"]
        yield from (hit["_source"] for hit in hits)
        if len(hits) < PAGE:
            return
        after = {"search_after": hits[-1]["sort"]}
