"""Who may do what at the webhook: checked on the headers alone, before a byte of the body is read."""

from __future__ import annotations

from collections.abc import Callable, Collection
from http import HTTPStatus

import structlog
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from webhook import metrics
from webhook.access import OPEN_PATHS, role_of
from webhook.credentials import Caller, Credentials
from webhook.problems import problem
from worker.credentials import Role

# Basic is what every Kibana can send and what makes a browser ask.
CHALLENGE = {"www-authenticate": 'Basic realm="SpikeTrace", charset="UTF-8"'}
BROWSER_FROM_ELSEWHERE = frozenset({"cross-site", "same-site"})
UNKNOWN = "send a user and a password (Basic), or a token (Bearer or X-SpikeTrace-Token)"

log = structlog.get_logger(__name__)

RoleOf = Callable[[str, str], Role]


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
    ) -> None:
        self._app = app
        self._credentials = credentials
        self._open_paths = open_paths
        self._role_of = role_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in self._open_paths:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        caller = self._credentials.identify(headers)
        role = self._role_of(scope["method"], scope["path"])
        if caller is None:
            _refused(scope, None)
            await problem(HTTPStatus.UNAUTHORIZED, UNKNOWN, headers=CHALLENGE)(scope, receive, send)
        elif role not in caller.roles:
            _refused(scope, caller)
            await problem(HTTPStatus.FORBIDDEN, f"this takes the role `{role}`")(scope, receive, send)
        elif _is_forged(scope["method"], headers):
            await problem(HTTPStatus.FORBIDDEN, "another site may not act here")(scope, receive, send)
        else:
            await self._app({**scope, "user": caller}, receive, send)


def _refused(scope: Scope, caller: Caller | None) -> None:
    """Counted and told, since whoever tries secrets is seen by that; what was sent is not repeated."""
    metrics.REFUSED.labels("stranger" if caller is None else "role").inc()
    host, _ = scope.get("client") or ("unknown", 0)
    log.warning(
        "a request was refused",
        **{
            "event.action": "access-refused",
            "event.outcome": "failure",
            "user.name": caller.display_name if caller else None,
            "client.ip": host,
            "http.request.method": scope["method"],
            "url.path": scope["path"][:200],
        },
    )


def _is_forged(method: str, headers: Headers) -> bool:
    """Whether a browser that knows the password acts for another site's page.

    https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Sec-Fetch-Site
    """
    return method not in {"GET", "HEAD"} and headers.get("sec-fetch-site") in BROWSER_FROM_ELSEWHERE
