"""What other agents reach by HTTP: MCP at /mcp, A2A at /a2a with its card, behind one door."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from a2a.utils.constants import AGENT_CARD_WELL_KNOWN_PATH
from mcp.server.streamable_http_manager import StreamableHTTPASGIApp, StreamableHTTPSessionManager
from mcp.server.transport_security import RequestBodyLimitMiddleware, TransportSecuritySettings
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from interop.a2a_server.server import A2A
from interop.guard import NotTooOften, OnlyFromHere, Places, places_of, reached_at
from interop.mcp_server.server import create_server
from interop.metrics import metrics
from interop.offered import Offered, open_offered
from webhook.auth import Authentication, is_of_no_other_site
from webhook.bounded_http import serve_bounded
from webhook.credentials import Credentials
from webhook.problems import problem
from webhook.security_headers import SecurityHeaders
from worker.credentials import Role
from worker.settings import Settings

MCP_PATH = "/mcp"
A2A_PATH = "/a2a"
# The card says which credentials to bring.
OPEN_PATHS = frozenset({"/healthz", AGENT_CARD_WELL_KNOWN_PATH})


def create_app(settings: Settings, *, with_a2a: bool = True) -> Starlette:
    """Raises ConfigurationError without credentials, or where nobody could reach it."""
    credentials, places = Credentials(settings), places_of(settings)
    offered = open_offered(settings)
    sessions = _sessions(offered, places, settings)
    a2a = A2A(settings, offered, url=f"{reached_at(settings)}{A2A_PATH}") if with_a2a else None
    routes: list[BaseRoute] = [
        Route("/healthz", _healthz),
        Route("/metrics", metrics),
        Route(MCP_PATH, StreamableHTTPASGIApp(sessions)),
    ]
    return Starlette(
        routes=[*routes, *(a2a.routes(A2A_PATH) if a2a else [])],
        lifespan=_lifespan(sessions, offered, a2a),
        exception_handlers={HTTPException: _problem},
        # Whoever is refused is refused on the headers alone.
        middleware=[
            Middleware(SecurityHeaders),
            Middleware(OnlyFromHere, places=places),
            # To start an investigation takes more, which is asked where one is started.
            Middleware(
                Authentication,
                credentials=credentials,
                open_paths=OPEN_PATHS,
                role_of=lambda *_: Role.READ,
                is_ours=is_of_no_other_site,
            ),
            Middleware(NotTooOften, counts=offered.counts, per_minute=settings.agents_requests_per_minute),
            Middleware(RequestBodyLimitMiddleware, max_body_size=settings.webhook_max_body_bytes),
        ],
    )


def serve(settings: Settings, *, with_a2a: bool = True) -> None:
    """Runs until told to stop. Raises ConfigurationError."""
    serve_bounded(create_app(settings, with_a2a=with_a2a), settings.agents_host, settings.agents_port)


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return problem(
        error.status_code, f"{error.detail}: {request.method} {request.url.path[:200]}", headers=error.headers
    )


async def _healthz(_: Request) -> JSONResponse:
    return JSONResponse({"status": "ok"})


def _sessions(offered: Offered, places: Places, settings: Settings) -> StreamableHTTPSessionManager:
    """Without sessions: any process may answer any request, and none is held for those who went away."""
    return StreamableHTTPSessionManager(
        create_server(offered),
        stateless=True,
        security_settings=TransportSecuritySettings(
            allowed_hosts=list(places.hosts), allowed_origins=list(places.origins)
        ),
        max_request_body_size=settings.webhook_max_body_bytes,
    )


def _lifespan(
    sessions: StreamableHTTPSessionManager, offered: Offered, a2a: A2A | None
) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with sessions.run():
            yield
        if a2a:
            await a2a.close()
        await offered.close()

    return lifespan
