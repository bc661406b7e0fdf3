"""Many notifications into `spiketrace-alerts` at once: read what they touch, take them in the ledger, write it.

Each document is written only where it is as it was read; what others wrote meanwhile is taken again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from elasticsearch import Elasticsearch

from worker.elastic import elasticsearch_errors
from worker.errors import EvidenceUnavailable
from worker.ports import AlertRecord, Notification, Recorded
from worker.store.alert_documents import INDEX, WRITE_ROUNDS, contested, read_documents, readable, to_document
from worker.store.ledger import Ledger

MAX_RENOTIFICATIONS_READ = 1_000
# What is wrong with the document itself, and will be every time.
DOCUMENT_REFUSED = (400, 413)


@dataclass
class Written:
    """What became of the documents of a bulk request, by alert id; those not named were written."""

    conflicts: set[str] = field(default_factory=set)
    refused: dict[str, str] = field(default_factory=dict)

    def contests(self, notification: Notification, recorded: Recorded) -> bool:
        """Whether it is to be taken again. A recovery touches many records, and repeating it changes nothing."""
        return recorded.alert_id in self.conflicts or (notification.alert.is_recovery and bool(self.conflicts))


def record_all(client: Elasticsearch, notifications: Sequence[Notification]) -> list[Recorded]:
    """What became of each. Raises EvidenceUnavailable if Elasticsearch did not take all that it should."""
    outcomes: dict[int, Recorded] = {}
    waiting = dict(enumerate(notifications))
    for _ in range(WRITE_ROUNDS):
        if not waiting:
            break
        taken, written = _record_once(client, waiting)
        for position, recorded in taken.items():
            if not written.contests(waiting[position], recorded):
                refused = written.refused.get(recorded.alert_id)
                outcomes[position] = recorded.model_copy(update={"refused": refused})
                del waiting[position]
    if waiting:
        raise contested("recording alerts")
    return [outcomes[position] for position in range(len(notifications))]


def _record_once(
    client: Elasticsearch, notifications: Mapping[int, Notification]
) -> tuple[dict[int, Recorded], Written]:
    documents = _touched(client, list(notifications.values()))
    records = {record.alert_id: record for record in readable(documents)}
    ledger = Ledger(records, now=datetime.now(UTC))
    taken = {position: ledger.take(notification) for position, notification in notifications.items()}
    unreadable = {document["_id"] for document in documents} - records.keys()
    written = _write(client, [record for record in ledger.changed() if record.alert_id not in unreadable])
    written.refused |= dict.fromkeys(unreadable, f"{INDEX} holds something under its id that is no alert record")
    return taken, written


def _touched(client: Elasticsearch, notifications: Sequence[Notification]) -> list[Mapping[str, Any]]:
    lives = {item.alert.alert_id for item in notifications}
    others = {item.alert.renotification_id for item in notifications if not item.alert.is_recovery}
    documents = read_documents(client, sorted(lives | others))
    ending = {item.alert.alert_id for item in notifications if item.alert.is_recovery}
    if ending.intersection(document["_id"] for document in documents):
        documents += _renotifications(client, ending)
    return documents


def _renotifications(client: Elasticsearch, lives: set[str]) -> list[Mapping[str, Any]]:
    with elasticsearch_errors("reading the notifications of recovered alerts"):
        client.indices.refresh(index=INDEX, ignore_unavailable=True)
        found = client.search(
            index=INDEX,
            ignore_unavailable=True,
            query={
                "bool": {
                    "filter": [{"terms": {"life_id": sorted(lives)}}],
                    "must_not": [{"exists": {"field": "recovered_at"}}],
                }
            },
            size=MAX_RENOTIFICATIONS_READ,
            seq_no_primary_term=True,
        )
    return list(found["hits"]["hits"])


def _write(client: Elasticsearch, records: Sequence[AlertRecord]) -> Written:
    if not records:
        return Written()
    operations = [part for record in records for part in (_bulk_action(record), to_document(record))]
    with elasticsearch_errors("recording alerts"):
        answer = client.bulk(index=INDEX, operations=operations)
    return _read_answers(answer["items"])


def _bulk_action(record: AlertRecord) -> dict[str, Any]:
    if record.version is None:
        return {"create": {"_id": record.alert_id}}
    sequence_number, primary_term = record.version
    return {"index": {"_id": record.alert_id, "if_seq_no": sequence_number, "if_primary_term": primary_term}}


def _read_answers(items: Sequence[Mapping[str, Any]]) -> Written:
    written = Written()
    for item in items:
        (answer,) = item.values()
        reason = str(answer.get("error", {}).get("reason", ""))[:300]
        if answer["status"] == 409:
            written.conflicts.add(answer["_id"])
        elif answer["status"] in DOCUMENT_REFUSED:
            written.refused[answer["_id"]] = reason
        elif answer["status"] >= 300:
            raise EvidenceUnavailable(
                f"recording alerts: Elasticsearch answered {answer['status']} {reason}",
                retryable=answer["status"] == 429 or answer["status"] >= 500,
            )
    return written
