"""The life of a replay: running, paused, cancelled, done. What is on its way when somebody pauses or cancels ends."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from worker.errors import SpikeTraceError
from worker.replay.model import UNFINISHED, Item, ItemState, Replay, ReplayState
from worker.replay.ports import ReplayStore

# Ids become part of a path in Elasticsearch, and none is that of the feed.
REPLAY_ID = re.compile(r"replay-[a-z0-9-]{1,100}")
# Writing the items of a replay takes seconds; who has not come to the end after so long is gone.
PREPARED_WITHIN = timedelta(minutes=15)
NEVER_BEGUN = "whoever began it was gone before all of it was written: nothing was run; begin it again"


class NotPossible(SpikeTraceError):
    """The replay's state does not allow it."""


class UnknownReplay(SpikeTraceError):
    """There is no replay of that id."""

    def __init__(self, replay_id: str) -> None:
        super().__init__(f"there is no replay {replay_id[:200]}")


def pause(replay_id: str, store: ReplayStore) -> Replay:
    """Nothing more begins. Raises UnknownReplay, NotPossible, EvidenceUnavailable; so do the others."""
    return _change(replay_id, store, ReplayState.PAUSED, {ReplayState.RUNNING, ReplayState.PAUSED})


def resume(replay_id: str, store: ReplayStore) -> Replay:
    """Goes on through the queue, also what a process that is gone had begun by itself."""

    def on(replay: Replay) -> Replay:
        manner = replay.manner.model_copy(update={"driver": "queue"})
        return replay.model_copy(update={"manner": manner})

    _change(replay_id, store, ReplayState.RUNNING, {ReplayState.RUNNING, ReplayState.PAUSED})
    return store.change(replay_id, on)


def cancel(replay_id: str, store: ReplayStore, now: datetime) -> Replay:
    """What has not begun never will."""
    allowed = {ReplayState.RUNNING, ReplayState.PAUSED, ReplayState.CANCELLED, ReplayState.PREPARING}
    replay = _change(replay_id, store, ReplayState.CANCELLED, allowed)
    return sweep_cancelled(replay, store, now)


def complete(replay_id: str, store: ReplayStore, now: datetime) -> Replay:
    def done(replay: Replay) -> Replay:
        if replay.state is not ReplayState.RUNNING:
            return replay
        return replay.model_copy(update={"state": ReplayState.DONE, "finished_at": now})

    return store.change(replay_id, done)


def sweep_cancelled(replay: Replay, store: ReplayStore, now: datetime) -> Replay:
    """Marks what has not begun; what is running ends and counts as what it comes to. Repeated until none is left."""
    if replay.state is not ReplayState.CANCELLED or replay.finished_at:
        return replay
    for item in list(store.items(replay.replay_id, ItemState.WAITING)):
        store.change_item(item.replay_id, item.alert_id, lambda found: _cancelled(found, now))
    if unfinished(store.tally(replay.replay_id)):
        return replay
    return store.change(replay.replay_id, lambda found: found.model_copy(update={"finished_at": now}))


def sweep_unprepared(replay: Replay, store: ReplayStore, now: datetime) -> None:
    if replay.state is not ReplayState.PREPARING or replay.created_at + PREPARED_WITHIN > now:
        return

    def given_up(found: Replay) -> Replay:
        if found.state is not ReplayState.PREPARING:
            return found
        return found.model_copy(update={"state": ReplayState.CANCELLED, "reason": NEVER_BEGUN})

    store.change(replay.replay_id, given_up)


def unfinished(tally: Mapping[ItemState, int]) -> int:
    return sum(tally.get(state, 0) for state in UNFINISHED)


def _cancelled(item: Item, now: datetime) -> Item | None:
    if item.state is not ItemState.WAITING:
        return None
    return item.model_copy(update={"state": ItemState.CANCELLED, "finished_at": now})


def _change(replay_id: str, store: ReplayStore, to: ReplayState, allowed: set[ReplayState]) -> Replay:
    def moved(replay: Replay) -> Replay:
        if replay.state not in allowed:
            raise NotPossible(f"the replay {replay_id} is {replay.state.value} already")
        return replay.model_copy(update={"state": to})

    if REPLAY_ID.fullmatch(replay_id) is None:
        raise UnknownReplay(replay_id)
    try:
        return store.change(replay_id, moved)
    except KeyError:
        raise UnknownReplay(replay_id) from None
