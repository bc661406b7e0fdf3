"""The processes of `spiketrace up`: what each needs, when they are ready, and the file that says so."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import structlog

from cli.settle import reachable
from cli.supervisor import Program, Supervisor
from tasks.app import SpikeTraceApp, create_app
from tasks.ping import worker_answers
from worker.elastic import connect_elasticsearch
from worker.errors import EvidenceUnavailable, SpikeTraceError
from worker.settings import Settings, process_environment
from worker.store.templates import install_templates

ENGINES = ("broker", "search")
PROCESSES = ("webhook", "worker", "beat")
# The webhook first, so that nothing new comes in; the worker may finish what it has begun, then the engines go.
STOP_ORDER = ("story", "webhook", "beat", "worker", "vendors", *ENGINES)
READY_TIMEOUT_SECONDS = 60.0
PATIENCE_SECONDS = 5.0
WORKER_STOP_SECONDS = 30.0

log = structlog.get_logger(__name__)


class NotReady(SpikeTraceError):
    """A process did not come up."""


@dataclass
class Stack:
    """All processes of one `spiketrace up`, with their logs and the broker's data in `directory`.

    With `vendors_url`, the demo's stand-ins for the vendors are among them.
    """

    settings: Settings
    directory: Path
    embedded: bool
    ready_file: Path
    vendors_url: str | None = None
    supervisor: Supervisor = field(init=False)
    app: SpikeTraceApp = field(init=False)
    is_ready: bool = field(default=False, init=False)
    lacks_templates: bool = field(default=True, init=False)

    def __post_init__(self) -> None:
        self.app = create_app(self.settings)
        self.supervisor = Supervisor(on_restart=self._on_restart)

    @property
    def url(self) -> str:
        return f"http://{reachable(self.settings.webhook_host)}:{self.settings.webhook_port}"

    def start(self) -> bool:
        """True when everything answers; False when told to stop meanwhile. Raises NotReady."""
        if self.embedded:
            self._start_engines()
        if self.vendors_url:
            ports = [url.rsplit(":", 1)[1] for url in (self.vendors_url, self.settings.smtp_url or ":0")]
            options = ["--port", ports[0], "--mail-port", ports[1]]
            self._launch("vendors", [sys.executable, "-m", "demo.standins", *options])
        # Before the first document: what is written without a template is mapped by guessing.
        self.is_ready = self._wait_for("search", self._has_templates) and self._start_processes()
        self._write_ready_file()
        return self.is_ready

    def tell_story(self, *, log_file: Path | None) -> None:
        """Play the demo's story on what is up; without a log file, on our own output."""
        command = [
            sys.executable,
            "-m",
            "demo",
            "--ready-file",
            str(self.ready_file),
            "--vendors-url",
            str(self.vendors_url),
        ]
        environment = process_environment(self.settings)
        self.supervisor.start(Program("story", command, environment, log_file, stop_seconds=2.0, runs_once=True))

    def _start_engines(self) -> None:
        # The engines are an optional extra, which a deployment does without.
        from demo import engines  # noqa: PLC0415

        broker_port = urlsplit(self.settings.redis_url).port or 0
        search_port = urlsplit(self.settings.elasticsearch_url).port or 0
        self._launch("broker", engines.broker_command(port=broker_port, directory=self.directory / "broker"))
        self._launch("search", engines.search_command(port=search_port))
        self._wait_for("broker", lambda: engines.broker_answers(self.settings.redis_url))
        self._wait_for("search", lambda: engines.search_answers(self.settings.elasticsearch_url))

    def _start_processes(self) -> bool:
        for name in PROCESSES:
            seconds = WORKER_STOP_SECONDS if name == "worker" else 10.0
            self._launch(name, [sys.executable, "-m", "cli.main", name, "--json"], stop_seconds=seconds)
        return self._wait_for("webhook", self._webhook_answers) and self._wait_for("worker", self._worker_answers)

    def _launch(self, name: str, command: list[str], *, stop_seconds: float = 10.0) -> None:
        environment = process_environment(self.settings)
        self.supervisor.start(Program(name, command, environment, self.directory / f"{name}.log", stop_seconds))

    def _wait_for(self, name: str, answers: Callable[[], bool]) -> bool:
        try:
            return self.supervisor.wait_until(answers, timeout_seconds=READY_TIMEOUT_SECONDS)
        except TimeoutError as error:
            raise NotReady(f"{name} is not ready: {error}; its log is {self.directory}/{name}.log") from error

    def _has_templates(self) -> bool:
        try:
            with connect_elasticsearch(self.settings) as client:
                install_templates(client.options(request_timeout=PATIENCE_SECONDS, max_retries=0))
        except EvidenceUnavailable as error:
            log.warning(
                "the index templates are not installed yet", action="templates-not-installed", reason=error.reason
            )
            return False
        self.lacks_templates = False
        return True

    def _webhook_answers(self) -> bool:
        try:
            return all(httpx.get(f"{self.url}/{path}", timeout=2).is_success for path in ("healthz", "readyz"))
        except httpx.HTTPError:
            return False

    def _worker_answers(self) -> bool:
        return worker_answers(self.app, self.supervisor.children["worker"].pid)

    def tick(self) -> None:
        """One look at all processes. To be called until `supervisor.stopping`."""
        self.supervisor.tick()
        if self.lacks_templates:
            self._has_templates()

    def _on_restart(self, name: str) -> None:
        if name == "search":
            self.lacks_templates = True
            log.error(
                "the embedded search engine died, and with it all it held: telemetry, reports and incidents are gone",
                advice="it is for trying out; set SPIKETRACE_ELASTICSEARCH_URL for anything worth keeping",
            )
        self._write_ready_file()

    def ready_document(self) -> dict[str, Any]:
        pids = {name: [child.pid] for name, child in self.supervisor.children.items()}
        password = self.settings.webhook_password
        return {
            "url": self.url,
            "elasticsearch_url": self.settings.elasticsearch_url,
            "redis_url": self.settings.redis_url,
            "user": self.settings.webhook_user,
            "password": password.get_secret_value() if password else None,
            "pids": {name: pids.get(name, []) for name in PROCESSES},
            "engine_pids": {name: pids[name] for name in ENGINES if name in pids},
        }

    def _write_ready_file(self) -> None:
        if self.is_ready:
            write_in_one_step(self.ready_file, json.dumps(self.ready_document(), indent=2) + "\n")

    def stop(self) -> None:
        self.supervisor.stop(list(STOP_ORDER))
        self.ready_file.unlink(missing_ok=True)


def write_in_one_step(path: Path, text: str) -> None:
    """A reader sees the old file or the new one, never a part. Readable by its owner only: it holds a password."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
