"""What the demo prints: the alerts as they come, the reports beside the truth, and a table at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group
from rich.padding import Padding
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from demo.judge import ORDINARY, Judgement, are_not_wrong, is_found
from demo.received import issue_text, message_text, others_text
from demo.truth import Truth, TruthEntry
from kibana.render import javascript_text
from kibana.simulate import Notification

VERDICT_STYLES = {"root_cause": "bold red", "inconclusive": "yellow", "not_confirmed": "green"}
PLAIN_WIDTH = 120
RIGHT = Text("right", style="bold green")
UNSURE = Text("unsure", style="bold yellow")


@dataclass(frozen=True)
class Finding:
    """What became of an alert. `report` is the document that the API gives, `page` the report's address.

    `true_excess_co2_grams` is what the hidden thing added in the report's scope and window; None: nothing is hidden.
    """

    notification: Notification
    report: Mapping[str, Any]
    judgement: Judgement
    page: str
    true_excess_co2_grams: float | None


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
    shown = f"{value:.4g}" if isinstance(value, float) else value
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


def tell_finding(console: Console, finding: Finding) -> None:
    report, judgement = finding.report, finding.judgement
    confidence = f", confidence {report['confidence']:.2f}" if report["confidence"] is not None else ""
    lines = [
        Text(f"on {finding.notification.rule.name}: {finding.notification.instance}", style="dim"),
        Text.assemble(
            ("REPORT    ", "bold"),
            (judgement.said, VERDICT_STYLES[judgement.verdict]),
            (f"  severity {report['severity']}{confidence}", "dim"),
        ),
        Text(str(report["headline"])),
        Text.assemble("truth: ", judgement.about, "  ", _mark(judgement), f" {'; '.join(judgement.faults)}"),
        Text(finding.page, style="blue"),
    ]
    console.print(Padding(Group(*lines), (0, 0, 1, 13)))


def tell_failure(console: Console, notification: Notification, reason: str) -> None:
    text = Text.assemble(("FAILED    ", "bold red"), f"{notification.rule.name}: {notification.instance}: {reason}")
    console.print(Padding(text, (0, 0, 1, 13)))


def tell_received(console: Console, received: Mapping[str, Any]) -> None:
    """The first issue as a whole, of the others the opening; every message."""
    for number, issue in enumerate(received["jira"]["issues"]):
        fields = issue["fields"]
        text = issue_text(issue)
        shown = text if number == 0 else text.splitlines()[0] + "\n…"
        title = f"Jira {issue['key']} · {fields.get('priority', {}).get('name', '')}"
        console.print(
            Panel(Group(Text(fields["summary"], style="bold"), Text(shown)), title=Text(title), title_align="left")
        )
    for message in received["slack"]["messages"]:
        console.print(Panel(Text(message_text(message)), title=Text("Slack"), title_align="left"))
    if others := others_text(received):
        console.print(Padding(Text(others), (0, 0, 1, 0)))


def tell_summary(console: Console, truth: Truth, findings: Sequence[Finding], *, failures: int) -> None:
    table = Table(box=SIMPLE_HEAD, title="What was hidden, and what was found", title_justify="left")
    for heading in ("hidden in the telemetry", "from, UTC", "alerts", "said", "CO₂ added, g: reported; true", ""):
        table.add_column(heading, justify="right" if heading == "alerts" else "left")
    for entry in truth.entries:
        ours = [finding for finding in findings if finding.judgement.entry == entry]
        table.add_row(*_summary_row(entry, ours))
    if ordinary := [finding for finding in findings if finding.judgement.entry is None]:
        table.add_row(*_summary_row(None, ordinary))
    console.print(table)
    if failures:
        console.print(Text(f"{failures} alerts were not investigated", style="bold red"))


def _summary_row(entry: TruthEntry | None, findings: Sequence[Finding]) -> list[Text]:
    judgements = [finding.judgement for finding in findings]
    return [
        Text(entry.title if entry else ORDINARY),
        Text(f"{entry.start:%d %b %H:%M}" if entry else ""),
        Text(str(len(findings))),
        Text("\n".join(dict.fromkeys(item.said for item in judgements)) or "no alert"),
        Text(_co2(findings)),
        _mark_of_all(entry, judgements),
    ]


def _mark_of_all(entry: TruthEntry | None, judgements: Sequence[Judgement]) -> Text:
    is_incident = entry is not None and entry.is_incident
    if is_found(judgements) if is_incident else all(item.is_right for item in judgements):
        return RIGHT
    return Text("WRONG", style="bold red") if is_incident or not are_not_wrong(judgements) else UNSURE


def _co2(findings: Sequence[Finding]) -> str:
    """Of the last report that has the figure: what it says, with its interval, and what is true of its window."""
    for finding in reversed(findings):
        excess = finding.report["impact"]["carbon"]["excess_co2_grams"]
        entry = finding.judgement.entry
        if finding.judgement.verdict == "root_cause" and excess and entry and entry.is_incident:
            interval = f"{excess['low']:.2g} to {excess['high']:.2g}"
            return f"{excess['likely']:.2g} ({interval}); {finding.true_excess_co2_grams:.2g}"
    return ""


def _mark(judgement: Judgement) -> Text:
    if judgement.is_right:
        return RIGHT
    return UNSURE if judgement.is_open else Text("WRONG:", style="bold red")
