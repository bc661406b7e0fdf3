"""`spiketrace ask`: a question in plain words, answered here and now."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from functools import partial
from typing import Any

import click

from cli.answer_text import tell_answer, tell_step, tell_waiting
from cli.options import Time, as_json, print_json
from worker.answering.answer import Answer, Offer, told
from worker.answering.yes import Taken, TicketDesk, take_up
from worker.answering.zones import zone_named
from worker.assembly import open_answerer, open_answering
from worker.bootstrap import Stores, announcing, connect
from worker.delivery.configured import destinations
from worker.errors import InvalidAlert
from worker.policy import load_policy
from worker.settings import Settings, load_settings

EXIT_NOT_UNDERSTOOD = 3
EXIT_NO_TICKET = 4
SOMEBODY = "someone, on the command line"
POLL_SECONDS = 0.5
WAIT_SECONDS = 120.0


class ZoneName(click.ParamType[str]):
    """A time zone by any of the names that questions understand."""

    name = "zone"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if zone_named(str(value)) is None:
            self.fail(f"{value!r} is no time zone such as Europe/Berlin, UTC or +02:00", param, ctx)
        return str(value)


@click.command(short_help="Ask a question in plain words.")
@click.argument("words", nargs=-1, required=True, metavar="QUESTION...")
@click.option(
    "--timezone",
    "zone",
    type=ZoneName(),
    default="UTC",
    show_default=True,
    help='Whose "yesterday": Europe/Berlin, +02:00.',
)
@click.option("--at", "at", type=Time(), help="As if it were asked then; nothing later is looked at. Now by default.")
@click.option("--yes/--no", "agreed", default=None, help="The answer to the offer of a ticket; asked on a terminal.")
@as_json
def ask(words: tuple[str, ...], zone: str, at: datetime | None, agreed: bool | None, as_json: bool) -> None:
    """Answer QUESTION from the telemetry, the reports and the incidents that are there.

    Emissions (why, how much, who most), what goes wrong with a service, incidents, errors, deployments and reports,
    with a service, a region and a time: docs/questions.md has the grammar. No language model is needed. What is not
    understood is said, and names are never guessed.

    \b
    Examples:
      spiketrace ask "Why did emissions spike in us-central1 yesterday?"
      spiketrace ask "Which services contributed most to CO2 in the last 24 hours?"
      spiketrace ask "What's going wrong with checkout in us-central1?" --timezone Europe/Berlin
      spiketrace ask "What incidents are affecting payments in europe-west1 this week?" --json
      spiketrace ask "Which errors had search between 9 and 10?" --at 2026-02-26T12:00Z

    An answer about something serious ends with the offer to open a ticket. A yes opens it by the incident's own path,
    once; what is not on record yet is investigated by a worker first, which must be running. Without --yes or --no
    it is asked on a terminal, and nowhere else.

    Exit codes: 0 answered, 1 failed, 2 a setting or an argument is missing or wrong, 3 the question was not
    understood, 4 a yes led to no ticket.
    """
    if at and at > datetime.now(UTC):
        raise InvalidAlert("--at lies in the future: there is no telemetry of it yet")
    settings = load_settings()
    stores = connect(settings)
    with stores.client:
        answer = _answer(" ".join(words), zone, at or datetime.now(UTC), settings, stores)
        if not as_json:
            tell_answer(answer)
        taken = _ticket(answer.offer, agreed, settings, stores, may_ask=not as_json and _on_terminal())
    if as_json:
        print_json({**told(answer), "ticket": taken._asdict() if taken else None})
    elif taken:
        click.echo(taken.sentence)
    sys.exit(_exit_code(answer, taken, agreed=agreed))


def _answer(question: str, zone: str, now: datetime, settings: Settings, stores: Stores) -> Answer:
    configured = destinations(settings)
    policy = load_policy(settings.policy, configured)
    model_answer = open_answerer(settings, stores, now=lambda: now) if settings.answers_by_model else None
    answering = open_answering(settings, stores, policy=policy, configured=configured, model_answer=model_answer)
    return answering(question, zone=zone, now=now, tell=tell_step)


def _on_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _ticket(
    offer: Offer | None, agreed: bool | None, settings: Settings, stores: Stores, *, may_ask: bool
) -> Taken | None:
    """None where there is nothing to say yes to, or nobody said it."""
    if offer is None:
        return None
    if agreed is None and may_ask:
        agreed = click.confirm("Open it?", default=False)
    return _open(offer, settings, stores) if agreed else None


def _open(offer: Offer, settings: Settings, stores: Stores) -> Taken:
    """As far as the ticket, or until it took too long; saying yes again goes on from there."""
    # The queue is Celery's, which takes a moment to load.
    from tasks.queue import CeleryQueue  # noqa: PLC0415

    queue = CeleryQueue(settings)
    incidents = announcing(settings, stores, queue)
    desk = TicketDesk(incidents, stores.alerts, stores.dead_letters, queue)
    step = partial(take_up, offer, desk, by=SOMEBODY)
    taken = step()
    deadline = time.monotonic() + WAIT_SECONDS
    while taken.state == "investigating" and time.monotonic() < deadline:
        before = taken
        time.sleep(POLL_SECONDS)
        taken = step()
        if taken != before:
            tell_waiting(before.sentence)
    return taken


def _exit_code(answer: Answer, taken: Taken | None, *, agreed: bool | None) -> int:
    if answer.understood.topic is None:
        return EXIT_NOT_UNDERSTOOD
    if taken is None and agreed:
        # A yes that was said before has been heard.
        return 0 if any(incident["has_ticket"] for incident in answer.incidents) else EXIT_NO_TICKET
    return EXIT_NO_TICKET if taken is not None and taken.state != "asked" else 0
