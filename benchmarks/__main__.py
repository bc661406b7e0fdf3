"""How fast on this machine: alerts that the webhook takes, investigations, and a storm of alerts of one cause.

Everything runs on the embedded engines and shares the processors with the sender, so figures of one machine
are to be compared with each other and with nothing else.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import click
import httpx

from benchmarks.storm import measure_storm
from demo.processes import running
from demo.shop import documents, load, open_shop
from worker.ad_hoc import ad_hoc_alert
from worker.assembly import open_investigator
from worker.domain.window import iso
from worker.elastic import connect_elasticsearch
from worker.incidents import why_no_incident
from worker.settings import Settings

RUN_ID = f"{time.time_ns():x}"


def distinct_alerts(count: int) -> Iterator[bytes]:
    """Bodies as the shipped connector renders them, each of an alert of its own."""
    for number in range(count):
        body = {
            "rule": {"id": "benchmark", "name": "Benchmark", "type": ".index-threshold", "space_id": "default"},
            "alert": {"id": "checkout", "uuid": f"{RUN_ID}-{number}", "action_group": "threshold met"},
            "context": {"group": "checkout", "value": "12.4"},
            "date": iso(datetime.now(UTC)),
        }
        yield json.dumps(body).encode()


async def post_all(ready: dict[str, Any], count: int, connections: int) -> list[float]:
    """Posts that many distinct alerts, each connection one after the other; the seconds of each answer."""
    bodies, seconds = distinct_alerts(count), []
    limits = httpx.Limits(max_connections=connections)
    auth, headers = (ready["user"], ready["password"]), {"content-type": "application/json"}
    async with httpx.AsyncClient(
        base_url=ready["url"], auth=auth, headers=headers, limits=limits, timeout=30
    ) as client:

        async def post_in_turn() -> None:
            for body in bodies:
                began = time.perf_counter()
                (await client.post("/v1/alerts/kibana", content=body)).raise_for_status()
                seconds.append(time.perf_counter() - began)

        await asyncio.gather(*(post_in_turn() for _ in range(connections)))
    return seconds


def measure_acceptance(ready: dict[str, Any], count: int, connections: int) -> None:
    began = time.perf_counter()
    seconds = asyncio.run(post_all(ready, count, connections))
    rate = count / (time.perf_counter() - began)
    p99_ms = 1000 * quantiles(seconds, n=100)[98]
    click.echo(
        f"webhook: {rate:,.0f} distinct alerts/s accepted over {connections} connections; "
        f"answer p50 {1000 * median(seconds):.1f} ms, p99 {p99_ms:.1f} ms"
    )


def measure_investigation(elasticsearch_url: str, *, storm: int, workers: int) -> None:
    shop = open_shop(datetime.now(UTC))
    began = time.perf_counter()
    count = load(elasticsearch_url, documents(shop))
    click.echo(f"engine: {count / (time.perf_counter() - began):,.0f} documents/s of the demo shop made and indexed")
    settings = Settings(elasticsearch_url=elasticsearch_url)
    with connect_elasticsearch(settings) as client:
        investigate = open_investigator(settings, client)
        seconds, reports = [], []
        for thing in shop.hidden:
            alert = ad_hoc_alert(thing.service or "checkout", thing.region, thing.end, asked="Made up to be measured")
            began = time.perf_counter()
            reports.append(investigate(alert, alert.alert_id))
            seconds.append(time.perf_counter() - began)
        severe = next(report for report in reports if why_no_incident(report) is None)
        measure_storm(client, severe, count=storm, workers=workers)
    click.echo(
        f"investigation: median {median(seconds):.2f} s, slowest {max(seconds):.2f} s "
        f"of {len(seconds)}, over {count:,} documents"
    )


@click.command()
@click.option("--alerts", default=5_000, show_default=True, help="How many distinct alerts are posted.")
@click.option("--connections", default=16, show_default=True)
@click.option("--storm", default=1_000, show_default=True, help="How many alerts of one cause are recorded.")
@click.option("--workers", default=4, show_default=True, help="By how many workers at once.")
def main(alerts: int, connections: int, storm: int, workers: int) -> None:
    """Measure on the embedded engines, and print."""
    arguments = ["up", "--embedded", "--port", "0"]
    with tempfile.TemporaryDirectory() as folder:
        with running("cli.main", arguments, {}, Path(folder)) as ready:
            measure_investigation(ready["elasticsearch_url"], storm=storm, workers=workers)
        # A stack of its own: the worker would investigate what is posted while investigations are measured.
        with running("cli.main", arguments, {}, Path(folder)) as ready:
            measure_acceptance(ready, alerts, connections)


if __name__ == "__main__":
    main()
