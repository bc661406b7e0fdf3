"""How every process logs: one line an event, to stderr, as JSON where no person is watching."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Collection
from functools import reduce
from typing import Any

import structlog
from structlog.types import EventDict, Processor

from worker import audit
from worker.common_schema import common_schema, tell_errors
from worker.domain.redaction.redact import redact
from worker.tracing import trace_ids

HIDDEN = "[redacted setting]"
# A shorter one would be found in words that are none.
SHORTEST_SECRET = 4
# Of this process.
_hidden: list[str] = []
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


def configure_logging(
    level: str, *, process: str, json_lines: bool | None = None, secrets: Collection[str] = ()
) -> None:
    """Set up structlog and the standard library's logging alike.

    `level` is a name such as "INFO"; `process` says whose lines they are. Without `json_lines`, a terminal gets lines
    for people and anything else gets JSON in Elastic's common schema. `secrets` are in no line of any level.
    """
    as_json = not sys.stderr.isatty() if json_lines is None else json_lines
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        _name_trace,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    _hidden.clear()
    hide(secrets)
    _replace_root_handler(_formatter(shared, process, as_json=as_json), level)


def hide(secrets: Collection[str]) -> None:
    """Keep these out of every line from now on as well, such as a secret that was rotated in."""
    known = {*_hidden, *(secret for secret in secrets if len(secret) >= SHORTEST_SECRET)}
    # The longest first, or the rest of one that begins as another does would stay.
    _hidden[:] = sorted(known, key=len, reverse=True)


def _name_trace(_logger: Any, _method: str, event: EventDict) -> EventDict:
    event.update(trace_ids())
    return event


def _without_settings(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Whatever says it, of whatever level: these words are known."""
    told: EventDict = _in_texts(event, _without_hidden)
    return told


def _without_hidden(text: str) -> str:
    return reduce(lambda left, secret: left.replace(secret, HIDDEN), _hidden, text)


def _without_secrets(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """What went wrong is told in others' words; ordinary lines hold ids and counts of our own."""
    ordinary = event.get("level") in ("debug", "info")
    return event if ordinary else _in_texts(event, redact)


def _in_texts(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {key: _in_texts(inner, change) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_in_texts(inner, change) for inner in value]
    return value


def _formatter(shared: list[Processor], process: str, *, as_json: bool) -> logging.Formatter:
    # A traceback that is left to the console shows the values of all variables.
    plain = structlog.processors.format_exc_info
    ending: list[Processor] = [plain, _without_secrets, _without_settings, structlog.dev.ConsoleRenderer()]
    if as_json:
        naming = common_schema(process)
        ending = [
            tell_errors,
            _without_secrets,
            _without_settings,
            naming,
            structlog.processors.JSONRenderer(default=str),
        ]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
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
