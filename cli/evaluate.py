"""`spiketrace evaluate`: labelled incidents through the real pipeline, and how often the cause came first."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from cli.options import as_json, print_json
from evaluation.run import Evaluated, document, read_folders
from evaluation.run import evaluate as run_all
from worker.settings import Settings, load_settings

# Figures of a group, and their headings.
SHOWN = {
    "top_1": "top 1",
    "top_3": "top 3",
    "reciprocal_rank": "MRR",
    "not_blamed": "quiet kept",
    "balanced_accuracy": "balanced",
    "deployment_right": "release",
    "calibration_error": "ECE",
}
# Where no terminal says how wide it is.
WIDE = 120


@click.command(short_help="Labelled incidents through the real pipeline, scored.")
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write predictions and scores here.")
@click.option("--jobs", type=click.IntRange(1, 64), help="Cases at a time; as many as there are processors, at most 2.")
@click.option("--elasticsearch-url", help="An Elasticsearch to load them into; otherwise embedded engines are started.")
@as_json
def evaluate(
    folders: Sequence[Path], output: Path | None, jobs: int | None, elasticsearch_url: str | None, as_json: bool
) -> None:
    """Load every labelled incident of FOLDERS, send its alert, and compare the report with the truth.

    A folder holds dataset.json, cases.json, telemetry, and truth.json unless it is only to be predicted; other files
    and folders are passed over. Nothing later than an alert's fired_at is read. The indices are called
    spiketrace-evaluation-* and are deleted again. docs/accuracy.md tells the format and what the figures mean.

    \b
    Examples:
      spiketrace evaluate cases/* --output result.json
      spiketrace evaluate my-incidents --elasticsearch-url http://127.0.0.1:9200 --json | jq .summary

    Exit code 1 when a case could not be evaluated; its reason is in the output.
    """
    cases = read_folders(folders)
    with _engines(elasticsearch_url, jobs or min(2, os.cpu_count() or 1)) as settings, _progress(len(cases)) as told:
        evaluated = run_all(cases, settings, told)
    found = document(evaluated)
    if output:
        output.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if as_json:
        print_json(found)
    else:
        _show(found["summary"])
    _fail_for(evaluated)


@contextmanager
def _engines(url: str | None, jobs: int) -> Iterator[list[Settings]]:
    """Settings of one engine for each job: the given one for all, or embedded ones that end with this process."""
    if url:
        yield [load_settings().model_copy(update={"elasticsearch_url": url.rstrip("/")})] * jobs
        return
    # An extra, loaded only where it is asked for.
    from demo.extra import require_embedded  # noqa: PLC0415

    require_embedded("spiketrace evaluate without --elasticsearch-url")
    from demo.engines import running_search  # noqa: PLC0415

    with ExitStack() as stack:
        urls = [stack.enter_context(running_search()) for _ in range(jobs)]
        yield [Settings(elasticsearch_url=url) for url in urls]


@contextmanager
def _progress(total: int) -> Iterator[Any]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("investigating", total=total)
        yield lambda case_id: bar.update(task, advance=1, description=case_id[:48])


def _show(summary: Mapping[str, Any]) -> None:
    console = Console(width=None if sys.stdout.isatty() else WIDE)
    for by in ("system", "fault"):
        groups = summary["scores"].get(by)
        if groups:
            console.print(_table(by, groups))
    if summary["baselines"]:
        console.print(_baseline_table(summary["baselines"]))
    click.echo(f"{summary['cases']} cases, {len(summary['failed'])} failed")


def _table(by: str, groups: Mapping[str, Mapping[str, Any]]) -> Table:
    table = Table(Column(by, overflow="fold"), "faults", "quiet", *SHOWN.values(), "s", box=box.SIMPLE_HEAD)
    for name, figures in groups.items():
        table.add_row(
            name,
            str(figures["faults"]),
            str(figures["quiet"]),
            *(_figure(figures[one]) for one in SHOWN),
            _figure(figures["seconds"]),
        )
    return table


def _baseline_table(baselines: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> Table:
    table = Table("trivial methods, top 1 / top 3", "random", "z-score", "robust scorer", box=box.SIMPLE_HEAD)
    for system, methods in baselines.items():
        cells = [" / ".join(_figure(found[name]) for name in ("top_1", "top_3")) for found in methods.values()]
        table.add_row(system, *cells)
    return table


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _fail_for(evaluated: Evaluated) -> None:
    for failure in evaluated.failures:
        click.echo(f"spiketrace: case {failure.case_id} was not evaluated: {failure.reason}", err=True)
    if evaluated.failures:
        raise click.exceptions.Exit(1)
