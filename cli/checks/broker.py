"""The broker: the way to it, whether it keeps what it takes, its clock, and whether anybody works on what waits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import redis
from packaging.version import InvalidVersion, Version

from cli.checks.check import PATIENCE_SECONDS, Check, clock_check
from cli.checks.sentinels import replicas_check, sentinel_checks, transport_check
from tasks.backlog import Backlog, QueueBacklog
from worker.elastic import connect_elasticsearch
from worker.errors import ConfigurationError, EvidenceUnavailable, QueueUnavailable
from worker.settings import Settings
from worker.store.broker import CLUSTER, check_files, connect_broker, fault_of
from worker.store.standing import Standing, standing
from worker.store.tally import RedisTally

# WAITAOF, by which an alert is known to be on disk: https://redis.io/docs/latest/commands/waitaof/
OLDEST = Version("7.2")
LONGEST_WAIT = timedelta(minutes=5)
# Beat has something to send every two seconds, and the sweep runs every few.
SILENT = timedelta(minutes=2)


def broker_checks(settings: Settings) -> Iterator[Check]:
    address = settings.broker
    yield transport_check(address)
    yield from sentinel_checks(address)
    try:
        check_files(address.tls)
        with connect_broker(settings.broker_url, seconds=PATIENCE_SECONDS) as client:
            about: dict[str, Any] = client.info()
            began, (seconds, microseconds), ended = datetime.now(UTC), client.time(), datetime.now(UTC)
            fsync = _setting(client, "appendfsync")
    except ConfigurationError as error:
        yield Check("broker", error.reason, "check the files that SPIKETRACE_REDIS_ settings name")
        return
    except (redis.RedisError, OSError) as error:
        spoken = "; what listens at that port has to speak TLS" if address.tls else ""
        advice = f"start Redis or Valkey, and check SPIKETRACE_REDIS_URL{spoken}"
        yield Check("broker", f"{address.name} does not answer: {fault_of(error)}", advice)
        return
    if about.get("cluster_enabled"):
        yield Check("broker", "a Redis Cluster", CLUSTER)
        return
    yield _version(about)
    yield from replicas_check(settings, about)
    yield _durability(about, fsync)
    policy = about["maxmemory_policy"]
    advice = "set `maxmemory-policy noeviction`: queued alerts are not to be evicted"
    yield Check("broker: eviction", policy, None if policy == "noeviction" else advice)
    theirs = datetime.fromtimestamp(seconds + microseconds / 1e6, tz=UTC)
    yield clock_check("broker: clock", theirs - (began + (ended - began) / 2))


def _setting(client: redis.Redis, name: str) -> str | None:
    """None where a provider lets nobody ask."""
    try:
        found: dict[str, str] = client.config_get(name)  # type: ignore[assignment]
    except redis.ResponseError:
        return None
    return {str(key): str(value) for key, value in found.items()}.get(name)


def _version(about: dict[str, Any]) -> Check:
    # Valkey says for the sake of old clients that it is a Redis 7.2.
    number = str(about.get("valkey_version") or about["redis_version"])
    try:
        is_old = Version(number) < OLDEST
    except InvalidVersion:
        is_old = False
    return Check("broker", f"answers; {number}", f"update it to {OLDEST} or newer" if is_old else None)


def _durability(about: dict[str, Any], fsync: str | None) -> Check:
    advice = "set `appendonly yes` and `appendfsync always`: an accepted alert is to outlive the broker"
    if not about["aof_enabled"]:
        return Check("broker: durability", "in memory", advice)
    if about.get("aof_last_write_status") == "err":
        return Check("broker: durability", "the append-only file cannot be written", "free disk space on the broker")
    if fsync not in (None, "always"):
        return Check("broker: durability", f"append-only file, on disk {fsync}", advice)
    return Check("broker: durability", "append-only file")


def work_checks(settings: Settings) -> Iterator[Check]:
    """What waits, since when, and whether beat and workers are at it. That a side is away is told by its own check."""
    now = datetime.now(UTC)
    with suppress(QueueUnavailable):
        backlog, seen = QueueBacklog(settings).read(), RedisTally(settings.broker_url).last_seen()
        yield _last_run("beat", seen, now, "start `spiketrace beat`: nothing that was lost is found again without it")
        yield _last_run("sweep", seen, now, "start `spiketrace worker` and `spiketrace beat`, and look at their logs")
        yield _queues(backlog)
    with suppress(EvidenceUnavailable), connect_elasticsearch(settings) as client:
        found = standing(client.options(request_timeout=PATIENCE_SECONDS, max_retries=0), ())
        yield _alerts(found, now)
        yield _letters(found)


def _queues(backlog: Backlog) -> Check:
    oldest = max((waiting.oldest_seconds for waiting in backlog.queues.values()), default=0.0)
    waiting = sum(waiting.messages for waiting in backlog.queues.values())
    is_long = oldest > LONGEST_WAIT.total_seconds()
    advice = "start more workers, or raise SPIKETRACE_WORKER_CONCURRENCY"
    return Check("queues", f"{waiting:,} messages wait, the oldest for {oldest:.0f} s", advice if is_long else None)


def _last_run(part: str, seen: dict[str, float], now: datetime, advice: str) -> Check:
    """What never ran was not started yet, which is no fault of a new deployment."""
    if part not in seen:
        return Check(part, "has not run yet")
    ago = now - datetime.fromtimestamp(seen[part], tz=UTC)
    found = f"ran {max(0.0, ago.total_seconds()):.0f} s ago"
    return Check(part, found, advice if ago > SILENT else None)


def _alerts(found: Standing, now: datetime) -> Check:
    counted = ", ".join(f"{number:,} {state}" for state, number in sorted(found.alerts.items())) or "none yet"
    if found.oldest_unfinished and now - found.oldest_unfinished > LONGEST_WAIT:
        minutes = (now - found.oldest_unfinished).total_seconds() / 60
        advice = "see that a worker runs and what its log says; `spiketrace worker` takes up what waits"
        return Check("alerts", f"{counted}; the oldest without a report waits for {minutes:.0f} min", advice)
    return Check("alerts", counted)


def _letters(found: Standing) -> Check:
    if not found.dead_letters:
        return Check("dead letters", "none")
    counted = ", ".join(f"{number:,} {kind}" for kind, number in sorted(found.dead_letters.items()))
    return Check("dead letters", counted, "`spiketrace dead-letters list` says why; `requeue` or `drop` them")
