"""Whether the process runs, and whether it can take alerts."""

from __future__ import annotations

import asyncio
import time
from http import HTTPStatus
from typing import Any, Literal, Protocol

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import JSONResponse

from worker.errors import EvidenceUnavailable, QueueUnavailable
from worker.ports import AlertStore

OK = "ok"
# Anybody may ask; the engines are asked at most this often.
REMEMBERED_SECONDS = 1.0
NO_ALERT = "readiness"


class ChecksItself(Protocol):
    async def check(self) -> None:
        """Raises QueueUnavailable."""


class Readiness:
    """Asks the broker and Elasticsearch. One of the two is enough to take an alert without losing it."""

    def __init__(self, broker: ChecksItself, alerts: AlertStore) -> None:
        self._broker = broker
        self._alerts = alerts
        self._known: dict[str, str] = {}
        self._known_until = 0.0
        self._asking = asyncio.Lock()

    async def dependencies(self) -> dict[str, str]:
        """By name, "ok" or what is wrong."""
        async with self._asking:
            if time.monotonic() >= self._known_until:
                broker, elasticsearch = await asyncio.gather(self._ask_broker(), self._ask_elasticsearch())
                self._known = {"broker": broker, "elasticsearch": elasticsearch}
                self._known_until = time.monotonic() + REMEMBERED_SECONDS
            return self._known

    async def _ask_broker(self) -> str:
        try:
            await self._broker.check()
        except QueueUnavailable as error:
            return error.reason
        return OK

    async def _ask_elasticsearch(self) -> str:
        try:
            await asyncio.to_thread(self._alerts.get, NO_ALERT)
        except EvidenceUnavailable as error:
            return error.reason
        return OK


class Health(BaseModel):
    status: Literal["ok"]


class Ready(BaseModel):
    """`dependencies`: of each "ok", or what is wrong with it."""

    status: Literal["ready", "degraded", "not ready"]
    missing: list[str]
    dependencies: dict[str, str]


NOT_READY: dict[int | str, dict[str, Any]] = {503: {"model": Ready, "description": "No alert can be taken."}}


def health_router(readiness: Readiness) -> APIRouter:
    router = APIRouter(tags=["health"])

    @router.head("/healthz", include_in_schema=False)
    @router.get("/healthz", operation_id="getHealth", responses={200: {"model": Health}})
    async def healthz() -> JSONResponse:
        """Whether the process runs."""
        return JSONResponse({"status": OK})

    @router.head("/readyz", include_in_schema=False)
    @router.get("/readyz", operation_id="getReadiness", responses={200: {"model": Ready}, **NOT_READY})
    async def readyz() -> JSONResponse:
        """503 only when no alert can be taken: a webhook that is taken out of service for less would lose some."""
        dependencies = await readiness.dependencies()
        missing = [name for name, state in dependencies.items() if state != OK]
        ready = len(missing) < len(dependencies)
        status = "ready" if not missing else "degraded" if ready else "not ready"
        return JSONResponse(
            {"status": status, "missing": missing, "dependencies": dependencies},
            status_code=HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE,
        )

    return router
