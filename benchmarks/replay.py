"""What a replay costs live alerts: their time to report with one running and without, in one run.

Past alerts are laid down with the reports that this version gives, so that every replayed one should come out the
same. Then live alerts arrive at a steady rate, in rounds of equal length, by turns while the replay is paused and
while it runs, so that what else the machine does falls on both alike. At the end a worker and the broker are killed
once each, and everything has to be there. What each process took of the processors is told beside it: on a machine
that does other work that is the figure to go by.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import click
import httpx

from benchmarks.machine import cpu_seconds, described
from cli.settle import free_address
from demo.engines import broker_answers, broker_command, running_search
from demo.incidents import Hidden
from demo.processes import running
from demo.shop import documents, load, open_shop
from worker.ad_hoc import AD_HOC, ad_hoc_alert
from worker.assembly import open_investigator
from worker.bootstrap import Stores, connect
from worker.domain.alert import Alert
from worker.domain.report import Report, report_id_of
from worker.domain.window import iso, parse_time
from worker.ports import Notification
from worker.settings import Settings

RUN_ID = f"{time.time_ns():x}"
PATIENCE_SECONDS = 3_600.0
BATCH = 200
# As Elasticsearch comes, but for the heap: what it takes of the processors is to be measured, not how fast it starts.
JAVA_OPTIONS = "-Xms2g -Xmx2g"

Moments = Sequence[tuple[str, str | None, datetime]]
Alerts = Iterator[dict[str, Any]]


@dataclass
class OwnBroker:
    """A broker beside a real Elasticsearch, where nobody else keeps one running."""

    directory: Path
    url: str = field(init=False)
    _process: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self.url = free_address().replace("http://", "redis://")
        self._start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def _start(self) -> None:
        command = broker_command(port=int(self.url.rsplit(":", 1)[1]), directory=self.directory)
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        wait_until(lambda: broker_answers(self.url), what="the broker")

    def restart(self) -> None:
        self.stop()
        self._start()

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


@dataclass(frozen=True)
class Beside:
    """The engines that `spiketrace up` was given, and does not keep running itself."""

    broker: OwnBroker
    search_pid: int


@dataclass
class Bench:
    """A running stack, seen from outside, and its stores."""

    ready_file: Path
    stores: Stores
    client: httpx.Client
    beside: Beside | None = None
    live: list[str] = field(default_factory=list)

    def pids(self) -> dict[str, int]:
        ready = json.loads(self.ready_file.read_text(encoding="utf-8"))
        own = {"broker": [self.beside.broker.pid], "search": [self.beside.search_pid]} if self.beside else {}
        return {name: pids[0] for name, pids in (ready["pids"] | ready["engine_pids"] | own).items()}

    def pid(self, name: str) -> int:
        return self.pids()[name]

    def used(self) -> dict[str, float]:
        """Seconds of the processors by now, by process."""
        return {name: cpu_seconds(pid) for name, pid in self.pids().items()} | {"sender": time.process_time()}

    def kill(self, name: str) -> None:
        if name == "broker" and self.beside:
            self.beside.broker.restart()
            return
        killed = self.pid(name)
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: self.pid(name) != killed, what=f"another {name}")

    def change(self, replay_id: str, verb: str) -> None:
        """Raises ClickException when the replay came to its end too soon to be measured beside."""
        if self.state(replay_id) == "done":
            raise click.ClickException("all were replayed before the rounds were over: take more --alerts")
        self.client.post(f"/v1/replays/{replay_id}/{verb}").raise_for_status()

    def state(self, replay_id: str) -> str:
        found = self.stores.replays.get(replay_id)
        return found.state.value if found else "gone"

    def done(self, replay_id: str) -> int:
        tally = self.tally(replay_id)
        return sum(tally.values()) - tally.get("waiting", 0) - tally.get("running", 0)

    def tally(self, replay_id: str) -> dict[str, int]:
        return {state.value: count for state, count in self.stores.replays.tally(replay_id).items()}


def wait_until(condition: Callable[[], object], *, what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise click.ClickException(f"{what} did not come within {PATIENCE_SECONDS:.0f} s")
        time.sleep(0.2)


def lay_down(bench: Bench, settings: Settings, count: int, moments: Moments) -> None:
    """So many past alerts of the shop's incidents, each with the report of its incident under its own id."""
    investigate = open_investigator(settings, bench.stores.client)
    known = []
    for service, region, at in moments:
        alert = ad_hoc_alert(service, region, at, asked="Made up to be measured")
        known.append((alert, investigate(alert, "a")))
    numbered = enumerate(islice(cycle(known), count))
    while batch := list(islice(numbered, BATCH)):
        write_past(bench, [(past(alert, number), report) for number, (alert, report) in batch])
    bench.stores.client.indices.refresh(index="spiketrace-*")


def past(alert: Alert, number: int) -> Alert:
    return alert.model_copy(update={"uuid": f"past-{RUN_ID}-{number}"})


def write_past(bench: Bench, batch: list[tuple[Alert, Report]]) -> None:
    now = datetime.now(UTC)
    bench.stores.alerts.record([Notification(alert=alert, received_at=now) for alert, _ in batch])
    for alert, report in batch:
        own = {"alert_id": alert.alert_id, "report_id": report_id_of(alert.alert_id)}
        bench.stores.reports.create(report.model_copy(update=own))
        bench.stores.alerts.finish(alert.alert_id, report_id=own["report_id"], incident_id=None)


def trouble_of(hidden: Sequence[Hidden]) -> Moments:
    """Who is in two troubles at once, at a moment well before the first of them ends."""
    pairs = [(one, other) for one in hidden for other in hidden if one.start < other.start < one.end and one.effects]
    one, other = max(pairs, key=lambda pair: min(pair[0].end, pair[1].end) - pair[1].start)
    at = other.start + timedelta(minutes=5)
    return [(effect.service, effect.region, at) for effect in (*one.effects, *other.effects)]


def bodies(troubled: Moments) -> Alerts:
    """Endless live alerts, each of an alert of its own, whose dates go forward as the clock does.

    As with rules, whose alerts of a moment are about that moment. All are about services in trouble: a healthy one
    is done sooner.
    """
    began = time.monotonic()
    for number, (service, region, at) in enumerate(cycle(troubled)):
        date = at + timedelta(seconds=time.monotonic() - began)
        yield {
            "rule": {
                "id": "benchmark",
                "name": "Carbon benchmark",
                "type": ".index-threshold",
                "space_id": "default",
                "params": {"termField": ["service", "region"], "timeWindowSize": 10, "timeWindowUnit": "m"},
            },
            "alert": {
                "id": f"{service},{region}",
                "uuid": f"live-{RUN_ID}-{number}",
                "action_group": "threshold met",
            },
            "context": {"group": f"{service},{region}", "value": "12.4"},
            "date": iso(date),
        }


def live(bench: Bench, alerts: Alerts, *, seconds: float, per_second: float) -> list[float]:
    """Posts at that rate for so long, waits for every report, and gives the seconds from post to report."""
    posted: dict[str, datetime] = {}
    began = time.monotonic()
    for number, body in enumerate(islice(alerts, int(seconds * per_second))):
        time.sleep(max(0.0, began + number / per_second - time.monotonic()))
        at = datetime.now(UTC)
        answer = bench.client.post("/v1/alerts/kibana", json=body).raise_for_status()
        posted[answer.json()["alert_id"]] = at
    bench.live += posted
    return times_to_report(bench, posted)


def times_to_report(bench: Bench, posted: dict[str, datetime]) -> list[float]:
    ids = {report_id_of(alert_id): at for alert_id, at in posted.items()}
    found: dict[str, Any] = {}

    def all_there() -> bool:
        # A report says itself when it was written, so nothing is gained by looking often.
        time.sleep(1.0)
        found.update(bench.stores.reports.heads([one for one in ids if one not in found]))
        return len(found) == len(ids)

    wait_until(all_there, what="the last report")
    return [(parse_time(found[one]["created_at"]) - at).total_seconds() for one, at in ids.items()]


def say(name: str, seconds: list[float]) -> None:
    p95 = quantiles(seconds, n=20)[18]
    click.echo(f"{name}: {len(seconds)} live alerts, median {median(seconds):.2f} s, p95 {p95:.2f} s to report")


def say_used(before: dict[str, float], after: dict[str, float], alerts: int, seconds: float) -> None:
    """What an alert cost, all that goes on anyway included."""
    each = {name: 1000 * (after[name] - before.get(name, 0.0)) / alerts for name in after}
    parts = ", ".join(f"{name} {used:.0f}" for name, used in sorted(each.items(), key=lambda one: -one[1]))
    sent = each.pop("sender")
    click.echo(
        f"without a replay: {sum(each.values()):.0f} ms of the processors an alert, beside the sender's {sent:.0f} "
        f"({parts}); {alerts} alerts in {seconds:.0f} s"
    )


def measure(bench: Bench, replay_id: str, alerts: Alerts, rounds: int, seconds: float, rate: float) -> None:
    """Prints the times to report of both halves of all rounds, and their ratio."""
    without, beside = list[float](), list[float]()
    bench.change(replay_id, "pause")
    # What is slow only once (a fresh engine compiles what it runs often), and what the replay had on its way.
    live(bench, alerts, seconds=seconds, per_second=rate)
    for _ in range(rounds):
        used, began = bench.used(), time.monotonic()
        without += (alone := live(bench, alerts, seconds=seconds, per_second=rate))
        say_used(used, bench.used(), len(alone), time.monotonic() - began)
        bench.change(replay_id, "resume")
        before = bench.done(replay_id)
        beside += live(bench, alerts, seconds=seconds, per_second=rate)
        click.echo(f"beside {seconds:.0f} s of live alerts {bench.done(replay_id) - before} were replayed")
        bench.change(replay_id, "pause")
    say("without a replay", without)
    say("beside a replay", beside)
    p95 = quantiles(beside, n=20)[18] / quantiles(without, n=20)[18]
    click.echo(f"ratio: median {median(beside) / median(without):.2f}, p95 {p95:.2f}")


def finish(bench: Bench, replay_id: str, count: int, alerts: Alerts, rate: float) -> bool:
    """Kills a worker and the broker in the midst of it, and counts what is there at the end."""
    bench.change(replay_id, "resume")
    for name in ("worker", "broker"):
        least = min(bench.done(replay_id) + 2, count)
        wait_until(lambda least=least: bench.done(replay_id) >= least, what="progress")  # type: ignore[misc]
        bench.kill(name)
        click.echo(f"killed the {name} when {bench.done(replay_id)} of {count} were replayed")
        live(bench, alerts, seconds=3, per_second=rate)
    wait_until(lambda: bench.state(replay_id) == "done", what="the end")
    tally = bench.tally(replay_id)
    reported = bench.stores.reports.heads([report_id_of(alert_id) for alert_id in bench.live])
    click.echo(f"tally of {count}: {tally}; of {len(bench.live)} live alerts {len(reported)} have a report")
    return tally == {"same": count} and len(reported) == len(bench.live)


@contextmanager
def stack(folder: Path, version: str | None, **settings: str) -> Iterator[tuple[dict[str, Any], Beside | None]]:
    """What `spiketrace up` says when it is ready: on the embedded engines, or on a real Elasticsearch.

    `settings` are SPIKETRACE_<NAME> without the beginning.
    """
    arguments, environment = ["up", "--port", "0"], {"TMPDIR": str(folder)}
    environment |= {f"SPIKETRACE_{name.upper()}": value for name, value in settings.items()}
    if not version:
        with running("cli.main", [*arguments, "--embedded"], environment, folder) as ready:
            yield ready, None
        return
    with measured_engine(version) as (url, pid), closing_broker(folder / "broker") as broker:
        where = {"SPIKETRACE_ELASTICSEARCH_URL": url, "SPIKETRACE_REDIS_URL": broker.url}
        with running("cli.main", arguments, {**environment, **where}, folder) as ready:
            yield ready, Beside(broker, pid)


@contextmanager
def measured_engine(version: str | None) -> Iterator[tuple[str, int]]:
    """Its address and its process, which is 0 for the embedded one, whose processor time is not told."""
    if not version:
        with running_search() as url:
            yield url, 0
        return
    # The tests know how to fetch and start one; nothing else needs it.
    from tests.engines.servers import real_engine  # noqa: PLC0415

    with real_engine(version, java_options=JAVA_OPTIONS) as engine:
        yield engine.url, engine.pid or 0


@contextmanager
def closing_broker(directory: Path) -> Iterator[OwnBroker]:
    broker = OwnBroker(directory)
    try:
        yield broker
    finally:
        broker.stop()


@click.command()
@click.option("--alerts", default=300, show_default=True, help="How many past alerts are replayed.")
@click.option("--live-per-second", default=5.0, show_default=True)
@click.option("--rounds", default=3, show_default=True, help="Without and beside the replay, by turns.")
@click.option("--seconds", default=20.0, show_default=True, help="How long each half of a round is.")
@click.option("--version", help="A real Elasticsearch of that version (8.19.8, 9.5.0); needs Java and Maven.")
def main(alerts: int, live_per_second: float, rounds: int, seconds: float, version: str | None) -> None:
    """Measure on the embedded engines or a real Elasticsearch, and print. Exit code 1 when the tally is not exact."""
    with tempfile.TemporaryDirectory() as folder, stack(Path(folder), version) as (ready, beside):
        click.echo(f"{described()}; {f'Elasticsearch {version}' if version else 'the embedded engine'}")
        settings = Settings(elasticsearch_url=ready["elasticsearch_url"], redis_url=ready["redis_url"])
        shop = open_shop(datetime.now(UTC))
        click.echo(f"{load(settings.elasticsearch_url, documents(shop)):,} documents of the demo shop")
        moments = [(one.service or "checkout", one.region, one.end) for one in shop.hidden]
        client = httpx.Client(base_url=ready["url"], auth=(ready["user"], ready["password"]), timeout=60)
        bench = Bench(Path(folder) / "cli.main.json", connect(settings), client, beside)
        lay_down(bench, settings, alerts, moments)
        since = iso(datetime.now(UTC) - timedelta(days=7))
        begun = client.post("/v1/replays", json={"since": since, "rule": AD_HOC}).raise_for_status().json()
        click.echo(f"{begun['alerts']} past alerts to replay")
        posts = bodies(trouble_of(shop.hidden))
        measure(bench, begun["replay_id"], posts, rounds, seconds, live_per_second)
        is_exact = finish(bench, begun["replay_id"], alerts, posts, live_per_second)
    raise SystemExit(0 if is_exact else 1)


if __name__ == "__main__":
    main()
