"""A small shop's telemetry for tests: quiet by construction, with one thing wrong where a test says so."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import cos, pi
from typing import Any

from worker.domain.window import iso

Document = dict[str, Any]

SERVICES = ("frontend", "checkout", "payments", "ledger", "search", "catalog")
REGIONS = ("us-central1", "europe-west1")
STEP = timedelta(minutes=1)
LINES_A_MINUTE = 4


@dataclass
class Moment:
    """What one service in one region does in one minute; a fault changes it before it is written."""

    at: datetime
    service: str
    region: str
    traffic: float
    error_share: float = 0.004
    error_type: str = "ValidationError"
    error_message: str = "field 'zip' is not valid"
    retry_share: float = 0.0
    latency_ms: float = 80.0
    work: float = 1.0
    deployment_id: str = "deploy-1"
    new_deployment_id: str | None = None
    is_silent: bool = False


Fault = Callable[[Moment], None]


@dataclass
class Shop:
    """`hours` of telemetry up to `end`; `faults` are applied to every moment in turn."""

    end: datetime
    hours: float = 30
    faults: list[Fault] = field(default_factory=list)
    deployments: list[Document] = field(default_factory=list)
    incidents: list[Document] = field(default_factory=list)
    seed: int = 7
    services: tuple[str, ...] = SERVICES
    regions: tuple[str, ...] = REGIONS

    def actions(self) -> Iterator[tuple[str, Document]]:
        """(index, document), in no order."""
        rng = random.Random(self.seed)
        for moment in self._moments(rng):
            for fault in self.faults:
                fault(moment)
            if moment.is_silent:
                continue
            yield "spiketrace-carbon-metrics-test", _metrics(moment, rng)
            for line in _lines(moment, rng):
                yield "spiketrace-logs-test", line
        yield from (("spiketrace-deployments-test", one) for one in self.deployments)
        yield from (("spiketrace-incidents", one) for one in self.incidents)

    def _moments(self, rng: random.Random) -> Iterator[Moment]:
        count = int(timedelta(hours=self.hours) / STEP)
        for service in self.services:
            for region in self.regions:
                base = 400 + 150 * (hash_of(service) % 5)
                for number in range(count):
                    at = self.end - (count - number) * STEP + timedelta(seconds=20)
                    daily = 1 - 0.35 * cos(2 * pi * (at.hour + at.minute / 60 - 3) / 24)
                    yield Moment(at, service, region, base * daily * rng.gauss(1, 0.03))


def hash_of(name: str) -> int:
    return sum(ord(letter) for letter in name)


def _metrics(moment: Moment, rng: random.Random) -> Document:
    grams = (1.5 + 0.004 * moment.traffic) * moment.work * rng.gauss(1, 0.02)
    return {
        "@timestamp": iso(moment.at),
        "service": moment.service,
        "region": moment.region,
        "cloud": {"provider": "gcp"},
        "cpu_pct": min(100.0, (12 + 0.03 * moment.traffic) * moment.work * rng.gauss(1, 0.03)),
        "memory_pct": 55 + rng.gauss(0, 1),
        "requests_per_min": moment.traffic,
        "estimated_co2_grams": grams,
        "emissions_kg_co2e": grams / 1000,
        "deployment_id": moment.new_deployment_id or moment.deployment_id,
    }


def _lines(moment: Moment, rng: random.Random) -> Iterator[Document]:
    lines = LINES_A_MINUTE * (3 if moment.error_share > 0.05 else 1)
    for _ in range(lines):
        is_new = moment.new_deployment_id is not None and rng.random() < 0.5
        is_error = rng.random() < (moment.error_share if not moment.new_deployment_id or is_new else 0.004)
        yield {
            "@timestamp": iso(moment.at + timedelta(seconds=rng.uniform(0, 39))),
            "service": moment.service,
            "region": moment.region,
            "level": "ERROR" if is_error else "INFO",
            "message": moment.error_message if is_error else f"request {rng.randrange(10**6)} served",
            "error_type": moment.error_type if is_error else None,
            "deployment_id": moment.new_deployment_id if is_new else moment.deployment_id,
            "retry": rng.random() < moment.retry_share,
            "latency_ms": moment.latency_ms * rng.lognormvariate(0, 0.3),
        }


def during(
    start: datetime, change: Fault, service: str, region: str | None = None, end: datetime | None = None
) -> Fault:
    """A fault of one service (in one region) from `start` on."""

    def fault(moment: Moment) -> None:
        if moment.service != service or region not in (None, moment.region):
            return
        if start <= moment.at and (end is None or moment.at < end):
            change(moment)

    return fault
