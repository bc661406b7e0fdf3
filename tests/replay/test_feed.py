"""What is on its way: never more than allowed, never lost, and never before live alerts."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from tests.engines.servers import Engine
from tests.replay.builders import NOW, names, planned, seconds
from worker.bootstrap import Stores
from worker.errors import QueueUnavailable
from worker.replay import life
from worker.replay.feed import Feeder, Pace
from worker.replay.model import Item, ItemState, Manner, Replay, ReplayState
from worker.replay.starting import start_replay

PACE = Pace(in_flight=2, per_second=1000.0, patience=seconds(20))


@dataclass
class Messages:
    """A queue that remembers. `waiting_live` alerts wait on it; a broken one takes nothing."""

    sent: list[str] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    waiting_live: int = 0
    waiting: int = 0
    is_broken: bool = False

    def replay(self, replay_id: str, alert_id: str, *, in_seconds: float = 0.0) -> None:
        if self.is_broken:
            raise QueueUnavailable("the broker did not answer")
        self.sent.append(alert_id)
        self.delays.append(in_seconds)

    def waiting_alerts(self) -> int:
        return self.waiting_live

    def waiting_replays(self) -> int:
        return self.waiting


@pytest.fixture
def queue() -> Messages:
    return Messages()


@pytest.fixture
def feeder(stores: Stores, queue: Messages) -> Feeder:
    return Feeder(stores.replays, queue, PACE)


def start(stores: Stores, count: int, *, at: datetime = NOW, manner: Manner | None = None) -> Replay:
    return start_replay(planned(*names(count)), stores.replays, now=at, manner=manner)


def finish(stores: Stores, replay: Replay, alert_id: str, state: ItemState = ItemState.SAME) -> Item:
    done = stores.replays.change_item(
        replay.replay_id, alert_id, lambda item: item.model_copy(update={"state": state, "finished_at": NOW})
    )
    assert done
    return done


def state_of(stores: Stores, replay: Replay) -> ReplayState:
    found = stores.replays.get(replay.replay_id)
    assert found
    return found.state


def test_no_more_are_on_their_way_than_allowed(stores: Stores, queue: Messages, feeder: Feeder) -> None:
    start(stores, 5)
    assert feeder.feed(NOW) == 2
    assert feeder.feed(NOW) == 0
    assert queue.sent == ["alert-0", "alert-1"]


def test_what_is_finished_makes_room_for_the_next(stores: Stores, queue: Messages, feeder: Feeder) -> None:
    replay = start(stores, 3)
    feeder.feed(NOW)
    feeder.release(finish(stores, replay, "alert-0"), NOW + seconds(1))
    assert queue.sent == ["alert-0", "alert-1", "alert-2"]


def test_a_replay_is_done_when_the_last_is(stores: Stores, feeder: Feeder) -> None:
    replay = start(stores, 2)
    feeder.feed(NOW)
    feeder.release(finish(stores, replay, "alert-0"), NOW)
    assert state_of(stores, replay) is ReplayState.RUNNING
    feeder.release(finish(stores, replay, "alert-1"), NOW)
    assert state_of(stores, replay) is ReplayState.DONE


def test_many_feeders_at_once_keep_to_the_bound_and_send_each_once(
    stores: Stores, queue: Messages, feeder: Feeder
) -> None:
    replay = start(stores, 12)

    def work(_: int) -> None:
        feeder.feed(NOW)
        taken = [slot.alert_id for slot in stores.replays.feed().slots]
        assert len(taken) <= PACE.in_flight
        for alert_id in taken:
            feeder.release(finish(stores, replay, alert_id), NOW)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(24)))
    while state_of(stores, replay) is not ReplayState.DONE:
        work(0)
    assert sorted(queue.sent) == sorted(names(12))
    assert stores.replays.tally(replay.replay_id) == {ItemState.SAME: 12}


def test_nothing_is_added_while_live_alerts_wait(stores: Stores, queue: Messages, feeder: Feeder) -> None:
    start(stores, 2)
    queue.waiting_live = 1
    assert feeder.feed(NOW) == 0
    queue.waiting_live = 0
    assert feeder.feed(NOW) == 2


def test_a_lost_message_is_sent_again_once_it_is_due(stores: Stores, queue: Messages, feeder: Feeder) -> None:
    start(stores, 1)
    feeder.feed(NOW)
    assert feeder.feed(NOW + seconds(19)) == 0
    assert feeder.feed(NOW + seconds(21)) == 1
    assert queue.sent == ["alert-0", "alert-0"]


def test_a_message_that_still_waits_is_not_lost(stores: Stores, queue: Messages, feeder: Feeder) -> None:
    start(stores, 1)
    feeder.feed(NOW)
    queue.waiting = 1
    assert feeder.feed(NOW + seconds(21)) == 0
    queue.waiting = 0
    assert feeder.feed(NOW + seconds(42)) == 1


def test_what_a_dead_worker_held_is_sent_again_after_its_lease(stores: Stores, queue: Messages, feeder: Feeder) -> None:
    replay = start(stores, 1)
    feeder.feed(NOW)
    held = {"state": ItemState.RUNNING, "claimed_by": "gone", "lease_until": NOW + seconds(30)}
    stores.replays.change_item(replay.replay_id, "alert-0", lambda item: item.model_copy(update=held))
    assert feeder.feed(NOW + seconds(21)) == 0
    assert feeder.feed(NOW + seconds(31)) == 1


def test_a_slot_that_nobody_freed_is_freed_when_it_is_due(stores: Stores, queue: Messages, feeder: Feeder) -> None:
    """Its worker died between finishing the alert and saying so."""
    replay = start(stores, 3)
    feeder.feed(NOW)
    finish(stores, replay, "alert-0")
    assert feeder.feed(NOW + seconds(21)) == 2
    assert queue.sent[2:] == ["alert-1", "alert-2"]


def test_a_message_that_could_not_be_sent_is_due_again(stores: Stores, queue: Messages, feeder: Feeder) -> None:
    start(stores, 1)
    queue.is_broken = True
    with pytest.raises(QueueUnavailable):
        feeder.feed(NOW)
    queue.is_broken = False
    assert feeder.feed(NOW + seconds(21)) == 1


def test_what_failed_for_now_keeps_its_slot_and_comes_again(stores: Stores, queue: Messages, feeder: Feeder) -> None:
    start(stores, 1)
    feeder.feed(NOW)
    (item,) = stores.replays.unfinished(stores.replays.feed().slots[0].replay_id, start=0, limit=1)
    feeder.postpone(item, NOW + seconds(4))
    assert feeder.feed(NOW + seconds(3)) == 0
    assert feeder.feed(NOW + seconds(5)) == 1


def test_the_rate_spaces_the_messages(stores: Stores, queue: Messages) -> None:
    start(stores, 9, manner=Manner(per_second=2.0))
    Feeder(stores.replays, queue, Pace(in_flight=4, per_second=10.0)).feed(NOW)
    assert queue.delays == [0.0, 0.5, 1.0, 1.5]


def test_a_replay_asks_for_no_more_than_the_settings_allow(stores: Stores, queue: Messages) -> None:
    start(stores, 9, manner=Manner(per_second=1000.0))
    Feeder(stores.replays, queue, Pace(in_flight=2, per_second=4.0)).feed(NOW)
    assert queue.delays == [0.0, 0.25]


def test_a_rest_holds_up_the_next(stores: Stores, queue: Messages, feeder: Feeder) -> None:
    replay = start(stores, 3)
    feeder.feed(NOW)
    feeder.release(finish(stores, replay, "alert-0"), NOW, next_at=NOW + seconds(3))
    assert queue.delays[2] == 3.0


def test_the_older_replay_goes_first_and_the_bound_is_of_both(stores: Stores, queue: Messages, feeder: Feeder) -> None:
    older = start(stores, 1)
    start_replay(planned("newer-0", "newer-1"), stores.replays, now=NOW + seconds(1))
    assert feeder.feed(NOW + seconds(2)) == 2
    assert queue.sent == ["alert-0", "newer-0"]
    feeder.release(finish(stores, older, "alert-0"), NOW + seconds(3))
    assert queue.sent[-1] == "newer-1"
    assert state_of(stores, older) is ReplayState.DONE


def test_paused_nothing_begins_and_resumed_it_goes_on(stores: Stores, queue: Messages, feeder: Feeder) -> None:
    replay = start(stores, 3)
    feeder.feed(NOW)
    life.pause(replay.replay_id, stores.replays)
    for alert_id in ("alert-0", "alert-1"):
        feeder.release(finish(stores, replay, alert_id), NOW)
    assert len(queue.sent) == 2
    life.resume(replay.replay_id, stores.replays)
    assert feeder.feed(NOW) == 1


def test_cancelled_what_has_not_begun_never_does(stores: Stores, queue: Messages, feeder: Feeder) -> None:
    replay = start(stores, 4)
    feeder.feed(NOW)
    finish(stores, replay, "alert-0")
    cancelled = life.cancel(replay.replay_id, stores.replays, NOW)
    assert cancelled.finished_at == NOW
    assert stores.replays.tally(replay.replay_id) == {ItemState.SAME: 1, ItemState.CANCELLED: 3}
    feeder.feed(NOW + seconds(21))
    assert len(queue.sent) == 2


def test_a_cancelled_replay_is_swept_when_what_runs_has_ended(stores: Stores, feeder: Feeder) -> None:
    replay = start(stores, 2)
    running = {"state": ItemState.RUNNING, "lease_until": NOW + seconds(30)}
    stores.replays.change_item(replay.replay_id, "alert-0", lambda item: item.model_copy(update=running))
    assert life.cancel(replay.replay_id, stores.replays, NOW).finished_at is None
    finish(stores, replay, "alert-0")
    feeder.feed(NOW + seconds(1))
    found = stores.replays.get(replay.replay_id)
    assert found
    assert found.finished_at == NOW + seconds(1)


def test_what_is_over_can_neither_be_paused_nor_cancelled(stores: Stores) -> None:
    replay = start(stores, 0)
    assert replay.state is ReplayState.DONE
    for change in (life.pause, life.resume):
        with pytest.raises(life.NotPossible, match="done already"):
            change(replay.replay_id, stores.replays)
    with pytest.raises(life.UnknownReplay):
        life.cancel("replay-none", stores.replays, NOW)


def test_a_replay_whose_maker_is_gone_before_all_was_written_never_runs(
    stores: Stores, queue: Messages, feeder: Feeder
) -> None:
    class Gone(Exception):
        pass

    def breaking_off(number: int) -> None:
        if number == 2:
            raise Gone

    with pytest.raises(Gone):
        start_replay(planned(*names(3)), stores.replays, now=NOW, told=breaking_off)
    feeder.feed(NOW + seconds(60))
    (replay,) = stores.replays.latest(10)
    assert replay.state is ReplayState.PREPARING
    feeder.feed(NOW + seconds(3600))
    (replay,) = stores.replays.latest(10)
    assert (replay.state, queue.sent) == (ReplayState.CANCELLED, [])
    assert "begin it again" in (replay.reason or "")


def test_a_lost_feed_loses_nothing(stores: Stores, queue: Messages, feeder: Feeder) -> None:
    replay = start(stores, 3)
    feeder.feed(NOW)
    finish(stores, replay, "alert-0")
    stores.client.delete(index="spiketrace-replays", id="feed", refresh=True)
    feeder.feed(NOW + seconds(1))
    assert queue.sent[2:] == ["alert-1", "alert-2"]


def test_what_another_process_drives_is_left_to_it(stores: Stores, queue: Messages, feeder: Feeder) -> None:
    replay = start(stores, 2, manner=Manner(driver="here"))
    assert feeder.feed(NOW) == 0
    life.resume(replay.replay_id, stores.replays)
    assert feeder.feed(NOW) == 2


def test_each_alert_is_replayed_once(stores: Stores) -> None:
    replay = start_replay(planned("a", "b", "a"), stores.replays, now=NOW)
    assert replay.alerts == 2
    assert Counter(item.alert_id for item in stores.replays.items(replay.replay_id)) == {"a": 1, "b": 1}


def test_items_come_in_pages_and_by_state(stores: Stores) -> None:
    replay = start(stores, 7)
    finish(stores, replay, "alert-3")
    assert [item.number for item in stores.replays.items(replay.replay_id, page=2)] == list(range(7))
    waiting = [item.alert_id for item in stores.replays.items(replay.replay_id, ItemState.WAITING, page=3)]
    assert waiting == [name for name in names(7) if name != "alert-3"]


class TestOnEveryEngine:
    @pytest.fixture
    def embedded_engine(self, engine: Engine) -> Engine:
        return engine

    def test_a_replay_from_its_beginning_to_its_end(self, stores: Stores, queue: Messages, feeder: Feeder) -> None:
        replay = start(stores, 5, at=datetime.now(UTC))
        assert feeder.feed(NOW) == 2
        for alert_id in names(5):
            feeder.release(finish(stores, replay, alert_id), NOW)
        assert queue.sent == names(5)
        assert state_of(stores, replay) is ReplayState.DONE
        assert stores.replays.unsettled() == []
