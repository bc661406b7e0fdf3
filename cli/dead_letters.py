"""`spiketrace dead-letters`: what was given up, and another chance for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import click

from cli.audit import record
from cli.options import as_json, print_json
from cli.replay_text import When
from tasks.queue import CeleryQueue
from worker.bootstrap import Stores, connect
from worker.dead_letters import LetterChoice, NotRequeued, loss, requeue
from worker.domain.text import one_line, reveal
from worker.errors import ConfigurationError
from worker.ports import DeadLetter
from worker.settings import load_settings

# As many as Elasticsearch gives at once.
MOST = 10_000
EXCERPT = 100
DONE = {"requeued": "dead-letter-requeue", "dropped": "dead-letter-drop"}


def chosen_by(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that choose letters."""
    for option in (
        click.option("--reason", help="Whose reason holds these words, in any case."),
        click.option("--kind", help="Of this kind: investigation, delivery, delivery-jira, alert, invalid."),
        click.option("--since", type=When(), help="Written from then on: 2026-10-01, 2026-10-01T09:30Z, 30d, 12h."),
    ):
        command = option(command)
    return command


@click.group(short_help="See what could not be investigated.")
def dead_letters() -> None:
    """What could not be read, investigated or delivered, each with its reason and what it was.

    \b
    Examples:
      spiketrace dead-letters list
      spiketrace dead-letters list --since 24h --kind delivery --reason 401
      spiketrace dead-letters show investigation:0c1f…
      spiketrace dead-letters requeue investigation:0c1f…
      spiketrace dead-letters requeue --kind delivery-jira
      spiketrace dead-letters drop --kind invalid --since 30d
    """


@dead_letters.command("list")
@chosen_by
@click.option("--limit", type=click.IntRange(1, MOST), default=50, show_default=True, help="The newest so many.")
@as_json
def list_letters(since: datetime | None, kind: str | None, reason: str | None, limit: int, as_json: bool) -> None:
    """The newest dead letters, with the reason each died of and the beginning of what it holds."""
    stores, choice = connect(load_settings()), LetterChoice(since, kind, reason)
    with stores.client:
        letters, is_all = _fitting(stores, choice), choice.is_empty
    if as_json:
        print_json([letter.model_dump(mode="json") for letter in letters[:limit]])
        return
    for letter in letters[:limit]:
        click.echo(f"{letter.at:%Y-%m-%d %H:%M:%S}  {one_line(letter.letter_id)}\n    {one_line(letter.reason)}")
        if letter.payload:
            click.echo(f"    {_excerpt(letter.payload)}")
    if not letters:
        click.echo("There are none." if is_all else "None fits: `spiketrace dead-letters list` shows all.")
    elif len(letters) > limit:
        click.echo(f"and {len(letters) - limit} more (--limit)")


@dead_letters.command()
@click.argument("letter_id", metavar="ID")
@as_json
def show(letter_id: str, as_json: bool) -> None:
    """One dead letter with what it holds."""
    stores = connect(load_settings())
    with stores.client:
        letter = _found(stores.dead_letters.get(letter_id), letter_id)
    if as_json:
        print_json(letter.model_dump(mode="json"))
        return
    click.echo(f"id       {one_line(letter.letter_id)}\nalert    {one_line(letter.alert_id)}")
    click.echo(
        f"written  {letter.at:%Y-%m-%d %H:%M:%S} UTC\nreason   {one_line(letter.reason)}\n\n{reveal(letter.payload)}"
    )


@dead_letters.command("requeue")
@click.argument("letter_ids", metavar="[ID...]", nargs=-1)
@chosen_by
@click.option("--all", "is_all", is_flag=True, help="All there are.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
def requeue_letters(letter_ids: tuple[str, ...], is_all: bool, yes: bool, as_json: bool, **by: Any) -> None:
    """Try again, once the reason is seen to: the letter goes, and comes back if it fails again.

    Names letters, or chooses them by --since, --kind, --reason or --all; then it asks before it does anything.
    """
    settings = load_settings()
    stores, queue = connect(settings), CeleryQueue(settings)
    with stores.client:
        ids = _wanted(stores, letter_ids, LetterChoice(**by), is_all=is_all)
        if not letter_ids:
            _ask(f"Requeue {_counted(ids)}?", ids, yes=yes, as_json=as_json)
        failed = {letter_id: reason for letter_id in ids if (reason := _requeue(letter_id, stores, queue))}
    _tell("requeued", [letter_id for letter_id in ids if letter_id not in failed], failed, as_json=as_json)


@dead_letters.command()
@click.argument("letter_ids", metavar="[ID...]", nargs=-1)
@chosen_by
@click.option("--all", "is_all", is_flag=True, help="All there are.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
def drop(letter_ids: tuple[str, ...], is_all: bool, yes: bool, as_json: bool, **by: Any) -> None:
    """Delete letters that nobody needs any more. Says what is lost with them, and asks."""
    stores = connect(load_settings())
    with stores.client:
        ids = _wanted(stores, letter_ids, LetterChoice(**by), is_all=is_all)
        there = [letter_id for letter_id in ids if stores.dead_letters.get(letter_id)] if letter_ids else ids
        for kind in sorted({_kind(letter_id) for letter_id in there}) if not as_json else ():
            click.echo(f"{kind}: {loss(kind)}")
        _ask(f"Drop {_counted(there)}?", there, yes=yes, as_json=as_json)
        dropped = stores.dead_letters.remove_all(there)
    missing = {letter_id: f"there is no dead letter {letter_id}" for letter_id in ids if letter_id not in dropped}
    _tell("dropped", dropped, missing, as_json=as_json)


def _wanted(stores: Stores, letter_ids: Sequence[str], choice: LetterChoice, *, is_all: bool) -> list[str]:
    """The letters that are named or chosen. Raises ConfigurationError for both at once, and for none."""
    if letter_ids and (is_all or not choice.is_empty):
        raise ConfigurationError("name letters or choose them, not both")
    if letter_ids:
        return list(dict.fromkeys(letter_ids))
    if choice.is_empty and not is_all:
        raise ConfigurationError("say which: their ids, or --since, --kind, --reason, or --all")
    return [letter.letter_id for letter in _fitting(stores, choice)]


def _fitting(stores: Stores, choice: LetterChoice) -> list[DeadLetter]:
    return [letter for letter in stores.dead_letters.newest(MOST, since=choice.since) if choice.fits(letter)]


def _ask(question: str, ids: Sequence[str], *, yes: bool, as_json: bool) -> None:
    """Raises ConfigurationError where nobody could answer."""
    if yes or not ids:
        return
    if as_json:
        raise ConfigurationError("--json asks nothing: give --yes")
    click.confirm(question, abort=True)


def _counted(ids: Sequence[str]) -> str:
    kinds = Counter(map(_kind, ids))
    letters = "dead letter" if len(ids) == 1 else "dead letters"
    return f"{len(ids)} {letters} ({', '.join(f'{count} {kind}' for kind, count in sorted(kinds.items()))})"


def _kind(letter_id: str) -> str:
    """Of a letter by its id, which begins with it."""
    return letter_id.partition(":")[0]


def _tell(what: str, done: Sequence[str], failed: dict[str, str], *, as_json: bool) -> None:
    for letter_id in done:
        record(DONE[what], on=letter_id)
    if as_json:
        print_json({what: list(done), "failed": [{"letter_id": key, "reason": failed[key]} for key in failed]})
    else:
        click.echo(f"{len(done)} {what}")
        for reason in failed.values():
            click.echo(reason, err=True)
    if failed:
        raise click.exceptions.Exit(1)


def _requeue(letter_id: str, stores: Stores, queue: CeleryQueue) -> str | None:
    """Why it was not requeued; None if it was."""
    try:
        letter = _found(stores.dead_letters.get(letter_id), letter_id)
        requeue(letter, alerts=stores.alerts, incidents=stores.incidents, letters=stores.dead_letters, queue=queue)
    except NotRequeued as error:
        return error.reason
    return None


def _found(letter: DeadLetter | None, letter_id: str) -> DeadLetter:
    if letter is None:
        raise NotRequeued(f"there is no dead letter {letter_id}")
    return letter


def _excerpt(payload: str) -> str:
    line = one_line(payload)
    return line if len(line) <= EXCERPT else f"{line[: EXCERPT - 1]}…"
