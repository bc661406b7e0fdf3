"""Alerts in `spiketrace-alerts`: accepted, claimed, finished. Every change is conditional on what was read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from elasticsearch import ConflictError, Elasticsearch, NotFoundError

from worker.domain.alert import AlertState
from worker.domain.window import iso
from worker.elastic import elasticsearch_errors
from worker.errors import EvidenceUnavailable
from worker.ports import AlertRecord, Notification, Recorded
from worker.store.alert_documents import (
    INDEX,
    WRITE_ROUNDS,
    contested,
    read_documents,
    readable,
    to_document,
    to_record,
)
from worker.store.alert_recording import record_all
from worker.store.ledger import has_ended, life_of

MAX_RECOVERED_READ = 1_000
UNENDED_PAGE = 500
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
        record = to_record(found.body)
        if record is None:
            raise EvidenceUnavailable(f"what {INDEX} holds as {alert_id} is no alert record", retryable=False)
        return record

    def get_many(self, alert_ids: Sequence[str]) -> list[AlertRecord]:
        """What is stored under these ids and cannot be read as a record is passed over."""
        return readable(read_documents(self._client, alert_ids))

    def record(self, notifications: Sequence[Notification]) -> list[Recorded]:
        """Raises EvidenceUnavailable if Elasticsearch did not take all that it should."""
        return record_all(self._client, notifications)

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
        return readable(found["hits"]["hits"])

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
            yield readable(hits)
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
        raise contested(f"changing alert {alert_id}")

    def _replace(self, record: AlertRecord) -> AlertRecord:
        sequence_number, primary_term = record.version
        with elasticsearch_errors("writing an alert", conflicts=True):
            answer = self._client.index(
                index=INDEX,
                id=record.alert_id,
                document=to_document(record),
                if_seq_no=sequence_number,
                if_primary_term=primary_term,
            )
        return record.model_copy(update={"version": (answer["_seq_no"], answer["_primary_term"])})


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


def _in_state_since(state: AlertState, field_name: str, before: datetime, now: datetime) -> dict[str, Any]:
    """Or until a time so far ahead that nobody whose clock is right has written it."""
    believed = {"range": {field_name: {"gte": iso(before), "lte": iso(now + BELIEVED)}}}
    return {"bool": {"filter": [{"term": {"state": state}}, {"exists": {"field": field_name}}], "must_not": [believed]}}


def _gone(alert_id: str) -> EvidenceUnavailable:
    return EvidenceUnavailable(f"alert {alert_id} is no longer in {INDEX}", retryable=False)
