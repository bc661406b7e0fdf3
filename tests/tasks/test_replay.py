"""Replays run by real workers on a real broker: each alert once more, nothing else touched, nothing lost."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import redis

from tests.tasks.conftest import Bench, wait_until
from tests.tasks.scripted_worker import PATIENCE
from worker.domain.alert import AlertState
from worker.replay.feed import Feeder, Pace
from worker.replay.life import cancel
from worker.replay.model import Choice, Item, ItemState, Manner, Replay, ReplayState
from worker.replay.selection import select
from worker.replay.starting import start_replay
from worker.replay.summary import summarise


def begin(bench: Bench, alert_ids: list[str], **manner: Any) -> Replay:
    bench.stores.client.indices.refresh(index="spiketrace-*")
    chosen = select(Choice(ids=tuple(alert_ids)), bench.stores.past_alerts, bench.stores.reports)
    return start_replay(chosen, bench.stores.replays, now=datetime.now(UTC), manner=Manner(**manner))


def wait_for(bench: Bench, replay: Replay, *, seconds: float = 40.0) -> list[Item]:
    """The clock's task stands in this process, since no beat runs here."""
    pace = Pace(in_flight=bench.settings.replay_in_flight, patience=PATIENCE)
    feeder = Feeder(bench.stores.replays, bench.queue, pace)

    def is_over() -> bool:
        feeder.feed(datetime.now(UTC))
        found = bench.stores.replays.get(replay.replay_id)
        return found is not None and found.is_over

    wait_until(is_over, seconds=seconds, what=f"the end of {replay.replay_id}")
    return list(bench.stores.replays.items(replay.replay_id))


def everything_but_replays(bench: Bench) -> dict[str, Any]:
    """What a replay must not touch, by index and id."""
    bench.stores.client.indices.refresh(index="spiketrace-*")
    names = ("alerts", "incidents", "dead-letters", "reports")
    found = bench.stores.client.search(
        index=[f"spiketrace-{name}" for name in names],
        ignore_unavailable=True,
        size=1000,
        query={"bool": {"must_not": [{"exists": {"field": "replay_of"}}]}},
    )
    return {f"{hit['_index']}/{hit['_id']}": hit["_source"] for hit in found["hits"]["hits"]}


def test_a_replay_of_the_same_finds_the_same_and_touches_nothing(shared_bench: Bench) -> None:
    alert_ids = shared_bench.accept("ok replay-1", "ok replay-2")
    shared_bench.queue.investigate(alert_ids)
    for alert_id in alert_ids:
        record = shared_bench.wait_for(alert_id, AlertState.REPORTED)
        _wait_until_told(shared_bench, record.incident_id)
    before = everything_but_replays(shared_bench)
    items = wait_for(shared_bench, begin(shared_bench, alert_ids))
    assert [item.state for item in items] == [ItemState.SAME] * 2
    assert everything_but_replays(shared_bench) == before
    for item in items:
        report = shared_bench.stores.reports.get(item.report_id or "")
        assert report
        assert (report.replay_of, report.replay_id) == (f"r-{item.alert_id}", item.replay_id)
        assert report.incident_id is None
        assert shared_bench.calls(item.alert_id) == 2


def _wait_until_told(bench: Bench, incident_id: str | None) -> None:
    def told() -> bool:
        incident = bench.stores.incidents.get(incident_id or "")
        return incident is not None and {one.state for one in incident.deliveries.values()} == {"done"}

    wait_until(told, what="the delivery")


@pytest.mark.parametrize(
    ("instance", "reason"),
    [
        ("refused", "the engine refused the query"),
        ("bug", "an unexpected ZeroDivisionError; the worker's log has the traceback"),
        ("unavailable 9", "the engine is away"),
        ("die 9", "2 attempts ended without a report"),
    ],
)
def test_what_cannot_be_investigated_fails_with_its_reason_and_is_no_dead_letter(
    shared_bench: Bench, instance: str, reason: str
) -> None:
    alert_ids = shared_bench.accept(instance, "ok beside it")
    before = everything_but_replays(shared_bench)
    items = wait_for(shared_bench, begin(shared_bench, alert_ids))
    states = {item.alert_id: (item.state, item.reason) for item in items}
    assert states == {alert_ids[0]: (ItemState.FAILED, reason), alert_ids[1]: (ItemState.NEW, None)}
    assert everything_but_replays(shared_bench) == before


def test_what_is_worth_a_retry_is_tried_again(shared_bench: Bench) -> None:
    (alert_id,) = shared_bench.accept("unavailable 1")
    (item,) = wait_for(shared_bench, begin(shared_bench, [alert_id]))
    assert (item.state, item.attempts, item.reason) == (ItemState.NEW, 2, None)


def test_only_on_request_it_opens_an_incident_and_tells_people_once(shared_bench: Bench) -> None:
    (alert_id,) = shared_bench.accept("ok to be delivered")
    (item,) = wait_for(shared_bench, begin(shared_bench, [alert_id], deliver=True))
    report = shared_bench.stores.reports.get(item.report_id or "")
    assert report
    assert report.replay_of == f"r-{alert_id}"
    _wait_until_told(shared_bench, report.incident_id)
    incident = shared_bench.stores.incidents.get(report.incident_id or "")
    assert incident
    assert (incident.alert_ids, incident.report_ids) == ([alert_id], [report.report_id])
    assert shared_bench.record(alert_id).state is AlertState.QUEUED


def test_the_tally_is_exact_whatever_is_killed(bench: Bench) -> None:
    """The worker in the midst of it, and all that the broker held."""
    alert_ids = bench.accept(*(f"slow 0.1 {number}" for number in range(12)))
    replay = begin(bench, alert_ids)
    _until(bench, replay, 2, bench.start_worker)
    os.killpg(bench.workers[0].pid, signal.SIGKILL)
    bench.workers[0].wait()
    _until(bench, replay, 6, bench.start_worker)
    with redis.Redis.from_url(bench.settings.redis_url) as broker:
        broker.flushall()
    found = summarise(wait_for(bench, replay, seconds=60))
    assert found.tally == Counter({ItemState.NEW: 12})
    assert {item.alert_id for item in found.new} == set(alert_ids)
    bench.stores.client.indices.refresh(index="spiketrace-reports")
    assert bench.stores.client.count(index="spiketrace-reports")["count"] == 12


def _until(bench: Bench, replay: Replay, done: int, start: Callable[[], object]) -> None:
    """Starts a worker, and returns when so many alerts are done."""
    start()
    feeder = Feeder(bench.stores.replays, bench.queue, Pace(patience=PATIENCE))

    def is_so_far() -> bool:
        feeder.feed(datetime.now(UTC))
        return bench.stores.replays.tally(replay.replay_id).get(ItemState.NEW, 0) >= done

    wait_until(is_so_far, seconds=30, what=f"{done} replayed")


def test_one_cancelled_in_the_midst_runs_nothing_more(shared_bench: Bench) -> None:
    alert_ids = shared_bench.accept(*(f"slow 0.1 cancelled-{number}" for number in range(30)))
    replay = begin(shared_bench, alert_ids)
    Feeder(shared_bench.stores.replays, shared_bench.queue, Pace()).feed(datetime.now(UTC))
    wait_until(lambda: any(shared_bench.calls(alert_id) for alert_id in alert_ids))
    cancel(replay.replay_id, shared_bench.stores.replays, datetime.now(UTC))
    wait_for(shared_bench, replay)
    found = shared_bench.stores.replays.get(replay.replay_id)
    assert found
    assert found.state is ReplayState.CANCELLED
    calls = sum(shared_bench.calls(alert_id) for alert_id in alert_ids)
    tally = shared_bench.stores.replays.tally(replay.replay_id)
    assert tally[ItemState.NEW] == calls < 30
    assert tally[ItemState.CANCELLED] == 30 - calls
