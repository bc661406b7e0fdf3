"""Who may come in by HTTP, beside the webhook's credentials: from which site, and how often."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from interop.metrics import TOO_OFTEN
from webhook.problems import problem, try_again
from worker.errors import ConfigurationError, QueueUnavailable
from worker.settings import Settings, is_loopback
from worker.store.rate_limit import Rate, RedisRateLimit

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True)
class Places:
    """Names under which the server may be asked for; a port of `*` is any."""

    hosts: tuple[str, ...]
    origins: tuple[str, ...]


def places_of(settings: Settings) -> Places:
    """Where it is told to be reached, and by this machine's own names where it listens to nobody else.

    Raises ConfigurationError where neither tells a name.
    """
    hosts, origins = list[str](), list[str]()
    if settings.agents_url:
        parts = urlsplit(settings.agents_url)
        hosts.append(parts.netloc)
        origins.append(f"{parts.scheme}://{parts.netloc}")
    if is_loopback(settings.agents_host):
        hosts += [f"{name}:*" for name in LOOPBACK_NAMES]
        origins += [f"http://{name}:*" for name in LOOPBACK_NAMES]
    if not hosts:
        raise ConfigurationError(
            f"listening on {settings.agents_host}: set SPIKETRACE_AGENTS_URL to where other agents reach it, "
            "since requests by any other name are refused"
        )
    return Places(tuple(hosts), tuple(origins))


def reached_at(settings: Settings) -> str:
    host = f"[{settings.agents_host}]" if ":" in settings.agents_host else settings.agents_host
    return settings.agents_url or f"http://{host}:{settings.agents_port}"


class OnlyFromHere:
    """ASGI middleware: a page elsewhere cannot reach this server by a name that it made to lead here.

    https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#security-warning
    """

    def __init__(self, app: ASGIApp, places: Places) -> None:
        self._app = app
        self._places = places

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope) if scope["type"] == "http" else None
        if headers is None or scope["path"] == "/healthz":
            await self._app(scope, receive, send)
        elif not _is_among(headers.get("host", ""), self._places.hosts):
            detail = "the Host header names another server: set SPIKETRACE_AGENTS_URL to where this one is reached"
            await problem(HTTPStatus.MISDIRECTED_REQUEST, detail)(scope, receive, send)
        elif (origin := headers.get("origin")) and not _is_among(origin, self._places.origins):
            await problem(HTTPStatus.FORBIDDEN, "a page of another site may not ask here")(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _is_among(given: str, allowed: Collection[str]) -> bool:
    lowered = given.lower()
    name, _, port = lowered.rpartition(":")
    return lowered in allowed or (port.isdigit() and f"{name}:*" in allowed)


class NotTooOften:
    """ASGI middleware behind Authentication: so many requests a minute of one credential."""

    def __init__(self, app: ASGIApp, counts: RedisRateLimit, per_minute: int) -> None:
        self._app = app
        self._counts = counts
        self._rate = Rate("requests", per_minute, 60)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or "user" not in scope:
            await self._app(scope, receive, send)
            return
        try:
            wait = await self._counts.take(self._rate, scope["user"].display_name)
        except QueueUnavailable as error:
            await try_again(error.reason)(scope, receive, send)
            return
        if wait is None:
            await self._app(scope, receive, send)
            return
        TOO_OFTEN.labels(scope["user"].display_name).inc()
        seconds = max(math.ceil(wait), 1)
        detail = f"more than {self._rate.most} requests a minute with this credential: come back in {seconds} s"
        answer = problem(HTTPStatus.TOO_MANY_REQUESTS, detail, headers={"retry-after": str(seconds)})
        await answer(scope, receive, send)
