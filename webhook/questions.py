"""Questions by HTTP: `POST /v1/questions`, answered by a worker as server-sent events or in one piece of JSON.

    event: understood   data: {"text": how the question was taken}
    event: step         data: {"kind": "looking" | "found" | "asking_model", "text": …}
    event: answer       data: the whole Answer (`worker.answering.answer.told`)
    event: error        data: a problem document (RFC 9457)

`answer` or `error` is the last. Comments keep the connection alive. https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from secrets import token_hex
from typing import Any, Literal

from fastapi import APIRouter, Request, Response
from fastapi.sse import KEEPALIVE_COMMENT, EventSourceResponse, format_sse_event
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from webhook import metrics
from webhook.accept import read_body
from webhook.audited import audited
from webhook.documents import DOCUMENT_ID
from webhook.problems import complaints, described, expecting, problem, problem_document
from webhook.question_feed import Feed
from worker.answering.answer import Offer
from worker.answering.yes import TicketDesk, take_up
from worker.answering.zones import zone_named
from worker.domain.asked import LONGEST_QUESTION, LONGEST_ZONE, Asked, Told, failed
from worker.domain.redaction.redact import redact
from worker.errors import IncidentUnknown, QueueUnavailable, RequestRefused
from worker.store.rate_limit import Rate, RedisRateLimit

MAX_BODY_BYTES = 8_192
# Whoever asks: it is the workers that are not to be overrun.
EVERYBODY = "all together"
EVENTS, JSON = "text/event-stream", "application/json"
STATUS = {
    "refused": HTTPStatus.UNPROCESSABLE_ENTITY,
    "unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
    "lost": HTTPStatus.SERVICE_UNAVAILABLE,
    "late": HTTPStatus.GATEWAY_TIMEOUT,
    "error": HTTPStatus.INTERNAL_SERVER_ERROR,
}
# A proxy that collects what it passes on would hold the steps back. https://nginx.org/en/docs/http/ngx_http_proxy_module.html
UNBUFFERED = {"x-accel-buffering": "no", "cache-control": "no-store"}

# Each event; OpenAPI 3.1 has no other way to say it. https://spec.openapis.org/oas/v3.2.0.html#sequential-media-types
EVENT: dict[str, Any] = {
    "type": "object",
    "required": ["event", "data"],
    "properties": {
        "event": {"enum": ["understood", "step", "answer", "error"]},
        "data": {"type": "string", "contentMediaType": JSON},
    },
}
DOCUMENTED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events `understood`, `step`, then `answer` or `error`; or the answer alone, as JSON.",
        "content": {EVENTS: {"schema": EVENT}, JSON: {"schema": {"$ref": "#/components/schemas/Answer"}}},
    },
    **described(
        {
            HTTPStatus.NOT_ACCEPTABLE: "Neither events nor JSON are accepted.",
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE: f"The body is larger than {MAX_BODY_BYTES} bytes.",
            HTTPStatus.UNPROCESSABLE_ENTITY: "There is no question in the body, or it is too long.",
            HTTPStatus.TOO_MANY_REQUESTS: "Too many questions were asked within a minute; `Retry-After` says when.",
            HTTPStatus.SERVICE_UNAVAILABLE: "The broker does not answer; as JSON also: the engine does not.",
            HTTPStatus.GATEWAY_TIMEOUT: "As JSON only: no worker began, or none answered, in time.",
        }
    ),
}

Enqueue = Callable[[str], None]


class QuestionRequest(BaseModel):
    """What `POST /v1/questions` takes. `timezone`: the clock of "yesterday" and "14:30", UTC unless it is said."""

    model_config = ConfigDict(extra="forbid")

    question: str = Field(max_length=LONGEST_QUESTION)
    timezone: str = Field(default="UTC", min_length=1, max_length=LONGEST_ZONE)

    @field_validator("question")
    @classmethod
    def _says_something(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("ask something, for example: Which services contributed most to CO₂ in the last 24 hours?")
        return value.strip()

    @field_validator("timezone")
    @classmethod
    def _is_a_clock(cls, value: str) -> str:
        if zone_named(value) is None:
            raise ValueError("there is no such time zone: name it like Europe/Berlin, UTC or +02:00")
        return value


@dataclass(frozen=True)
class Counter:
    """Where questions are handed in, by machines and from the page alike."""

    feed: Feed
    enqueue: Enqueue
    counts: RedisRateLimit
    per_minute: int

    async def hand_in(self, question: QuestionRequest) -> Asked:
        """Raises HTTPException 429, QueueUnavailable. Secrets are taken out before anybody keeps the question."""
        if (wait := await self.counts.take(Rate("questions", self.per_minute, 60), EVERYBODY)) is not None:
            metrics.QUESTIONS.labels("too_many").inc()
            raise HTTPException(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"at most {self.per_minute} questions a minute are taken here (SPIKETRACE_QUESTIONS_PER_MINUTE)",
                headers={"retry-after": str(max(1, math.ceil(wait)))},
            )
        text, zone = redact(question.question), question.timezone
        asked = Asked(question_id=f"q-{token_hex(12)}", question=text, zone=zone, asked_at=datetime.now(UTC))
        await self.feed.desk.ask(asked)
        await run_in_threadpool(self.enqueue, asked.question_id)
        return asked


EXPECTED = expecting(QuestionRequest)


def questions_router(counter: Counter) -> APIRouter:
    """`POST /v1/questions`"""
    router = APIRouter(tags=["questions"], default_response_class=Response)

    @router.post(
        "/v1/questions",
        operation_id="askQuestion",
        response_model=None,
        responses=DOCUMENTED,
        openapi_extra=EXPECTED,
    )
    async def ask(request: Request) -> Response:
        """A question in plain words: events as they come, or with `Accept: application/json` the answer alone."""
        wants = wanted(request.headers.get("accept", "*/*"))
        question = understood(await read_body(request, MAX_BODY_BYTES))
        asked = await counter.hand_in(question)
        return await _in_one_piece(counter.feed, asked, request) if wants == JSON else _streamed(counter.feed, asked)

    return router


class Ticket(BaseModel):
    """`asked`: it is on its way. `investigating`: say yes again in a moment. The rest is the end."""

    state: Literal["asked", "investigating", "no_incident", "failed"]
    sentence: str
    incident_id: str | None = None


NOT_TAKEN_UP = described(
    {
        HTTPStatus.BAD_REQUEST: "The body cannot be read.",
        HTTPStatus.NOT_FOUND: "There is no such incident.",
        HTTPStatus.CONFLICT: "Settings or policy do not provide for a ticket there.",
        HTTPStatus.UNPROCESSABLE_ENTITY: "The body is no offer.",
    }
)


class Yes(BaseModel):
    """What `POST /v1/questions/tickets` takes: an answer's `offer` as it is. `by` is for the incident's history."""

    model_config = ConfigDict(extra="forbid")

    offer: Offer
    by: str = Field(default="someone, over HTTP", min_length=1, max_length=100)

    @field_validator("offer")
    @classmethod
    def _is_of_something(cls, offer: Offer) -> Offer:
        if not offer.destinations or (offer.incident_id is None) == (offer.alert is None):
            raise ValueError("an offer has destinations, and an incident_id or an alert")
        if offer.incident_id is not None and DOCUMENT_ID.fullmatch(offer.incident_id) is None:
            raise ValueError("incident_id is no incident's id")
        return offer


def tickets_router(tickets: TicketDesk) -> APIRouter:
    """`POST /v1/questions/tickets`: a yes to an offer, which may be said again until it has come to an end."""
    router = APIRouter(tags=["questions"])

    @router.post(
        "/v1/questions/tickets",
        operation_id="takeUpOffer",
        status_code=HTTPStatus.ACCEPTED,
        responses=NOT_TAKEN_UP,
    )
    def say_yes(yes: Yes, request: Request) -> Ticket:
        """Say yes to the ticket that an answer offers. The same yes again opens nothing twice."""
        with audited("ticket-ask", request, on=subject_of(yes.offer), **{"for": yes.by}):
            return _taken(yes, tickets)

    return router


def subject_of(offer: Offer) -> str:
    """The incident, or the alert that is handed in, that a yes is about."""
    return offer.incident_id or (offer.alert.alert_id if offer.alert else "")


def _taken(yes: Yes, tickets: TicketDesk) -> Ticket:
    """Raises HTTPException: 404 for an unknown incident, 409 for what settings or policy do not provide for."""
    try:
        return Ticket(**take_up(yes.offer, tickets, by=yes.by)._asdict())
    except IncidentUnknown as error:
        raise HTTPException(HTTPStatus.NOT_FOUND, error.reason) from None
    except RequestRefused as error:
        raise HTTPException(HTTPStatus.CONFLICT, error.reason) from None


def wanted(accept: str) -> str:
    """Events, unless JSON is asked for and events are not. Raises HTTPException 406 for anything else."""
    types = {part.split(";")[0].strip().lower() for part in accept.split(",")}
    if types & {EVENTS, "*/*", "text/*", ""}:
        return EVENTS
    if types & {JSON, "application/*"}:
        return JSON
    raise HTTPException(HTTPStatus.NOT_ACCEPTABLE, f"an answer comes as {EVENTS} or as {JSON}")


def understood(body: bytes) -> QuestionRequest:
    """Raises HTTPException 422."""
    try:
        return QuestionRequest.model_validate_json(body or b"{}")
    except ValidationError as error:
        metrics.QUESTIONS.labels("invalid").inc()
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, complaints(error)) from error


def _streamed(feed: Feed, asked: Asked) -> Response:
    return EventSourceResponse(_events(feed, asked), headers=UNBUFFERED)


async def _events(feed: Feed, asked: Asked) -> AsyncIterator[bytes]:
    outcome = "left"
    try:
        async for one in feed.follow(asked.question_id):
            outcome = _outcome(one) if one and one.is_last else outcome
            yield event_of(one) if one else KEEPALIVE_COMMENT
    except QueueUnavailable as error:
        outcome = "failed"
        yield event_of(failed("unavailable", error.reason))
    finally:
        await _over(feed, asked, outcome)


async def _in_one_piece(feed: Feed, asked: Asked, request: Request) -> Response:
    last = None
    try:
        async for one in feed.follow(asked.question_id):
            last = one if one and one.is_last else last
            if one is None and await request.is_disconnected():
                break
    finally:
        await _over(feed, asked, _outcome(last) if last else "left")
    if last is None:
        return problem(HTTPStatus.BAD_REQUEST, "whoever asked went away")
    return JSONResponse(last.data, headers=UNBUFFERED) if last.name == "answer" else problem(*status_and_detail(last))


async def _over(feed: Feed, asked: Asked, outcome: str) -> None:
    """Nobody waits any more: the worker sees that at its next step. Done also where the client went away."""
    metrics.QUESTIONS.labels(outcome).inc()
    metrics.QUESTION_SECONDS.observe((datetime.now(UTC) - asked.asked_at).total_seconds())
    with suppress(QueueUnavailable):
        await asyncio.shield(asyncio.ensure_future(feed.desk.forget(asked.question_id)))


def _outcome(told: Told) -> str:
    return "answered" if told.name == "answer" else str(told.data["kind"])


def event_of(told: Told) -> bytes:
    """As it goes over the wire."""
    name, data = told.name, told.data
    if name == "failed":
        return format_sse_event(event="error", data_str=json.dumps(problem_document(*status_and_detail(told))))
    return format_sse_event(event=name, data_str=json.dumps(data, ensure_ascii=False))


def status_and_detail(told: Told) -> tuple[int, str]:
    return STATUS[told.data["kind"]], str(told.data["reason"])
