"""How long an investigation takes, and what of it is ours: `python -m benchmarks.investigation --version 8.19.8`.

Every hidden thing of the demo shop is investigated, by turns, and then alerts of one minute, which share what all
services did. Told is the time of a whole investigation against the time of its own round trips to Elasticsearch, so
that what else the machine does falls on both alike. With `--lines`, log lines are added up to that number and it is
done again; the figure is then told against the one before.

A round trip is the time from sending the first byte of a request until the last of its answer is there; requests that
are out at the same time are one. What we reckon meanwhile costs no time, and is counted as our processor's only.
"""

from __future__ import annotations

import gc
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import click
from elasticsearch import Elasticsearch

from benchmarks.bars import bars
from benchmarks.machine import described
from benchmarks.replay import JAVA_OPTIONS
from demo.engines import running_search
from demo.shop import LOGS_INDEX, Shop, documents, load, open_shop
from tasks.run import OBJECTS_BETWEEN_COLLECTIONS
from worker.ad_hoc import ad_hoc_alert
from worker.analysis.system.patterns import compare, mask
from worker.assembly import open_investigator
from worker.domain.alert import Alert
from worker.domain.report import Report
from worker.domain.telemetry import Line, Lines
from worker.domain.window import iso, parse_time
from worker.elastic import connect_elasticsearch
from worker.investigate import Investigator
from worker.settings import Settings
from worker.store.templates import install_templates

MEASURED = "Made up to be measured"
# Beforehand with each number of lines: an engine compiles what it runs often.
WARM_ROUNDS = 3


@dataclass
class Trips:
    """The requests of a client, as its connections see them: when each was out, and the bytes that came back."""

    out: list[tuple[float, float]] = field(default_factory=list)
    received: int = 0

    @property
    def seconds(self) -> list[float]:
        """Of each time in which one request or several were out."""
        united: list[tuple[float, float]] = []
        for began, ended in sorted(self.out):
            if united and began <= united[-1][1]:
                united[-1] = united[-1][0], max(ended, united[-1][1])
            else:
                united.append((began, ended))
        return [ended - began for began, ended in united]

    def watch(self, client: Elasticsearch) -> None:
        for node in client.transport.node_pool.all():
            setattr(node, "perform_request", self._timed(node.perform_request))  # noqa: B010 - a method, for mypy

    def _timed(self, perform: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any, **options: Any) -> Any:
            began = time.perf_counter()
            answer = perform(*arguments, **options)
            self.out.append((began, time.perf_counter()))
            self.received += len(answer.body)
            return answer

        return timed


@dataclass(frozen=True)
class Measured:
    """One investigation: seconds in all, in its round trips, and of our own processor; requests that it sent."""

    whole: float
    trips: list[float]
    own_cpu: float
    requests: int

    @property
    def ratio(self) -> float:
        return self.whole / sum(self.trips)


def investigations(client: Elasticsearch, settings: Settings, alerts: list[Alert], rounds: int) -> list[Measured]:
    """Each by an investigator of its own, who shares nothing; and a second apart, since engines remember answers."""
    later = [
        alert.model_copy(update={"date": alert.date - timedelta(seconds=n)}) for n in range(rounds) for alert in alerts
    ]
    trips = watched(client)
    open_investigator(settings, client)(alerts[0], "warm")
    return [one_measured(open_investigator(settings, client), alert, trips) for alert in later]


def among_others(client: Elasticsearch, settings: Settings, alerts: list[Alert], rounds: int) -> list[Measured]:
    """Alerts of all those scopes in one minute, in which they share what all services did."""
    minute = alerts[-1].date.replace(second=0)
    storm = [
        alert.model_copy(update={"date": minute + timedelta(seconds=60 * n / len(alerts) / rounds)})
        for n, alert in enumerate(alerts * rounds)
    ]
    trips, investigate = watched(client), open_investigator(settings, client)
    investigate(storm[0], "warm")
    return [one_measured(investigate, alert, trips) for alert in storm]


def watched(client: Elasticsearch) -> Trips:
    trips = Trips()
    trips.watch(client)
    return trips


def one_measured(investigate: Investigator, alert: Alert, trips: Trips) -> Measured:
    trips.out.clear()
    began, cpu = time.perf_counter(), time.process_time()
    investigate(alert, "a")
    whole, own = time.perf_counter() - began, time.process_time() - cpu
    return Measured(whole, trips.seconds, own, len(trips.out))


def say(found: list[Measured], what: str = "investigations") -> float:
    """Prints, and gives the median time of an investigation in seconds."""
    whole, ratios = median(one.whole for one in found), sorted(one.ratio for one in found)
    in_trips, cpu = median(sum(one.trips) for one in found), median(one.own_cpu for one in found)
    click.echo(
        f"{len(found)} {what}: median {whole * 1000:.0f} ms, of it {in_trips * 1000:.0f} ms in at most "
        f"{max(len(one.trips) for one in found)} round trips ({max(one.requests for one in found)} requests): "
        f"{median(ratios):.2f} times those (p90 {ratios[int(len(ratios) * 0.9)]:.2f}); {cpu * 1000:.0f} ms of our own "
        f"processor; this process has taken {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB at most"
    )
    return whole


def measure_growth(url: str, sizes: list[int], shop: Shop, rounds: int) -> dict[int, float]:
    """Of alerts of the present, whose hours are the ones that grow: milliseconds by number of lines."""
    settings, present, found = Settings(elasticsearch_url=url), shop.clock.now, dict[int, float]()
    alerts = [ad_hoc_alert(service, None, present, asked=MEASURED) for service in ("checkout", "search", "payments")]
    for size in sorted(sizes):
        before = max(found, default=0)
        began = time.monotonic()
        write_more(url, size - before, present)
        click.echo(f"{size - before:,} log lines written in {time.monotonic() - began:.0f} s", err=True)
        with connect_elasticsearch(settings) as client:
            investigations(client, settings, alerts, WARM_ROUNDS)
            click.echo(f"{size:,} log lines in six hours; ", nl=False)
            found[size] = 1000 * say(investigations(client, settings, alerts, rounds))
            say_sampled(open_investigator(settings, client)(alerts[0], "a"))
        if before:
            click.echo(f"{size / before:.1f} times the lines, {found[size] / found[before]:.2f} times the time")
    return found


def write_more(url: str, lines: int, until: datetime) -> None:
    command = [sys.executable, "-m", "benchmarks.lines", "--url", url, "--number", str(lines), "--until", iso(until)]
    subprocess.run([*command, "--seed", str(lines)], check=True)


def say_sampled(report: Report) -> None:
    read = [gap.reason for gap in report.gaps if "log lines" in gap.what.lower()]
    click.echo(f"sampled, as its report says: {read[0]}" if read else "nothing was sampled")


def without_memory(client: Elasticsearch) -> None:
    """Engines remember answers until an index changes, which one that is written to does every second."""
    client.indices.put_settings(index="spiketrace-*", settings={"index.requests.cache.enable": False})


def measure_patterns(shop: Shop) -> None:
    """Lines of the shop, each read for the first time, against reading the same lines as JSON."""
    sources = [one["_source"] for one in documents(shop) if one["_index"] == LOGS_INDEX]
    lines = [Line(parse_time(one["@timestamp"]), one["service"], one["message"], "normal") for one in sources]
    texts = [json.dumps(one) for one in sources]
    mask.cache_clear()
    began = time.process_time()
    compare(Lines(before=lines[::2], within=lines[1::2]), {line.service for line in lines})
    ours = time.process_time() - began
    began = time.process_time()
    for text in texts:
        json.loads(text)
    plain = time.process_time() - began
    click.echo(
        f"log patterns: {len(lines) / ours:,.0f} lines/s of {len(lines):,}; {ours / plain:.1f} times the time of "
        f"reading them as JSON ({len(lines) / plain:,.0f}/s)"
    )


@contextmanager
def engine(url: str | None, version: str | None) -> Iterator[tuple[str, str]]:
    """(name, address)."""
    running: AbstractContextManager[Any] = nullcontext(url) if url else running_search()
    if version:
        # The tests know how to fetch and start one; nothing else needs it.
        from tests.engines.servers import real_engine  # noqa: PLC0415

        with real_engine(version, java_options=JAVA_OPTIONS) as started:
            yield f"Elasticsearch {version}", started.url
        return
    with running as address:
        yield url or "the embedded engine", address


@click.command()
@click.option("--version", help="A real Elasticsearch of that version (8.19.8, 9.5.0); needs Java and Maven.")
@click.option("--elasticsearch-url", help="One that is there; its indices spiketrace-* are written to.")
@click.option("--rounds", default=3, show_default=True, help="How often each is investigated.")
@click.option("--lines", multiple=True, type=int, help="Log lines of the last six hours; several for growth.")
@click.option("--plot", type=click.Path(path_type=Path), help="Write the time by number of lines as SVG here.")
def main(
    version: str | None, elasticsearch_url: str | None, rounds: int, lines: tuple[int, ...], plot: Path | None
) -> None:
    """Measure, and print. Without an engine it takes the embedded one, which is for trying out."""
    with engine(elasticsearch_url, version) as (name, url):
        click.echo(f"{described()}; {name}")
        gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
        settings, shop = Settings(elasticsearch_url=url), open_shop(datetime.now(UTC))
        with connect_elasticsearch(settings) as client:
            install_templates(client)
            click.echo(f"{load(url, documents(shop)):,} documents of the demo shop")
            if version:
                without_memory(client)
            alerts = [
                ad_hoc_alert(one.service or "checkout", one.region, one.end, asked=MEASURED) for one in shop.hidden
            ]
            say(investigations(client, settings, alerts, rounds))
        with connect_elasticsearch(settings) as client:
            say(among_others(client, settings, alerts, rounds), "of one minute")
        measure_patterns(shop)
        found = measure_growth(url, list(lines), shop, rounds * 3)
        if plot and found:
            title = f"An investigation by log lines, {described()}"
            named = {f"{size:,} lines": taken for size, taken in found.items()}
            plot.write_text(bars(title, "ms", named, ours=next(iter(named))), encoding="utf-8")


if __name__ == "__main__":
    main()
