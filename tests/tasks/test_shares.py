from __future__ import annotations

import json

import pytest
import redis

from tasks.app import LIVE, SURPLUS
from tasks.queue import CeleryQueue
from worker.domain.alert import Rule
from worker.settings import Settings

LOUD, QUIET = Rule(id="loud"), Rule(id="quiet")


@pytest.fixture
def queue(redis_url: str) -> CeleryQueue:
    return CeleryQueue(Settings(redis_url=redis_url, rule_alerts_per_minute=3, space_alerts_per_minute=8))


def waiting(redis_url: str, name: str) -> list[str]:
    """The alerts in a queue, the first one first."""
    with redis.Redis.from_url(redis_url) as client:
        messages = [json.loads(message) for message in reversed(client.lrange(name, 0, -1))]
    return [message["headers"]["argsrepr"].strip("(',)") for message in messages]


def test_what_a_rule_raises_beyond_its_share_is_behind_nobody_elses(queue: CeleryQueue, redis_url: str) -> None:
    flood = [f"loud-{number}" for number in range(10)]
    queue.investigate([*flood, "quiet-0"], of=[*[LOUD] * 10, QUIET])
    assert waiting(redis_url, LIVE) == [*flood[:3], "quiet-0"]
    assert waiting(redis_url, SURPLUS) == flood[3:]
    assert queue.waiting_alerts() == 11


def test_all_processes_count_together(queue: CeleryQueue, redis_url: str) -> None:
    another = CeleryQueue(Settings(redis_url=redis_url, rule_alerts_per_minute=3, space_alerts_per_minute=8))
    for number, one in enumerate([queue, another] * 3):
        one.investigate([f"loud-{number}"], of=[LOUD])
    assert waiting(redis_url, LIVE) == ["loud-0", "loud-1", "loud-2"]


def test_a_space_of_many_rules_has_a_share_as_well(queue: CeleryQueue, redis_url: str) -> None:
    rules = [Rule(id=f"rule-{number}", space_id="many") for number in range(12)]
    queue.investigate([rule.id for rule in rules], of=rules)
    queue.investigate(["elsewhere"], of=[Rule(id="rule-1", space_id="one")])
    assert waiting(redis_url, LIVE) == [*(rule.id for rule in rules[:8]), "elsewhere"]
    assert len(waiting(redis_url, SURPLUS)) == 4


def test_what_is_enqueued_again_waits_where_the_longer_ones_do(queue: CeleryQueue, redis_url: str) -> None:
    queue.investigate(["again-1"])
    queue.investigate([f"loud-{number}" for number in range(4)], of=[LOUD] * 4)
    queue.investigate(["again-2"])
    assert waiting(redis_url, LIVE)[0] == "again-1"
    assert waiting(redis_url, SURPLUS) == ["loud-3", "again-2"]


def test_the_share_is_of_a_minute(queue: CeleryQueue, redis_url: str) -> None:
    queue.investigate(["loud"], of=[LOUD])
    with redis.Redis.from_url(redis_url) as client:
        assert all(0 < client.ttl(key) <= 60 for key in client.keys("spiketrace:share:*"))
        assert len(client.keys("spiketrace:share:*")) == 2
