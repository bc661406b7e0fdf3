"""A mail server that keeps what it gets, with the refusals that mail servers have (RFC 5321)."""

from __future__ import annotations

import asyncio
import email
import email.policy
import logging
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from typing import Any, cast

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from pydantic import BaseModel, Field

from demo.standins.faults import Fault, take

# Where a fault may be put, as if it were a path: the whole message, or one of its recipients.
MESSAGE = "/mail"
RECIPIENT = "/mail/recipient"
# Addresses at which mail servers of the world refuse a recipient, for good or for now.
REFUSED = {"nobody": "550 5.1.1 No such user here", "busy": "450 4.2.1 Try again later"}
STOP_TIMEOUT_SECONDS = 10.0
NEWLINES = re.compile(r"[\r\n]+")


class Mail(BaseModel):
    message_id: str
    in_reply_to: str
    references: str
    sender: str
    recipients: list[str]
    subject: str
    text: str
    html: str
    received_at: float = Field(default_factory=time.time)


class Mailbox:
    """All mail that came, and aiosmtpd's handler that takes it in."""

    def __init__(self, faults: list[Fault], *, user: str = "", password: str = "") -> None:
        self.mails: list[Mail] = []
        self._faults = faults
        self._user = user
        self._password = password

    # aiosmtpd finds its hooks by these names and calls them with these arguments.
    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, _session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if fault := take(self._faults, RECIPIENT):
            return await _answer(fault, server)
        if refused := REFUSED.get(address.partition("@")[0]):
            return refused
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Any, envelope: Any) -> str:  # noqa: N802
        fault = take(self._faults, MESSAGE)
        if fault is None or fault.when == "after":
            self.mails.append(_mail(envelope))
        return await _answer(fault, server) if fault else "250 OK: queued"

    def authenticate(self, _server: SMTP, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        known = (self._user.encode(), self._password.encode())
        is_known = isinstance(data, LoginPassword) and (data.login, data.password) == known
        return AuthResult(success=is_known, handled=False)


async def _answer(fault: Fault, server: SMTP) -> str:
    """A reply of the server's, or a connection that breaks."""
    await asyncio.sleep(fault.delay_seconds)
    if fault.status is None:
        cast("asyncio.Transport", server.transport).abort()
        return "421 closing"
    return f"{fault.status} {NEWLINES.sub(' ', fault.body) or 'no explanation'}"


def _mail(envelope: Any) -> Mail:
    message = email.message_from_bytes(envelope.content, policy=email.policy.default)
    return Mail(
        message_id=str(message["message-id"] or ""),
        in_reply_to=str(message["in-reply-to"] or ""),
        references=str(message["references"] or ""),
        sender=str(message["from"] or ""),
        recipients=list(envelope.rcpt_tos),
        subject=str(message["subject"] or ""),
        text=_part(message, "plain"),
        html=_part(message, "html"),
    )


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return str(part.get_content()) if part else ""


@contextmanager
def serving_mail(
    mailbox: Mailbox, *, port: int = 0, tls: ssl.SSLContext | None = None, is_implicit: bool = False
) -> Iterator[int]:
    """The port on which mail is taken in until the block ends: `port`, or a free one for 0.

    With `tls` the connection begins with it (`is_implicit`), or STARTTLS is offered, and wanted before a login.
    """
    loop = asyncio.new_event_loop()
    # aiosmtpd writes a line for each line of a conversation, and a warning for each login.
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    conversations: list[SMTP] = []

    def protocol() -> SMTP:
        conversation = SMTP(
            mailbox,
            loop=loop,
            hostname="localhost",
            authenticator=mailbox.authenticate,
            auth_require_tls=tls is not None and not is_implicit,
            tls_context=None if is_implicit else tls,
            enable_SMTPUTF8=False,
        )
        conversations.append(conversation)
        return conversation

    with socket.create_server(("127.0.0.1", port)) as listening:
        serving = loop.create_server(protocol, sock=listening, ssl=tls if is_implicit else None)
        server = loop.run_until_complete(serving)
        thread = threading.Thread(target=loop.run_forever, daemon=True)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            asyncio.run_coroutine_threadsafe(_closed(server, conversations), loop).result(STOP_TIMEOUT_SECONDS)
            loop.call_soon_threadsafe(loop.stop)
            thread.join(STOP_TIMEOUT_SECONDS)
            loop.close()


async def _closed(server: asyncio.Server, conversations: list[SMTP]) -> None:
    server.close()
    for conversation in conversations:
        for transport in (conversation.transport, conversation._original_transport):  # noqa: SLF001
            if transport:
                cast("asyncio.Transport", transport).abort()
    # Their ends are told to the loop, which is to hear of them before it stops.
    await asyncio.sleep(0)
