"""Rules: Kibana's alerting interface.

https://www.elastic.co/docs/api/doc/kibana/group/endpoint-alerting
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kibana.client import KibanaClient, path_of
from kibana.setup.things import Json, Observed, Thing, as_list, as_set

PATH = "/api/alerting/rule"
# Refused in an update, since they never change: Kibana is asked for another rule instead.
IMMUTABLE = ("rule_type_id", "consumer")
# A PUT replaces all of these: what is left out goes back to its default.
UPDATABLE = (
    "name", "schedule", "params", "tags", "throttle", "notify_when", "alert_delay", "flapping", "artifacts",
)  # fmt: skip
FREQUENCY_OF_THE_RULE = frozenset({"notify_when", "throttle"})
ACTION_FIELDS = ("group", "id", "params", "frequency", "alerts_filter", "use_alert_data_for_template")


class RuleAdapter:
    def __init__(self, kibana: KibanaClient) -> None:
        self._kibana = kibana

    def read(self, thing_id: str) -> Observed | None:
        answer = self._kibana.find(path_of(PATH, thing_id))
        return None if answer is None else Observed(body=rule_body(answer), raw=answer)

    def create(self, thing: Thing) -> str:
        self._kibana.post(path_of(PATH, thing.key.id), rule_request(thing.body))
        return thing.key.id

    def update(self, thing: Thing, thing_id: str, body: Json, there: Observed) -> None:  # noqa: ARG002
        if any(body[name] != there.body[name] for name in IMMUTABLE):
            self._kibana.delete(path_of(PATH, thing_id))
            self._kibana.post(path_of(PATH, thing_id), rule_request(body))
            return
        self._kibana.put(path_of(PATH, thing_id), _update_request(body, there))
        if body["enabled"] != there.body["enabled"]:
            self._kibana.post(f"{path_of(PATH, thing_id)}/{'_enable' if body['enabled'] else '_disable'}", None)

    def delete(self, thing_id: str) -> None:
        self._kibana.delete_if_there(path_of(PATH, thing_id))


def rule_body(rule: Mapping[str, Any]) -> Json:
    """A rule's file or Kibana's answer, without what Kibana keeps for itself; tags and actions by name."""
    wanted = {name: rule[name] for name in (*IMMUTABLE, *UPDATABLE) if rule.get(name) is not None}
    actions = _by_name(rule.get("actions", []))
    return wanted | {
        "enabled": rule.get("enabled", True),
        "tags": as_set(rule.get("tags")),
        "actions": {name: {key: action[key] for key in ACTION_FIELDS if key in action} for name, action in actions},
    }


def _by_name(actions: Iterable[Mapping[str, Any]]) -> list[tuple[str, Mapping[str, Any]]]:
    """Each action under its group and connector, which tell one from the other; a second one alike gets a number."""
    named: dict[str, Mapping[str, Any]] = {}
    for action in actions:
        name = f"{action.get('group', 'system')} → {action['id']}"
        while name in named:
            name += "+"
        named[name] = action
    return list(named.items())


def rule_request(body: Json) -> Json:
    """The body of the call that creates the rule."""
    return {**body, "tags": as_list(body.get("tags", {})), "actions": list(body.get("actions", {}).values())}


def _update_request(body: Json, there: Observed) -> Json:
    request = rule_request({name: value for name, value in body.items() if name in {*UPDATABLE, "tags", "actions"}})
    if any("frequency" in action for action in request["actions"]):
        # Either the rule says how often, or its actions do: Kibana refuses both.
        request = {name: value for name, value in request.items() if name not in FREQUENCY_OF_THE_RULE}
    known = {name: action.get("uuid") for name, action in _by_name(there.raw.get("actions", []))}
    # An action that keeps its uuid keeps what Kibana knows of it: when it was last run, and whether it is throttled.
    request["actions"] = [
        {**action, **({"uuid": known[name]} if known.get(name) else {})}
        for name, action in body.get("actions", {}).items()
    ]
    return request
