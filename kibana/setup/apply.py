"""Doing what the plan says: one thing after the other, each written down before and after, so that it can break off."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from kibana.errors import UNAUTHORIZED, KibanaError, KibanaRefused, KibanaUnreachable
from kibana.setup.compare import Take
from kibana.setup.plan import Action, Plan, Step, plan_step, settled
from kibana.setup.record import Entry, Record, secrets_digest
from kibana.setup.things import (
    FEATURES,
    SAVED_OBJECTS,
    Adapter,
    Key,
    Kind,
    NotOffered,
    Observed,
    Thing,
    Unreadable,
)
from worker.errors import EvidenceUnavailable

ATTEMPTS_AT_A_CONFLICT = 3
UNSEEN = "it was there, and this Kibana lets nobody look at it: it stays as it is, `--take ours` writes over it"


class Outcome(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    LEFT_OUT = "left out"
    FAILED = "failed"
    REMOVED = "removed"
    STAYS = "stays"


@dataclass(frozen=True)
class Done:
    """What became of one thing; `reason` is a sentence."""

    step: Step
    outcome: Outcome
    reason: str | None = None


Progress = Callable[[Done], None]


NOT_ATTEMPTED = {
    Action.LEAVE_OUT: Outcome.LEFT_OUT,
    Action.CANNOT: Outcome.FAILED,
    Action.NOTHING: Outcome.UNCHANGED,
}


class Lacks(Exception):
    """Kibana refused a connector type for its licence, or a feature it does not have: it had not said so before."""

    def __init__(self, reason: str, *, connector_type: str | None = None, feature: str | None = None) -> None:
        super().__init__(reason)
        self.reason, self.connector_type, self.feature = reason, connector_type, feature


def stop_if_hopeless(error: Exception) -> None:
    """Raises it again when everything that follows would fail in the same way."""
    if isinstance(error, KibanaUnreachable) or (isinstance(error, KibanaRefused) and error.status == UNAUTHORIZED):
        raise error


def why_not_here(kind: Kind, error: KibanaRefused) -> str | None:
    """A sentence when the refusal is one of the deployment's licence or version, not of this request."""
    if error.lacks_licence:
        return f"the licence does not allow it: {error.message}"
    if error.lacks_rows and kind is Kind.RULE:
        return "this version has no ES|QL rules with an alert per row: enable the rule that asks the same in query DSL"
    if error.lacks_route and kind in FEATURES:
        return f"this Kibana has no {FEATURES[kind]}, or its advanced settings switch that off"
    return None


@dataclass
class Run:
    """One pass over a plan. What fails is told, and holds up only what needs it.

    Raises Lacks, and what `stop_if_hopeless` raises.
    """

    adapters: Mapping[Kind, Adapter]
    record: Record
    take: Take | None
    progress: Progress
    missing: set[Key] = field(default_factory=set)

    def carry_out(self, plan: Plan) -> list[Done]:
        return [self._one(step) for step in plan.steps]

    def _one(self, step: Step) -> Done:
        done = self._attempt(step)
        if done.outcome in {Outcome.LEFT_OUT, Outcome.FAILED}:
            self.missing.add(step.key)
        self.progress(done)
        return done

    def _attempt(self, step: Step) -> Done:
        thing = step.thing
        if thing is None:
            return Done(step, NOT_ATTEMPTED[step.action], step.reason)
        if waits_for := [key for key in thing.needs if key in self.missing]:
            return Done(step, Outcome.LEFT_OUT, f"it needs {waits_for[0]}")
        try:
            return self._write(step, thing) if step.writes else self._adopt(step, thing)
        except NotOffered as error:
            return self._not_here(step, error.reason)
        except (KibanaError, EvidenceUnavailable) as error:
            return self._refused(step, thing, error)

    def _write(self, step: Step, thing: Thing, attempt: int = 1) -> Done:
        before = self.record.entries.get(step.key)
        begun = before or Entry(made=step.there is None or step.there.is_ours, id=thing.key.id)
        self.record.remember(step.key, replace(begun, underway=thing.body))
        try:
            thing_id = self._send(step, thing, begun.id)
        except KibanaRefused as error:
            if error.was_not_carried_out:
                self.record.remember(step.key, before)
            if not error.is_conflict or attempt == ATTEMPTS_AT_A_CONFLICT:
                raise
            # Somebody else was quicker: look again, and decide anew.
            return self._again(step, thing, before, attempt)
        begun = replace(begun, id=thing_id)
        self.record.remember(step.key, replace(begun, underway=thing.body))
        there = self._read(step.key, thing_id) or Observed(thing.body)
        self._settle(step, thing, there, before, begun)
        return Done(step, Outcome.CREATED if step.action is Action.CREATE else Outcome.UPDATED, step.reason)

    def _send(self, step: Step, thing: Thing, thing_id: str) -> str:
        adapter = self.adapters[step.key.kind]
        if step.there is None or step.merged is None:
            return adapter.create(thing)
        adapter.update(thing, thing_id, step.merged.body, step.there)
        return thing_id

    def _again(self, step: Step, thing: Thing, before: Entry | None, attempt: int) -> Done:
        known = before or Entry(made=False, id=thing.key.id)
        self.record.remember(step.key, known)
        there = self._read(step.key, known.id) or _as_last_known(known)
        if there is None:
            return self._unseen(step, thing, known)
        step = plan_step(thing, there, known, self.take)
        return self._write(step, thing, attempt + 1) if step.writes else self._adopt(step, thing)

    def _unseen(self, step: Step, thing: Thing, entry: Entry) -> Done:
        """Somebody made it, with the id that we wanted, and nobody can look at it: it is theirs."""
        if step.key.kind not in SAVED_OBJECTS:
            raise KibanaError(f"{step.key} is there, and this Kibana does not let anybody look at it: delete it first")
        ours = Observed(thing.body)
        if self.take is Take.OURS:
            self.adapters[step.key.kind].update(thing, entry.id, thing.body, ours)
            self._settle(step, thing, ours, None, entry)
            return Done(step, Outcome.UPDATED)
        self._settle(step, thing, ours, None, entry)
        return Done(step, Outcome.UNCHANGED, UNSEEN)

    def _read(self, key: Key, thing_id: str) -> Observed | None:
        try:
            return self.adapters[key.kind].read(thing_id)
        except Unreadable:
            return None

    def _adopt(self, step: Step, thing: Thing) -> Done:
        """Remembers a thing that is as it should be, or that stays as it was changed."""
        if step.there:
            before = self.record.entries.get(step.key)
            entry = before or Entry(made=step.there.is_ours, id=thing.key.id)
            self._settle(step, thing, step.there, before, entry)
        return Done(step, Outcome.UNCHANGED, step.reason)

    def _settle(self, step: Step, thing: Thing, there: Observed, before: Entry | None, entry: Entry) -> None:
        digest = secrets_digest(thing.secrets) if step.sets_secrets else entry.secrets
        applied = settled(step, there, before)
        self.record.remember(step.key, replace(entry, applied=applied, secrets=digest, underway=None))

    def _refused(self, step: Step, thing: Thing, error: KibanaError | EvidenceUnavailable) -> Done:
        stop_if_hopeless(error)
        if isinstance(error, KibanaRefused) and (reason := why_not_here(step.key.kind, error)):
            if step.key.kind is Kind.CONNECTOR:
                raise Lacks(reason, connector_type=thing.body["connector_type_id"])
            if feature := FEATURES.get(step.key.kind):
                raise Lacks(reason, feature=feature)
            return Done(step, Outcome.LEFT_OUT, reason)
        return Done(step, Outcome.FAILED, error.reason)

    def _not_here(self, step: Step, reason: str) -> Done:
        self._forget_underway(step.key)
        return Done(step, Outcome.LEFT_OUT, reason)

    def _forget_underway(self, key: Key) -> None:
        """Nothing was made after all."""
        entry = self.record.entries.get(key)
        if entry and entry.applied is None:
            self.record.remember(key, None)


def _as_last_known(entry: Entry) -> Observed | None:
    """Of a thing that is there and cannot be read: what was being written, or what was applied last."""
    if entry.underway:
        return Observed(entry.underway)
    return Observed(entry.applied.seen) if entry.applied else None
