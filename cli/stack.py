"""The processes of `spiketrace up`: what each needs, when they are ready, and the file that says so."""

from __future__ import annotations

import json
import os
import secrets
import socket
import sys
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import structlog

from cli.supervisor import Program, Supervisor
from tasks.app import SpikeTraceApp, create_app
from tasks.ping import worker_answers
from worker.elastic import connect_elasticsearch
from worker.errors import ConfigurationError, EvidenceUnavailable
from worker.settings import Settings, process_environment
from worker.store.templates import install_templates

ENGINES = ("broker", "search")
PROCESSES = ("webhook", "worker", "beat")
# The webhook first, so that nothing new comes in; the worker may finish what it has begun, then the engines go.
STOP_ORDER = ("webhook", "beat", "worker", "broker", "search")
READY_TIMEOUT_SECONDS = 60.0
WORKER_STOP_SECONDS = 30.0
GENERATED_USER = "spiketrace"

log = structlog.get_logger(__name__)


def settle_settings(settings: Settings, *, port: int | None, embedded: bool) -> Settings:
    """The settings all processes share: with a port, credentials and, if embedded, engines of our own.

    Raises ConfigurationError when the webhook's port is taken.
    """
    chosen_port = _webhook_port(settings.webhook_host, settings.webhook_port if port is None else port)
    changes: dict[str, Any] = {"webhook_port": chosen_port, **_credentials(settings)}
    if "public_url" not in settings.model_fields_set:
        changes["public_url"] = f"http://{_reachable(settings.webhook_host)}:{chosen_port}"
    if embedded:
        changes |= _embedded_engines()
    return Settings(**{**dict(settings), **changes})


def _webhook_port(host: str, port: int) -> int:
    try:
        with closing(socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            return int(probe.getsockname()[1])
    except OSError as error:
        raise ConfigurationError(f"{host}:{port} cannot be listened on ({error.strerror}): choose --port") from error


def _credentials(settings: Settings) -> dict[str, Any]:
    if settings.webhook_user and settings.webhook_password:
        return {}
    return {"webhook_user": GENERATED_USER, "webhook_password": secrets.token_urlsafe(24)}


def _embedded_engines() -> dict[str, Any]:
    return {
        "elasticsearch_url": f"http://127.0.0.1:{_webhook_port('127.0.0.1', 0)}",
        "elasticsearch_api_key": None,
        "elasticsearch_user": None,
        "elasticsearch_password": None,
        "elasticsearch_ca_file": None,
        "redis_url": f"redis://127.0.0.1:{_webhook_port('127.0.0.1', 0)}/0",
    }


def _reachable(host: str) -> str:
    return "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104


@dataclass
class Stack:
    """All processes of one `spiketrace up`, with their logs and the broker's data in `directory`."""

    settings: Settings
    directory: Path
    embedded: bool
    ready_file: Path | None = None
    supervisor: Supervisor = field(init=False)
    app: SpikeTraceApp = field(init=False)
    is_ready: bool = field(default=False, init=False)
    lacks_templates: bool = field(default=True, init=False)

    def __post_init__(self) -> None:
        self.app = create_app(self.settings)
        self.supervisor = Supervisor(on_restart=self._on_restart)

    @property
    def url(self) -> str:
        return f"http://{_reachable(self.settings.webhook_host)}:{self.settings.webhook_port}"

    def start(self) -> bool:
        """True when everything answers; False when told to stop meanwhile. Raises TimeoutError."""
        if self.embedded:
            self._start_engines()
        ready = self._wait_for("the indices", self._has_templates)
        if ready:
            self._start_processes()
            ready = all(self._wait_for(name, getattr(self, f"_{name}_answers")) for name in ("webhook", "worker"))
        if ready:
            self.is_ready = True
            self._write_ready_file()
        return ready

    def _start_engines(self) -> None:
        # The engines come with the optional extra "embedded", which a deployment does without.
        from demo import engines  # noqa: PLC0415

        broker_port = int(self.settings.redis_url.rsplit(":", 1)[1].split("/")[0])
        search_port = int(self.settings.elasticsearch_url.rsplit(":", 1)[1])
        self._launch("broker", engines.broker_command(port=broker_port, directory=self.directory / "broker"))
        self._launch("search", engines.search_command(port=search_port))
        self._wait_for("the embedded broker", lambda: engines.broker_answers(self.settings.redis_url))
        self._wait_for("the embedded search", lambda: engines.search_answers(self.settings.elasticsearch_url))

    def _start_processes(self) -> None:
        for name in PROCESSES:
            seconds = WORKER_STOP_SECONDS if name == "worker" else 10.0
            self._launch(name, [sys.executable, "-m", "cli.main", name, "--json"], stop_seconds=seconds)

    def _launch(self, name: str, command: list[str], *, stop_seconds: float = 10.0) -> None:
        environment = process_environment(self.settings)
        self.supervisor.start(Program(name, command, environment, self.directory / f"{name}.log", stop_seconds))

    def _wait_for(self, what: str, answers: Any) -> bool:
        return self.supervisor.wait_until(answers, what=what, timeout_seconds=READY_TIMEOUT_SECONDS)

    def _has_templates(self) -> bool:
        try:
            with connect_elasticsearch(self.settings) as client:
                install_templates(client)
        except EvidenceUnavailable as error:
            log.warning("the index templates are not installed yet", reason=error.reason)
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
        if self.ready_file and self.is_ready:
            write_in_one_step(self.ready_file, json.dumps(self.ready_document(), indent=2) + "\n")

    def stop(self) -> None:
        self.supervisor.stop(list(STOP_ORDER))
        if self.ready_file:
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
