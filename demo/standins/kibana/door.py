"""What Kibana asks of every request, before it looks at what is asked."""

from __future__ import annotations

import re
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from demo.standins.kibana.deployment import Account, Deployment, Refused, Space

IN_A_SPACE = re.compile(r"/s/(?P<space>[^/]+)(?P<rest>/.*)")
AREAS = {
    "/api/alerting": "rules",
    "/api/actions": "connectors",
    "/api/saved_objects": "saved objects",
    "/api/data_views": "saved objects",
    "/api/workflows": "workflows",
    "/api/agent_builder": "agents",
    "/api/spaces": "spaces",
}
# Answered to everybody, with less for those who are not known.
OPEN = "/api/status"


class Door:
    """ASGI middleware: lets in whoever is known, has the header and the privilege; into the space that is named."""

    def __init__(self, app: ASGIApp, deployment: Deployment) -> None:
        self._app, self._deployment = app, deployment

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/standin"):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        self._deployment.requests.append((request.method, scope["path"]))
        try:
            await self._app(self._let_in(request), receive, send)
        except Refused as error:
            await answer_refused(error)(scope, receive, send)

    def _let_in(self, request: Request) -> Scope:
        found = IN_A_SPACE.fullmatch(request.url.path)
        path = found["rest"] if found else request.url.path
        account = self._account(request, path)
        if request.method != "GET" and "kbn-xsrf" not in request.headers:
            raise Refused(400, "Request must contain a kbn-xsrf header.")
        if account:
            _check_privileges(account, request.method, path)
        # A space that does not exist takes objects all the same, and never shows them.
        space = self._deployment.spaces.get(found["space"] if found else "default", Space())
        state = {"space": space, "account": account}
        return {**request.scope, "path": path, "raw_path": path.encode(), "state": state}

    def _account(self, request: Request, path: str) -> Account | None:
        if not self._deployment.accounts:
            return Account()
        account = self._deployment.accounts.get(request.headers.get("authorization", ""))
        if account is None and path != OPEN:
            raise Refused(401, "Unauthorized: security_exception: missing or wrong authentication credentials")
        return account


def _check_privileges(account: Account, method: str, path: str) -> None:
    area = next((area for start, area in AREAS.items() if path.startswith(start)), None)
    may = account.may_read if method == "GET" else account.may_change
    if area is not None and area not in may:
        granted = f"this action is granted by the Kibana privileges [{area}]"
        raise Refused(403, f"API [{method} {path}] is unauthorized for user, {granted}")


def answer_refused(error: Refused) -> JSONResponse:
    body = {"statusCode": error.status, "error": HTTPStatus(error.status).phrase, "message": error.message}
    return JSONResponse(body, error.status)
