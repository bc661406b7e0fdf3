"""Rules, with the checks that Kibana makes before it takes one.

https://www.elastic.co/docs/api/doc/kibana/group/endpoint-alerting
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import uuid4

from pydantic import Field, field_validator, model_validator

from demo.standins.kibana.deployment import Deployment, Json, Refused, Release, Space
from demo.standins.kibana.strict import CamelStrict, Strict, parse

ARTIFACTS_SINCE: Release = (9, 1)
FLAPPING_ENABLED_SINCE: Release = (9, 3)
GROUPS = {
    ".index-threshold": {"threshold met", "recovered"},
    ".es-query": {"query matched", "recovered"},
}
CONSUMERS = {"stackAlerts", "logs", "infrastructure", "apm", "alerts"}
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
DURATION = r"^[1-9][0-9]*[smhd]$"
SYSTEM = "system-connector-"


class Schedule(Strict):
    interval: str = Field(pattern=DURATION)


class Frequency(Strict):
    summary: bool
    notify_when: Literal["onActionGroupChange", "onActiveAlert", "onThrottleInterval"]
    throttle: str | None = Field(default=None, pattern=DURATION)


class AlertsFilter(Strict):
    query: Json | None = None
    timeframe: Json | None = None


class Action(Strict):
    id: str
    group: str | None = None
    params: Json = Field(default_factory=dict)
    frequency: Frequency | None = None
    uuid: str | None = None
    alerts_filter: AlertsFilter | None = None
    use_alert_data_for_template: bool | None = None


class AlertDelay(Strict):
    active: int = Field(ge=1)


class Flapping(Strict):
    look_back_window: int = Field(ge=2, le=20)
    status_change_threshold: int = Field(ge=2, le=20)
    enabled: bool | None = None


class Update(Strict):
    name: str = Field(min_length=1)
    schedule: Schedule
    params: Json
    tags: list[str] = Field(default_factory=list)
    actions: list[Action] = Field(default_factory=list)
    throttle: str | None = Field(default=None, pattern=DURATION)
    notify_when: str | None = None
    alert_delay: AlertDelay | None = None
    flapping: Flapping | None = None
    artifacts: Json | None = None


class Create(Update):
    rule_type_id: str
    consumer: str
    enabled: bool = True


class _Params(CamelStrict):
    time_field: str = Field(min_length=1)
    time_window_size: int = Field(ge=1)
    time_window_unit: Literal["s", "m", "h", "d"]
    threshold: list[float] = Field(min_length=1, max_length=2)
    threshold_comparator: Literal[">", "<", ">=", "<=", "between", "notBetween"]
    agg_type: Literal["count", "avg", "min", "max", "sum"] = "count"
    agg_field: str | None = None
    term_size: int | None = Field(default=None, ge=1, le=1000)

    @model_validator(mode="after")
    def _two_thresholds_for_a_range(self) -> _Params:
        if (self.threshold_comparator in {"between", "notBetween"}) != (len(self.threshold) == 2):
            raise ValueError("[threshold]: must have two elements for the comparator, or one")
        return self


class IndexThreshold(_Params):
    index: str | list[str]
    group_by: Literal["all", "top"] = "all"
    term_field: str | None = None
    filter_kuery: str | None = None

    @model_validator(mode="after")
    def _belongs_together(self) -> IndexThreshold:
        if self.agg_type != "count" and not self.agg_field:
            raise ValueError(f"[aggField]: must have a value when [aggType] is {self.agg_type!r}")
        if self.group_by == "top" and not (self.term_field and self.term_size):
            raise ValueError("[termField]: termField required when [groupBy] is top")
        return self


class _EsQuery(_Params):
    size: int = Field(ge=0, le=10_000)
    exclude_hits_from_previous_run: bool = True
    source_fields: list[Json] | None = Field(default=None, max_length=5)
    term_field: str | list[str] | None = None


class Dsl(_EsQuery):
    search_type: Literal["esQuery"] = "esQuery"
    es_query: str
    index: list[str] = Field(min_length=1)
    group_by: Literal["all", "top"] = "all"

    @field_validator("es_query")
    @classmethod
    def _holds_a_query(cls, value: str) -> str:
        if "query" not in json.loads(value):
            raise ValueError('[esQuery]: must contain "query"')
        return value


class Esql(_EsQuery):
    search_type: Literal["esqlQuery"]
    esql_query: Json
    group_by: Literal["all", "row"] = "all"

    @model_validator(mode="after")
    def _compares_with_nothing(self) -> Esql:
        if self.threshold != [0] or self.threshold_comparator != ">":
            raise ValueError("[threshold]: must be [0] and compared with > for an ES|QL query")
        return self


def _params_model(rule_type: str, params: Json) -> type[CamelStrict]:
    if rule_type == ".index-threshold":
        return IndexThreshold
    return Esql if params.get("searchType") == "esqlQuery" else Dsl


class Rules:
    def __init__(self, deployment: Deployment, space: Space) -> None:
        self._deployment, self._space = deployment, space

    def create(self, rule_id: str | None, body: Any) -> Json:
        wanted = parse(Create, body)
        if wanted.rule_type_id not in GROUPS:
            raise Refused(400, f'Rule type "{wanted.rule_type_id}" is not registered.')
        if wanted.consumer not in CONSUMERS:
            raise Refused(403, f'Unauthorized by "{wanted.consumer}" to create "{wanted.rule_type_id}" rule')
        rule_id = rule_id or str(uuid4())
        if rule_id in self._space.rules:
            raise Refused(409, f"Saved object [alert/{rule_id}] conflict")
        kept = self._kept(wanted.rule_type_id, wanted)
        own = {"rule_type_id": wanted.rule_type_id, "consumer": wanted.consumer, "enabled": wanted.enabled}
        self._space.rules[rule_id] = {"id": rule_id, **own, **kept, "revision": 0, "created_at": _now()}
        return self.get(rule_id)

    def update(self, rule_id: str, body: Any) -> Json:
        there, wanted = self._found(rule_id), parse(Update, body)
        throttle = wanted.throttle or there["throttle"]  # Once set it cannot be cleared.
        there.update(self._kept(there["rule_type_id"], wanted), throttle=throttle, revision=there["revision"] + 1)
        return self.get(rule_id)

    def _kept(self, rule_type: str, wanted: Update) -> Json:
        """All of it: what an update leaves out goes back to its default."""
        self._check_version(wanted)
        params = parse(_params_model(rule_type, wanted.params), wanted.params, "request body.params")
        self._check_actions(rule_type, wanted)
        kept = wanted.model_dump(include=set(Update.model_fields) - {"params", "actions"})
        return kept | {
            "alert_delay": kept["alert_delay"] or {"active": 1},
            "params": params.model_dump(by_alias=True, exclude_none=True),
            "actions": [self._kept_action(action) for action in wanted.actions],
            "updated_at": _now(),
        }

    def _check_version(self, wanted: Update) -> None:
        release = self._deployment.release
        if wanted.artifacts is not None and release < ARTIFACTS_SINCE:
            raise Refused(400, "[request body.artifacts]: definition for this key is missing")
        if wanted.flapping and wanted.flapping.enabled is not None and release < FLAPPING_ENABLED_SINCE:
            raise Refused(400, "[request body.flapping.enabled]: definition for this key is missing")

    def _check_actions(self, rule_type: str, wanted: Update) -> None:
        errors = [*self._errors_in(rule_type, wanted)]
        if errors:
            listed = "\n- ".join(errors)
            raise Refused(400, f"Failed to validate actions due to the following {len(errors)} errors: \n- {listed}")

    def _errors_in(self, rule_type: str, wanted: Update) -> list[str]:
        actions = [action for action in wanted.actions if not action.id.startswith(SYSTEM)]
        repeated = [
            uuid for uuid, count in Counter(action.uuid for action in actions if action.uuid).items() if count > 1
        ]
        errors = ["Actions have duplicated UUIDs"] if repeated else []
        if unusable := sorted({name for action in actions if (name := self._unusable(action.id))}):
            errors.append(f"Invalid connectors: {', '.join(unusable)}")
        if wrong := sorted({str(action.group) for action in actions} - GROUPS[rule_type]):
            errors.append(f"Invalid action groups: {', '.join(wrong)}")
        per_action = [action for action in actions if action.frequency]
        if wanted.notify_when or wanted.throttle:
            if per_action:
                errors.append("Cannot specify per-action frequency params when notify_when or throttle are defined")
        elif len(per_action) < len(actions):
            errors.append(f"Actions missing frequency parameters: {len(actions) - len(per_action)}")
        if any(_shorter(action, wanted.schedule.interval) for action in per_action):
            errors.append("Action throttle cannot be shorter than the schedule interval")
        if any(_empty_filter(action) for action in actions):
            errors.append('Action\'s alertsFilter  must have either "query" or "timeframe"')
        return errors

    def _unusable(self, connector_id: str) -> str | None:
        if connector_id in self._deployment.preconfigured:
            return None
        there = self._space.connectors.get(connector_id)
        if there is None:
            raise Refused(
                400, f"Failed to load action {connector_id} (404): Saved object [action/{connector_id}] not found"
            )
        return there["name"] if there["is_missing_secrets"] else None

    def _kept_action(self, action: Action) -> Json:
        kept = action.model_dump(exclude_none=True)
        if action.frequency:
            kept["frequency"] = action.frequency.model_dump()
        there = self._space.connectors.get(action.id) or self._deployment.preconfigured.get(action.id, {})
        return kept | {
            "uuid": action.uuid or str(uuid4()),
            "connector_type_id": there.get("connector_type_id", ".workflows"),
        }

    def switch(self, rule_id: str, *, on: bool) -> None:
        self._found(rule_id)["enabled"] = on

    def get(self, rule_id: str) -> Json:
        return {
            "mute_all": False,
            "muted_alert_ids": [],
            "api_key_owner": "elastic",
            "created_by": "elastic",
            "updated_by": "elastic",
            "execution_status": {"status": "pending", "last_execution_date": _now()},
            "running": False,
            **self._found(rule_id),
        }

    def _found(self, rule_id: str) -> Json:
        if rule_id not in self._space.rules:
            raise Refused(404, f"Saved object [alert/{rule_id}] not found")
        return self._space.rules[rule_id]

    def delete(self, rule_id: str) -> None:
        self._found(rule_id)
        del self._space.rules[rule_id]

    def find(self) -> Json:
        data = [self.get(rule_id) for rule_id in self._space.rules]
        return {"page": 1, "per_page": 20, "total": len(data), "data": data[:20]}


def _shorter(action: Action, interval: str) -> bool:
    throttle = action.frequency.throttle if action.frequency else None
    return bool(throttle) and _seconds(str(throttle)) < _seconds(interval)


def _seconds(duration: str) -> int:
    return int(duration[:-1]) * UNITS[duration[-1]]


def _empty_filter(action: Action) -> bool:
    return action.alerts_filter is not None and not (action.alerts_filter.query or action.alerts_filter.timeframe)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def rule_types(*, may_change: bool) -> list[Json]:
    return [
        {
            "id": kind,
            "action_groups": [{"id": group, "name": group.capitalize()} for group in sorted(groups - {"recovered"})],
            "recovery_action_group": {"id": "recovered", "name": "Recovered"},
            "authorized_consumers": {name: {"read": True, "all": may_change} for name in sorted(CONSUMERS)},
            "enabled_in_license": True,
            "minimum_license_required": "basic",
        }
        for kind, groups in GROUPS.items()
    ]
