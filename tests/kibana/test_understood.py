"""What the investigation makes of an alert of each shipped rule: its signal and its scope."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kibana.render import render_body
from tests.artifacts.contexts import variables
from tests.artifacts.tree import RULES, shipped
from worker.domain.alert import Alert
from worker.domain.telemetry import Scope
from worker.posted import parse_alert
from worker.question import understand
from worker.telemetry.profiles import load_profile

NOW = datetime(2026, 11, 23, 12, 1, tzinfo=UTC)
PROFILE = load_profile("spiketrace")
SCOPES = [Scope(service, region) for service in ("checkout", "search") for region in ("us-central1", "europe-west1")]
# Rules whose alerts are named by more than one field.
INSTANCES = {
    "spiketrace-carbon-order-path": "checkout,us-central1",
    "spiketrace-new-error-types": "checkout,PoolTimeoutError",
    "spiketrace-new-error-types-esql": "checkout,PoolTimeoutError",
}


def alert_of(path: str, rule: dict[str, Any]) -> Alert:
    rule_id = Path(path).stem
    instance = INSTANCES.get(rule_id, "us-central1" if "-by-region" in rule_id else "checkout")
    begins = rule["actions"][0]
    known = variables(
        rule={
            "id": rule_id,
            "name": rule["name"],
            "type": rule["rule_type_id"],
            "tags": rule["tags"],
            "params": rule["params"],
        },
        alert={"id": instance, "actionGroup": begins["group"]},
        context={"group": instance if rule["rule_type_id"] == ".index-threshold" else None},
    )
    return parse_alert(render_body(begins["params"]["body"], known).encode(), received_at=NOW)


@pytest.mark.parametrize("path", shipped().matching(RULES))
def test_signal_and_scope(path: str) -> None:
    rule = shipped().content(path)
    question = understand(alert_of(path, rule), PROFILE, SCOPES)
    expected = next(signal for signal in ("carbon", "errors", "latency") if signal in rule["tags"])
    assert question.signal == expected
    by_region = Scope(None, "us-central1")
    by_both = Scope("checkout", "us-central1")
    wanted = by_region if "-by-region" in path else by_both if "order-path" in path else Scope("checkout", None)
    assert (question.scope, question.unknown) == (wanted, ())
