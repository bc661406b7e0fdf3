"""The audit trail: one structured line for each thing that somebody did, or wanted and was refused.

The fields are those of the Elastic Common Schema (https://www.elastic.co/docs/reference/ecs/ecs-event); whatever ships
the processes' logs puts lines with this `event.dataset` into a data stream with the retention that the house asks for.
"""

from __future__ import annotations

from typing import Any, Literal

import structlog

from worker.domain.redaction.redact import redact

DATASET = "spiketrace.audit"
LONGEST = 300

Outcome = Literal["success", "failure"]

# By a name of its own, so that it is written whatever SPIKETRACE_LOG_LEVEL says.
log = structlog.get_logger(DATASET)


def record(action: str, *, by: str, on: str | None, outcome: Outcome = "success", **about: Any) -> None:
    """Write it into the log of this process."""
    log.info("audit", **entry(action, by=by, on=on, outcome=outcome, **about))


def entry(action: str, *, by: str, on: str | None, outcome: Outcome = "success", **about: Any) -> dict[str, Any]:
    """Who did what to which document. `about` are further facts; texts that people wrote are redacted and cut."""
    labels = {name: _told(value) for name, value in {"on": on, **about}.items() if value is not None}
    return {
        "event.kind": "event",
        "event.dataset": DATASET,
        "event.action": action,
        "event.outcome": outcome,
        "user.name": _told(by),
        "labels": labels,
    }


def _told(value: Any) -> Any:
    return redact(value)[:LONGEST] if isinstance(value, str) else value
