"""Ordinary log lines in any number, made and written quickly: ten million within minutes on two cores.

A process of its own (`python -m benchmarks.lines --url …`), so that its memory is not told as the measured one's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import click
import httpx
import numpy as np
from numpy.typing import NDArray

from demo.services import scopes
from worker.domain.window import parse_time

INDEX = "spiketrace-logs-benchmark"
# The fine look takes in four hours, so two thirds of what six hours hold are in it.
SPREAD = timedelta(hours=6)
BATCH = 20_000
WRITERS = 3
ERRORS = 0.002
# Nothing is searched meanwhile, and nothing is kept that the benchmark does not need.
SETTINGS = {
    "index.refresh_interval": "-1",
    "index.auto_expand_replicas": "false",
    "index.number_of_replicas": 0,
    "index.translog.durability": "async",
}
# Nobody searches the words of these, and to take them apart is half the work of indexing a line.
MAPPINGS = {"properties": {"message": {"type": "text", "index": False}}}
HEAD = '{"create":{}}\n{"@timestamp":"'
ERROR, INFO = ',"level":"ERROR","error_type":"OutOfStock"', ',"level":"INFO","error_type":null'
TAIL = ',"message":"order {0} placed total={1} in {2}ms","retry":false,"latency_ms":{2}}}\n'
NDJSON = {"content-type": "application/x-ndjson"}


def write_lines(url: str, number: int, until: datetime, seed: int, said: Callable[[int], object]) -> None:
    """Adds `number` of them, of all services over SPREAD, as they would have come; `said` gets how many are written.

    Raises httpx.HTTPError, or RuntimeError with the first that was refused.
    """
    with httpx.Client(base_url=url, timeout=300) as client, ThreadPoolExecutor(WRITERS) as pool:
        if client.head(f"/{INDEX}").status_code == 404:
            client.put(f"/{INDEX}", json={"settings": SETTINGS, "mappings": MAPPINGS}).raise_for_status()
        pending: set[Any] = set()
        for written, batch in zip(count(0, BATCH), batches(number, until, seed), strict=False):
            said(written)
            pending.add(pool.submit(_send, client, batch))
            if len(pending) > WRITERS:
                done, pending = wait(pending, return_when="FIRST_COMPLETED")
                _ = [one.result() for one in done]
        _ = [one.result() for one in pending]
        _settle(client)


def _send(client: httpx.Client, batch: bytes) -> None:
    where = f"/{INDEX}/_bulk?filter_path=errors,items.*.error"
    body = client.post(where, content=batch, headers=NDJSON).raise_for_status().json()
    if body["errors"]:
        raise RuntimeError(f"the engine refused a log line: {body['items'][0]}")


def _settle(client: httpx.Client) -> None:
    """On the disk and searchable."""
    for step in ("_flush", "_refresh"):
        client.post(f"/{INDEX}/{step}").raise_for_status()


def batches(number: int, until: datetime, seed: int) -> Iterator[bytes]:
    """Bodies for `_bulk`; drawn by columns, since making one line after the other takes longer than indexing it."""
    rng = np.random.default_rng(seed)
    heads = [f',"service":"{service.name}","region":"{region.name}"' for service, region in scopes()]
    since, length = int((until - SPREAD).timestamp() * 1000), SPREAD // timedelta(milliseconds=1)
    for begun in range(0, number, BATCH):
        size = min(BATCH, number - begun)
        first, last = (since + length * place // number for place in (begun, begun + size))
        yield _batch(rng.integers(first, last, size), rng, heads)


def _batch(milliseconds: NDArray[np.int64], rng: np.random.Generator, heads: list[str]) -> bytes:
    size, times = milliseconds.size, np.datetime_as_string(milliseconds.astype("datetime64[ms]"))
    orders, totals = rng.integers(1_000_000, size=size).tolist(), rng.integers(300, size=size).tolist()
    tails = [TAIL.format(*one) for one in zip(orders, totals, rng.gamma(2, 90, size).round(1).tolist(), strict=True)]
    kinds = [ERROR if is_error else INFO for is_error in (rng.random(size) < ERRORS).tolist()]
    places = [heads[place] for place in rng.integers(len(heads), size=size).tolist()]
    return "".join(
        [
            f'{HEAD}{at}Z"{place}{kind}{tail}'
            for at, place, kind, tail in zip(times.tolist(), places, kinds, tails, strict=True)
        ]
    ).encode()


@click.command()
@click.option("--url", required=True, help="Of a search engine.")
@click.option("--number", required=True, type=int, help="How many more.")
@click.option("--until", required=True, help="The moment they end before, as 2026-03-09T12:00:00Z.")
@click.option("--seed", default=1, show_default=True)
def main(url: str, number: int, until: str, seed: int) -> None:
    """Add log lines of six hours to an engine."""

    def said(written: int) -> None:
        if written and written % 1_000_000 == 0:
            click.echo(f"{written:,} log lines written", err=True)

    write_lines(url, number, parse_time(until), seed, said)


if __name__ == "__main__":
    main()
