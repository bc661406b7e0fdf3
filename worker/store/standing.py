"""How things stand in our indices: what waits, what was given up, what is open."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from elasticsearch import Elasticsearch

from worker.domain.alert import AlertState
from worker.elastic import elasticsearch_errors
from worker.errors import EvidenceUnavailable
from worker.store import alert_documents, dead_letters, incidents

UNFINISHED = (AlertState.QUEUED, AlertState.INVESTIGATING)
MOST_KINDS = 50
# Others write their own history among the incidents.
OURS = {"exists": {"field": "alert_ids"}}


@dataclass(frozen=True)
class Standing:
    """`oldest_unfinished`: when the alert arrived that has waited longest for its report; None where none waits.

    `deliveries`: destination → receipt's state → how many incidents.
    """

    alerts: Mapping[str, int] = field(default_factory=dict)
    oldest_unfinished: datetime | None = None
    dead_letters: Mapping[str, int] = field(default_factory=dict)
    incidents: Mapping[str, int] = field(default_factory=dict)
    deliveries: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


def standing(client: Elasticsearch, destinations: Collection[str]) -> Standing:
    """In one request. Raises EvidenceUnavailable."""
    searches = [part for index, body in _questions(destinations) for part in (_header(index), body)]
    with elasticsearch_errors("reading how things stand"):
        answers = client.msearch(searches=searches)["responses"]
    for answer in answers:
        if "error" in answer:
            raise EvidenceUnavailable("reading how things stand: a search failed", retryable=True)
    by_state, waiting, letters, open_ones = (answer.get("aggregations") or {} for answer in answers)
    oldest = waiting.get("oldest", {}).get("value")
    return Standing(
        alerts=_buckets(by_state.get("states")),
        oldest_unfinished=datetime.fromtimestamp(oldest / 1000, tz=UTC) if oldest else None,
        dead_letters=_buckets(letters.get("kinds")),
        incidents=_buckets(open_ones.get("statuses")),
        deliveries={name: _buckets(open_ones.get(f"to_{name}")) for name in destinations},
    )


def _header(index: str) -> dict[str, Any]:
    return {"index": index, "ignore_unavailable": True}


def _questions(destinations: Collection[str]) -> list[tuple[str, dict[str, Any]]]:
    told = {f"to_{name}": _by(f"deliveries.{name}.state") for name in destinations}
    unfinished = {"terms": {"state": list(UNFINISHED)}}
    return [
        (alert_documents.INDEX, {"size": 0, "aggs": {"states": _by("state")}}),
        (
            alert_documents.INDEX,
            {"size": 0, "query": unfinished, "aggs": {"oldest": {"min": {"field": "received_at"}}}},
        ),
        (dead_letters.INDEX, {"size": 0, "aggs": {"kinds": _by("kind")}}),
        (incidents.INDEX, {"size": 0, "query": OURS, "aggs": {"statuses": _by("status"), **told}}),
    ]


def _by(name: str) -> dict[str, Any]:
    return {"terms": {"field": name, "size": MOST_KINDS}}


def _buckets(aggregation: Mapping[str, Any] | None) -> dict[str, int]:
    return {bucket["key"]: bucket["doc_count"] for bucket in (aggregation or {}).get("buckets", ())}
