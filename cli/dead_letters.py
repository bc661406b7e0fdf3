"""`spiketrace dead-letters`: what was given up, and another chance for it."""

from __future__ import annotations

import click

from cli.options import as_json, print_json
from tasks.queue import CeleryQueue
from worker.bootstrap import Stores, connect
from worker.dead_letters import NotRequeued, requeue
from worker.ports import DeadLetter
from worker.settings import load_settings


@click.group(short_help="See what could not be investigated.")
def dead_letters() -> None:
    """What could not be read, investigated or delivered, each with its reason.

    \b
    Examples:
      spiketrace dead-letters list
      spiketrace dead-letters show investigation:0c1f…
      spiketrace dead-letters requeue investigation:0c1f…
    """


@dead_letters.command("list")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="The newest so many.")
@as_json
def list_letters(limit: int, as_json: bool) -> None:
    """The newest dead letters, with the reason each died of."""
    stores = connect(load_settings())
    with stores.client:
        letters = stores.dead_letters.newest(limit)
    if as_json:
        print_json([letter.model_dump(mode="json", exclude={"payload"}) for letter in letters])
        return
    for letter in letters:
        click.echo(f"{letter.at:%Y-%m-%d %H:%M:%S}  {letter.letter_id}\n    {letter.reason}")
    if not letters:
        click.echo("There are none.")


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
    click.echo(f"id       {letter.letter_id}\nalert    {letter.alert_id}\nwritten  {letter.at:%Y-%m-%d %H:%M:%S} UTC")
    click.echo(f"reason   {letter.reason}\n\n{letter.payload}")


@dead_letters.command("requeue")
@click.argument("letter_ids", metavar="ID...", nargs=-1, required=True)
@as_json
def requeue_letters(letter_ids: tuple[str, ...], as_json: bool) -> None:
    """Try again, once the reason is seen to: the letter goes, and comes back if it fails again."""
    settings = load_settings()
    stores, queue = connect(settings), CeleryQueue(settings)
    with stores.client:
        failed = {letter_id: reason for letter_id in letter_ids if (reason := _requeue(letter_id, stores, queue))}
    requeued = [letter_id for letter_id in letter_ids if letter_id not in failed]
    if as_json:
        print_json({"requeued": requeued, "failed": [{"letter_id": key, "reason": failed[key]} for key in failed]})
    else:
        click.echo(f"{len(requeued)} requeued")
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
