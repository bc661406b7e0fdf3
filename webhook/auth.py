"""Who may do what at the webhook: checked on the headers alone, before a byte of the body is read."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from webhook import metrics
from webhook.access import OPEN_PATHS, READING, role_of
from webhook.credentials import Caller, Credentials
from webhook.problems import problem
from worker.credentials import Role

# Basic is what every Kibana can send and what makes a browser ask.
CHALLENGE = {"www-authenticate": 'Basic realm="SpikeTrace", charset="UTF-8"'}
BROWSER_FROM_ELSEWHERE = frozenset({"cross-site", "same-site"})
FROM_ELSEWHERE = (
    "a page of another site may not act here; is it ours, set SPIKETRACE_PUBLIC_URL to where people reach it"
)
UNKNOWN = "send a user and a password (Basic), or a token (Bearer or X-SpikeTrace-Token)"

log = structlog.get_logger(__name__)

Why = Literal["stranger", "role", "elsewhere"]
RoleOf = Callable[[str, str], Role]
IsOurs = Callable[[Headers], bool]


@dataclass(frozen=True)
class OwnPages:
    """Whether the page that sends something is one of ours: of the host that was asked, or of the public address.

    A proxy may ask for us by another name than people do.
    """

    public_url: str = ""

    def __call__(self, headers: Headers) -> bool:
        """Where a browser says nothing of the site, as it does over plain HTTP, `Origin` says it; a program has none.

        https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Sec-Fetch-Site
        """
        if "sec-fetch-site" in headers:
            return is_of_no_other_site(headers)
        if (origin := headers.get("origin")) is None:
            return True
        host = _host_of(origin)
        return host is not None and host in (headers.get("host", "").lower(), _host_of(self.public_url))


def is_of_no_other_site(headers: Headers) -> bool:
    return headers.get("sec-fetch-site") not in BROWSER_FROM_ELSEWHERE


def _host_of(address: str) -> str | None:
    """None for an origin that is hidden (`null`), and for what is none."""
    try:
        return urlsplit(address).netloc.lower() or None
    except ValueError:
        return None


class Authentication:
    """ASGI middleware: lets nobody without the role pass, but to the health checks and to what is signed.

    Whoever passes is the scope's `user`, a `Caller`.
    """

    def __init__(
        self,
        app: ASGIApp,
        credentials: Credentials,
        open_paths: Collection[str] = OPEN_PATHS,
        role_of: RoleOf = role_of,
        is_ours: IsOurs = OwnPages(),
    ) -> None:
        self._app = app
        self._credentials = credentials
        self._open_paths = open_paths
        self._role_of = role_of
        self._is_ours = is_ours

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in self._open_paths:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        caller = self._credentials.identify(headers)
        role = self._role_of(scope["method"], scope["path"])
        if caller is None:
            _refused(scope, None, "stranger")
            await problem(HTTPStatus.UNAUTHORIZED, UNKNOWN, headers=CHALLENGE)(scope, receive, send)
        elif role not in caller.roles:
            _refused(scope, caller, "role")
            await problem(HTTPStatus.FORBIDDEN, f"this takes the role `{role}`")(scope, receive, send)
        elif scope["method"] not in READING and not self._is_ours(headers):
            _refused(scope, caller, "elsewhere")
            await problem(HTTPStatus.FORBIDDEN, FROM_ELSEWHERE)(scope, receive, send)
        else:
            await self._app({**scope, "user": caller}, receive, send)


def _refused(scope: Scope, caller: Caller | None, why: Why) -> None:
    """Counted and told, since whoever tries secrets is seen by that; what was sent is not repeated."""
    metrics.REFUSED.labels(why).inc()
    host, _ = scope.get("client") or ("unknown", 0)
    log.warning(
        "a request was refused",
        **{
            "event.action": "access-refused",
            "event.outcome": "failure",
            "event.reason": why,
            "user.name": caller.display_name if caller else None,
            "client.ip": host,
            "http.request.method": scope["method"],
            "url.path": scope["path"][:200],
        },
    )
