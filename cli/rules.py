"""`spiketrace rules`: when Kibana's rules would have fired."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from cli.backtest_text import show
from cli.options import as_json, print_json
from cli.replay_text import When
from kibana.backtest import Question
from kibana.data_views import DataView, parse_data_view
from kibana.evaluation import MOST_SEARCHES, Evaluated, Evaluation, is_asked, or_reason, searches_of
from kibana.exported import only, read_rules
from kibana.rules import Flapping, Rule
from kibana.shipped import rules_as_set_up
from webhook.backtest_charts import draw_sweep, draw_timeline
from worker.bootstrap import Stores, connect
from worker.domain.alert import Alert
from worker.domain.backtest import Backtest, NotSimulated
from worker.domain.text import one_line
from worker.domain.window import Window
from worker.errors import ConfigurationError, EvidenceUnavailable
from worker.replay.model import Planned
from worker.replay.starting import start_replay
from worker.settings import Settings, load_settings
from worker.telemetry.known_incidents import known_incidents, scope_fields
from worker.telemetry.profiles import load_profile

# Of a rule's name, beside a bar, and of a file's.
LONGEST_NAME = 100


class Thresholds(click.ParamType[list[float]]):
    """Numbers, separated by commas."""

    name = "numbers"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> list[float]:
        if isinstance(value, list):
            return value
        try:
            return [float(number) for number in value.split(",")]
        except ValueError:
            self.fail(f"{value!r} is no list of numbers such as 4,8,12", param, ctx)


class DataViews(click.ParamType[tuple[str, DataView]]):
    """`ID=INDEX,TIMEFIELD`."""

    name = "data view"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, DataView]:
        if isinstance(value, tuple):
            return value
        try:
            return parse_data_view(value)
        except ConfigurationError as error:
            self.fail(error.reason, param, ctx)


@click.group(short_help="When Kibana's rules would have fired.")
def rules() -> None:
    """Kibana's rules over the past: when they would have fired, and what another threshold would give."""


@rules.command()
@click.option("--since", type=When(), required=True, help="From then on: 2026-10-01, 2026-10-01T09:30Z, 30d, 12h.")
@click.option("--until", type=When(), help="Before then; now, unless given.")
@click.option(
    "--rules",
    "files",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="These instead of the shipped ones: what Kibana's interface answers. May be repeated.",
)
@click.option(
    "--data-view",
    "data_views",
    multiple=True,
    type=DataViews(),
    metavar="ID=INDEX,TIMEFIELD",
    help="What a rule from a file names by its id only; may be repeated.",
)
@click.option("--rule", "ids", multiple=True, metavar="ID", help="Only this rule; may be repeated.")
@click.option("--sweep/--no-sweep", default=True, show_default=True, help="What other thresholds would give.")
@click.option("--threshold", type=Thresholds(), metavar="A,B,C", help="Those thresholds, of one rule.")
@click.option(
    "--searches",
    type=click.IntRange(min=0),
    default=MOST_SEARCHES,
    show_default=True,
    help="At most so many for the rules that are asked run by run, one search a run.",
)
@click.option("--no-flapping", is_flag=True, help="As if flapping detection were switched off in the space.")
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), help="Write timelines and plots here, SVG.")
@click.option("--store/--no-store", default=True, help="Keep it, for the page at /backtests/ID; only print it.")
@click.option("--investigate", "is_investigated", is_flag=True, help="Send the alerts on as a replay: no harm done.")
@as_json
def backtest(since: datetime, until: datetime | None, **options: Any) -> None:
    """When rules would have fired, run by run as Kibana evaluates them, and which incidents they would have caught.

    The shipped rules with your thresholds (SPIKETRACE_KIBANA_THRESHOLDS), or rules saved from Kibana. Reads the
    telemetry and the known incidents; writes one document in `spiketrace-replays`.

    A rule whose arithmetic is Elasticsearch's own (runtime fields, ES|QL, times relative to now) is asked run by run,
    with the search that Kibana would have sent: a month of a rule that runs every 5 minutes is 8,640 searches. What
    --searches does not allow, and what the engine does not have, is named with the reason. docs/backtest.md tells how
    each rule is evaluated, and how it was tested against Kibana's documentation.

    \b
    Examples:
      spiketrace rules backtest --since 30d
      spiketrace rules backtest --since 7d --rule spiketrace-errors-by-service --threshold 4,8,12
      spiketrace rules backtest --since 30d --rules exported.json --output plots/ --no-store
      spiketrace rules backtest --since 30d --searches 100000
      spiketrace rules backtest --since 7d --investigate
    """
    settings, now = load_settings(), datetime.now(UTC)
    window = _window(since, until or now, now)
    chosen = _chosen(settings, options["files"], options["ids"], dict(options["data_views"]))
    thresholds = _thresholds(chosen, options["threshold"], sweep=options["sweep"])
    _make(options["output"])
    stores = connect(settings)
    with stores.client:
        question = _question(settings, stores, window, thresholds, Flapping(enabled=not options["no_flapping"]))
        evaluated = _evaluate(chosen, stores, question, options["searches"], options["is_investigated"])
        found = _backtest(evaluated, stores, question, now, is_investigated=options["is_investigated"])
        lost = _kept(found, stores) if options["store"] else None
    if options["output"]:
        _draw(found, options["output"])
    if options["as_json"]:
        print_json(found.model_dump(mode="json"))
    else:
        is_kept = options["store"] and not lost
        show(found, page=f"{settings.public_url}/backtests/{found.backtest_id}" if is_kept else None)
    if lost:
        raise lost


def _kept(found: Backtest, stores: Stores) -> EvidenceUnavailable | None:
    """Why it could not be stored: told when the result has been shown, which may have taken long."""
    try:
        stores.backtests.put(found)
    except EvidenceUnavailable as error:
        return error
    return None


def _window(since: datetime, until: datetime, now: datetime) -> Window:
    if until > now:
        raise ConfigurationError("--until is in the future: nothing is known of it yet")
    if since >= until:
        raise ConfigurationError("--since must be before --until")
    return Window(start=since, end=until)


def _chosen(
    settings: Settings, files: Sequence[Path], ids: Sequence[str], data_views: Mapping[str, DataView]
) -> list[Rule | NotSimulated]:
    """Those that can be evaluated, and those that cannot with the reason."""
    found: list[Rule | NotSimulated] = [rule for path in files for rule in read_rules(path, data_views)]
    return [or_reason(rule) for rule in only(found if files else [*rules_as_set_up(settings)], ids)]


def _thresholds(
    chosen: Sequence[Rule | NotSimulated], given: Sequence[float] | None, *, sweep: bool
) -> Sequence[float] | None:
    if not given:
        return None if sweep else []
    if len(chosen) != 1:
        raise ConfigurationError("--threshold goes with one rule: name it with --rule")
    return given


def _question(
    settings: Settings, stores: Stores, window: Window, thresholds: Sequence[float] | None, flapping: Flapping
) -> Question:
    profile = load_profile(settings.profile)
    return Question(
        since=window.start,
        until=window.end,
        incidents=known_incidents(stores.client, profile, window),
        meaning=scope_fields(profile),
        thresholds=thresholds,
        flapping=flapping,
    )


def _evaluate(
    chosen: Sequence[Rule | NotSimulated], stores: Stores, question: Question, searches: int, is_investigated: bool
) -> list[Evaluated | NotSimulated]:
    """One rule after the other: what was read of one is forgotten before the next."""
    rules = [rule for rule in chosen if isinstance(rule, Rule)]
    needed = searches_of(rules, question)
    if needed:
        click.echo(_cost(sum(map(is_asked, rules)), needed, searches), err=True)
    evaluation = Evaluation(stores.client, question, searches, needed, is_investigated)
    with _progress(rules) as told:
        found = iter([evaluation.of(rule, partial(told, number)) for number, rule in enumerate(rules)])
    return [rule if isinstance(rule, NotSimulated) else next(found) for rule in chosen]


def _cost(rules: int, needed: int, allowed: int) -> str:
    are = "1 rule is" if rules == 1 else f"{rules} rules are"
    limit = f"; --searches allows {allowed:,} in all" if needed > allowed else ""
    return f"{are} asked run by run, which takes {needed:,} searches{limit}"


def _backtest(
    evaluated: Sequence[Evaluated | NotSimulated],
    stores: Stores,
    question: Question,
    now: datetime,
    *,
    is_investigated: bool,
) -> Backtest:
    done = [one for one in evaluated if isinstance(one, Evaluated)]
    alerts = [alert for one in done for alert in one.alerts] if is_investigated else []
    return Backtest(
        backtest_id=f"backtest-{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}",
        created_at=now,
        since=question.since,
        until=question.until,
        rules=[one.result for one in done],
        not_simulated=[one for one in evaluated if isinstance(one, NotSimulated)],
        incidents=list(question.incidents),
        replay_id=_investigate(alerts, stores, now) if is_investigated else None,
    )


def _investigate(alerts: Sequence[Alert], stores: Stores, now: datetime) -> str:
    """Through the queue behind live alerts, as a replay that changes no incident and tells nobody."""
    planned = (Planned(alert_id=alert.alert_id, alert=alert) for alert in sorted(alerts, key=lambda alert: alert.date))
    begun = start_replay(planned, stores.replays, now=now, origin="backtest")
    click.echo(f"{begun.alerts} alerts are investigated: spiketrace replay status {begun.replay_id}", err=True)
    return begun.replay_id


@contextmanager
def _progress(rules: Sequence[Rule]) -> Iterator[Callable[[int, float], None]]:
    """On stderr: a bar where that is a terminal, else a line a rule."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("rules", total=len(rules) or 1)

        def told(number: int, share: float) -> None:
            name = one_line(rules[number].name)[:LONGEST_NAME]
            bar.update(task, description=name, completed=number + share)
            if share == 1 and not console.is_terminal:
                click.echo(f"read {number + 1} of {len(rules)}: {name}", err=True)

        yield told


def _make(folder: Path | None) -> None:
    """Before the reading, which may take minutes. Raises ConfigurationError."""
    try:
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"--output {folder} cannot be made: {error.strerror}") from error


def _draw(found: Backtest, folder: Path) -> None:
    """Two files a rule, named by it."""
    for rule in found.rules:
        name = file_name(rule.rule_id)
        _write(folder / f"{name}-timeline.svg", draw_timeline(found, rule, name="timeline"))
        if rule.sweep:
            _write(folder / f"{name}-sweep.svg", draw_sweep(rule, name="sweep"))


def file_name(rule_id: str) -> str:
    """In letters that every file system takes, and no two ids have the same; most are their own name.

    Others get a few digits of their digest, after a letter that no id keeps. Upper and lower case are not told apart
    everywhere.
    """
    plain = re.sub(r"[^a-z0-9._-]", "_", rule_id.lower())[:LONGEST_NAME]
    return plain if plain == rule_id else f"{plain}~{hashlib.sha256(rule_id.encode()).hexdigest()[:12]}"


def _write(path: Path, drawing: str) -> None:
    path.write_text(drawing, encoding="utf-8")
    click.echo(f"wrote {path}", err=True)
