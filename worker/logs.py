"""How every process logs: one line an event, to stderr, as JSON where no person is watching."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog
from structlog.types import EventDict, Processor

from worker import audit
from worker.domain.redaction.redact import redact

# These write a line for every request or task. httpx also writes the address, and a Slack webhook's is a secret.
TALKATIVE = (
    "celery.app.trace",
    "celery.beat",
    "celery.worker.strategy",
    "elastic_transport",
    "httpx",
    "httpcore",
    "kombu",
    "urllib3",
)


def configure_logging(level: str, *, process: str, json_lines: bool | None = None) -> None:
    """Set up structlog and the standard library's logging alike.

    `level` is a name such as "INFO"; `process` is written into every line. Without `json_lines`, a terminal
    gets lines for people and anything else gets JSON.
    """
    as_json = not sys.stderr.isatty() if json_lines is None else json_lines
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _name_process(process),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    _replace_root_handler(_formatter(shared, as_json), level)


def _name_process(process: str) -> Processor:
    def add(_logger: Any, _method: str, event: EventDict) -> EventDict:
        event["process"] = process
        return event

    return add


def _without_secrets(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """What went wrong is told in others' words; ordinary lines hold ids and counts of our own."""
    if event.get("level") in ("debug", "info"):
        return event
    return {name: redact(value) if isinstance(value, str) else value for name, value in event.items()}


def _formatter(shared: list[Processor], as_json: bool) -> logging.Formatter:
    ending: list[Processor] = [_without_secrets, structlog.dev.ConsoleRenderer()]
    if as_json:
        ending = [structlog.processors.format_exc_info, _without_secrets, structlog.processors.JSONRenderer()]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ending],
    )


def _replace_root_handler(formatter: logging.Formatter, level: str) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    logging.getLogger(audit.DATASET).setLevel(logging.INFO)
