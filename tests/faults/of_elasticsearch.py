"""What can fail of Elasticsearch, seen from a proxy before it, each for as long as its block lasts."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random

from tests.e2e import telemetry
from tests.e2e.conftest import wait_until
from tests.engines.servers import HTTP
from tests.faults.deployment import Deployment
from tests.faults.proxy import BLOCKED, REJECTED, Answer, Cut, Request, Rule, refusing, slow

Ask = Callable[[], Answer]
# So many requests have to meet a fault of Elasticsearch before it is over.
LEAST_STRIKES = 3
# A worker that asks an engine for everything a second long takes most of a minute for what waits.
FAULT_SECONDS = 120


@contextmanager
def _striking(deployment: Deployment, rule: Rule) -> Iterator[None]:
    before = deployment.proxy.struck
    with deployment.proxy.by(rule):
        yield
        struck = before + LEAST_STRIKES
        deadline = time.monotonic() + FAULT_SECONDS
        while deployment.proxy.struck < struck:
            assert time.monotonic() < deadline, "too few requests met the fault"
            # Where a worker cannot ask for anything, the webhook does for what comes.
            deployment.post_new(1)
            time.sleep(1)


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
def elasticsearch_disk_is_full(deployment: Deployment, draw: Random) -> Iterator[None]:
    """Its own answer to that: a block that lets read and delete.

    https://www.elastic.co/docs/troubleshoot/elasticsearch/fix-watermark-errors
    """

    def notice(_: Request, ask: Ask) -> Answer:
        answer = ask()
        if b"flood-stage" in answer.body:
            deployment.proxy.strike()
        return answer

    # What is not there yet would not be blocked.
    wait_until(lambda: deployment.search("spiketrace-alerts"), seconds=FAULT_SECONDS, what="an index of alerts")
    address = f"{deployment.engine_url}/spiketrace-*/_settings"
    HTTP.put(address, json={"index.blocks.read_only_allow_delete": True}).raise_for_status()
    with _striking(deployment, notice):
        yield
    HTTP.put(address, json={"index.blocks.read_only_allow_delete": None}).raise_for_status()


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
        # Who would search may have ended over another fault.
        deployment.wait_supervised(lambda: deployment.proxy.struck > before, seconds=FAULT_SECONDS, what="a search")


@contextmanager
def telemetry_is_deleted(deployment: Deployment, draw: Random) -> Iterator[None]:
    HTTP.delete(f"{deployment.engine_url}/spiketrace-logs-0001,spiketrace-deployments-0001").raise_for_status()
    yield
    HTTP.delete(f"{deployment.engine_url}/spiketrace-carbon-metrics-0001").raise_for_status()
    telemetry.load(deployment.engine_url)
