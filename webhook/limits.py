"""How much and how often: a body's size on every route, and so many requests a minute of one credential."""

from __future__ import annotations

import math
from collections.abc import Mapping
from http import HTTPStatus

import structlog
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from webhook.access import role_of
from webhook.problems import problem
from worker.credentials import Role
from worker.errors import QueueUnavailable
from worker.store.rate_limit import Rate, RedisRateLimit

# Labels of a replay come along, one line an alert.
LARGER = {"/v1/replays": 4_194_304}

log = structlog.get_logger(__name__)


class BodyLimit:
    """ASGI middleware: no route reads more than `max_bytes`, whatever reads it there."""

    def __init__(self, app: ASGIApp, max_bytes: int, larger: Mapping[str, int] | None = None) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._larger = LARGER if larger is None else larger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = max(self._max_bytes, self._larger.get(scope["path"], 0))
        length = Headers(scope=scope).get("content-length", "")
        if length.isdigit() and int(length) > limit:
            await problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, too_large(limit))(scope, receive, send)
            return
        await self._app(scope, _counting(receive, limit), send)


def _counting(receive: Receive, limit: int) -> Receive:
    read = 0

    async def receive_at_most() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > limit:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, too_large(limit))
        return message

    return receive_at_most


def too_large(limit: int) -> str:
    return f"the body is larger than {limit} bytes"


class NotTooOften:
    """ASGI middleware behind Authentication. Alerts are not counted: none is to be lost for coming in a storm.

    Where the broker, which counts for all processes, is away, nobody is kept from reading why.
    """

    def __init__(self, app: ASGIApp, counts: RedisRateLimit, per_minute: Mapping[Role, int]) -> None:
        self._app = app
        self._counts = counts
        self._rates = {role: Rate(role, most, 60) for role, most in per_minute.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        wait = await self._wait(scope) if scope["type"] == "http" and "user" in scope else None
        if wait is None:
            await self._app(scope, receive, send)
            return
        seconds = math.ceil(wait)
        detail = f"too many requests a minute with this credential: come back in {seconds} s"
        answer = problem(HTTPStatus.TOO_MANY_REQUESTS, detail, headers={"retry-after": str(seconds)})
        await answer(scope, receive, send)

    async def _wait(self, scope: Scope) -> float | None:
        rate = self._rates.get(role_of(scope["method"], scope["path"]))
        if rate is None:
            return None
        try:
            return await self._counts.take(rate, scope["user"].display_name)
        except QueueUnavailable as error:
            log.warning("requests are not counted", reason=error.reason)
            return None
