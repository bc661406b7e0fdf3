"""How often somebody may ask, counted in the broker, so that all processes count together."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from redis.exceptions import RedisError

from worker.errors import QueueUnavailable
from worker.store.broker import close_broker, connect_broker_async, fault_of

PREFIX = "spiketrace:rate:"
TIMEOUT_SECONDS = 1.0


@dataclass(frozen=True)
class Rate:
    """At most `most` in a span of `seconds`, which begins with the first. `name` tells apart what is counted."""

    name: str
    most: int
    seconds: int


class RedisRateLimit:
    """Counts for one event loop. Who asks too often is not let in later for having asked meanwhile."""

    def __init__(self, url: str) -> None:
        self._client = connect_broker_async(url, connect_seconds=TIMEOUT_SECONDS)

    async def take(self, rate: Rate, who: str) -> float | None:
        """None for whoever may go on; else the seconds after which to come back. Raises QueueUnavailable."""
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                count, left_ms = await self._count(f"{PREFIX}{rate.name}:{who}", rate.seconds)
        except (RedisError, OSError) as error:
            raise QueueUnavailable(f"the broker, which counts requests, does not answer: {fault_of(error)}") from error
        return None if count <= rate.most else max(left_ms, 0) / 1000

    async def close(self) -> None:
        await close_broker(self._client)

    async def _count(self, key: str, seconds: int) -> tuple[int, int]:
        pipeline = self._client.pipeline(transaction=True)
        pipeline.set(key, 0, ex=seconds, nx=True)
        pipeline.incr(key)
        pipeline.pttl(key)
        _, count, left_ms = await pipeline.execute()
        return int(count), int(left_ms)
