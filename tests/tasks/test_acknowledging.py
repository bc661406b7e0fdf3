"""A worker goes on after its broker has hung while a task ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engines.servers import Broker, Engine
from tests.tasks.conftest import open_bench, wait_until
from worker.domain.alert import AlertState

pytestmark = pytest.mark.long


@pytest.mark.timeout(180)
def test_a_place_whose_message_could_not_be_acknowledged_is_free_again(
    engine_of_test: Engine, broker: Broker, tmp_path: Path
) -> None:
    with open_bench(engine_of_test, broker.url, tmp_path, task_time_limit_seconds=40, worker_concurrency=1) as bench:
        first, second = bench.accept("slow 1", "ok")
        bench.start_worker()
        bench.queue.investigate([first])
        wait_until(lambda: bench.calls(first) == 1)
        log = tmp_path / "worker-0.log"
        with broker.hanging():
            wait_until(lambda: "Couldn't ack" in log.read_text(), seconds=60, what="an acknowledgement that failed")
        # Its only place would be taken until the worker is started again.
        bench.queue.investigate([second])
        bench.wait_for(second, AlertState.REPORTED, seconds=60)
        assert bench.record(first).state is AlertState.REPORTED
