"""An alert record as a document of `spiketrace-alerts`, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from elasticsearch import Elasticsearch
from pydantic import ValidationError

from worker.domain.window import iso
from worker.elastic import elasticsearch_errors
from worker.errors import EvidenceUnavailable
from worker.ports import AlertRecord
from worker.store.ledger import life_of

INDEX = "spiketrace-alerts"
# How often a write is tried again after others wrote the same document.
WRITE_ROUNDS = 8


def to_document(record: AlertRecord) -> dict[str, Any]:
    moment = record.alert.date if record.alert else record.recovered_at or record.received_at
    return {
        "@timestamp": iso(moment),
        "life_id": life_of(record),
        **record.model_dump(mode="json", exclude={"version"}),
    }


def to_record(document: Mapping[str, Any]) -> AlertRecord | None:
    """None for what is no record of ours, or one of another release that cannot be read."""
    version = (document["_seq_no"], document["_primary_term"])
    try:
        return AlertRecord.model_validate({**document["_source"], "version": version})
    except ValidationError:
        return None


def readable(documents: Iterable[Mapping[str, Any]]) -> list[AlertRecord]:
    return [record for document in documents if (record := to_record(document))]


def read_documents(client: Elasticsearch, alert_ids: Sequence[str]) -> list[Mapping[str, Any]]:
    """Those that are there, by `_id`, which Elasticsearch answers without waiting for a refresh."""
    if not alert_ids:
        return []
    with elasticsearch_errors("reading alerts"):
        found = client.mget(index=INDEX, ids=list(alert_ids))
    return [document for document in found["docs"] if document.get("found")]


def contested(doing: str) -> EvidenceUnavailable:
    return EvidenceUnavailable(f"{doing}: others kept writing the same documents", retryable=True)
