"""`spiketrace up`: everything in one place."""

from __future__ import annotations

import json
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import click

from cli.options import as_json, print_json
from cli.settle import free_address, settle_settings, with_vendors
from cli.stack import Stack, write_in_one_step
from worker.domain.window import iso
from worker.errors import ConfigurationError
from worker.logs import configure_logging
from worker.settings import Settings, load_settings


@click.command(short_help="Run everything in one place.")
@click.option("--embedded", is_flag=True, help="Bring a search engine (in memory) and a broker along.")
@click.option("--demo", is_flag=True, help="With --embedded: a shop's telemetry, with incidents that raise alerts.")
@click.option("--port", type=click.IntRange(0, 65535), help="The webhook's port; 0 takes a free one.")
@click.option(
    "--ready-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Written when everything answers, and again whenever a process was replaced: addresses, credentials, pids.",
)
@as_json
def up(embedded: bool, demo: bool, port: int | None, ready_file: Path | None, as_json: bool) -> None:
    """Run webhook, worker and beat, and start again whichever dies.

    Without --embedded it uses the Elasticsearch and the Redis that SPIKETRACE_ELASTICSEARCH_URL and
    SPIKETRACE_REDIS_URL name. With it, it brings both along: nothing to install, nothing kept after the end.
    Credentials for the webhook come from SPIKETRACE_WEBHOOK_USER and _PASSWORD, or are made up for this run.

    \b
    Examples:
      spiketrace up --embedded
      spiketrace up --embedded --demo
      spiketrace up --embedded --port 0 --ready-file ready.json
    """
    if demo and not embedded:
        raise ConfigurationError("--demo writes telemetry of its own and works with --embedded only")
    if embedded:
        # Known only where it is asked for: a deployment does without.
        from demo.extra import require_embedded  # noqa: PLC0415

        require_embedded("--embedded")
    own = load_settings()
    configure_logging(own.log_level, process="up", json_lines=as_json or None)
    settings, vendors_url = settle_settings(own, port=port, embedded=embedded), None
    if demo:
        vendors_url = free_address()
        settings = with_vendors(settings, vendors_url, free_address().replace("http://", "smtp://"))
    directory = Path(tempfile.mkdtemp(prefix="spiketrace-"))
    ready_file = ready_file or directory / "ready.json"
    ready_file.unlink(missing_ok=True)
    _run(Stack(settings, directory, embedded, ready_file, vendors_url), as_json=as_json)
    # Kept when an error ends it: the logs say why.
    shutil.rmtree(directory, ignore_errors=True)


def _run(stack: Stack, *, as_json: bool) -> None:
    stack.supervisor.listen_for_signals()
    try:
        if stack.start():
            print_json(stack.ready_document()) if as_json else _greet(stack)
            if stack.vendors_url:
                stack.tell_story(log_file=stack.directory / "story.log" if as_json else None)
        while not stack.supervisor.stopping:
            stack.tick()
    finally:
        stack.stop()


def _greet(stack: Stack) -> None:
    request = _write_first_request(stack.directory, stack.url, stack.settings)
    vendors = f"  Jira, Slack, …   {stack.vendors_url}/ (stand-ins)\n" if stack.vendors_url else ""
    story = (
        "The shop's telemetry is written next; its first alert comes within minutes.\n\n" if stack.vendors_url else ""
    )
    click.echo(f"""
SpikeTrace is up.

  Reports          {stack.url}/
  Alerts go to     {stack.url}/v1/alerts/kibana
  Elasticsearch    {stack.settings.elasticsearch_url}
{vendors}  Credentials      user {stack.settings.webhook_user}; the password is in {request}
  Logs             {stack.directory}/*.log

A first alert:

  curl --config {request}

{story}Ctrl-C stops everything.
""")


def _write_first_request(directory: Path, url: str, settings: Settings) -> Path:
    """A file for curl, so that the password is on no command line."""
    body, request = directory / "first-alert.json", directory / "first-alert.curl"
    write_in_one_step(body, json.dumps(_first_alert(datetime.now(UTC)), indent=2))
    assert settings.webhook_password is not None
    options = {
        "url": f"{url}/v1/alerts/kibana",
        "user": f"{settings.webhook_user}:{settings.webhook_password.get_secret_value()}",
        "header": "Content-Type: application/json",
        "data": f"@{body}",
    }
    write_in_one_step(request, "".join(f"{name} = {json.dumps(value)}\n" for name, value in options.items()))
    return request


def _first_alert(now: datetime) -> dict[str, Any]:
    """What the shipped connector would send for a service called checkout."""
    return {
        "schema_version": "1",
        "event_action": "threshold met",
        "rule": {
            "id": "first-rule",
            "name": "Carbon spike by service",
            "type": ".index-threshold",
            "space_id": "default",
            "url": "",
            "tags": ["spiketrace"],
            "params": {"groupBy": "top", "termField": "service", "aggField": "estimated_co2_grams"},
        },
        "alert": {
            "id": "checkout",
            "uuid": str(uuid4()),
            "action_group": "threshold met",
            "flapping": "false",
            "consecutive_matches": "1",
        },
        "context": {
            "title": "Carbon spike by service: checkout",
            "message": "",
            "value": "12.4",
            "group": "checkout",
            "conditions": "avg(estimated_co2_grams) is greater than 10",
            "date": iso(now),
            "link": "",
        },
        "date": iso(now),
    }
