"""python -m evaluation.redaction: what is redacted of a labelled corpus, and of ordinary text."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from typing import TextIO

import click
from rich.console import Console
from rich.table import Table

from evaluation.redaction.corpus import SEED, beyond, labelled
from evaluation.redaction.measure import Recall, changed, leaks, recall
from evaluation.redaction.ordinary import ORDINARY
from worker.domain.redaction.redact import redact


@click.command()
@click.option("--seed", default=SEED, show_default=True, help="Of the secrets that are made up.")
@click.option(
    "--lines",
    type=click.File(encoding="utf-8", errors="replace"),
    help="Your own log lines, one a line; - reads stdin.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(seed: int, lines: TextIO | None, *, as_json: bool) -> None:
    """Measure redaction: the share of made-up secrets of which nothing is left, by kind, and ordinary text that is hit.

    With --lines it prints instead which of your lines would be told otherwise, and as what. Exits with 1 where a
    secret of the corpus is left or ordinary text is hit.
    """
    if lines:
        _tell_lines(lines, as_json=as_json)
        return
    rows, hit = recall(labelled(seed)), changed(ORDINARY)
    about = f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, seed {seed}"
    if as_json:
        recalled = [row._asdict() for row in rows]
        told = {"about": about, "recall": recalled, "ordinary": len(ORDINARY), "hit": hit, "beyond": _left(seed)}
        click.echo(json.dumps(told))
    else:
        _print(rows, hit, about)
        click.echo(f"Not claimed, and left as it is: {', '.join(_left(seed))}.")
    sys.exit(1 if hit or any(row.missed for row in rows) else 0)


def _left(seed: int) -> list[str]:
    told = [(one, redact(one.text)) for one in beyond(seed)]
    return [one.form for one, text in told if text == one.text or leaks(one.secret, text)]


def _tell_lines(lines: TextIO, *, as_json: bool) -> None:
    texts = [line.rstrip("\n") for line in lines]
    found = [redacted for _, redacted in changed(texts)]
    if as_json:
        click.echo(json.dumps({"lines": len(texts), "redacted": found}))
        return
    for redacted in found:
        click.echo(redacted)
    click.echo(f"{len(found)} of {len(texts)} lines hold something that is redacted.", err=True)


def _print(rows: list[Recall], hit: list[tuple[str, str]], about: str) -> None:
    table = Table(title="Secrets of which nothing is left", caption=about)
    table.add_column("kind")
    for title in ("texts", "redacted"):
        table.add_column(title, justify="right")
    table.add_column("missed where")
    for row in rows:
        table.add_row(row.kind, str(row.texts), str(row.redacted), ", ".join(row.missed))
    table.add_section()
    table.add_row("all", str(sum(row.texts for row in rows)), str(sum(row.redacted for row in rows)), "")
    console = Console(width=100)
    console.print(table)
    console.print(f"Ordinary text: {len(ORDINARY)} names and lines, {len(hit)} of them hit.")
    for text, redacted in hit:
        console.print(f"  {text!r} → {redacted!r}", markup=False, highlight=False)


if __name__ == "__main__":
    main()
