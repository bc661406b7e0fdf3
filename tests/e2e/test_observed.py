"""What running processes say of themselves: their log lines and what their work adds to /metrics."""

from __future__ import annotations

import json
import re
import uuid
from datetime import datetime
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.conftest import Up, kibana_body, wait_until

PROCESSES = ("webhook", "worker", "beat")
ACTION = re.compile(r"^[a-z]+(-[a-z]+)+$")
# By Elastic's schema: https://www.elastic.co/docs/reference/ecs/ecs-field-reference
FIELDS = {
    "@timestamp": str,
    "log.level": str,
    "message": str,
    "log.logger": str,
    "ecs.version": str,
    "service.name": str,
    "process.pid": int,
}
ELASTICS = ("event.", "error.", "kibana.alert.", "rule.", "trace.", "span.", "url.", "log.", "process.")
TOLD = "card 4111 1111 1111 1111, password=hunter2-of-a-customer"


def _lines(up: Up, process: str) -> list[dict[str, Any]]:
    (log,) = up.ready_file.parent.glob(f"spiketrace-*/{process}.log")
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]


def test_every_line_is_of_elastics_schema_and_none_tells_what_was_told(up: Up) -> None:
    body = kibana_body(str(uuid.uuid4()))
    body["context"]["message"] = TOLD
    with up.client() as client:
        alert_id = client.post("/v1/alerts/kibana", json=body).json()["alert_id"]
        client.post("/v1/alerts/kibana", content=f'{{"password": "{TOLD}"')
    up.wait_for_reports([alert_id])
    lines = {process: _lines(up, process) for process in PROCESSES}
    for process, said in lines.items():
        for line in said:
            assert {name: type(line.get(name)) for name in FIELDS} == FIELDS, line
            assert datetime.fromisoformat(line["@timestamp"]).tzinfo
            assert line["service.name"] == f"spiketrace-{process}"
            ours = {name for name in line if name.startswith("spiketrace.")}
            assert not {name for name in line.keys() - FIELDS - ours if not name.startswith(ELASTICS)}, line
            if line["log.logger"].split(".")[0] in ("webhook", "tasks", "worker"):
                assert ACTION.match(line["event.action"]), line
    (accepted,) = [line for line in lines["webhook"] if line.get("spiketrace.alert_id") == alert_id]
    assert accepted["event.action"] == "alert-accepted"
    assert accepted["kibana.alert.uuid"] == body["alert"]["uuid"]
    reported = [line for line in lines["worker"] if line.get("spiketrace.alert_id") == alert_id]
    assert reported[-1]["event.action"] == "alert-reported"
    everything = json.dumps(lines)
    # The whole number: four of its digits may stand in a moment or a port.
    assert not re.search(r"4111.?1111", everything)
    assert "hunter2" not in everything
    assert up.ready["password"] not in everything


def test_what_workers_and_beat_did_is_told_by_the_webhook(up: Up) -> None:
    def samples() -> dict[tuple[str, ...], float]:
        with up.client() as client:
            text = client.get("/metrics").text
        families = text_string_to_metric_families(text)
        return {
            (sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples
        }

    before = samples()
    alert_id = up.accept(str(uuid.uuid4()))
    up.wait_for_reports([alert_id])

    def grew(*sample: str) -> bool:
        return samples().get(sample, 0) > before.get(sample, 0)

    for sample in (
        ("spiketrace_alerts_recorded_total", "webhook", "accepted"),
        ("spiketrace_investigations_total", "reported"),
        ("spiketrace_report_seconds_count",),
        ("spiketrace_last_run_timestamp_seconds", "beat"),
        ("spiketrace_last_run_timestamp_seconds", "sweep"),
    ):
        wait_until(lambda sample=sample: grew(*sample), seconds=20, what=" ".join(sample))  # type: ignore[misc]
