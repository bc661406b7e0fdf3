"""The HTTP edge: what is served, by whom, and how it starts and stops."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from typing import Any, Protocol

from elasticsearch import Elasticsearch
from fastapi import FastAPI, Request, Response
from fastapi.telemetry import TelemetryConfig
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from tasks.backlog import QueueBacklog
from tasks.queue import CeleryQueue
from webhook import openapi
from webhook.accept import Acceptor, AlertRoute
from webhook.auth import Authentication, OwnPages
from webhook.backtest_pages import backtest_router
from webhook.bounded_http import serve_bounded
from webhook.credentials import Credentials
from webhook.documents import documents_router
from webhook.health import Readiness, health_router
from webhook.intake_loop import IntakeLoop
from webhook.intake_process import IntakeProcess, TakeIn
from webhook.intake_process import intake as intake_of
from webhook.kibana_payload import PATH as ALERTS
from webhook.limits import BodyLimit, NotTooOften
from webhook.metrics import metrics_router
from webhook.pages import pages_router
from webhook.problems import add_problem_handlers
from webhook.question_feed import KEEP_ALIVE_SECONDS, Feed, Patience
from webhook.question_pages import Surroundings, question_pages_router
from webhook.questions import Counter, questions_router, tickets_router
from webhook.replay_pages import replay_pages_router
from webhook.replays import replays_router
from webhook.security_headers import SecurityHeaders
from webhook.shared_metrics import SharedMetrics
from webhook.slack import PATH as SLACK_PATH
from webhook.slack import Signatures, interactions_route
from worker.announcing import AnnouncingIncidents
from worker.answering.yes import TicketDesk
from worker.bootstrap import Stores, announcing, connect
from worker.credentials import Role
from worker.ports import Queue
from worker.settings import Settings
from worker.store.alerts import ElasticAlertStore
from worker.store.dead_letters import ElasticDeadLetterStore
from worker.store.inbox import RedisInboxLog
from worker.store.inbox_index import InboxIndex
from worker.store.incidents import ElasticIncidentStore
from worker.store.model_ledger import RedisModelLedger
from worker.store.questions import RedisQuestionDesk
from worker.store.rate_limit import RedisRateLimit
from worker.store.reports import ElasticReportStore
from worker.store.standing import standing
from worker.tracing import start_tracing

# Kibana waits; a request to Elasticsearch on the answer's path gets this long and no second try.
QUICK_TIMEOUT_SECONDS = 1.5
# So long a reader waits for a page or a document.
READING_TIMEOUT_SECONDS = 5.0
# Spans are our own (`worker.tracing`); the framework's would tell addresses, and asking whether it has any costs time.
NO_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False}


class Webhook(FastAPI):
    """The framework's application, and beside it what is posted to ALERTS: that goes to `alerts` at once.

    The framework's layers would cost more than all that is done with an alert.
    """

    alerts: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_alert = scope["type"] == "http" and scope["path"] == ALERTS and scope["method"] == "POST"
        await (self.alerts if is_alert else super().__call__)(scope, receive, send)


def create_app(
    settings: Settings,
    *,
    stores: Stores | None = None,
    queue: QuestionQueue | None = None,
    take_in: TakeIn | None = None,
) -> FastAPI:
    """The application, connected when its first request needs it. Raises ConfigurationError without credentials.

    `take_in` is by whom alerts are taken in; otherwise by a thread, with these stores and this queue.
    """
    credentials = Credentials(settings)
    stores = stores or connect(settings.model_copy(update={"elasticsearch_timeout_seconds": READING_TIMEOUT_SECONDS}))
    log = RedisInboxLog(settings.broker_url, replicas=settings.broker_replicas)
    counts = RedisRateLimit(settings.broker_url)
    quick = stores.client.options(request_timeout=QUICK_TIMEOUT_SECONDS, max_retries=0)
    quick_alerts = ElasticAlertStore(quick)
    queue = queue or CeleryQueue(settings)
    questions = RedisQuestionDesk(settings.broker_url, longest_wait_seconds=KEEP_ALIVE_SECONDS)
    counter = _counter(settings, questions, queue, counts)
    intake = IntakeLoop(take_in or intake_of(stores, queue))
    acceptor = Acceptor(log, quick_alerts, ElasticDeadLetterStore(quick), on_safe=intake.wake)

    # The framework's own pages of documentation load scripts from elsewhere; the document is behind authentication.
    lifespan = _lifespan(intake, acceptor, log, [counts, questions])
    app = Webhook(
        title=openapi.TITLE,
        version=version("spiketrace"),
        description=openapi.DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=lifespan,
        telemetry=NO_TELEMETRY,
    )
    alerts = AlertRoute(acceptor, max_body_bytes=settings.webhook_max_body_bytes)
    # Here for the other methods only: what is posted goes past all this.
    app.router.routes.append(Route(ALERTS, alerts, methods=["POST"]))
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
    tickets = TicketDesk(incidents, stores.alerts, stores.dead_letters, queue)
    app.include_router(questions_router(counter))
    app.include_router(tickets_router(tickets))
    app.include_router(question_pages_router(counter, Surroundings(tickets, settings.kibana_url, settings.public_url)))
    app.include_router(openapi.openapi_router(app))
    add_problem_handlers(app)
    is_ours = OwnPages(settings.public_url)
    _guard(app, settings, credentials, counts, is_ours)
    known = Authentication(alerts, credentials, is_ours=is_ours)
    app.alerts = ServerErrorMiddleware(known, handler=app.exception_handlers[Exception])
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


def _shared(settings: Settings, stores: Stores, quick: Elasticsearch, destinations: Collection[str]) -> SharedMetrics:
    return SharedMetrics(
        tally=stores.tally,
        backlog=QueueBacklog(settings),
        inbox=stores.inbox,
        inbox_index=InboxIndex(quick),
        ledger=RedisModelLedger(settings.broker_url) if settings.has_model else None,
        embeddings=RedisModelLedger(settings.broker_url, purse="embedding") if settings.embeddings else None,
        stands=partial(standing, quick, sorted(destinations)),
        destinations=tuple(sorted(destinations)),
    )


def _guard(
    app: FastAPI, settings: Settings, credentials: Credentials, counts: RedisRateLimit, is_ours: OwnPages
) -> None:
    """The last that is added is the first that a request meets: whoever is refused is refused on the headers alone."""
    per_minute = {Role.READ: settings.webhook_reads_per_minute, Role.ACT: settings.webhook_acts_per_minute}
    app.add_middleware(BodyLimit, max_bytes=settings.webhook_max_body_bytes)
    app.add_middleware(NotTooOften, counts=counts, per_minute=per_minute)
    app.add_middleware(Authentication, credentials=credentials, is_ours=is_ours)
    app.add_middleware(SecurityHeaders)


def _counter(settings: Settings, questions: RedisQuestionDesk, queue: QuestionQueue, counts: RedisRateLimit) -> Counter:
    patience = Patience(settings.question_wait_seconds, settings.task_time_limit_seconds)
    return Counter(Feed(questions, patience), queue.ask, counts, settings.questions_per_minute)


def _lifespan(
    intake: IntakeLoop, acceptor: Acceptor, log: RedisInboxLog, opened: Sequence[RedisRateLimit | RedisQuestionDesk]
) -> Callable[[FastAPI], Any]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        running = asyncio.create_task(intake.run())
        yield
        await acceptor.close()
        intake.stop()
        await running
        await log.close()
        for one in opened:
            await one.close()

    return lifespan


def serve(settings: Settings) -> None:
    """Runs until told to stop; what was begun is then finished. Raises ConfigurationError without credentials."""
    start_tracing(settings, process="webhook")
    taking_in = IntakeProcess(settings)
    app = create_app(settings, take_in=taking_in)
    # What is loaded by now stays: the collector would look through all of it again and again, while answers wait.
    gc.collect()
    gc.freeze()
    serve_bounded(app, settings.webhook_host, settings.webhook_port)
    taking_in.close()


class QuestionQueue(Queue, Protocol):
    """A queue that takes questions as well."""

    def ask(self, question_id: str) -> None: ...
