"""Replays in `spiketrace-replays`: one document a replay, one an item, and one for what is on its way.

Every change is conditional on what was read by id, which Elasticsearch answers without waiting for a refresh. Searches
for items go by what never changes, or may name too many; where they have to be exact, the index is refreshed first.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from elasticsearch import ConflictError, Elasticsearch, NotFoundError
from pydantic import BaseModel

from worker.domain.window import iso
from worker.elastic import elasticsearch_errors
from worker.errors import EvidenceUnavailable
from worker.replay.model import UNFINISHED, Feed, Item, ItemState, Replay, ReplayState

INDEX = "spiketrace-replays"
FEED_ID = "feed"
BATCH = 200
MOST_REPLAYS = 200
WRITE_ROUNDS = 50
LONGEST_PAUSE_SECONDS = 0.05
# What an item is investigated with; nobody who lists items needs it.
LEFT_OUT = ["alert.rule.params", "before"]

Document = Mapping[str, Any]
Versioned = TypeVar("Versioned", Replay, Item, Feed)


class ElasticReplayStore:
    """The ReplayStore."""

    def __init__(self, client: Elasticsearch) -> None:
        self._client = client

    def create(self, replay: Replay) -> bool:
        return self._write(replay.replay_id, _replay_document(replay), None, refresh=True) is not None

    def add(self, items: Iterable[Item]) -> None:
        remaining = iter(items)
        while batch := list(islice(remaining, BATCH)):
            self._add(batch)
        self._refresh()

    def _add(self, items: Sequence[Item]) -> None:
        operations: list[Document] = []
        for item in items:
            operations += [{"create": {"_id": _item_id(item.replay_id, item.alert_id)}}, _item_document(item)]
        with elasticsearch_errors("writing a replay"):
            answer = self._client.bulk(index=INDEX, operations=operations)
        refused = [one["create"] for one in answer["items"] if one["create"]["status"] not in (200, 201, 409)]
        if refused:
            reason = str(refused[0].get("error", {}).get("reason", ""))[:300]
            raise EvidenceUnavailable(f"writing a replay: Elasticsearch refused {reason}", retryable=False)

    def get(self, replay_id: str) -> Replay | None:
        found = self._read(replay_id)
        return _to(Replay, found) if found and found["_source"].get("kind") == "replay" else None

    def latest(self, limit: int) -> list[Replay]:
        return self._replays([], limit, "desc")

    def unsettled(self) -> list[Replay]:
        """One request where there are none, which is nearly always."""
        over = {"bool": {"filter": [{"terms": {"state": [ReplayState.DONE]}}]}}
        swept = {"bool": {"filter": [{"term": {"state": ReplayState.CANCELLED}}, {"exists": {"field": "finished_at"}}]}}
        found = self._replays([over, swept], MOST_REPLAYS, "asc")
        # A search may lag behind; what is written last is what counts.
        return [replay for one in found if (replay := self.get(one.replay_id))]

    def _replays(self, must_not: Sequence[Document], limit: int, order: str) -> list[Replay]:
        found = self._search(
            "looking for replays",
            query={"bool": {"filter": [{"term": {"kind": "replay"}}], "must_not": list(must_not)}},
            sort=[{"@timestamp": {"order": order, "unmapped_type": "date"}}],
            size=limit,
        )
        return [_to(Replay, hit) for hit in found["hits"]["hits"]]

    def change(self, replay_id: str, change: Callable[[Replay], Replay]) -> Replay:
        for _ in range(WRITE_ROUNDS):
            replay = self.get(replay_id)
            if replay is None:
                raise KeyError(replay_id)
            changed = change(replay)
            if changed == replay or self._write(replay_id, _replay_document(changed), replay.version, refresh=True):
                return changed
            _pause()
        raise _contested("changing a replay")

    def item(self, replay_id: str, alert_id: str) -> Item | None:
        found = self._read(_item_id(replay_id, alert_id))
        return _to(Item, found) if found else None

    def change_item(self, replay_id: str, alert_id: str, change: Callable[[Item], Item | None]) -> Item | None:
        for _ in range(WRITE_ROUNDS):
            item = self.item(replay_id, alert_id)
            changed = change(item) if item else None
            if item is None or changed is None:
                return None
            if version := self._write(_item_id(replay_id, alert_id), _item_document(changed), item.version):
                return changed.model_copy(update={"version": version})
            _pause()
        raise _contested("changing an alert of a replay")

    def unfinished(self, replay_id: str, *, start: int, limit: int) -> list[Item]:
        wanted: list[Document] = [{"range": {"number": {"gte": start}}}, {"terms": {"state": list(UNFINISHED)}}]
        found = self._search("reading a replay", **_items_body(replay_id, wanted, limit))
        return [_to(Item, hit) for hit in found["hits"]["hits"]]

    def items(self, replay_id: str, *states: ItemState, page: int = 500) -> Iterator[Item]:
        self._refresh()
        wanted = [{"terms": {"state": list(states)}}] if states else []
        after = -1
        while True:
            place = {"range": {"number": {"gt": after}}}
            body = _items_body(replay_id, [place, *wanted], page)
            found = self._search("reading a replay", **body, source_excludes=LEFT_OUT)["hits"]["hits"]
            yield from (_to(Item, hit) for hit in found)
            if len(found) < page:
                return
            after = found[-1]["_source"]["number"]

    def tally(self, replay_id: str) -> dict[ItemState, int]:
        self._refresh()
        states = {"terms": {"field": "state", "size": len(ItemState)}}
        found = self._search("counting a replay", **_items_body(replay_id, [], 0), aggs={"states": states})
        return {ItemState(one["key"]): one["doc_count"] for one in found["aggregations"]["states"]["buckets"]}

    def feed(self) -> Feed:
        found = self._read(FEED_ID)
        return _to(Feed, found) if found else Feed()

    def write_feed(self, feed: Feed) -> bool:
        return self._write(FEED_ID, {"kind": "feed", **_dump(feed)}, feed.version) is not None

    def _read(self, document_id: str) -> Document | None:
        with elasticsearch_errors("reading a replay"):
            try:
                found: Document = self._client.get(index=INDEX, id=document_id).body
            except NotFoundError:
                return None
        return found

    def _search(self, doing: str, **body: Any) -> Document:
        """Raises EvidenceUnavailable also where the answer is only part of what there is."""
        with elasticsearch_errors(doing):
            found: Document = self._client.search(index=INDEX, ignore_unavailable=True, **body).body
        if found.get("timed_out") or found["_shards"].get("failed"):
            raise EvidenceUnavailable(f"{doing}: Elasticsearch answered in part only", retryable=True)
        return found

    def _refresh(self) -> None:
        with elasticsearch_errors("reading a replay"):
            self._client.indices.refresh(index=INDEX, ignore_unavailable=True)

    def _write(
        self, document_id: str, document: Document, version: Any, *, refresh: bool = False
    ) -> tuple[int, int] | None:
        """The new version; None if somebody else has written since."""
        condition = {"op_type": "create"} if version is None else dict(zip(CONDITION, version, strict=True))
        with elasticsearch_errors("writing a replay", conflicts=True):
            try:
                answer = self._client.index(
                    index=INDEX, id=document_id, document=document, refresh=refresh, **condition
                )
            except ConflictError:
                return None
        return answer["_seq_no"], answer["_primary_term"]


CONDITION = ("if_seq_no", "if_primary_term")


def _item_id(replay_id: str, alert_id: str) -> str:
    return f"{replay_id}:{alert_id}"


def _items_body(replay_id: str, wanted: Sequence[Document], size: int) -> dict[str, Any]:
    filters = [{"term": {"kind": "item"}}, {"term": {"replay_id": replay_id}}, *wanted]
    return {
        "query": {"bool": {"filter": filters}},
        "sort": [{"number": {"order": "asc", "unmapped_type": "long"}}],
        "size": size,
        "seq_no_primary_term": True,
    }


def _replay_document(replay: Replay) -> dict[str, Any]:
    return {"kind": "replay", "@timestamp": iso(replay.created_at), **_dump(replay)}


def _item_document(item: Item) -> dict[str, Any]:
    """Dated as its replay, so that the retention takes both at once."""
    return {"kind": "item", "@timestamp": iso(item.created_at), **_dump(item)}


def _dump(model: BaseModel) -> dict[str, Any]:
    return model.model_dump(mode="json")


def _to(model: type[Versioned], hit: Document) -> Versioned:
    version = (hit["_seq_no"], hit["_primary_term"]) if "_seq_no" in hit else None
    return model.model_validate({**hit["_source"], "version": version})


def _pause() -> None:
    # The writer who was faster has got on; the many who were not should not meet again at once.
    time.sleep(random.uniform(0, LONGEST_PAUSE_SECONDS))  # noqa: S311


def _contested(doing: str) -> EvidenceUnavailable:
    return EvidenceUnavailable(f"{doing}: others kept writing the same document", retryable=True)
