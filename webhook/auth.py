"""Who may speak to the webhook: checked on the headers alone, before a byte of the body is read."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Collection, Mapping
from http import HTTPStatus

from starlette.authentication import SimpleUser
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from webhook.problems import problem
from worker.errors import ConfigurationError
from worker.settings import Settings

# What Slack sends carries a signature instead, which covers the body (`webhook.slack`).
OPEN_PATHS = frozenset({"/healthz", "/readyz", "/v1/slack/interactions"})
TOKEN_HEADER = "x-spiketrace-token"  # noqa: S105 - a header's name
# Basic is what every Kibana can send and what makes a browser ask.
CHALLENGE = {"www-authenticate": 'Basic realm="SpikeTrace", charset="UTF-8"'}
BROWSER_FROM_ELSEWHERE = frozenset({"cross-site", "same-site"})


class Credentials:
    """What is accepted. Only digests are kept and compared, so neither length nor content shows in the time."""

    def __init__(self, settings: Settings) -> None:
        """Raises ConfigurationError when there is nothing to check against."""
        if not settings.has_webhook_credentials:
            raise ConfigurationError(
                "nobody is let in without credentials, so it does not start: set SPIKETRACE_WEBHOOK_USER and "
                "SPIKETRACE_WEBHOOK_PASSWORD, or SPIKETRACE_WEBHOOK_TOKEN"
            )
        user, password, token = settings.webhook_user, settings.webhook_password, settings.webhook_token
        self._basic = _digest(f"{user}:{password.get_secret_value()}") if user and password else None
        self._token = _digest(token.get_secret_value()) if token else None

    def identify(self, headers: Mapping[str, str]) -> str | None:
        """Whose credential it is, by a name that may be logged; None for anything else."""
        scheme, _, value = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            return "user" if _same(self._basic, _decode_basic(value.strip())) else None
        given = value.strip() if scheme.lower() == "bearer" else headers.get(TOKEN_HEADER)
        return "token" if _same(self._token, given) else None


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _same(expected: bytes | None, given: str | None) -> bool:
    if expected is None or given is None:
        return False
    return hmac.compare_digest(expected, _digest(given))


def _decode_basic(encoded: str) -> str | None:
    try:
        return base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None


class Authentication:
    """ASGI middleware: lets nobody without credentials pass, but to the health checks and to what is signed.

    Whoever passes is the scope's `user`.
    """

    def __init__(self, app: ASGIApp, credentials: Credentials, open_paths: Collection[str] = OPEN_PATHS) -> None:
        self._app = app
        self._credentials = credentials
        self._open_paths = open_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in self._open_paths:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        caller = self._credentials.identify(headers)
        if caller is None:
            detail = "send the webhook's user and password (Basic), or its token (Bearer or X-SpikeTrace-Token)"
            await problem(HTTPStatus.UNAUTHORIZED, detail, headers=CHALLENGE)(scope, receive, send)
        elif _is_forged(scope["method"], headers):
            await problem(HTTPStatus.FORBIDDEN, "another site may not act here")(scope, receive, send)
        else:
            await self._app({**scope, "user": SimpleUser(caller)}, receive, send)


def _is_forged(method: str, headers: Headers) -> bool:
    """Whether a browser that knows the password acts for another site's page.

    https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Sec-Fetch-Site
    """
    return method not in {"GET", "HEAD"} and headers.get("sec-fetch-site") in BROWSER_FROM_ELSEWHERE
