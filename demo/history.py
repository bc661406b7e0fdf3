"""Old incidents of the shop, as its people wrote them down: history for whoever looks for similar ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from demo.incidents import Hidden
from demo.timeline import Clock
from worker.domain.window import iso

# days before now, title, summary, service, region, tags, severity, status, minutes, wasted grams, orders, USD lost
_PAST: tuple[tuple[Any, ...], ...] = (
    (6, "checkout: orders hang", "Release 2.17.2 leaked database connections. Rolled back, pool size raised to 10.",
     "checkout", "europe-west1", ["deployment", "connection-pool"], "high", "Resolved", 52, 31.0, 1890, 84_100.0),
    (11, "Psp alpha slow", "Payment provider had a degraded zone; switched to beta for two hours.",
     "payments", "us-central1", ["provider"], "medium", "closed, provider", 124, None, 640, 22_800.0),
    (17, "ledger failover took too long", "ledger-db lost its primary; its callers failed until the replica took over.",
     "ledger", "us-central1", ["database", "failover"], "critical", "Resolved", 41, 6.5, 5210, 231_000.0),
    (19, "recommendations cost", "Batch job scored all users on the serving pool after a cron change. Job moved.",
     "recommendations", "us-central1", ["cpu", "carbon"], "low", "fixed", 310, 1840.0, None, None),
    (23, "search: empty results for umlauts", "Analyzer change in 3.11.0, reindexed.",
     "search", "europe-west1", ["deployment"], "medium", "Resolved", 95, None, 310, 9_700.0),
    (26, "Traffic after newsletter", "Twice the usual visitors for an hour, all services scaled, nobody harmed.",
     "frontend", "us-central1", ["traffic", "campaign"], "low", "no action", 60, None, None, None),
    (31, "auth: tokens refused", "Signing key of the previous rotation was removed too early.",
     "auth", "asia-east1", ["key-rotation"], "high", "Resolved", 18, None, 720, 25_900.0),
    (36, "catalog slow", "Cache cluster upgrade flushed all nodes at once; warmed by hand, runbook changed.",
     "catalog", "us-central1", ["cache"], "medium", "Resolved", 37, 96.0, 180, 6_300.0),
    (44, "Labels not printed", "Carrier rotated its API key; new key stored, alert on 401 added.",
     "shipping", "europe-west1", ["carrier"], "medium", "closed", 140, None, 0, 0.0),
    (52, "inventory negative after count", "Import of warehouse 7 ran twice.",
     "inventory", "asia-east1", ["data"], "low", "done", 420, None, 95, 3_400.0),
)  # fmt: skip


def past_incidents(clock: Clock, hidden: Iterable[Hidden]) -> Iterator[dict[str, Any]]:
    """The shop's own records, and what its people noted during the hidden incidents."""
    for days, title, summary, service, region, tags, severity, status, minutes, grams, orders, lost_usd in _PAST:
        yield {
            "@timestamp": iso(clock.start - timedelta(days=days, minutes=37 * days % 1440)),
            "title": title,
            "summary": summary,
            "service": service,
            "region": region,
            "tags": tags,
            "severity": severity,
            "status": status,
            "duration_minutes": minutes,
            "wasted_co2_grams": grams,
            "wasted_emissions_kg_co2e": None if grams is None else grams / 1000,
            "orders_affected": orders,
            "revenue_lost_usd": lost_usd,
        }
    for thing in hidden:
        if thing.note:
            yield {**thing.note, "@timestamp": iso(thing.start + thing.noted_after)}
