"""Whom the webhook knows. What came from files is read again when they change, so secrets rotate without a restart."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import structlog
from pydantic import SecretStr
from starlette.authentication import SimpleUser

from worker.credentials import Credential, Role
from worker.errors import ConfigurationError
from worker.logs import hide
from worker.settings import Settings, read_secret

TOKEN_HEADER = "x-spiketrace-token"  # noqa: S105 - a header's name
# Files are looked at this often: one `stat` each.
LOOK_EVERY_SECONDS = 1.0
OURS = ("webhook_user", "webhook_password", "webhook_token", "webhook_credentials")
NOT_SET = (
    "nobody is let in without credentials, so it does not start: set SPIKETRACE_WEBHOOK_USER and "
    "SPIKETRACE_WEBHOOK_PASSWORD, or SPIKETRACE_WEBHOOK_TOKEN, or SPIKETRACE_WEBHOOK_CREDENTIALS_FILE"
)

log = structlog.get_logger(__name__)

Stamp = tuple[int, int, int] | None


class Caller(SimpleUser):
    """Whose credential it is, by a name that may be logged, and what it may do."""

    def __init__(self, name: str, roles: frozenset[Role]) -> None:
        super().__init__(name)
        self.roles = roles


class Known(NamedTuple):
    """Only digests are kept and compared, so neither length nor content of a secret shows in the time."""

    caller: Caller
    basic: bytes
    token: bytes


class Credentials:
    """Everybody who is let in."""

    def __init__(self, settings: Settings, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Raises ConfigurationError when there is nothing to check against."""
        if not settings.has_webhook_credentials:
            raise ConfigurationError(NOT_SET)
        self._settings = settings
        self._files = {name: settings.files[name] for name in OURS if name in settings.files}
        self._clock = clock
        self._look_at = clock()
        self._stamps: dict[str, Stamp] = {}
        self._known = _known(settings.credentials)

    def identify(self, headers: Mapping[str, str]) -> Caller | None:
        """Who sent these headers; None for a stranger."""
        self._look()
        scheme, _, value = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            return self._owner(_decode_basic(value.strip()), lambda known: known.basic)
        given = value.strip() if scheme.lower() == "bearer" else headers.get(TOKEN_HEADER)
        return self._owner(given, lambda known: known.token)

    def _owner(self, given: str | None, kept: Callable[[Known], bytes]) -> Caller | None:
        """Compared with all, so that the time does not tell which it was."""
        if given is None:
            return None
        digest = _digest(given)
        found = [known.caller for known in self._known if hmac.compare_digest(kept(known), digest)]
        return found[0] if found else None

    def _look(self) -> None:
        if not self._files or self._clock() < self._look_at:
            return
        self._look_at = self._clock() + LOOK_EVERY_SECONDS
        stamps = {name: _stamp(path) for name, path in self._files.items()}
        if stamps != self._stamps:
            self._stamps = stamps
            self._read_again()

    def _read_again(self) -> None:
        """What cannot be used changes nothing: nobody is locked out by a slip, and the log says what is wrong."""
        try:
            texts = {name: SecretStr(read_secret(name, path)) for name, path in self._files.items()}
            settings = self._settings.model_copy(update={**texts, **_plain_user(texts)})
            renewed = settings.credentials
        except (ConfigurationError, ValueError) as error:
            log.warning("the webhook's credentials were not renewed: those before hold", reason=str(error))
            return
        if not renewed:
            log.warning("the webhook's credentials were not renewed: those before hold", reason="the files are empty")
            return
        hide(settings.secret_values())
        self._known = _known(renewed)
        log.info("the webhook's credentials were read", names=sorted({one.name for one in renewed}))


def _plain_user(texts: Mapping[str, SecretStr]) -> dict[str, str]:
    """The user's name is the one of them that is no secret."""
    return {name: text.get_secret_value() for name, text in texts.items() if name == "webhook_user"}


def _stamp(path: Path) -> Stamp:
    """Differs when the file does, also where it is a link that leads elsewhere now, as in a mounted Secret."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _known(credentials: Iterable[Credential]) -> list[Known]:
    return [_kept(one) for one in credentials]


def _kept(one: Credential) -> Known:
    basic = _digest(f"{one.name}:{one.password}") if one.password else b""
    return Known(Caller(one.name, one.roles), basic, _digest(one.token) if one.token else b"")


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _decode_basic(encoded: str) -> str | None:
    try:
        return base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
