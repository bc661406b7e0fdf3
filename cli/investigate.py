"""`spiketrace investigate`: one investigation now, printed and not stored."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from cli.options import Time, as_json, print_json
from worker.ad_hoc import ad_hoc_alert
from worker.assembly import open_investigator
from worker.bootstrap import connect
from worker.errors import InvalidAlert
from worker.settings import load_settings

ASKED = "Asked for on the command line"


@click.command(short_help="Investigate one service at one time, and print it.")
@click.option("--service", required=True, help="The service to look at, as the telemetry calls it.")
@click.option("--region", help="Only there; all regions otherwise.")
@click.option("--at", "at", type=Time(), required=True, help="The moment to look back from, such as 2026-02-26T09:30Z.")
@as_json
def investigate(service: str, region: str | None, at: datetime, as_json: bool) -> None:
    """Investigate as if an alert had fired for SERVICE at that moment, and print the report.

    Reads the telemetry that SPIKETRACE_ELASTICSEARCH_URL holds. Stores nothing, sends nothing, needs no broker.

    \b
    Examples:
      spiketrace investigate --service checkout --at 2026-02-26T09:30:00Z
      spiketrace investigate --service checkout --region us-central1 --at 2026-02-26T09:30Z --json | jq .verdict
    """
    if at > datetime.now(UTC):
        raise InvalidAlert("--at lies in the future: there is no telemetry of it yet")
    settings = load_settings()
    alert = ad_hoc_alert(service, region, at, asked=ASKED)
    with connect(settings).client as client:
        report = open_investigator(settings, client)(alert, alert.alert_id)
    if as_json:
        print_json(report.model_dump(mode="json", by_alias=True))
    else:
        click.echo(report.markdown)
