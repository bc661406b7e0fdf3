"""The audit trail of the command line: a line to stderr, which a job's log or a terminal's recording keeps."""

from __future__ import annotations

import getpass
import json
import os
from datetime import UTC, datetime
from typing import Any

import click

from worker.audit import Outcome, entry
from worker.domain.window import iso


def record(action: str, *, on: str | None, outcome: Outcome = "success", **about: Any) -> None:
    found = entry(action, by=_operator(), on=on, outcome=outcome, **about)
    click.echo(json.dumps({"@timestamp": iso(datetime.now(UTC)), **found}, ensure_ascii=False), err=True)


def _operator() -> str:
    """Who runs the command; in a container there may be a number only."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):
        return f"cli:uid {os.getuid()}"
