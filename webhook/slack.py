"""Buttons in Slack: a person's wish for a ticket, and what people say of a root cause.

Slack signs what it sends (https://docs.slack.dev/authentication/verifying-requests-from-slack), so this route has an
authentication of its own. It records and enqueues, and answers within Slack's three seconds; a body that comes twice
changes nothing.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus

import structlog
from fastapi import Request, Response

from webhook.accept import read_body
from webhook.problems import problem, try_again
from worker import audit
from worker.announcing import AnnouncingIncidents, ask_for
from worker.delivery.slack.interaction import Asked, Judged, actions_in
from worker.domain.incident import Feedback
from worker.errors import IncidentUnknown, RequestRefused
from worker.feedback import judge
from worker.ports import ReportStore

PATH = "/v1/slack/interactions"
TOLERANCE_SECONDS = 300.0
ANSWER_TIMEOUT_SECONDS = 2.5
VERSION = "v0"
NOT_SIGNED = "this is not signed by Slack, or too long ago: the signature covers the body and X-Slack-Request-Timestamp"

log = structlog.get_logger(__name__)


class Signatures:
    """Tells what Slack has sent from what it has not."""

    def __init__(self, secret: str, *, clock: Callable[[], float] = time.time) -> None:
        self._secret = secret.encode()
        self._clock = clock

    def is_recent(self, timestamp: str) -> bool:
        """Within five minutes, before or after: what somebody has recorded is worth nothing later."""
        return timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 12 and self._is_near(int(timestamp))

    def _is_near(self, seconds: int) -> bool:
        return abs(self._clock() - seconds) <= TOLERANCE_SECONDS

    def is_valid(self, body: bytes, *, timestamp: str, signature: str) -> bool:
        signed = f"{VERSION}:{timestamp}:".encode() + body
        expected = f"{VERSION}={hmac.new(self._secret, signed, hashlib.sha256).hexdigest()}"
        return self.is_recent(timestamp) and hmac.compare_digest(expected.encode(), signature.encode())


def interactions_route(
    signatures: Signatures, incidents: AnnouncingIncidents, reports: ReportStore, *, max_body_bytes: int
) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint of `POST /v1/slack/interactions`."""

    async def take(request: Request) -> Response:
        timestamp = request.headers.get("x-slack-request-timestamp", "")
        signature = request.headers.get("x-slack-signature", "")
        if not (signature and signatures.is_recent(timestamp)):
            return problem(HTTPStatus.UNAUTHORIZED, NOT_SIGNED)
        body = await read_body(request, max_body_bytes)
        if not signatures.is_valid(body, timestamp=timestamp, signature=signature):
            return problem(HTTPStatus.UNAUTHORIZED, NOT_SIGNED)
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_SECONDS):
                await asyncio.to_thread(_act, body, incidents, reports)
        except TimeoutError:
            return try_again("it could not be recorded in time: press the button again")
        return Response(status_code=HTTPStatus.OK)

    return take


def _act(body: bytes, incidents: AnnouncingIncidents, reports: ReportStore) -> None:
    """Raises EvidenceUnavailable."""
    for action in actions_in(body):
        try:
            _record(action, incidents, reports)
        except (IncidentUnknown, RequestRefused) as error:
            log.warning(
                "a button in Slack was pressed in vain",
                action="slack-action-refused",
                reason=error.reason,
                by=action.by,
            )
            _audit(action, "failure", reason=error.reason)
        else:
            _audit(action, "success")


def _audit(action: Asked | Judged, outcome: audit.Outcome, reason: str | None = None) -> None:
    what = "delivery-ask" if isinstance(action, Asked) else "root-cause-judge"
    about = {"destination": action.destination} if isinstance(action, Asked) else {"right": action.right}
    audit.record(what, by=action.by, on=action.incident_id, outcome=outcome, reason=reason, **about)


def _record(action: Asked | Judged, incidents: AnnouncingIncidents, reports: ReportStore) -> None:
    if isinstance(action, Asked):
        ask_for(action.incident_id, action.destination, incidents=incidents, by=action.by)
        return
    said = Feedback(at=action.at, by=action.by, report_id=action.report_id, right=action.right, root_cause=None)
    judge(action.incident_id, said, incidents=incidents, reports=reports)
