"""What rules would have done over a stretch of the past. Plain data; the store keeps it, and the page shows it."""

from __future__ import annotations

from datetime import timedelta

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from worker.domain.figures import duration
from worker.domain.window import Window


class _Fact(BaseModel):
    model_config = ConfigDict(frozen=True)


class PastAlert(_Fact):
    """One alert, from the run that made it active to the one in which it recovered; None: still on at the end.

    `value` is what met the condition first, `furthest` the value that was furthest beyond the threshold.
    """

    instance: str
    uuid: str
    started_at: AwareDatetime
    ended_at: AwareDatetime | None
    value: float
    furthest: float
    flapping: bool = False


class KnownIncident(_Fact):
    """Something that is known to have happened, by our own record or by what others wrote down.

    `end_is_assumed`: nobody wrote down how long it lasted.
    """

    incident_id: str
    title: str
    service: str | None
    region: str | None
    severity: str | None
    start: AwareDatetime
    end: AwareDatetime
    end_is_assumed: bool = False


class Catch(_Fact):
    """Whether an alert of a rule told of an incident, and how long after its beginning; before it is below 0.

    `reason` says why it did not.
    """

    incident_id: str
    is_caught: bool
    minutes_late: float | None = None
    instance: str | None = None
    reason: str | None = None


class SweepPoint(_Fact):
    """What another threshold would have done. `minutes_late` is the median over the incidents that it caught."""

    threshold: list[float]
    is_the_rule_s: bool
    alerts: int
    alerts_a_day: float
    active_minutes: float
    caught: int
    missed: int
    minutes_late: float | None


class RuleResult(_Fact):
    """Of one rule. `active_minutes` is the time in which any of its alerts was on, `messages` what its actions sent.

    `alerts_left_out` counts those that are not listed any more, because they were too many to keep.
    """

    rule_id: str
    name: str
    asks: str | None
    condition: str
    unit: str | None
    interval: str
    delay: int = 1
    is_enabled: bool
    threshold: list[float]
    runs: int
    alerts: list[PastAlert]
    alerts_left_out: int = 0
    alerts_a_day: float
    active_minutes: float
    messages: int
    catches: list[Catch]
    sweep: list[SweepPoint] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)

    @property
    def count(self) -> int:
        return len(self.alerts) + self.alerts_left_out

    @property
    def caught(self) -> int:
        return sum(catch.is_caught for catch in self.catches)

    def with_first(self, most: int) -> RuleResult:
        """With no more than the first `most` of its alerts; the others are counted."""
        left_out = self.count - len(self.alerts[:most])
        return self.model_copy(update={"alerts": self.alerts[:most], "alerts_left_out": left_out})

    @property
    def in_words(self) -> str:
        """What it compares, how often, and what it takes to fire."""
        unit = f" {self.unit}" if self.unit else ""
        delay = f", {self.delay} runs in a row" if self.delay > 1 else ""
        return f"{self.condition}{unit}, every {self.interval}{delay}"


class NotSimulated(_Fact):
    rule_id: str
    name: str
    reason: str


class BacktestHead(_Fact):
    """What a list shows of a backtest."""

    backtest_id: str
    created_at: AwareDatetime
    since: AwareDatetime
    until: AwareDatetime
    rules: int
    not_simulated: int
    alerts: int
    incidents: int
    caught: int
    replay_id: str | None = None


class Backtest(_Fact):
    """One backtest. `replay_id`: the replay that investigates its alerts, if that was asked for."""

    backtest_id: str
    created_at: AwareDatetime
    since: AwareDatetime
    until: AwareDatetime
    rules: list[RuleResult]
    not_simulated: list[NotSimulated]
    incidents: list[KnownIncident]
    replay_id: str | None = None

    @property
    def window(self) -> Window:
        return Window(start=self.since, end=self.until)

    @property
    def alerts(self) -> int:
        return sum(rule.count for rule in self.rules)

    @property
    def caught(self) -> set[str]:
        """The incidents that at least one rule would have told of."""
        return {catch.incident_id for rule in self.rules for catch in rule.catches if catch.is_caught}

    @property
    def head(self) -> BacktestHead:
        return BacktestHead(
            backtest_id=self.backtest_id,
            created_at=self.created_at,
            since=self.since,
            until=self.until,
            rules=len(self.rules),
            not_simulated=len(self.not_simulated),
            alerts=self.alerts,
            incidents=len(self.incidents),
            caught=len(self.caught),
            replay_id=self.replay_id,
        )


def lateness(late: float) -> str:
    """`12 min after its beginning`"""
    return f"{duration(timedelta(minutes=abs(late)))} {'before' if late < 0 else 'after'} its beginning"


def minutes(length: timedelta) -> float:
    return length.total_seconds() / 60
