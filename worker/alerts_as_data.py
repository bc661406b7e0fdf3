"""An alert as Kibana keeps it for itself, read into the notifications that Kibana should have sent of it.

Every rule that writes alerts keeps one document for each life of an alert, and changes it at each run. Its fields
are written as dotted names, as nested objects, or as both in one document.
https://www.elastic.co/docs/explore-analyze/alerts-cases/alerts/query-alerts
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from worker.domain.alert import RECOVERED, Alert, Origin
from worker.kibana_body import read_alert
from worker.ports import Notification

ALERT = "kibana.alert."
RULE = "kibana.alert.rule."
OF_ALERT = (
    *("uuid", "status", "action_group", "previous_action_group", "instance.id", "start", "end"),
    *("flapping", "title", "reason", "url", "evaluation.conditions"),
)
OF_RULE = ("uuid", "name", "rule_type_id", "tags", "parameters")
# All that is read here; a document holds much more, and what its rule copied from other indices.
FIELDS = ["kibana.space_ids", *(ALERT + name for name in OF_ALERT), *(RULE + name for name in OF_RULE)]


@dataclass(frozen=True)
class KibanaAlert:
    """One life of an alert. `recovery` is None while it is active."""

    alert: Alert
    recovery: Alert | None

    @property
    def alert_id(self) -> str:
        return self.alert.alert_id

    def notifications(self, found_at: datetime) -> list[Notification]:
        alerts = [self.alert, self.recovery] if self.recovery else [self.alert]
        return [Notification(alert=alert, received_at=found_at, origin=Origin.SWEEP) for alert in alerts]


def read_document(document: Mapping[str, Any], *, found_at: datetime) -> KibanaAlert:
    """What the document says. Raises InvalidAlert where it names no rule or no alert."""
    opening = _body(document, date="start", action_group=_opening_group(document))
    alert = read_alert(opening, received_at=found_at)
    if _value(document, ALERT + "status") != RECOVERED:
        return KibanaAlert(alert, None)
    return KibanaAlert(alert, read_alert(_body(document, date="end", action_group=RECOVERED), received_at=found_at))


def _opening_group(document: Mapping[str, Any]) -> Any:
    group = _value(document, ALERT + "action_group")
    return _value(document, ALERT + "previous_action_group") if group == RECOVERED else group


def _body(document: Mapping[str, Any], *, date: str, action_group: Any) -> dict[str, Any]:
    """As the webhook's body, but for the value: the document's is that of the latest run and not of this date."""
    moment = _value(document, ALERT + date)
    return {
        "rule": {
            "id": _value(document, RULE + "uuid"),
            "name": _value(document, RULE + "name"),
            "type": _value(document, RULE + "rule_type_id"),
            "space_id": _space(document),
            "tags": _value(document, RULE + "tags"),
            "params": _value(document, RULE + "parameters"),
        },
        "alert": {
            "id": _value(document, ALERT + "instance.id"),
            "uuid": _value(document, ALERT + "uuid"),
            "action_group": action_group,
            "flapping": _value(document, ALERT + "flapping"),
        },
        "context": {
            "title": _value(document, ALERT + "title"),
            "message": _value(document, ALERT + "reason"),
            "conditions": _value(document, ALERT + "evaluation.conditions"),
            "link": _value(document, ALERT + "url"),
            "date": moment,
        },
        "date": moment,
    }


def _space(document: Mapping[str, Any]) -> Any:
    spaces = _value(document, "kibana.space_ids")
    return spaces[0] if isinstance(spaces, list) and spaces else spaces


def _value(document: Mapping[str, Any], name: str) -> Any:
    """The field of that dotted name, however much of the name is nested; None if there is none."""
    if name in document:
        return document[name]
    for end in [position for position, letter in enumerate(name) if letter == "."]:
        inner = document.get(name[:end])
        if isinstance(inner, Mapping) and (value := _value(inner, name[end + 1 :])) is not None:
            return value
    return None
