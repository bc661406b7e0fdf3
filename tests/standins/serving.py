"""An application in a thread of the test's own process."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import uvicorn
from starlette.types import ASGIApp

START_TIMEOUT_SECONDS = 10.0


def address(listening: socket.socket) -> str:
    return f"http://127.0.0.1:{listening.getsockname()[1]}"


@contextmanager
def serving(
    app: ASGIApp, listening: socket.socket, *, ready: str, auth: tuple[str, str] | None = None
) -> Iterator[None]:
    """Runs from when the path `ready` is answered with success until the block ends."""
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        httpx.get(f"{address(listening)}{ready}", auth=auth, timeout=START_TIMEOUT_SECONDS).raise_for_status()
        yield
    finally:
        server.should_exit = True
        thread.join(START_TIMEOUT_SECONDS)
