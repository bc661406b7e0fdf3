"""Every error as a problem document. https://www.rfc-editor.org/rfc/rfc9457"""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Literal

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException

from worker.errors import AlertNotSaved, EvidenceUnavailable, QueueUnavailable

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 5
# Names of fields are the sender's own, however long.
LONGEST_DETAIL = 1_000
# What browsers may do with an answer that is not one of our pages: nothing.
SECURITY_HEADERS = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}

log = structlog.get_logger(__name__)


class Problem(BaseModel):
    """What is wrong, and in `detail` what to do about it."""

    type: Literal["about:blank"]
    title: str
    status: int
    detail: str


def problem(status: int, detail: str, *, headers: Mapping[str, str] | None = None) -> Response:
    document = json.dumps(problem_document(status, detail))
    return Response(
        document, status_code=status, media_type=MEDIA_TYPE, headers={**SECURITY_HEADERS, **(headers or {})}
    )


def problem_document(status: int, detail: str) -> dict[str, str | int]:
    return {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": int(status), "detail": detail}


def described(reasons: Mapping[int, str]) -> dict[int | str, dict[str, Any]]:
    """Answers that are problems, by status, as the OpenAPI document of a route has them."""
    content = {MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{Problem.__name__}"}}}
    return {int(status): {"description": why, "content": content} for status, why in reasons.items()}


def expecting(model: type[BaseModel]) -> dict[str, Any]:
    """The body of a route that reads it itself, as the OpenAPI document has it."""
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def complaints(error: ValidationError) -> str:
    """What is wrong with which field; what was sent is not repeated."""
    told = (f"{'.'.join(map(str, one['loc']))}: {one['msg'].removeprefix('Value error, ')}" for one in error.errors())
    return "; ".join(told).removeprefix(": ")[:1000]


def try_again(detail: str, *, after_seconds: int = RETRY_AFTER_SECONDS) -> Response:
    # Kibana reads whole seconds only.
    return problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers={"retry-after": str(after_seconds)})


def add_problem_handlers(app: FastAPI) -> None:
    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        return problem(error.status_code, _detail(request, error), headers=error.headers)

    @app.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: RequestValidationError) -> Response:
        wrong = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, wrong[:LONGEST_DETAIL])

    @app.exception_handler(AlertNotSaved)
    async def _not_saved(_: Request, error: AlertNotSaved) -> Response:
        return try_again(error.reason, after_seconds=error.retry_after_seconds)

    @app.exception_handler(QueueUnavailable)
    async def _no_queue(_: Request, error: QueueUnavailable) -> Response:
        return try_again(error.reason)

    @app.exception_handler(EvidenceUnavailable)
    async def _no_evidence(_: Request, error: EvidenceUnavailable) -> Response:
        return try_again(error.reason)

    @app.exception_handler(Exception)
    async def _unforeseen(request: Request, error: Exception) -> Response:
        # The one place of this process that meets what nobody foresaw; the server raises it again.
        log.error("the webhook failed", action="request-failed", path=request.url.path, error_type=type(error).__name__)
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "something went wrong here; the log says what")


def _detail(request: Request, error: HTTPException) -> str:
    """What the framework leaves at the status's own name says what was asked for instead."""
    if error.detail != HTTPStatus(error.status_code).phrase:
        return error.detail
    path = request.url.path[:200]
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return f"{path} does not take {request.method}"
    return f"there is nothing at {path}" if error.status_code == HTTPStatus.NOT_FOUND else error.detail
