"""How fast alerts are accepted, against servers that do less: `python -m benchmarks.acceptance --version 8.19.8`.

A real `spiketrace webhook` with a real broker, whose append-only file is on the disk before an alert is answered, and
an Elasticsearch behind it, takes turns with the same FastAPI on the same uvicorn that keeps nothing (`empty`), and with
one that calls `task.delay()` in a thread (`delay`); `benchmarks.rivals` has both. So does Alerta with PostgreSQL, where
it can be had, with as many processes as there are cores (`benchmarks.alerta`). First as fast as answers come, told
as requests a second; then at a steady rate, told as the time from the moment a request was due.

Told beside it is what each took of the processors for a request: where other work shares the machine, that is the
figure to go by. At the end every alert that was answered 202 has to be in Elasticsearch, or the exit code is 1.
"""

from __future__ import annotations

import base64
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import click
import httpx

from benchmarks.alerta import PATH as ALERTA_PATH
from benchmarks.alerta import CannotBeHad, alerta, alerta_body
from benchmarks.bars import bars
from benchmarks.bodies import RULE, numbered_body
from benchmarks.figures import median_ratio, percentile
from benchmarks.machine import cpu_seconds, described
from benchmarks.replay import OwnBroker, closing_broker, measured_engine, wait_until
from benchmarks.rivals import PATH
from benchmarks.sender import Plan, Sent, send
from cli.settle import free_address
from worker.bootstrap import Stores, connect
from worker.settings import Settings, process_environment
from worker.store.alert_documents import INDEX

OURS = "spiketrace"
ALERTA = "alerta"
ALL = (OURS, "empty", "decorated", "delay", ALERTA)
USER, PASSWORD = "benchmark", secrets.token_urlsafe(24)
# Numbers of alerts of one round: no round has so many.
ROUND = 10_000_000


@dataclass
class Contender:
    """A server, where and what it is posted, and what came of each of its rounds."""

    name: str
    url: str
    body: str
    pid: int
    rounds: list[Sent] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    @property
    def rates(self) -> list[float]:
        return [one.per_second for one in self.rounds]

    @property
    def latencies(self) -> list[float]:
        return [seconds for one in self.rounds for seconds in one.latencies]

    def forget(self) -> None:
        self.rounds.clear()
        self.cpu.clear()


@dataclass
class Bench:
    contenders: list[Contender]
    stores: Stores
    accepted: int = 0
    sent: int = 0

    def round(self, contender: Contender, seconds: float, connections: int, per_second: float | None) -> None:
        # Alerta, which takes alerts from everybody as it comes, refuses credentials that it does not know.
        known = {} if contender.name == ALERTA else {"authorization": AUTHORIZATION}
        headers = {**known, "content-type": "application/json"}
        self.sent += 1
        first = self.sent * ROUND
        plan = Plan(contender.url, [contender.body], headers, seconds, connections, first, per_second)
        before = cpu_seconds(contender.pid)
        found = send(plan)
        contender.cpu.append((cpu_seconds(contender.pid) - before) / max(1, len(found.latencies)))
        contender.rounds.append(found)
        if contender.name == OURS:
            self.accepted += found.answered(202)
        if found.unanswered or found.answered(202) + found.answered(201) < len(found.latencies):
            click.echo(f"{contender.name}: answers {dict(found.statuses)}, {found.unanswered} without")

    def settle(self) -> float:
        """Seconds until the inbox is empty, so that nobody's next round has to share with it."""
        began = time.monotonic()
        wait_until(lambda: self.stores.inbox.depth() == 0, what="an empty inbox")
        return time.monotonic() - began

    def keep_those_that_bear(self, per_second: float) -> None:
        """At a rate that is too much for it, a server's times tell only how long it was measured."""
        for one in self.contenders:
            if median(one.rates) < per_second:
                click.echo(f"{one.name} does not bear {per_second:.0f}/s here")
        self.contenders = [one for one in self.contenders if median(one.rates) >= per_second]
        for one in self.contenders:
            one.forget()

    def recorded(self) -> int:
        self.stores.client.indices.refresh(index=INDEX)
        found = self.stores.client.count(index=INDEX, query={"term": {"alert.rule.id": RULE}})
        return int(found["count"])


AUTHORIZATION = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


@contextmanager
def serving(name: str, settings: Settings, folder: Path) -> Iterator[Contender]:
    """The webhook as it ships, or one of the others."""
    url = free_address()
    port = url.rsplit(":", 1)[1]
    if name == OURS:
        command = [sys.executable, "-m", "cli.main", "webhook", "--json"]
    else:
        command = [sys.executable, "-m", "benchmarks.rivals", name, "--port", port, "--broker-url", settings.redis_url]
    environment = process_environment(settings.model_copy(update={"webhook_port": int(port)}))
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        wait_until(lambda: _answers(url, process), what=name)
        body = numbered_body(f"{time.time_ns():x}", datetime.now(UTC))
        yield Contender(name, f"{url}{PATH}", body, process.pid)
    finally:
        process.terminate()
        process.wait()


def _answers(url: str, process: subprocess.Popen[bytes]) -> bool:
    """Raises ClickException where the process has ended."""
    if process.poll() is not None:
        raise click.ClickException(f"{process.args!r} ended before it answered")
    try:
        return httpx.get(f"{url}/healthz").status_code > 0
    except httpx.TransportError:
        return False


@contextmanager
def opened(names: Sequence[str], version: str | None, folder: Path) -> Iterator[tuple[Bench, OwnBroker]]:
    with ExitStack() as stack:
        url, _ = stack.enter_context(measured_engine(version))
        broker = stack.enter_context(closing_broker(folder / "broker"))
        click.echo(f"{described()}; {f'Elasticsearch {version}' if version else 'the embedded engine'}")
        settings = Settings(elasticsearch_url=url, redis_url=broker.url, webhook_user=USER, webhook_password=PASSWORD)
        found = [stack.enter_context(serving(name, settings, folder)) for name in names if name != ALERTA]
        if ALERTA in names:
            found += _with_alerta(stack, folder)
        yield Bench(found, connect(settings)), broker


def _with_alerta(stack: ExitStack, folder: Path) -> list[Contender]:
    """None where it cannot be had, which is said: then it was not measured, and nothing is told of it."""
    try:
        url, process = stack.enter_context(alerta(folder))
        wait_until(lambda: _answers(url, process), what="Alerta")
    except (CannotBeHad, click.ClickException) as reason:
        click.secho(f"NOT MEASURED: Alerta with PostgreSQL. {reason}", fg="red", err=True)
        return []
    return [Contender(ALERTA, f"{url}{ALERTA_PATH}", alerta_body(f"{time.time_ns():x}"), process.pid)]


def say_rates(contenders: Sequence[Contender]) -> None:
    ours = contenders[0]
    for one in contenders:
        click.echo(
            f"{one.name}: median {median(one.rates):,.0f} requests/s; {1e6 * median(one.cpu):.0f} µs of the "
            f"processors a request; p99 {1000 * percentile(one.latencies, 99):.1f} ms of {len(one.latencies):,}"
        )
    for one in contenders[1:]:
        click.echo(
            f"{ours.name} takes {median_ratio(ours.rates, one.rates):.2f} times the requests/s of {one.name} (rounds "
            f"{', '.join(f'{a / b:.2f}' for a, b in zip(ours.rates, one.rates, strict=True))}); "
            f"by processor time {median_ratio(one.cpu, ours.cpu):.2f} times"
        )


def say_steady(contenders: Sequence[Contender], per_second: float) -> None:
    for one in contenders:
        p50, p95, p99 = (1000 * percentile(one.latencies, percent) for percent in (50, 95, 99))
        click.echo(
            f"{one.name} at {per_second:.0f}/s: p50 {p50:.1f} ms, p95 {p95:.1f} ms, p99 {p99:.1f} ms, slowest "
            f"{1000 * max(one.latencies):.0f} ms of {len(one.latencies):,}, from the moment each was due"
        )


@click.command()
@click.option("--rounds", default=5, show_default=True, help="Of each, by turns.")
@click.option("--seconds", default=5.0, show_default=True, help="How long each round is.")
@click.option("--connections", default=128, show_default=True)
@click.option("--per-second", default=500.0, show_default=True, help="The steady rate.")
@click.option("--against", multiple=True, type=click.Choice(ALL[1:]), default=ALL[1:], show_default=True)
@click.option("--plot", type=click.Path(path_type=Path), help="Write the median requests/s of each as SVG here.")
@click.option("--version", help="A real Elasticsearch of that version (8.19.8, 9.5.0); needs Java and Maven.")
def main(  # noqa: PLR0917 - click passes them by name
    rounds: int,
    seconds: float,
    connections: int,
    per_second: float,
    against: tuple[str, ...],
    plot: Path | None,
    version: str | None,
) -> None:
    """Measure, and print. Exit code 1 when an accepted alert is missing."""
    with tempfile.TemporaryDirectory() as folder, opened((OURS, *against), version, Path(folder)) as (bench, _):
        in_turns(bench, rounds, lambda one: bench.round(one, seconds, connections, None))
        say_rates(bench.contenders)
        if plot:
            found = {one.name: median(one.rates) for one in bench.contenders}
            plot.write_text(bars(f"Alerts accepted, {described()}", "requests/s", found, ours=OURS), encoding="utf-8")
        bench.keep_those_that_bear(per_second)
        in_turns(bench, rounds, lambda one: bench.round(one, 2 * seconds, connections, per_second))
        say_steady(bench.contenders, per_second)
        recorded = bench.recorded()
        click.echo(f"{bench.accepted:,} alerts were answered 202, {recorded:,} of them are in Elasticsearch")
    raise SystemExit(0 if recorded == bench.accepted else 1)


def in_turns(bench: Bench, rounds: int, run: Callable[[Contender], None]) -> None:
    for _ in range(rounds):
        for one in bench.contenders:
            run(one)
            seconds = bench.settle()
            if one.name == OURS and seconds > 1:
                click.echo(f"what this round left in the inbox was in Elasticsearch {seconds:.0f} s after it")


if __name__ == "__main__":
    main()
