"""What Slack is sent of an incident, as its blocks.

The message that stands for the incident shows its present state and fits one screen of a phone; what supports it and
what comes later is for the thread. The report is linked in the text, since a button, even one that only opens a page,
asks for an app that answers when it is pressed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Any, Self

from worker.delivery.slack.client import EVENT_TYPE
from worker.delivery.slack.mrkdwn import Json, button, context, listed, mrkdwn, section
from worker.delivery.slack.sparkline import in_words, sparkline
from worker.delivery.words import impact_so_far, report_url, subject
from worker.delivery.words import opening as subject_since
from worker.domain.figures import clock, duration
from worker.domain.incident import Delivery, HistoryEntry, Incident, IncidentStatus
from worker.domain.notice import Notice
from worker.domain.report import Candidate, Report
from worker.domain.terms import section_label
from worker.domain.wording import cause_in_words, confidence_in_words

LONGEST_FALLBACK = 300
LONGEST_ITEM = 400
LONGEST_TITLE = 120
MOST_ITEMS = 5
MOST_EVIDENCE = 8
TICKETS = {"jira": "Jira ticket", "servicenow": "ServiceNow incident"}
# News that people read in the thread; of the others the message itself shows what came of them.
IN_THREAD = {
    "cause": "Cause",
    "severity": "Severity",
    "spread": "Spread",
    "resolved": "Resolved",
    "reopened": "Open again",
    "settled": "Settled",
}
ASK, JUDGE = "ask", "judge"
RIGHT, WRONG = "right", "wrong"
SLACK_USER = re.compile(r"slack:([UW][A-Z0-9]{1,30})")


@dataclass(frozen=True)
class Said:
    """What the thread has: all news up to `revision`, and whether the details are among them."""

    revision: int = 0
    details: bool = False

    @classmethod
    def of(cls, marks: Iterable[Json]) -> Self:
        found = list(marks)
        revisions = [mark["revision"] for mark in found if isinstance(mark.get("revision"), int)]
        return cls(max(revisions, default=0), any(mark.get("details") is True for mark in found))


def opening(notice: Notice, public_url: str, *, is_interactive: bool = False, is_over: bool | None = None) -> Json:
    """The message that stands for the incident, as it is now; `is_over` False leaves out that it is over."""
    incident, report = notice.incident, notice.report
    first_line = subject_since(incident) if is_over is False else state_in_a_line(incident)
    lines = [f"*{mrkdwn(first_line)}*", mrkdwn(report.headline), mrkdwn(impact_so_far(incident, report))]
    blocks = [section(line) for line in [*lines, _drawn(report), _first_step(notice)] if line]
    blocks += [context(text) for text in (*_people(incident), _links(incident, report, public_url))]
    if is_interactive:
        blocks += [*_question(notice), *_judgement(notice)]
    return _message(first_line, blocks, notice)


def ending(notice: Notice, public_url: str) -> Json:
    """A message of its own that it is over, for where the first one cannot be edited."""
    first_line = state_in_a_line(notice.incident)
    blocks = [
        section(f"*{mrkdwn(first_line)}*"),
        section(mrkdwn(impact_so_far(notice.incident, notice.report))),
        context(_links(notice.incident, notice.report, public_url)),
    ]
    return _message(first_line, blocks, notice)


def reply(notice: Notice, news: Sequence[HistoryEntry], public_url: str, *, with_details: bool) -> Json | None:
    """For the thread: what is new, and the details where they are not there yet. None where that is nothing."""
    told = [entry for entry in news if entry.event in IN_THREAD]
    lines = [
        f"*{entry.at.astimezone(UTC):%H:%M} UTC · {IN_THREAD[entry.event]}:* {mrkdwn(entry.reason)}" for entry in told
    ]
    blocks = [section(line) for line in lines[-MOST_ITEMS:]]
    if with_details:
        blocks += _details(notice.report, public_url)
    if not blocks:
        return None
    last = told[-1] if told else None
    text = f"{IN_THREAD[last.event]}: {last.reason}" if last else f"Details of {subject(notice.incident)}"
    return _message(text, blocks, notice, details=with_details)


def state_in_a_line(incident: Incident) -> str:
    """What is broken, since when, how bad, and the likely cause; first that it is over, where it is."""
    if incident.status is not IncidentStatus.OPEN:
        at = f" {clock(incident.resolved_at)} UTC" if incident.resolved_at else ""
        after = f" after {duration(timedelta(minutes=incident.duration_minutes))}" if incident.duration_minutes else ""
        return f"✅ Resolved{at}{after}: {subject(incident)}"
    again = [entry.at for entry in incident.history if entry.event == "reopened"]
    prefix = f"Open again since {clock(again[-1])} UTC: " if again else ""
    return f"{prefix}{subject_since(incident)}"


def _message(text: str, blocks: list[Json], notice: Notice, **marks: Any) -> Json:
    marked = {"incident_id": notice.incident.incident_id, "revision": notice.revision, **marks}
    return {
        # Shown in notifications, and read out by screen readers.
        "text": mrkdwn(text, LONGEST_FALLBACK),
        "blocks": blocks,
        "unfurl_links": False,
        "unfurl_media": False,
        # By which what an attempt that broke off has posted is found (https://docs.slack.dev/messaging/message-metadata).
        "metadata": {"event_type": EVENT_TYPE, "event_payload": marked},
    }


def _drawn(report: Report) -> str | None:
    """The alerted series, with the onset marked."""
    for chart in report.charts[:1]:
        if line := sparkline(chart):
            return f"`{line}`\n{mrkdwn(in_words(chart))}"
    return None


def _first_step(notice: Notice) -> str | None:
    steps = notice.report.sections.recommendations
    return f"Do first: {mrkdwn(steps[0])}" if steps and steps[0].strip() and not notice.is_over else None


def _people(incident: Incident) -> list[str]:
    """Who asked for a ticket and what came of it, and what people say of the root cause."""
    asked = [
        f"{_person(delivery.asked_by)} asked for a {TICKETS.get(name, mrkdwn(name))}{_outcome(name, delivery)}"
        for name, delivery in incident.deliveries.items()
        if delivery.asked_by
    ]
    right = [one.right for one in incident.feedback]
    judged = f"Root cause: 👍 {right.count(True)} · 👎 {right.count(False)}" if right else ""
    return [text for text in (*asked, judged) if text]


def _outcome(name: str, delivery: Delivery) -> str:
    if delivery.state == "failed":
        return f": it could not be made: {mrkdwn(delivery.reason or '', 200)}"
    return f": {_link(name, delivery)}" if delivery.url else ": it is being made"


def _link(name: str, delivery: Delivery) -> str:
    return f"<{mrkdwn(delivery.url or '')}|{mrkdwn(delivery.vendor_id or name, 100)}>"


def _person(name: str | None) -> str:
    known = SLACK_USER.fullmatch(name or "")
    return f"<@{known[1]}>" if known else mrkdwn(name or "somebody", 100)


def _links(incident: Incident, report: Report, public_url: str) -> str:
    parts = [f"<{report_url(public_url, report)}|Open the report>"]
    told = incident.deliveries.items()
    parts += [_link(name, delivery) for name, delivery in told if delivery.url and not delivery.asked_by]
    parts.append(mrkdwn(incident.incident_id))
    if report.alert.rule_name:
        parts.append(f"rule “{mrkdwn(report.alert.rule_name, 150)}”")
    return " · ".join(parts)


def _question(notice: Notice) -> list[Json]:
    asked = [name for name in notice.asks_for if name in TICKETS]
    if not asked:
        return []
    what = TICKETS[asked[0]] if len(asked) == 1 else "ticket"
    incident_id = notice.incident.incident_id
    buttons = [
        button(f"Create a {TICKETS[name]}", action=f"{ASK}:{name}", value=incident_id, is_primary=True)
        for name in asked
    ]
    return [section(f"Create a {what} for this incident?"), {"type": "actions", "elements": buttons}]


def _judgement(notice: Notice) -> list[Json]:
    if notice.report.root_cause is None:
        return []
    value = f"{notice.incident.incident_id} {notice.report.report_id}"
    texts = {RIGHT: "👍 The cause is right", WRONG: "👎 The cause is wrong"}
    buttons = [button(text, action=f"{JUDGE}:{verdict}", value=value) for verdict, text in texts.items()]
    return [{"type": "actions", "elements": buttons}]


def _details(report: Report, public_url: str) -> list[Json]:
    page = report_url(public_url, report)
    first, others = report.candidates[:1], report.candidates[1:MOST_ITEMS]
    return [
        *listed("Why", [_ranked(candidate) for candidate in first]),
        *listed("Other explanations", [f"• {_ranked(candidate)}" for candidate in others]),
        *listed("Evidence", [_exhibit(one.id, one.title, page) for one in report.evidence[:MOST_EVIDENCE]]),
        *listed(section_label("recommendations", "Recommendations"), _numbered(report.sections.recommendations)),
        *listed("Not known", [f"• {mrkdwn(f'{gap.what}: {gap.reason}', LONGEST_ITEM)}" for gap in report.gaps[:3]]),
    ] or [section("There is no more to say than the report's page shows.")]


def _ranked(candidate: Candidate) -> str:
    against = f" Against it: {candidate.against}" if candidate.against else ""
    named = f"{cause_in_words(candidate)}, confidence {confidence_in_words(candidate.confidence)}"
    return mrkdwn(f"{named}: {candidate.reason}{against}", LONGEST_ITEM)


def _exhibit(name: str, title: str, page: str) -> str:
    return f"• <{page}#{mrkdwn(name, 20)}|{mrkdwn(name, 20)}> {mrkdwn(title, LONGEST_TITLE)}"


def _numbered(steps: list[str]) -> list[str]:
    return [f"{number}. {mrkdwn(step, LONGEST_ITEM)}" for number, step in enumerate(steps[:MOST_ITEMS], start=1)]
