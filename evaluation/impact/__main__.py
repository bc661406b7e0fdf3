"""python -m evaluation.impact: random incidents of known waste through the whole investigation."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from time import perf_counter

import click
from elasticsearch import Elasticsearch, helpers
from osmem_server import OsmemServer
from rich.console import Console
from rich.table import Table

from evaluation.impact.coverage import Figure, Job, Outcome, investigate, jobs, outcome_of, run, summarise
from evaluation.impact.simulator import scenario, simulate
from worker.elastic import connect_elasticsearch
from worker.settings import Settings
from worker.store.templates import install_templates
from worker.telemetry.profiles import load_profile
from worker.telemetry.search import ElasticTelemetry

COLUMNS = {
    "kind": "kind",
    "incidents": "number",
    "covers_truth": "covers the truth",
    "median_relative_error": "median error",
    "holds_zero": "holds zero",
    "without_figure": "no figure",
}


@click.command()
@click.option("--incidents", default=1000, show_default=True, help="Incidents that waste something.")
@click.option("--harmless", default=200, show_default=True, help="Of each harmless kind: surge, peak, quiet.")
@click.option("--processes", default=os.cpu_count() or 1, show_default=True, help="Without an engine only.")
@click.option(
    "--elasticsearch-url",
    help="An empty engine (`spiketrace up --embedded`): every incident is written there and read back. All "
    "spiketrace-*-simulated indices there are deleted.",
)
@click.option("--embedded", is_flag=True, help="The same through an embedded engine that is started for it.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(
    incidents: int, harmless: int, processes: int, elasticsearch_url: str | None, *, embedded: bool, as_json: bool
) -> None:
    """Measure the interval of the excess CO₂ on simulated incidents whose truth is known.

    Each has a week of demand with a rhythm, a trend, noise, gaps, and an incident in its last minutes; the report's
    excess is compared with the waste in exactly the report's window. The same seeds give the same numbers.
    """
    started, wanted = perf_counter(), jobs(incidents, harmless)
    if embedded:
        outcomes = _through_embedded(wanted)
    else:
        outcomes = _through_engine(wanted, elasticsearch_url) if elasticsearch_url else run(wanted, processes)
    rows = summarise(outcomes)
    about = f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {perf_counter() - started:.0f} s"
    if as_json:
        click.echo(json.dumps({"about": about, "rows": rows}))
    else:
        _print(rows, about)


def _print(rows: list[dict[str, Figure | str]], about: str) -> None:
    table = Table(title="Excess CO₂, nominal 90 % intervals", caption=about)
    for title in COLUMNS.values():
        table.add_column(title, justify="left" if title == "kind" else "right")
    for row in rows:
        table.add_row(*(_cell(name, row[name]) for name in COLUMNS))
    Console(width=100).print(table)


def _cell(name: str, value: Figure | str) -> str:
    if value is None:
        return ""
    return (
        f"{100 * float(value):.1f} %" if name in ("covers_truth", "median_relative_error", "holds_zero") else str(value)
    )


def _through_embedded(wanted: list[Job]) -> list[Outcome]:
    with OsmemServer.start(japanese=False) as server:
        outcomes = _through_engine(wanted, server.url.rstrip("/"))
    if server.process.stdout:
        server.process.stdout.close()
    return outcomes


def _through_engine(wanted: list[Job], url: str) -> list[Outcome]:
    with connect_elasticsearch(Settings(elasticsearch_url=url)) as client:
        install_templates(client)
        return [_one_through_engine(job, client) for job in wanted]


def _one_through_engine(job: Job, client: Elasticsearch) -> Outcome:
    client.options(ignore_status=404).indices.delete(index="spiketrace-*-simulated", allow_no_indices=True)
    simulation = simulate(scenario(*job))
    actions = ({"_index": index, "_source": document} for index, document in simulation.documents())
    helpers.bulk(client, actions, chunk_size=5000, refresh=True)
    report = investigate(simulation, ElasticTelemetry(client, load_profile("spiketrace")))
    return outcome_of(simulation, report)


if __name__ == "__main__":
    main()
