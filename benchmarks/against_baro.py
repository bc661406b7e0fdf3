"""Seconds a labelled case, against BARO's own code: `python -m benchmarks.against_baro --version 8.19.8 [CASES…]`.

BARO (Pham et al., FSE 2024) ranks metrics by how far they are from their median, in interquartile ranges, after an
onset that it is told (its scorer) or finds (with bocpd). Its package, `fse-baro`, is no dependency of SpikeTrace: it is
installed into an environment of its own under .cache, and runs as a process that is loaded once. Told are its seconds
for a table that it has in memory already. Ours are those of `spiketrace evaluate`: reading everything from the engine,
and the whole report. Both see the same hours before the alert, case by case in turns.

Without CASES it takes four made-up incidents, repeated; with folders as `evaluate` reads them, those.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import click

from benchmarks.machine import described
from benchmarks.replay import measured_engine
from evaluation.baselines import NOT_NUMBERS
from evaluation.cases import Case
from evaluation.predict import RECENT_STEPS, predict
from evaluation.run import read_folders
from worker.elastic import connect_elasticsearch
from worker.settings import Settings

HERE = Path(__file__).resolve().parents[1] / ".cache" / "baro"
OURS = "spiketrace"
PREFIX = "spiketrace-benchmark-baro"
LEAST_CASES = 20


class CannotBeHad(Exception):
    """BARO is not on this machine and could not be fetched; the text says why."""


@dataclass
class Measured:
    """Of one method: seconds of each case, and whether the faulty service was first, or among the first three."""

    seconds: list[float] = field(default_factory=list)
    first: list[bool] = field(default_factory=list)
    among_three: list[bool] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def add(self, seconds: float, ranking: list[str], truth: str | None) -> None:
        self.seconds.append(seconds)
        if truth:
            self.first.append(ranking[:1] == [truth])
            self.among_three.append(truth in ranking[:3])


def installed() -> Path:
    """Its interpreter. Raises CannotBeHad."""
    python = HERE / "bin" / "python"
    if not (HERE / ".installed").exists():
        click.echo("installing fse-baro into .cache/baro", err=True)
        try:
            subprocess.run([sys.executable, "-m", "venv", str(HERE)], check=True, capture_output=True)
            command = [str(HERE / "bin" / "pip"), "install", "--quiet", "fse-baro==0.2.2"]
            subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            shutil.rmtree(HERE, ignore_errors=True)
            raise CannotBeHad(f"fse-baro could not be installed: {error}") from error
        (HERE / ".installed").touch()
    return python


@contextmanager
def methods() -> Iterator[subprocess.Popen[str]]:
    """Raises CannotBeHad."""
    script = Path(__file__).with_name("baro_methods.py")
    command = [str(installed()), str(script)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def asked(process: subprocess.Popen[str], table: dict[str, Any]) -> dict[str, dict[str, Any]]:
    assert process.stdin
    assert process.stdout
    process.stdin.write(json.dumps(table) + "\n")
    process.stdin.flush()
    if not (line := process.stdout.readline()):
        raise click.ClickException("BARO's process has ended")
    answer: dict[str, dict[str, Any]] = json.loads(line)
    return answer


def table_of(case: Case) -> tuple[dict[str, Any], dict[str, str]]:
    """What BARO takes: a column for each metric of each service; and whose each column is."""
    since = case.alert.fired_at - timedelta(seconds=RECENT_STEPS * case.dataset.step_seconds)
    values: dict[str, dict[float, float]] = defaultdict(dict)
    owner: dict[str, str] = {}
    for document in case.documents("metrics"):
        moment = datetime.fromisoformat(document["@timestamp"])
        if not since <= moment < case.alert.fired_at:
            continue
        for name, value in document.items():
            if name not in NOT_NUMBERS and isinstance(value, int | float):
                # BARO finds latencies and errors by these words in a name.
                column = f"{document['service']}_{name}"
                owner[column] = document["service"]
                values[column][moment.timestamp()] = float(value)
    times = sorted({at for column in values.values() for at in column})
    columns = {name: [column.get(at) for at in times] for name, column in values.items()}
    return {"time": times, "columns": columns, "started_at": case.alert.started_at.timestamp()}, owner


def services(columns: list[str], owner: dict[str, str]) -> list[str]:
    return list(dict.fromkeys(owner[column] for column in columns))


def measure(cases: list[Case], url: str, process: subprocess.Popen[str] | None) -> dict[str, Measured]:
    found: dict[str, Measured] = defaultdict(Measured)
    with connect_elasticsearch(Settings(elasticsearch_url=url)) as client:
        predict(cases[0], client, PREFIX)
        for number, case in enumerate(cases, start=1):
            truth = case.truth.service if case.truth else None
            ours = predict(case, client, PREFIX)
            found[OURS].add(ours.seconds, ours.ranking, truth)
            table, owner = table_of(case)
            for name, answer in (asked(process, table) if process and table["time"] else {}).items():
                if reason := answer.get("error"):
                    found[name].failed.append(f"{case.id}: {reason}")
                else:
                    found[name].add(answer["seconds"], services(answer["ranks"], owner), truth)
            if number % 20 == 0:
                click.echo(f"{number} of {len(cases)} cases", err=True)
    return found


def say(found: dict[str, Measured]) -> None:
    ours = median(found[OURS].seconds)
    for name, one in found.items():
        seconds = median(one.seconds) if one.seconds else float("nan")
        shares = [sum(hits) / len(hits) if hits else float("nan") for hits in (one.first, one.among_three)]
        click.echo(
            f"{name if name == OURS else f'BARO, {name}'}: median {1000 * seconds:.0f} ms a case of {len(one.seconds)}"
            + ("" if name == OURS else f", ours {ours / seconds:.2g} times that")
            + f"; the faulty service first in {shares[0]:.0%}, among the first three in {shares[1]:.0%} of "
            f"{len(one.first)}" + (f"; {len(one.failed)} failed, such as {one.failed[0]}" if one.failed else "")
        )


@click.command()
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path, exists=True))
@click.option("--most", default=60, show_default=True, help="No more cases than these, of all folders evenly.")
@click.option("--version", help="A real Elasticsearch of that version (8.19.8, 9.5.0); needs Java and Maven.")
def main(folders: tuple[Path, ...], most: int, version: str | None) -> None:
    """Measure, and print. Exit code 1 when BARO cannot be had: then only ours is told."""
    with ExitStack() as stack:
        cases = read_folders(folders or [made_up(Path(stack.enter_context(tempfile.TemporaryDirectory())))])
        cases = cases[:: max(1, -(-len(cases) // most))]
        # A few are too few for a median.
        cases *= -(-LEAST_CASES // len(cases))
        url, _ = stack.enter_context(measured_engine(version))
        click.echo(f"{described()}; {f'Elasticsearch {version}' if version else 'the embedded engine'}")
        process = None
        try:
            process = stack.enter_context(methods())
        except CannotBeHad as reason:
            click.secho(f"NOT MEASURED: BARO. {reason}", fg="red", err=True)
        say(measure(cases, url, process))
    raise SystemExit(0 if process else 1)


def made_up(folder: Path) -> Path:
    # The tests know how to make one; nothing else needs it.
    from tests.evaluation.folders import shop  # noqa: PLC0415

    return shop(folder)


if __name__ == "__main__":
    main()
