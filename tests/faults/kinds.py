"""What can fail, each for as long as its block lasts, in which alerts go on coming. `draw` stands for chance."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from random import Random

import redis

from tasks.queue import CeleryQueue
from tests.e2e.conftest import kibana_body, wait_until
from tests.faults.deployment import Deployment, recovered
from tests.faults.of_elasticsearch import (
    FAULT_SECONDS,
    a_shard_is_missing,
    elasticsearch_disk_is_full,
    elasticsearch_is_away,
    elasticsearch_is_read_only,
    elasticsearch_is_slow,
    elasticsearch_loses_answers,
    elasticsearch_rejects,
    telemetry_is_deleted,
)
from worker.domain.alert import AlertState
from worker.domain.window import iso
from worker.errors import QueueUnavailable

Fault = Callable[[Deployment, Random], AbstractContextManager[None]]


@contextmanager
def broker_is_killed(deployment: Deployment, draw: Random) -> Iterator[None]:
    deployment.broker.kill()
    yield
    deployment.broker.restart()


@contextmanager
def broker_comes_back_empty(deployment: Deployment, draw: Random) -> Iterator[None]:
    """An alert that only the broker has is lost with its disk, as docs/architecture.md says: so none is there."""
    wait_until(deployment.is_taken_in, seconds=FAULT_SECONDS, what="an empty inbox")
    deployment.broker.kill()
    deployment.broker.lose_data()
    yield
    deployment.broker.restart()


@contextmanager
def broker_is_full(deployment: Deployment, draw: Random) -> Iterator[None]:
    with redis.Redis.from_url(deployment.settings.redis_url) as client:
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", "1")
        yield
        client.config_set("maxmemory", "0")
    # Celery ends a worker whose broker takes nothing more.
    deployment.start_what_has_ended()


@contextmanager
def broker_disk_is_full(deployment: Deployment, draw: Random) -> Iterator[None]:
    """Of one write the append-only file takes the beginning; a broker that syncs always ends over it."""
    deployment.broker.fill_disk(bytes_left=draw.randrange(2_000))
    yield
    wait_until(lambda: not deployment.broker.is_alive, seconds=FAULT_SECONDS, what="the broker's end")
    deployment.broker.restart()


@contextmanager
def broker_refuses_writes(deployment: Deployment, draw: Random) -> Iterator[None]:
    """Demoted to a replica, as by a failover, or without the replicas that it was told to have."""
    demoted = draw.random() < 0.5
    with redis.Redis.from_url(deployment.settings.redis_url) as client:
        if demoted:
            client.replicaof("127.0.0.1", 1)
        else:
            client.config_set("min-replicas-to-write", 1)
        yield
        client.replicaof("no", "one")
        client.config_set("min-replicas-to-write", 0)


@contextmanager
def broker_hangs(deployment: Deployment, draw: Random) -> Iterator[None]:
    with deployment.broker.hanging():
        yield


@contextmanager
def _killed(deployment: Deployment, name: str) -> Iterator[None]:
    deployment.kill(name)
    yield
    deployment.launch(name)


@contextmanager
def worker_is_killed(deployment: Deployment, draw: Random) -> Iterator[None]:
    with _killed(deployment, "worker"):
        yield


@contextmanager
def worker_clock_jumps(deployment: Deployment, draw: Random) -> Iterator[None]:
    """Hours ahead or behind, on a machine that then goes down with what it has in hand; another takes its place."""
    deployment.kill("worker")
    deployment.launch("worker", clock_ahead_seconds=draw.choice((-1, 1)) * draw.uniform(600, 20_000))
    yield
    in_hand = {"term": {"state": AlertState.INVESTIGATING}}
    # Where another fault keeps it from beginning with any, it goes down without one.
    with suppress(AssertionError):
        wait_until(lambda: deployment.search("spiketrace-alerts", query=in_hand), seconds=10, what="an alert in hand")
    deployment.kill("worker")
    deployment.launch("worker")


@contextmanager
def beat_clock_jumps(deployment: Deployment, draw: Random) -> Iterator[None]:
    deployment.kill("beat")
    deployment.launch("beat", clock_ahead_seconds=draw.choice((-1, 1)) * draw.uniform(600, 20_000))
    yield
    deployment.kill("beat")
    deployment.launch("beat")


@contextmanager
def beat_is_killed(deployment: Deployment, draw: Random) -> Iterator[None]:
    with _killed(deployment, "beat"):
        yield


@contextmanager
def webhook_is_killed(deployment: Deployment, draw: Random) -> Iterator[None]:
    """Between two alerts, and back at once: nothing is accepted while there is none."""
    deployment.kill("webhook")
    deployment.launch("webhook")
    deployment.wait_for("webhook")
    yield


@contextmanager
def worker_is_killed_in_a_delivery(deployment: Deployment, draw: Random) -> Iterator[None]:
    """The message is with the vendor, whose answer nobody is there to hear."""
    # The next alert is then of a new incident, so that there is something to tell.
    deployment.close_incidents()
    deployment.vendor.free.clear()
    told = len(deployment.vendor.messages)
    deployment.post_new(1)
    yield
    deployment.wait_supervised(lambda: len(deployment.vendor.messages) > told, seconds=FAULT_SECONDS, what="a message")
    deployment.kill("worker")
    deployment.vendor.free.set()
    deployment.launch("worker")


@contextmanager
def alerts_come_twice_and_in_any_order(deployment: Deployment, draw: Random) -> Iterator[None]:
    yield
    fresh = [kibana_body(str(uuid.uuid4())) for _ in range(2)]
    told = [*fresh, *fresh, *fresh, *(recovered(body, draw) for body in fresh)]
    told += draw.sample(deployment.bodies, min(4, len(deployment.bodies)))
    draw.shuffle(told)
    deployment.post(*told)


@contextmanager
def messages_come_late_and_again(deployment: Deployment, draw: Random) -> Iterator[None]:
    """Those of alerts that wait, are worked on or are done, and one of an alert that nobody knows."""
    yield
    known = sorted(deployment.accepted)
    told = [*draw.sample(known, min(6, len(known))), *known[-2:], *known[-2:], "nobody"]
    draw.shuffle(told)
    with suppress(QueueUnavailable):
        CeleryQueue(deployment.settings, app=deployment.app).investigate(told)


@contextmanager
def alerts_are_of_another_time(deployment: Deployment, draw: Random) -> Iterator[None]:
    """Of tomorrow and next month, of last year, and one that ended before it began."""
    now = datetime.now(UTC)
    for days in (1, 30, -400):
        deployment.post({**kibana_body(str(uuid.uuid4())), "date": iso(now + timedelta(days=days))})
    yield
    odd = kibana_body(str(uuid.uuid4()))
    deployment.post({**recovered(odd, draw), "date": iso(now - timedelta(days=1))}, {**odd, "date": iso(now)})


@contextmanager
def alerts_are_poison(deployment: Deployment, draw: Random) -> Iterator[None]:
    """Dates at both ends of time, which no window fits; a group of nobody; conditions as long as the webhook takes."""
    for changes in (
        {"date": "0001-01-01T00:00:00.000Z"},
        {"date": "9999-12-31T23:59:59.999Z"},
        {"context": {**kibana_body("x")["context"], "group": "\u202e" * 200, "conditions": "9" * 100_000}},
        {"context": {**kibana_body("x")["context"], "value": "1e999", "date": "not a date"}},
    ):
        deployment.post({**kibana_body(str(uuid.uuid4())), **changes})
    yield


FAULTS: tuple[Fault, ...] = (
    elasticsearch_is_away,
    elasticsearch_loses_answers,
    elasticsearch_rejects,
    elasticsearch_is_read_only,
    elasticsearch_disk_is_full,
    elasticsearch_is_slow,
    a_shard_is_missing,
    telemetry_is_deleted,
    broker_is_killed,
    broker_comes_back_empty,
    broker_is_full,
    broker_disk_is_full,
    broker_refuses_writes,
    broker_hangs,
    worker_is_killed,
    worker_clock_jumps,
    beat_is_killed,
    beat_clock_jumps,
    webhook_is_killed,
    worker_is_killed_in_a_delivery,
    alerts_come_twice_and_in_any_order,
    messages_come_late_and_again,
    alerts_are_of_another_time,
    alerts_are_poison,
)
