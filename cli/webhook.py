"""`spiketrace webhook`: the HTTP edge as a process."""

from __future__ import annotations

import click

from cli.options import json_logs
from cli.startup import prepare_indices, prepare_process
from webhook.app import serve


@click.command(short_help="Take Kibana's alerts by HTTP and show the reports.")
@json_logs
def webhook(json_lines: bool) -> None:
    """Take Kibana's alerts by HTTP and show the reports.

    Listens on SPIKETRACE_WEBHOOK_HOST and _PORT (127.0.0.1:8080). Refuses to start without credentials:
    set SPIKETRACE_WEBHOOK_USER and _PASSWORD, or _TOKEN, or SPIKETRACE_WEBHOOK_CREDENTIALS_FILE with names, roles
    and secrets (docs/security.md). Files are read again when they change. SIGTERM answers what is in hand first.

    \b
    Example:
      export SPIKETRACE_WEBHOOK_USER=kibana SPIKETRACE_WEBHOOK_PASSWORD_FILE=/run/secrets/webhook
      spiketrace webhook
    """
    settings = prepare_process("webhook", json_lines=json_lines)
    prepare_indices(settings)
    serve(settings)
