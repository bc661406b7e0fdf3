"""Taking in what Kibana posts: nothing is acknowledged before it is safe.

The first safe place is the broker's append-only file, many alerts at one sync. Where the broker is away, or
cannot say that the file is on the disk, it is Elasticsearch. Where neither is, the answer is 503 and Kibana
tries again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Protocol

import structlog
from fastapi import Request, Response
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from webhook import metrics
from webhook.kibana_payload import parse_alert
from webhook.problems import problem
from worker.errors import AlertNotSaved, EvidenceUnavailable, InvalidAlert, QueueUnavailable
from worker.kibana_body import letter_about
from worker.ports import Acceptance, AlertStore, DeadLetterStore, Letter, Notification, Recorded
from worker.store.group_commit import GroupCommit
from worker.store.inbox import Appended, Submission
from worker.tracing import HEADER, span, traceparent

GROUP_LIMIT = 500
WAITING_LIMIT = 20_000
# An alert has its answer within five seconds, whatever hangs behind us.
ANSWER_TIMEOUT_SECONDS = 4.5
# A broker that just failed is not asked again for every group.
BROKER_REST_SECONDS = 2.0
NOT_SAVED = "neither the broker nor Elasticsearch took the alert: send it again"

log = structlog.get_logger(__name__)


class InboxLog(Protocol):
    async def append(self, submissions: Sequence[Submission]) -> Appended: ...


class Acceptor:
    """Makes what arrives safe, in groups. `on_safe` is called when the inbox has got something to take in."""

    def __init__(
        self, log: InboxLog, alerts: AlertStore, dead_letters: DeadLetterStore, on_safe: Callable[[], None]
    ) -> None:
        self._log = log
        self._alerts = alerts
        self._dead_letters = dead_letters
        self._on_safe = on_safe
        self._broker_rests_until = 0.0
        self._groups: GroupCommit[Submission, Acceptance | None] = GroupCommit(self._save, limit=GROUP_LIMIT)

    async def accept(self, submission: Submission) -> Acceptance:
        """Raises AlertNotSaved."""
        if self._groups.waiting >= WAITING_LIMIT:
            raise AlertNotSaved("too many alerts wait to be saved: send it again")
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_SECONDS):
                acceptance = await self._groups.commit(submission)
        except TimeoutError:
            raise AlertNotSaved(NOT_SAVED) from None
        if acceptance is None:
            raise AlertNotSaved(NOT_SAVED)
        return acceptance

    async def close(self) -> None:
        await self._groups.close()

    async def _save(self, group: Sequence[Submission]) -> Sequence[Acceptance | None]:
        """None where Elasticsearch will never take that one and the broker is not safe."""
        appended = await self._append(group)
        if appended:
            self._on_safe()
            if appended.is_safe:
                metrics.SAVED_GROUPS.labels("broker").inc()
                return appended.acceptances
            self._rest_broker("its append-only file is off or not written in time")
        recorded = await self._record_elsewhere(group)
        if not appended:
            return recorded
        return [told if known else None for told, known in zip(appended.acceptances, recorded, strict=True)]

    async def _append(self, group: Sequence[Submission]) -> Appended | None:
        if time.monotonic() < self._broker_rests_until:
            return None
        try:
            return await self._log.append(group)
        except QueueUnavailable as error:
            self._rest_broker(error.reason)
            return None

    def _rest_broker(self, reason: str) -> None:
        self._broker_rests_until = time.monotonic() + BROKER_REST_SECONDS
        log.warning("the broker is passed over: alerts go to Elasticsearch", action="broker-passed-over", reason=reason)

    async def _record_elsewhere(self, group: Sequence[Submission]) -> list[Acceptance | None]:
        try:
            recorded = await asyncio.to_thread(self._record, group)
        except EvidenceUnavailable as error:
            log.warning("alerts could not be saved", action="alerts-not-saved", alerts=len(group), reason=error.reason)
            raise AlertNotSaved(NOT_SAVED) from error
        metrics.SAVED_GROUPS.labels("elasticsearch").inc()
        return recorded

    def _record(self, group: Sequence[Submission]) -> list[Acceptance | None]:
        """Straight into Elasticsearch, from where the sweep puts them on the queue. Raises EvidenceUnavailable."""
        notifications = [item for item in group if isinstance(item, Notification)]
        recorded = iter(self._alerts.record(notifications) if notifications else ())
        return [self._keep(item) if isinstance(item, Letter) else _acceptance(next(recorded)) for item in group]

    def _keep(self, letter: Letter) -> Acceptance:
        self._dead_letters.put(letter.letter_id, reason=letter.reason, kind=letter.kind, payload=letter.payload)
        return Acceptance(alert_id=letter.letter_id, status="accepted")


def _acceptance(recorded: Recorded) -> Acceptance | None:
    return None if recorded.refused else Acceptance(alert_id=recorded.alert_id, status=recorded.status)


def accept_route(acceptor: Acceptor, *, max_body_bytes: int) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint of `POST /v1/alerts/kibana`."""

    async def accept_alert(request: Request) -> Response:
        body = await read_body(request, max_body_bytes)
        received_at = datetime.now(UTC)
        try:
            alert = parse_alert(body, received_at=received_at)
        except InvalidAlert as error:
            return await _refuse(acceptor, body, error.reason)
        notification = Notification(alert=alert, received_at=received_at)
        came_from = request.headers.get(HEADER)
        with metrics.ACCEPT_SECONDS.time(), span("accept alert", parent=came_from, kind="server"):
            return await _accept(acceptor, notification.model_copy(update={"traceparent": traceparent()}))

    return accept_alert


async def _accept(acceptor: Acceptor, notification: Notification) -> Response:
    try:
        acceptance = await acceptor.accept(notification)
    except AlertNotSaved:
        metrics.ALERTS.labels("not_saved").inc()
        raise
    metrics.ALERTS.labels(acceptance.status).inc()
    log.info(
        "alert taken",
        **{
            "event.action": f"alert-{acceptance.status}",
            "kibana.alert.uuid": notification.alert.uuid,
            "rule.id": notification.alert.rule.id,
            "alert_id": acceptance.alert_id,
        },
    )
    return JSONResponse(acceptance.model_dump(), status_code=HTTPStatus.ACCEPTED)


async def _refuse(acceptor: Acceptor, body: bytes, reason: str) -> Response:
    """400 in any case; the dead letter is kept if anything can keep it."""
    metrics.ALERTS.labels("invalid").inc()
    letter = letter_about(body, reason)
    log.warning(
        "what was posted is no alert", **{"event.action": "alert-invalid"}, letter=letter.letter_id, reason=reason
    )
    try:
        await acceptor.accept(letter)
    except AlertNotSaved as error:
        log.warning(
            "a dead letter could not be kept", action="letter-not-kept", letter=letter.letter_id, reason=error.reason
        )
    return problem(HTTPStatus.BAD_REQUEST, reason)


async def read_body(request: Request, limit: int) -> bytes:
    """The body, of at most `limit` bytes. Raises HTTPException 413, before reading where the sender says its length."""
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > limit:
        raise _too_large(limit)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise _too_large(limit)
    return bytes(body)


def _too_large(limit: int) -> HTTPException:
    return HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body is larger than {limit} bytes")
