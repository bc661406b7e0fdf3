"""The inbox on a real broker: what is new, when it is safe, and that nothing taken is lost."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator

import pytest
import redis

from tests.engines.servers import Broker
from tests.store.builders import NOON, a_recovery, an_alert, arriving
from worker.domain.alert import AlertState
from worker.errors import QueueUnavailable
from worker.ports import InboxEntry, Letter, Notification
from worker.posted import Posted, look_at
from worker.store import inbox as inbox_module
from worker.store.group_commit import GroupCommit
from worker.store.inbox import LIFE, STREAM, WAITING, RedisInbox, RedisInboxLog

FIRST = arriving(an_alert())
LATER = arriving(an_alert(minutes=5))
RECOVERY = arriving(a_recovery())
LETTER = Letter(letter_id="invalid-1", kind="invalid", reason="no JSON", payload="{{")


@pytest.fixture
async def log(redis_url: str) -> AsyncIterator[RedisInboxLog]:
    appending = RedisInboxLog(redis_url)
    yield appending
    await appending.close()


@pytest.fixture
def inbox(redis_url: str) -> RedisInbox:
    return RedisInbox(redis_url)


@pytest.fixture
def raw(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        yield client


async def _statuses(log: RedisInboxLog, *submissions: Posted | Notification | Letter) -> list[tuple[str, str]]:
    appended = await log.append(submissions)
    assert appended.is_safe
    return [(acceptance.status, acceptance.alert_id) for acceptance in appended.acceptances]


def _contents(entries: list[InboxEntry]) -> list[Notification | Letter]:
    return [entry.content for entry in entries]


async def test_an_alert_its_copies_its_repetitions_and_its_end(log: RedisInboxLog, raw: redis.Redis) -> None:
    life, again = FIRST.alert.alert_id, LATER.alert.renotification_id
    assert await _statuses(log, FIRST, FIRST, LATER, LATER, RECOVERY, RECOVERY, FIRST) == [
        ("accepted", life),
        ("duplicate", life),
        ("accepted", again),
        ("duplicate", again),
        ("recovered", life),
        ("recovered", life),
        ("duplicate", life),
    ]
    assert raw.xlen(STREAM) == 3


async def test_the_recovery_first(log: RedisInboxLog, inbox: RedisInbox) -> None:
    life = FIRST.alert.alert_id
    assert await _statuses(log, RECOVERY) == [("recovered", life)]
    assert inbox.find(life) is AlertState.RECOVERED
    assert await _statuses(log, FIRST, FIRST) == [("accepted", life), ("duplicate", life)]
    assert inbox.find(life) is AlertState.QUEUED


async def test_an_undated_repetition_is_a_duplicate(log: RedisInboxLog) -> None:
    undated = Notification(alert=an_alert(minutes=99), received_at=an_alert(minutes=99).date)
    life = FIRST.alert.alert_id
    assert await _statuses(log, FIRST, undated) == [("accepted", life), ("duplicate", life)]


async def test_five_hundred_copies_at_once_are_one_entry(log: RedisInboxLog, raw: redis.Redis) -> None:
    async def write(group: object) -> list[str]:
        assert isinstance(group, list)
        return [acceptance.status for acceptance in (await log.append(group)).acceptances]

    commits: GroupCommit[Notification, str] = GroupCommit(write, limit=64, seconds=60)
    statuses = await asyncio.gather(*(commits.commit(FIRST) for _ in range(500)))
    assert sorted(statuses) == ["accepted"] + ["duplicate"] * 499
    assert raw.xlen(STREAM) == 1


async def test_copies_that_reach_several_webhooks_are_one_entry(redis_url: str, raw: redis.Redis) -> None:
    logs = [RedisInboxLog(redis_url) for _ in range(8)]
    appended = await asyncio.gather(*(log.append([FIRST] * 5) for log in logs))
    await asyncio.gather(*(log.close() for log in logs))
    statuses = sorted(acceptance.status for answer in appended for acceptance in answer.acceptances)
    assert statuses == ["accepted"] + ["duplicate"] * 39
    assert raw.xlen(STREAM) == 1


async def test_a_life_is_remembered_for_a_week_after_its_last_notification(
    log: RedisInboxLog, raw: redis.Redis
) -> None:
    await log.append([FIRST])
    key = LIFE + FIRST.alert.alert_id
    raw.expire(key, 60)
    await log.append([FIRST])
    assert 7 * 24 * 3600 - 60 < int(str(raw.ttl(key))) <= 7 * 24 * 3600


async def test_what_was_appended_is_taken_as_it_was_with_its_promised_id(log: RedisInboxLog, inbox: RedisInbox) -> None:
    assert inbox.take(10) == []
    await log.append([FIRST, LATER, RECOVERY, LETTER, LETTER])
    assert _contents(inbox.take(2)) == [
        FIRST.model_copy(update={"alert_id": FIRST.alert.alert_id}),
        LATER.model_copy(update={"alert_id": LATER.alert.renotification_id}),
    ]
    assert _contents(inbox.take(10)) == [
        RECOVERY.model_copy(update={"alert_id": FIRST.alert.alert_id}),
        LETTER,
    ]
    assert inbox.take(10) == []


async def test_taken_and_not_acknowledged_comes_again(
    log: RedisInboxLog, inbox: RedisInbox, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await log.append([FIRST, RECOVERY])
    taken = inbox.take(10)
    somebody_else = RedisInbox(redis_url)
    assert somebody_else.take(10) == []
    monkeypatch.setattr(inbox_module, "ABANDONED_AFTER_SECONDS", 0)
    assert somebody_else.take(10) == taken


async def test_acknowledged_is_gone(
    log: RedisInboxLog, inbox: RedisInbox, raw: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    await log.append([FIRST, LETTER])
    assert inbox.depth() == 2
    inbox.acknowledge(inbox.take(10))
    monkeypatch.setattr(inbox_module, "ABANDONED_AFTER_SECONDS", 0)
    assert inbox.take(10) == []
    assert inbox.depth() == 0
    assert inbox.find(FIRST.alert.alert_id) is None
    assert raw.exists(WAITING) == 0
    inbox.acknowledge([])


async def test_an_entry_that_cannot_be_read_becomes_a_letter_under_the_id_that_was_told(
    inbox: RedisInbox, raw: redis.Redis
) -> None:
    raw.xadd(STREAM, {"alert_id": "told", "kind": "active", "content": '{"alert": 7}'})
    raw.xadd(STREAM, {"something": "else"})
    raw.hset(WAITING, "told", "queued")
    entries = inbox.take(10)
    first, second = _contents(entries)
    assert isinstance(first, Letter)
    assert isinstance(second, Letter)
    assert (first.letter_id, first.kind, first.payload) == ("told", "inbox", '{"alert": 7}')
    assert second.letter_id.startswith("inbox-")
    inbox.acknowledge(entries)
    assert (inbox.depth(), inbox.find("told")) == (0, None)


async def test_the_group_is_made_again_when_the_broker_was_emptied(
    log: RedisInboxLog, inbox: RedisInbox, raw: redis.Redis
) -> None:
    await log.append([FIRST])
    inbox.take(10)
    raw.flushall()
    await log.append([FIRST])
    assert len(inbox.take(10)) == 1


async def test_an_alert_is_still_there_after_the_broker_was_killed(broker: Broker) -> None:
    log = RedisInboxLog(broker.url)
    assert (await log.append([FIRST])).is_safe
    await asyncio.to_thread(broker.kill)
    await asyncio.to_thread(broker.restart)
    assert _contents(RedisInbox(broker.url).take(10)) == [FIRST.model_copy(update={"alert_id": FIRST.alert.alert_id})]
    again = await log.append([FIRST])
    assert [acceptance.status for acceptance in again.acceptances] == ["duplicate"]
    await log.close()


@pytest.mark.parametrize("setting", [{"appendonly": "no"}, {"appendfsync": "no"}], ids=str)
async def test_without_a_file_on_the_disk_nothing_is_called_safe(broker: Broker, setting: dict[str, str]) -> None:
    with redis.Redis.from_url(broker.url) as client:
        for name, value in setting.items():
            client.config_set(name, value)
    log = RedisInboxLog(broker.url)
    appended = await log.append([FIRST])
    await log.close()
    assert not appended.is_safe
    assert [acceptance.status for acceptance in appended.acceptances] == ["accepted"]


async def test_a_duplicate_is_safe_only_when_its_original_is(broker: Broker) -> None:
    with redis.Redis.from_url(broker.url) as client:
        client.config_set("appendfsync", "no")
    log = RedisInboxLog(broker.url)
    assert not (await log.append([FIRST])).is_safe
    assert not (await log.append([FIRST])).is_safe
    with redis.Redis.from_url(broker.url) as client:
        client.config_set("appendfsync", "always")
    assert (await log.append([FIRST])).is_safe
    await log.close()


async def test_a_broker_that_is_away_says_so_at_once(broker: Broker) -> None:
    log, inbox = RedisInboxLog(broker.url), RedisInbox(broker.url)
    broker.kill()
    with pytest.raises(QueueUnavailable):
        await log.append([FIRST])
    with pytest.raises(QueueUnavailable):
        await log.check()
    for ask in (lambda: inbox.take(1), lambda: inbox.find("a"), inbox.depth):
        with pytest.raises(QueueUnavailable):
            ask()
    await log.close()


async def test_a_broker_that_hangs_is_given_up_and_its_late_answer_is_not_taken_for_another(broker: Broker) -> None:
    log = RedisInboxLog(broker.url)
    await log.append([RECOVERY])
    with broker.hanging():
        started = time.monotonic()
        with pytest.raises(QueueUnavailable):
            await log.append([FIRST])
        assert time.monotonic() - started < 3
        with pytest.raises(QueueUnavailable):
            await log.check()
    other = arriving(an_alert("life-2"))
    appended = await log.append([other, other])
    assert [(acceptance.status, acceptance.alert_id) for acceptance in appended.acceptances] == [
        ("accepted", other.alert.alert_id),
        ("duplicate", other.alert.alert_id),
    ]
    await log.close()


@pytest.mark.parametrize(
    ("setting", "advice"),
    [
        ({"appendonly": "no"}, "set appendonly yes"),
        ({"maxmemory-policy": "allkeys-lru"}, "maxmemory-policy noeviction"),
    ],
)
async def test_a_broker_that_would_forget_is_found_out(broker: Broker, setting: dict[str, str], advice: str) -> None:
    log = RedisInboxLog(broker.url)
    await log.check()
    with redis.Redis.from_url(broker.url) as client:
        for name, value in setting.items():
            client.config_set(name, value)
    with pytest.raises(QueueUnavailable, match=advice):
        await log.check()
    await log.close()


async def test_a_broker_without_memory_left_refuses_instead_of_forgetting(broker: Broker) -> None:
    log = RedisInboxLog(broker.url)
    with redis.Redis.from_url(broker.url) as client:
        client.config_set("maxmemory", "1mb")
    with pytest.raises(QueueUnavailable):
        await log.append([FIRST])
    await log.close()


def test_dates_of_notifications_are_what_tells_them_apart() -> None:
    assert FIRST.is_dated
    assert not Notification(alert=an_alert(), received_at=NOON).is_dated


BODY = {
    "rule": {"id": "r1", "params": {"apiKey": "a-secret-of-somebody"}},
    "alert": {"id": "checkout", "uuid": "u1", "action_group": "threshold met"},
    "context": {"message": "password=hunter22"},
}


@pytest.mark.parametrize(
    "dates", [("2026-11-26T04:00:00Z", "2026-11-26T04:05:00Z"), ("", "")], ids=["dated", "undated"]
)
async def test_a_body_as_it_came_is_the_alert_that_it_would_have_been_at_once(
    log: RedisInboxLog, inbox: RedisInbox, dates: tuple[str, str]
) -> None:
    bodies = [json.dumps({**BODY, "date": date}).encode() for date in (*dates, dates[0])]
    bodies.append(json.dumps({**BODY, "event_action": "recovered", "alert": {"uuid": "u1"}}).encode())
    posted = [look_at(body, received_at=NOON, traceparent="00-1-2-03") for body in bodies]
    whole = [one.read() for one in posted]
    as_posted = await _statuses(log, *posted)
    # What was decided by the head alone is what the whole alert would have led to.
    assert await _statuses(log, *whole) == [("recovered" if s == "recovered" else "duplicate", i) for s, i in as_posted]
    taken = _contents(inbox.take(10))
    accepted = [(one, told) for one, (status, told) in zip(whole, as_posted, strict=True) if status != "duplicate"]
    assert taken == [one.model_copy(update={"alert_id": told}) for one, told in accepted]
    assert "hunter22" not in str(taken)
