"""Alerts of the past in `spiketrace-alerts`, page by page, for those who go through them again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from elasticsearch import Elasticsearch
from pydantic import ValidationError

from worker.domain.window import iso
from worker.elastic import elasticsearch_errors
from worker.ports import AlertRecord
from worker.replay.model import Choice
from worker.store.alert_documents import INDEX

PAGE = 500

Body = dict[str, Any]


class ElasticPastAlerts:
    """The PastAlerts."""

    def __init__(self, client: Elasticsearch, *, page: int = PAGE) -> None:
        self._client = client
        self._page = page

    def pages(self, choice: Choice) -> Iterator[list[AlertRecord]]:
        after: Body = {}
        while True:
            with elasticsearch_errors("looking for past alerts"):
                found = self._client.search(
                    index=INDEX,
                    ignore_unavailable=True,
                    query={"bool": {"filter": _filters(choice)}},
                    sort=[
                        {"@timestamp": {"order": "asc", "unmapped_type": "date"}},
                        {"alert_id": {"order": "asc", "unmapped_type": "keyword"}},
                    ],
                    size=self._page,
                    **after,
                )
            hits = found["hits"]["hits"]
            yield _readable(hits)
            if len(hits) < self._page:
                return
            after = {"search_after": hits[-1]["sort"]}

    def arrived_since(self, moment: datetime) -> bool:
        with elasticsearch_errors("looking for live alerts"):
            found = self._client.search(
                index=INDEX,
                ignore_unavailable=True,
                query={"range": {"received_at": {"gte": iso(moment)}}},
                size=1,
                source=False,
                track_total_hits=False,
            )
        return bool(found["hits"]["hits"])


def _filters(choice: Choice) -> list[Body]:
    """What only its report tells of an alert is sorted out later."""
    filters: list[Body] = [{"exists": {"field": "alert.uuid"}}]
    span = {name: iso(at) for name, at in (("gte", choice.since), ("lt", choice.until)) if at}
    filters += [{"range": {"@timestamp": span}}] if span else []
    filters += [{"terms": {"alert.rule.id": list(choice.rule)}}] if choice.rule else []
    filters += [{"terms": {"alert_id": list(choice.ids)}}] if choice.ids else []
    return filters


def _readable(hits: Sequence[Mapping[str, Any]]) -> list[AlertRecord]:
    """What another release wrote and cannot be read is passed over."""
    found = []
    for hit in hits:
        try:
            found.append(AlertRecord.model_validate(hit["_source"]))
        except ValidationError:
            continue
    return found
