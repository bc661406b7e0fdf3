"""An alert's body, as the shipped connector renders it for a rule on index thresholds."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from benchmarks.sender import MARK
from worker.domain.window import iso

RULE = "spiketrace-carbon-by-service"


def alert_body(uuid: str, at: datetime, *, service: str = "checkout", number: str = MARK) -> dict[str, Any]:
    """`number` makes the measured value, and so the message, the alert's own."""
    name = "Carbon spike by service (threshold)"
    met = "avg(estimated_co2_grams) is greater than 50"
    told = f"- Value: 80.{number}\n- Conditions Met: {met} over 5m\n- Timestamp: {iso(at)}"
    return {
        "schema_version": "1",
        "event_action": "threshold met",
        "rule": {
            "id": RULE,
            "name": name,
            "type": ".index-threshold",
            "space_id": "default",
            "url": f"https://kibana.example.com/app/management/insightsAndAlerting/triggersActions/rule/{RULE}",
            "tags": ["spiketrace", "carbon"],
            "params": {
                "index": ["spiketrace-carbon-metrics-*"],
                "timeField": "@timestamp",
                "aggType": "avg",
                "aggField": "estimated_co2_grams",
                "groupBy": "top",
                "termField": "service",
                "termSize": 20,
                "timeWindowSize": 5,
                "timeWindowUnit": "m",
                "thresholdComparator": ">",
                "threshold": [50],
            },
        },
        "alert": {
            "id": service,
            "uuid": uuid,
            "action_group": "threshold met",
            "flapping": "false",
            "consecutive_matches": "1",
        },
        "context": {
            "title": f"alert {name} group {service} met threshold",
            "message": f"alert '{name}' is active for group '{service}':\n\n{told}",
            "value": f"80.{number}",
            "group": service,
            "conditions": met,
            "date": iso(at),
            "link": "",
        },
        "date": iso(at),
    }


def numbered_body(run: str, at: datetime) -> str:
    """For the sender, which makes each an alert of its own."""
    return json.dumps(alert_body(f"{run}-{MARK}", at))
