"""The message of an incident, as Slack's blocks.

All text is escaped and marked as verbatim: nothing that telemetry says becomes a link, a mention or a channel
(https://docs.slack.dev/messaging/formatting-message-text#escaping). The report is linked in the text, since a
button, even one that only opens a page, asks for an app that answers when it is pressed.
"""

from __future__ import annotations

from typing import Any

from worker.delivery.words import impact_in_a_line, opening, report_url
from worker.domain.incident import Incident
from worker.domain.report import Report
from worker.domain.text import one_line

# https://docs.slack.dev/reference/block-kit/composition-objects/text-object allows 3000; a phone's screen holds less.
LONGEST_LINE = 700
LONGEST_FALLBACK = 300
ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "*": "\u2217", "`": "'"}


def opened_message(incident: Incident, report: Report, *, public_url: str) -> dict[str, Any]:
    """What is posted when an incident opens: one screen on a phone."""
    first_line = opening(incident)
    lines = [f"*{mrkdwn(first_line)}*", mrkdwn(report.headline), mrkdwn(impact_in_a_line(report.impact))]
    if report.sections.recommendations:
        lines.append(f"Do first: {mrkdwn(report.sections.recommendations[0])}")
    return {
        # Shown in notifications, and read out by screen readers.
        "text": mrkdwn(first_line, LONGEST_FALLBACK),
        "blocks": [*(_section(line) for line in lines if line), _context(_links(incident, report, public_url))],
        "unfurl_links": False,
        "unfurl_media": False,
    }


def _links(incident: Incident, report: Report, public_url: str) -> str:
    parts = [f"<{report_url(public_url, report)}|Open the report>"]
    ticket = incident.deliveries.get("jira")
    if ticket and ticket.url and ticket.vendor_id:
        parts.append(f"<{mrkdwn(ticket.url)}|{mrkdwn(ticket.vendor_id)}>")
    parts.append(mrkdwn(incident.incident_id))
    if report.alert.rule_name:
        parts.append(f"rule “{mrkdwn(report.alert.rule_name, 150)}”")
    return " · ".join(parts)


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _text(text)}


def _context(text: str) -> dict[str, Any]:
    return {"type": "context", "elements": [_text(text)]}


def _text(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def mrkdwn(text: str, limit: int = LONGEST_LINE) -> str:
    """`text` on one line, escaped, at most `limit` characters of it; an escape is never cut in two.

    A star or a backquote would end the bold type it stands in, and Slack knows no escape for them.
    """
    escaped = [ESCAPES.get(character, character) for character in one_line(text[: 10 * limit])]
    size = 0
    for position, piece in enumerate(escaped):
        size += len(piece)
        if size > limit:
            return _without_last(escaped[:position])
    return "".join(escaped)


def _without_last(pieces: list[str]) -> str:
    return "".join(pieces[:-1]).rstrip() + "…"
