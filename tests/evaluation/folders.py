"""A folder of labelled incidents of a shop that is made up: a slow callee, failing logs, a bad release, a quiet day."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from worker.domain.window import iso

FIRED = datetime(2026, 2, 26, 12, tzinfo=UTC)
STARTED = FIRED - timedelta(minutes=6)
MINUTES = range(-200, 3)
SERVICES = ("front", "cart", "ledger", "search")
EDGES = (("client", "front"), ("front", "cart"), ("cart", "ledger"), ("front", "search"))
Document = dict[str, Any]


def at(minute: float) -> str:
    return iso(FIRED + timedelta(minutes=minute))


def metrics(slow: dict[str, float]) -> list[Document]:
    """`slow`: service → how many times its usual latency it has since the incident began. Later samples are worse."""
    noise = np.random.default_rng(7)
    found = []
    for minute in MINUTES:
        for service in SERVICES:
            factor = slow.get(service, 1.0) if minute >= -6 else 1.0
            # Nobody may have read this: it is after the alert.
            later = 100.0 if minute >= 0 else 1.0
            found.append(
                {
                    "@timestamp": at(minute),
                    "service": service,
                    "latency_p95_seconds": float(noise.normal(0.2, 0.01)) * factor * later,
                    "requests_per_second": float(noise.normal(50, 2)),
                    "cpu_percent": float(noise.normal(30, 2)),
                }
            )
    return found


def edges(slow: dict[tuple[str, str], float]) -> list[Document]:
    noise = np.random.default_rng(8)
    return [
        {
            "@timestamp": at(minute),
            "caller": caller,
            "callee": callee,
            "calls": 60,
            "duration_p50_seconds": float(noise.normal(0.1, 0.005))
            * (slow.get((caller, callee), 1.0) if minute >= -6 else 1.0),
        }
        for minute in MINUTES
        for caller, callee in EDGES
    ]


def logs(failing: str | None = None) -> list[Document]:
    found = []
    for minute in MINUTES:
        for service in SERVICES:
            for second in (5, 25, 45):
                text = f"request {minute * second} served in {second} ms"
                found.append(line(minute, second, service, "INFO", text))
                if service == failing and minute >= -6:
                    found.append(line(minute, second, service, "ERROR", f"cannot read row {second}: table is locked"))
    return found


def line(minute: int, second: int, service: str, level: str, message: str) -> Document:
    moment = FIRED + timedelta(minutes=minute, seconds=second)
    return {"@timestamp": iso(moment), "service": service, "instance": service, "level": level, "message": message}


def write(folder: Path, name: str, documents: Iterable[Document]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with gzip.open(folder / f"{name}.ndjson.gz", "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(document) + "\n" for document in documents)


def shop(root: Path, *, with_truth: bool = True) -> Path:
    """Four cases; their telemetry lies a day before, and is shifted to its time."""
    slow = {"ledger": 8.0, "cart": 7.0, "front": 5.0}
    slow_calls = {("cart", "ledger"): 20.0, ("front", "cart"): 19.0, ("client", "front"): 19.0}
    write(root / "telemetry/slow", "metrics", metrics(slow))
    write(root / "telemetry/slow", "edges", edges(slow_calls))
    write(root / "telemetry/failing", "metrics", metrics({}))
    write(root / "telemetry/failing", "edges", edges({}))
    write(root / "telemetry/failing", "logs", logs("cart"))
    write(root / "telemetry/released", "metrics", metrics({"front": 6.0}))
    write(root / "telemetry/released", "deployments", [{"@timestamp": at(-8), "service": "front", "version": "v7"}])
    write(root / "telemetry/quiet", "metrics", metrics({}))
    write(root / "telemetry/quiet", "edges", edges({}))
    write(root / "telemetry/quiet", "logs", logs())
    (root / "dataset.json").write_text(json.dumps({"name": "shop", "step_seconds": 60}), encoding="utf-8")
    (root / "cases.json").write_text(json.dumps([case(name) for name in TRUTH]), encoding="utf-8")
    if with_truth:
        (root / "truth.json").write_text(json.dumps(TRUTH), encoding="utf-8")
    return root


TRUTH: dict[str, dict[str, Any]] = {
    "shop-slow": {"service": "ledger", "fault": "latency"},
    "shop-failing": {"service": "cart", "fault": "errors"},
    "shop-released": {"service": "front", "fault": "rollback", "deployment": {"service": "front", "version": "v7"}},
    "shop-quiet": {"service": None, "fault": None},
}


def case(name: str) -> dict[str, Any]:
    return {
        "id": name,
        "alert": {"service": "front", "metric": "latency", "started_at": iso(STARTED), "fired_at": iso(FIRED)},
        "topology": None,
        "telemetry": [{"folder": f"telemetry/{name.removeprefix('shop-')}", "shift_seconds": 0}],
    }
