"""The alerts of a simulated rule, as SpikeTrace would have read them from Kibana's message."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache

from kibana.rules import SHIPPED_RULES, Action, Flapping, Frequency, Rule, WebhookParams
from kibana.simulate import Values, sent
from kibana.windows import Runs
from worker.domain.alert import Alert
from worker.kibana_body import load_object, read_alert

ON_STATUS_CHANGES = Frequency(summary=False, notify_when="onActionGroupChange", throttle=None)


def alerts_of(rule: Rule, values: Values, runs: Runs, flapping: Flapping) -> Iterator[Alert]:
    """One for each life, in the order of time: what the shipped body says of it, whatever the rule's own actions are.

    A rule of your own need not tell SpikeTrace of its alerts for them to be investigated.
    """
    action = Action(
        group=rule.action_group, id="", params=WebhookParams(body=_shipped_body()), frequency=ON_STATUS_CHANGES
    )
    telling = rule.model_copy(update={"actions": [action]})
    for notification in sent(telling, values, runs, flapping):
        yield read_alert(load_object(notification.body), received_at=notification.date)


@cache
def _shipped_body() -> str:
    """The same in every shipped rule, up to the action group."""
    first = json.loads(min(SHIPPED_RULES.glob("*.json")).read_text(encoding="utf-8"))
    body: str = first["actions"][0]["params"]["body"]
    return body
