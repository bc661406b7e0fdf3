"""The inbox index, `spiketrace-alert-inbox`: where the rules of a Kibana without webhooks write their alerts.

Kibana's index connector adds a document for each notification. It is taken in and then deleted, on condition that
nobody has changed it meanwhile. There is no cursor to pass by what becomes visible late or bears an old date: what
is there is not taken in yet. It is a plain index, since documents of a data stream are not deleted by their alias.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, NamedTuple

from elasticsearch import Elasticsearch, NotFoundError

from worker.domain.alert import Origin
from worker.domain.window import parse_time
from worker.elastic import elasticsearch_errors
from worker.errors import EvidenceUnavailable, InvalidAlert
from worker.kibana_body import letter_about, load_object, read_alert
from worker.ports import InboxEntry, Letter, Notification

INDEX = "spiketrace-alert-inbox"
OLDEST_FIRST = [{"@timestamp": {"order": "asc", "unmapped_type": "date", "missing": "_first"}}]
# Deleted; deleted by another intake; or changed since it was read, and then it is read again.
SETTLED = (200, 404, 409)


class Backlog(NamedTuple):
    """What waits, as far as searches see it; `oldest` is now where the oldest does not say when it was written."""

    documents: int
    oldest: datetime | None


class InboxIndex:
    """Fulfils `worker.ports.Inbox`. Every method raises EvidenceUnavailable."""

    def __init__(self, client: Elasticsearch) -> None:
        self._client = client

    def take(self, limit: int) -> list[InboxEntry]:
        """The oldest that searches see; none where there is no such index, or none that we may read."""
        try:
            hits = self._oldest(limit)
        except RecursionError:
            # One is nested deeper than Python's JSON reads: alone, it does not hold up the others.
            hits = self._with_source(self._oldest(limit, source=False))
        now = datetime.now(UTC)
        return [_to_entry(hit, now) for hit in hits]

    def acknowledge(self, entries: Sequence[InboxEntry]) -> None:
        if not entries:
            return
        with elasticsearch_errors("deleting from the inbox index"):
            # With a refresh, or the next search would give the same documents again.
            answer = self._client.bulk(operations=[{"delete": entry.version} for entry in entries], refresh=True)
        for item in answer["items"]:
            _require_settled(item["delete"])

    def _oldest(self, limit: int, *, source: bool = True) -> list[Mapping[str, Any]]:
        with elasticsearch_errors("reading the inbox index"):
            found = self._client.search(
                index=INDEX,
                ignore_unavailable=True,
                size=limit,
                sort=OLDEST_FIRST,
                seq_no_primary_term=True,
                source=source,
            )
        return list(found["hits"]["hits"])

    def _with_source(self, hits: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """Each read by itself; one that is gone by now is left out, one that cannot be read stays without source."""
        complete: list[Mapping[str, Any]] = []
        for hit in hits:
            with elasticsearch_errors("reading a document of the inbox index"), suppress(NotFoundError):
                complete.append({**hit, **self._source(hit)})
        return complete

    def _source(self, hit: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            found = self._client.get(index=hit["_index"], id=hit["_id"], routing=hit.get("_routing"))
        except RecursionError:
            return {}
        return {"_source": found["_source"]}

    def backlog(self) -> Backlog:
        with elasticsearch_errors("looking into the inbox index"):
            found = self._client.search(
                index=INDEX,
                ignore_unavailable=True,
                size=1,
                sort=OLDEST_FIRST,
                track_total_hits=True,
                source_includes="@timestamp",
            )
        hits, now = found["hits"], datetime.now(UTC)
        written = [_written_at(hit.get("_source") or {}, now) for hit in hits["hits"]]
        return Backlog(documents=hits["total"]["value"], oldest=written[0] if written else None)


def _to_entry(hit: Mapping[str, Any], now: datetime) -> InboxEntry:
    content = _read(hit["_source"], now) if "_source" in hit else _unreadable(hit)
    return InboxEntry(entry_id=hit["_id"], content=content, version=_condition(hit))


def _unreadable(hit: Mapping[str, Any]) -> Letter:
    return letter_about(
        f"{hit['_index']}/{hit['_id']}".encode(), "the document cannot be read: it is nested too deeply"
    )


def _condition(hit: Mapping[str, Any]) -> dict[str, Any]:
    """What a bulk request deletes: this document as it was read, wherever an alias or a routing has put it."""
    routing = {"routing": hit["_routing"]} if "_routing" in hit else {}
    return {
        "_index": hit["_index"],
        "_id": hit["_id"],
        "if_seq_no": hit["_seq_no"],
        "if_primary_term": hit["_primary_term"],
        **routing,
    }


def _read(source: Mapping[str, Any], now: datetime) -> Notification | Letter:
    """What gives no date of its own is dated when it was written, so reading it twice gives the same."""
    try:
        alert = read_alert(_payload(source), received_at=_written_at(source, now))
    except InvalidAlert as error:
        said = {name: value for name, value in source.items() if name != "@timestamp"}
        return letter_about(json.dumps(said, sort_keys=True).encode(), error.reason)
    return Notification(alert=alert, received_at=now, origin=Origin.INDEX)


def _payload(source: Mapping[str, Any]) -> Mapping[str, Any]:
    """The webhook's body as an object, or in `body` as its text."""
    body = source.get("body")
    if "rule" in source or "alert" in source:
        return source
    if isinstance(body, str):
        return load_object(body)
    return body if isinstance(body, dict) else source


def _written_at(source: Mapping[str, Any], now: datetime) -> datetime:
    written = source.get("@timestamp")
    try:
        return min(parse_time(written), now) if isinstance(written, str) else now
    except (ValueError, OverflowError):
        return now


def _require_settled(answer: Mapping[str, Any]) -> None:
    status = answer["status"]
    if status in SETTLED:
        return
    reason = str(answer.get("error", {}).get("reason", ""))[:300]
    advice = ": give the credentials `read` and `delete` on it" if status == 403 else ""
    raise EvidenceUnavailable(
        f"deleting from the inbox index: Elasticsearch answered {status} {reason}{advice}",
        retryable=status == 429 or status >= 500,
    )
