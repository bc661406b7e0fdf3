"""What `spiketrace replay` says to people, and the times it understands."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from worker.domain.text import one_line
from worker.replay.life import unfinished
from worker.replay.model import Difference, ItemState, Planned, Replay, ReplayState
from worker.replay.ports import ReplayStore
from worker.replay.preview import Preview
from worker.replay.reasons import Why
from worker.replay.summary import Summary, alerts_in_words
from worker.replay.when import when

EXIT_INTERRUPTED = 130
POLL_SECONDS = 1.0
STANDSTILL_SECONDS = 30.0
SHOWN = 20
LONGEST_CELL = 60
SEE_WHICH = "see which alerts there are: spiketrace replay --since 30d --dry-run"
# Where no terminal says how wide it is.
WIDE = 120

# How many are done, and of how many, if that is known.
Told = Callable[[int, int | None], None]


class When(click.ParamType[datetime]):
    """An ISO 8601 time, or how long ago: 30d, 12h, 45m."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            return when(value, datetime.now(UTC))
        except ValueError:
            self.fail(f"{value!r} is neither a time such as 2026-10-01T09:30Z nor a span such as 30d", param, ctx)


@contextmanager
def progress(doing: str, total: int | None = None) -> Iterator[Told]:
    """On standard error: a bar where that is a terminal, gone afterwards; else a line for each tenth."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _in_lines(doing)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(doing, total=total)
        yield lambda done, of: bar.update(task, completed=done, total=of)


def _in_lines(doing: str) -> Told:
    last = -1

    def told(done: int, of: int | None) -> None:
        nonlocal last
        if of and (tenth := done * 10 // of) > last:
            last = tenth
            click.echo(f"{doing}: {done} of {of}", err=True)

    return told


def watched(replay_id: str, store: ReplayStore) -> None:
    """Returns when it is over. Ctrl-C leaves it running and says how to follow it."""
    try:
        with progress("replaying") as told:
            _watch(replay_id, store, told)
    except KeyboardInterrupt:
        click.echo(
            f"It goes on without you: spiketrace replay status {replay_id}, or pause or cancel it likewise.", err=True
        )
        raise click.exceptions.Exit(EXIT_INTERRUPTED) from None


def _watch(replay_id: str, store: ReplayStore, told: Told) -> None:
    done, moved_at, has_warned = -1, time.monotonic(), False
    while (replay := store.get(replay_id)) and not replay.is_over:
        now_done = replay.alerts - unfinished(store.tally(replay_id))
        if now_done != done:
            done, moved_at = now_done, time.monotonic()
        elif not has_warned and time.monotonic() - moved_at > STANDSTILL_SECONDS:
            has_warned = True
            click.echo(_standstill(replay), err=True)
        told(done, replay.alerts)
        time.sleep(POLL_SECONDS)


def _standstill(replay: Replay) -> str:
    return (
        f"Nothing has moved for {STANDSTILL_SECONDS:.0f} s; the replay is {replay.state.value}. Live alerts go first, "
        "and an older replay; else see whether `spiketrace worker` and `spiketrace beat` run."
    )


def show_choice(found: Preview) -> None:
    """What would run: how many, of which rules, and the first of them."""
    chosen = found.chosen
    would = f"{alerts_in_words(len(chosen))} would be replayed, {found.without_report} without a report so far"
    click.echo(f"{would}. Nothing was run.")
    for (rule_id, name), number in Counter((one.alert.rule.id, one.alert.rule.name) for one in chosen).most_common():
        click.echo(f"  {number:>6}  " + one_line(f"{rule_id} ({name})" if name else rule_id))
    if chosen:
        _console().print(_chosen(chosen[:SHOWN]))
    else:
        click.echo(SEE_WHICH[0].upper() + SEE_WHICH[1:])
    if len(chosen) > SHOWN:
        click.echo(f"and {len(chosen) - SHOWN} more (--json lists them)")
    if found.unknown:
        click.echo(unknown_in_words(found.unknown))


def _chosen(shown: Sequence[Planned]) -> Table:
    """Ids in full, since they are what --rule and --id take."""
    whole = partial(Column, overflow="fold")
    table = Table("date", whole("rule"), whole("group"), Column("alert", no_wrap=True), "report", box=box.SIMPLE_HEAD)
    for one in shown:
        alert = one.alert
        date, group = f"{alert.date:%Y-%m-%d %H:%M}", alert.group or alert.instance
        table.add_row(date, one_line(alert.rule.id), one_line(group), one.alert_id, "yes" if one.original else "no")
    return table


def unknown_in_words(unknown: Sequence[str]) -> str:
    listed = ", ".join(map(one_line, unknown[:SHOWN])) + (" …" if len(unknown) > SHOWN else "")
    return f"no alert is recorded under {'this id' if len(unknown) == 1 else f'these {len(unknown)} ids'}: {listed}"


def show_summary(replay: Replay, found: Summary) -> None:
    counted = ", ".join(f"{found.tally[state]} {state.value}" for state in ItemState if found.tally[state])
    click.echo(f"{replay.replay_id} is {replay.state.value}. {alerts_in_words(found.alerts)}: {counted or 'none'}")
    if replay.state is ReplayState.RUNNING and replay.manner.driver == "here":
        click.echo(f"It runs in the process that began it. {_if_gone(replay)}")
    if replay.reason:
        click.echo(f"Reason: {replay.reason}")
    if found.changed:
        _show_what_differs(found)
    if found.unknown:
        click.echo(f"Not replayed: {unknown_in_words(found.unknown)}")
    if found.accuracy.labelled:
        one = found.accuracy
        click.echo(f"Right: {one.before} before, {one.after} now, of {one.labelled} alerts with a label")
    for item in found.failed[:SHOWN]:
        click.echo(f"Failed: {item.alert_id}: {one_line(item.reason or '')}")
    if worse := found.worse_in_words():
        click.echo(f"Worse than before: {worse}")


def _show_what_differs(found: Summary) -> None:
    click.echo("Differs in " + ", ".join(f"{name} ({number})" for name, number in found.changed.most_common(8)))
    _console().print(_differences(found))
    for reason, number in found.why.most_common():
        click.echo(f"Why: {Why(reason).in_words} ({alerts_in_words(number)})")


def _if_gone(replay: Replay) -> str:
    return f"If that is gone, the workers take over: spiketrace replay resume {replay.replay_id}"


def _differences(found: Summary) -> Table:
    """Of each alert its weightiest field."""
    table = Table("alert", "field", Column("before", overflow="fold"), Column("after", overflow="fold"), "and")
    table.box = box.SIMPLE_HEAD
    for item in found.different[:SHOWN]:
        first, others = item.differences[0], len(item.differences) - 1
        table.add_row(item.alert_id, first.field, *_cells(first), f"{others} more" if others else "")
    return table


def _cells(one: Difference) -> tuple[str, str]:
    before, after = ("–" if value is None else one_line(str(value)) for value in (one.before, one.after))
    return before[:LONGEST_CELL], after[:LONGEST_CELL]


def _console() -> Console:
    return Console(width=None if sys.stdout.isatty() else WIDE, markup=False, highlight=False)
