from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import redis

from tasks.app import SpikeTraceApp, create_app
from tasks.ping import worker_answers
from tasks.queue import CeleryQueue
from tests.engines import servers
from tests.engines.servers import Engine
from tests.tasks import samples, scripted_worker
from worker.bootstrap import Stores, connect
from worker.domain.alert import AlertState
from worker.ports import AlertRecord, Notification
from worker.settings import Settings, process_environment
from worker.store.templates import install_templates

START_TIMEOUT_SECONDS = 30


def wait_until(condition: Callable[[], object], *, seconds: float = 20.0, what: str = "it") -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds} s"
        time.sleep(0.05)


@dataclass
class Bench:
    """The stores, the queue and scripted workers of one test."""

    settings: Settings
    stores: Stores
    app: SpikeTraceApp
    queue: CeleryQueue
    folder: Path
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def accept(self, *instances: str) -> list[str]:
        now = datetime.now(UTC)
        notifications = [Notification(alert=samples.alert(instance), received_at=now) for instance in instances]
        return [recorded.alert_id for recorded in self.stores.alerts.record(notifications)]

    def start_worker(self) -> subprocess.Popen[bytes]:
        log = self.folder / f"worker-{len(self.workers)}.log"
        with log.open("wb") as output:
            worker = subprocess.Popen(
                [sys.executable, "-m", scripted_worker.__name__],
                env=process_environment(self.settings),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.workers.append(worker)
        wait_until(lambda: self._is_up(worker, log), seconds=START_TIMEOUT_SECONDS, what="the worker's start")
        return worker

    def _is_up(self, worker: subprocess.Popen[bytes], log: Path) -> bool:
        assert worker.poll() is None, log.read_text()
        return worker_answers(self.app, worker.pid)

    def record(self, alert_id: str) -> AlertRecord:
        record = self.stores.alerts.get(alert_id)
        assert record is not None
        return record

    def wait_for(self, alert_id: str, state: AlertState, *, seconds: float = 20.0) -> AlertRecord:
        wait_until(lambda: self.record(alert_id).state is state, seconds=seconds, what=f"{alert_id} {state}")
        return self.record(alert_id)

    def calls(self, alert_id: str) -> int:
        with redis.Redis.from_url(self.settings.redis_url) as client:
            return int(client.get(scripted_worker.calls_key(alert_id)) or 0)

    def stop(self) -> None:
        for worker in self.workers:
            if worker.poll() is None:
                os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()


@pytest.fixture
def engine_of_test(embedded_engine: Engine) -> Engine:
    return embedded_engine


@pytest.fixture
def bench(engine_of_test: Engine, redis_url: str, tmp_path: Path) -> Iterator[Bench]:
    with open_bench(engine_of_test, redis_url, tmp_path) as opened:
        yield opened


@pytest.fixture(scope="package")
def shared_bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """For tests that leave the worker alive: it takes seconds to start."""
    folder = tmp_path_factory.mktemp("bench")
    broker = servers.Broker(folder / "broker")
    broker.start()
    try:
        with servers.embedded_engine() as engine, open_bench(engine, broker.url, folder) as opened:
            opened.start_worker()
            yield opened
    finally:
        broker.stop()


@contextmanager
def open_bench(engine: Engine, redis_url: str, folder: Path, **changes: Any) -> Iterator[Bench]:
    settings = Settings(
        elasticsearch_url=engine.url,
        redis_url=redis_url,
        visibility_timeout_seconds=60,
        max_attempts=2,
        # The soft limit is then three seconds.
        **({"task_time_limit_seconds": 13} | changes),
    )
    stores, app = connect(settings), create_app(settings)
    install_templates(stores.client)
    bench = Bench(settings, stores, app, CeleryQueue(settings, app=app), folder)
    try:
        yield bench
    finally:
        bench.stop()
        stores.client.close()
