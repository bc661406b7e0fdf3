"""The OpenAPI document of the routes that programs use: from the routes themselves, with what all of them share."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from http import HTTPStatus
from typing import Any, NamedTuple

from fastapi import APIRouter, FastAPI
from pydantic import TypeAdapter
from starlette.responses import JSONResponse

from webhook.access import OPEN_PATHS, role_of
from webhook.kibana_payload import PATH as ALERTS
from webhook.kibana_payload import SCHEMA as ALERT_SCHEMA
from webhook.problems import Problem, described
from webhook.questions import QuestionRequest
from webhook.replays import ReplayRequest
from worker.answering.answer import Answer, NotUnderstood, Series
from worker.credentials import Role
from worker.ports import Acceptance

Json = dict[str, Any]
Reasons = dict[int, str]

PATH = "/openapi.json"
TITLE = "SpikeTrace"
DESCRIPTION = (
    "What Kibana's connector posts to, and what programs read and ask. Errors are problem documents (RFC 9457). "
    "The pages for people and the route that Slack signs are not described here."
)
REFERENCE = "#/components/schemas/{model}"
# Every one of them will do. docs/security.md
SCHEMES = {
    "basic": {"type": "http", "scheme": "basic"},
    "bearer": {"type": "http", "scheme": "bearer"},
    "token": {"type": "apiKey", "in": "header", "name": "X-SpikeTrace-Token"},
}
STRANGER: Reasons = {HTTPStatus.UNAUTHORIZED: "Nobody is known by these credentials."}
FORBIDDEN: Reasons = {HTTPStatus.FORBIDDEN: "The credential lacks the role, or another site's page asks."}
TOO_OFTEN: Reasons = {HTTPStatus.TOO_MANY_REQUESTS: "Too many requests a minute with this credential."}
AWAY: Reasons = {HTTPStatus.SERVICE_UNAVAILABLE: "The broker or Elasticsearch does not answer: try again."}
TOO_LARGE: Reasons = {HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is larger than the webhook takes."}
RETRY_AFTER = {"Retry-After": {"description": "Whole seconds.", "schema": {"type": "integer", "minimum": 0}}}
# The framework's own form of it, which no answer here has.
NOT_OURS = ("HTTPValidationError", "ValidationError")


def openapi_router(app: FastAPI) -> APIRouter:
    """`GET /openapi.json`, for those who may read."""
    router = APIRouter(include_in_schema=False)
    document = cache(lambda: document_of(app))

    @router.get(PATH)
    def openapi() -> JSONResponse:
        return JSONResponse(document())

    return router


def document_of(app: FastAPI) -> Json:
    """All routes but those for people and for Slack. Changes nothing in `app`."""
    document: Json = json.loads(json.dumps(app.openapi()))
    document["paths"][ALERTS] = {"post": _taking_alerts()}
    schemas = document["components"]["schemas"]
    schemas |= {name: schema for name, schema in _shared_schemas().items() if name not in schemas}
    for name in NOT_OURS:
        schemas.pop(name, None)
    document["components"]["securitySchemes"] = SCHEMES
    document["security"] = [{name: []} for name in SCHEMES]
    for method, path, operation in _operations(document):
        _complete(operation, None if path in OPEN_PATHS else role_of(method, path))
    return document


def _operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method.upper(), path, operation


def _complete(operation: Json, role: Role | None) -> None:
    """What authentication and limits answer, as the middleware does before any route is reached."""
    answers = operation["responses"]
    if "requestBody" not in operation or "HTTPValidationError" in json.dumps(answers.get("422", {})):
        answers.pop("422", None)
    if role is None:
        operation["security"] = []
    else:
        operation["description"] = f"{operation.get('description', '')}\n\nTakes the role `{role}`.".strip()
        _add(answers, STRANGER | FORBIDDEN | AWAY | (TOO_OFTEN if role is not Role.DELIVER else {}))
    if "requestBody" in operation:
        _add(answers, TOO_LARGE)
    for status in answers.keys() & {"429", "503"} if role else ():
        answers[status]["headers"] = RETRY_AFTER
    operation["responses"] = dict(sorted(answers.items()))


def _add(answers: Json, reasons: Reasons) -> None:
    """Unless the route says it itself."""
    for status, answer in described(reasons).items():
        answers.setdefault(str(status), answer)


def _taking_alerts() -> Json:
    """A plain route, which the framework does not describe (`webhook.app`)."""
    answers: Json = {"202": {"description": "The alert is on disk.", "content": _json(Acceptance)}}
    _add(answers, {HTTPStatus.BAD_REQUEST: "This is no alert; it is kept as a dead letter."})
    return {
        "tags": ["alerts"],
        "summary": "Take an alert",
        "description": "The body of the shipped connectors. More is taken than is required here, and read as far as "
        "it can be: Kibana renders what is missing as an empty string.",
        "operationId": "takeAlert",
        "requestBody": {"required": True, "content": {"application/json": {"schema": ALERT_SCHEMA}}},
        "responses": answers,
    }


def _json(model: type) -> Json:
    return {"application/json": {"schema": {"$ref": REFERENCE.format(model=model.__name__)}}}


def _shared_schemas() -> Json:
    """Those that routes name and the framework does not meet."""
    found = _answer_schemas()
    for model in (Problem, QuestionRequest, ReplayRequest):
        schema = model.model_json_schema(ref_template=REFERENCE)
        found |= schema.pop("$defs", {}) | {model.__name__: schema}
    return found | {Acceptance.__name__: _as_object(Acceptance, TypeAdapter(Acceptance).json_schema())}


def _answer_schemas() -> Json:
    """Of what `worker.answering.answer.told` makes: named tuples as objects, and nothing of the report explained."""
    answer = TypeAdapter(Answer).json_schema(mode="serialization", ref_template=REFERENCE)
    parts: Json = answer.pop("$defs")
    del answer["properties"]["explained"]
    for named in (Series, NotUnderstood):
        parts[named.__name__] = _as_object(named, parts[named.__name__])
    return parts | {"Answer": answer}


def _as_object(named: type[NamedTuple], schema: Json) -> Json:
    """Named tuples are told as objects."""
    fields = dict(zip(named._fields, schema["prefixItems"], strict=True))
    return {"type": "object", "properties": fields, "required": list(fields)}
