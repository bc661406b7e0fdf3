"""Failures on demand, of the kinds that vendors have."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

from pydantic import BaseModel, Field
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Fault(BaseModel):
    """What happens to the next `times` requests to `path`, which may begin with a method: POST /some/path.

    `when`: "before" the vendor does what it is asked, or "after" it has done it, so that only the answer is lost.
    `status` is answered after `delay_seconds`; without one the connection breaks in the middle of the answer.
    """

    path: str
    times: int = Field(default=1, ge=1)
    when: Literal["before", "after"] = "before"
    status: int | None = None
    headers: dict[str, str] = Field(default_factory=dict)
    body: str = ""
    delay_seconds: float = 0.0


def take(faults: list[Fault], path: str, method: str = "") -> Fault | None:
    """The fault that waits for the next request to `path`, used once."""
    for fault in faults:
        if fault.path in (path, f"{method} {path}") and fault.times > 0:
            fault.times -= 1
            return fault
    return None


class FaultyVendors:
    """ASGI middleware: lets requests through, except those that a fault waits for."""

    def __init__(self, app: ASGIApp, faults: list[Fault]) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        fault = take(self._faults, scope["path"], scope["method"]) if scope["type"] == "http" else None
        if fault is None:
            await self._app(scope, receive, send)
            return
        if fault.when == "after":
            await self._app(scope, receive, _unheard)
        else:
            await _read_all(receive)
        await asyncio.sleep(fault.delay_seconds)
        await _answer(fault, send)


async def _unheard(_: Message) -> None:
    """Takes an answer that nobody gets."""


async def _read_all(receive: Receive) -> None:
    while (await receive()).get("more_body"):
        pass


async def _answer(fault: Fault, send: Send) -> None:
    body = fault.body.encode()
    # A length that is not reached makes the server close the connection, which the client takes for a broken one.
    length = len(body) + (0 if fault.status else 1)
    headers: list[Any] = [(name.lower().encode(), value.encode()) for name, value in fault.headers.items()]
    headers.append((b"content-length", str(length).encode()))
    await send({"type": "http.response.start", "status": fault.status or 200, "headers": headers})
    if fault.status:
        await send({"type": "http.response.body", "body": body})
