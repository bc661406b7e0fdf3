"""What can fail, each for as long as its block lasts, in which alerts go on coming. `draw` stands for chance."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from random import Random

import redis

from tests.e2e import telemetry
from tests.e2e.conftest import kibana_body, wait_until
from tests.engines.servers import HTTP
from tests.faults.deployment import Deployment, recovered
from tests.faults.proxy import BLOCKED, REJECTED, Answer, Cut, Request, Rule, refusing, slow

Fault = Callable[[Deployment, Random], AbstractContextManager[None]]
Ask = Callable[[], Answer]
# So many requests have to meet a fault of Elasticsearch before it is over.
LEAST_STRIKES = 3
FAULT_SECONDS = 45


@contextmanager
def _striking(deployment: Deployment, rule: Rule) -> Iterator[None]:
    before = deployment.proxy.struck
    with deployment.proxy.by(rule):
        yield
        struck = before + LEAST_STRIKES
        wait_until(lambda: deployment.proxy.struck >= struck, seconds=FAULT_SECONDS, what="requests that met the fault")


@contextmanager
def elasticsearch_is_away(deployment: Deployment, draw: Random) -> Iterator[None]:
    def cut(_: Request, ask: Ask) -> Answer:
        deployment.proxy.strike()
        raise Cut

    with _striking(deployment, cut):
        yield


@contextmanager
def elasticsearch_loses_answers(deployment: Deployment, draw: Random) -> Iterator[None]:
    """It does what it is asked, and nobody hears of it."""

    def lose(_: Request, ask: Ask) -> Answer:
        answer = ask()
        if draw.random() < 0.4:
            deployment.proxy.strike()
            raise Cut
        return answer

    with _striking(deployment, lose):
        yield


@contextmanager
def elasticsearch_rejects(deployment: Deployment, draw: Random) -> Iterator[None]:
    def reject(_: Request, ask: Ask) -> Answer:
        if draw.random() < 0.3:
            return ask()
        deployment.proxy.strike()
        return refusing(429, REJECTED)

    with _striking(deployment, reject):
        yield


@contextmanager
def elasticsearch_is_read_only(deployment: Deployment, draw: Random) -> Iterator[None]:
    def block(request: Request, ask: Ask) -> Answer:
        if not request.writes:
            return ask()
        deployment.proxy.strike()
        return refusing(403, BLOCKED)

    with _striking(deployment, block):
        yield


@contextmanager
def elasticsearch_is_slow(deployment: Deployment, draw: Random) -> Iterator[None]:
    wait = slow(1.0)

    def delay(request: Request, ask: Ask) -> Answer:
        deployment.proxy.strike()
        return wait(request, ask)

    with _striking(deployment, delay):
        yield


@contextmanager
def a_shard_is_missing(deployment: Deployment, draw: Random) -> Iterator[None]:
    """Of telemetry: the answers are there, and not whole."""

    def fail_a_shard(request: Request, ask: Ask) -> Answer:
        answer = ask()
        if "_msearch" not in request.path:
            return answer
        deployment.proxy.strike()
        body = json.loads(answer.body)
        for response in body["responses"]:
            response.get("_shards", {}).update(total=2, failed=1)
        return answer._replace(body=json.dumps(body).encode())

    before = deployment.proxy.struck
    with deployment.proxy.by(fail_a_shard):
        yield
        wait_until(lambda: deployment.proxy.struck > before, seconds=FAULT_SECONDS, what="a search")


@contextmanager
def telemetry_is_deleted(deployment: Deployment, draw: Random) -> Iterator[None]:
    HTTP.delete(f"{deployment.engine_url}/spiketrace-logs-0001,spiketrace-deployments-0001").raise_for_status()
    yield
    HTTP.delete(f"{deployment.engine_url}/spiketrace-carbon-metrics-0001").raise_for_status()
    telemetry.load(deployment.engine_url)


@contextmanager
def broker_is_killed(deployment: Deployment, draw: Random) -> Iterator[None]:
    deployment.broker.kill()
    yield
    deployment.broker.restart()


@contextmanager
def broker_comes_back_empty(deployment: Deployment, draw: Random) -> Iterator[None]:
    """An alert that only the broker has is lost with its disk, as docs/architecture.md says: so none is there."""
    wait_until(deployment.is_taken_in, seconds=FAULT_SECONDS, what="an empty inbox")
    deployment.broker.kill()
    deployment.broker.lose_data()
    yield
    deployment.broker.restart()


@contextmanager
def broker_is_full(deployment: Deployment, draw: Random) -> Iterator[None]:
    with redis.Redis.from_url(deployment.settings.redis_url) as client:
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", "1")
        yield
        client.config_set("maxmemory", "0")
    # Celery ends a worker whose broker takes nothing more.
    deployment.start_what_has_ended()


@contextmanager
def broker_hangs(deployment: Deployment, draw: Random) -> Iterator[None]:
    with deployment.broker.hanging():
        yield


@contextmanager
def _killed(deployment: Deployment, name: str) -> Iterator[None]:
    deployment.kill(name)
    yield
    deployment.launch(name)
    deployment.wait_for(name)


@contextmanager
def worker_is_killed(deployment: Deployment, draw: Random) -> Iterator[None]:
    with _killed(deployment, "worker"):
        yield


@contextmanager
def beat_is_killed(deployment: Deployment, draw: Random) -> Iterator[None]:
    with _killed(deployment, "beat"):
        yield


@contextmanager
def webhook_is_killed(deployment: Deployment, draw: Random) -> Iterator[None]:
    """Between two alerts, and back at once: nothing is accepted while there is none."""
    deployment.kill("webhook")
    deployment.launch("webhook")
    deployment.wait_for("webhook")
    yield


@contextmanager
def worker_is_killed_in_a_delivery(deployment: Deployment, draw: Random) -> Iterator[None]:
    """The message is with the vendor, whose answer nobody is there to hear."""
    # The next alert is then of a new incident, so that there is something to tell.
    deployment.close_incidents()
    deployment.vendor.free.clear()
    told = len(deployment.vendor.messages)
    deployment.post_new(1)
    yield
    wait_until(lambda: len(deployment.vendor.messages) > told, seconds=FAULT_SECONDS, what="a message")
    deployment.kill("worker")
    deployment.vendor.free.set()
    deployment.launch("worker")
    deployment.wait_for("worker")


@contextmanager
def alerts_come_twice_and_in_any_order(deployment: Deployment, draw: Random) -> Iterator[None]:
    yield
    fresh = [kibana_body(str(uuid.uuid4())) for _ in range(2)]
    told = [*fresh, *fresh, *fresh, *(recovered(body, draw) for body in fresh)]
    told += draw.sample(deployment.bodies, min(4, len(deployment.bodies)))
    draw.shuffle(told)
    deployment.post(*told)


@contextmanager
def alerts_are_poison(deployment: Deployment, draw: Random) -> Iterator[None]:
    """Dates at both ends of time, which no window fits; a group of nobody; conditions as long as the webhook takes."""
    for changes in (
        {"date": "0001-01-01T00:00:00.000Z"},
        {"date": "9999-12-31T23:59:59.999Z"},
        {"context": {**kibana_body("x")["context"], "group": "\u202e" * 200, "conditions": "9" * 100_000}},
        {"context": {**kibana_body("x")["context"], "value": "1e999", "date": "not a date"}},
    ):
        deployment.post({**kibana_body(str(uuid.uuid4())), **changes})
    yield


FAULTS: tuple[Fault, ...] = (
    elasticsearch_is_away,
    elasticsearch_loses_answers,
    elasticsearch_rejects,
    elasticsearch_is_read_only,
    elasticsearch_is_slow,
    a_shard_is_missing,
    telemetry_is_deleted,
    broker_is_killed,
    broker_comes_back_empty,
    broker_is_full,
    broker_hangs,
    worker_is_killed,
    beat_is_killed,
    webhook_is_killed,
    worker_is_killed_in_a_delivery,
    alerts_come_twice_and_in_any_order,
    alerts_are_poison,
)
