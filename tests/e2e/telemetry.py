"""Twelve hours of three services. At 09:10 checkout gets a version whose requests time out and are repeated."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

END = datetime(2026, 2, 26, 9, 30, tzinfo=UTC)
START = END - timedelta(hours=12)
DEPLOYED = END - timedelta(minutes=20)
ONSET = DEPLOYED + timedelta(minutes=3)
REGION = "us-central1"
SERVICES = {"checkout": 20.0, "search": 35.0, "catalog": 12.0}
CULPRIT = "checkout"


def load(elasticsearch_url: str) -> None:
    lines: list[str] = []
    for index, document in _documents():
        lines += [json.dumps({"index": {"_index": index}}), json.dumps(document)]
    answer = httpx.post(
        f"{elasticsearch_url}/_bulk",
        params={"refresh": "true"},
        content="\n".join(lines) + "\n",
        headers={"content-type": "application/x-ndjson"},
        timeout=60,
    )
    assert not answer.raise_for_status().json()["errors"], answer.text[:500]


def _documents() -> Iterator[tuple[str, dict[str, Any]]]:
    noise = random.Random(4)
    for minute in range(12 * 60):
        at = START + timedelta(minutes=minute)
        for service, grams in SERVICES.items():
            is_bad = service == CULPRIT and at >= ONSET
            yield "spiketrace-carbon-metrics-0001", _metric(at, service, grams, is_bad, noise)
            for _ in range(8 if is_bad else 4):
                yield "spiketrace-logs-0001", _log(at, service, is_bad and noise.random() < 0.5, noise)
    yield "spiketrace-deployments-0001", _deployment(START + timedelta(hours=2), "search", "deploy-101", "1.4.0")
    yield "spiketrace-deployments-0001", _deployment(DEPLOYED, CULPRIT, "deploy-202", "2.3.0")


def _metric(at: datetime, service: str, grams: float, is_bad: bool, noise: random.Random) -> dict[str, Any]:
    emitted = round(grams * (4.0 if is_bad else 1.0) * noise.gauss(1, 0.04), 3)
    return {
        "@timestamp": at.isoformat(),
        "service": service,
        "region": REGION,
        "cloud.provider": "gcp",
        "cpu_pct": round((88 if is_bad else 40) * noise.gauss(1, 0.03), 2),
        "memory_pct": round(55 * noise.gauss(1, 0.02), 2),
        "requests_per_min": round(600 * (1.8 if is_bad else 1.0) * noise.gauss(1, 0.03)),
        "estimated_co2_grams": emitted,
        "emissions_kg_co2e": emitted / 1000,
        "deployment_id": _deployment_id(service, is_bad),
    }


def _log(at: datetime, service: str, failed: bool, noise: random.Random) -> dict[str, Any]:
    return {
        "@timestamp": (at + timedelta(seconds=noise.randrange(60))).isoformat(),
        "service": service,
        "region": REGION,
        "level": "ERROR" if failed else "INFO",
        "message": "upstream timed out after 2000 ms" if failed else "request served",
        "error_type": "UpstreamTimeout" if failed else None,
        "deployment_id": _deployment_id(service, failed),
        "retry": failed,
        "latency_ms": round((2000 if failed else 80) * noise.gauss(1, 0.1)),
    }


def _deployment_id(service: str, is_bad: bool) -> str:
    return "deploy-202" if is_bad else f"deploy-{service}-1"


def _deployment(at: datetime, service: str, deployment_id: str, version: str) -> dict[str, Any]:
    return {
        "@timestamp": at.isoformat(),
        "service": service,
        "region": REGION,
        "deployment_id": deployment_id,
        "version": version,
        "status": "success",
    }
