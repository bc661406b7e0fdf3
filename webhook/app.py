"""The HTTP edge: what is served, by whom, and how it starts and stops."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import uvicorn
from elasticsearch import Elasticsearch
from fastapi import FastAPI, Request, Response
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tasks.backlog import QueueBacklog
from tasks.queue import CeleryQueue
from webhook.accept import Acceptor, accept_route
from webhook.auth import Authentication, Credentials
from webhook.backtest_pages import backtest_router
from webhook.documents import documents_router
from webhook.health import Readiness, health_router
from webhook.intake_loop import IntakeLoop
from webhook.metrics import metrics_router
from webhook.pages import pages_router
from webhook.problems import SECURITY_HEADERS, add_problem_handlers
from webhook.replay_pages import replay_pages_router
from webhook.replays import replays_router
from webhook.shared_metrics import SharedMetrics
from webhook.slack import PATH as SLACK_PATH
from webhook.slack import Signatures, interactions_route
from worker.announcing import AnnouncingIncidents
from worker.bootstrap import Stores, announcing, connect
from worker.intake import take_in
from worker.ports import Queue
from worker.settings import Settings
from worker.store.alerts import ElasticAlertStore
from worker.store.dead_letters import ElasticDeadLetterStore
from worker.store.inbox import RedisInboxLog
from worker.store.inbox_index import InboxIndex
from worker.store.incidents import ElasticIncidentStore
from worker.store.model_ledger import RedisModelLedger
from worker.store.reports import ElasticReportStore
from worker.store.standing import standing
from worker.tracing import start_tracing

# Kibana waits; a request to Elasticsearch on the answer's path gets this long and no second try.
QUICK_TIMEOUT_SECONDS = 1.5
# So long a reader waits for a page or a document.
READING_TIMEOUT_SECONDS = 5.0
INTAKE_TIMEOUT_SECONDS = 10.0
SHUTDOWN_SECONDS = 8


def create_app(settings: Settings, *, stores: Stores | None = None, queue: Queue | None = None) -> FastAPI:
    """The application, connected when its first request needs it. Raises ConfigurationError without credentials."""
    credentials = Credentials(settings)
    stores = stores or connect(settings.model_copy(update={"elasticsearch_timeout_seconds": READING_TIMEOUT_SECONDS}))
    log = RedisInboxLog(settings.redis_url)
    quick = stores.client.options(request_timeout=QUICK_TIMEOUT_SECONDS, max_retries=0)
    quick_alerts = ElasticAlertStore(quick)
    queue = queue or CeleryQueue(settings)
    intake = IntakeLoop(_intake(stores, queue))
    acceptor = Acceptor(log, quick_alerts, ElasticDeadLetterStore(quick), on_safe=intake.wake)

    # The framework's own pages of documentation load scripts from elsewhere.
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, lifespan=_lifespan(intake, acceptor, log))
    # A plain route: the dependencies and models of the framework would cost more than all that is done here.
    route = accept_route(acceptor, max_body_bytes=settings.webhook_max_body_bytes)
    app.add_route("/v1/alerts/kibana", route, methods=["POST"])
    incidents = announcing(settings, stores, queue)
    app.include_router(documents_router(stores, incidents))
    if slack := _slack_route(settings, incidents, quick):
        app.add_route(SLACK_PATH, slack, methods=["POST"])
    app.include_router(health_router(Readiness(log, quick_alerts)))
    app.include_router(metrics_router(_shared(settings, stores, quick, incidents.configured)))
    app.include_router(replays_router(stores, settings))
    app.include_router(replay_pages_router(stores.replays, stores.backtests))
    app.include_router(pages_router(stores.reports, stores.incidents, kibana_url=settings.kibana_url))
    app.include_router(backtest_router(stores.backtests))
    add_problem_handlers(app)
    app.add_middleware(Authentication, credentials=credentials)
    app.add_middleware(SecurityHeaders)
    return app


def _slack_route(
    settings: Settings, incidents: AnnouncingIncidents, quick: Elasticsearch
) -> Callable[[Request], Awaitable[Response]] | None:
    """None without the secret: then nobody could tell Slack from anybody else."""
    if settings.slack_signing_secret is None:
        return None
    return interactions_route(
        Signatures(settings.slack_signing_secret.get_secret_value()),
        replace(incidents, store=ElasticIncidentStore(quick)),
        ElasticReportStore(quick),
        max_body_bytes=settings.webhook_max_body_bytes,
    )


def _intake(stores: Stores, queue: Queue) -> Callable[[], int]:
    client = stores.client.options(request_timeout=INTAKE_TIMEOUT_SECONDS, max_retries=0)
    letters = ElasticDeadLetterStore(client)
    return partial(take_in, stores.inbox, ElasticAlertStore(client), letters, queue, tally=stores.tally)


def _shared(settings: Settings, stores: Stores, quick: Elasticsearch, destinations: Collection[str]) -> SharedMetrics:
    return SharedMetrics(
        tally=stores.tally,
        backlog=QueueBacklog(settings),
        inbox=stores.inbox,
        inbox_index=InboxIndex(quick),
        ledger=RedisModelLedger(settings.redis_url) if settings.has_model else None,
        stands=partial(standing, quick, sorted(destinations)),
    )


def _lifespan(intake: IntakeLoop, acceptor: Acceptor, log: RedisInboxLog) -> Callable[[FastAPI], Any]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        running = asyncio.create_task(intake.run())
        yield
        await acceptor.close()
        intake.stop()
        await running
        await log.close()

    return lifespan


def serve(settings: Settings) -> None:
    """Runs until told to stop; what was begun is then finished. Raises ConfigurationError without credentials."""
    start_tracing(settings, process="webhook")
    uvicorn.run(
        create_app(settings),
        host=settings.webhook_host,
        port=settings.webhook_port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )


class SecurityHeaders:
    """ASGI middleware: what a browser may do with an answer, unless the answer says it itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)
