"""python -m evaluation.grounding: lies that pass unmarked, and true claims that are kept."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from evaluation.grounding.lies import LIES, TRUE
from evaluation.grounding.measure import Kept, kept_of, lying, read, seen, shipped, told, true, unmarked
from worker.agent.grounding.report.facts import known_of
from worker.agent.grounding.report.known import Known

LEAST_KEPT = 0.95


@click.command()
@click.argument("reports", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--every", default=1, show_default=True, help="Of reports, and of each batch, only one in so many.")
def main(reports: tuple[Path, ...], *, as_json: bool, every: int) -> None:
    """Measure grounding on lies and on true text about real reports of the tests' shop.

    REPORTS are your own, as `spiketrace investigate --json` prints them: then only their own text is measured. Exits
    with 1 where a lie of the list passes unmarked, or less than 95 % of the true claims are kept.
    """
    own = {path.stem: known_of(read(path)) for path in reports} or shipped()
    kept = [kept_of(name, known) for name, known in [*own.items()][::every]]
    figures = _figures(kept) if reports else {**_figures(kept), **_of_lies(own, every)}
    if as_json:
        click.echo(json.dumps(figures))
    else:
        _print(figures, kept)
    sys.exit(1 if figures.get("unmarked") or figures["share"] < LEAST_KEPT else 0)


def _figures(kept: list[Kept]) -> dict[str, Any]:
    claims, held = sum(one.claims for one in kept), sum(one.kept for one in kept)
    return {
        "about": f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores",
        "reports": len(kept),
        "claims": claims,
        "kept": held,
        "share": held / claims if claims else 1.0,
    }


def _of_lies(reports: dict[str, Known], every: int) -> dict[str, Any]:
    kept = [found for _, found in told(TRUE, reports)]
    return {
        "lies": len(LIES),
        "unmarked": [f"{lie.kind}: {lie.text}" for lie in unmarked(LIES, reports)],
        "true_claims": sum(one.claims_checked for one in kept),
        "true_kept": sum(one.claims_kept for one in kept),
        "lying_batches": [one._asdict() for one in lying(reports, every)],
        "true_batches": [one._asdict() for one in true(reports, every)],
        "mutations": [one._asdict() for one in seen(reports)],
    }


def _print(figures: dict[str, Any], kept: list[Kept]) -> None:
    console = Console(width=100)
    table = Table(title="The template's own text", caption=figures["about"])
    table.add_column("report")
    for title in ("claims", "kept"):
        table.add_column(title, justify="right")
    for one in kept:
        table.add_row(one.report, str(one.claims), str(one.kept))
    table.add_section()
    table.add_row("all", str(figures["claims"]), f"{figures['kept']} ({100 * figures['share']:.1f} %)")
    console.print(table)
    if "lies" in figures:
        _print_lies(figures, console)


def _print_lies(figures: dict[str, Any], console: Console) -> None:
    table = Table(title="True sentences, changed in one place")
    table.add_column("what was changed")
    for title in ("texts", "marked or removed"):
        table.add_column(title, justify="right")
    for one in figures["mutations"]:
        table.add_row(one["kind"], str(one["texts"]), str(one["seen"]))
    console.print(table)
    console.print(f"Lies: {figures['lies']}, of which {len(figures['unmarked'])} pass unmarked.")
    console.print(f"Other true sentences: {figures['true_kept']} of {figures['true_claims']} claims kept.")
    for text in figures["unmarked"]:
        console.print(f"  {text}", markup=False, highlight=False)
    _print_batches(figures, console)


def _print_batches(figures: dict[str, Any], console: Console) -> None:
    table = Table(title="Texts written blind", caption="*: no rule was changed for it")
    for title in ("batch", "sentences", "pass unmarked", "claims kept", "kept or marked", "whole"):
        table.add_column(title, justify="left" if title == "batch" else "right")
    for one in figures["lying_batches"]:
        table.add_row(_name(one), str(one["texts"]), str(len(one["unmarked"])), "", "", "")
    for one in figures["true_batches"]:
        kept, stays = one["kept"] / one["claims"], (one["kept"] + one["marked"]) / one["claims"]
        whole = one["sentences"] - len(one["doubted"])
        told = f"{one['kept']} of {one['claims']} ({kept:.0%})"
        table.add_row(_name(one), str(one["sentences"]), "", told, f"{stays:.0%}", str(whole))
    console.print(table)
    for one in [*figures["lying_batches"], *figures["true_batches"]]:
        for text in (*one.get("unmarked", ()), *one.get("doubted", ())):
            console.print(f"  {one['name']}: {text}", markup=False, highlight=False)


def _name(one: dict[str, Any]) -> str:
    return f"{one['name']}{'*' if one['unseen'] else ''}"


if __name__ == "__main__":
    main()
