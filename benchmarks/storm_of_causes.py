"""A storm of alerts of many causes, through everything: `python -m benchmarks.storm_of_causes --version 8.19.8`.

As many services as there are causes got a bad version each, and every rule that watches them fires again and again.
Told is how long each cause waits for its first report, how many reports a minute follow, whether every accepted alert
is accounted for (a report, a dead letter, or still in the queue, and only one of them), and how many incidents there
are for each cause. Alerts come in turns of the causes, or (`--order one-by-one`) all of one cause before the next.

With `--workers` several times, the storm is repeated on a stack of its own with so many worker processes each.
"""

from __future__ import annotations

import base64
import json
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import click
from elasticsearch.helpers import scan

from benchmarks.bodies import alert_body
from benchmarks.causes import culprits, telemetry
from benchmarks.figures import percentile
from benchmarks.machine import described
from benchmarks.replay import stack
from benchmarks.rivals import PATH
from benchmarks.sender import MARK, Plan, send
from benchmarks.steps import steps
from demo.shop import load
from worker.bootstrap import Stores, connect
from worker.domain.window import floor_minute, parse_time
from worker.settings import Settings
from worker.store.alert_documents import INDEX as ALERTS
from worker.store.dead_letters import INDEX as LETTERS
from worker.store.incidents import INDEX as INCIDENTS
from worker.store.reports import INDEX as REPORTS

# How many rules watch each service; the runs of one rule have one date.
RULES = 40
LOOK_EVERY_SECONDS = 3.0
SAY_EVERY_SECONDS = 30.0


@dataclass(frozen=True)
class Storm:
    alerts: int
    causes: int
    seconds: float
    order: str

    def service_of(self, number: int) -> str:
        """Whose alert it is, the number of those before being given."""
        services = culprits(self.causes)
        return services[number % self.causes if self.order == "in-turns" else number * self.causes // self.alerts]

    def bodies(self, run: str, at: datetime) -> list[str]:
        found = []
        for number in range(self.alerts):
            rule = number * RULES // self.alerts
            when = at + timedelta(milliseconds=100 * rule)
            body = alert_body(f"{run}-{MARK}", when, service=self.service_of(number))
            found.append(json.dumps({**body, "rule": {**body["rule"], "id": f"storm-{rule:03d}"}}))
        return found


@dataclass(frozen=True)
class Ended:
    """What there is of the storm's alerts. `first` and `posted`: moments by cause."""

    states: Counter[str]
    reports: dict[str, datetime]
    letters: int
    doubled: int
    first: dict[str, datetime]
    posted: dict[str, datetime]

    @property
    def waits(self) -> list[float]:
        return [(self.first[cause] - self.posted[cause]).total_seconds() for cause in self.first]


def look(stores: Stores) -> Ended:
    client = stores.client
    client.indices.refresh(index="spiketrace-*")
    states: Counter[str] = Counter()
    service_of, posted, first = dict[str, str](), dict[str, datetime](), dict[str, datetime]()
    for record in _all(stores, ALERTS, ["alert.group", "received_at", "state"]):
        service = service_of[record["_id"]] = record["_source"]["alert"]["group"]
        states[record["_source"]["state"]] += 1
        received = parse_time(record["_source"]["received_at"])
        posted[service] = min(received, posted.get(service, received))
    found: Counter[str] = Counter()
    reports: dict[str, datetime] = {}
    for report in _all(stores, REPORTS, ["alert_id", "created_at"]):
        alert_id, at = report["_source"]["alert_id"], parse_time(report["_source"]["created_at"])
        found[alert_id] += 1
        reports[alert_id] = at
        service = service_of[alert_id]
        first[service] = min(at, first.get(service, at))
    letters = [one["_source"]["alert_id"] for one in _all(stores, LETTERS, ["alert_id"])]
    found.update(letters)
    doubled = sum(count > 1 for count in found.values())
    return Ended(states, reports, len(letters), doubled, first, posted)


def _all(stores: Stores, index: str, fields: Sequence[str]) -> list[dict[str, Any]]:
    query = {"_source": list(fields)}
    return list(scan(stores.client, index=index, query=query, size=2_000, ignore_unavailable=True))


def incidents_by_cause(stores: Stores, causes: int) -> Counter[str]:
    """How many incidents have alerts of each cause: one that has those of two counts for both."""
    tally: Counter[str] = Counter()
    for found in _all(stores, INCIDENTS, ["root_cause.service", "alert_ids"]):
        if found["_source"].get("alert_ids"):
            tally[(found["_source"].get("root_cause") or {}).get("service") or "unknown"] += 1
    return Counter({service: tally[service] for service in {*culprits(causes), *tally}})


def run(storm: Storm, workers: int, version: str | None, *, patience: float, plot: Path | None) -> bool:
    with (
        tempfile.TemporaryDirectory() as folder,
        stack(Path(folder), version, worker_concurrency=str(workers)) as (ready, _),
    ):
        stores = connect(Settings(elasticsearch_url=ready["elasticsearch_url"], redis_url=ready["redis_url"]))
        at = floor_minute(datetime.now(UTC))
        documents = load(ready["elasticsearch_url"], telemetry(storm.causes, at))
        click.echo(f"{workers} worker processes; {documents:,} documents; load now: {described()}")
        accepted = post(storm, ready, at)
        began = time.monotonic()
        followed = follow(stores, accepted, began + patience)
        if plot:
            plot.write_text(drawn(storm, followed), encoding="utf-8")
        return tell(storm, accepted, followed, incidents_by_cause(stores, storm.causes))


def drawn(storm: Storm, ended: Ended) -> str:
    began = min(ended.posted.values(), default=datetime.now(UTC))
    counts = {
        name: [(at - began).total_seconds() for at in moments.values()]
        for name, moments in (("first alert of each cause", ended.posted), ("its first report", ended.first))
    }
    return steps(f"{storm.alerts:,} alerts of {storm.causes} causes, {described()}", counts, ours="its first report")


def post(storm: Storm, ready: dict[str, Any], at: datetime) -> int:
    """How many were answered 202."""
    authorization = "Basic " + base64.b64encode(f"{ready['user']}:{ready['password']}".encode()).decode()
    headers = {"authorization": authorization, "content-type": "application/json"}
    bodies = storm.bodies(f"{time.time_ns():x}", at)
    sent = send(Plan(f"{ready['url']}{PATH}", bodies, headers, storm.seconds, 64, 0, storm.alerts / storm.seconds))
    p99 = 1000 * percentile(sent.latencies, 99)
    click.echo(
        f"{storm.alerts:,} alerts of {storm.causes} causes in {sent.seconds:.0f} s: {sent.answered(202):,} answered "
        f"202, p99 {p99:.0f} ms, {sent.unanswered} not answered"
    )
    return sent.answered(202)


def follow(stores: Stores, accepted: int, deadline: float) -> Ended:
    """Until every accepted alert has its end, or until then."""
    said = time.monotonic()
    while time.monotonic() < deadline and (ends := sum(map(partial(count, stores), (REPORTS, LETTERS)))) < accepted:
        if time.monotonic() > said + SAY_EVERY_SECONDS:
            said = time.monotonic()
            click.echo(f"{ends:,} of {accepted:,} have their end; {deadline - said:.0f} s left", err=True)
        time.sleep(LOOK_EVERY_SECONDS)
    return look(stores)


def count(stores: Stores, index: str) -> int:
    """0 while the index is being made, when its shards do not answer yet."""
    client = stores.client.options(ignore_status=503)
    client.indices.refresh(index=index, ignore_unavailable=True)
    return int(client.count(index=index, ignore_unavailable=True).get("count", 0))


def tell(storm: Storm, accepted: int, ended: Ended, incidents: Counter[str]) -> bool:
    waits = ended.waits
    if waits:
        click.echo(
            f"first report of each cause: {len(waits)} of {storm.causes} causes, median {median(waits):.1f} s after "
            f"its first alert, slowest {max(waits):.1f} s"
        )
    moments = sorted(ended.reports.values())
    if len(moments) > 1:
        minutes = (moments[-1] - moments[0]).total_seconds() / 60
        click.echo(f"{len(moments):,} reports in {minutes:.1f} minutes: {len(moments) / minutes:.0f} a minute")
    waiting = ended.states["queued"] + ended.states["investigating"]
    lost = accepted - len(ended.reports) - ended.letters - waiting
    click.echo(
        f"of {accepted:,} accepted: {len(ended.reports):,} with a report, {ended.letters} dead letters, {waiting:,} in "
        f"the queue, {max(lost, 0)} lost, {ended.doubled} with more than one"
    )
    amiss = {service: count for service, count in incidents.items() if count != 1}
    click.echo(
        f"incidents: {sum(incidents.values())} for {storm.causes} causes"
        + (f"; not one each: {amiss}" if amiss else ", one each")
    )
    return lost <= 0 and not ended.doubled


@click.command()
@click.option("--alerts", default=10_000, show_default=True)
@click.option("--causes", default=50, show_default=True)
@click.option("--seconds", default=60.0, show_default=True, help="How long the storm lasts.")
@click.option("--order", type=click.Choice(["in-turns", "one-by-one"]), default="in-turns", show_default=True)
@click.option("--workers", multiple=True, type=int, default=[2], show_default=True, help="Processes; several times.")
@click.option("--patience", default=600.0, show_default=True, help="Seconds after the storm to wait for the rest.")
@click.option("--plot", type=click.Path(path_type=Path), help="Write when each cause had its first report as SVG here.")
@click.option("--version", help="A real Elasticsearch of that version (8.19.8, 9.5.0); needs Java and Maven.")
def main(  # noqa: PLR0917 - click passes them by name
    alerts: int,
    causes: int,
    seconds: float,
    order: str,
    workers: tuple[int, ...],
    patience: float,
    plot: Path | None,
    version: str | None,
) -> None:
    """Measure, and print. Exit code 1 when an accepted alert is lost or has two ends."""
    click.echo(f"{described()}; {f'Elasticsearch {version}' if version else 'the embedded engine'}")
    storm = Storm(alerts, causes, seconds, order)
    sound = [run(storm, number, version, patience=patience, plot=plot) for number in workers]
    raise SystemExit(0 if all(sound) else 1)


if __name__ == "__main__":
    main()
