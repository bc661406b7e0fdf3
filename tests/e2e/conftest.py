"""One `spiketrace up --embedded` for all of these tests, as a user would start it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e import telemetry
from worker.domain.window import iso

START_TIMEOUT_SECONDS = 90
STOP_TIMEOUT_SECONDS = 60


def wait_until(condition: Callable[[], object], *, seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.02)


def kibana_body(uuid: str, *, service: str = telemetry.CULPRIT) -> dict[str, Any]:
    """What the shipped connector template renders for a rule on index thresholds, grouped by service."""
    return {
        "schema_version": "1",
        "event_action": "threshold met",
        "rule": {
            "id": "spiketrace-carbon",
            "name": "Carbon spike by service (threshold)",
            "type": ".index-threshold",
            "space_id": "default",
            "url": "",
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
            "title": f"alert Carbon spike by service (threshold) group {service} met threshold",
            "message": f"alert is active for group '{service}'",
            "value": "80.4",
            "group": service,
            "conditions": "avg(estimated_co2_grams) is greater than 50",
            "date": iso(telemetry.END),
            "link": "",
        },
        "date": iso(telemetry.END),
    }


@dataclass
class Up:
    """A running `spiketrace up`, seen from outside: by its ready file and by HTTP."""

    process: subprocess.Popen[bytes]
    ready_file: Path

    @property
    def ready(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.ready_file.read_text())
        return document

    def pid(self, name: str) -> int:
        ready = self.ready
        (pid,) = (ready["pids"] | ready["engine_pids"])[name]
        return int(pid)

    def kill(self, name: str) -> None:
        """SIGKILL; returns when the ready file names another process."""
        killed = self.pid(name)
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: self.pid(name) != killed, seconds=3, what=f"another {name}")

    def client(self) -> httpx.Client:
        """May be shared by up to a hundred threads."""
        ready = self.ready
        # A surplus idle connection may be closed under a thread that has just got it: encode/httpcore issue 1110.
        limits = httpx.Limits(max_connections=100, max_keepalive_connections=100)
        return httpx.Client(base_url=ready["url"], auth=(ready["user"], ready["password"]), timeout=30, limits=limits)

    def post(self, uuid: str) -> httpx.Response:
        with self.client() as client:
            return client.post("/v1/alerts/kibana", json=kibana_body(uuid))

    def accept(self, uuid: str) -> str:
        answer = self.post(uuid)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["alert_id"])

    def alert(self, alert_id: str) -> dict[str, Any]:
        with self.client() as client:
            answer = client.get(f"/v1/alerts/{alert_id}")
        return dict(answer.json()) if answer.is_success else {"state": f"HTTP {answer.status_code}"}

    def wait_for_reports(self, alert_ids: list[str], *, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while missing := [alert for alert in map(self.alert, alert_ids) if alert["state"] != "reported"]:
            given_up = [alert for alert in missing if alert["state"] == "failed"]
            if given_up or time.monotonic() > deadline:
                raise AssertionError(f"not reported after {seconds} s: {missing}\n{self.worker_log()}")
            time.sleep(0.05)

    def worker_log(self) -> str:
        """What the worker said last; the folder goes when `up` ends."""
        (log,) = self.ready_file.parent.glob("spiketrace-*/worker.log")
        return log.read_text()[-4_000:]

    def document(self, index: str, document_id: str) -> dict[str, Any] | None:
        """Straight from the engine, which answers faster than the states change."""
        answer = httpx.get(f"{self.ready['elasticsearch_url']}/{index}/_doc/{document_id}")
        return dict(answer.json()["_source"]) if answer.is_success else None

    def reports_of(self, alert_ids: list[str]) -> list[dict[str, Any]]:
        url = self.ready["elasticsearch_url"]
        httpx.post(f"{url}/spiketrace-reports/_refresh").raise_for_status()
        query = {"size": 1000, "query": {"terms": {"alert_id": alert_ids}}}
        answer = httpx.post(f"{url}/spiketrace-reports/_search", json=query).raise_for_status()
        return [hit["_source"] for hit in answer.json()["hits"]["hits"]]


@pytest.fixture(scope="session")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    folder = tmp_path_factory.mktemp("up")
    ready_file = folder / "ready.json"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SPIKETRACE_")}
    with (folder / "up.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "cli.main", "up", "--embedded", "--port", "0", "--ready-file", str(ready_file)],
            env={**environment, "TMPDIR": str(folder), "SPIKETRACE_MISSED_ALERTS_INTERVAL_SECONDS": "2"},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    running = Up(process, ready_file)
    try:
        wait_until(ready_file.exists, seconds=START_TIMEOUT_SECONDS, what=f"{folder}/up.log")
        telemetry.load(running.ready["elasticsearch_url"])
        yield running
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(timeout=STOP_TIMEOUT_SECONDS)
    assert code == 0
    assert not ready_file.exists()
    assert _left_behind(folder) == []


def _left_behind(folder: Path) -> list[str]:
    """Processes that still run and were started with that folder as their TMPDIR."""
    mark = f"TMPDIR={folder}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (process / "environ").read_bytes().split(b"\0"):
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found
