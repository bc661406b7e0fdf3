"""How long the shipped rules take over a month, and how much memory: `python -m benchmarks.backtest --days 30`.

Writes made-up telemetry of the demo shop's size (12 services, 3 regions, one sample a minute) to the Elasticsearch of
the settings, into indices of its own, and deletes them afterwards.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import click
import numpy as np
from elasticsearch import Elasticsearch
from elasticsearch.helpers import parallel_bulk

from demo.services import SERVICES
from kibana.backtest import Described, Question, assess, read_rule
from kibana.filters import obstacle
from kibana.rules import load_rules
from worker.domain.window import iso
from worker.elastic import connect_elasticsearch
from worker.settings import load_settings

METRICS = "spiketrace-carbon-metrics-benchmark"
LOGS = "spiketrace-logs-benchmark"
LINES_A_MINUTE = 8
KEYWORDS = ("service", "region", "level", "error_type")
PROPERTIES: dict[str, Any] = {
    "@timestamp": {"type": "date"},
    **{name: {"type": "keyword"} for name in KEYWORDS},
    **{name: {"type": "double"} for name in ("estimated_co2_grams", "emissions_kg_co2e", "latency_ms")},
}


def telemetry(until: datetime, days: int) -> Iterator[dict[str, Any]]:
    rng = np.random.default_rng(7)
    scopes = [(service.name, region.name) for service in SERVICES.values() for region in service.regions]
    for minute in range(days * 24 * 60):
        at = until - timedelta(days=days) + timedelta(minutes=minute, milliseconds=417)
        level = 1 + 0.3 * np.sin(2 * np.pi * minute / 1440)
        for (service, region), noise in zip(scopes, rng.normal(1, 0.1, len(scopes)), strict=True):
            grams = float(2.4 * level * noise)
            names = {"@timestamp": iso(at), "service": service, "region": region}
            carbon = {"estimated_co2_grams": grams, "emissions_kg_co2e": grams / 1000}
            yield {"_index": METRICS, "_source": {**names, **carbon}}
        for place in rng.integers(0, len(scopes), LINES_A_MINUTE):
            service, region = scopes[place]
            is_error = bool(rng.random() < 0.02)
            names = {"@timestamp": iso(at), "service": service, "region": region}
            line = {"level": "ERROR" if is_error else "INFO", "latency_ms": float(rng.gamma(2, 90))}
            yield {"_index": LOGS, "_source": {**names, **line}}


def fill(client: Elasticsearch, until: datetime, days: int) -> int:
    for index in (METRICS, LOGS):
        client.options(ignore_status=404).indices.delete(index=index)
        client.indices.create(index=index, mappings={"properties": PROPERTIES})
    written = sum(1 for _ in parallel_bulk(client, telemetry(until, days), chunk_size=5_000, thread_count=2))
    client.indices.refresh(index=f"{METRICS},{LOGS}")
    return written


def measure(client: Elasticsearch, until: datetime, days: int) -> None:
    question = Question(since=until - timedelta(days=days), until=until, meaning={"service": "service"})
    total = 0.0
    for rule in [rule for rule in load_rules() if not obstacle(rule)]:
        began = time.perf_counter()
        runs, values = read_rule(client, rule, question, lambda _: None)
        read = time.perf_counter() - began
        found = assess(rule, values, runs, question, Described())
        seconds = time.perf_counter() - began
        total += seconds
        click.echo(
            f"{rule.id}: {seconds:.1f} s, of them {read:.1f} s reading; "
            f"{runs.count:,} runs, {found.count:,} alerts, {len(found.sweep)} thresholds"
        )
    click.echo(f"all rules: {total:.1f} s; most memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")


@click.command()
@click.option("--days", default=30, show_default=True)
def main(days: int) -> None:
    """Measure on the Elasticsearch of the settings, and print."""
    until = datetime.now(UTC).replace(second=0, microsecond=0)
    with connect_elasticsearch(load_settings()) as client:
        began = time.perf_counter()
        written = fill(client, until, days)
        click.echo(f"{written:,} documents of {days} days written in {time.perf_counter() - began:.0f} s")
        try:
            measure(client, until, days)
        finally:
            client.indices.delete(index=f"{METRICS},{LOGS}")


if __name__ == "__main__":
    main()
