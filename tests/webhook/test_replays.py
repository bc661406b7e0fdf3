"""Replays by HTTP: begun, followed, paused, resumed, cancelled; and what is said of what cannot be understood."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.tasks import samples
from tests.webhook.conftest import USER
from worker.bootstrap import Stores
from worker.ports import Notification
from worker.replay.model import ItemState


@pytest.fixture
def alert_ids(stores: Stores) -> list[str]:
    """Three alerts of an hour ago, two of them with a report."""
    now = datetime.now(UTC)
    alerts = [
        samples.alert(name).model_copy(update={"date": now - timedelta(hours=1)})
        for name in ("checkout", "search", "payments")
    ]
    recorded = stores.alerts.record([Notification(alert=alert, received_at=now) for alert in alerts])
    for alert, one in list(zip(alerts, recorded, strict=True))[:2]:
        report = samples.report(alert, one.alert_id)
        stores.reports.create(report)
        stores.alerts.finish(one.alert_id, report_id=report.report_id, incident_id=None)
    stores.client.indices.refresh(index="spiketrace-*")
    return [one.alert_id for one in recorded]


def test_a_replay_is_begun_and_followed(client: httpx.Client, stores: Stores, alert_ids: list[str]) -> None:
    begun = client.post("/v1/replays", json={"since": "2h", "as_of": "now", "rate": 5})
    assert begun.status_code == 202
    answer = begun.json()
    assert answer == {
        "replay_id": answer["replay_id"],
        "alerts": 3,
        "url": f"http://127.0.0.1:8080/replays/{answer['replay_id']}",
    }
    path = f"/v1/replays/{answer['replay_id']}"
    document = client.get(path).json()
    assert (document["state"], document["tally"]["waiting"]) == ("running", 3)
    assert document["manner"] == {"as_of": "now", "deliver": False, "per_second": 5.0, "driver": "queue"}
    assert {item.alert_id for item in stores.replays.items(answer["replay_id"])} == set(alert_ids)
    assert [client.post(f"{path}/{verb}").json()["state"] for verb in ("pause", "resume", "cancel")] == [
        "paused",
        "running",
        "cancelled",
    ]
    assert client.get(path).json()["tally"]["cancelled"] == 3
    (listed,) = client.get("/v1/replays").json()["replays"]
    assert (listed["replay_id"], listed["state"]) == (answer["replay_id"], "cancelled")
    assert client.get(f"/replays/{answer['replay_id']}").status_code == 200


def test_a_dry_run_says_what_would_run(client: httpx.Client, alert_ids: list[str]) -> None:
    answer = client.post("/v1/replays", json={"ids": [*alert_ids[:2], "nobody"], "dry_run": True})
    found = answer.json()
    assert (answer.status_code, found["replay_id"], found["alerts"]) == (200, None, 2)
    assert {one["alert_id"] for one in found["would_run"]} == set(alert_ids[:2])
    assert {(one["rule_id"], one["group"]) for one in found["would_run"]} == {
        ("carbon-spike", "checkout"),
        ("carbon-spike", "search"),
    }
    assert found["unknown_ids"] == ["nobody"]
    assert client.get("/v1/replays").json() == {"replays": []}


def test_ids_of_no_alert_are_named(client: httpx.Client, alert_ids: list[str]) -> None:
    begun = client.post("/v1/replays", json={"ids": ["nobody", alert_ids[0], "nobody"]}).json()
    assert (begun["alerts"], begun["unknown_ids"]) == (1, ["nobody"])
    assert client.get(f"/v1/replays/{begun['replay_id']}").json()["unknown_ids"] == ["nobody"]
    assert "1 of the ids: nobody" in client.get(f"/replays/{begun['replay_id']}").text


def test_labels_and_another_replay_to_compare_with(client: httpx.Client, stores: Stores, alert_ids: list[str]) -> None:
    first = client.post("/v1/replays", json={"ids": alert_ids[0]}).json()["replay_id"]
    asked = {"ids": alert_ids, "against": first, "labels": {alert_ids[0]: {"service": "checkout"}}}
    second = client.post("/v1/replays", json=asked).json()["replay_id"]
    items = {item.alert_id: item for item in stores.replays.items(second)}
    assert items[alert_ids[0]].original == f"r-{first}-{alert_ids[0]}"
    assert items[alert_ids[0]].label
    assert items[alert_ids[1]].label is None
    assert {item.state for item in items.values()} == {ItemState.WAITING}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "say which alerts"),
        ({"limit": 3}, "say which alerts"),
        ({"since": "yesterday"}, "since: is neither a time such as"),
        ({"since": "1h", "until": "2h"}, "until must be later than since"),
        ({"verdict": "guilty"}, "verdict"),
        ({"ids": 3}, "ids: Input should be a valid array"),
        ({"since": "1h", "limit": 0}, "limit"),
        ({"since": "1h", "rate": -1}, "rate"),
        ({"since": "1h", "colour": "red"}, "colour"),
        ({"since": "1h", "against": "replay-none"}, "there is no replay replay-none"),
        ({"since": "1h", "against": "../feed"}, "there is no replay"),
        ({"since": "1h", "labels": {"a": {}}}, "a label says verdict, service or deployment"),
        ("nonsense", "JSON"),
        ([1], ""),
    ],
)
def test_what_cannot_be_understood_is_a_problem_that_says_so(client: httpx.Client, body: Any, said: str) -> None:
    answer = (
        client.post("/v1/replays", content=body) if isinstance(body, str) else client.post("/v1/replays", json=body)
    )
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert said in answer.json()["detail"]


@pytest.mark.parametrize("replay_id", ["replay-none", "feed", "replay-1:alert", "%2e%2e"])
@pytest.mark.parametrize(
    ("method", "verb"), [("GET", ""), ("POST", "/pause"), ("POST", "/resume"), ("POST", "/cancel")]
)
def test_an_unknown_replay_is_a_404(client: httpx.Client, method: str, replay_id: str, verb: str) -> None:
    answer = client.request(method, f"/v1/replays/{replay_id}{verb}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_what_is_over_cannot_be_resumed(client: httpx.Client, alert_ids: list[str]) -> None:
    replay_id = client.post("/v1/replays", json={"ids": alert_ids}).json()["replay_id"]
    client.post(f"/v1/replays/{replay_id}/cancel")
    answer = client.post(f"/v1/replays/{replay_id}/resume")
    assert (answer.status_code, answer.json()["detail"]) == (409, f"the replay {replay_id} is cancelled already")


def test_without_credentials_nothing_is_begun_or_seen(client: httpx.Client) -> None:
    for method, path in (("POST", "/v1/replays"), ("GET", "/v1/replays"), ("GET", "/replays")):
        assert client.request(method, path, auth=(USER, "wrong")).status_code == 401
