"""Everything that docs/performance.md tells of, one benchmark after the other: `make bench ELASTICSEARCH=8.19.8`.

Each is a process of its own and prints its figures with the machine, the day and the load. One that fails does not end
the others; the exit code is then 1, and which failed is said at the end.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from benchmarks.machine import described

REAL_LINES = (1_000_000, 10_000_000)
# The embedded engine is for trying out, and keeps all it has in memory.
EMBEDDED_LINES = (10_000, 100_000)


@dataclass(frozen=True)
class Benchmark:
    """One of benchmarks/. `has_plot`: it draws its figures; `has_engine`: it can do with a real Elasticsearch."""

    module: str
    arguments: tuple[str, ...] = ()
    has_plot: bool = True

    def command(self, version: str | None, plots: Path | None) -> list[str]:
        name = self.module.rpartition(".")[2]
        plot = ["--plot", str(plots / f"{name.replace('_', '-')}.svg")] if plots and self.has_plot else []
        engine = ["--version", version] if version else []
        return [sys.executable, "-m", self.module, *self.arguments, *engine, *plot]


def benchmarks(version: str | None, replayed: int) -> list[Benchmark]:
    """Each as short as its figure allows; by itself it can take longer."""
    growth = [part for size in (REAL_LINES if version else EMBEDDED_LINES) for part in ("--lines", str(size))]
    return [
        Benchmark(
            "benchmarks.acceptance",
            ("--rounds", "3", "--against", "empty", "--against", "delay", "--against", "alerta"),
        ),
        Benchmark("benchmarks.storm_of_causes", ("--order", "one-by-one", "--patience", "300")),
        Benchmark("benchmarks.workers", ("--alerts", "4000")),
        Benchmark("benchmarks.investigation", tuple(growth)),
        Benchmark(
            "benchmarks.replay",
            ("--alerts", str(replayed), "--live-per-second", "5" if version else "1"),
            has_plot=False,
        ),
        Benchmark("benchmarks.against_baro", has_plot=False),
    ]


@click.command()
@click.option("--version", help="A real Elasticsearch of that version (8.19.8, 9.5.0); needs Java and Maven.")
@click.option("--plot", type=click.Path(path_type=Path, file_okay=False), help="Write the plots into this folder.")
@click.option("--only", multiple=True, help="Only these, by name: acceptance, storm_of_causes, …")
@click.option("--replayed", default=300, show_default=True, help="How many past alerts are replayed: 5000 takes long.")
def main(version: str | None, plot: Path | None, only: tuple[str, ...], replayed: int) -> None:
    """Measure everything, and print: about half an hour with a real Elasticsearch on two cores."""
    click.echo(described())
    every = [one for one in benchmarks(version, replayed) if not only or one.module.rpartition(".")[2] in only]
    if not every:
        raise click.BadParameter("there is no such benchmark", param_hint="--only")
    began = time.monotonic()
    failed = [
        one.module
        for number, one in enumerate(every, 1)
        if not _passed(one.command(version, plot), f"{number} of {len(every)}")
    ]
    click.echo(f"\n{len(every)} benchmarks in {(time.monotonic() - began) / 60:.0f} minutes")
    if failed:
        raise click.ClickException(f"these failed: {', '.join(failed)}")


def _passed(command: Sequence[str], which: str) -> bool:
    click.secho(f"\n{which}: python {' '.join(command[1:])}", bold=True)
    sys.stdout.flush()
    began = time.monotonic()
    code = subprocess.run(command, check=False).returncode
    how = "done" if code == 0 else f"FAILED with exit code {code}"
    click.secho(f"{which}: {how} after {(time.monotonic() - began) / 60:.1f} minutes", fg="red" if code else None)
    return code == 0


if __name__ == "__main__":
    main()
