"""Where replays meet the world."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from worker.domain.report import Report
from worker.ports import AlertRecord
from worker.replay.model import Choice, Feed, Item, ItemState, Replay


class ReplayStore(Protocol):
    """All raise EvidenceUnavailable. Every change is conditional on what was read, and safe to repeat."""

    def create(self, replay: Replay) -> bool:
        """False if there is one of that id."""

    def add(self, items: Iterable[Item]) -> None:
        """Those that are there already stay as they are; found by searches from now on."""

    def get(self, replay_id: str) -> Replay | None: ...

    def latest(self, limit: int) -> list[Replay]: ...

    def unsettled(self) -> list[Replay]:
        """Those that are not over, or cancelled and not swept yet, the oldest first."""

    def change(self, replay_id: str, change: Callable[[Replay], Replay]) -> Replay:
        """Called again when another writer was faster. Raises KeyError for an unknown id."""

    def item(self, replay_id: str, alert_id: str) -> Item | None: ...

    def change_item(self, replay_id: str, alert_id: str, change: Callable[[Item], Item | None]) -> Item | None:
        """What `change` made of it; None where it made nothing or there is no such item."""

    def unfinished(self, replay_id: str, *, start: int, limit: int) -> list[Item]:
        """From that number on, in order. May name some that have just been finished."""

    def items(self, replay_id: str, *states: ItemState, page: int = 500) -> Iterator[Item]:
        """In their order, without alert and `before`; of these states, or all."""

    def tally(self, replay_id: str) -> Mapping[ItemState, int]: ...

    def feed(self) -> Feed: ...

    def write_feed(self, feed: Feed) -> bool:
        """False if somebody else wrote since `feed` was read."""


class ReplayQueue(Protocol):
    def replay(self, replay_id: str, alert_id: str, *, in_seconds: float = 0.0) -> None: ...

    def waiting_alerts(self) -> int: ...

    def waiting_replays(self) -> int: ...


class PastAlerts(Protocol):
    def pages(self, choice: Choice) -> Iterator[list[AlertRecord]]:
        """By the alerts' dates, as far as an alert's own record tells whether it fits."""

    def arrived_since(self, moment: datetime) -> bool:
        """Whether any alert came in since then."""


class OriginalReports(Protocol):
    def get(self, report_id: str) -> Report | None: ...

    def heads(self, report_ids: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        """By id, of those that exist: verdict, severity, service, region, created_at, timings, known_by, replay_of."""
