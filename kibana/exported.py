"""Rules from files that somebody gives: rule files like the shipped ones, or what Kibana's interface answers.

https://www.elastic.co/docs/api/doc/kibana/operation/operation-get-alerting-rule-id
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from kibana.data_views import DataView, as_query
from kibana.rules import Rule
from worker.domain.backtest import NotSimulated
from worker.errors import ConfigurationError

KEPT = ("name", "rule_type_id", "enabled", "tags", "schedule", "params", "alert_delay", "flapping")
SIMULATED_TYPES = (".index-threshold", ".es-query")
IDLE = frozenset({"sourceFields"})
IDLE_IN_ESQL = IDLE | {"aggType", "termSize"}
HOW_TO_GET = "save what `GET /api/alerting/rule/{id}` or `GET /api/alerting/rules/_find` answers"


def read_rules(path: Path, data_views: Mapping[str, DataView] | None = None) -> list[Rule | NotSimulated]:
    """One rule, a list of them, or the answer to a search for them. A rule of another type is named with the reason.

    `data_views` are those, by id, that rules name and do not hold.

    Raises ConfigurationError for a file that holds no rules.
    """
    bodies = list(_bodies(_load(path), path))
    if not bodies:
        raise ConfigurationError(f"{path} holds no rule: {HOW_TO_GET}")
    return [_read(body, path, data_views or {}) for body in bodies]


def _load(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise ConfigurationError(f"{path} is not JSON ({error}): {HOW_TO_GET}") from None


def _bodies(content: Any, path: Path) -> Iterator[Mapping[str, Any]]:
    found = content.get("data", [content]) if isinstance(content, dict) else content
    for body in found if isinstance(found, list) else [found]:
        if not isinstance(body, dict) or "rule_type_id" not in body:
            raise ConfigurationError(f"{path} holds something that is no rule: {HOW_TO_GET}")
        yield body


def _read(body: Mapping[str, Any], path: Path, data_views: Mapping[str, DataView]) -> Rule | NotSimulated:
    rule_id, name = str(body.get("id") or path.stem), str(body.get("name") or path.stem)
    if reason := _other(body):
        return NotSimulated(rule_id=rule_id, name=name, reason=reason)
    kept = {key: body[key] for key in KEPT if body.get(key) is not None}
    try:
        kept["params"] = _without_idle(as_query(body.get("params"), data_views))
    except ConfigurationError as error:
        return NotSimulated(rule_id=rule_id, name=name, reason=error.reason)
    actions = [action for given in body.get("actions") or [] if (action := _action(given, body))]
    try:
        return Rule.model_validate(
            {**kept, "consumer": "stackAlerts", "actions": actions, "id": rule_id, "raw_params": body.get("params")}
        )
    except ValidationError as error:
        first = error.errors()[0]
        # Pydantic names its own validators within the path, too.
        where = (
            ".".join(str(part) for part in first["loc"] if str(part).isidentifier() or isinstance(part, int)) or "rule"
        )
        return NotSimulated(rule_id=rule_id, name=name, reason=f"it is not understood: {where}: {first['msg']}")


def _other(body: Mapping[str, Any]) -> str | None:
    if body["rule_type_id"] not in SIMULATED_TYPES:
        return f"rules of the type {body['rule_type_id']} are not simulated, only {' and '.join(SIMULATED_TYPES)}"
    return None


def _without_idle(params: Any) -> Any:
    """Kibana's form leaves params behind that the kind of query does not read."""
    if not isinstance(params, dict):
        return params
    is_esql = params.get("searchType") == "esqlQuery"
    idle, unsaid = (IDLE_IN_ESQL, {"groupBy": "all"}) if is_esql else (IDLE, {})
    return unsaid | {name: value for name, value in params.items() if name not in idle and value is not None}


def _action(given: Mapping[str, Any], body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """When it runs is kept, what it says is not. A summary of many alerts is not simulated."""
    frequency = given.get("frequency") or _frequency_of_rule(body)
    if frequency.get("summary") or not given.get("group"):
        return None
    kept = {name: frequency.get(name) for name in ("summary", "notify_when", "throttle")}
    return {"group": given["group"], "id": str(given.get("id", "")), "params": {"body": ""}, "frequency": kept}


def _frequency_of_rule(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """What was set for all of a rule's actions, before each had its own."""
    notify_when = body.get("notify_when") or "onActiveAlert"
    throttle = body.get("throttle") if notify_when == "onThrottleInterval" else None
    return {"summary": False, "notify_when": notify_when, "throttle": throttle}


def only(rules: Sequence[Rule | NotSimulated], wanted: Sequence[str]) -> list[Rule | NotSimulated]:
    """Those of these ids, or all if none is named. Raises ConfigurationError for an id that there is not."""
    ids = [rule.id if isinstance(rule, Rule) else rule.rule_id for rule in rules]
    if unknown := sorted(set(wanted) - set(ids)):
        raise ConfigurationError(f"there is no rule {', '.join(unknown)}: there are {', '.join(ids)}")
    return [rule for rule, rule_id in zip(rules, ids, strict=True) if not wanted or rule_id in wanted]
