"""Alerts in `spiketrace-alerts`: accepted, claimed, finished. Every change is conditional on what was read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from elasticsearch import ConflictError, Elasticsearch, NotFoundError
from pydantic import ValidationError

from worker.domain.alert import AlertState
from worker.domain.window import iso
from worker.elastic import elasticsearch_errors
from worker.errors import EvidenceUnavailable
from worker.ports import AlertRecord, Notification, Recorded
from worker.store.ledger import Ledger, has_ended, life_of

INDEX = "spiketrace-alerts"
MAX_RECOVERED_READ = 1_000
UNENDED_PAGE = 500
WRITE_ROUNDS = 8
MAX_RENOTIFICATIONS_READ = 1_000
# What is wrong with the document itself, and will be every time.
DOCUMENT_REFUSED = (400, 413)
# Longer than a lease with the pause before a retry: what ends later was written by a clock that is wrong, and would
# keep an alert from everybody else for as long as it is ahead.
BELIEVED = timedelta(minutes=5)

Change = Callable[[AlertRecord], AlertRecord | None]


class ElasticAlertStore:
    """The AlertStore. Reads are by `_id`, which Elasticsearch answers without waiting for a refresh."""

    def __init__(self, client: Elasticsearch) -> None:
        self._client = client

    def get(self, alert_id: str) -> AlertRecord | None:
        with elasticsearch_errors("reading an alert"):
            try:
                found = self._client.get(index=INDEX, id=alert_id)
            except NotFoundError:
                return None
        record = _to_record(found.body)
        if record is None:
            raise EvidenceUnavailable(f"what {INDEX} holds as {alert_id} is no alert record", retryable=False)
        return record

    def get_many(self, alert_ids: Sequence[str]) -> list[AlertRecord]:
        """What is stored under these ids and cannot be read as a record is passed over."""
        return _readable(self._read(alert_ids))

    def record(self, notifications: Sequence[Notification]) -> list[Recorded]:
        """Raises EvidenceUnavailable if Elasticsearch did not take all that it should."""
        outcomes: dict[int, Recorded] = {}
        waiting = dict(enumerate(notifications))
        for _ in range(WRITE_ROUNDS):
            if not waiting:
                break
            taken, written = self._record_once(waiting)
            for position, recorded in taken.items():
                if not written.contests(waiting[position], recorded):
                    refused = written.refused.get(recorded.alert_id)
                    outcomes[position] = recorded.model_copy(update={"refused": refused})
                    del waiting[position]
        if waiting:
            raise _contested("recording alerts")
        return [outcomes[position] for position in range(len(notifications))]

    def claim(self, alert_id: str, *, owner: str, lease_seconds: float) -> AlertRecord | None:
        now = datetime.now(UTC)

        def take(record: AlertRecord) -> AlertRecord | None:
            if not _may_claim(record, owner, now):
                return None
            return record.model_copy(
                update={
                    "state": AlertState.INVESTIGATING,
                    "attempts": record.attempts + 1,
                    "claimed_by": owner,
                    "lease_until": now + timedelta(seconds=lease_seconds),
                }
            )

        return self._change(alert_id, take)

    def renew(self, alert_id: str, *, owner: str, lease_seconds: float) -> bool:
        lease_until = datetime.now(UTC) + timedelta(seconds=lease_seconds)

        def prolong(record: AlertRecord) -> AlertRecord | None:
            if record.state is not AlertState.INVESTIGATING or record.claimed_by != owner:
                return None
            return record.model_copy(update={"lease_until": lease_until})

        return self._change(alert_id, prolong) is not None

    def finish(
        self, alert_id: str, *, report_id: str, incident_id: str | None, known: AlertRecord | None = None
    ) -> AlertRecord:
        def complete(record: AlertRecord) -> AlertRecord:
            recovered_at = record.recovered_at or self._end_of_life(record)
            return record.model_copy(
                update={
                    "state": AlertState.RECOVERED if recovered_at else AlertState.REPORTED,
                    "recovered_at": recovered_at,
                    "report_id": report_id,
                    "incident_id": incident_id,
                    "reason": None,
                    **NOBODY,
                }
            )

        finished = self._change(alert_id, complete, known)
        if finished is None:
            raise _gone(alert_id)
        return finished

    def fail(self, alert_id: str, *, reason: str) -> None:
        """An alert that has its report keeps it."""

        def give_up(record: AlertRecord) -> AlertRecord | None:
            if record.report_id:
                return None
            return record.model_copy(update={"state": AlertState.FAILED, "reason": reason, **NOBODY})

        self._change_existing(alert_id, give_up)

    def reopen(self, alert_id: str, *, at: datetime) -> bool:
        """A failed alert is queued again, with all its attempts before it; False if it is not a failed one."""

        def forgive(record: AlertRecord) -> AlertRecord | None:
            if record.state is not AlertState.FAILED:
                return None
            return record.model_copy(
                update={"state": AlertState.QUEUED, "queued_at": at, "attempts": 0, "reason": None, **NOBODY}
            )

        return self._change(alert_id, forgive) is not None

    def stranded(self, *, now: datetime, queued_before: datetime, limit: int) -> list[str]:
        never_taken = _in_state_since(AlertState.QUEUED, "queued_at", queued_before, now)
        abandoned = _in_state_since(AlertState.INVESTIGATING, "lease_until", now, now)
        with elasticsearch_errors("looking for stranded alerts"):
            found = self._client.search(
                index=INDEX,
                ignore_unavailable=True,
                query={"bool": {"should": [never_taken, abandoned], "minimum_should_match": 1}},
                sort=[{"queued_at": {"order": "asc", "unmapped_type": "date"}}],
                size=limit,
                source=False,
            )
        return [hit["_id"] for hit in found["hits"]["hits"]]

    def recovered_among(self, alert_ids: Sequence[str]) -> list[AlertRecord]:
        """Those of them that have recovered, as far as searches see it: at most MAX_RECOVERED_READ."""
        with elasticsearch_errors("looking for recovered alerts"):
            found = self._client.search(
                index=INDEX,
                ignore_unavailable=True,
                query={
                    "bool": {
                        "filter": [{"terms": {"alert_id": list(alert_ids)}}, {"exists": {"field": "recovered_at"}}]
                    }
                },
                size=MAX_RECOVERED_READ,
                seq_no_primary_term=True,
            )
        return _readable(found["hits"]["hits"])

    def unended(self) -> Iterator[list[AlertRecord]]:
        """Pages of the alerts that no recovery has ended, as far as searches see them."""
        after: dict[str, Any] = {}
        while True:
            with elasticsearch_errors("looking for alerts that have not ended"):
                found = self._client.search(
                    index=INDEX,
                    ignore_unavailable=True,
                    query={
                        "bool": {
                            "filter": [{"exists": {"field": "alert.uuid"}}],
                            "must_not": [{"exists": {"field": "recovered_at"}}],
                        }
                    },
                    sort=[{"alert_id": {"order": "asc", "unmapped_type": "keyword"}}],
                    size=UNENDED_PAGE,
                    seq_no_primary_term=True,
                    **after,
                )
            hits = found["hits"]["hits"]
            yield _readable(hits)
            if len(hits) < UNENDED_PAGE:
                return
            after = {"search_after": hits[-1]["sort"]}

    def requeue(self, alert_ids: Sequence[str], *, at: datetime) -> list[str]:
        def free(record: AlertRecord) -> AlertRecord | None:
            if not _is_stranded(record, at):
                return None
            return record.model_copy(update={"state": AlertState.QUEUED, "queued_at": at, **NOBODY})

        return [alert_id for alert_id in alert_ids if self._change(alert_id, free)]

    def _end_of_life(self, record: AlertRecord) -> datetime | None:
        """When the life of a re-notification's alert ended: its own record may not know it yet."""
        if record.alert is None or life_of(record) == record.alert_id:
            return None
        life = self.get(life_of(record))
        ended_at = life.recovered_at if life else None
        return ended_at if has_ended(record.alert, ended_at) else None

    def _change_existing(self, alert_id: str, change: Change) -> None:
        if self._change(alert_id, change) is None and self.get(alert_id) is None:
            raise _gone(alert_id)

    def _change(self, alert_id: str, change: Change, known: AlertRecord | None = None) -> AlertRecord | None:
        """Writes what `change` makes of the record, again if another write came between; None if nothing."""
        for attempt in range(WRITE_ROUNDS):
            record = known if known and not attempt else self.get(alert_id)
            changed = change(record) if record else None
            if changed is None:
                return None
            try:
                return self._replace(changed)
            except ConflictError:
                continue
        raise _contested(f"changing alert {alert_id}")

    def _replace(self, record: AlertRecord) -> AlertRecord:
        sequence_number, primary_term = record.version
        with elasticsearch_errors("writing an alert", conflicts=True):
            answer = self._client.index(
                index=INDEX,
                id=record.alert_id,
                document=_to_document(record),
                if_seq_no=sequence_number,
                if_primary_term=primary_term,
            )
        return record.model_copy(update={"version": (answer["_seq_no"], answer["_primary_term"])})

    def _record_once(self, notifications: Mapping[int, Notification]) -> tuple[dict[int, Recorded], Written]:
        documents = self._read_for(list(notifications.values()))
        records = {record.alert_id: record for record in _readable(documents)}
        ledger = Ledger(records, now=datetime.now(UTC))
        taken = {position: ledger.take(notification) for position, notification in notifications.items()}
        unreadable = {document["_id"] for document in documents} - records.keys()
        written = self._write([record for record in ledger.changed() if record.alert_id not in unreadable])
        written.refused |= dict.fromkeys(unreadable, f"{INDEX} holds something under its id that is no alert record")
        return taken, written

    def _read_for(self, notifications: Sequence[Notification]) -> list[Mapping[str, Any]]:
        lives = {item.alert.alert_id for item in notifications}
        others = {item.alert.renotification_id for item in notifications if not item.alert.is_recovery}
        documents = self._read(sorted(lives | others))
        ending = {item.alert.alert_id for item in notifications if item.alert.is_recovery}
        if ending.intersection(document["_id"] for document in documents):
            documents += self._renotifications(ending)
        return documents

    def _read(self, alert_ids: Sequence[str]) -> list[Mapping[str, Any]]:
        if not alert_ids:
            return []
        with elasticsearch_errors("reading alerts"):
            found = self._client.mget(index=INDEX, ids=list(alert_ids))
        return [document for document in found["docs"] if document.get("found")]

    def _renotifications(self, lives: set[str]) -> list[Mapping[str, Any]]:
        with elasticsearch_errors("reading the notifications of recovered alerts"):
            self._client.indices.refresh(index=INDEX, ignore_unavailable=True)
            found = self._client.search(
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

    def _write(self, records: Sequence[AlertRecord]) -> Written:
        if not records:
            return Written()
        operations = [part for record in records for part in (_bulk_action(record), _to_document(record))]
        with elasticsearch_errors("recording alerts"):
            answer = self._client.bulk(index=INDEX, operations=operations)
        return _read_answers(answer["items"])


@dataclass
class Written:
    """What became of the documents of a bulk request, by alert id; those not named were written."""

    conflicts: set[str] = field(default_factory=set)
    refused: dict[str, str] = field(default_factory=dict)

    def contests(self, notification: Notification, recorded: Recorded) -> bool:
        """Whether it is to be taken again. A recovery touches many records, and repeating it changes nothing."""
        return recorded.alert_id in self.conflicts or (notification.alert.is_recovery and bool(self.conflicts))


NOBODY: Mapping[str, None] = {"claimed_by": None, "lease_until": None}


def _may_claim(record: AlertRecord, owner: str, now: datetime) -> bool:
    if record.state is AlertState.QUEUED:
        return True
    if record.state is not AlertState.INVESTIGATING:
        return False
    return record.claimed_by == owner or _lease_ended(record, now)


def _is_stranded(record: AlertRecord, now: datetime) -> bool:
    return record.state is AlertState.QUEUED or (record.state is AlertState.INVESTIGATING and _lease_ended(record, now))


def _lease_ended(record: AlertRecord, now: datetime) -> bool:
    return record.lease_until is None or not now < record.lease_until <= now + BELIEVED


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


def _bulk_action(record: AlertRecord) -> dict[str, Any]:
    if record.version is None:
        return {"create": {"_id": record.alert_id}}
    sequence_number, primary_term = record.version
    return {"index": {"_id": record.alert_id, "if_seq_no": sequence_number, "if_primary_term": primary_term}}


def _to_document(record: AlertRecord) -> dict[str, Any]:
    moment = record.alert.date if record.alert else record.recovered_at or record.received_at
    return {
        "@timestamp": iso(moment),
        "life_id": life_of(record),
        **record.model_dump(mode="json", exclude={"version"}),
    }


def _to_record(document: Mapping[str, Any]) -> AlertRecord | None:
    """None for what is no record of ours, or one of another release that cannot be read."""
    version = (document["_seq_no"], document["_primary_term"])
    try:
        return AlertRecord.model_validate({**document["_source"], "version": version})
    except ValidationError:
        return None


def _readable(documents: Iterable[Mapping[str, Any]]) -> list[AlertRecord]:
    return [record for document in documents if (record := _to_record(document))]


def _in_state_since(state: AlertState, field_name: str, before: datetime, now: datetime) -> dict[str, Any]:
    """Or until a time so far ahead that nobody whose clock is right has written it."""
    believed = {"range": {field_name: {"gte": iso(before), "lte": iso(now + BELIEVED)}}}
    return {"bool": {"filter": [{"term": {"state": state}}, {"exists": {"field": field_name}}], "must_not": [believed]}}


def _gone(alert_id: str) -> EvidenceUnavailable:
    return EvidenceUnavailable(f"alert {alert_id} is no longer in {INDEX}", retryable=False)


def _contested(doing: str) -> EvidenceUnavailable:
    return EvidenceUnavailable(f"{doing}: others kept writing the same documents", retryable=True)
