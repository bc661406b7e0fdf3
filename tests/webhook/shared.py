"""What all processes share, as a webhook's /metrics reads it."""

from __future__ import annotations

from functools import partial

from elasticsearch import Elasticsearch

from tasks.backlog import QueueBacklog
from webhook.shared_metrics import SharedMetrics
from worker.settings import Settings
from worker.store.inbox import RedisInbox
from worker.store.inbox_index import InboxIndex
from worker.store.model_ledger import RedisModelLedger
from worker.store.standing import standing
from worker.store.tally import RedisTally


def shared_metrics(client: Elasticsearch, redis_url: str, ledger: RedisModelLedger | None = None) -> SharedMetrics:
    """With a ledger, embeddings are booked as well."""
    return SharedMetrics(
        tally=RedisTally(redis_url),
        backlog=QueueBacklog(Settings(redis_url=redis_url)),
        inbox=RedisInbox(redis_url),
        inbox_index=InboxIndex(client),
        ledger=ledger,
        embeddings=RedisModelLedger(redis_url, purse="embedding") if ledger else None,
        stands=partial(standing, client, ["jira", "slack"]),
        destinations=("jira", "slack"),
    )
