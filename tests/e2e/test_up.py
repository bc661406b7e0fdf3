"""The whole way with real processes: alerts in by HTTP, reports out, and whatever dies on the way."""

from __future__ import annotations

import os
import signal
import stat
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.delivery_paths.kibana_documents import (
    alert_of,
    connector_writes,
    create_alerts_index,
    kibana_keeps,
    rendered,
)
from tests.e2e import telemetry
from tests.e2e.conftest import Up, kibana_body, wait_until
from tests.webhook.bodies import active, encoded
from worker.elastic import connect_elasticsearch
from worker.posted import parse_alert
from worker.settings import Settings
from worker.store.inbox_index import InboxIndex


def test_the_ready_file_holds_what_is_needed_and_only_its_owner_reads_it(up: Up) -> None:
    ready = up.ready
    assert {"url", "elasticsearch_url", "redis_url", "user", "password", "pids"} <= set(ready)
    assert set(ready["pids"]) == {"webhook", "worker", "beat"}
    for (pid,) in ready["pids"].values():
        os.kill(pid, 0)
        assert os.getsid(pid) == pid
    assert stat.S_IMODE(up.ready_file.stat().st_mode) == 0o600
    templates = httpx.get(f"{ready['elasticsearch_url']}/_index_template").json()["index_templates"]
    patterns = {pattern for template in templates for pattern in template["index_template"]["index_patterns"]}
    assert {"spiketrace-carbon-metrics-*", "spiketrace-logs-*", "spiketrace-deployments-*"} <= patterns


def test_no_secret_is_on_a_command_line(up: Up) -> None:
    for (pid,) in up.ready["pids"].values():
        assert up.ready["password"] not in Path(f"/proc/{pid}/cmdline").read_text()


def test_an_alert_becomes_a_report(up: Up) -> None:
    alert_id = up.accept("first")
    up.wait_for_reports([alert_id])
    with up.client() as client:
        report_id = client.get(f"/v1/alerts/{alert_id}").json()["report_id"]
        report = client.get(f"/v1/reports/{report_id}").raise_for_status().json()
        page = client.get(f"/reports/{report_id}")
    assert report["alert_id"] == alert_id
    assert report["verdict"] == "root_cause"
    assert report["root_cause"]["service"] == telemetry.CULPRIT
    assert report["root_cause"]["deployment_id"] == "deploy-202"
    assert all(report["sections"].values())
    assert page.status_code == 200
    assert telemetry.CULPRIT in page.text


def test_five_hundred_duplicates_make_one_report(up: Up) -> None:
    body = kibana_body("duplicated")
    with up.client() as client, ThreadPoolExecutor(50) as pool:
        posted = list(pool.map(lambda _: client.post("/v1/alerts/kibana", json=body), range(500)))
    assert {answer.status_code for answer in posted} == {202}
    answers = [(answer.json()["alert_id"], answer.json()["status"]) for answer in posted]
    assert len({alert_id for alert_id, _ in answers}) == 1
    assert [status for _, status in answers].count("accepted") == 1
    alert_id = answers[0][0]
    up.wait_for_reports([alert_id])
    assert len(up.reports_of([alert_id])) == 1
    record = up.document("spiketrace-alerts", alert_id)
    assert record is not None
    assert record["attempts"] == 1


def _accepted(up: Up, alert_id: str) -> bool:
    return True


def _recorded(up: Up, alert_id: str) -> bool:
    return up.document("spiketrace-alerts", alert_id) is not None


def _claimed(up: Up, alert_id: str) -> bool:
    record = up.document("spiketrace-alerts", alert_id)
    return record is not None and bool(record["attempts"])


def _written(up: Up, alert_id: str) -> bool:
    return up.document("spiketrace-reports", f"r-{alert_id}") is not None


def _reported(up: Up, alert_id: str) -> bool:
    return bool(up.alert(alert_id)["state"] == "reported")


@pytest.mark.timeout(180)
def test_a_worker_killed_in_each_stage_of_ten_investigations_makes_ten_reports(up: Up) -> None:
    stages: list[Callable[[Up, str], bool]] = [_accepted, _recorded, _claimed, _written, _reported]
    alert_ids: list[str] = []
    for stage in stages:
        pair = [up.accept(str(uuid.uuid4())) for _ in range(2)]
        alert_ids += pair
        wait_until(partial(stage, up, pair[0]), seconds=40, what=stage.__name__)
        up.kill("worker")
    up.wait_for_reports(alert_ids, seconds=75)
    reports = up.reports_of(alert_ids)
    assert sorted(report["alert_id"] for report in reports) == sorted(alert_ids)


@pytest.mark.parametrize("name", ["webhook", "beat", "broker"])
def test_what_is_killed_comes_back_and_nothing_accepted_is_lost(up: Up, name: str) -> None:
    before = up.ready
    accepted = [up.accept(str(uuid.uuid4())) for _ in range(5)]
    up.kill(name)
    wait_until(lambda: _takes_alerts(up, accepted), seconds=30, what="an alert taken again")
    up.wait_for_reports(accepted)
    assert len(up.reports_of(accepted)) == len(accepted)
    same = ("url", "elasticsearch_url", "redis_url", "user", "password")
    assert {key: up.ready[key] for key in same} == {key: before[key] for key in same}


def _takes_alerts(up: Up, accepted: list[str]) -> bool:
    try:
        answer = up.post(str(uuid.uuid4()))
    except httpx.TransportError:
        return False
    if answer.status_code == 503:
        assert int(answer.headers["retry-after"]) > 0
        return False
    assert answer.status_code == 202
    accepted.append(answer.json()["alert_id"])
    return True


def test_killing_the_children_of_the_worker_changes_no_pid(up: Up) -> None:
    worker = up.pid("worker")
    children = [int(pid) for pid in Path(f"/proc/{worker}/task/{worker}/children").read_text().split()]
    alert_ids = [up.accept(str(uuid.uuid4())) for _ in range(4)]
    for child in children:
        os.kill(child, signal.SIGKILL)
    up.wait_for_reports(alert_ids)
    assert up.pid("worker") == worker
    assert len(up.reports_of(alert_ids)) == 4


def test_without_a_webhook_a_document_of_kibanas_index_connector_becomes_a_report(up: Up) -> None:
    uuids = [str(uuid.uuid4()) for _ in range(3)]
    with connect_elasticsearch(Settings(elasticsearch_url=up.ready["elasticsearch_url"])) as client:
        connector_writes(client, *(rendered(kibana_body(each)) for each in uuids))
        up.wait_for_reports([alert_id_of(kibana_body(each)) for each in uuids])
        assert up.accept(uuids[0]) == alert_id_of(kibana_body(uuids[0]))
        reports = up.reports_of([alert_id_of(kibana_body(each)) for each in uuids])
        wait_until(lambda: InboxIndex(client).backlog().documents == 0, seconds=10, what="an empty inbox")
    assert [report["verdict"] for report in reports] == ["root_cause"] * 3


def test_an_alert_that_kibanas_action_lost_becomes_a_report(up: Up) -> None:
    lost, start = str(uuid.uuid4()), datetime.now(UTC) - timedelta(minutes=30)
    with connect_elasticsearch(Settings(elasticsearch_url=up.ready["elasticsearch_url"])) as client:
        create_alerts_index(client)
        kibana_keeps(client, alert_of(lost, start=start))
        up.wait_for_reports([alert_id_of(active(lost))])


def alert_id_of(body: dict[str, Any]) -> str:
    return parse_alert(encoded(body), received_at=datetime.now(UTC)).alert_id
