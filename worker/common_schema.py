"""A log line's fields by the names of the Elastic Common Schema, so that Kibana knows them without a pipeline.

https://www.elastic.co/docs/reference/ecs/ecs-field-reference
"""

from __future__ import annotations

import os
import sys
import traceback
from typing import Any

from structlog.types import EventDict, Processor

VERSION = "8.17.0"
NAMESPACE = "spiketrace"
NAMES = {
    "timestamp": "@timestamp",
    "level": "log.level",
    "event": "message",
    "logger": "log.logger",
    "action": "event.action",
    "reason": "error.message",
    "error_type": "error.type",
    "path": "url.path",
    # The schema's own field for what it has no name for: https://www.elastic.co/docs/reference/ecs/ecs-base#field-labels
    "labels": "labels",
}
# Who reads a line as it is sees these first.
FIRST = ("@timestamp", "log.level", "message")


def service_name(process: str) -> str:
    """The same in logs and in traces, which is what joins the two."""
    return f"{NAMESPACE}-{process}"


def tell_errors(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Instead of an exception, its type, its text and where it was raised."""
    error = _error_of(event.pop("exc_info", None))
    if error is None:
        return event
    event["error.type"] = type(error).__name__
    event.setdefault("reason", str(error))
    event["error.stack_trace"] = "".join(traceback.format_exception(error)).rstrip()
    return event


def _error_of(told: Any) -> BaseException | None:
    """From what a logging call was given: an exception, what `sys.exc_info` gives, or True for the present one."""
    if isinstance(told, BaseException):
        return told
    present: BaseException | None = told[1] if isinstance(told, tuple) else sys.exc_info()[1]
    return present if told else None


def common_schema(process: str) -> Processor:
    """The last step before a line is written. What the schema has no name for is ours, and says so."""
    about = {"ecs.version": VERSION, "service.name": service_name(process)}

    def rename(_logger: Any, _method: str, event: EventDict) -> EventDict:
        named = {_name(name): value for name, value in event.items() if value is not None}
        first = {name: named.pop(name) for name in FIRST if name in named}
        return first | named | about | {"process.pid": os.getpid()}

    return rename


def _name(name: str) -> str:
    """A dotted name is one of the schema already."""
    return NAMES.get(name) or (name if "." in name else f"{NAMESPACE}.{name}")
