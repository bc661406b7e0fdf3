"""What a replay is: which alerts, how, and what became of each. Plain data; the store keeps it."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator, model_validator

from worker.domain.alert import Alert
from worker.domain.report import Verdict
from worker.domain.severity import Severity


class ReplayState(StrEnum):
    """A replay is `preparing` until all of its items are written: before that nothing runs."""

    PREPARING = "preparing"
    RUNNING = "running"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    DONE = "done"


class ItemState(StrEnum):
    """`new`: investigated, and there was no report before to compare it with."""

    WAITING = "waiting"
    RUNNING = "running"
    SAME = "same"
    DIFFERENT = "different"
    NEW = "new"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        return self not in UNFINISHED


UNFINISHED = (ItemState.WAITING, ItemState.RUNNING)


class Choice(BaseModel):
    """Which alerts: those that fit all that is given. Times go by the alert's own date, [since, until)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    rule: tuple[str, ...] = ()
    service: tuple[str, ...] = ()
    region: tuple[str, ...] = ()
    verdict: tuple[Verdict, ...] = ()
    severity: tuple[Severity, ...] = ()
    ids: tuple[str, ...] = ()
    limit: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _runs_forward(self) -> Choice:
        if self.since and self.until and self.until <= self.since:
            raise ValueError("until must be later than since")
        return self

    @field_validator("rule", "service", "region", "verdict", "severity", "ids", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    @property
    def is_empty(self) -> bool:
        return not any(value for _, value in self)


class Manner(BaseModel):
    """How: `as_of` says what is known of incidents; at most `per_second` begin in a second (None: as the settings say).

    `deliver`: incidents and messages are made as for a live alert. `driver`: who puts the items on: the queue's
    feeder, or the process that began it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    as_of: Literal["then", "now"] = "then"
    deliver: bool = False
    per_second: float | None = Field(default=None, gt=0)
    driver: Literal["queue", "here"] = "queue"


class Replay(BaseModel):
    """One replay. `alerts` counts its items, `origin` says where they come from, `against` what they are compared with.

    `labelled`: what is true is known of some of them. `unknown`: ids that were asked for and that no alert has.

    A cancelled one has a `finished_at` when all that had not begun is marked as cancelled too.
    """

    replay_id: str
    created_at: AwareDatetime
    state: ReplayState = ReplayState.PREPARING
    alerts: int = 0
    origin: Literal["alerts", "backtest"] = "alerts"
    choice: Choice = Field(default_factory=Choice)
    manner: Manner = Field(default_factory=Manner)
    against: str | None = None
    labelled: bool = False
    unknown: tuple[str, ...] = ()
    finished_at: AwareDatetime | None = None
    reason: str | None = None
    version: Any = Field(default=None, exclude=True)

    @property
    def is_over(self) -> bool:
        return self.state in (ReplayState.DONE, ReplayState.CANCELLED)


class Label(BaseModel):
    """What is known to be true of an alert, as far as it is given."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    verdict: Verdict | None = None
    service: str | None = None
    deployment: str | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Label:
        if self.verdict is None and self.service is None and self.deployment is None:
            raise ValueError("a label says verdict, service or deployment")
        return self


class Difference(BaseModel):
    """One field of the findings that is not what it was. Long texts are cut."""

    field: str
    before: Any = None
    after: Any = None


class Gist(BaseModel):
    """Of a report what a table of many shows."""

    report_id: str | None = None
    verdict: Verdict
    severity: Severity
    cause: str | None = None
    confidence: float | None = None
    excess_co2_grams: float | None = None


class Planned(BaseModel):
    """An alert that is to be investigated again.

    `original` is the id of the report it is compared with, and `known_by` the time until which
    that took into account what was written. `before` holds a report's document where that is not stored here.
    """

    alert_id: str
    alert: Alert
    original: str | None = None
    known_by: AwareDatetime | None = None
    before: dict[str, Any] | None = None
    label: Label | None = None


class Item(Planned):
    """One alert of a replay, and what became of it. `number` is its place, from 0.

    `changed`: the fields that differ, the weightiest first; `why`: the reasons that the two reports tell (`reasons`).
    """

    replay_id: str
    number: int
    created_at: AwareDatetime
    state: ItemState = ItemState.WAITING
    attempts: int = 0
    claimed_by: str | None = None
    lease_until: AwareDatetime | None = None
    finished_at: AwareDatetime | None = None
    report_id: str | None = None
    reason: str | None = None
    changed: list[str] = Field(default_factory=list)
    why: list[str] = Field(default_factory=list)
    differences: list[Difference] = Field(default_factory=list)
    was: Gist | None = None
    now: Gist | None = None
    right_before: bool | None = None
    right_after: bool | None = None
    lost: bool = False
    version: Any = Field(default=None, exclude=True)


class Slot(BaseModel):
    """An item that is on its way: on the queue or in a worker's hands. From `due_at` on somebody looks after it."""

    replay_id: str
    alert_id: str
    due_at: AwareDatetime


class Feed(BaseModel):
    """What is on its way, of all replays together, and how far each has come. One document: changing it takes turns.

    `taken`: by replay, the number of the next item. Nothing begins before `next_at`.
    """

    slots: list[Slot] = Field(default_factory=list)
    taken: dict[str, int] = Field(default_factory=dict)
    next_at: AwareDatetime | None = None
    version: Any = Field(default=None, exclude=True)


def replay_report_id(replay_id: str, alert_id: str) -> str:
    """The id of an alert's report in a replay: every attempt arrives at the same one."""
    return f"r-{replay_id}-{alert_id}"
