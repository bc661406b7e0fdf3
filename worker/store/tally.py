"""Counts of all processes in the broker, so that one page of /metrics tells them, whichever process is restarted.

Prometheus would otherwise have to find every worker, and each of their processes: https://prometheus.io/docs/practices/instrumentation/
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from redis.exceptions import RedisError

from worker.counts import COUNTS, Count, Counted
from worker.store.broker import broker_errors, connect_broker

COUNTS_KEY = "spiketrace:counts"
SEEN_KEY = "spiketrace:seen"
SOCKET_TIMEOUT_SECONDS = 1.0
# A broker that just failed is left alone, so that counting holds nobody up; what was counted waits here.
REST_SECONDS = 10.0
SEPARATOR = "|"
SUM, EVERYTHING = "sum", "+Inf"


class RedisTally:
    """The Tally. Safe to share between threads; made before a fork it connects after it."""

    def __init__(self, url: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = connect_broker(url, seconds=SOCKET_TIMEOUT_SECONDS)
        self._clock = clock
        self._rests_until = 0.0
        self._waiting: Counter[str] = Counter()
        self._seen: dict[Any, Any] = {}
        self._lock = threading.Lock()

    def add(self, counted: Sequence[Counted]) -> None:
        with self._lock:
            for one in counted:
                for field, amount in _fields(one):
                    self._waiting[field] += amount  # type: ignore[assignment]
            self._write()

    def seen(self, name: str) -> None:
        with self._lock:
            self._seen[name] = time.time()
            self._write()

    def _write(self) -> None:
        """What cannot be written now is written with the next."""
        if self._clock() < self._rests_until:
            return
        try:
            with self._client.pipeline(transaction=True) as pipeline:
                for field, amount in self._waiting.items():
                    pipeline.hincrbyfloat(COUNTS_KEY, field, amount)
                if self._seen:
                    pipeline.hset(SEEN_KEY, mapping=self._seen)
                pipeline.execute()
        except (RedisError, OSError):
            self._rests_until = self._clock() + REST_SECONDS
            return
        self._waiting.clear()
        self._seen.clear()

    def totals(self) -> dict[str, float]:
        """Field → sum, as `_fields` names them. Raises QueueUnavailable."""
        return self._read(COUNTS_KEY)

    def last_seen(self) -> dict[str, float]:
        """Name → seconds since 1970. Raises QueueUnavailable."""
        return self._read(SEEN_KEY)

    def _read(self, key: str) -> dict[str, float]:
        with broker_errors("reading what was counted"):
            found: Mapping[str, str] = self._client.hgetall(key)  # type: ignore[assignment]
        return {field: float(value) for field, value in found.items()}


def _fields(counted: Counted) -> Iterator[tuple[str, float]]:
    """What the broker adds up: of durations, their sum and how many were within each bound."""
    count, labels, amount = counted
    if len(labels) != len(count.labels):
        raise ValueError(f"{count.name} has the labels {count.labels}")
    if not count.buckets:
        yield SEPARATOR.join([count.name, *labels]), amount
        return
    yield SEPARATOR.join([count.name, SUM]), amount
    yield SEPARATOR.join([count.name, EVERYTHING]), 1
    yield from ((SEPARATOR.join([count.name, str(float(bound))]), 1) for bound in count.buckets if amount <= bound)


def counters(totals: Mapping[str, float]) -> Iterator[tuple[Count, list[tuple[tuple[str, ...], float]]]]:
    """Each count that is no duration, with its sums by labels."""
    for count in COUNTS:
        if not count.buckets:
            yield count, list(_of(count, totals))


def durations(totals: Mapping[str, float]) -> Iterator[tuple[Count, list[tuple[str, float]], float]]:
    """Each count of durations: how many were within each bound, "+Inf" last, and their sum in seconds."""
    for count in COUNTS:
        if count.buckets:
            found = {labels[0]: value for labels, value in _of(count, totals)}
            bounds = [*(str(float(bound)) for bound in count.buckets), EVERYTHING]
            yield count, [(bound, found.get(bound, 0.0)) for bound in bounds], found.get(SUM, 0.0)


def _of(count: Count, totals: Mapping[str, float]) -> Iterator[tuple[tuple[str, ...], float]]:
    """Sums of another release, with other labels, are passed over."""
    for field, value in sorted(totals.items()):
        name, *labels = field.split(SEPARATOR)
        if name == count.name and len(labels) == (1 if count.buckets else len(count.labels)):
            yield tuple(labels), value
