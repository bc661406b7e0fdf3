"""What `spiketrace rules backtest` says to people: figures, and a timeline for a terminal."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import click

from worker.domain.backtest import Backtest, Catch, KnownIncident, PastAlert, RuleResult, SweepPoint, lateness
from worker.domain.figures import duration, exact, number
from worker.domain.text import one_line
from worker.domain.window import Window

NARROWEST, WIDEST = 80, 120
INDENT = "  "
LISTED = 8
LISTED_MISSED = 4
LEVELS = "▁▂▃▄▅▆▇█"
CAUGHT, MISSED = "▲", "✗"
DATES = "%Y-%m-%d %H:%M"


def show(backtest: Backtest, *, page: str | None) -> None:
    """The whole of it, on stdout; `page` is where it can be read in a browser."""
    width = min(WIDEST, max(NARROWEST, shutil.get_terminal_size((WIDEST, 0)).columns))
    for line in lines(backtest, width):
        click.echo(line)
    if page:
        click.echo(f"\n{page}")


def lines(backtest: Backtest, width: int) -> Iterator[str]:
    yield from _head(backtest)
    for rule in backtest.rules:
        yield ""
        yield from _rule(backtest, rule, width)
    yield from _never_caught(backtest)
    yield from _left_out(backtest)


def timeline(rule: RuleResult, window: Window, width: int) -> str:
    """A column a stretch of time: the higher, the larger the part of it in which an alert was on."""
    step = window.length / width
    shares = [0.0] * width
    for start, end in _spans(rule.alerts, window.end):
        first, last = int((start - window.start) / step), int((end - window.start) / step)
        for column in range(max(0, first), min(width - 1, last) + 1):
            begins = window.start + column * step
            shared = min(end, begins + step) - max(start, begins)
            # An alert shorter than a column can show still shows; one that ends where a column begins is not in it.
            if shared or start == end:
                shares[column] = min(1.0, shares[column] + max(shared / step, 1e-6))
    return "".join("·" if share == 0 else LEVELS[min(7, int(share * 8))] for share in shares)


def incident_line(backtest: Backtest, rule: RuleResult, width: int) -> str:
    """Below the timeline: where incidents began, and whether the rule told of them."""
    starts = {incident.incident_id: incident.start for incident in backtest.incidents}
    signs = [" "] * width
    for catch in sorted(rule.catches, key=lambda catch: catch.is_caught):
        share = (starts[catch.incident_id] - backtest.since) / backtest.window.length
        signs[min(width - 1, max(0, int(share * width)))] = CAUGHT if catch.is_caught else MISSED
    return "".join(signs).rstrip()


def _head(backtest: Backtest) -> Iterator[str]:
    rules = len(backtest.rules) + len(backtest.not_simulated)
    yield (
        f"{backtest.since:{DATES}} to {backtest.until:{DATES}} UTC ({duration(backtest.window.length)}): "
        f"{len(backtest.rules)} of {rules} rules simulated, {_many(backtest.alerts, 'alert')}, "
        f"{len(backtest.caught)} of {_many(len(backtest.incidents), 'known incident')} caught"
    )


def _rule(backtest: Backtest, rule: RuleResult, width: int) -> Iterator[str]:
    inner = width - len(INDENT)
    yield f"{one_line(rule.name)} ({one_line(rule.rule_id)})"
    if rule.asks:
        yield f"{INDENT}{one_line(rule.asks)}"
    yield f"{INDENT}{one_line(rule.in_words)}"
    yield (
        f"{INDENT}{_many(rule.count, 'alert')}, {number(rule.alerts_a_day)} a day, on for "
        f"{duration(timedelta(minutes=rule.active_minutes))} in all; {_many(rule.messages, 'message')}"
    )
    yield f"{INDENT}{timeline(rule, backtest.window, inner)}"
    if signs := incident_line(backtest, rule, inner):
        yield f"{INDENT}{signs}"
    yield f"{INDENT}{_scale(backtest.window, inner)}"
    yield from (f"{INDENT}{one_line(note)}" for note in rule.notes)
    yield from _alerts(rule, backtest.until)
    yield from _catches(backtest, rule)
    yield from _sweep(rule)


def _alerts(rule: RuleResult, until: datetime) -> Iterator[str]:
    for alert in rule.alerts[:LISTED]:
        length = duration((alert.ended_at or until) - alert.started_at)
        state = "" if alert.ended_at else ", still on"
        flapping = ", flapping" if alert.flapping else ""
        yield (
            f"{INDENT}{alert.started_at:{DATES}}  {length:>10}  {one_line(alert.instance)}: {exact(alert.value)}, "
            f"up to {exact(alert.furthest)}{state}{flapping}"
        )
    if rule.count > LISTED:
        yield f"{INDENT}and {rule.count - LISTED} more (--json lists them)"


def _catches(backtest: Backtest, rule: RuleResult) -> Iterator[str]:
    if not rule.catches:
        return
    known = {incident.incident_id: incident for incident in backtest.incidents}
    yield f"{INDENT}Incidents: {rule.caught} of {len(rule.catches)} caught"
    caught, missed = ([one for one in rule.catches if one.is_caught is is_caught] for is_caught in (True, False))
    for catch in caught[:LISTED]:
        yield f"{INDENT}{CAUGHT} {_incident(known[catch.incident_id])}: {_lateness(catch)}"
    for catch in missed[:LISTED_MISSED]:
        yield f"{INDENT}{MISSED} {_incident(known[catch.incident_id])}: {one_line(catch.reason or '')}"
    if left := len(caught[LISTED:]) + len(missed[LISTED_MISSED:]):
        yield f"{INDENT}and {left} more (--json lists them)"


def _never_caught(backtest: Backtest) -> Iterator[str]:
    missed = [incident for incident in backtest.incidents if incident.incident_id not in backtest.caught]
    if missed:
        yield f"\nNo simulated rule would have told of {_many(len(missed), 'incident')}:"
    for incident in missed[:LISTED]:
        yield f"{INDENT}{MISSED} {_incident(incident)}"
    if len(missed) > LISTED:
        yield f"{INDENT}and {len(missed) - LISTED} more (--json lists them)"


def _left_out(backtest: Backtest) -> Iterator[str]:
    if backtest.not_simulated:
        yield "\nNot simulated:"
    for rule in backtest.not_simulated:
        yield f"{INDENT}{one_line(rule.rule_id)}: {one_line(rule.reason)}"


def _sweep(rule: RuleResult) -> Iterator[str]:
    if not rule.sweep:
        return
    yield f"{INDENT}{'threshold':>12}  {'alerts a day':>12}  {'on':>10}  {'caught':>8}  median"
    yield from (f"{INDENT}{_point(point)}" for point in rule.sweep)


def _point(point: SweepPoint) -> str:
    own = "  ← the rule's own" if point.is_the_rule_s else ""
    late = "" if point.minutes_late is None else lateness(point.minutes_late)
    active = duration(timedelta(minutes=point.active_minutes))
    caught = f"{point.caught} of {point.caught + point.missed}"
    threshold = " and ".join(exact(limit) for limit in point.threshold)
    return f"{threshold:>12}  {number(point.alerts_a_day):>12}  {active:>10}  {caught:>8}  {late}{own}".rstrip()


def _spans(alerts: Sequence[PastAlert], until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The times in which any alert was on, none counted twice."""
    reached: datetime | None = None
    for alert in alerts:
        start = alert.started_at if reached is None else max(alert.started_at, reached)
        end = alert.ended_at or until
        if end > start or reached is None:
            yield start, end
        reached = end if reached is None else max(reached, end)


def _scale(window: Window, width: int) -> str:
    left, right = f"{window.start:%d %b %H:%M}", f"{window.end:%d %b %H:%M} UTC"
    middle = f"{window.start + window.length / 2:%d %b %H:%M}"
    half = (width - len(left) - len(right) - len(middle)) // 2
    return f"{left}{' ' * half}{middle}{' ' * half}{right}"


def _incident(incident: KnownIncident) -> str:
    scope = ", ".join(one_line(name) for name in (incident.service, incident.region) if name)
    return f"{incident.start:{DATES}} {one_line(incident.title)}{f' ({scope})' if scope else ''}"


def _lateness(catch: Catch) -> str:
    return f"{lateness(catch.minutes_late or 0.0)}, by {one_line(catch.instance or '')}"


def _many(count: int, name: str) -> str:
    return f"{count} {name}" if count == 1 else f"{count} {name}s"
