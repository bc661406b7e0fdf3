"""Tasks of other agents, in the broker: they outlive this process, and go after a week."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from a2a.server.context import ServerCallContext
from a2a.server.owner_resolver import resolve_user_scope
from a2a.server.tasks import InMemoryTaskStore, TaskStore
from a2a.types import ListTasksRequest, ListTasksResponse, Task
from a2a.utils.errors import InternalError
from redis.exceptions import RedisError

from worker.store.broker import close_broker, connect_broker_async, fault_of

PREFIX = "spiketrace:a2a:"
KEPT_SECONDS = 7 * 24 * 3600
# Older ones can still be read by their ids.
MOST_LISTED = 500
TIMEOUT_SECONDS = 3.0


class RedisTaskStore(TaskStore):
    """Each credential sees its own tasks and no others. For one event loop."""

    def __init__(self, url: str) -> None:
        self._client = connect_broker_async(url, decode_responses=False)

    async def save(self, task: Task, context: ServerCallContext) -> None:
        owner, now = resolve_user_scope(context), task.status.timestamp.ToSeconds()
        async with _broker_errors():
            pipeline = self._client.pipeline(transaction=True)
            pipeline.set(_key(owner, task.id), task.SerializeToString(), ex=KEPT_SECONDS)
            pipeline.zadd(_list(owner), {task.id: now})
            pipeline.zremrangebyrank(_list(owner), 0, -MOST_LISTED - 1)
            pipeline.expire(_list(owner), KEPT_SECONDS)
            await pipeline.execute()

    async def get(self, task_id: str, context: ServerCallContext) -> Task | None:
        async with _broker_errors():
            stored = await self._client.get(_key(resolve_user_scope(context), task_id))
        return Task.FromString(stored) if stored else None

    async def list(self, params: ListTasksRequest, context: ServerCallContext) -> ListTasksResponse:
        """Chosen and paged as the library's own store does it."""
        page = InMemoryTaskStore()
        for task in await self._all(resolve_user_scope(context)):
            await page.save(task, context)
        return await page.list(params, context)

    async def delete(self, task_id: str, context: ServerCallContext) -> None:
        owner = resolve_user_scope(context)
        async with _broker_errors():
            await self._client.delete(_key(owner, task_id))
            await self._client.zrem(_list(owner), task_id)

    async def close(self) -> None:
        await close_broker(self._client)

    async def _all(self, owner: str) -> Sequence[Task]:
        async with _broker_errors():
            ids: Any = await self._client.zrange(_list(owner), 0, -1)
            stored: Any = await self._client.mget([_key(owner, one.decode()) for one in ids]) if ids else []
        return [Task.FromString(one) for one in stored if one]


def _key(owner: str, task_id: str) -> str:
    return f"{PREFIX}task:{owner}:{task_id}"


def _list(owner: str) -> str:
    return f"{PREFIX}tasks:{owner}"


@asynccontextmanager
async def _broker_errors() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            yield
    except (RedisError, OSError) as error:
        raise InternalError(f"the broker, which keeps tasks, did not answer: {fault_of(error)}") from error
