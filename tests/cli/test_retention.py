from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cli.retention import retention
from tests.cli.conftest import Invoke, printed
from tests.engines.servers import Engine
from tests.tasks import samples
from worker.bootstrap import Stores
from worker.domain.incident import IncidentStatus
from worker.incidents import record
from worker.ports import Notification
from worker.store import retention as rules

NOW = datetime.now(UTC)
LONG_AGO = NOW - timedelta(days=91)


class TestOnEveryEngine:
    @pytest.fixture
    def embedded_engine(self, engine: Engine) -> Engine:
        return engine

    def test_what_was_written_long_ago_goes_and_the_rest_stays(
        self, invoke: Invoke, stores: Stores, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(rules, "BATCH", 2)
        for number in range(5):
            _write(stores, f"old-{number}", LONG_AGO)
        _write(stores, "new", NOW)
        for at in (LONG_AGO, NOW):
            stores.client.index(index="spiketrace-alert-inbox", document={"@timestamp": at.isoformat()})
        stores.client.indices.refresh(index="spiketrace-*")
        deleted = printed(invoke(retention, "apply", "--json"))["deleted"]
        assert deleted == {
            "spiketrace-alerts": 5,
            "spiketrace-reports": 5,
            "spiketrace-incidents": 0,
            "spiketrace-dead-letters": 0,
            "spiketrace-replays": 0,
            "spiketrace-alert-inbox": 1,
        }
        for index in ("spiketrace-alerts", "spiketrace-reports"):
            assert stores.client.count(index=index)["count"] == 1
        assert "spiketrace-alerts            0" in invoke(retention, "apply").output

    def test_open_incidents_and_those_of_others_stay(self, invoke: Invoke, stores: Stores) -> None:
        resolved, still_open = (_incident(stores, name) for name in ("checkout", "search"))
        stores.incidents.update(resolved, lambda it: it.model_copy(update={"status": IncidentStatus.RESOLVED}))
        others = {"@timestamp": LONG_AGO.isoformat(), "title": "history", "status": "resolved"}
        stores.client.index(index="spiketrace-incidents", id="others", document=others, refresh=True)
        assert printed(invoke(retention, "apply", "--json"))["deleted"]["spiketrace-incidents"] == 1
        assert stores.incidents.get(resolved) is None
        assert stores.incidents.get(still_open) is not None
        assert stores.client.exists(index="spiketrace-incidents", id="others")


def _write(stores: Stores, name: str, at: datetime) -> None:
    """The alert's own date is the same for all: what counts is when it was written."""
    alert = samples.alert(name)
    stores.alerts.record([Notification(alert=alert, received_at=at)])
    stores.reports.create(samples.report(alert, alert.alert_id).model_copy(update={"created_at": at}))


def _incident(stores: Stores, service: str) -> str:
    report = samples.report(samples.alert(service), service)
    incident = record(report, stores.incidents, NOW)
    assert incident is not None
    return incident.incident_id
