from __future__ import annotations

import json
import subprocess
import sys
import time
from base64 import b64decode
from typing import Any

import pytest
import redis
from kombu.messaging import Producer

from tasks.app import (
    ASK,
    DELIVER,
    DELIVERIES,
    FEED_REPLAYS,
    FURTHER,
    INDEX_INTAKE,
    INTAKE,
    INVESTIGATE,
    LAST,
    LIVE,
    LOOKS_FOR_FURTHER,
    MAINTENANCE,
    MISSED_ALERTS,
    NARRATE,
    NARRATIVES,
    QUESTIONS,
    QUEUES,
    REPLAY,
    REPLAY_ALERT,
    RETENTION,
    SWEEP,
    ReplayLast,
    create_app,
)
from tasks.queue import CeleryQueue
from tests.engines.servers import Broker
from tests.store.builders import an_alert
from worker.errors import QueueUnavailable
from worker.settings import Settings


def queue_on(url: str) -> CeleryQueue:
    return CeleryQueue(Settings(redis_url=url))


def test_each_kind_of_work_has_its_queue(redis_url: str) -> None:
    queue = queue_on(redis_url)
    queue.investigate(["a1", "a2"])
    queue.deliver("i1", "r1", "slack")
    queue.ask("q-1")
    assert (queue.waiting_alerts(), queue.waiting_deliveries()) == (2, 1)
    with redis.Redis.from_url(redis_url) as client:
        messages = [json.loads(message) for message in client.lrange(LIVE, 0, -1)]
    assert {message["headers"]["task"] for message in messages} == {INVESTIGATE}
    assert {message["content-type"] for message in messages} == {"application/json"}


@pytest.mark.timeout(30)
def test_a_broker_that_is_away_is_told_within_a_second() -> None:
    queue = queue_on("redis://127.0.0.1:1/0")
    for attempt in (lambda: queue.investigate(["a"]), lambda: queue.deliver("i", "r", "s"), queue.waiting_alerts):
        begun = time.monotonic()
        with pytest.raises(QueueUnavailable):
            attempt()
        assert time.monotonic() - begun < 2


def test_a_broker_that_was_away_is_found_again(broker: Broker) -> None:
    queue = queue_on(broker.url)
    queue.investigate(["a1"])
    broker.kill()
    with pytest.raises(QueueUnavailable):
        queue.investigate(["a2"])
    broker.restart()
    queue.investigate(["a3"])
    assert queue.waiting_alerts() == 2


def test_the_reason_holds_no_password() -> None:
    with pytest.raises(QueueUnavailable) as raised:
        queue_on("redis://:hunter2@127.0.0.1:1/0").investigate(["a"])
    assert "hunter2" not in raised.value.reason


@pytest.mark.parametrize("module", ["tasks.queue", "tasks.clock"])
def test_enqueuing_loads_no_task_and_no_investigation(module: str) -> None:
    script = f"import {module}, sys; print(*[m for m in sys.modules if m.startswith(('tasks', 'worker', 'numpy'))])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert {"tasks.app", module} <= loaded
    assert not loaded & {"tasks.investigate", "tasks.deliver", "tasks.sweep", "tasks.intake", "worker.run", "numpy"}


def test_further_alerts_wait_behind_the_first_and_count_with_them(redis_url: str) -> None:
    queue = queue_on(redis_url)
    queue.investigate(["b", *(f"a{number}" for number in range(5))], of=[an_alert()] * 6)
    assert queue.waiting_alerts() == 6
    with redis.Redis.from_url(redis_url) as client:
        sent = [json.loads(message) for message in client.lrange(FURTHER, 0, -1)]
    # Workers take from the end, so the first that was sent is the last here.
    assert [json.loads(b64decode(one["body"]))[0] for one in sent] == [[f"a{number}"] for number in (4, 3, 2, 1, 0)]
    assert len({one["properties"]["delivery_tag"] for one in sent}) == 5


@pytest.mark.parametrize("url", ["redis://{}/0", "redis+sentinel://{}/0?master=m"])
def test_many_are_sent_together_whichever_way_the_broker_is_reached(url: str) -> None:
    """Where kombu cannot do so it sends each by itself, without a word."""
    with create_app(Settings(redis_url=url.format("127.0.0.1:1"))).connection_for_write() as connection:
        producer: Any = Producer
        assert producer(connection).supports_batch_publish


def test_all_queues_take_turns_but_the_last_which_have_an_order() -> None:
    made: Any = ReplayLast
    cycle = made()
    cycle.update([REPLAY, NARRATIVES, FURTHER, *(name for name in QUEUES if name not in LAST)])
    seen = []
    for look in range(1, 11):
        order = cycle.consume(len(QUEUES))
        assert tuple(order[-3:]) == LAST == (FURTHER, NARRATIVES, REPLAY) or look % LOOKS_FOR_FURTHER == 0
        seen.append(cycle.rotate(order[0]))
    assert seen == [MAINTENANCE, LIVE, DELIVERIES, QUESTIONS, FURTHER] * 2, "none of them starves"


def test_what_the_clock_sends_does_not_expire_and_has_its_queue() -> None:
    configuration = create_app(Settings(sweep_interval_seconds=7)).conf
    assert set(configuration.beat_schedule) == {SWEEP, INTAKE, INDEX_INTAKE, MISSED_ALERTS, RETENTION, FEED_REPLAYS}
    assert configuration.beat_schedule[SWEEP]["schedule"] == 7
    for entry in configuration.beat_schedule.values():
        assert "expires" not in entry.get("options", {})
    assert set(configuration.task_routes) == {
        INVESTIGATE,
        DELIVER,
        NARRATE,
        ASK,
        REPLAY_ALERT,
        *configuration.beat_schedule,
    }


def test_the_other_paths_of_an_alert_can_be_switched_off() -> None:
    configuration = create_app(Settings(index_intake=False, missed_alerts=False)).conf
    assert set(configuration.beat_schedule) == {SWEEP, INTAKE, RETENTION, FEED_REPLAYS}


def test_a_message_is_not_handed_out_twice_while_its_task_may_run() -> None:
    configuration = create_app(Settings()).conf
    assert configuration.task_soft_time_limit < configuration.task_time_limit
    assert configuration.task_time_limit < configuration.broker_transport_options["visibility_timeout"]
