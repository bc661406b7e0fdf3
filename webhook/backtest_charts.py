"""Drawings of a backtest: when a rule's alerts were on, and what other thresholds would have done.

As those of `charts.py` they are fluid: positions are percentages, text keeps its size, colours belong to the style
sheet and fall back to `currentColor`, so that the same drawing is a file of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from markupsafe import Markup

from webhook.charts import round_step, time_ticks
from worker.domain.backtest import Backtest, Catch, KnownIncident, PastAlert, RuleResult, SweepPoint, lateness
from worker.domain.figures import clock, day, duration, exact, number, time_of
from worker.domain.text import one_line
from worker.domain.window import Window

TOP = 26
BOTTOM = 24
ROW = 28
BAR = 8
MOST_ROWS = 8
LONGEST_NAME = 60
PANEL = 110
GAP = 34
MOST_LABELS = 6
GLYPHS = {"caught": "M-5 -4 L5 -4 L0 5 Z", "missed": "M-4 -4 L4 4 M4 -4 L-4 4"}
EMPTY = Markup("")


class Row(NamedTuple):
    """A line of the timeline: one group, or all those for which there is no line."""

    name: str
    alerts: list[PastAlert]


def draw_timeline(backtest: Backtest, rule: RuleResult, *, name: str) -> Markup:
    """When the alerts of a rule were on, a line a group, with the incidents that are known."""
    window = backtest.window
    rows = rows_of(rule, backtest.until)
    height = TOP + ROW * max(1, len(rows)) + BOTTOM
    return _drawing(
        name,
        height,
        f"When {one_line(rule.name)} would have fired",
        f"{rule.count} alerts from {time_of(window.start)} to {time_of(window.end)}.",
        Markup("").join(
            [
                *_incidents(backtest, rule, height),
                *(_row(row, place, window) for place, row in enumerate(rows)),
                _times(window, height),
            ]
        ),
    )


def draw_sweep(rule: RuleResult, *, name: str) -> Markup:
    """Other thresholds, the lowest first: alerts a day, and below the incidents caught, if any is known."""
    points = rule.sweep
    incidents = points[0].caught + points[0].missed
    below = TOP + PANEL + GAP
    height = (below + PANEL if incidents else TOP + PANEL) + BOTTOM
    caught = EMPTY
    if incidents:
        caught = _panel(f"incidents caught, of {incidents}", points, lambda point: point.caught, below, incidents)
    return _drawing(
        name,
        height,
        f"What other thresholds of {one_line(rule.name)} would do",
        f"{len(points)} thresholds, and how many alerts a day each would give.",
        Markup("").join(
            [
                *(_own(place, points, height) for place, point in enumerate(points) if point.is_the_rule_s),
                _panel("alerts a day", points, lambda point: point.alerts_a_day, TOP, None),
                caught,
                _thresholds(rule, height),
            ]
        ),
    )


def rows_of(rule: RuleResult, until: datetime) -> list[Row]:
    """The groups that were on longest, and the others together."""
    by_group: dict[str, list[PastAlert]] = {}
    for alert in rule.alerts:
        by_group.setdefault(alert.instance, []).append(alert)
    groups = sorted(by_group.items(), key=lambda item: (-_length(item[1], until), item[0]))
    shown = groups if len(groups) <= MOST_ROWS else groups[: MOST_ROWS - 1]
    rows = [Row(group, alerts) for group, alerts in shown]
    if others := groups[len(shown) :]:
        rows.append(Row(f"{len(others)} others", [alert for _, alerts in others for alert in alerts]))
    return rows


def _length(alerts: Sequence[PastAlert], until: datetime) -> float:
    return sum(((alert.ended_at or until) - alert.started_at).total_seconds() for alert in alerts)


def _drawing(name: str, height: int, title: str, description: str, inside: Markup) -> Markup:
    return Markup(
        '<svg class="chart" xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="{name}-title {name}-desc"'
        ' width="100%" height="{height}" overflow="visible" font-size="12" font-family="sans-serif"'
        ' fill="currentColor"><title id="{name}-title">{title}</title><desc id="{name}-desc">{description}</desc>'
        "{inside}</svg>"
    ).format(name=name, height=height, title=title, description=description, inside=inside)


def _incidents(backtest: Backtest, rule: RuleResult, height: int) -> list[Markup]:
    told = {catch.incident_id: catch for catch in rule.catches}
    return [
        _incident(incident, told[incident.incident_id], backtest.window, height)
        for incident in backtest.incidents
        if incident.incident_id in told
    ]


def _incident(incident: KnownIncident, catch: Catch, window: Window, height: int) -> Markup:
    kind = "caught" if catch.is_caught else "missed"
    start, end = (_share(moment, window) for moment in (incident.start, incident.end))
    return Markup(
        '<g class="incident {kind}"><title>{title}</title>'
        '<rect class="span" x="{x}" width="{width}" y="{top}" height="{height}" opacity="0.15"/>'
        '<line x1="{x}" x2="{x}" y1="{top}" y2="{bottom}" stroke="currentColor" stroke-opacity="0.5"/>'
        '<svg x="{x}" y="10" overflow="visible">'
        '<path class="glyph {kind}" d="{glyph}" stroke="currentColor" stroke-width="1.4"/></svg></g>'
    ).format(
        kind=kind,
        title=f"{one_line(incident.title)}, {time_of(incident.start)}: {in_words(catch)}",
        x=f"{start:.2f}%",
        width=f"{max(end - start, 0):.2f}%",
        top=TOP - 8,
        height=height - BOTTOM - TOP + 8,
        bottom=height - BOTTOM,
        glyph=GLYPHS[kind],
    )


def sign(kind: str) -> Markup:
    """The mark of an incident, as a drawing of its own for a legend."""
    return Markup(
        '<svg class="sign" width="14" height="14" aria-hidden="true" focusable="false"><svg x="7" y="7"'
        ' overflow="visible"><path class="glyph {}" d="{}" stroke="currentColor" stroke-width="1.4"/></svg></svg>'
    ).format(kind, GLYPHS[kind])


def in_words(catch: Catch) -> str:
    if not catch.is_caught:
        return f"missed: {one_line(catch.reason or '')}"
    return f"caught {lateness(catch.minutes_late or 0.0)}"


def _row(row: Row, place: int, window: Window) -> Markup:
    top = TOP + ROW * place
    alerts = Markup("").join(_alert(alert, window, top + ROW - BAR - 4) for alert in row.alerts)
    label = Markup('<text class="label" x="0" y="{}">{}</text>').format(top + 10, _cut(row.name))
    return Markup('<g class="alerts">{}{}</g>').format(alerts, label)


def _alert(alert: PastAlert, window: Window, top: int) -> Markup:
    end = alert.ended_at or window.end
    start, width = _share(alert.started_at, window), 100 * ((end - alert.started_at) / window.length)
    lasted = duration(end - alert.started_at) if alert.ended_at else "still on"
    return Markup(
        '<rect class="firing" x="{}%" width="{}%" y="{}" height="{}" stroke="currentColor" stroke-width="2"'
        "><title>{}</title></rect>"
    ).format(
        f"{start:.3f}",
        f"{max(0.0, min(width, 100 - start)):.3f}",
        top,
        BAR,
        f"{one_line(alert.instance)}: {time_of(alert.started_at)}, {lasted}, up to {exact(alert.furthest)}",
    )


def _times(window: Window, height: int) -> Markup:
    label = Markup('<text class="label" x="{}%" y="{}" text-anchor="{}">{}</text>')
    axis = Markup('<line class="grid" x1="0" x2="100%" y1="{0}" y2="{0}" stroke="currentColor" stroke-opacity="0.2"/>')
    places = [(_share(tick, window), tick) for tick in time_ticks(window)]
    texts = [
        label.format(f"{share:.2f}", height - 6, _anchor(share), _tick(tick)) for share, tick in places if share < 99
    ]
    return axis.format(height - BOTTOM) + Markup("").join(texts)


def _tick(tick: datetime) -> str:
    return day(tick).rsplit(" ", 1)[0] if clock(tick) == "00:00" else clock(tick)


def _anchor(share: float) -> str:
    return "start" if share < 4 else "end" if share > 96 else "middle"


def _share(moment: datetime, window: Window) -> float:
    return min(100.0, max(0.0, 100 * ((moment - window.start) / window.length)))


def _panel(
    title: str, points: Sequence[SweepPoint], value: Callable[[SweepPoint], float], top: int, most: float | None
) -> Markup:
    """Bars, so that a threshold is read by itself: nothing lies between two of them."""
    highest = most or max(*map(value, points), 1e-9)
    limit = round_step(highest, most=4) * 4 if most is None else highest
    bars = Markup("").join(_bar(point, place, points, value(point) / limit, top) for place, point in enumerate(points))
    return Markup(
        '<text class="label" x="0" y="{over}">{title}</text>'
        '<line class="zero" x1="0" x2="100%" y1="{zero}" y2="{zero}" stroke="currentColor" stroke-opacity="0.4"/>{bars}'
    ).format(over=top - 8, title=title, zero=top + PANEL, bars=bars)


def _bar(point: SweepPoint, place: int, points: Sequence[SweepPoint], share: float, top: int) -> Markup:
    height = max(0.0, min(1.0, share)) * (PANEL - 14)
    width = 100 / len(points)
    is_count = top != TOP
    text = str(point.caught) if is_count else number(point.alerts_a_day)
    return Markup(
        '<g class="limit{own}"><title>{title}</title>'
        '<rect x="{x}%" width="{width}%" y="{y}" height="{height}" opacity="0.75"/>'
        '<text class="label" x="{middle}%" y="{over}" text-anchor="middle">{text}</text></g>'
    ).format(
        own=" ours" if point.is_the_rule_s else "",
        title=_reading(point),
        x=f"{width * (place + 0.15):.2f}",
        width=f"{width * 0.7:.2f}",
        y=f"{top + PANEL - height:.1f}",
        height=f"{height:.1f}",
        middle=f"{width * (place + 0.5):.2f}",
        over=f"{top + PANEL - height - 4:.1f}",
        text=text,
    )


def _reading(point: SweepPoint) -> str:
    late = "" if point.minutes_late is None else f", {lateness(point.minutes_late)} (median)"
    known = point.caught + point.missed
    caught = f", {point.caught} of {known} incidents caught{late}" if known else ""
    return f"threshold {limits(point.threshold)}: {number(point.alerts_a_day)} alerts a day{caught}"


def limits(threshold: Sequence[float]) -> str:
    return " and ".join(exact(limit) for limit in threshold)


def _own(place: int, points: Sequence[SweepPoint], height: int) -> Markup:
    width = 100 / len(points)
    return Markup(
        '<rect class="ours" x="{}%" width="{}%" y="{}" height="{}" opacity="0.1"><title>the rule\'s own</title></rect>'
    ).format(f"{width * place:.2f}", f"{width:.2f}", TOP - 22, height - TOP + 22)


def _thresholds(rule: RuleResult, height: int) -> Markup:
    """Every one where there is room, else every second; the rule's own always."""
    points = rule.sweep
    step = -(-len(points) // MOST_LABELS)
    own = next(place for place, point in enumerate(points) if point.is_the_rule_s)
    label = Markup('<text class="label" x="{}%" y="{}" text-anchor="middle">{}</text>')
    return Markup("").join(
        label.format(f"{100 * (place + 0.5) / len(points):.2f}", height - 6, limits(point.threshold))
        for place, point in enumerate(points)
        if (place - own) % step == 0
    )


def _cut(text: str) -> str:
    line = one_line(text)
    return line if len(line) <= LONGEST_NAME else f"{line[: LONGEST_NAME - 1]}…"
