"""Jira: the addresses under which it answers."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from demo.standins import jira_desk
from demo.standins.jira_fields import Refused
from demo.standins.jira_issues import Issue, Jira
from demo.standins.jira_workflow import WorkflowName

__all__ = ["Issue", "Jira", "Refused", "WorkflowName", "answer_refused", "router"]

Json = dict[str, Any]


def router(jira: Jira, *, token: str, user: str | None = None) -> APIRouter:
    """Cloud lets a user in with a token of his own, Data Center whoever has the token."""
    authorization = _basic(user, token) if user else f"Bearer {token}"
    routes = APIRouter(dependencies=[Depends(_door(jira, authorization))])
    routes.include_router(_issues(jira), prefix=f"/rest/api/{jira.version}")
    routes.include_router(_desk(jira), prefix="/rest/servicedeskapi")
    return routes


def _issues(jira: Jira) -> APIRouter:
    routes = APIRouter()

    @routes.post("/issue", status_code=201)
    async def create(request: Request) -> Json:
        return jira.create(await _json(request))

    @routes.post("/search/jql" if jira.version == "3" else "/search")
    async def search(request: Request) -> Json:
        return jira.search(await _json(request))

    @routes.get("/field")
    async def fields() -> list[Json]:
        return jira_desk.FIELDS

    @routes.get("/issue/{key}")
    async def get(key: str, fields: str = "") -> Json:
        return jira.shown(key, fields)

    @routes.put("/issue/{key}", status_code=204)
    async def edit(key: str, request: Request) -> None:
        jira.edit(key, await _json(request))

    @routes.delete("/issue/{key}", status_code=204)
    async def delete(key: str) -> None:
        jira.delete(key)

    _add_parts(routes, jira)
    return routes


def _add_parts(routes: APIRouter, jira: Jira) -> None:
    @routes.get("/issue/{key}/comment")
    async def comments(key: str, startAt: int = 0, maxResults: int = 50) -> Json:  # noqa: N803
        return jira.comments(key, start=startAt, most=maxResults)

    @routes.post("/issue/{key}/comment", status_code=201)
    async def comment(key: str, request: Request) -> Json:
        return jira.comment(key, await _json(request))

    @routes.post("/issue/{key}/remotelink", status_code=201)
    async def link(key: str, request: Request) -> Json:
        return jira.link(key, await _json(request))

    @routes.get("/issue/{key}/transitions")
    async def transitions(key: str, expand: str = "") -> Json:
        return jira.transitions(key, with_fields="transitions.fields" in expand)

    @routes.post("/issue/{key}/transitions", status_code=204)
    async def transition(key: str, request: Request) -> None:
        jira.transition(key, await _json(request))


def _desk(jira: Jira) -> APIRouter:
    routes = APIRouter()

    @routes.get("/servicedesk")
    async def desks(start: int = 0, limit: int = 50) -> Json:
        return jira_desk.desks(start, limit)

    @routes.get("/servicedesk/{desk_id}/requesttype")
    async def request_types(desk_id: str, start: int = 0, limit: int = 50) -> Json:
        return jira_desk.request_types(desk_id, start, limit)

    @routes.post("/request", status_code=201)
    async def request(request: Request) -> Json:
        return jira.request(await _json(request))

    return routes


def _basic(user: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


def _door(jira: Jira, authorization: str) -> Callable[[Request], None]:
    def admit(request: Request) -> None:
        if not secrets.compare_digest(request.headers.get("authorization", "").encode(), authorization.encode()):
            raise Refused("Client must be authenticated to access this resource.", status=401)
        jira.admit()

    return admit


async def answer_refused(_: Request, refused: Exception) -> JSONResponse:
    assert isinstance(refused, Refused)
    return JSONResponse(refused.body, refused.status, refused.headers)


async def _json(request: Request) -> Json:
    try:
        body = await request.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
