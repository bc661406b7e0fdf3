"""Connections to the broker, and its failures as ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from worker.errors import QueueUnavailable


def connect_broker(url: str, *, seconds: float, connect_seconds: float | None = None) -> redis.Redis:
    """Connected when it is first used. Nothing is tried again: who asked decides whether it is safe to be repeated."""
    return redis.Redis.from_url(
        url,
        decode_responses=True,
        protocol=2,
        socket_timeout=seconds,
        socket_connect_timeout=connect_seconds or seconds,
        retry=redis.retry.Retry(NoBackoff(), 0),
    )


@contextmanager
def broker_errors(doing: str = "") -> Iterator[None]:
    """Raises QueueUnavailable: in what, and the library's name for it."""
    try:
        yield
    except (RedisError, OSError) as error:
        what = f"{doing}: the broker did not answer" if doing else "the broker does not answer"
        raise QueueUnavailable(f"{what}: {type(error).__name__}") from error
