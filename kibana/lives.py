"""The life of a rule's alerts, run by run, as Kibana's alerting framework leads it.

Each run, in this order: the alerts that the rule reports are new or go on, and those that it does not report any more
recover; whoever changed too often is flapping, and a flapping alert's recovery is put off; and an alert becomes active
when it has been reported as often in a row as the rule's `alert_delay` asks.
https://github.com/elastic/kibana/blob/main/x-pack/platform/plugins/shared/alerting/server/alerts_client/legacy_alerts_client.ts
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import NAMESPACE_URL, UUID, uuid5

from kibana.rules import Flapping, Rule
from worker.domain.window import iso


@dataclass
class Life:
    """Of one alert, from the first run that met the condition. `active_at` is None until the delay has passed.

    `changes` says of each of the last runs whether the alert came or went in it. `pending` counts the runs for which
    the recovery of a flapping alert has been put off.
    """

    instance: str
    started_at: datetime
    uuid: UUID
    matches: int = 0
    active_at: datetime | None = None
    changes: list[bool] = field(default_factory=list)
    flapping: bool = False
    has_flapped: bool = False
    pending: int = 0
    # When each action, by its place among the rule's, was run last.
    acted_at: dict[int, datetime] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """What one run comes to: alerts that are active now, met or held by flapping, and those that recovered."""

    active: list[Life]
    recovered: list[Life]


class Lives:
    """All alerts of one rule; `run` is to be called in the order of time."""

    def __init__(self, rule: Rule, flapping: Flapping) -> None:
        self._rule = rule
        self._flapping = rule.flapping or flapping
        self._current: dict[str, Life] = {}
        # What is remembered of alerts that recovered: when they came and went, and whether they flapped.
        self._past: dict[str, tuple[list[bool], bool]] = {}

    @property
    def is_idle(self) -> bool:
        """Whether a run that meets nothing would change nothing."""
        return not self._current and not self._past

    def run(self, date: datetime, met: Iterable[str]) -> Run:
        reported = set(met)
        recovering = [life for instance, life in self._current.items() if instance not in reported]
        self._judge_flapping()
        self._note_changes(reported, recovering, date)
        held, recovering = self._hold_back(recovering)
        going_on = [life for life in self._current.values() if life.instance in reported]
        for life in going_on:
            life.pending = 0
        return Run(self._after_delay([*going_on, *held], date), self._end(recovering))

    def _judge_flapping(self) -> None:
        """By what was known before this run: it takes effect in the run after the change that was one too many.

        https://github.com/elastic/kibana/blob/main/x-pack/platform/plugins/shared/alerting/server/lib/flapping/determine_flapping_alerts.ts
        """
        for life in self._current.values():
            life.flapping = self._is_flapping(life)
            life.has_flapped |= life.flapping

    def _is_flapping(self, life: Life) -> bool:
        """Once flapping, an alert stays so until all the runs that are looked back on were without a change."""
        if not self._flapping.enabled:
            return False
        if life.flapping:
            return any(life.changes) or len(life.changes) < self._flapping.look_back_window
        return sum(life.changes) >= self._flapping.status_change_threshold

    def _note_changes(self, reported: set[str], recovering: Iterable[Life], date: datetime) -> None:
        for life in self._current.values():
            if life.instance in reported:
                self._note(life.changes, changed=False)
        for life in recovering:
            self._note(life.changes, changed=True)
        for instance in sorted(reported - self._current.keys()):
            life = self._current[instance] = Life(instance, date, self._uuid(instance, date))
            life.changes = self._past.pop(instance, ([], False))[0]
            self._note(life.changes, changed=True)
        for instance, (changes, _) in self._past.items():
            if instance not in reported:
                self._note(changes, changed=False)

    def _note(self, changes: list[bool], *, changed: bool) -> None:
        if self._flapping.enabled:
            changes.append(changed)
            del changes[: -self._flapping.look_back_window]

    def _hold_back(self, recovering: Iterable[Life]) -> tuple[list[Life], list[Life]]:
        """Those whose recovery is put off, and the others.

        "A flapping alert changes to recovered when the rule's conditions are unmet for a specific number of
        consecutive runs": https://www.elastic.co/docs/explore-analyze/alerting/alerts/view-alerts#alert-status
        """
        held: list[Life] = []
        ended: list[Life] = []
        for life in recovering:
            life.pending = life.pending + 1 if life.flapping else 0
            is_held = 0 < life.pending < self._flapping.status_change_threshold
            (held if is_held else ended).append(life)
        return held, ended

    def _after_delay(self, lives: Iterable[Life], date: datetime) -> list[Life]:
        active = []
        for life in lives:
            life.matches += 1
            if life.matches >= self._rule.alert_delay.active:
                life.active_at = life.active_at or date
                active.append(life)
        return active

    def _end(self, recovering: Iterable[Life]) -> list[Life]:
        """What ends before its delay has passed was never there, and is not remembered either."""
        recovered = []
        for life in recovering:
            del self._current[life.instance]
            life.pending = 0
            if life.active_at:
                recovered.append(life)
                self._past[life.instance] = life.changes, life.flapping
        self._past = {name: known for name, known in self._past.items() if known[1] or any(known[0])}
        return recovered

    def _uuid(self, instance: str, date: datetime) -> UUID:
        """A new one for each life, and the same whenever history is told again."""
        return uuid5(NAMESPACE_URL, f"{self._rule.id}\x1f{instance}\x1f{iso(date)}")
