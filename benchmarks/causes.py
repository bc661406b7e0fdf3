"""Telemetry of many services, each of which got a bad version of its own a while ago: so many causes at once."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from worker.domain.window import iso

REGION = "us-central1"
LENGTH = timedelta(hours=12)
# Some that nothing happened to, as there are everywhere.
HEALTHY = 5
METRICS, LOGS, DEPLOYMENTS = (f"spiketrace-{kind}-storm" for kind in ("carbon-metrics", "logs", "deployments"))

Action = dict[str, Any]


def culprits(count: int) -> list[str]:
    return [f"service-{number:03d}" for number in range(count)]


def telemetry(count: int, until: datetime) -> Iterator[Action]:
    """Bulk actions of `count` culprits and a few healthy services up to `until`."""
    noise = random.Random(count)
    for number, service in enumerate([*culprits(count), *(f"healthy-{number}" for number in range(HEALTHY))]):
        # A minute or so apart, so that their moments do not tell them apart and their names do.
        deployed = until - timedelta(minutes=20 + number % 15) if number < count else None
        if deployed:
            yield _action(
                DEPLOYMENTS, deployed, service, deployment_id=f"deploy-{service}-2", version="2.0.0", status="success"
            )
        for minute in range(int(LENGTH.total_seconds() // 60)):
            at = until - LENGTH + timedelta(minutes=minute)
            yield from _minute(
                at, service, is_bad=deployed is not None and at >= deployed + timedelta(minutes=2), noise=noise
            )


def _minute(at: datetime, service: str, *, is_bad: bool, noise: random.Random) -> Iterator[Action]:
    version = {"deployment_id": f"deploy-{service}-{2 if is_bad else 1}"}
    if at.minute % 2 == 0:
        grams = round(20 * (4 if is_bad else 1) * noise.gauss(1, 0.04), 3)
        yield _action(
            METRICS,
            at,
            service,
            **version,
            **{"cloud.provider": "gcp", "cpu_pct": round((88 if is_bad else 40) * noise.gauss(1, 0.03), 2)},
            memory_pct=round(55 * noise.gauss(1, 0.02), 2),
            requests_per_min=round(600 * noise.gauss(1, 0.03)),
            estimated_co2_grams=grams,
            emissions_kg_co2e=grams / 1000,
        )
    for second in range(0, 60, 6 if is_bad else 30):
        failed = is_bad and noise.random() < 0.5
        yield _action(
            LOGS,
            at + timedelta(seconds=second),
            service,
            **version,
            level="ERROR" if failed else "INFO",
            message=f"cannot reserve stock of {service}: pool exhausted" if failed else "request served",
            error_type="PoolExhausted" if failed else None,
            retry=False,
            latency_ms=round((2000 if failed else 80) * noise.gauss(1, 0.1)),
        )


def _action(index: str, at: datetime, service: str, **fields: Any) -> Action:
    return {"_index": index, "_source": {"@timestamp": iso(at), "service": service, "region": REGION, **fields}}
