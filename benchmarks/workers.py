"""Reports a minute with 1, 2 and 4 worker processes: `python -m benchmarks.workers --version 8.19.8`.

Alerts are accepted first, more than will be investigated. Then a `spiketrace worker` with so many processes is started,
watched for a while and told to stop; by turns, all on the same stack, so that what else the machine does falls on
each alike, after a round of each that does not count. Told beside it is what a report took of the processors: on a
busy machine that is the figure to go by, and from it follows what more machines would bear.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import click

from benchmarks.acceptance import AUTHORIZATION, OURS, PASSWORD, USER, serving
from benchmarks.bars import bars
from benchmarks.causes import culprits, telemetry
from benchmarks.machine import cpu_seconds, described
from benchmarks.replay import closing_broker, measured_engine, wait_until
from benchmarks.sender import Plan, send
from benchmarks.storm_of_causes import Storm, count
from demo.shop import load
from tasks.app import create_app
from tasks.ping import worker_answers
from worker.bootstrap import Stores, connect
from worker.domain.window import floor_minute
from worker.settings import Settings, process_environment
from worker.store.reports import INDEX as REPORTS

CONNECTIONS = 16


@dataclass
class Watched:
    """Of one number of processes: reports a minute, and processor seconds a report by part, of each round."""

    per_minute: list[float] = field(default_factory=list)
    cpu: dict[str, list[float]] = field(default_factory=dict)

    def add(self, reports: int, seconds: float, used: dict[str, float]) -> None:
        self.per_minute.append(60 * reports / seconds)
        for part, cpu in used.items():
            self.cpu.setdefault(part, []).append(cpu / max(1, reports))


@dataclass(frozen=True)
class Bench:
    settings: Settings
    stores: Stores
    folder: Path
    pids: dict[str, int]

    def reports(self) -> int:
        return count(self.stores, REPORTS)

    def round(self, processes: int, seconds: float, watched: Watched) -> None:
        with self._working(processes) as worker:
            # What each process loads at its first alert is no part of the rate.
            least = self.reports() + processes
            wait_until(lambda: self.reports() >= least, what="the first reports")
            pids = {**self.pids, "worker": worker}
            before, began = self.reports(), time.monotonic()
            used = {part: cpu_seconds(pid) for part, pid in pids.items()}
            time.sleep(seconds)
            took = {part: cpu_seconds(pid) - used[part] for part, pid in pids.items()}
            watched.add(self.reports() - before, time.monotonic() - began, took)

    @contextmanager
    def _working(self, processes: int) -> Iterator[int]:
        settings = self.settings.model_copy(update={"worker_concurrency": processes})
        with (self.folder / "worker.log").open("ab") as log:
            command = [sys.executable, "-m", "cli.main", "worker", "--json"]
            process = subprocess.Popen(command, env=process_environment(settings), stdout=log, stderr=subprocess.STDOUT)
        try:
            app = create_app(settings)
            wait_until(lambda: worker_answers(app, process.pid), what="the worker")
            yield process.pid
        finally:
            process.terminate()
            process.wait()


@contextmanager
def opened(alerts: int, causes: int, version: str | None) -> Iterator[Bench]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url, engine_pid = stack.enter_context(measured_engine(version))
        broker = stack.enter_context(closing_broker(folder / "broker"))
        settings = Settings(elasticsearch_url=url, redis_url=broker.url, webhook_user=USER, webhook_password=PASSWORD)
        webhook = stack.enter_context(serving(OURS, settings, folder))
        at = floor_minute(datetime.now(UTC))
        click.echo(f"{load(url, telemetry(causes, at)):,} documents of {len(culprits(causes))} services that got worse")
        bodies = Storm(alerts, causes, 1.0, "in-turns").bodies(f"{time.time_ns():x}", at)
        headers = {"authorization": AUTHORIZATION, "content-type": "application/json"}
        send(Plan(webhook.url, bodies, headers, alerts / 250, CONNECTIONS, 0, 250.0))
        stores = connect(settings)
        wait_until(lambda: stores.inbox.depth() == 0, what="an empty inbox")
        pids = {"webhook": webhook.pid, "broker": broker.pid} | ({"search engine": engine_pid} if engine_pid else {})
        yield Bench(settings, stores, folder, pids)


def say(found: dict[int, Watched]) -> None:
    alone = next(iter(found.values()))
    for processes, watched in found.items():
        times = median(our / one for our, one in zip(watched.per_minute, alone.per_minute, strict=True))
        parts = ", ".join(f"{part} {1000 * median(cpu):.0f}" for part, cpu in sorted(watched.cpu.items()))
        whole = 1000 * sum(median(cpu) for cpu in watched.cpu.values())
        click.echo(
            f"{processes} processes: median {median(watched.per_minute):.0f} reports a minute, {times:.2f} times those "
            f"of {next(iter(found))}; {whole:.0f} ms of the processors a report ({parts})"
        )


@click.command()
@click.option("--processes", multiple=True, type=int, default=[1, 2, 4], show_default=True)
@click.option("--rounds", default=3, show_default=True, help="Of each, by turns.")
@click.option("--seconds", default=20.0, show_default=True, help="How long each is watched.")
@click.option("--alerts", default=2_000, show_default=True, help="How many wait at the beginning.")
@click.option("--causes", default=12, show_default=True)
@click.option("--plot", type=click.Path(path_type=Path), help="Write the reports a minute as SVG here.")
@click.option("--version", help="A real Elasticsearch of that version (8.19.8, 9.5.0); needs Java and Maven.")
def main(  # noqa: PLR0917 - click passes them by name
    processes: tuple[int, ...],
    rounds: int,
    seconds: float,
    alerts: int,
    causes: int,
    plot: Path | None,
    version: str | None,
) -> None:
    """Measure, and print."""
    click.echo(f"{described()}; {f'Elasticsearch {version}' if version else 'the embedded engine'}")
    found = {number: Watched() for number in processes}
    with opened(alerts, causes, version) as bench:
        # What an engine compiles first would else be told of the first number of processes.
        for number in found:
            bench.round(number, seconds / 2, Watched())
            click.echo(f"warmed up with {number} processes", err=True)
        for turn in range(rounds):
            for number, watched in found.items():
                bench.round(number, seconds, watched)
                click.echo(f"round {turn + 1} of {rounds}, {number} processes: {watched.per_minute[-1]:.0f}", err=True)
        left = alerts - bench.reports()
    say(found)
    if left < processes[-1]:
        raise click.ClickException("no alerts were left at the end, so the last rounds tell too little: take --alerts")
    if plot:
        named = {f"{number} processes": median(one.per_minute) for number, one in found.items()}
        title = f"Reports by worker processes, {described()}"
        plot.write_text(bars(title, "a minute", named, ours=next(iter(named))), encoding="utf-8")


if __name__ == "__main__":
    main()
