"""What the webhook counts, for Prometheus."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest

from worker.errors import EvidenceUnavailable, QueueUnavailable
from worker.store.inbox import RedisInbox
from worker.store.inbox_index import InboxIndex
from worker.store.model_ledger import RedisModelLedger

ALERTS = Counter(
    "spiketrace_webhook_alerts_total",
    "Bodies posted to the webhook, by how they were answered.",
    ["outcome"],
)
ACCEPT_SECONDS = Histogram(
    "spiketrace_webhook_accept_seconds",
    "From the whole body to the answer.",
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
SAVED_GROUPS = Counter(
    "spiketrace_webhook_saved_groups_total",
    "Groups of alerts made safe together, by where.",
    ["place"],
)
TAKEN_IN = Counter("spiketrace_webhook_taken_in_total", "Entries of the inbox written to Elasticsearch and queued.")
INTAKE_FAILURES = Counter("spiketrace_webhook_intake_failures_total", "Rounds of the intake that broke off.")
INBOX_INDEX_DEPTH = Gauge(
    "spiketrace_inbox_index_documents",
    "Documents of Kibana's index connector that nobody has taken in; NaN when Elasticsearch is away.",
)
NARRATIVES = Gauge(
    "spiketrace_narratives",
    "Narratives that a model was asked for since the broker's data began, by how they ended.",
    ["outcome"],
)
MODEL_SPENT = Gauge(
    "spiketrace_model_spent",
    "What asking the model took since the broker's data began: calls, tokens, seconds, usd.",
    ["part"],
)
MODEL_SPENT_TODAY = Gauge(
    "spiketrace_model_spent_today",
    "What asking the model took this day (UTC), of what the day's budget allows; narratives under way count in full.",
    ["part"],
)
EMBEDDINGS_SPENT = Gauge(
    "spiketrace_embeddings_spent",
    "What embedding incidents took since the broker's data began: calls, tokens, seconds, usd.",
    ["part"],
)
INBOX_DEPTH = Gauge("spiketrace_inbox_entries", "Entries that wait in the inbox; NaN when the broker is away.")


def metrics_router(
    inbox: RedisInbox,
    inbox_index: InboxIndex,
    ledger: RedisModelLedger | None = None,
    embeddings: RedisModelLedger | None = None,
) -> APIRouter:
    """`ledger` is what a model's use is booked in, where one is configured; `embeddings` what embedding is."""
    router = APIRouter()

    @router.get("/metrics")
    def metrics() -> Response:
        INBOX_DEPTH.set(_depth(inbox))
        INBOX_INDEX_DEPTH.set(_documents(inbox_index))
        if ledger:
            _tell_of_the_model(ledger)
        if embeddings:
            _tell_of_embeddings(embeddings)
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return router


def _tell_of_the_model(ledger: RedisModelLedger) -> None:
    """Where the broker is away, what was last known stays; the inbox's gauge says that it is away."""
    try:
        (spent, outcomes), today = ledger.totals(), ledger.of_day(datetime.now(UTC))
    except QueueUnavailable:
        return
    for part, value in spent._asdict().items():
        MODEL_SPENT.labels(part).set(value)
        MODEL_SPENT_TODAY.labels(part).set(getattr(today, part))
    for outcome, count in outcomes.items():
        NARRATIVES.labels(outcome).set(count)


def _tell_of_embeddings(ledger: RedisModelLedger) -> None:
    with suppress(QueueUnavailable):
        spent, _ = ledger.totals()
        for part, value in spent._asdict().items():
            EMBEDDINGS_SPENT.labels(part).set(value)


def _depth(inbox: RedisInbox) -> float:
    try:
        return inbox.depth()
    except QueueUnavailable:
        return float("nan")


def _documents(inbox_index: InboxIndex) -> float:
    try:
        return inbox_index.backlog().documents
    except EvidenceUnavailable:
        return float("nan")
