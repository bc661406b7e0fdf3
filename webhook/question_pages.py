"""The pages of questions: a field to ask in, what happens meanwhile, the answer, and a ticket where one is offered.

Everything works by plain forms; a script adds the steps as they come. Whoever mounts the router authenticates its
readers, and keeps other sites from posting here (`webhook.auth`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import parse_qs, quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.sse import KEEPALIVE_COMMENT, EventSourceResponse, format_sse_event
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from webhook import metrics
from webhook.accept import read_body
from webhook.answer_view import progress_of, read_answer, view_of
from webhook.audited import audited
from webhook.pages import PAGE_HEADERS, page
from webhook.problems import complaints
from webhook.questions import MAX_BODY_BYTES, UNBUFFERED, Counter, QuestionRequest, event_of, subject_of
from worker.answering.answer import Answer, Offer
from worker.answering.yes import Taken, TicketDesk, became_of, take_up
from worker.credentials import Role
from worker.domain.asked import Asked
from worker.domain.incident import Incident
from worker.errors import EvidenceUnavailable, IncidentUnknown, QueueUnavailable, RequestRefused

EXAMPLES = (
    "Why did emissions spike in us-central1 yesterday?",
    "Which services contributed most to CO₂ in the last 24 hours?",
    "What's going wrong with checkout in us-central1?",
    "What incidents are affecting payments in europe-west1 this week?",
)
# Of all pages these alone have forms, and a script that listens for steps.
HEADERS = {
    **PAGE_HEADERS,
    "Content-Security-Policy": PAGE_HEADERS["Content-Security-Policy"].replace(
        "form-action 'none'", "form-action 'self'; connect-src 'self'"
    ),
}


@dataclass(frozen=True)
class Surroundings:
    """What pages of answers need: where tickets come from, and the only places that links lead to."""

    tickets: TicketDesk
    kibana_url: str | None
    public_url: str


def question_pages_router(counter: Counter, around: Surroundings) -> APIRouter:
    """`/questions`, `/questions/{id}`, its events, and its ticket."""
    router = APIRouter(include_in_schema=False)

    @router.get("/questions", response_class=HTMLResponse)
    def begin() -> HTMLResponse:
        return _form()

    @router.post("/questions", response_class=HTMLResponse)
    async def ask(request: Request) -> Response:
        return await _asked(await read_body(request, MAX_BODY_BYTES), counter)

    @router.get("/questions/{question_id}", response_class=HTMLResponse)
    async def one(question_id: str, request: Request) -> HTMLResponse:
        return await _shown(question_id, counter, around, request)

    @router.get("/questions/{question_id}/events", response_model=None)
    async def events(question_id: str) -> Response:
        if await counter.feed.desk.find(question_id) is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, "there is no such question, or it was asked too long ago")
        return EventSourceResponse(_steps(question_id, counter), headers=UNBUFFERED)

    @router.post("/questions/{question_id}/ticket", response_class=HTMLResponse)
    async def ticket(question_id: str, request: Request) -> HTMLResponse:
        return await _shown(question_id, counter, around, request, is_yes=True)

    @router.get("/questions/{question_id}/ticket")
    def back(question_id: str) -> Response:
        """Whoever opens the address of a pressed button anew presses nothing."""
        return RedirectResponse(f"/questions/{quote(question_id)}", HTTPStatus.SEE_OTHER, headers=HEADERS)

    return router


def _form(
    question: str = "", zone: str = "UTC", *, complaint: str | None = None, status: int = HTTPStatus.OK
) -> HTMLResponse:
    values = {"question": question, "zone": zone, "complaint": complaint, "examples": EXAMPLES}
    return page("questions.html", status=status, headers=HEADERS, **values)


async def _asked(body: bytes, counter: Counter) -> Response:
    """To the page of the question, which can be loaded again without asking again; or the form with what is wrong."""
    fields = parse_qs(body.decode(errors="replace"), max_num_fields=10)
    question, zone = (" ".join(fields.get(name, [""])[-1].split()) for name in ("question", "timezone"))
    try:
        asked = await counter.hand_in(QuestionRequest(question=question, timezone=zone or "UTC"))
    except ValidationError as error:
        return _form(question, zone, complaint=complaints(error), status=HTTPStatus.UNPROCESSABLE_ENTITY)
    except HTTPException as error:
        return _form(question, zone, complaint=error.detail, status=error.status_code)
    except QueueUnavailable as error:
        return _form(question, zone, complaint=error.reason, status=HTTPStatus.SERVICE_UNAVAILABLE)
    metrics.QUESTIONS.labels("asked_on_page").inc()
    return RedirectResponse(f"/questions/{asked.question_id}", HTTPStatus.SEE_OTHER, headers=HEADERS)


async def _steps(question_id: str, counter: Counter) -> AsyncIterator[bytes]:
    """What the script adds to the page, which it then loads again: that says the rest, errors as well."""
    with suppress(QueueUnavailable):
        async for one in counter.feed.follow(question_id):
            if one and one.is_last:
                break
            yield event_of(one) if one else KEEPALIVE_COMMENT
    yield format_sse_event(event="over", data_str="{}")


async def _shown(
    question_id: str, counter: Counter, around: Surroundings, request: Request, *, is_yes: bool = False
) -> HTMLResponse:
    try:
        found = await counter.feed.state(question_id, datetime.now(UTC))
    except QueueUnavailable as error:
        return page("unavailable.html", status=HTTPStatus.SERVICE_UNAVAILABLE, headers=HEADERS, reason=error.reason)
    if found is None:
        return page("no_question.html", status=HTTPStatus.NOT_FOUND, headers=HEADERS)
    asked, told = found
    answer = next((read_answer(one.data) for one in told if one.name == "answer"), None)
    if answer is None:
        return page("question.html", headers=HEADERS, progress=progress_of(asked, told), zone=asked.zone)
    return await run_in_threadpool(_answered, asked, answer, around, request, is_yes=is_yes)


def _answered(asked: Asked, answer: Answer, around: Surroundings, request: Request, *, is_yes: bool) -> HTMLResponse:
    taken = None
    if answer.offer:
        taken = _take_up(answer.offer, around.tickets, request) if is_yes else _became_of(answer.offer, around.tickets)
    incident_id = (answer.offer.incident_id if answer.offer else None) or (taken.incident_id if taken else None)
    incident = _incident(incident_id, around.tickets)
    view = view_of(answer, incident, kibana_url=around.kibana_url, public_url=around.public_url)
    may_act = Role.ACT in request.user.roles
    return page("answer.html", headers=HEADERS, asked=asked, view=view, taken=taken, zone=asked.zone, may_act=may_act)


def _became_of(offer: Offer, tickets: TicketDesk) -> Taken | None:
    """Without it the answer is shown all the same."""
    try:
        return became_of(offer, tickets)
    except EvidenceUnavailable:
        return None


def _take_up(offer: Offer, tickets: TicketDesk, request: Request) -> Taken:
    try:
        with audited("ticket-ask", request, on=subject_of(offer)):
            return take_up(offer, tickets, by=f"{request.user.display_name}, on the page of questions")
    except (RequestRefused, IncidentUnknown, EvidenceUnavailable, QueueUnavailable) as error:
        return Taken("failed", error.reason)


def _incident(incident_id: str | None, tickets: TicketDesk) -> Incident | None:
    """Without it the answer is shown all the same."""
    try:
        return tickets.incidents.get(incident_id) if incident_id else None
    except EvidenceUnavailable:
        return None
