"""`spiketrace replay`: past alerts again, and what came out otherwise."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource
from pydantic import ValidationError

from cli.audit import record
from cli.options import as_json, print_json
from cli.replay_text import SEE_WHICH, When, progress, show_choice, show_summary, unknown_in_words, watched
from worker.bootstrap import Stores, connect
from worker.domain.report import Verdict
from worker.domain.severity import Severity
from worker.errors import ConfigurationError
from worker.replay import life
from worker.replay.against import read_reports
from worker.replay.feedback import labels_from
from worker.replay.labels import read_labels
from worker.replay.model import Choice, Label, Manner, Replay, ReplayState
from worker.replay.preview import preview, preview_document
from worker.replay.selection import select, unknown_ids
from worker.replay.starting import Comparison, required, start_replay, with_unknown
from worker.replay.summary import Summary, alerts_in_words, document, summary_of, unknown_document
from worker.settings import Settings, load_settings
from worker.store.judged import judged_incidents

LISTED = 20
FEEDBACK = "feedback"
NO_LABEL = "none of the labels is of an alert that was replayed"


@click.group(invoke_without_command=True, short_help="Past alerts again, as if it were then.")
@click.option("--since", type=When(), help="Alerts dated from then on: 2026-10-01, 2026-10-01T09:30Z, 30d, 12h.")
@click.option("--until", type=When(), help="Alerts dated before then.")
@click.option("--rule", multiple=True, help="Of this rule (its id); may be repeated, as all of these.")
@click.option("--service", multiple=True, help="Whose report is of this service.")
@click.option("--region", multiple=True, help="Whose report is of this region.")
@click.option(
    "--verdict", multiple=True, type=click.Choice([one.value for one in Verdict]), help="Whose report says so."
)
@click.option(
    "--severity", multiple=True, type=click.Choice([one.value for one in Severity]), help="Whose report says so."
)
@click.option("--id", "ids", multiple=True, metavar="ALERT_ID", help="This alert; an id of no alert is named.")
@click.option("--limit", type=click.IntRange(1), help="At most so many, the oldest first.")
@click.option("--as-of", type=click.Choice(["then", "now"]), default="then", help="What is known of other incidents.")
@click.option("--deliver", is_flag=True, help="Open incidents and tell people, as for live alerts. Not so by default.")
@click.option("--rate", type=click.FloatRange(0, min_open=True), help="Begin at most so many a second.")
@click.option("--against", metavar="REPORTS", help="Compare with these: a file, a folder, or another replay's id.")
@click.option(
    "--labels",
    type=click.Path(dir_okay=False, path_type=Path),
    help="What is true: JSON or CSV by alert, or `feedback`.",
)
@click.option("--fail-if-worse", is_flag=True, help="Exit code 1 when it is worse than before, or nothing was shown.")
@click.option("--export", type=click.Path(dir_okay=False, path_type=Path), help="Write the new reports here, NDJSON.")
@click.option("--here", is_flag=True, help="In this process, with its settings and without the queue.")
@click.option("--no-wait", is_flag=True, help="Begin it and say how to follow it.")
@click.option("--dry-run", is_flag=True, help="Say what would run; nothing runs.")
@as_json
@click.pass_context
def replay(context: click.Context, /, **options: Any) -> None:
    """Investigate past alerts again, each as if it were then, and compare with the reports there are.

    A replay writes reports of its own. It opens no incident, tells nobody and changes no alert, unless --deliver says
    so. It goes through the queue behind live alerts; Ctrl-C leaves it running. docs/replay.md tells the rest.

    \b
    Examples:
      spiketrace replay --since 30d --dry-run
      spiketrace replay --since 30d --service checkout
      spiketrace replay --since 30d --labels labels.csv --fail-if-worse
      SPIKETRACE_PROFILE=new.yaml spiketrace replay --since 7d --here --export new.ndjson
      spiketrace replay list
      spiketrace replay status | pause | resume | cancel ID

    Exit codes: 0 done, 1 failed or (with --fail-if-worse) worse, 2 a setting or an argument is missing or wrong.
    """
    if context.invoked_subcommand is not None:
        _refuse_options(context)
        return
    settings = load_settings()
    stores = connect(settings)
    with stores.client:
        _replay(settings, stores, options)


def _refuse_options(context: click.Context) -> None:
    """What is said before a subcommand would be passed over in silence."""
    given = [name for name in context.params if context.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    if given:
        named = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        raise ConfigurationError(f"{named} cannot be combined with `{context.invoked_subcommand}`")


def _replay(settings: Settings, stores: Stores, options: dict[str, Any]) -> None:
    choice = _choice(options)
    if options["no_wait"] and (options["here"] or options["export"] or options["fail_if_worse"]):
        raise ConfigurationError("--no-wait cannot be combined with --here, --export or --fail-if-worse")
    comparison = _comparison(options["against"], options["labels"], stores)
    _check_writable(options["export"])
    if options["dry_run"]:
        _say_what_would_run(choice, stores, as_json=options["as_json"])
        return
    driver = "here" if options["here"] else "queue"
    drive = _driver(settings, stores, here=options["here"])
    manner = Manner(as_of=options["as_of"], deliver=options["deliver"], per_second=options["rate"], driver=driver)
    with progress("writing down") as told:
        begun = start_replay(
            select(choice, stores.past_alerts, stores.reports),
            stores.replays,
            now=datetime.now(UTC),
            manner=manner,
            choice=choice,
            comparison=comparison,
            told=lambda number: told(number, None),
        )
    begun = with_unknown(begun, unknown_ids(choice, stores.past_alerts), stores.replays)
    record("replay-begin", on=begun.replay_id, alerts=begun.alerts, deliver=manner.deliver)
    _warn(begun)
    if options["no_wait"]:
        _say_how_to_follow(begun, settings, as_json=options["as_json"])
        return
    drive(begun)
    _tell(begun.replay_id, stores, options)


def _check_writable(export: Path | None) -> None:
    """Before hours of work, not after them. Raises ConfigurationError."""
    if export is None:
        return
    try:
        export.open("a", encoding="utf-8").close()
    except OSError as error:
        raise ConfigurationError(f"--export {export} cannot be written: {error.strerror}") from error


def _warn(begun: Replay) -> None:
    """What was asked for and is not replayed."""
    if begun.unknown:
        click.echo(f"spiketrace: {unknown_in_words(begun.unknown)}", err=True)
    if not begun.alerts:
        click.echo(f"spiketrace: no alert fits, so nothing is replayed; {SEE_WHICH}", err=True)


def _driver(settings: Settings, stores: Stores, *, here: bool) -> Callable[[Replay], None]:
    """What waits until a replay is over: done by this process, or by the workers. Raises ConfigurationError."""
    if not here:
        return lambda begun: watched(begun.replay_id, stores.replays)
    # What investigates is loaded only where it is needed.
    from cli.replay_here import open_here, run_here  # noqa: PLC0415

    replaying = open_here(settings, stores)
    return lambda begun: run_here(begun, replaying, stores)


def _choice(options: Mapping[str, Any]) -> Choice:
    """Raises ConfigurationError."""
    given = {name: options[name] for name in Choice.model_fields if options[name]}
    try:
        return required(Choice(**given))
    except ValidationError as error:
        raise ConfigurationError(str(error.errors()[0]["msg"]).removeprefix("Value error, ")) from error


def _comparison(against: str | None, labels: Path | None, stores: Stores) -> Comparison:
    known = _labels(labels, stores) if labels else {}
    if against is None:
        return Comparison(labels=known)
    if Path(against).exists():
        return Comparison(name=against, reports=read_reports(Path(against)), labels=known)
    if stores.replays.get(against) is None:
        raise ConfigurationError(f"--against {against}: there is no such file or folder, and no such replay")
    return Comparison(name=against, replay_id=against, labels=known)


def _labels(source: Path, stores: Stores) -> dict[str, Label]:
    """From a file, or from what people said of the incidents' causes."""
    if str(source) == FEEDBACK and not source.exists():
        return labels_from(judged_incidents(stores.client))
    return read_labels(source)


def _say_what_would_run(choice: Choice, stores: Stores, *, as_json: bool) -> None:
    found = preview(choice, stores.past_alerts, stores.reports)
    if as_json:
        print_json(preview_document(found))
    else:
        show_choice(found)


def _say_how_to_follow(begun: Replay, settings: Settings, *, as_json: bool) -> None:
    url = f"{settings.public_url}/replays/{begun.replay_id}"
    if as_json:
        print_json(
            {"replay_id": begun.replay_id, "alerts": begun.alerts, "url": url, **unknown_document(begun.unknown)}
        )
        return
    click.echo(f"{begun.replay_id}: {alerts_in_words(begun.alerts)}. Follow it with")
    click.echo(f"  spiketrace replay status {begun.replay_id}\nor at {url}")


def _tell(replay_id: str, stores: Stores, options: Mapping[str, Any]) -> None:
    """Raises SystemExit 1 when it is worse and that was asked for."""
    _check_writable(options["export"])
    known = _known(replay_id, stores)
    found = summary_of(known, stores.replays)
    if options.get("labels") and not found.accuracy.labelled:
        click.echo(f"spiketrace: {NO_LABEL}", err=True)
    if options["export"]:
        _export(replay_id, options["export"], stores)
    if options["as_json"]:
        print_json(document(replay_id, found))
    else:
        show_summary(known, found)
    if options["fail_if_worse"] and (why := _why_not_good(known, found)):
        click.echo(f"spiketrace: {why}", err=True)
        raise click.exceptions.Exit(1)


def _why_not_good(replay: Replay, found: Summary) -> str | None:
    """What was not replayed to the end, or not at all, has not been shown to be as good as before."""
    if replay.state is not ReplayState.DONE:
        return f"{replay.replay_id} is {replay.state.value}, so it cannot be said whether it is worse"
    if unshown := _unshown(replay, found):
        return f"{unshown}, so it cannot be said whether it is worse"
    worse = found.worse_in_words()
    return f"worse than before: {worse}" if worse else None


def _unshown(replay: Replay, found: Summary) -> str | None:
    """Why nothing was shown of what was asked for: a CI must not pass on a slip of the hand."""
    if not found.alerts:
        return "no alert was replayed"
    if found.unknown:
        return unknown_in_words(found.unknown)
    if found.accuracy.labelled:
        return None
    if replay.labelled:
        return NO_LABEL
    return None if found.compared else "none of the alerts had a report to compare with"


def _export(replay_id: str, path: Path, stores: Stores) -> None:
    """One report a line, in the order of the alerts; the next version may be compared with them."""
    with path.open("w", encoding="utf-8") as out:
        for item in stores.replays.items(replay_id):
            report = stores.reports.get(item.report_id) if item.report_id else None
            if report:
                out.write(json.dumps(report.model_dump(mode="json", by_alias=True), ensure_ascii=False) + "\n")


@replay.command("list")
@click.option("--limit", type=click.IntRange(1, 200), default=LISTED, show_default=True, help="The newest so many.")
@as_json
def list_replays(limit: int, as_json: bool) -> None:
    """The newest replays, with their states."""
    stores = connect(load_settings())
    with stores.client:
        found = stores.replays.latest(limit)
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
        return
    for one in found:
        click.echo(f"{one.replay_id}  {one.state.value:<9}  {one.alerts:>6} alerts")
    if not found:
        click.echo("There are none.")


@replay.command()
@click.argument("replay_id", metavar="ID")
@click.option("--fail-if-worse", is_flag=True, help="Exit code 1 when it is worse than before.")
@click.option("--export", type=click.Path(dir_okay=False, path_type=Path), help="Write the new reports here, NDJSON.")
@as_json
def status(replay_id: str, **options: Any) -> None:
    """How far it is, and what came out otherwise so far."""
    stores = connect(load_settings())
    with stores.client:
        _tell(replay_id, stores, options)


@replay.command()
@click.argument("replay_id", metavar="ID")
@as_json
def pause(replay_id: str, as_json: bool) -> None:
    """Begin nothing more until it is resumed. What is being investigated ends."""
    _change("pause", replay_id, lambda stores: life.pause(replay_id, stores.replays), as_json=as_json)


@replay.command()
@click.argument("replay_id", metavar="ID")
@as_json
def resume(replay_id: str, as_json: bool) -> None:
    """Go on, through the queue. Also with what a process that is gone had begun by --here."""
    _change("resume", replay_id, lambda stores: life.resume(replay_id, stores.replays), as_json=as_json)


@replay.command()
@click.argument("replay_id", metavar="ID")
@as_json
def cancel(replay_id: str, as_json: bool) -> None:
    """Never begin what has not begun. What is finished stays."""
    now = datetime.now(UTC)
    _change("cancel", replay_id, lambda stores: life.cancel(replay_id, stores.replays, now), as_json=as_json)


def _change(what: str, replay_id: str, change: Callable[[Stores], Replay], *, as_json: bool) -> None:
    stores = connect(load_settings())
    with stores.client:
        changed = change(stores)
    record(f"replay-{what}", on=replay_id)
    if as_json:
        print_json({"replay_id": replay_id, "state": changed.state.value})
    else:
        click.echo(f"{replay_id} is {changed.state.value}")


def _known(replay_id: str, stores: Stores) -> Replay:
    found = stores.replays.get(replay_id) if life.REPLAY_ID.fullmatch(replay_id) else None
    if found is None:
        raise life.UnknownReplay(replay_id)
    return found
