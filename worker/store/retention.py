"""What is older than it needs to be is deleted; plain searches and bulk requests, which every engine has."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from elasticsearch import Elasticsearch

from worker.domain.incident import IncidentStatus
from worker.domain.window import iso
from worker.elastic import elasticsearch_errors
from worker.store import alert_documents, dead_letters, inbox_index, incidents, replays, reports

BATCH = 1_000

# When each document was written; an alert's own date may be years back when it is investigated late.
WRITTEN_AT: Mapping[str, str] = {
    alert_documents.INDEX: "received_at",
    reports.INDEX: "created_at",
    incidents.INDEX: "@timestamp",
    dead_letters.INDEX: "@timestamp",
    replays.INDEX: "@timestamp",
    # What the intake never took in, because it was switched off.
    inbox_index.INDEX: "@timestamp",
}


def delete_older(client: Elasticsearch, *, before: datetime) -> dict[str, int]:
    """How many documents of each written index were deleted. Raises EvidenceUnavailable.

    Incidents that are open stay, and so does what others wrote beside ours.
    """
    return {index: _delete_older(client, index, field, before) for index, field in WRITTEN_AT.items()}


def _delete_older(client: Elasticsearch, index: str, field: str, before: datetime) -> int:
    deleted = 0
    with elasticsearch_errors(f"deleting old documents of {index}"):
        while ids := _older(client, index, field, before):
            operations = [{"delete": {"_id": document_id}} for document_id in ids]
            answer = client.bulk(index=index, operations=operations, refresh=True)
            gone = sum(item["delete"]["status"] == 200 for item in answer["items"])
            deleted += gone
            if not gone:
                break
    return deleted


def _older(client: Elasticsearch, index: str, field: str, before: datetime) -> list[str]:
    found = client.search(
        index=index, ignore_unavailable=True, size=BATCH, source=False, query=_query(index, field, before)
    )
    return [hit["_id"] for hit in found["hits"]["hits"]]


def _query(index: str, field: str, before: datetime) -> dict[str, Any]:
    older: dict[str, Any] = {"range": {field: {"lt": iso(before)}}}
    if index != incidents.INDEX:
        return older
    # Only ours have alerts; what others wrote there is history that is theirs to delete.
    ours = {"exists": {"field": "alert_ids"}}
    still_open = {"term": {"status": IncidentStatus.OPEN}}
    return {"bool": {"filter": [older, ours], "must_not": [still_open]}}
