"""Which mail server, and how the way there is protected."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from worker.delivery.http import trusting
from worker.errors import ConfigurationError
from worker.settings import Settings, is_loopback

DEFAULT_PORTS = {"smtp": 587, "smtps": 465}


class Encryption(StrEnum):
    """From the first byte; by STARTTLS in any case; by STARTTLS if it is offered; none, within this machine."""

    IMPLICIT = "implicit"
    REQUIRED = "required"
    IF_OFFERED = "if offered"
    NONE = "none"


@dataclass(frozen=True)
class Server:
    host: str
    port: int
    encryption: Encryption
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: Path | None = None

    def trust(self) -> ssl.SSLContext:
        """The public authorities and one's own. Raises ConfigurationError."""
        context = ssl.create_default_context()
        return trusting(context, self.ca_file) if self.ca_file else context


def mail_server(settings: Settings) -> Server:
    """Raises ConfigurationError."""
    url = settings.smtp_url or ""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _not_an_address() from None
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname or parts.username or parts.path or parts.query:
        raise _not_an_address()
    if bool(settings.smtp_user) != bool(settings.smtp_password):
        raise ConfigurationError("SPIKETRACE_SMTP_USER and SPIKETRACE_SMTP_PASSWORD go together")
    user, password = settings.smtp_user or "", _password(settings)
    if not (user + password).isascii():
        raise ConfigurationError("SPIKETRACE_SMTP_USER and SPIKETRACE_SMTP_PASSWORD can be sent in ASCII only")
    return Server(
        host=parts.hostname,
        port=port or DEFAULT_PORTS[parts.scheme],
        encryption=_encryption(parts.scheme, parts.hostname, settings),
        user=user,
        password=password,
        ca_file=settings.delivery_ca_file,
    )


def _password(settings: Settings) -> str:
    return settings.smtp_password.get_secret_value() if settings.smtp_password else ""


def _encryption(scheme: str, host: str, settings: Settings) -> Encryption:
    if scheme == "smtps":
        return Encryption.IMPLICIT
    if is_loopback(host):
        return Encryption.NONE
    return Encryption.IF_OFFERED if settings.allow_plain_http else Encryption.REQUIRED


def _not_an_address() -> ConfigurationError:
    return ConfigurationError(
        "SPIKETRACE_SMTP_URL is smtp://HOST:587 or smtps://HOST:465; a login goes into SPIKETRACE_SMTP_USER and "
        "SPIKETRACE_SMTP_PASSWORD"
    )
