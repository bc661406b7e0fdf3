"""The intake in a process of its own: what it takes in, that it is started again, and how its failures are told."""

from __future__ import annotations

import multiprocessing
import pickle
from collections.abc import Iterator

import pytest

from tests.store.builders import an_alert, arriving
from webhook.intake_process import IntakeProcess
from worker.bootstrap import Stores
from worker.errors import DeliveryError, EvidenceUnavailable, QueueUnavailable
from worker.settings import Settings
from worker.store.inbox import RedisInboxLog


@pytest.fixture
def taking_in(settings: Settings) -> Iterator[IntakeProcess]:
    process = IntakeProcess(settings)
    yield process
    process.close()


async def _append(url: str, *uuids: str) -> None:
    log = RedisInboxLog(url)
    await log.append([arriving(an_alert(uuid)) for uuid in uuids])
    await log.close()


async def test_it_takes_in_and_goes_on_after_it_was_killed(
    taking_in: IntakeProcess, settings: Settings, stores: Stores
) -> None:
    await _append(settings.redis_url, "life-1", "life-2", "life-3")
    assert [taking_in(2), taking_in(2), taking_in(2)] == [2, 1, 0]
    assert stores.alerts.get(an_alert("life-3").alert_id)
    (process,) = multiprocessing.active_children()
    process.kill()
    with pytest.raises(QueueUnavailable, match="started again"):
        taking_in(2)
    await _append(settings.redis_url, "life-4")
    assert taking_in(2) == 1


async def test_what_it_cannot_write_is_told_as_by_a_thread(settings: Settings) -> None:
    await _append(settings.redis_url, "life-1")
    process = IntakeProcess(settings.model_copy(update={"elasticsearch_url": "http://127.0.0.1:1"}))
    with pytest.raises(EvidenceUnavailable) as raised:
        process(2)
    process.close()
    assert raised.value.retryable


def test_our_errors_are_the_same_in_another_process() -> None:
    error = DeliveryError("no", destination="slack", retryable=True, retry_after_seconds=3.0)
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert (type(copy), str(copy), vars(copy)) == (DeliveryError, "no", vars(error))
