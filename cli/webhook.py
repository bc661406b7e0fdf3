"""`spiketrace webhook`: the HTTP edge as a process."""

from __future__ import annotations

import json
from secrets import token_urlsafe
from typing import Any

import click
from pydantic import SecretStr

from cli.options import json_logs
from cli.startup import prepare_broker, prepare_indices, prepare_process
from webhook.app import create_app, serve
from webhook.openapi import document_of
from worker.settings import Settings


def described_routes() -> dict[str, Any]:
    """Of an application that is never started: it connects to nothing and nobody is let in."""
    return document_of(create_app(Settings(webhook_token=SecretStr(token_urlsafe()))))


@click.command(short_help="Take Kibana's alerts by HTTP and show the reports.")
@click.option("--openapi", is_flag=True, help="Print the OpenAPI document of the routes for programs, and end.")
@json_logs
def webhook(openapi: bool, json_lines: bool) -> None:
    """Take Kibana's alerts by HTTP and show the reports.

    Listens on SPIKETRACE_WEBHOOK_HOST and _PORT (127.0.0.1:8080). Refuses to start without credentials:
    set SPIKETRACE_WEBHOOK_USER and _PASSWORD, or _TOKEN, or SPIKETRACE_WEBHOOK_CREDENTIALS_FILE with names, roles
    and secrets (docs/security.md). Files are read again when they change. SIGTERM answers what is in hand first.

    \b
    Example:
      export SPIKETRACE_WEBHOOK_USER=kibana SPIKETRACE_WEBHOOK_PASSWORD_FILE=/run/secrets/webhook
      spiketrace webhook
      spiketrace webhook --openapi > spiketrace.json   # needs no settings; served as /openapi.json to readers
    """
    if openapi:
        click.echo(json.dumps(described_routes(), indent=2))
        return
    settings = prepare_process("webhook", json_lines=json_lines)
    prepare_broker(settings)
    prepare_indices(settings)
    serve(settings)
