"""The intake on a real broker and engine: whoever dies at whatever step, the next one finishes it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest

from tests.engines.servers import Engine
from tests.standins.queue import Queued
from tests.store.builders import a_recovery, an_alert, arriving
from worker.bootstrap import Stores, connect
from worker.domain.alert import AlertState
from worker.errors import EvidenceUnavailable, QueueUnavailable
from worker.intake import BATCH, take_in
from worker.ports import InboxEntry, Letter, Recorded
from worker.settings import Settings
from worker.store import inbox as inbox_module
from worker.store.dead_letters import INDEX as DEAD_LETTERS
from worker.store.inbox import RedisInboxLog
from worker.store.templates import install_templates

FIRST = arriving(an_alert())
LATER = arriving(an_alert(minutes=5))
RECOVERY = arriving(a_recovery())
LETTER = Letter(letter_id="invalid-1", kind="invalid", reason="no JSON", payload="{{")
ALERT_IDS = [FIRST.alert.alert_id, LATER.alert.renotification_id]


class Dies(BaseException):
    """As SIGKILL: nothing handles it."""


@pytest.fixture
def stores(embedded_engine: Engine, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Stores:
    # What one run of the intake took and left is free for the next at once.
    monkeypatch.setattr(inbox_module, "ABANDONED_AFTER_SECONDS", 0)
    connected = connect(Settings(elasticsearch_url=embedded_engine.url, redis_url=redis_url))
    install_templates(connected.client)
    return connected


@pytest.fixture
async def log(redis_url: str) -> AsyncIterator[RedisInboxLog]:
    appending = RedisInboxLog(redis_url)
    yield appending
    await appending.close()


@pytest.fixture
def queue() -> Queued:
    return Queued()


def _take_in(stores: Stores, queue: Queued, *, limit: int = BATCH) -> int:
    return take_in(stores.inbox, stores.alerts, stores.dead_letters, queue, limit=limit)


def _dies_after(step: Callable[..., Any]) -> Callable[..., Any]:
    def die(*args: Any, **kwargs: Any) -> None:
        step(*args, **kwargs)
        raise Dies

    return die


def _dies_before(_: Callable[..., Any]) -> Callable[..., Any]:
    def die(*args: Any, **kwargs: Any) -> None:
        raise Dies

    return die


async def test_alerts_are_stored_queued_and_acknowledged(stores: Stores, log: RedisInboxLog, queue: Queued) -> None:
    await log.append([FIRST, LATER, RECOVERY])
    assert _take_in(stores, queue) == 3
    assert queue.alert_ids == ALERT_IDS
    records = stores.alerts.get_many(ALERT_IDS)
    assert [record.state for record in records] == [AlertState.QUEUED] * 2
    assert all(record.recovered_at == RECOVERY.alert.date for record in records)
    assert stores.inbox.depth() == 0
    assert _take_in(stores, queue) == 0


async def test_an_empty_inbox_is_no_work(stores: Stores, queue: Queued) -> None:
    assert _take_in(stores, queue) == 0


async def test_no_more_than_the_limit_is_taken_at_once(stores: Stores, log: RedisInboxLog, queue: Queued) -> None:
    await log.append([FIRST, LATER, RECOVERY])
    assert [_take_in(stores, queue, limit=2) for _ in range(3)] == [2, 1, 0]


async def test_a_recovery_alone_is_recorded_and_not_investigated(
    stores: Stores, log: RedisInboxLog, queue: Queued
) -> None:
    await log.append([RECOVERY])
    _take_in(stores, queue)
    assert queue.alert_ids == []
    record = stores.alerts.get(FIRST.alert.alert_id)
    assert record
    assert record.state is AlertState.RECOVERED


async def test_what_is_no_alert_becomes_a_dead_letter_once(
    stores: Stores, log: RedisInboxLog, queue: Queued, embedded_engine: Engine
) -> None:
    await log.append([LETTER])
    _take_in(stores, queue)
    await log.append([LETTER])
    _take_in(stores, queue)
    embedded_engine.refresh()
    (hit,) = stores.client.search(index=DEAD_LETTERS)["hits"]["hits"]
    assert (hit["_source"]["alert_id"], hit["_source"]["reason"]) == ("invalid-1", "no JSON")
    assert queue.alert_ids == []


async def test_what_elasticsearch_refuses_for_good_is_a_dead_letter_and_holds_up_nothing(
    stores: Stores, log: RedisInboxLog, queue: Queued, embedded_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    await log.append([FIRST, LATER])
    record = stores.alerts.record

    def refuse_the_first(notifications: Sequence[Any]) -> list[Recorded]:
        outcomes = record(notifications)
        return [outcomes[0].model_copy(update={"refused": "mapper_parsing_exception"}), *outcomes[1:]]

    monkeypatch.setattr(stores.alerts, "record", refuse_the_first)
    assert _take_in(stores, queue) == 2
    assert queue.alert_ids == ALERT_IDS[1:]
    embedded_engine.refresh()
    (hit,) = stores.client.search(index=DEAD_LETTERS)["hits"]["hits"]
    assert hit["_source"]["alert_id"] == ALERT_IDS[0]
    assert "mapper_parsing_exception" in hit["_source"]["reason"]
    assert stores.inbox.depth() == 0


@pytest.mark.parametrize("when", [_dies_before, _dies_after], ids=["before", "after"])
@pytest.mark.parametrize(
    ("part", "step"),
    [("alerts", "record"), ("dead_letters", "put"), ("queue", "investigate"), ("inbox", "acknowledge")],
)
async def test_a_death_at_any_step_loses_nothing_and_doubles_nothing(
    stores: Stores,
    log: RedisInboxLog,
    queue: Queued,
    monkeypatch: pytest.MonkeyPatch,
    part: str,
    step: str,
    when: Callable[[Callable[..., Any]], Callable[..., Any]],
) -> None:
    await log.append([FIRST, LATER, RECOVERY, LETTER])
    target = queue if part == "queue" else getattr(stores, part)
    with monkeypatch.context() as patched:
        patched.setattr(target, step, when(getattr(target, step)))
        with pytest.raises(Dies):
            _take_in(stores, queue)
    _take_in(stores, queue)
    assert stores.inbox.depth() == 0
    assert set(queue.alert_ids) == set(ALERT_IDS)
    stores.client.indices.refresh()
    assert stores.client.count(index="spiketrace-alerts")["count"] == 2
    assert stores.client.count(index=DEAD_LETTERS)["count"] == 1


async def test_a_queue_that_is_away_keeps_the_alert_in_the_inbox(
    stores: Stores, log: RedisInboxLog, queue: Queued
) -> None:
    await log.append([FIRST])
    queue.is_away = True
    with pytest.raises(QueueUnavailable):
        _take_in(stores, queue)
    queue.is_away = False
    assert _take_in(stores, queue) == 1
    assert queue.alert_ids == ALERT_IDS[:1]


async def test_an_engine_that_is_away_keeps_the_alert_in_the_inbox(
    stores: Stores, log: RedisInboxLog, queue: Queued, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> None:
        raise EvidenceUnavailable("away", retryable=True)

    await log.append([FIRST])
    with monkeypatch.context() as patched:
        patched.setattr(stores.alerts, "record", away)
        with pytest.raises(EvidenceUnavailable):
            _take_in(stores, queue)
    assert stores.inbox.find(ALERT_IDS[0]) is AlertState.QUEUED
    assert _take_in(stores, queue) == 1


async def test_what_is_investigated_already_is_not_queued_again(
    stores: Stores, log: RedisInboxLog, queue: Queued
) -> None:
    await log.append([FIRST])
    entries: list[InboxEntry] = stores.inbox.take(10)
    _take_in(stores, queue)
    stores.alerts.claim(ALERT_IDS[0], owner="a", lease_seconds=60)

    class SameAgain:
        def take(self, limit: int) -> list[InboxEntry]:
            return entries

        def acknowledge(self, done: Sequence[InboxEntry]) -> None:
            return

    take_in(SameAgain(), stores.alerts, stores.dead_letters, queue)
    assert queue.alert_ids == ALERT_IDS[:1]
