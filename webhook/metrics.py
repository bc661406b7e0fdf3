"""What this process counts, and the page that tells it to Prometheus beside what all processes share."""

from __future__ import annotations

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.registry import Collector
from starlette.responses import PlainTextResponse

ALERTS = Counter(
    "spiketrace_webhook_alerts_total",
    "Bodies posted to the webhook, by how they were answered: accepted, duplicate, recovered, invalid, not_saved.",
    ["outcome"],
)
REFUSED = Counter(
    "spiketrace_webhook_refused_total",
    "Requests of strangers, of those who lack the role, and of other sites' pages: stranger, role, elsewhere.",
    ["why"],
)
ACCEPT_SECONDS = Histogram(
    "spiketrace_webhook_accept_seconds",
    "From the whole body to the answer.",
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
SAVED_GROUPS = Counter(
    "spiketrace_webhook_saved_groups_total",
    "Groups of alerts made safe together, by where: broker, elasticsearch.",
    ["place"],
)
TAKEN_IN = Counter("spiketrace_webhook_taken_in_total", "Entries of the inbox written to Elasticsearch and queued.")
INTAKE_FAILURES = Counter("spiketrace_webhook_intake_failures_total", "Rounds of the intake that broke off.")
QUESTIONS = Counter(
    "spiketrace_webhook_questions_total",
    "Questions to the webhook, by how they ended; of those of the page only that they were asked.",
    ["outcome"],
)
QUESTION_SECONDS = Histogram(
    "spiketrace_webhook_question_seconds",
    "From a question to the end of its answer.",
    buckets=(0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120),
)
# A series that begins with its first event has no rise that a rate could see.
# https://prometheus.io/docs/practices/instrumentation/#avoid-missing-metrics
KNOWN = {
    ALERTS: ("accepted", "duplicate", "recovered", "invalid", "not_saved"),
    REFUSED: ("stranger", "role", "elsewhere"),
    SAVED_GROUPS: ("broker", "elasticsearch"),
    QUESTIONS: (
        *("answered", "asked_on_page", "invalid", "too_many", "left"),
        *("refused", "unavailable", "lost", "late", "error", "failed"),
    ),
}
for counter, values in KNOWN.items():
    for value in values:
        counter.labels(value)


AS_TEXT = {"schema": {"type": "string"}}


def metrics_router(shared: Collector) -> APIRouter:
    """`shared` is read from the broker and from Elasticsearch at each scrape, and the same at every webhook."""
    router, registry = (
        APIRouter(tags=["health"], default_response_class=PlainTextResponse),
        CollectorRegistry(auto_describe=False),
    )
    registry.register(shared)

    @router.get("/metrics", operation_id="getMetrics", responses={200: {"content": {"text/plain": AS_TEXT}}})
    def metrics() -> Response:
        """For Prometheus: of this process, and of what all processes share."""
        return Response(generate_latest(REGISTRY) + generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return router
