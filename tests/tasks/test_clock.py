from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
import redis
import time_machine
from celery import Celery
from celery.beat import Scheduler
from celery.utils.imports import symbol_by_name

from tasks.app import INTAKE, MAINTENANCE, SWEEP, create_app
from worker.settings import Settings


def scheduler_of(app: Celery) -> Scheduler:
    made: Scheduler = symbol_by_name(app.conf.beat_scheduler)(app=app)
    return made


def send_all_due(scheduler: Scheduler) -> None:
    for entry in scheduler.schedule.values():
        scheduler.apply_entry(entry, producer=scheduler.producer)


def waiting(client: redis.Redis) -> list[str]:
    return [json.loads(message)["headers"]["task"] for message in client.lrange(MAINTENANCE, 0, -1)]


def test_while_all_workers_are_busy_one_of_a_kind_waits_and_comes_to_its_turn(redis_url: str) -> None:
    app = create_app(Settings(redis_url=redis_url))
    scheduler = scheduler_of(app)
    with redis.Redis.from_url(redis_url) as client:
        for _ in range(30):
            send_all_due(scheduler)
        assert sorted(waiting(client)) == sorted(app.conf.beat_schedule)
        turns = [json.loads(client.rpop(MAINTENANCE) or b"{}") for _ in app.conf.beat_schedule]
    assert SWEEP in {message["headers"]["task"] for message in turns}
    assert {message["headers"]["expires"] for message in turns} == {None}


def test_what_a_worker_has_taken_is_sent_again_when_it_is_due(redis_url: str) -> None:
    scheduler = scheduler_of(create_app(Settings(redis_url=redis_url)))
    send_all_due(scheduler)
    with redis.Redis.from_url(redis_url) as client:
        taken = json.loads(client.rpop(MAINTENANCE) or b"{}")["headers"]["task"]
        assert taken not in waiting(client)
        send_all_due(scheduler)
        assert waiting(client).count(taken) == 1
        assert waiting(client).count(INTAKE) == 1


def test_a_second_beat_adds_nothing_to_what_waits(redis_url: str) -> None:
    first, second = (scheduler_of(create_app(Settings(redis_url=redis_url))) for _ in range(2))
    send_all_due(first)
    with redis.Redis.from_url(redis_url) as client:
        before = waiting(client)
        send_all_due(second)
        assert waiting(client) == before


@pytest.mark.parametrize("hours", [-3, 0, 3])
def test_a_clock_that_is_set_back_or_forward_stops_nothing(redis_url: str, hours: int) -> None:
    now = datetime(2026, 2, 26, 9, 30, tzinfo=UTC)
    with time_machine.travel(now, tick=False) as clock, redis.Redis.from_url(redis_url) as client:
        scheduler = scheduler_of(create_app(Settings(redis_url=redis_url, sweep_interval_seconds=10)))
        scheduler.tick()
        clock.move_to(now + timedelta(hours=hours))
        scheduler.tick()
        clock.shift(timedelta(seconds=11))
        for _ in scheduler.schedule:
            scheduler.tick()
        assert SWEEP in waiting(client)
