"""A whole deployment as real processes on one machine, whose parts can be made to fail."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from random import Random
from typing import Any

import httpx
from pydantic import SecretStr

from cli.settle import free_address
from tasks.app import SpikeTraceApp, create_app
from tasks.ping import worker_answers
from tests.e2e import telemetry
from tests.e2e.conftest import kibana_body, wait_until
from tests.engines import servers
from tests.engines.servers import Broker
from tests.faults.proxy import ListeningServer, Proxy, proxied
from tests.webhook.conftest import PASSWORD, USER, webhook_settings
from worker.domain.incident import Incident, IncidentStatus
from worker.domain.window import iso
from worker.elastic import connect_elasticsearch
from worker.settings import Settings, process_environment
from worker.store.inbox import RedisInbox
from worker.store.incidents import ElasticIncidentStore
from worker.store.templates import install_templates

PROCESSES = ("webhook", "worker", "beat")
START_SECONDS = 60
Body = dict[str, Any]


@dataclass
class Vendor:
    """Takes messages as Slack's webhook does. While `holds` is set, it takes them and does not answer."""

    url: str = ""
    messages: list[bytes] = field(default_factory=list)
    free: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.free.set()


@contextmanager
def selling() -> Iterator[Vendor]:
    vendor = Vendor()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            vendor.messages.append(self.rfile.read(int(self.headers["content-length"])))
            vendor.free.wait(START_SECONDS)
            self.send_response(200)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, format: str, *args: Any) -> None: ...  # noqa: A002 - the name is the standard library's

    server = ListeningServer(Handler)
    vendor.url = f"{server.url}/slack"
    with server.listening():
        yield vendor
        vendor.free.set()


@dataclass
class Deployment:
    """`engine_url` is the engine itself, past the proxy. `accepted` are the ids that were answered with 202, ever."""

    settings: Settings
    folder: Path
    engine_url: str
    proxy: Proxy
    broker: Broker
    vendor: Vendor
    app: SpikeTraceApp
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    accepted: set[str] = field(default_factory=set)
    bodies: list[Body] = field(default_factory=list)
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        address = f"http://127.0.0.1:{self.settings.webhook_port}"
        self.client = httpx.Client(base_url=address, auth=(USER, PASSWORD), timeout=15)

    def launch(self, name: str, *, clock_ahead_seconds: float = 0.0) -> None:
        program = ["tests.faults.other_clock", str(clock_ahead_seconds)] if clock_ahead_seconds else ["cli.main"]
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", *program, name, "--json"],
                env=process_environment(self.settings),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_for(self, name: str) -> None:
        answers = {"webhook": self._webhook_answers, "worker": self._worker_answers}.get(name, lambda: True)
        wait_until(answers, seconds=START_SECONDS, what=f"{name}; {self.folder}/{name}.log")

    def wait_for_all(self) -> None:
        self.wait_supervised(
            lambda: self._webhook_answers() and self._worker_answers(),
            seconds=START_SECONDS,
            what=f"webhook and worker; {self.folder}",
        )

    def wait_supervised(self, condition: Callable[[], object], *, seconds: float, what: str) -> None:
        """With a supervisor beside them: what was started while something else failed may have ended over it."""

        def met() -> object:
            self.start_what_has_ended()
            return condition()

        wait_until(met, seconds=seconds, what=what)

    def kill(self, name: str) -> None:
        """As `kill -9` of all of its processes."""
        process = self.processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def start_what_has_ended(self) -> None:
        """As whoever supervises processes does."""
        for name in [name for name, process in self.processes.items() if process.poll() is not None]:
            self.launch(name)

    def _webhook_answers(self) -> bool:
        try:
            return self.client.get("/healthz").is_success
        except httpx.TransportError:
            return False

    def _worker_answers(self) -> bool:
        return worker_answers(self.app, self.processes["worker"].pid)

    def post(self, *bodies: Body) -> None:
        """What is answered with 202 is accepted; what is refused or not answered Kibana would send again."""
        for body in bodies:
            try:
                answer = self.client.post("/v1/alerts/kibana", json=body)
            except httpx.TransportError:
                continue
            if answer.status_code == 202:
                self.accepted.add(answer.json()["alert_id"])
            self.bodies.append(body)

    def post_new(self, count: int) -> None:
        self.post(*(kibana_body(str(uuid.uuid4())) for _ in range(count)))

    def is_taken_in(self) -> bool:
        """Nothing waits in the inbox alone, so the broker's data may go."""
        return RedisInbox(self.settings.broker_url).depth() == 0

    def search(self, index: str, **body: Any) -> list[dict[str, Any]]:
        """Past the proxy."""
        servers.HTTP.post(f"{self.engine_url}/{index}/_refresh", params={"ignore_unavailable": "true"})
        address = f"{self.engine_url}/{index}/_search"
        answer = servers.HTTP.post(address, params={"ignore_unavailable": "true"}, json={"size": 1000, **body})
        return list(answer.raise_for_status().json()["hits"]["hits"])

    def close_incidents(self) -> None:
        with connect_elasticsearch(Settings(elasticsearch_url=self.engine_url)) as client:
            incidents = ElasticIncidentStore(client)
            for incident in incidents.open_ones():
                incidents.update(incident.incident_id, _closed)

    def stop(self) -> None:
        self.vendor.free.set()
        for name in list(self.processes):
            self.kill(name)
        self.client.close()


def _closed(incident: Incident) -> Incident:
    return incident.model_copy(update={"status": IncidentStatus.CLOSED})


def recovered(body: Body, draw: Random) -> Body:
    """The recovery of the same alert; it may come before the alert does."""
    alert = {**body["alert"], "action_group": "recovered"}
    return {**body, "event_action": "recovered", "alert": alert, "date": iso(datetime.now(UTC)), "x": draw.random()}


@contextmanager
def deployed(folder: Path, version: str | None = None, **changes: Any) -> Iterator[Deployment]:
    """On the embedded engine, or on an Elasticsearch of that version; `redis_url` instead of a broker of its own."""
    with ExitStack() as stack:
        engine = stack.enter_context(servers.real_engine(version) if version else servers.embedded_engine())
        proxy, vendor = stack.enter_context(proxied(engine.url)), stack.enter_context(selling())
        broker = Broker(folder / "broker")
        if "redis_url" not in changes:
            broker.start()
            stack.callback(broker.stop)
            changes["redis_url"] = broker.url
        settings = webhook_settings(
            elasticsearch_url=proxy.url,
            elasticsearch_timeout_seconds=3.0,
            webhook_port=int(free_address().rsplit(":", 1)[1]),
            slack_webhook_url=SecretStr(vendor.url),
            worker_concurrency=1,
            task_time_limit_seconds=20,
            visibility_timeout_seconds=25,
            sweep_interval_seconds=1.0,
            max_attempts=8,
            missed_alerts=False,
            index_intake=False,
            **changes,
        )
        with connect_elasticsearch(settings) as client:
            install_templates(client)
        telemetry.load(engine.url)
        deployment = Deployment(settings, folder, engine.url, proxy, broker, vendor, create_app(settings))
        stack.callback(deployment.stop)
        for name in PROCESSES:
            deployment.launch(name)
        for name in PROCESSES:
            deployment.wait_for(name)
        yield deployment
