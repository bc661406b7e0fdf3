"""What the tasks of one process work with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Protocol

from tasks.app import SpikeTraceApp
from tasks.queue import CeleryQueue
from worker.asking import QuestionDesk
from worker.assembly import open_desk, open_question_desk, open_replay_desk
from worker.bootstrap import Stores, connect
from worker.replay.again import ReplayDesk
from worker.replay.feed import Feeder, Pace
from worker.replay.model import Item
from worker.replay.ports import PastAlerts
from worker.run import Desk
from worker.settings import Settings
from worker.turns import Turns


class Feeding(Protocol):
    """Whoever keeps replays going, as somebody sees it who has one item in hand."""

    def feed(self, now: datetime) -> int: ...

    def release(self, item: Item, now: datetime, *, next_at: datetime | None = None) -> int: ...

    def postpone(self, item: Item, until: datetime) -> None: ...


@dataclass(frozen=True)
class Replaying:
    """What replays are worked on with, and what keeps them going."""

    desk: ReplayDesk
    feeder: Feeding
    past_alerts: PastAlerts


@cache
def stores_of(app: SpikeTraceApp) -> Stores:
    """Made when the first task of a process asks for it, so after the fork: connections are not inherited."""
    return connect(app.settings)


@cache
def desk_of(app: SpikeTraceApp) -> Desk:
    return open_desk(app.settings, CeleryQueue(app.settings, app=app), stores_of(app))


@cache
def turns_of(_: SpikeTraceApp) -> Turns:
    """Of this process."""
    return Turns()


@cache
def questions_of(app: SpikeTraceApp) -> QuestionDesk:
    return open_question_desk(app.settings, desk_of(app), stores_of(app))


@cache
def replaying_of(app: SpikeTraceApp) -> Replaying:
    queue, stores = CeleryQueue(app.settings, app=app), stores_of(app)
    desk = open_replay_desk(app.settings, desk_of(app), stores)
    return Replaying(desk, Feeder(stores.replays, queue, _pace(app.settings)), stores.past_alerts)


def _pace(settings: Settings) -> Pace:
    return Pace(in_flight=settings.replay_in_flight, per_second=settings.replay_per_second)
