"""A thousand alerts of one cause, recorded by several workers at once, against plain writes of as many documents."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import click
from elasticsearch import Elasticsearch

from worker.domain.report import Report
from worker.incidents import record
from worker.store.incidents import ElasticIncidentStore

INDEX = "benchmark-plain-writes"


def storm_of(report: Report, count: int) -> list[Report]:
    """Copies of the report, each of an alert of its own, a second apart."""
    return [
        report.model_copy(
            update={
                "alert_id": f"{number:032x}",
                "report_id": f"r-{number:032x}",
                "timestamp": report.timestamp + timedelta(seconds=number),
            }
        )
        for number in range(count)
    ]


def measure_storm(client: Elasticsearch, report: Report, *, count: int, workers: int) -> None:
    reports, store = storm_of(report, count), ElasticIncidentStore(client)
    recorded = _rate(lambda one: record(one, store, datetime.now(UTC)), reports, workers)
    document = {"alert_id": report.alert_id, "headline": report.headline}
    plain = _rate(lambda one: client.index(index=INDEX, id=one.alert_id, document=document), reports, workers)
    client.indices.delete(index=INDEX)
    incident = store.of_alert(reports[-1].alert_id, surely=True)
    alerts = len(incident.alert_ids) if incident else 0
    click.echo(
        f"storm: {recorded:,.0f} alerts/s of one cause recorded by {workers} at once, {alerts:,} in one incident; "
        f"{recorded / plain:.3f} of the rate of plain writes ({plain:,.0f}/s)"
    )


def _rate(step: Callable[[Report], object], reports: Sequence[Report], workers: int) -> float:
    began = time.perf_counter()
    with ThreadPoolExecutor(workers) as pool:
        for _ in pool.map(step, reports):
            pass
    return len(reports) / (time.perf_counter() - began)
