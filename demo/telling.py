"""What the demo prints: the alerts as they come, the reports beside the truth, and a table at the end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group
from rich.padding import Padding
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from demo.judge import ORDINARY, Judgement
from demo.received import issue_text, message_text
from demo.truth import Truth
from kibana.render import javascript_text
from kibana.simulate import Notification

VERDICT_STYLES = {"root_cause": "bold red", "inconclusive": "yellow", "not_confirmed": "green"}
PLAIN_WIDTH = 120
LONGEST_ISSUE_LINES = 26

Told = tuple[Notification, Judgement]


def open_console() -> Console:
    """Colours and bars on a terminal; plain lines elsewhere."""
    console = Console(highlight=False, emoji=False)
    return console if console.is_terminal else Console(highlight=False, emoji=False, width=PLAIN_WIDTH)


def loading_bar(console: Console) -> Progress:
    return Progress(
        TextColumn("  {task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    )


def tell_step(console: Console, text: str) -> None:
    console.print(Text(text, style="bold"))


def tell_alert(console: Console, notification: Notification) -> None:
    value = notification.value
    shown = javascript_text(round(value, 4) if isinstance(value, float) else value)
    limit = " and ".join(javascript_text(limit) for limit in notification.rule.params.threshold)
    console.print(
        Text.assemble(
            (f"{notification.date:%d %b %H:%M} ", "dim"),
            ("ALERT     ", "bold yellow"),
            f"{notification.rule.name}: {notification.instance}",
            (f"  {shown} {notification.rule.params.threshold_comparator} {limit}", "dim"),
        )
    )


def tell_recovery(console: Console, notification: Notification) -> None:
    console.print(
        Text(
            f"{notification.date:%d %b %H:%M} RECOVERED {notification.rule.name}: {notification.instance}", style="dim"
        )
    )


def tell_report(
    console: Console, notification: Notification, report: Mapping[str, Any], judgement: Judgement, page: str
) -> None:
    verdict = str(report["verdict"])
    confidence = f", confidence {report['confidence']:.2f}" if report["confidence"] is not None else ""
    said = Text.assemble(
        ("REPORT    ", "bold"),
        (judgement.said, VERDICT_STYLES[verdict]),
        (f"  severity {report['severity']}{confidence}", "dim"),
    )
    lines = [
        said,
        Text(str(report["headline"])),
        Text.assemble(
            "truth: ",
            judgement.about,
            (
                "  right" if judgement.is_right else f"  WRONG: {'; '.join(judgement.faults)}",
                _style(judgement.is_right),
            ),
        ),
        Text(page, style="blue"),
    ]
    about = Text(f"on {notification.rule.name}: {notification.instance}", style="dim")
    console.print(Padding(Group(about, *lines), (0, 0, 1, 13)), soft_wrap=False)


def tell_failure(console: Console, notification: Notification, reason: str) -> None:
    text = Text.assemble(("FAILED    ", "bold red"), f"{notification.rule.name}: {notification.instance}: {reason}")
    console.print(Padding(text, (0, 0, 1, 13)))


def tell_received(console: Console, received: Mapping[str, Any]) -> None:
    for issue in received["jira"]["issues"]:
        fields = issue["fields"]
        lines = issue_text(issue).splitlines()
        shown = "\n".join(lines[:LONGEST_ISSUE_LINES]) + ("\n…" if len(lines) > LONGEST_ISSUE_LINES else "")
        title = f"Jira {issue['key']} · {fields.get('priority', {}).get('name', '')}"
        console.print(
            Panel(Group(Text(fields["summary"], style="bold"), Text(shown)), title=Text(title), title_align="left")
        )
    for message in received["slack"]["messages"]:
        console.print(Panel(Text(message_text(message)), title=Text("Slack"), title_align="left"))


def tell_summary(console: Console, truth: Truth, told: Sequence[Told], failures: int) -> None:
    table = Table(box=SIMPLE_HEAD, title="What was hidden, and what was found", title_justify="left")
    for heading in ("hidden in the telemetry", "from, UTC", "alerts", "should be said", "said", ""):
        table.add_column(heading, justify="right" if heading == "alerts" else "left")
    for entry in truth.entries:
        ours = [judgement for _, judgement in told if judgement.entry == entry]
        should = entry.deployment_id or entry.service or entry.region
        kind = " or ".join(entry.kinds[:1]) if entry.is_incident else "nobody's fault"
        right = is_settled(ours) if entry.is_incident else all(item.is_right for item in ours)
        table.add_row(
            Text(entry.title),
            f"{entry.start:%d %b %H:%M}",
            str(len(ours)),
            Text(f"{kind}: {should}" if entry.is_incident else kind),
            Text("\n".join(_distinct(item.said for item in ours)) or "no alert"),
            Text("right" if right else "WRONG", style=_style(right)),
        )
    quiet = [judgement for _, judgement in told if judgement.entry is None]
    if quiet:
        right = all(item.is_right for item in quiet)
        table.add_row(
            Text(ORDINARY), "", str(len(quiet)), "nobody's fault",
            Text("\n".join(_distinct(item.said for item in quiet))),
            Text("right" if right else "WRONG", style=_style(right)),
        )  # fmt: skip
    console.print(table)
    if failures:
        console.print(Text(f"{failures} alerts were not investigated", style="bold red"))


def is_settled(judgements: Iterable[Judgement]) -> bool:
    """An incident is found when an alert led to it and none led elsewhere."""
    found = list(judgements)
    return bool(found) and all(item.is_right for item in found)


def _distinct(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))


def _style(is_right: bool) -> str:
    return "bold green" if is_right else "bold red"
