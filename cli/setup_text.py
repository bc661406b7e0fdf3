"""What `spiketrace setup` says to people."""

from __future__ import annotations

import difflib
import json
import textwrap
from collections.abc import Iterable, Iterator
from itertools import groupby, takewhile
from typing import Any

import click

from kibana.setup.apply import Done, Outcome
from kibana.setup.compare import ABSENT, Change
from kibana.setup.connectors import warnings
from kibana.setup.plan import Action, Plan, Step
from kibana.setup.session import Setup
from kibana.setup.things import DIGEST
from worker.settings import Settings

WIDTH = 110
LONGEST_VALUE = 70
CONTEXT = 20
MOST_LINES = 20
VERBS = {Action.CREATE: "+ create", Action.UPDATE: "~ change", Action.CANNOT: "! cannot", Action.NOTHING: "  keep"}
TOLD = {Outcome.CREATED: "+", Outcome.UPDATED: "~", Outcome.FAILED: "!", Outcome.REMOVED: "-", Outcome.STAYS: "="}
INDENT = " " * 12


def print_plan(planned: Plan, *, api_key: str | None) -> None:
    for step in planned.steps:
        if step.writes or step.kept or step.action is Action.CANNOT:
            _print_step(step)
    if api_key:
        click.echo(f"  {'API key':27} {api_key}")
    _print_left_out((step.key.kind, step.name, step.reason) for step in planned.steps if _is_left_out(step))
    if planned.left_over:
        click.echo("\nFrom an earlier apply, and not wanted here any more (`spiketrace setup remove` takes it away):")
        names = {step.key: step.name for step in planned.steps}
        for key in planned.left_over:
            click.echo(f"  {key.kind} {names.get(key, key.id)}")
    click.echo(f"\n{_counts(planned)}")
    click.echo(_next_step(planned))


def _is_left_out(step: Step) -> bool:
    return step.action is Action.LEAVE_OUT


def print_deployment(deployment: Setup, settings: Settings) -> None:
    """Where it all goes, and which way alerts will come."""
    platform, wanted = deployment.platform, deployment.wanted
    click.echo(f"{platform.described}, at {deployment.url}, space {deployment.space}")
    _print_wrapped(f"Alerts reach SpikeTrace {wanted.way}.", "")
    if platform.may_make_rules is False:
        click.echo("Note: these credentials may not make rules: that takes `all` on Stack Rules.")
    for warning in warnings(settings, wanted.things):
        _print_wrapped(f"Note: {warning}.", "")
    click.echo()


def _print_wrapped(text: str, indent: str) -> None:
    click.echo(textwrap.fill(text, WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False))


def _print_step(step: Step) -> None:
    because = f"  ({step.reason})" if step.reason else ""
    click.echo(f"{VERBS[step.action]:8} {step.key.kind:15} {step.name}{because}")
    for field, lines in shown_changes(step.changes):
        _print_lines(f"{field}: ", lines)
    for change in step.kept:
        _print_lines(f"{change.field}: ", _kept(change))


def shown_changes(changes: Iterable[Change]) -> Iterator[tuple[str, list[str]]]:
    """Field by field; an action that comes or goes as a whole is one line, since all its fields would be noise."""
    for action, group in groupby(changes, key=_action_of):
        fields = list(group)
        if action and (verb := _comes_or_goes(fields)):
            yield f"actions.{action}", [verb]
        else:
            yield from ((change.field, difference(change.before, change.after)) for change in fields)


def _action_of(change: Change) -> str | None:
    return change.path[1] if change.path[0] == "actions" else None


def _comes_or_goes(fields: list[Change]) -> str | None:
    if not any(change.path[2:] == ("id",) for change in fields):
        return None
    if all(change.before is ABSENT for change in fields):
        return "is added"
    return "is taken away" if all(change.after is ABSENT for change in fields) else None


def _print_lines(start: str, lines: list[str]) -> None:
    if len(lines) == 1:
        click.echo(f"{INDENT}{start}{lines[0]}")
        return
    click.echo(f"{INDENT}{start.rstrip()}")
    for line in lines:
        click.echo(f"{INDENT}  {line}")


def _kept(change: Change) -> list[str]:
    if change.after is ABSENT:
        return [f"{shown(change.before)}, added in Kibana; stays"]
    lines = difference(change.after, change.before)
    if len(lines) == 1 and not _is_digest(change.before):
        return [f"{shown(change.before)}, changed in Kibana; stays. Ours is {shown(change.after)}"]
    return ["changed in Kibana; stays. From ours to what is there:", *lines]


def _print_left_out(items: Iterable[tuple[str, str, str | None]]) -> None:
    """Those that are left out for the same reason are told together."""
    by_reason = groupby(sorted(items, key=lambda item: item[2] or ""), key=lambda item: item[2])
    told = [(reason, list(group)) for reason, group in by_reason]
    if told:
        click.echo("\nLeft out:")
    for reason, group in told:
        _print_wrapped(_named(group), "  ")
        _print_wrapped(f"{(reason or '').rstrip('.')}.", "      ")


def _named(group: list[tuple[str, str, str | None]]) -> str:
    kinds = groupby(group, key=lambda item: item[0])
    return "; ".join(f"{kind} {', '.join(name for _, name, _ in items)}" for kind, items in kinds)


def _counts(planned: Plan) -> str:
    counts = [
        f"{planned.count(Action.CREATE)} to create",
        f"{planned.count(Action.UPDATE)} to change",
        f"{planned.count(Action.NOTHING)} as they should be",
    ]
    if planned.kept:
        counts.append(f"{len(planned.kept)} of them with changes made in Kibana")
    if cannot := planned.count(Action.CANNOT):
        counts.append(f"{cannot} that these credentials may not touch")
    return f"{', '.join(counts)}; {planned.count(Action.LEAVE_OUT)} left out."


def _next_step(planned: Plan) -> str:
    if planned.pending:
        return "Nothing was changed. `spiketrace setup apply` does it."
    if planned.kept:
        return (
            "There is nothing to do. `--take ours` would write over what was changed in Kibana, `--take theirs` agrees."
        )
    return "There is nothing to do."


def print_done(item: Done, *, dry_run: bool = False) -> None:
    """A line of progress; nothing about what is as it should be, or left out: that comes at the end."""
    if item.outcome not in TOLD:
        return
    reason = f": {item.reason}" if item.reason else ""
    outcome = f"would be {item.outcome}" if dry_run and item.outcome is Outcome.REMOVED else item.outcome
    click.echo(f"{TOLD[item.outcome]} {outcome:9} {item.step.key.kind:15} {item.step.name}{reason}")


def print_result(done: list[Done], *, api_key: str | None) -> None:
    for item in done:
        stays = item.reason if item.outcome is Outcome.UNCHANGED else None
        if item.step.kept or stays:
            click.echo(f"  kept      {item.step.key.kind:15} {item.step.name}{f': {stays}' if stays else ''}")
            for change in item.step.kept:
                _print_lines(f"{change.field}: ", _kept(change))
    if api_key:
        click.echo(f"  {'API key':25} {api_key}")
    left_out = [item for item in done if item.outcome is Outcome.LEFT_OUT]
    _print_left_out((item.step.key.kind, item.step.name, item.reason) for item in left_out)
    counts = [f"{count} {outcome}" for outcome in Outcome if (count := _count(done, outcome))]
    click.echo(f"\n{', '.join(counts)}.")
    if _count(done, Outcome.FAILED):
        click.echo("See what failed, mend it, then run `spiketrace setup apply` again: it goes on from there.")


def print_removal(done: list[Done], *, had_key: bool, dry_run: bool) -> None:
    if had_key:
        click.echo(
            f"- {'would be taken back' if dry_run else 'taken back'}: the worker's API key; its file is of no use"
        )
    removed, failed = _count(done, Outcome.REMOVED), _count(done, Outcome.FAILED)
    if not done:
        click.echo("Set-up made nothing in this space, or it was removed already.")
    elif dry_run:
        click.echo(f"\n{removed} would be removed. Nothing was changed.")
    else:
        click.echo(f"\n{removed} removed. The indices spiketrace-* and their documents are still there.")
    if failed:
        click.echo(f"{failed} could not be removed: see above, then run `spiketrace setup remove` again.")


def _count(done: list[Done], outcome: Outcome) -> int:
    return sum(item.outcome is outcome for item in done)


def describe_change(change: Change) -> dict[str, Any]:
    """For programs: a side that is absent has no key."""
    sides = {"before": change.before, "after": change.after}
    return {"field": change.field} | {name: value for name, value in sides.items() if value is not ABSENT}


def shown(value: Any) -> str:
    if value is ABSENT:
        return "(nothing)"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def difference(before: Any, after: Any) -> list[str]:
    """The lines that tell one from the other: whole values when they are short, else where they differ."""
    left, right = shown(before), shown(after)
    if _is_digest(before) and _is_digest(after):
        return ["another value"]
    if "\n" in left + right:
        return _diff_lines(left, right)
    if len(left) <= LONGEST_VALUE and len(right) <= LONGEST_VALUE:
        return [f"{left} → {right}"]
    return list(_where_they_differ(left, right))


def _is_digest(value: Any) -> bool:
    """Of what is too long, or of a form that only Kibana takes apart."""
    return isinstance(value, str) and value.startswith(DIGEST)


def _diff_lines(left: str, right: str) -> list[str]:
    lines = list(difflib.unified_diff(left.splitlines(), right.splitlines(), lineterm="", n=1))[2:]
    return lines if len(lines) <= MOST_LINES else [*lines[:MOST_LINES], f"… {len(lines) - MOST_LINES} lines more"]


def _where_they_differ(left: str, right: str) -> Iterator[str]:
    start = max(0, _alike(left, right) - CONTEXT)
    end = max(0, _alike(left[start:][::-1], right[start:][::-1]) - CONTEXT)
    yield _cut(left, start, end)
    yield f"→ {_cut(right, start, end)}"


def _alike(left: str, right: str) -> int:
    """How many characters at the beginning are the same."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(left, right, strict=False)))


def _cut(text: str, start: int, end: int) -> str:
    piece = text[start : len(text) - end]
    if len(piece) > 2 * LONGEST_VALUE:
        piece = f"{piece[: 2 * LONGEST_VALUE]}…"
    return f"{'…' if start else ''}{piece}{'…' if end else ''}"
