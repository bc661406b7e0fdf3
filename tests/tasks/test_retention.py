"""What is older than it needs to be goes by itself, with no lifecycle policy of the engine's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tasks.app import RETENTION
from tests.tasks import samples
from tests.tasks.conftest import Bench, wait_until
from worker.ports import Notification


def test_a_worker_deletes_what_is_old_when_the_clock_says_so(bench: Bench) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=bench.settings.retention_days + 1)
    bench.accept("new")
    bench.stores.alerts.record([Notification(alert=samples.alert("old"), received_at=long_ago)])
    bench.stores.client.indices.refresh(index="spiketrace-*")
    bench.start_worker()
    bench.app.send_task(RETENTION)

    def left() -> int:
        bench.stores.client.indices.refresh(index="spiketrace-*")
        return int(bench.stores.client.count(index="spiketrace-alerts")["count"])

    wait_until(lambda: left() == 1, what="the end of the old alert")
