"""A question between the webhook and a worker: a stream in the broker for each, gone when nobody needs it.

    0-1   asked      by the webhook, with the question
    0-2   taken      by the one worker that answers it; or withdrawn, where none came in time
    …     understood, step, answer or failed

Who adds `0-2` first has it: the broker takes no entry twice. Nothing is added to a stream that is gone, so deleting
it tells the worker that nobody waits any more.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from redis.exceptions import ResponseError

from worker.domain.asked import Asked, Told, Waiting
from worker.domain.window import iso
from worker.store.broker import broker_errors, close_broker, connect_broker, connect_broker_async

STREAM = "spiketrace:question:"
ASKED, BEGUN = "0-1", "0-2"
WITHDRAWN = "withdrawn"
# So long a page can be loaded again after the last that was told.
TTL_SECONDS = 900
SOCKET_TIMEOUT_SECONDS = 3.0
# Streams that are followed by one webhook at the same time.
MOST_CONNECTIONS = 100

Rows = Sequence[tuple[str, dict[str, str]]]


class RedisQuestions:
    """The worker's side. Raises QueueUnavailable when the broker is away."""

    def __init__(self, url: str) -> None:
        self._client = connect_broker(url, seconds=SOCKET_TIMEOUT_SECONDS)

    def find(self, question_id: str) -> Waiting | None:
        """None where nobody waits for it any more: it is gone, withdrawn, or has its last word."""
        with broker_errors(), self._client.pipeline(transaction=True) as pipeline:
            pipeline.xrange(STREAM + question_id, ASKED, BEGUN)
            pipeline.xrevrange(STREAM + question_id, count=1)
            first, last = pipeline.execute()
        if not first or any(fields["event"] in (WITHDRAWN, "answer", "failed") for _, fields in last):
            return None
        return Waiting(Asked.model_validate_json(first[0][1]["data"]), is_taken=len(first) > 1)

    def take(self, question_id: str, *, at: datetime) -> bool:
        """True for the one who may answer it."""
        fields: Any = _fields(Told("taken", {"at": iso(at)}))
        with broker_errors():
            try:
                added = self._client.xadd(STREAM + question_id, fields, id=BEGUN, nomkstream=True)
            except ResponseError as error:
                _check_is_there_already(error)
                return False
        return added is not None

    def tell(self, question_id: str, told: Told) -> bool:
        """False where nobody waits any more."""
        key = STREAM + question_id
        fields: Any = _fields(told)
        with broker_errors(), self._client.pipeline(transaction=True) as pipeline:
            pipeline.xadd(key, fields, nomkstream=True)
            pipeline.expire(key, TTL_SECONDS)
            added, _ = pipeline.execute()
        return added is not None


class RedisQuestionDesk:
    """The webhook's side, for one event loop. Raises QueueUnavailable when the broker is away."""

    def __init__(self, url: str, *, longest_wait_seconds: float) -> None:
        seconds = longest_wait_seconds + SOCKET_TIMEOUT_SECONDS
        self._client = connect_broker_async(url, seconds=seconds, max_connections=MOST_CONNECTIONS)

    async def ask(self, asked: Asked) -> None:
        key = STREAM + asked.question_id
        with broker_errors():
            async with self._client.pipeline(transaction=True) as pipeline:
                pipeline.xadd(key, {"event": "asked", "data": asked.model_dump_json()}, id=ASKED)
                pipeline.expire(key, TTL_SECONDS)
                await pipeline.execute()

    async def find(self, question_id: str) -> tuple[Asked, list[Told]] | None:
        """The question with all that was told of it; None where it is not there any more."""
        with broker_errors():
            rows: Any = await self._client.xrange(STREAM + question_id)
        if not rows:
            return None
        return Asked.model_validate_json(rows[0][1]["data"]), [told for _, told in _told(rows[1:])]

    async def read(self, question_id: str, *, after: str, seconds: float) -> list[tuple[str, Told]]:
        """What was told after that entry, waited for so long, each with its entry's id."""
        with broker_errors():
            milliseconds = max(1, int(seconds * 1000))
            answer: Any = await self._client.xread({STREAM + question_id: after}, block=milliseconds)
        return [row for _, rows in answer or () for row in _told(rows)]

    async def withdraw(self, question_id: str, told: Told) -> bool:
        """Ends a question that no worker has begun, with `told` as its last word; False where one has."""
        key = STREAM + question_id
        with broker_errors():
            try:
                await self._client.xadd(key, {"event": WITHDRAWN, "data": "{}"}, id=BEGUN, nomkstream=True)
            except ResponseError as error:
                _check_is_there_already(error)
                return False
            fields: Any = _fields(told)
            await self._client.xadd(key, fields, nomkstream=True)
        return True

    async def forget(self, question_id: str) -> None:
        with broker_errors():
            await self._client.delete(STREAM + question_id)

    async def close(self) -> None:
        await close_broker(self._client)


def _fields(told: Told) -> dict[str, str]:
    return {"event": told.name, "data": json.dumps(told.data, ensure_ascii=False)}


def _told(rows: Rows) -> list[tuple[str, Told]]:
    known: Any = [(entry_id, fields["event"], json.loads(fields["data"])) for entry_id, fields in rows]
    return [(entry_id, Told(name, data)) for entry_id, name, data in known if name != WITHDRAWN]


def _check_is_there_already(error: ResponseError) -> None:
    """https://redis.io/docs/latest/commands/xadd/: an id must be greater than the last one."""
    if "equal or smaller" not in str(error):
        raise error
