"""One deployment: Kibana in one space, and the Elasticsearch beside it. Plan, apply, remove."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from elasticsearch import Elasticsearch

from kibana.client import KibanaClient
from kibana.errors import FORBIDDEN, KibanaError, KibanaRefused
from kibana.setup.adapters import adapters
from kibana.setup.apply import Done, Lacks, Outcome, Progress, Run, stop_if_hopeless, why_not_here
from kibana.setup.compare import Take
from kibana.setup.desired import Desired, desired
from kibana.setup.plan import Action, Look, Plan, Step, in_order, make_plan
from kibana.setup.platform import Platform, read_platform
from kibana.setup.record import Record
from kibana.setup.things import FEATURES, IN_ELASTICSEARCH, Adapter, Hidden, Key, Kind, NotOffered, Observed, Unreadable
from worker.errors import EvidenceUnavailable
from worker.settings import Settings


class Setup:
    """Reads what it needs to know of the deployment at once; writes only in `apply` and `remove`.

    Raises KibanaError, EvidenceUnavailable and ConfigurationError.
    """

    def __init__(self, settings: Settings, kibana: KibanaClient, elasticsearch: Elasticsearch) -> None:
        self._settings, self._kibana, self.elasticsearch = settings, kibana, elasticsearch
        self.url, self.space = kibana.url, kibana.space
        self.platform = read_platform(kibana, told=settings.kibana_version)
        self.record = Record(elasticsearch, kibana.space)

    @cached_property
    def wanted(self) -> Desired:
        """On the platform as it is known now. `remove` does without, whatever the files hold that it is made from."""
        return desired(self._settings, self.platform)

    def _know_better(self, platform: Platform) -> None:
        self.platform = platform
        self.__dict__.pop("wanted", None)

    @property
    def _adapters(self) -> Mapping[Kind, Adapter]:
        return adapters(self._kibana, self.elasticsearch, self.platform, self.record)

    def plan(self, take: Take | None = None) -> Plan:
        """What would be done; only reads."""
        while True:
            wanted, there = self.wanted, self._adapters
            looks = {key: self._look(there[key.kind], key) for key in wanted.things}
            found = {FEATURES[key.kind]: look for key, look in looks.items() if _is_lacking(key, look)}
            if not found:
                return make_plan(wanted, looks, self.record.entries, take)
            # What hangs together with the feature is wanted in another form, or not at all.
            for feature, reason in found.items():
                self._know_better(self.platform.lacks(feature, str(reason)))

    def _look(self, adapter: Adapter, key: Key) -> Look:
        entry = self.record.entries.get(key)
        try:
            return adapter.read(entry.id if entry else key.id)
        except Unreadable:
            return Observed(entry.applied.seen) if entry and entry.applied else None
        except NotOffered as error:
            return error.reason
        except KibanaRefused as error:
            if reason := why_not_here(key.kind, error):
                return reason
            if error.status == FORBIDDEN:
                return Hidden(error.reason)
            raise

    def apply(self, take: Take | None, progress: Progress) -> list[Done]:
        """Carries out the plan as it is now. Called again after it broke off, it finishes."""
        while True:
            plan = self.plan(take)
            try:
                return Run(self._adapters, self.record, take, progress).carry_out(plan)
            except Lacks as error:
                # With what is there, another way may be open: plan again.
                if error.connector_type:
                    self._know_better(self.platform.without(error.connector_type))
                if error.feature:
                    self._know_better(self.platform.lacks(error.feature, error.reason))

    def remove(self, progress: Progress, *, dry_run: bool) -> list[Done]:
        """Takes away what apply made, last made first. What was there before it stays."""
        done = []
        for key in reversed(in_order(self.record.entries)):
            result = self._remove(key, dry_run=dry_run)
            progress(result)
            done.append(result)
        return done

    def _remove(self, key: Key, *, dry_run: bool) -> Done:
        entry = self.record.entries[key]
        step = Step(key, _name(key, entry.applied.seen if entry.applied else {}), Action.NOTHING)
        if key.kind in IN_ELASTICSEARCH and self.record.others():
            return self._stays(step, "set-up of another space needs it", dry_run=dry_run)
        if not entry.made:
            return self._stays(step, "it was there before set-up", dry_run=dry_run)
        if not dry_run:
            try:
                self._adapters[key.kind].delete(entry.id)
            except (KibanaError, EvidenceUnavailable) as error:
                stop_if_hopeless(error)
                return Done(step, Outcome.FAILED, error.reason)
            self.record.remember(key, None)
        return Done(step, Outcome.REMOVED)

    def _stays(self, step: Step, reason: str, *, dry_run: bool) -> Done:
        if not dry_run:
            self.record.remember(step.key, None)
        return Done(step, Outcome.STAYS, reason)


def _is_lacking(key: Key, look: Look) -> bool:
    return key.kind in FEATURES and isinstance(look, str)


def _name(key: Key, body: Mapping[str, object]) -> str:
    return str(body.get("name", key.id))
