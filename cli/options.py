"""Options that several commands share."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import click

from worker.domain.window import parse_time

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs instead of text for people.")
json_logs = click.option("--json", "json_lines", is_flag=True, help="Log JSON lines even on a terminal.")


class Time(click.ParamType[datetime]):
    """An ISO 8601 time as aware UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            return parse_time(value)
        except ValueError:
            self.fail(f"{value!r} is not an ISO 8601 time such as 2026-02-26T09:30:00Z", param, ctx)


def print_json(document: Any) -> None:
    click.echo(json.dumps(document, ensure_ascii=False))
