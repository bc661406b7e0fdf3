from __future__ import annotations

import json

import pytest
import redis

from tasks.app import FURTHER, LIVE
from tasks.queue import CeleryQueue
from tests.store.builders import an_alert
from worker.domain.alert import Alert, Rule
from worker.settings import Settings


def alert(rule: str, group: str, *, space: str = "default", instance: str = "query matched") -> Alert:
    changes = {"rule": Rule(id=rule, space_id=space), "group": group, "instance": instance}
    return an_alert().model_copy(update=changes)


def flood(count: int, *, rule: str = "loud") -> list[Alert]:
    """Each of a scope of its own."""
    return [alert(rule, f"service-{number}") for number in range(count)]


def queue_on(redis_url: str) -> CeleryQueue:
    return CeleryQueue(Settings(redis_url=redis_url, rule_alerts_per_minute=3, space_alerts_per_minute=8))


@pytest.fixture
def queue(redis_url: str) -> CeleryQueue:
    return queue_on(redis_url)


def waiting(redis_url: str, name: str) -> list[str]:
    """The alerts in a queue, the first one first."""
    with redis.Redis.from_url(redis_url) as client:
        messages = [json.loads(message) for message in reversed(client.lrange(name, 0, -1))]
    return [message["headers"]["argsrepr"].strip("(',)") for message in messages]


def test_the_first_of_each_scope_is_before_all_further_ones(queue: CeleryQueue, redis_url: str) -> None:
    storm = [alert("r", group) for group in ("a", "a", "b", "a", "b")]
    queue.investigate(["a0", "a1", "b0", "a2", "b1"], of=storm)
    assert waiting(redis_url, LIVE) == ["a0", "b0"]
    assert waiting(redis_url, FURTHER) == ["a1", "a2", "b1"]
    assert queue.waiting_alerts() == 5


def test_a_scope_is_one_whatever_rule_names_it(queue: CeleryQueue, redis_url: str) -> None:
    queue.investigate(["carbon", "errors"], of=[alert("carbon", "checkout"), alert("errors", "checkout")])
    queue.investigate(["elsewhere"], of=[alert("errors", "checkout", space="other")])
    assert waiting(redis_url, LIVE) == ["carbon", "elsewhere"]


def test_without_a_group_a_rule_speaks_for_itself(queue: CeleryQueue, redis_url: str) -> None:
    alerts = [alert("r1", ""), alert("r2", ""), alert("r1", ""), alert("r1", "", instance="all documents")]
    queue.investigate(["1", "2", "1 again", "1 of all"], of=alerts)
    assert waiting(redis_url, LIVE) == ["1", "2", "1 of all"]


def test_what_a_rule_raises_beyond_its_share_is_behind_nobody_elses(queue: CeleryQueue, redis_url: str) -> None:
    names = [f"loud-{number}" for number in range(10)]
    queue.investigate([*names, "quiet-0"], of=[*flood(10), alert("quiet", "another")])
    assert waiting(redis_url, LIVE) == [*names[:3], "quiet-0"]
    assert waiting(redis_url, FURTHER) == names[3:]


def test_all_processes_count_together(queue: CeleryQueue, redis_url: str) -> None:
    for number, (one, by) in enumerate(zip(flood(6), [queue, queue_on(redis_url)] * 3, strict=True)):
        by.investigate([f"loud-{number}"], of=[one])
    assert waiting(redis_url, LIVE) == ["loud-0", "loud-1", "loud-2"]


def test_a_space_of_many_rules_has_a_share_as_well(queue: CeleryQueue, redis_url: str) -> None:
    alerts = [alert(f"rule-{number}", f"service-{number}", space="many") for number in range(12)]
    queue.investigate([one.rule.id for one in alerts], of=alerts)
    queue.investigate(["elsewhere"], of=[alert("rule-1", "service-1", space="one")])
    assert waiting(redis_url, LIVE) == [*(one.rule.id for one in alerts[:8]), "elsewhere"]
    assert len(waiting(redis_url, FURTHER)) == 4


def test_what_is_enqueued_again_waits_where_the_longer_ones_do(queue: CeleryQueue, redis_url: str) -> None:
    queue.investigate(["again-1"])
    queue.investigate([f"loud-{number}" for number in range(4)], of=flood(4))
    queue.investigate(["again-2"])
    assert waiting(redis_url, LIVE)[0] == "again-1"
    assert waiting(redis_url, FURTHER) == ["loud-3", "again-2"]


def test_what_is_counted_is_forgotten(queue: CeleryQueue, redis_url: str) -> None:
    queue.investigate(["loud"], of=[alert("loud", "checkout")])
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        lives = {key.split(":")[2]: client.ttl(key) for key in client.keys("spiketrace:share:*")}
    assert 590 < lives.pop("scope") <= 600
    assert set(lives) == {"rule", "space"}
    assert all(50 < seconds <= 60 for seconds in lives.values())
