"""Begins a replay: which alerts, compared with what, and all of them written down before the first one runs."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any, Literal

from worker.errors import ConfigurationError
from worker.replay.model import Choice, Item, Label, Manner, Planned, Replay, ReplayState, replay_report_id
from worker.replay.ports import ReplayStore


@dataclass(frozen=True)
class Comparison:
    """What the new reports are held against: the stored originals, unless others are given.

    Those are the reports of the replay `replay_id`, or `reports`, documents by alert id; `labels` by alert id say what
    is true. `name` says to people where they come from.
    """

    name: str | None = None
    replay_id: str | None = None
    reports: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    labels: Mapping[str, Label] = field(default_factory=dict)

    def of(self, planned: Planned) -> Planned:
        update: dict[str, Any] = {"label": self.labels.get(planned.alert_id)}
        if self.replay_id:
            update["original"] = replay_report_id(self.replay_id, planned.alert_id)
        elif self.name:
            update |= {"original": None, "before": self.reports.get(planned.alert_id)}
        return planned.model_copy(update=update)


def start_replay(
    planned: Iterable[Planned],
    store: ReplayStore,
    *,
    now: datetime,
    manner: Manner | None = None,
    choice: Choice | None = None,
    comparison: Comparison | None = None,
    origin: Literal["alerts", "backtest"] = "alerts",
    told: Callable[[int], None] | None = None,
) -> Replay:
    """The replay, running; done at once if there is nothing to run. The next turn of the feed puts it on the queue.

    Takes any alerts: those that `selection.select` finds, or such as a backtest makes up; each alert once. `told`
    hears how many are written. If it breaks off, nothing has run, and the feed marks the replay as cancelled.
    Raises EvidenceUnavailable.
    """
    replay = Replay(
        replay_id=new_replay_id(now),
        created_at=now,
        origin=origin,
        choice=choice or Choice(),
        manner=manner or Manner(),
        against=comparison.name if comparison else None,
        labelled=bool(comparison and comparison.labels),
    )
    store.create(replay)
    numbers = count()
    compared = map(comparison.of, planned) if comparison else planned
    store.add(_counted(_items(compared, replay, numbers), told))
    alerts = next(numbers)

    def begin(found: Replay) -> Replay:
        if found.state is not ReplayState.PREPARING:
            return found
        over = {"state": ReplayState.DONE, "finished_at": now} if not alerts else {"state": ReplayState.RUNNING}
        return found.model_copy(update={"alerts": alerts, **over})

    return store.change(replay.replay_id, begin)


def with_unknown(begun: Replay, unknown: tuple[str, ...], store: ReplayStore) -> Replay:
    """The replay, which from now on tells which of the ids asked for no alert has."""
    if not unknown:
        return begun
    return store.change(begun.replay_id, lambda found: found.model_copy(update={"unknown": unknown}))


def new_replay_id(now: datetime) -> str:
    """Readable in a list, and distinct."""
    return f"replay-{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


def required(choice: Choice) -> Choice:
    """Raises ConfigurationError when nothing is chosen: a slip of the hand must not replay all that there ever was."""
    if choice.is_empty or (choice.limit and choice.model_copy(update={"limit": None}).is_empty):
        raise ConfigurationError(
            "say which alerts: since (such as 30d or 2026-10-01), rule, service, region, verdict, severity or ids"
        )
    return choice


def _items(planned: Iterable[Planned], replay: Replay, numbers: Iterator[int]) -> Iterator[Item]:
    known: set[str] = set()
    for one in planned:
        if one.alert_id not in known:
            known.add(one.alert_id)
            yield Item(**dict(one), replay_id=replay.replay_id, number=next(numbers), created_at=replay.created_at)


def _counted(items: Iterable[Item], told: Callable[[int], None] | None) -> Iterator[Item]:
    for item in items:
        yield item
        if told:
            told(item.number + 1)
