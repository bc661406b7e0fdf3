"""A primary that dies, with its replica and three Sentinels, all real: what was called safe is there afterwards."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cli.checks.broker import broker_checks
from cli.checks.check import Check
from tasks.app import LIVE
from tasks.queue import CeleryQueue
from tests.e2e.conftest import wait_until
from tests.engines.sentinels import Group, running_group
from tests.store.builders import an_alert, arriving
from worker.errors import QueueUnavailable
from worker.settings import Settings
from worker.store.broker import connect_broker
from worker.store.inbox import RedisInbox, RedisInboxLog, told_id
from worker.store.rate_limit import Rate, RedisRateLimit
from worker.store.tally import RedisTally


@pytest.fixture(scope="module")
def group(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Group]:
    with running_group(tmp_path_factory.mktemp("group")) as running:
        yield running


def checked(settings: Settings) -> dict[str, Check]:
    return {check.name: check for check in broker_checks(settings)}


def test_doctor_asks_the_sentinels_and_the_replicas(group: Group) -> None:
    found = checked(Settings(redis_url=group.url))
    names = [f"sentinel 127.0.0.1:{port}" for port in group.sentinels]
    assert all(found[name].advice is None and found[name].found.startswith("OK 3 usable") for name in names)
    assert found["broker: replicas"] == Check("broker: replicas", "1 online, an alert waits for 1")
    lacking = checked(Settings(redis_url=group.url, redis_replicas=2))["broker: replicas"]
    assert "SPIKETRACE_REDIS_REPLICAS" in str(lacking.advice)
    elsewhere = checked(Settings(redis_url=group.url.replace("master=spiketrace", "master=another")))
    assert {str(elsewhere[name].advice) for name in names} == {
        "start the Sentinels that are missing, and check the name after `master=`"
    }
    assert "no Sentinel that answers knows a primary of that name" in elsewhere["broker"].found


class Accepting:
    """Appends alerts as the webhook does; `safe` are the ids of those that it may answer with 202 for that alone."""

    def __init__(self, settings: Settings) -> None:
        self.log = RedisInboxLog(settings.broker_url, replicas=settings.broker_replicas)
        self.safe: list[str] = []
        self._number = 0

    async def one(self) -> bool:
        self._number += 1
        try:
            appended = await self.log.append([arriving(an_alert(f"life-{self._number}"))])
        except QueueUnavailable:
            return False
        if appended.is_safe:
            self.safe.append(appended.acceptances[0].alert_id)
        return appended.is_safe


async def test_what_was_called_safe_is_there_when_another_has_taken_over(group: Group) -> None:
    settings = Settings(redis_url=group.url)
    accepting, queue = Accepting(settings), CeleryQueue(settings)
    counts, tally, rate = RedisRateLimit(settings.broker_url), RedisTally(settings.broker_url), Rate("r", 2, 60)
    assert all([await accepting.one() for _ in range(20)])
    queue.investigate(["before"])
    tally.seen("before")
    assert await counts.take(rate, "ana") is None

    old = group.kill_primary()
    assert not await accepting.one()
    wait_until(lambda: group.has_new_primary(old), seconds=30, what="a new primary")
    assert not await accepting.one(), "the new primary is alone: one disk is not what was promised"
    queue.investigate(["after"])
    assert await counts.take(rate, "ana") is None
    assert "before" in tally.last_seen()

    group.start_server(old)
    group.follow(old, group.primary or 0)
    assert await accepting.one()
    assert {told_id(entry.content) for entry in RedisInbox(settings.broker_url).take(100)} >= set(accepting.safe)
    assert len(accepting.safe) == 21
    with connect_broker(settings.broker_url, seconds=2) as client:
        assert client.llen(LIVE) == 2
    await accepting.log.close()
    await counts.close()
