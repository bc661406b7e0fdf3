"""Kibana's HTTP interface: which calls a version has, and what answers them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from email import message_from_bytes
from typing import Any, NamedTuple

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from demo.standins.faults import Fault, FaultyVendors
from demo.standins.kibana.agent_builder import SINCE as AGENTS_SINCE
from demo.standins.kibana.agent_builder import AgentBuilder
from demo.standins.kibana.connectors import Connectors
from demo.standins.kibana.deployment import Deployment, Refused, Space
from demo.standins.kibana.door import Door, answer_refused
from demo.standins.kibana.rules import Rules, rule_types
from demo.standins.kibana.saved_objects import SavedObjects
from demo.standins.kibana.workflows import Workflows

PREVIEW, PUBLIC = (9, 3), (9, 4)
WITH_A_BODY = frozenset({"POST", "PUT"})
STANDIN_ID = "5b2de169-2785-441b-ae8c-186a1936b17d"


@dataclass(frozen=True)
class Asked:
    """One request: in which space, of what (`id`), with which body."""

    request: Request
    deployment: Deployment
    space: Space
    body: Any = None

    @property
    def id(self) -> str | None:
        name: str | None = self.request.path_params.get("id")
        return name

    @property
    def named(self) -> str:
        return self.id or ""


class Call(NamedTuple):
    method: str
    path: str
    work: Callable[[Asked], Any]


def create_kibana(deployment: Deployment) -> ASGIApp:
    """The stand-in. `deployment` is all its state: look into it, and change it, as you like."""
    faults: list[Fault] = []
    routes = [_route(call, deployment) for call in _calls(deployment)]
    routes += [
        Route("/standin/faults", _fault_taker(faults), methods=["POST"]),
        Route("/standin", _shower(deployment)),
    ]
    app = Starlette(routes=routes, exception_handlers={Refused: _refused, 404: _no_such_call, 405: _no_such_call})
    return FaultyVendors(Door(app, deployment), faults)


def _calls(deployment: Deployment) -> Iterator[Call]:
    yield from OWN
    yield from ALERTING
    yield from ACTIONS
    yield from IMPORT
    if deployment.has_saved_object_calls:
        yield from SAVED_OBJECTS
    if deployment.release >= PUBLIC:
        yield from _workflow_calls("/api/workflows/workflow", lambda asked: _workflows(asked).create(asked.body))
    elif deployment.release >= PREVIEW:
        yield Call("POST", "/api/workflows/search", lambda asked: _workflows(asked).all())
        yield from _workflow_calls("/api/workflows", lambda asked: _workflows(asked).create_preview(asked.body))
    if deployment.release >= AGENTS_SINCE:
        yield from AGENTS


def _route(call: Call, deployment: Deployment) -> Route:
    async def endpoint(request: Request) -> Response:
        body = await _body(request) if request.method in WITH_A_BODY else None
        result = call.work(Asked(request, deployment, request.state.space, body))
        return Response(status_code=204) if result is None else JSONResponse(result)

    return Route(call.path, endpoint, methods=[call.method])


async def _body(request: Request) -> Any:
    """Parsed JSON, or the bytes of a form."""
    content, kind = await request.body(), request.headers.get("content-type", "")
    if kind.startswith("multipart/form-data") or not content:
        return content or None
    if not kind.startswith("application/json"):
        raise Refused(415, "Unsupported Media Type")
    try:
        return await request.json()
    except ValueError:
        raise Refused(400, "Invalid request payload JSON format") from None


async def _refused(_: Request, error: Exception) -> Response:
    if not isinstance(error, Refused):
        raise error
    return answer_refused(error)


async def _no_such_call(_: Request, __: Exception) -> Response:
    return answer_refused(Refused(404, "Not Found"))


def _fault_taker(faults: list[Fault]) -> Callable[[Request], Awaitable[Response]]:
    async def take(request: Request) -> Response:
        faults.append(Fault.model_validate(await request.json()))
        return Response(status_code=204)

    return take


def _shower(deployment: Deployment) -> Callable[[Request], Awaitable[Response]]:
    async def show(_: Request) -> Response:
        return JSONResponse({name: space.summary() for name, space in deployment.spaces.items()})

    return show


def _status(asked: Asked) -> Any:
    overall = {"status": {"overall": {"level": "available"}}}
    if asked.request.state.account is None:
        return overall
    version = {"number": asked.deployment.version, "build_flavor": "traditional"}
    return {"name": "standin", "uuid": STANDIN_ID, "version": version, **overall}


OWN = (
    Call("GET", "/api/status", _status),
    Call("GET", "/api/spaces/space", lambda asked: [{"id": name, "name": name} for name in asked.deployment.spaces]),
)


def _rules(asked: Asked) -> Rules:
    return Rules(asked.deployment, asked.space)


def _rule_types(asked: Asked) -> Any:
    return rule_types(may_change="rules" in asked.request.state.account.may_change)


RULE = "/api/alerting/rule/{id}"
ALERTING = (
    Call("GET", "/api/alerting/rule_types", _rule_types),
    Call("GET", "/api/alerting/rules/_find", lambda asked: _rules(asked).find()),
    Call("POST", "/api/alerting/rule", lambda asked: _rules(asked).create(None, asked.body)),
    Call("POST", RULE, lambda asked: _rules(asked).create(asked.id, asked.body)),
    Call("PUT", RULE, lambda asked: _rules(asked).update(asked.named, asked.body)),
    Call("GET", RULE, lambda asked: _rules(asked).get(asked.named)),
    Call("DELETE", RULE, lambda asked: _rules(asked).delete(asked.named)),
    Call("POST", f"{RULE}/_enable", lambda asked: _rules(asked).switch(asked.named, on=True)),
    Call("POST", f"{RULE}/_disable", lambda asked: _rules(asked).switch(asked.named, on=False)),
)


def _connectors(asked: Asked) -> Connectors:
    return Connectors(asked.deployment, asked.space)


CONNECTOR = "/api/actions/connector/{id}"
ACTIONS = (
    Call("GET", "/api/actions/connector_types", lambda asked: _connectors(asked).types()),
    Call("GET", "/api/actions/connectors", lambda asked: _connectors(asked).all()),
    Call("POST", "/api/actions/connector", lambda asked: _connectors(asked).create(None, asked.body)),
    Call("POST", CONNECTOR, lambda asked: _connectors(asked).create(asked.id, asked.body)),
    Call("PUT", CONNECTOR, lambda asked: _connectors(asked).update(asked.named, asked.body)),
    Call("GET", CONNECTOR, lambda asked: _connectors(asked).get(asked.named)),
    Call("DELETE", CONNECTOR, lambda asked: _connectors(asked).delete(asked.named)),
)


def _objects(asked: Asked) -> SavedObjects:
    return SavedObjects(asked.deployment, asked.space)


def _import(asked: Asked) -> Any:
    name, content = _file_in(asked.request.headers.get("content-type", ""), asked.body)
    return _objects(asked).import_file(name, content, overwrite=asked.request.query_params.get("overwrite") == "true")


def _file_in(content_type: str, body: Any) -> tuple[str, bytes]:
    """The part called `file` of a form: its own name, and what it holds."""
    if not content_type.startswith("multipart/form-data"):
        raise Refused(415, "Unsupported Media Type")
    form = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    for part in form.walk():
        if part.get_param("name", header="content-disposition") == "file":
            content = part.get_payload(decode=True)
            return part.get_filename() or "", content if isinstance(content, bytes) else b""
    raise Refused(400, "[request body.file]: expected value of type [Stream] but got [undefined]")


def _kind(asked: Asked) -> str:
    kind: str = asked.request.path_params["kind"]
    return kind


SAVED_OBJECT = "/api/saved_objects/{kind}/{id}"
IMPORT = (
    Call("POST", "/api/saved_objects/_import", _import),
    Call(
        "DELETE",
        "/api/data_views/data_view/{id}",
        lambda asked: _objects(asked).delete("index-pattern", asked.named),
    ),
)
SAVED_OBJECTS = (
    Call("GET", SAVED_OBJECT, lambda asked: _objects(asked).get(_kind(asked), asked.named)),
    Call("DELETE", SAVED_OBJECT, lambda asked: _objects(asked).delete(_kind(asked), asked.named)),
)


def _workflows(asked: Asked) -> Workflows:
    deployment = asked.deployment
    is_let_through = deployment.release >= PUBLIC or "x-elastic-internal-origin" in asked.request.headers
    if not (is_let_through and deployment.workflows_are_on):
        raise Refused(404, "Not Found")
    if not deployment.allows("enterprise"):
        raise Refused(403, "Workflows require an Enterprise license or higher.")
    return Workflows(asked.space)


def _workflow_calls(path: str, create: Callable[[Asked], Any]) -> Iterator[Call]:
    yield Call("POST", path, create)
    yield Call("GET", f"{path}/{{id}}", lambda asked: _workflows(asked).get(asked.named))
    yield Call("PUT", f"{path}/{{id}}", lambda asked: _workflows(asked).update(asked.named, asked.body))
    yield Call("DELETE", f"{path}/{{id}}", lambda asked: _workflows(asked).delete(asked.named))


def _builder(asked: Asked) -> AgentBuilder:
    if not asked.deployment.allows("enterprise"):
        raise Refused(403, "Invalid license level. Agent Builder APIs require an Enterprise license or higher.")
    return AgentBuilder(asked.deployment, asked.space)


def _delete_tool(asked: Asked) -> Any:
    return _builder(asked).delete_tool(asked.named, force=asked.request.query_params.get("force") == "true")


TOOLS, TOOL = "/api/agent_builder/tools", "/api/agent_builder/tools/{id}"
ALL_AGENTS, AGENT = "/api/agent_builder/agents", "/api/agent_builder/agents/{id}"
AGENTS = (
    Call("POST", TOOLS, lambda asked: _builder(asked).create_tool(asked.body)),
    Call("GET", TOOL, lambda asked: _builder(asked).tool(asked.named)),
    Call("PUT", TOOL, lambda asked: _builder(asked).update_tool(asked.named, asked.body)),
    Call("DELETE", TOOL, _delete_tool),
    Call("POST", ALL_AGENTS, lambda asked: _builder(asked).create_agent(asked.body)),
    Call("GET", AGENT, lambda asked: _builder(asked).agent(asked.named)),
    Call("PUT", AGENT, lambda asked: _builder(asked).update_agent(asked.named, asked.body)),
    Call("DELETE", AGENT, lambda asked: _builder(asked).delete_agent(asked.named)),
)
