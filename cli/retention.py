"""`spiketrace retention`: old alerts, reports, incidents and dead letters."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click

from cli.audit import record
from cli.options import as_json, print_json
from worker.domain.window import iso
from worker.elastic import connect_elasticsearch
from worker.settings import load_settings
from worker.store.retention import delete_older


@click.group(short_help="Delete what is older than SPIKETRACE_RETENTION_DAYS.")
def retention() -> None:
    """Alerts, reports, incidents and dead letters that nobody needs any more."""


@retention.command()
@as_json
def apply(as_json: bool) -> None:
    """Delete what was written more than SPIKETRACE_RETENTION_DAYS (90) ago.

    Open incidents stay, and so does everything in the indices that are only read. `spiketrace beat` has a worker
    do the same every hour.

    \b
    Examples:
      spiketrace retention apply
      SPIKETRACE_RETENTION_DAYS=30 spiketrace retention apply --json
    """
    settings = load_settings()
    before = datetime.now(UTC) - timedelta(days=settings.retention_days)
    with connect_elasticsearch(settings) as client:
        deleted = delete_older(client, before=before)
    record("retention-apply", on=None, before=iso(before), deleted=sum(deleted.values()))
    if as_json:
        print_json({"before": iso(before), "deleted": deleted})
        return
    click.echo(f"Deleted what was written before {before:%Y-%m-%d %H:%M} UTC:")
    for index, count in deleted.items():
        click.echo(f"  {index:28} {count}")
