"""What a connection may take of us before anybody knows whose it is: so many bytes, and so many seconds.

uvicorn bounds neither. Without it one connection that never ends its headers takes all memory, and a few hundred that
send nothing hold their places for ever: https://owasp.org/www-community/attacks/Slow_Http_Attack
"""

from __future__ import annotations

import asyncio
from asyncio import TimerHandle

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

SHUTDOWN_SECONDS = 8
TOO_LONG = "The request's head is too long."


class BoundedHttp(HttpToolsProtocol):
    """Ends a connection whose request is not there in time, or has more beside its body than any client of ours.

    A body's own size is a matter of the routes (`webhook.limits`).
    """

    # Request line, headers, trailers and the frames of chunks; at most what comes in one read is overlooked.
    most_bytes_beside_body = 65_536
    request_seconds = 30.0

    _beside_body = 0
    _is_coming = False
    _has_head = False
    _deadline: TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._set_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_coming = False
        self._drop_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._beside_body += len(data)
        super().data_received(data)
        if not self._is_coming:
            self._drop_deadline()
        elif self._beside_body > self.most_bytes_beside_body:
            self._refuse()
        elif self._deadline is None:
            self._set_deadline()

    def on_message_begin(self) -> None:
        self._beside_body, self._is_coming, self._has_head = 0, True, False
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._has_head = True
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._beside_body -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._is_coming = False
        super().on_message_complete()

    def _set_deadline(self) -> None:
        self._deadline = self.loop.call_later(self.request_seconds, self._give_up)

    def _drop_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        """Unless it is we who do not read on, because what was asked before is not answered yet."""
        if self.flow.read_paused:
            self._set_deadline()
        else:
            self.transport.close()

    def _refuse(self) -> None:
        self.logger.warning(TOO_LONG)
        if self._has_head:
            # An answer may have begun.
            self.transport.close()
        else:
            self.send_400_response(TOO_LONG)


def serve_bounded(app: ASGIApp, host: str, port: int) -> None:
    """Until it is told to stop. Requests are logged by the app, and no answer says what serves it."""
    uvicorn.run(
        app,
        host=host,
        port=port,
        http=BoundedHttp,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
