"""The demo shop's telemetry: two days of twelve services in three regions, with incidents hidden in it.

python -m demo.shop --elasticsearch-url URL --truth FILE
"""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import click
import httpx
import numpy as np

from demo.history import past_incidents
from demo.incidents import Effect, Hidden, hidden
from demo.logs import log_lines
from demo.services import CLOUD_PROVIDER, REGIONS, SERVICES, Region, Service, scopes
from demo.signals import MINUTES, Floats, Signals, seeded, simulate
from demo.timeline import Clock, Rollout, numbered, ordinary_rollouts, without_clashes
from demo.truth import Affected, Truth, TruthEntry
from worker.domain.window import floor_minute, iso
from worker.elastic import connect_elasticsearch
from worker.settings import Settings
from worker.store.templates import install_templates

CARBON_INDEX = "spiketrace-carbon-metrics-demo"
LOGS_INDEX = "spiketrace-logs-demo"
DEPLOYMENTS_INDEX = "spiketrace-deployments-demo"
INCIDENTS_INDEX = "spiketrace-incidents"

SEED = 20_261_123
SAMPLE_MINUTES = 2
MISSING_SHARE = 0.004
RELEASE_QUIET = timedelta(hours=3)
BULK_DOCUMENTS = 2_500
BULK_THREADS = 2

Action = dict[str, Any]


@dataclass(frozen=True)
class Shop:
    """The demo shop at one moment: what happened in its last two days, by scope."""

    clock: Clock
    seed: int
    hidden: tuple[Hidden, ...]
    rollouts: tuple[Rollout, ...]

    def signals(self, service: Service, region: Region, *, without: Hidden | None = None) -> Signals:
        """Of one scope; `without` leaves one hidden thing out and everything else as it is."""
        return simulate(
            service,
            region,
            start=self.clock.start,
            seed=self.seed,
            rollouts=[item for item in self.rollouts if (item.service, item.region) == (service.name, region.name)],
            effects=[effect for item in self.hidden if item is not without for effect in _here(item, service, region)],
        )

    def excess_co2_grams(
        self, hidden_id: str, *, service: str | None, region: str | None, start: datetime, end: datetime
    ) -> float:
        """What one hidden thing added in [start, end), whole minutes, in a service and region (None: in all).

        It is the same shop with the same noise, with and without it.
        """
        thing = next(item for item in self.hidden if item.id == hidden_id)
        first, last = (int((moment - self.clock.start).total_seconds() // 60) for moment in (start, end))
        touched = {(effect.service, effect.region) for effect in thing.effects}
        added = 0.0
        for at_service, at_region in touched:
            if service in (None, at_service) and region in (None, at_region):
                scope = SERVICES[at_service], REGIONS[at_region]
                difference = self.signals(*scope).co2_grams - self.signals(*scope, without=thing).co2_grams
                added += float(difference[max(first, 0) : last].sum())
        return added


def open_shop(now: datetime, seed: int = SEED) -> Shop:
    """The shop whose last two days end at `now` (aware; whole minutes)."""
    clock = Clock(floor_minute(now.astimezone(UTC)))
    things = hidden(clock)
    moments = [(effect.service, effect.region, thing.start) for thing in things for effect in thing.effects]
    ordinary = without_clashes(ordinary_rollouts(clock, random.Random(seed)), moments, RELEASE_QUIET)
    special = [rollout for thing in things for rollout in thing.rollouts]
    return Shop(clock, seed, tuple(things), tuple(numbered([*ordinary, *special])))


def generate(now: datetime, seed: int = SEED) -> Iterator[Action]:
    """Bulk actions `{"_index", "_source"}` of the whole shop; the same for the same `now` and `seed`."""
    return documents(open_shop(now, seed))


def documents(shop: Shop) -> Iterator[Action]:
    yield from (_action(DEPLOYMENTS_INDEX, item) for item in deployment_events(shop))
    yield from (_action(INCIDENTS_INDEX, item) for item in past_incidents(shop.clock, shop.hidden))
    for service, region in scopes():
        signals = shop.signals(service, region)
        yield from (_action(CARBON_INDEX, item) for item in metric_samples(shop, signals))
        yield from (_action(LOGS_INDEX, item) for item in log_lines(signals, shop.clock.start, shop.seed))


def tell_truth(shop: Shop) -> Truth:
    return Truth(
        now=shop.clock.now,
        seed=shop.seed,
        log_sampling={service.name: service.log_sampling for service in SERVICES.values()},
        entries=tuple(_entry(shop, thing) for thing in shop.hidden),
    )


def metric_samples(shop: Shop, signals: Signals) -> Iterator[dict[str, Any]]:
    """Every other minute. A sample that is missed is not there; the next one holds its mass as well."""
    rng = seeded(shop.seed, "samples", signals.service.name, signals.region.name)
    second = int(rng.integers(2, 55))
    missed = rng.random(MINUTES // SAMPLE_MINUTES) < MISSING_SHARE
    previous = 0
    for number, end in enumerate(range(SAMPLE_MINUTES, MINUTES, SAMPLE_MINUTES)):
        at = shop.clock.start + timedelta(minutes=end, seconds=second)
        if missed[number] or _collector_is_away(shop, signals.region, at):
            continue
        yield _sample(signals, at, slice(previous, end), slice(end - SAMPLE_MINUTES, end))
        previous = end


def _sample(signals: Signals, at: datetime, since_previous: slice, now: slice) -> dict[str, Any]:
    co2_grams = round(float(signals.co2_grams[since_previous].sum()), 4)
    return {
        "@timestamp": iso(at),
        "service": signals.service.name,
        "region": signals.region.name,
        "cloud": {"provider": CLOUD_PROVIDER},
        "cpu_pct": round(_mean(signals.cpu_pct[now]), 2),
        "memory_pct": round(_mean(signals.memory_pct[now]), 2),
        "requests_per_min": round(_mean(signals.requests_per_min[now]), 1),
        "estimated_co2_grams": co2_grams,
        "emissions_kg_co2e": round(co2_grams / 1000, 7),
        "deployment_id": max(signals.versions, key=lambda item: _mean(item[1][now]))[0].deployment_id,
    }


def deployment_events(shop: Shop) -> Iterator[dict[str, Any]]:
    """A release is recorded when it starts and when it has been rolled out; a configuration once."""
    for rollout in shop.rollouts:
        steps = [(rollout.at, "config")] if rollout.is_configuration else [
            (rollout.at, "started"),
            (rollout.at + timedelta(minutes=rollout.minutes), "succeeded"),
        ]  # fmt: skip
        for at, status in steps:
            if at < shop.clock.now:
                yield _deployment_event(rollout, at, status)


def _deployment_event(rollout: Rollout, at: datetime, status: str) -> dict[str, Any]:
    return {
        "@timestamp": iso(at),
        "service": rollout.service,
        "region": rollout.region,
        "deployment_id": rollout.deployment_id,
        "version": rollout.version,
        "status": status,
    }


def _here(thing: Hidden, service: Service, region: Region) -> list[Effect]:
    return [effect for effect in thing.effects if (effect.service, effect.region) == (service.name, region.name)]


def _collector_is_away(shop: Shop, region: Region, at: datetime) -> bool:
    return any(
        item.collector_is_away and item.region == region.name and item.start <= at < item.end for item in shop.hidden
    )


def _mean(values: Floats) -> float:
    return float(np.mean(values))


def _action(index: str, source: dict[str, Any]) -> Action:
    return {"_index": index, "_source": source}


def _entry(shop: Shop, thing: Hidden) -> TruthEntry:
    touched = [(effect.service, effect.region) for effect in thing.effects]
    guilty = next((item for item in shop.rollouts if thing.release and item.label == thing.release), None)
    span = {"start": thing.start, "end": thing.end}
    return TruthEntry(
        **{name: getattr(thing, name) for name in ("id", "title", "sentence", "verdicts", "kinds", "start", "end")},
        service=thing.service,
        region=thing.region,
        deployment_id=guilty.deployment_id if guilty else None,
        version=guilty.version if guilty else None,
        affected=tuple(Affected(service=service, region=region) for service, region in (*touched, *thing.affected)),
        excess_co2_grams=round(shop.excess_co2_grams(thing.id, service=thing.service, region=thing.region, **span), 3),
        total_excess_co2_grams=round(shop.excess_co2_grams(thing.id, service=None, region=None, **span), 3),
    )


def load(
    elasticsearch_url: str, actions: Iterable[Action], *, progress: Callable[[int], object] = lambda _: None
) -> int:
    """Writes `actions` in bulk and refreshes; `progress` gets the number of each batch written. Returns how many.

    Raises httpx.HTTPError, or RuntimeError with the first document that was refused.
    """
    limit = threading.BoundedSemaphore(2 * BULK_THREADS)
    with httpx.Client(base_url=elasticsearch_url, timeout=120) as client, ThreadPoolExecutor(BULK_THREADS) as pool:
        pending: list[Future[int]] = []
        stream = iter(actions)
        while batch := list(islice(stream, BULK_DOCUMENTS)):
            limit.acquire()
            pending.append(pool.submit(_send, client, batch, progress))
            pending[-1].add_done_callback(lambda _: limit.release())
        total = sum(future.result() for future in pending)
        client.post("/spiketrace-*/_refresh").raise_for_status()
    return total


def _send(client: httpx.Client, batch: list[Action], progress: Callable[[int], object]) -> int:
    lines = (
        json.dumps(part, ensure_ascii=False, separators=(",", ":"))
        for action in batch
        for part in ({"index": {"_index": action["_index"]}}, action["_source"])
    )
    answer = client.post(
        "/_bulk", content="\n".join(lines) + "\n", headers={"content-type": "application/x-ndjson"}
    ).raise_for_status()
    body = answer.json()
    if body["errors"]:
        refused = next(item["index"] for item in body["items"] if item["index"].get("error"))
        raise RuntimeError(f"the engine refused a document of the demo: {refused['error']}")
    progress(len(batch))
    return len(batch)


@click.command()
@click.option("--elasticsearch-url", required=True)
@click.option("--truth", "truth_file", type=click.Path(path_type=Path, dir_okay=False), required=True)
@click.option("--now", type=click.DateTime(["%Y-%m-%dT%H:%M"]), help="UTC; the present minute by default.")
@click.option("--seed", default=SEED, show_default=True)
def main(elasticsearch_url: str, truth_file: Path, now: datetime | None, seed: int) -> None:
    """Load the demo shop's two days into a search engine, and write the truth about them to a file."""
    shop = open_shop(now.replace(tzinfo=UTC) if now else datetime.now(UTC), seed)
    tell_truth(shop).save(truth_file)
    with connect_elasticsearch(Settings(elasticsearch_url=elasticsearch_url)) as client:
        install_templates(client)
    count = load(elasticsearch_url, documents(shop))
    click.echo(f"{count} documents up to {iso(shop.clock.now)}; the truth is in {truth_file}")


if __name__ == "__main__":
    main()
