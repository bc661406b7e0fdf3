"""Kibana's own indices of alerts, `.alerts-*`: read and never written.

https://www.elastic.co/docs/explore-analyze/alerts-cases/alerts/query-alerts
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from elasticsearch import Elasticsearch

from worker.alerts_as_data import FIELDS
from worker.domain.alert import RECOVERED
from worker.domain.window import iso
from worker.elastic import elasticsearch_errors

# Aliases: the indices behind them are Kibana's business.
INDICES = (".alerts-stack.alerts-*", ".alerts-observability.*")
OUR_TAG = "spiketrace"
OUR_RULES = "spiketrace-"
PAGE = 500

NEWEST_FIRST = [
    {"kibana.alert.start": {"order": "desc", "unmapped_type": "date"}},
    {"kibana.alert.uuid": {"order": "asc", "unmapped_type": "keyword"}},
]
# Ours is a rule that somebody tagged so, or one that we ship.
OURS = {
    "bool": {
        "should": [{"term": {"kibana.alert.rule.tags": OUR_TAG}}, {"prefix": {"kibana.alert.rule.uuid": OUR_RULES}}],
        "minimum_should_match": 1,
    }
}
NAMED = [{"exists": {"field": "kibana.alert.uuid"}}, {"exists": {"field": "kibana.alert.rule.uuid"}}]
# Kibana sends nothing of these on purpose: a person has muted or snoozed them, or a maintenance window is on.
SILENCED = [
    {"term": {"kibana.alert.muted": True}},
    {"term": {"kibana.alert.snoozed": True}},
    {"exists": {"field": "kibana.alert.maintenance_window_ids"}},
]


class ElasticKibanaAlerts:
    """Every method raises EvidenceUnavailable, and gives documents as Kibana wrote them."""

    def __init__(self, client: Elasticsearch) -> None:
        self._client = client

    def readable_shards(self) -> int:
        """0 where there are no such indices, or none that we may read: a pattern passes both over in silence."""
        with elasticsearch_errors("reading Kibana's alerts"):
            answer = self._search({"match_all": {}}, size=0)
        return int(answer["_shards"]["total"])

    def active(self) -> int:
        """How many of our rules' alerts are active."""
        with elasticsearch_errors("counting Kibana's active alerts"):
            answer = self._search(
                _all(OURS, {"term": {"kibana.alert.status": "active"}}), size=0, track_total_hits=True
            )
        return int(answer["hits"]["total"]["value"])

    def notified(
        self, *, started_after: datetime, started_before: datetime, ended_after: datetime
    ) -> Iterator[Sequence[Mapping[str, Any]]]:
        """Pages of what Kibana should have told us by now: active, or recovered after `ended_after`. Newest first."""
        active = {"term": {"kibana.alert.status": "active"}}
        recovered = _all(_recovered(), {"range": {"kibana.alert.end": {"gte": iso(ended_after)}}})
        started = {"range": {"kibana.alert.start": {"gte": iso(started_after), "lte": iso(started_before)}}}
        yield from self._pages(
            {"bool": {"filter": [OURS, *NAMED, started, _any(active, recovered)], "must_not": SILENCED}}
        )

    def recovered_among(self, uuids: Sequence[str], *, ended_before: datetime) -> Sequence[Mapping[str, Any]]:
        """Those that have recovered of the lives of these uuids, whoever's rule it was; at most PAGE of them."""
        ended = {"range": {"kibana.alert.end": {"lte": iso(ended_before)}}}
        named = {"terms": {"kibana.alert.uuid": list(uuids)}}
        with elasticsearch_errors("reading Kibana's recovered alerts"):
            return _documents(self._search(_all(named, _recovered(), ended), size=PAGE))

    def _pages(self, query: Mapping[str, Any]) -> Iterator[Sequence[Mapping[str, Any]]]:
        after: dict[str, Any] = {}
        while True:
            with elasticsearch_errors("reading Kibana's alerts"):
                found = self._search(query, size=PAGE, sort=NEWEST_FIRST, **after)
            hits = found["hits"]["hits"]
            if hits:
                yield _documents(found)
            if len(hits) < PAGE:
                return
            after = {"search_after": hits[-1]["sort"]}

    def _search(self, query: Mapping[str, Any], **options: Any) -> Mapping[str, Any]:
        answer: Mapping[str, Any] = self._client.search(
            index=list(INDICES),
            expand_wildcards="open,hidden",
            ignore_unavailable=True,
            allow_no_indices=True,
            query=query,
            source_includes=FIELDS,
            **options,
        ).body
        return answer


def _documents(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [hit["_source"] for hit in found["hits"]["hits"] if "_source" in hit]


def _recovered() -> dict[str, Any]:
    return {"term": {"kibana.alert.status": RECOVERED}}


def _all(*filters: Mapping[str, Any]) -> dict[str, Any]:
    return {"bool": {"filter": list(filters)}}


def _any(*alternatives: Mapping[str, Any]) -> dict[str, Any]:
    return {"bool": {"should": list(alternatives), "minimum_should_match": 1}}
