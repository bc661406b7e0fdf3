"""Alerts that come without the webhook, through a real worker."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tasks.app import INDEX_INTAKE, MISSED_ALERTS
from tests.delivery_paths.kibana_documents import (
    active_document,
    alert_of,
    connector_writes,
    create_alerts_index,
    drop_alerts_index,
    kibana_keeps,
    recovered_document,
)
from tests.tasks.conftest import Bench, wait_until
from tests.webhook.bodies import active, encoded
from worker.domain.alert import AlertState
from worker.posted import parse_alert

NOW = datetime.now(UTC)


def alert_id(uuid: str) -> str:
    return parse_alert(encoded(active(uuid)), received_at=NOW).alert_id


def arrived(bench: Bench, uuid: str) -> bool:
    return bench.stores.alerts.get(alert_id(uuid)) is not None


def worker_log(bench: Bench) -> str:
    return Path(bench.folder / "worker-0.log").read_text()


class TestByIndex:
    def test_a_document_becomes_a_report(self, shared_bench: Bench) -> None:
        connector_writes(shared_bench.stores.client, active_document("by-index", alert={"id": "ok"}))
        shared_bench.app.send_task(INDEX_INTAKE)
        wait_until(lambda: arrived(shared_bench, "by-index"), what="the intake")
        assert shared_bench.wait_for(alert_id("by-index"), AlertState.REPORTED).report_id
        connector_writes(shared_bench.stores.client, recovered_document("by-index"))
        shared_bench.app.send_task(INDEX_INTAKE)
        shared_bench.wait_for(alert_id("by-index"), AlertState.RECOVERED)
        assert shared_bench.calls(alert_id("by-index")) == 1
        wait_until(lambda: shared_bench.stores.inbox_index.backlog().documents == 0, what="an empty inbox")

    def test_a_worker_killed_in_the_middle_loses_nothing(self, bench: Bench) -> None:
        lives = [f"life-{number}" for number in range(300)]
        worker = bench.start_worker()
        connector_writes(bench.stores.client, *(active_document(uuid, alert={"id": "hang"}) for uuid in lives))
        bench.app.send_task(INDEX_INTAKE)
        wait_until(lambda: any(arrived(bench, uuid) for uuid in lives), what="the first alert")
        os.killpg(worker.pid, signal.SIGKILL)
        bench.start_worker()
        bench.app.send_task(INDEX_INTAKE)
        wait_until(lambda: _waiting(bench) == 0, what="an empty inbox")
        records = bench.stores.alerts.get_many([alert_id(uuid) for uuid in lives])
        assert len(records) == len(lives)
        bench.stores.client.indices.refresh(index="spiketrace-alerts")
        assert bench.stores.client.count(index="spiketrace-alerts")["count"] == len(lives)


def _waiting(bench: Bench) -> int:
    bench.stores.client.indices.refresh(index="spiketrace-alert-inbox")
    return bench.stores.inbox_index.backlog().documents


class TestFoundInKibanasIndex:
    @pytest.fixture
    def kept(self, shared_bench: Bench) -> Iterator[Bench]:
        create_alerts_index(shared_bench.stores.client)
        yield shared_bench
        drop_alerts_index(shared_bench.stores.client)

    def test_a_lost_alert_becomes_a_report_and_a_lost_recovery_its_end(self, kept: Bench) -> None:
        start = NOW - timedelta(minutes=30)
        document = alert_of("lost", start=start) | {"kibana.alert.instance.id": "ok"}
        kibana_keeps(kept.stores.client, document)
        kept.app.send_task(MISSED_ALERTS)
        wait_until(lambda: arrived(kept, "lost"), what="the sweep")
        kept.wait_for(alert_id("lost"), AlertState.REPORTED)
        end = NOW - timedelta(minutes=11)
        kibana_keeps(kept.stores.client, alert_of("lost", start=start, end=end) | {"kibana.alert.instance.id": "ok"})
        kept.app.send_task(MISSED_ALERTS)
        assert kept.wait_for(alert_id("lost"), AlertState.RECOVERED).recovered_at
        assert kept.calls(alert_id("lost")) == 1

    def test_where_there_is_nothing_to_read_it_is_said_once(self, bench: Bench) -> None:
        bench.start_worker()
        said = "Kibana's alerts cannot be read"
        for _ in range(8):
            bench.app.send_task(MISSED_ALERTS)
        (reported,) = bench.accept("ok")
        wait_until(lambda: said in worker_log(bench), what="the word")
        bench.queue.investigate([reported])
        bench.wait_for(reported, AlertState.REPORTED)
        wait_until(lambda: bench.queue._waiting("maintenance") == 0, what="the last run")
        # Once in each process of the worker.
        assert worker_log(bench).count(said) <= bench.settings.worker_concurrency
