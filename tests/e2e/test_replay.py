"""A replay through everything that runs: begun by HTTP, fed by beat, investigated by the worker, shown as a page."""

from __future__ import annotations

import uuid

from tests.e2e.conftest import Up, wait_until


def test_alerts_that_were_reported_come_out_the_same(up: Up) -> None:
    alert_ids = [up.accept(str(uuid.uuid4())) for _ in range(3)]
    up.wait_for_reports(alert_ids)
    before = [up.alert(alert_id) for alert_id in alert_ids]
    with up.client() as client:
        begun = client.post("/v1/replays", json={"ids": alert_ids}).json()
        path = f"/v1/replays/{begun['replay_id']}"
        wait_until(lambda: client.get(path).json()["state"] == "done", seconds=60, what="the replay's end")
        document = client.get(path).json()
        page = client.get(f"/replays/{begun['replay_id']}")
    assert (begun["alerts"], document["same"], document["different"], document["failed"]) == (3, 3, [], [])
    assert "3 of 3 alerts gave the same findings" in page.text
    assert [up.alert(alert_id) for alert_id in alert_ids] == before
    assert sorted(report["replay_of"] or "" for report in up.reports_of(alert_ids)) == [
        *[""] * 3,
        *sorted(f"r-{alert_id}" for alert_id in alert_ids),
    ]
