"""Puts replays on the queue, a few items at a time, so that live alerts are never late because of them.

What is on its way has a slot in one document, the feed. Whoever changes it writes on the condition that nobody else
has: so there are never more on their way than allowed, however many workers feed. A slot that nobody has freed when it
is due is looked after: its message may be lost with the broker, or its worker be gone. So a replay goes on by itself
after any crash.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

import structlog

from worker.errors import EvidenceUnavailable
from worker.replay.life import complete, sweep_cancelled, sweep_unprepared, unfinished
from worker.replay.model import Feed, Item, ItemState, Replay, ReplayState, Slot
from worker.replay.ports import ReplayQueue, ReplayStore

WRITE_ROUNDS = 20
# The clock comes again sooner than that, so what begins later is left to it.
LONGEST_DELAY = timedelta(seconds=5)
# While live alerts come in, the queue rests so many times as long as the last item took.
RESTS = 3.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Pace:
    """At most so many items on their way, and so many begun in a second.

    A message that nobody has taken for `patience` is taken for lost when none wait on the queue.
    """

    in_flight: int = 1
    per_second: float = 10.0
    patience: timedelta = timedelta(seconds=20)


class Message(NamedTuple):
    slot: Slot
    in_seconds: float


Change = Callable[[Feed], tuple[Feed, list[Message]]]


@dataclass(frozen=True)
class Feeder:
    replays: ReplayStore
    queue: ReplayQueue
    pace: Pace

    def feed(self, now: datetime) -> int:
        """One turn: look after what is due, and add what there is room for. How many messages were sent.

        Raises EvidenceUnavailable or QueueUnavailable; what was not sent then is due again soon.
        """
        replays = self.replays.unsettled()
        if not replays:
            return 0
        for replay in replays:
            sweep_cancelled(replay, self.replays, now)
            sweep_unprepared(replay, self.replays, now)
        known = {replay.replay_id for replay in replays}
        sent = self._change(lambda feed: self._look_after(feed, known, now), replays, now)
        self._complete(replays, now)
        return sent

    def release(self, item: Item, now: datetime, *, next_at: datetime | None = None) -> int:
        """Its item is finished: the slot is free, and the next one takes it."""

        def freed(feed: Feed) -> tuple[Feed, list[Message]]:
            slots = [slot for slot in feed.slots if not _is_of(slot, item)]
            later = max((moment for moment in (feed.next_at, next_at) if moment), default=None)
            return feed.model_copy(update={"slots": slots, "next_at": later}), []

        replays = self.replays.unsettled()
        sent = self._change(freed, replays, now)
        self._complete(replays, now)
        return sent

    def postpone(self, item: Item, until: datetime) -> None:
        """It failed for now: the slot stays its own, and is due then."""

        def put_off(feed: Feed) -> tuple[Feed, list[Message]]:
            slots = [s.model_copy(update={"due_at": until}) if _is_of(s, item) else s for s in feed.slots]
            return feed.model_copy(update={"slots": slots}), []

        self._change(put_off, [], until)

    def _change(self, first: Change, replays: Sequence[Replay], now: datetime) -> int:
        """What `first` makes of the feed, then what there is room for; the messages go out once that is written."""
        for _ in range(WRITE_ROUNDS):
            read = self.replays.feed()
            feed, messages = first(read)
            feed, more = self._topped_up(feed, replays, now)
            if feed == read or self.replays.write_feed(feed):
                for slot, in_seconds in [*messages, *more]:
                    self.queue.replay(slot.replay_id, slot.alert_id, in_seconds=in_seconds)
                return len(messages) + len(more)
        raise EvidenceUnavailable("feeding the queue: others kept changing what is on its way", retryable=True)

    def _look_after(self, feed: Feed, known: Collection[str], now: datetime) -> tuple[Feed, list[Message]]:
        """Each slot that is due; and what is over is forgotten."""
        slots, messages = [], []
        for slot in feed.slots:
            kept, again = self._looked_after(slot, now)
            slots += [kept] if kept else []
            messages += [Message(kept, 0.0)] if kept and again else []
        taken = {replay_id: number for replay_id, number in feed.taken.items() if replay_id in known}
        return feed.model_copy(update={"slots": slots, "taken": taken}), messages

    def _looked_after(self, slot: Slot, now: datetime) -> tuple[Slot | None, bool]:
        """The slot as it is to be from now on, if at all, and whether a message is to be sent."""
        if slot.due_at > now:
            return slot, False
        item = self.replays.item(slot.replay_id, slot.alert_id)
        if item is None or item.state.is_final:
            return None, False
        if item.state is ItemState.RUNNING and item.lease_until and item.lease_until > now:
            return slot.model_copy(update={"due_at": item.lease_until}), False
        later = slot.model_copy(update={"due_at": now + self.pace.patience})
        if self.queue.waiting_replays():
            return later, False
        log.info(
            "put on the queue again", action="replay-enqueued-again", replay_id=slot.replay_id, alert_id=slot.alert_id
        )
        return later, True

    def _topped_up(self, feed: Feed, replays: Sequence[Replay], now: datetime) -> tuple[Feed, list[Message]]:
        """Nothing is added while live alerts wait. Replays take their turns one after the other, the oldest first."""
        messages: list[Message] = []
        waiting = [one for one in replays if _is_fed(one) and feed.taken.get(one.replay_id, 0) < one.alerts]
        if len(feed.slots) >= self.pace.in_flight or not waiting or self.queue.waiting_alerts():
            return feed, messages
        for replay in waiting:
            feed, more = self._taken_from(replay, feed, now)
            messages += more
            if len(feed.slots) >= self.pace.in_flight:
                break
        return feed, messages

    def _taken_from(self, replay: Replay, feed: Feed, now: datetime) -> tuple[Feed, list[Message]]:
        start, free = feed.taken.get(replay.replay_id, 0), self.pace.in_flight - len(feed.slots)
        items, messages = self.replays.unfinished(replay.replay_id, start=start, limit=free), list[Message]()
        for item in items:
            at = max(now, feed.next_at or now)
            if at - now > LONGEST_DELAY:
                return feed, messages
            slot = Slot(replay_id=item.replay_id, alert_id=item.alert_id, due_at=at + self.pace.patience)
            feed = _with(slot, feed, taken=item.number + 1, next_at=at + self._between(replay))
            messages.append(Message(slot, (at - now).total_seconds()))
        if len(items) < free:
            feed = feed.model_copy(update={"taken": {**feed.taken, replay.replay_id: replay.alerts}})
        return feed, messages

    def _between(self, replay: Replay) -> timedelta:
        return timedelta(seconds=1 / min(self.pace.per_second, replay.manner.per_second or self.pace.per_second))

    def _complete(self, replays: Sequence[Replay], now: datetime) -> None:
        """Those of which nothing is left to begin and nothing is on its way."""
        feed = self.replays.feed()
        on_their_way = {slot.replay_id for slot in feed.slots}
        for replay in filter(_is_fed, replays):
            if feed.taken.get(replay.replay_id, 0) < replay.alerts or replay.replay_id in on_their_way:
                continue
            if unfinished(self.replays.tally(replay.replay_id)):
                # The feed was lost, or a search told less than there is: what is finished is passed over quickly.
                log.warning(
                    "a replay is looked through again", action="replay-checked-again", replay_id=replay.replay_id
                )
            else:
                complete(replay.replay_id, self.replays, now)
            self._change(partial(_forgotten, replay), [], now)


def _is_of(slot: Slot, item: Item) -> bool:
    return (slot.replay_id, slot.alert_id) == (item.replay_id, item.alert_id)


def _is_fed(replay: Replay) -> bool:
    return replay.state is ReplayState.RUNNING and replay.manner.driver == "queue"


def _with(slot: Slot, feed: Feed, *, taken: int, next_at: datetime) -> Feed:
    """One item has one slot."""
    others = [one for one in feed.slots if (one.replay_id, one.alert_id) != (slot.replay_id, slot.alert_id)]
    return feed.model_copy(
        update={"slots": [*others, slot], "taken": {**feed.taken, slot.replay_id: taken}, "next_at": next_at}
    )


def _forgotten(replay: Replay, feed: Feed) -> tuple[Feed, list[Message]]:
    taken = {key: number for key, number in feed.taken.items() if key != replay.replay_id}
    return feed.model_copy(update={"taken": taken}), []
