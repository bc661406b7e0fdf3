"""A replay in this process: the same items, records and comparisons as through the queue, one after the other."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime

import click

from cli.replay_text import Told, progress
from tasks.desk import Replaying
from tasks.queue import CeleryQueue
from tasks.replay import Turn
from tasks.retry import guarded
from worker.assembly import open_desk, open_replay_desk
from worker.bootstrap import Stores
from worker.replay.life import complete
from worker.replay.model import UNFINISHED, Item, Replay, ReplayState
from worker.settings import Settings

EXIT_INTERRUPTED = 130
# Between two looks for what another process may have left behind.
PAUSE_SECONDS = 1.0


class NobodyElse:
    """Instead of the feed: what is next is chosen here, and what failed for now is waited for."""

    def feed(self, now: datetime) -> int:  # noqa: ARG002
        return 0

    def release(self, item: Item, now: datetime, *, next_at: datetime | None = None) -> int:  # noqa: ARG002
        return 0

    def postpone(self, item: Item, until: datetime) -> None:  # noqa: ARG002
        time.sleep(max(0.0, (until - datetime.now(UTC)).total_seconds()))


def open_here(settings: Settings, stores: Stores) -> Replaying:
    """What it takes, before a replay is begun. The broker is used only to deliver. Raises ConfigurationError."""
    desk = open_replay_desk(settings, open_desk(settings, CeleryQueue(settings), stores), stores)
    return Replaying(desk, NobodyElse(), stores.past_alerts)


def run_here(begun: Replay, replaying: Replaying, stores: Stores) -> None:
    """Until all is finished, or somebody pauses or cancels it."""
    try:
        with progress("replaying", begun.alerts) as told:
            while _one_round(begun, stores, replaying, told):
                time.sleep(PAUSE_SECONDS)
    except KeyboardInterrupt:
        click.echo(f"Stopped. The workers go on with it: spiketrace replay resume {begun.replay_id}", err=True)
        raise click.exceptions.Exit(EXIT_INTERRUPTED) from None
    complete(begun.replay_id, stores.replays, datetime.now(UTC))


def _one_round(begun: Replay, stores: Stores, replaying: Replaying, told: Told) -> bool:
    """Every item that is not finished, once; whether another round is needed."""
    waiting = list(stores.replays.items(begun.replay_id, *UNFINISHED))
    for item in waiting:
        replay = stores.replays.get(begun.replay_id)
        if replay is None or replay.state is not ReplayState.RUNNING:
            return False
        turn = Turn(item.replay_id, item.alert_id, f"here-{os.getpid()}", replaying)
        guarded(turn.run, turn.settle, replay_id=item.replay_id, alert_id=item.alert_id)
        told(item.number + 1, begun.alerts)
        if begun.manner.per_second:
            time.sleep(1 / begun.manner.per_second)
    return bool(stores.replays.tally(begun.replay_id).keys() & set(UNFINISHED))
