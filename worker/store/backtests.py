"""Backtests in `spiketrace-replays`, beside the replays: one document each, written once."""

from __future__ import annotations

from elasticsearch import Elasticsearch, NotFoundError

from worker.domain.backtest import Backtest, BacktestHead
from worker.domain.window import iso
from worker.elastic import elasticsearch_errors
from worker.store.replays import INDEX

KIND = "backtest"
# Of each rule: a threshold that is far too low raises tens of thousands.
MOST_ALERTS = 2_000


class ElasticBacktestStore:
    """All raise EvidenceUnavailable."""

    def __init__(self, client: Elasticsearch) -> None:
        self._client = client

    def put(self, backtest: Backtest) -> None:
        rules = [rule.with_first(MOST_ALERTS) for rule in backtest.rules]
        kept = backtest.model_copy(update={"rules": rules})
        document = {
            "kind": KIND,
            "@timestamp": iso(backtest.created_at),
            "head": backtest.head.model_dump(mode="json"),
            "backtest": kept.model_dump(mode="json"),
        }
        with elasticsearch_errors("writing a backtest"):
            self._client.index(index=INDEX, id=backtest.backtest_id, document=document, refresh=True)

    def get(self, backtest_id: str) -> Backtest | None:
        with elasticsearch_errors("reading a backtest"):
            try:
                source = self._client.get(index=INDEX, id=backtest_id)["_source"]
            except NotFoundError:
                return None
        return Backtest.model_validate(source["backtest"]) if source.get("kind") == KIND else None

    def latest(self, limit: int) -> list[BacktestHead]:
        """The newest first."""
        with elasticsearch_errors("listing backtests"):
            found = self._client.search(
                index=INDEX,
                ignore_unavailable=True,
                query={"bool": {"filter": [{"term": {"kind": KIND}}]}},
                sort=[{"@timestamp": {"order": "desc", "unmapped_type": "date"}}],
                size=limit,
                source_includes=["head"],
            )
        return [BacktestHead.model_validate(hit["_source"]["head"]) for hit in found["hits"]["hits"]]
