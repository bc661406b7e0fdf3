"""Handing mail in by SMTP: encrypted unless it stays on this machine, and no message twice.

Until the server has asked for the message nothing is sent, and everything may be repeated. A connection that breaks
after that leaves open whether the message was taken, and SMTP has no question by which one could find out
(https://www.rfc-editor.org/rfc/rfc5321#section-6.1).
"""

from __future__ import annotations

import base64
import smtplib
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

from worker.delivery.email.server import Encryption, Server
from worker.delivery.quoting import quoted
from worker.errors import DeliveryError

DOING = "sending the mail"
# Of the whole conversation: less than a delivery is leased for.
TIMEOUT_SECONDS = 30.0
CONNECT_SECONDS = 5.0
TAKEN = (250, 251)


class _Deadline(smtplib.SMTP):
    """A conversation that ends in time, however slowly the server answers each of its steps."""

    def __init__(self, *arguments: Any, whole_seconds: float, **options: Any) -> None:
        self._deadline = time.monotonic() + whole_seconds
        super().__init__(*arguments, **options)

    def getreply(self) -> tuple[int, bytes]:
        left = self._deadline - time.monotonic()
        if left <= 0:
            self.close()
            raise smtplib.SMTPServerDisconnected("it took too long")
        if self.sock:
            self.sock.settimeout(left)
        return super().getreply()


class _DeadlineTls(_Deadline, smtplib.SMTP_SSL):
    """The same, encrypted from the first byte."""


class Mailer:
    """Safe to share between threads; each message has a connection of its own. Raises DeliveryError."""

    def __init__(self, server: Server, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._server = server
        self._timeout_seconds = timeout_seconds
        self._trust = server.trust()

    def send(self, message: EmailMessage, *, sender: str, recipients: Sequence[str]) -> Mapping[str, str]:
        """By address, why the server refused some of the recipients; the others have been sent the message."""
        with self._told(), self._connection() as smtp:
            refused = self._envelope(smtp, sender, recipients)
            self._message(smtp, message.as_bytes(policy=SMTP))
        return refused

    def check(self) -> None:
        """Greets the server, encrypts, logs in and leaves."""
        with self._told(), self._connection():
            pass

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What goes wrong inside, as DeliveryError."""
        try:
            yield
        except smtplib.SMTPResponseException as error:
            raise self._refusal(error.smtp_code, error.smtp_error) from None
        except smtplib.SMTPServerDisconnected:
            reason = f"{self._server.host} closed the connection before the message"
            raise self._failure(reason, retryable=True) from None
        except smtplib.SMTPException as error:
            raise self._failure(f"{self._server.host} cannot do what is asked: {error}", retryable=False) from None
        except OSError as error:
            raise self._failure(self._unreachable(error), retryable=True) from None

    @contextmanager
    def _connection(self) -> Iterator[smtplib.SMTP]:
        smtp = self._connected()
        try:
            smtp.ehlo_or_helo_if_needed()
            self._encrypt(smtp)
            if self._server.user:
                smtp.login(self._server.user, self._server.password)
            yield smtp
            with suppress(OSError):
                smtp.quit()
        finally:
            smtp.close()

    def _connected(self) -> smtplib.SMTP:
        host, port = self._server.host, self._server.port
        if self._server.encryption is Encryption.IMPLICIT:
            return _DeadlineTls(
                host, port, whole_seconds=self._timeout_seconds, timeout=CONNECT_SECONDS, context=self._trust
            )
        return _Deadline(host, port, whole_seconds=self._timeout_seconds, timeout=CONNECT_SECONDS)

    def _encrypt(self, smtp: smtplib.SMTP) -> None:
        wanted = self._server.encryption
        if wanted in (Encryption.IMPLICIT, Encryption.NONE):
            return
        if smtp.has_extn("starttls"):
            smtp.starttls(context=self._trust)
            smtp.ehlo()
        elif wanted is Encryption.REQUIRED:
            raise self._failure(
                f"{self._server.host} offers no STARTTLS, and nothing is sent unencrypted: use smtps://, or set "
                "SPIKETRACE_ALLOW_PLAIN_HTTP=true on a network you trust",
                retryable=False,
            )

    def _envelope(self, smtp: smtplib.SMTP, sender: str, recipients: Sequence[str]) -> Mapping[str, str]:
        code, answer = smtp.mail(sender)
        if code not in TAKEN:
            raise smtplib.SMTPResponseException(code, answer)
        answers = {recipient: smtp.rcpt(recipient) for recipient in recipients}
        refused = {recipient: answer for recipient, answer in answers.items() if answer[0] not in TAKEN}
        if len(refused) == len(answers):
            raise smtplib.SMTPResponseException(*min(refused.values(), key=lambda answer: answer[0]))
        return {recipient: f"{code} {self._said(answer)}" for recipient, (code, answer) in refused.items()}

    def _message(self, smtp: smtplib.SMTP, message: bytes) -> None:
        try:
            code, answer = smtp.data(message)
        except smtplib.SMTPDataError:
            raise
        except OSError as error:
            raise self._failure(
                f"{self._server.host} broke off ({type(error).__name__}) after the message had begun; it may have "
                "been sent, so it is not sent again by itself",
                retryable=False,
                is_ambiguous=True,
            ) from None
        if code not in TAKEN:
            raise smtplib.SMTPResponseException(code, answer)

    def _refusal(self, code: int, answer: bytes | str) -> DeliveryError:
        """4yz is for now, 5yz for good (https://www.rfc-editor.org/rfc/rfc5321#section-4.2.1)."""
        said = self._said(answer) or "without an explanation"
        return self._failure(f"{self._server.host} answered {code}: {said}", retryable=400 <= code < 500)

    def _unreachable(self, error: OSError) -> str:
        if isinstance(error, ssl.SSLCertVerificationError):
            return (
                f"the certificate of {self._server.host} is not trusted ({error.verify_message}); "
                "SPIKETRACE_DELIVERY_CA_FILE names authorities of your own"
            )
        return f"{self._server.host} cannot be reached ({type(error).__name__})"

    def _said(self, answer: bytes | str) -> str:
        text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
        return quoted(text, self._secrets)

    @property
    def _secrets(self) -> list[str]:
        user, password = self._server.user, self._server.password
        encoded = [base64.b64encode(text.encode()).decode() for text in (f"\0{user}\0{password}", password)]
        return [password, *encoded] if password else []

    def _failure(self, reason: str, *, retryable: bool, is_ambiguous: bool = False) -> DeliveryError:
        reason = f"{DOING}: {reason}"
        return DeliveryError(reason, destination="email", retryable=retryable, is_ambiguous=is_ambiguous)
