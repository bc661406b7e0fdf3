"""Taking in what Kibana posts: nothing is acknowledged before it is safe.

The first safe place is the broker's append-only file, many alerts at one sync. Where the broker is away, or
cannot say that the file is on the disk, it is Elasticsearch. Where neither is, the answer is 503 and Kibana
tries again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Protocol

import structlog
from fastapi import Request, Response
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from webhook import metrics
from webhook.problems import problem, try_again
from webhook.security_headers import ENCODED
from worker.errors import AlertNotSaved, EvidenceUnavailable, InvalidAlert, QueueUnavailable
from worker.kibana_body import letter_about
from worker.ports import Acceptance, AlertStore, DeadLetterStore, Letter, Notification, Recorded
from worker.posted import Posted, look_at
from worker.store.group_commit import GroupCommit
from worker.store.inbox import Appended, Submission
from worker.tracing import HEADER, span, traceparent

GROUP_LIMIT = 500
WAITING_LIMIT = 20_000
# An alert has its answer within five seconds, whatever hangs behind us.
ANSWER_TIMEOUT_SECONDS = 4.5
# A broker that just failed is not asked again for every group.
BROKER_REST_SECONDS = 2.0
JSON_HEADERS = [(b"content-type", b"application/json"), *ENCODED]
TRACE_HEADER = HEADER.encode()
ANSWERED = {outcome: metrics.ALERTS.labels(outcome) for outcome in metrics.KNOWN[metrics.ALERTS]}
NOT_SAVED = "neither the broker nor Elasticsearch took the alert: send it again"

log = structlog.get_logger(__name__)


class InboxLog(Protocol):
    async def append(self, submissions: Sequence[Submission]) -> Appended: ...


class Acceptor:
    """Makes what arrives safe, in groups. `on_safe` is told how many the inbox has got to take in."""

    def __init__(
        self, log: InboxLog, alerts: AlertStore, dead_letters: DeadLetterStore, on_safe: Callable[[int], None]
    ) -> None:
        self._log = log
        self._alerts = alerts
        self._dead_letters = dead_letters
        self._on_safe = on_safe
        self._broker_rests_until = 0.0
        self._groups: GroupCommit[Submission, Acceptance | None] = GroupCommit(
            self._save, limit=GROUP_LIMIT, seconds=ANSWER_TIMEOUT_SECONDS
        )

    async def accept(self, submission: Submission) -> Acceptance:
        """Raises AlertNotSaved."""
        if self._groups.waiting >= WAITING_LIMIT:
            raise AlertNotSaved("too many alerts wait to be saved: send it again")
        try:
            acceptance = await self._groups.commit(submission)
        except TimeoutError:
            raise AlertNotSaved(NOT_SAVED) from None
        if acceptance is None:
            raise AlertNotSaved(NOT_SAVED)
        return acceptance

    async def close(self) -> None:
        await self._groups.close()

    async def _save(self, group: Sequence[Submission]) -> Sequence[Acceptance | None]:
        saved = await self._make_safe(group)
        _log_taken(group, saved)
        return saved

    async def _make_safe(self, group: Sequence[Submission]) -> Sequence[Acceptance | None]:
        """None where Elasticsearch will never take that one and the broker is not safe."""
        appended = await self._append(group)
        if appended:
            self._on_safe(len(group))
            if appended.is_safe:
                metrics.SAVED_GROUPS.labels("broker").inc()
                return appended.acceptances
            self._rest_broker("its append-only file is off or not written in time, or its replicas are away")
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
        notifications = [_whole(item) for item in group if not isinstance(item, Letter)]
        recorded = iter(self._alerts.record(notifications) if notifications else ())
        return [self._keep(item) if isinstance(item, Letter) else _acceptance(next(recorded)) for item in group]

    def _keep(self, letter: Letter) -> Acceptance:
        self._dead_letters.put(letter.letter_id, reason=letter.reason, kind=letter.kind, payload=letter.payload)
        return Acceptance(alert_id=letter.letter_id, status="accepted")


def _whole(submission: Posted | Notification) -> Notification:
    return submission.read() if isinstance(submission, Posted) else submission


def _acceptance(recorded: Recorded) -> Acceptance | None:
    return None if recorded.refused else Acceptance(alert_id=recorded.alert_id, status=recorded.status)


class AlertRoute:
    """The endpoint of `POST /v1/alerts/kibana`, as a plain ASGI application.

    The framework's requests, responses and handlers of errors would cost more than all that is done here.
    """

    def __init__(self, acceptor: Acceptor, *, max_body_bytes: int) -> None:
        self._acceptor = acceptor
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        try:
            body = await self._read(headers, receive)
        except HTTPException as error:
            await problem(error.status_code, error.detail)(scope, receive, send)
            return
        if body is None:
            return
        try:
            await _send_accepted(await self._take(body, headers), send)
        except InvalidAlert as error:
            await (await _refuse(self._acceptor, body, error.reason))(scope, receive, send)
        except AlertNotSaved as error:
            ANSWERED["not_saved"].inc()
            await try_again(error.reason, after_seconds=error.retry_after_seconds)(scope, receive, send)

    async def _read(self, headers: Mapping[bytes, bytes], receive: Receive) -> bytes | None:
        """The whole body; None where the sender has gone. Raises HTTPException 413."""
        limit = self._max_body_bytes
        length = headers.get(b"content-length", b"")
        if length.isdigit() and int(length) > limit:
            raise _too_large(limit)
        body = b""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            part: bytes = message.get("body", b"")
            body += part
            if len(body) > limit:
                raise _too_large(limit)
            if not message.get("more_body"):
                return body

    async def _take(self, body: bytes, headers: Mapping[bytes, bytes]) -> Acceptance:
        """Raises InvalidAlert or AlertNotSaved."""
        began = time.perf_counter()
        posted = look_at(body, received_at=datetime.now(UTC))
        came_from = headers.get(TRACE_HEADER)
        with span("accept alert", parent=came_from.decode("latin-1") if came_from else None, kind="server"):
            if present := traceparent():
                posted = posted._replace(traceparent=present)
            acceptance = await self._acceptor.accept(posted)
        metrics.ACCEPT_SECONDS.observe(time.perf_counter() - began)
        ANSWERED[acceptance.status].inc()
        return acceptance


async def _send_accepted(acceptance: Acceptance, send: Send) -> None:
    # Both are words of our own, with nothing in them to escape.
    body = f'{{"alert_id":"{acceptance.alert_id}","status":"{acceptance.status}"}}'.encode()
    headers = [*JSON_HEADERS, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": HTTPStatus.ACCEPTED.value, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _log_taken(group: Sequence[Submission], acceptances: Iterable[Acceptance | None]) -> None:
    """One line for all that came together: in a storm a line for each would take longer than everything else."""
    pairs = zip(group, acceptances, strict=True)
    told = [(taken, posted) for posted, taken in pairs if taken and isinstance(posted, Posted)]
    for status in {taken.status for taken, _ in told}:
        those = [(taken, posted) for taken, posted in told if taken.status == status]
        traces = [posted.traceparent.split("-")[1] for _, posted in those if posted.traceparent]
        log.info(
            "alert taken" if len(those) == 1 else "alerts taken",
            **{
                "event.action": f"alert-{status}",
                "kibana.alert.uuid": _one_or_all([posted.head.uuid for _, posted in those]),
                "rule.id": _one_or_all(list(dict.fromkeys(posted.head.rule_id for _, posted in those))),
                "alert_id": _one_or_all([taken.alert_id for taken, _ in those]),
                "trace.id": _one_or_all(traces) or None,
            },
        )


def _one_or_all(values: list[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else values


async def _refuse(acceptor: Acceptor, body: bytes, reason: str) -> Response:
    """400 in any case; the dead letter is kept if anything can keep it."""
    ANSWERED["invalid"].inc()
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
