"""The inbox: a stream in the broker, where an alert is safe before Elasticsearch has it.

The webhook appends (asynchronously, many at once), the intake takes and acknowledges. What is new is decided
in the broker, in one step with the appending, so that a thousand copies of one alert append it once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError
from redis.exceptions import RedisError, ResponseError

from worker.domain.alert import AlertState
from worker.domain.window import parse_time
from worker.errors import InvalidAlert, QueueUnavailable
from worker.ports import Acceptance, InboxEntry, Letter, Notification, Status
from worker.posted import Posted, read
from worker.store.broker import CLUSTER, broker_errors, close_broker, connect_broker, connect_broker_async, fault_of

STREAM = "spiketrace:inbox"
WAITING = "spiketrace:inbox:waiting"
LIFE = "spiketrace:life:"
GROUP = "intake"
LIFE_TTL_SECONDS = 7 * 24 * 3600
# Entries that somebody took this long ago and did not acknowledge are taken again.
ABANDONED_AFTER_SECONDS = 15
FSYNC_TIMEOUT_SECONDS = 1.5
REPLICATION_TIMEOUT_SECONDS = 1.0
APPEND_TIMEOUT_SECONDS = 2.0
SOCKET_TIMEOUT_SECONDS = 3.0
LETTER_PAYLOAD_CHARACTERS = 4_096

STATUSES: dict[str, Status] = {"a": "accepted", "d": "duplicate", "r": "recovered"}

Submission = Posted | Notification | Letter


@dataclass(frozen=True)
class Appended:
    """`is_safe`: the append-only file holds all of it, on the disk, and as many replicas have it as are asked for."""

    acceptances: list[Acceptance]
    is_safe: bool


class RedisInboxLog:
    """The appending side, for one event loop. `replicas`: so many are to have it as well, before it is safe."""

    def __init__(self, url: str, *, replicas: int = 0) -> None:
        self._replicas = replicas
        # Nothing is repeated: an append whose answer was lost would call the alert a duplicate of itself.
        self._client = connect_broker_async(url)

    async def append(self, submissions: Sequence[Submission]) -> Appended:
        """All of them in one round trip, in order. Raises QueueUnavailable; then some may be appended."""
        try:
            async with asyncio.timeout(APPEND_TIMEOUT_SECONDS):
                return await self._append(submissions)
        except (RedisError, OSError) as error:
            raise QueueUnavailable(f"the broker did not take alerts: {fault_of(error)}") from error

    async def check(self) -> None:
        """Raises QueueUnavailable when the broker is away, or is not one that keeps what it takes."""
        try:
            async with asyncio.timeout(1.0):
                about = await self._client.info("persistence", "memory", "cluster")
        except (RedisError, OSError) as error:
            raise QueueUnavailable(f"the broker does not answer: {fault_of(error)}") from error
        if about.get("cluster_enabled"):
            raise QueueUnavailable(CLUSTER)
        if not about.get("aof_enabled"):
            raise QueueUnavailable("the broker keeps no append-only file: set appendonly yes and appendfsync always")
        if str(about.get("maxmemory_policy")).startswith("allkeys"):
            raise QueueUnavailable("the broker may evict what waits in it: set maxmemory-policy noeviction")

    async def close(self) -> None:
        await close_broker(self._client)

    async def _append(self, submissions: Sequence[Submission]) -> Appended:
        prepared = [_prepared(submission) for submission in submissions]
        arguments = [part for one in prepared for part in (one.head, one.about, one.content)]
        pipeline = self._client.pipeline(transaction=False)
        pipeline.eval(_script(), 3, STREAM, WAITING, LIFE, LIFE_TTL_SECONDS, *arguments)
        # A replica says that it has something at once, but that it is on its disk only once a second: so it is asked
        # for the former, and for the latter the primary is (https://redis.io/docs/latest/commands/wait/).
        pipeline.execute_command("WAIT", self._replicas, int(REPLICATION_TIMEOUT_SECONDS * 1000))
        pipeline.execute_command("WAITAOF", 1, 0, int(FSYNC_TIMEOUT_SECONDS * 1000))
        answers, replicated, synced = await pipeline.execute(raise_on_error=False)
        if isinstance(answers, RedisError):
            raise answers
        acceptances = [one.told(answer) for one, answer in zip(prepared, answers, strict=True)]
        return Appended(acceptances, is_safe=_is_synced(synced) and _count(replicated) >= self._replicas)


def _count(answer: Any) -> int:
    """An error where the primary has become a replica while it was waited for."""
    return 0 if isinstance(answer, RedisError) else int(answer)


def _is_synced(answer: Any) -> bool:
    """Whether WAITAOF counted the local append-only file; it is an error where there is none, or before 7.2.

    https://redis.io/docs/latest/commands/waitaof/
    """
    return not isinstance(answer, RedisError) and int(answer[0]) >= 1


@cache
def _script() -> str:
    return Path(__file__).with_name("inbox.lua").read_text(encoding="utf-8")


class Prepared(NamedTuple):
    """A submission as the script reads it; `about` is empty where `content` is JSON of our own."""

    life: str
    renotification: str
    head: str
    about: str
    content: str | bytes

    def told(self, answer: str) -> Acceptance:
        renotified = answer.isupper()
        return Acceptance(self.renotification if renotified else self.life, STATUSES[answer.lower()])


def _prepared(submission: Submission) -> Prepared:
    if isinstance(submission, Posted):
        life = submission.alert_id
        date, again = submission.dated(life)
        head, about = _head(life, again, date, is_recovery=submission.head.is_recovery), _about(submission)
        return Prepared(life, again, head, about, submission.body)
    content = submission.model_dump_json()
    if isinstance(submission, Letter):
        return Prepared(submission.letter_id, "", f"letter {submission.letter_id}  ", "", content)
    alert = submission.alert
    life, again = alert.alert_id, alert.renotification_id
    date = alert.date.isoformat() if submission.is_dated else ""
    return Prepared(life, again, _head(life, again, date, is_recovery=alert.is_recovery), "", content)


def _head(life: str, renotification: str, date: str, *, is_recovery: bool) -> str:
    return f"{'recovered' if is_recovery else 'active'} {life} {renotification} {date}"


def _about(posted: Posted) -> str:
    return f"{posted.received_at.isoformat()} {posted.traceparent or ''}"


class RedisInbox:
    """The taking side: fulfils `worker.ports.Inbox`."""

    def __init__(self, url: str) -> None:
        self._client = connect_broker(url, seconds=SOCKET_TIMEOUT_SECONDS, connect_seconds=1.0)

    def take(self, limit: int) -> list[InboxEntry]:
        with broker_errors("reading the inbox"):
            return [_to_entry(entry_id, fields) for entry_id, fields in self._take(limit)]

    def acknowledge(self, entries: Sequence[InboxEntry]) -> None:
        if not entries:
            return
        entry_ids = [entry.entry_id for entry in entries]
        told_ids = [told_id(entry.content) for entry in entries]
        with broker_errors("acknowledging the inbox"), self._client.pipeline(transaction=True) as pipeline:
            pipeline.xack(STREAM, GROUP, *entry_ids)
            pipeline.xdel(STREAM, *entry_ids)
            pipeline.hdel(WAITING, *told_ids)
            pipeline.execute()

    def find(self, alert_id: str) -> AlertState | None:
        """The state of an alert that waits here; None if none of that id does."""
        with broker_errors("looking into the inbox"):
            state = self._client.hget(WAITING, alert_id)
        return AlertState(str(state)) if state else None

    def depth(self) -> int:
        """How many entries wait, those being worked on included."""
        with broker_errors("measuring the inbox"):
            return int(self._client.xlen(STREAM))

    def _take(self, limit: int) -> Sequence[tuple[str, dict[str, str]]]:
        try:
            return self._abandoned(limit) or self._new(limit)
        except ResponseError as error:
            if not str(error).startswith("NOGROUP"):
                raise
            self._create_group()
            return self._new(limit)

    def _abandoned(self, limit: int) -> Sequence[tuple[str, dict[str, str]]]:
        claimed: Any = self._client.xautoclaim(
            STREAM, GROUP, GROUP, min_idle_time=ABANDONED_AFTER_SECONDS * 1000, count=limit
        )
        return [row for row in claimed[1] if row[1]]

    def _new(self, limit: int) -> Sequence[tuple[str, dict[str, str]]]:
        # One consumer's name for all: who took an entry does not matter, only how long ago.
        answer: Any = self._client.xreadgroup(GROUP, GROUP, {STREAM: ">"}, count=limit)
        return [row for _, rows in answer or () for row in rows]

    def _create_group(self) -> None:
        try:
            self._client.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise


def _to_entry(entry_id: str, fields: dict[str, str]) -> InboxEntry:
    """The entry; one that cannot be read, such as of another release, becomes a letter."""
    try:
        return InboxEntry(entry_id=entry_id, content=_content(fields))
    except (InvalidAlert, ValueError) as error:
        return InboxEntry(entry_id=entry_id, content=_unreadable(entry_id, fields, error))


def _content(fields: dict[str, str]) -> Notification | Letter:
    """Raises InvalidAlert, or ValueError, of which pydantic's ValidationError is one."""
    content, about, told = (fields.get(name, "") for name in ("content", "about", "alert_id"))
    if fields.get("kind") == "letter":
        return Letter.model_validate_json(content)
    if about:
        received_at, _, traceparent = about.partition(" ")
        known = read(content.encode(), received_at=parse_time(received_at), traceparent=traceparent or None)
    else:
        known = Notification.model_validate_json(content)
    return known.model_copy(update={"alert_id": told or None})


def told_id(content: Notification | Letter) -> str:
    return content.letter_id if isinstance(content, Letter) else content.alert_id or content.alert.alert_id


def _unreadable(entry_id: str, fields: dict[str, str], error: Exception) -> Letter:
    """Under the id that the sender was told, so that whoever asks for the alert finds the letter."""
    return Letter(
        letter_id=fields.get("alert_id") or f"inbox-{entry_id}",
        kind="inbox",
        reason=f"an entry of the inbox could not be read: {_fault(error)}",
        payload=fields.get("content", "")[:LETTER_PAYLOAD_CHARACTERS],
    )


def _fault(error: Exception) -> str:
    if isinstance(error, InvalidAlert):
        return error.reason
    return f"{error.error_count()} fields do not fit" if isinstance(error, ValidationError) else "it has no date"
