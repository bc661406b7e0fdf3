"""What would have to be done, from what is wanted, what is there, and what was applied last. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from kibana.setup.compare import Applied, Change, Merge, Take, flatten, merge, nest, same, settle
from kibana.setup.desired import Desired
from kibana.setup.record import Entry, matches
from kibana.setup.things import WHOLE, Hidden, Json, Key, Kind, LeftOut, Observed, Thing


class Action(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    NOTHING = "nothing"
    LEAVE_OUT = "leave out"
    CANNOT = "cannot"


@dataclass(frozen=True)
class Step:
    """One thing, and what is to be done about it. `reason` is why it is left out, or created again, or rewritten."""

    key: Key
    name: str
    action: Action
    changes: list[Change] = field(default_factory=list)
    kept: list[Change] = field(default_factory=list)
    reason: str | None = None
    sets_secrets: bool = False
    thing: Thing | None = field(default=None, repr=False)
    there: Observed | None = field(default=None, repr=False)
    merged: Merge | None = field(default=None, repr=False)

    @property
    def writes(self) -> bool:
        return self.action in {Action.CREATE, Action.UPDATE}


@dataclass(frozen=True)
class Plan:
    """`way` says how alerts will reach SpikeTrace; `left_over` is ours from before and no longer wanted here."""

    steps: list[Step]
    way: str
    left_over: list[Key]

    def count(self, action: Action) -> int:
        return sum(step.action is action for step in self.steps)

    @property
    def pending(self) -> list[Step]:
        return [step for step in self.steps if step.writes]

    @property
    def kept(self) -> list[Step]:
        return [step for step in self.steps if step.kept]


# What a look at a thing came to: what is there, nothing, a sentence why there can be none, or that we may not look.
Look = Observed | None | str | Hidden


def make_plan(
    wanted: Desired, looks: Mapping[Key, Look], entries: Mapping[Key, Entry], take: Take | None = None
) -> Plan:
    steps = [_step(thing, looks[key], entries.get(key), take) for key, thing in wanted.things.items()]
    known = {step.key for step in steps}
    left_over = [key for key, entry in entries.items() if key not in known and entry.made]
    return Plan([*steps, *map(_left_out, wanted.left_out)], wanted.way, left_over)


def _left_out(item: LeftOut) -> Step:
    return Step(item.key, item.name, Action.LEAVE_OUT, reason=item.reason)


def _step(thing: Thing, look: Look, entry: Entry | None, take: Take | None) -> Step:
    if isinstance(look, str):
        return Step(thing.key, thing.name, Action.LEAVE_OUT, reason=look)
    if isinstance(look, Hidden):
        return Step(thing.key, thing.name, Action.CANNOT, reason=look.reason)
    return plan_step(thing, look, entry, take)


def plan_step(thing: Thing, there: Observed | None, entry: Entry | None, take: Take | None) -> Step:
    if there is None:
        gone = "it was deleted meanwhile" if entry and entry.applied else None
        return Step(thing.key, thing.name, Action.CREATE, reason=gone, sets_secrets=bool(thing.secrets), thing=thing)
    if there.fixed:
        return Step(thing.key, thing.name, Action.NOTHING, reason=there.fixed)
    merged = _merged(thing, there, last_applied(thing, entry, there), take)
    why = _why_secrets(thing, there, entry)
    return Step(
        thing.key,
        thing.name,
        Action.UPDATE if merged.changes or why else Action.NOTHING,
        changes=merged.changes,
        kept=merged.kept,
        reason=why,
        sets_secrets=why is not None,
        thing=thing,
        there=there,
        merged=merged,
    )


def _why_secrets(thing: Thing, there: Observed, entry: Entry | None) -> str | None:
    if there.lacks_secrets:
        return "its secrets are missing"
    if thing.secrets and not matches(thing.secrets, entry.secrets if entry else None):
        return "its secrets changed since the last apply, or who set them is not known"
    return None


def _merged(thing: Thing, there: Observed, applied: Applied | None, take: Take | None) -> Merge:
    merged = merge(thing.body, there.body, applied, take)
    if thing.key.kind not in WHOLE or not merged.theirs:
        return merged
    if take is Take.OURS:
        return replace(merged, changes=[*merged.changes, *merged.theirs], theirs=[])
    theirs = [*merged.theirs, *merged.changes]
    accepted = tuple(theirs) if take is Take.THEIRS else merged.accepted
    return Merge(there.body, [], theirs, accepted)


def last_applied(thing: Thing, entry: Entry | None, there: Observed) -> Applied | None:
    """What was applied last, where the run that did it was interrupted before it could say so, too."""
    if entry is None:
        return _installed_otherwise(thing, there)
    if entry.underway is None:
        return entry.applied
    if entry.applied and same(there.body, entry.applied.seen):
        return entry.applied
    seen = there.body if thing.key.kind in WHOLE else _as_sent(entry.underway, there.body)
    return Applied(entry.underway, seen, entry.applied.accepted if entry.applied else ())


def _installed_otherwise(thing: Thing, there: Observed) -> Applied | None:
    """By hand, from the shipped file; or, an index template, by a worker when it started."""
    if thing.key.kind is Kind.TEMPLATE:
        return Applied(sent=there.body, seen=there.body)
    if thing.shipped is None:
        return None
    return Applied(thing.shipped, _as_sent(thing.shipped, there.body))


def _as_sent(sent: Json, there: Json) -> Json:
    """What Kibana had right after it took `sent`, as far as it can be told now: all else is its own defaults."""
    return nest({**flatten(there), **flatten(sent)})


def settled(step: Step, there: Observed, entry: Entry | None) -> Applied:
    """What to remember once a step is done and `there` is there."""
    if step.thing is None:
        raise ValueError("only a thing that is wanted is remembered")
    before = last_applied(step.thing, entry, step.there) if step.there else None
    merged = step.merged or Merge(there.body, [], [])
    return settle(merged, step.thing.body, there.body, before)


def in_order(keys: Iterable[Key]) -> list[Key]:
    """As they are made; backwards, as they are taken away."""
    order = list(Kind)
    return sorted(keys, key=lambda key: order.index(key.kind))
