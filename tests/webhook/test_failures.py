"""What the webhook answers when the broker, the engine or both die, hang or forget."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest
import redis
from starlette.types import Receive, Scope, Send

from tests.engines.servers import Broker, Engine
from tests.standins.queue import Queued
from tests.webhook.bodies import active, encoded, recovered
from tests.webhook.conftest import PASSWORD, USER, Serving, serving, webhook_settings
from tests.webhook.test_app import POST, eventually
from webhook.app import create_app
from worker.bootstrap import Stores, connect
from worker.domain.alert import AlertState
from worker.settings import process_environment
from worker.store import inbox as inbox_module
from worker.store.alert_documents import INDEX
from worker.store.templates import install_templates

ANSWER_SECONDS = 5.0


@pytest.fixture
def stores(embedded_engine: Engine, broker: Broker) -> Stores:
    connected = connect(webhook_settings(elasticsearch_url=embedded_engine.url, redis_url=broker.url))
    install_templates(connected.client)
    return connected


@pytest.fixture
def queue() -> Queued:
    return Queued()


@contextmanager
def _webhook(elasticsearch_url: str, broker: Broker, queue: Queued | None = None) -> Iterator[httpx.Client]:
    settings = webhook_settings(elasticsearch_url=elasticsearch_url, redis_url=broker.url)
    with serving(create_app(settings, queue=queue or Queued())) as client:
        yield client


@pytest.fixture
def client(embedded_engine: Engine, stores: Stores, broker: Broker, queue: Queued) -> Iterator[httpx.Client]:
    with _webhook(embedded_engine.url, broker, queue) as connected:
        yield connected


@pytest.fixture
def nowhere() -> str:
    """An address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as closed_soon:
        return f"http://127.0.0.1:{closed_soon.getsockname()[1]}"


@pytest.fixture
def black_hole() -> Iterator[str]:
    """An address that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as silent:
        yield f"http://127.0.0.1:{silent.getsockname()[1]}"


def _post(client: httpx.Client, body: bytes) -> httpx.Response:
    """The answer, which has to come in time whatever it is."""
    started = time.monotonic()
    answer = client.post(POST, content=body)
    assert time.monotonic() - started < ANSWER_SECONDS
    return answer


def _post_many(client: httpx.Client, count: int) -> list[httpx.Response]:
    """Different alerts, arriving spread over more than a second."""

    def post(number: int) -> httpx.Response:
        time.sleep(number * 1.5 / count)
        return _post(client, encoded(active(f"life-{number}")))

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(post, range(count)))


def _assert_told_to_come_again(answer: httpx.Response) -> None:
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) > 0


def test_without_the_broker_alerts_go_to_elasticsearch_by_the_same_rules(
    client: httpx.Client, broker: Broker, stores: Stores
) -> None:
    broker.kill()
    answers = [_post(client, encoded(body)) for body in (active(), active(), recovered(), active())]
    assert [answer.status_code for answer in answers] == [202] * 4
    assert [answer.json()["status"] for answer in answers] == ["accepted", "duplicate", "recovered", "duplicate"]
    (alert_id,) = {answer.json()["alert_id"] for answer in answers}
    record = stores.alerts.get(alert_id)
    assert record
    assert (record.state, record.recovered_at is not None) == (AlertState.QUEUED, True)
    assert client.get(f"/v1/alerts/{alert_id}").json()["state"] == "queued"


def test_copies_before_during_and_after_an_outage_are_one_alert(
    client: httpx.Client, broker: Broker, stores: Stores, queue: Queued
) -> None:
    first = _post(client, encoded(active())).json()
    eventually(lambda: queue.alert_ids)
    broker.kill()
    broker.lose_data()
    assert _post(client, encoded(active())).json() == {**first, "status": "duplicate"}
    broker.restart()

    def the_broker_is_used_again() -> bool:
        assert _post(client, encoded(active())).json()["alert_id"] == first["alert_id"]
        with redis.Redis.from_url(broker.url) as raw:
            return bool(raw.keys("spiketrace:life:*"))

    eventually(the_broker_is_used_again)
    eventually(lambda: stores.inbox.depth() == 0)
    stores.client.indices.refresh()
    assert stores.client.count(index=INDEX)["count"] == 1
    assert set(queue.alert_ids) == {first["alert_id"]}


def test_without_both_the_sender_is_told_to_come_again(broker: Broker, nowhere: str) -> None:
    with _webhook(nowhere, broker) as client:
        broker.kill()
        for answer in _post_many(client, 10):
            _assert_told_to_come_again(answer)
        assert client.post(POST, content=b"no json").status_code == 400


def test_a_broker_that_hangs_delays_nobody_beyond_five_seconds(
    client: httpx.Client, broker: Broker, stores: Stores
) -> None:
    with broker.hanging():
        answers = _post_many(client, 12)
        assert {answer.status_code for answer in answers} == {202}
        assert len(stores.alerts.get_many([answer.json()["alert_id"] for answer in answers])) == 12


def test_when_both_hang_the_answer_still_comes_in_time(broker: Broker, black_hole: str) -> None:
    with _webhook(black_hole, broker) as client, broker.hanging():
        for answer in _post_many(client, 12):
            _assert_told_to_come_again(answer)


def test_an_alert_outlives_the_broker_that_took_it(
    broker: Broker,
    stores: Stores,
    nowhere: str,
    embedded_engine: Engine,
    queue: Queued,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The engine is away, so the broker alone has it when it is killed."""
    with _webhook(nowhere, broker) as client:
        answer = _post(client, encoded(active()))
        broker.kill()
        assert (answer.status_code, answer.json()["status"]) == (202, "accepted")
        broker.restart()
        alert_id = answer.json()["alert_id"]
        assert client.get(f"/v1/alerts/{alert_id}").json()["state"] == "queued"
        assert _post(client, encoded(active())).json() == {"alert_id": alert_id, "status": "duplicate"}
        _assert_told_to_come_again(client.get("/v1/alerts/unknown"))
    monkeypatch.setattr(inbox_module, "ABANDONED_AFTER_SECONDS", 1)
    with _webhook(embedded_engine.url, broker, queue):
        # What the first webhook took and could not write is free again after a while.
        eventually(lambda: queue.alert_ids == [alert_id])
    assert stores.alerts.get(alert_id)


def test_a_broker_without_an_append_only_file_is_not_enough(
    client: httpx.Client, broker: Broker, stores: Stores, nowhere: str
) -> None:
    with redis.Redis.from_url(broker.url) as raw:
        raw.config_set("appendonly", "no")
    answer = _post(client, encoded(active("life-1")))
    assert (answer.status_code, answer.json()["status"]) == (202, "accepted")
    assert stores.alerts.get(answer.json()["alert_id"])
    with _webhook(nowhere, broker) as without_engine:
        _assert_told_to_come_again(_post(without_engine, encoded(active("life-2"))))


def test_a_retry_after_503_is_taken_though_the_broker_has_seen_it(
    broker: Broker, stores: Stores, nowhere: str, embedded_engine: Engine
) -> None:
    with redis.Redis.from_url(broker.url) as raw:
        raw.config_set("appendonly", "no")
    with _webhook(nowhere, broker) as client:
        _assert_told_to_come_again(_post(client, encoded(active())))
    with _webhook(embedded_engine.url, broker) as client:
        answer = _post(client, encoded(active()))
        assert answer.status_code == 202
        assert stores.alerts.get(answer.json()["alert_id"])


def test_readiness_names_what_is_missing(client: httpx.Client, broker: Broker, nowhere: str) -> None:
    broker.kill()
    eventually(lambda: client.get("/readyz").json()["missing"] == ["broker"])
    degraded = client.get("/readyz")
    assert (degraded.status_code, degraded.json()["status"]) == (200, "degraded")
    with _webhook(nowhere, broker) as without_both:
        answer = without_both.get("/readyz")
        assert (answer.status_code, answer.json()["missing"]) == (503, ["broker", "elasticsearch"])
        assert without_both.get("/healthz").status_code == 200
    broker.restart()
    eventually(lambda: client.get("/readyz").json()["status"] == "ready")


def test_a_webhook_that_is_told_to_stop_answers_what_it_has_begun(
    broker: Broker, stores: Stores, embedded_engine: Engine
) -> None:
    settings = webhook_settings(elasticsearch_url=embedded_engine.url, redis_url=broker.url)
    app = create_app(settings, queue=Queued())
    has_begun = threading.Event()

    async def noticing(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            has_begun.set()
        await app(scope, receive, send)

    running = Serving(noticing)
    url = running.start()
    with broker.hanging(), ThreadPoolExecutor(1) as pool, httpx.Client(base_url=url, auth=(USER, PASSWORD)) as client:
        answer = pool.submit(_post, client, encoded(active()))
        assert has_begun.wait(5)
        running.tell_to_stop()
        assert answer.result().status_code == 202
        running.wait()
        assert stores.alerts.get(answer.result().json()["alert_id"])


def test_the_process_ends_when_it_is_told_to(broker: Broker, stores: Stores, embedded_engine: Engine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed_soon:
        port = closed_soon.getsockname()[1]
    settings = webhook_settings(elasticsearch_url=embedded_engine.url, redis_url=broker.url, webhook_port=port)
    script = "from webhook.app import serve; from worker.settings import load_settings; serve(load_settings())"
    process = subprocess.Popen([sys.executable, "-c", script], env=process_environment(settings))
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", auth=(USER, PASSWORD), timeout=10) as client:
        eventually(lambda: _is_ready(client), seconds=30)
        assert _post(client, encoded(active())).status_code == 202
    process.terminate()
    assert process.wait(20) in {0, -signal.SIGTERM}


def _is_ready(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").is_success
    except httpx.TransportError:
        return False
