"""The two or three messages of an incident to whatever Apprise reaches: it opens, it ends, it is back."""

from __future__ import annotations

import re

from worker.delivery.apprise.client import Message
from worker.delivery.words import (
    course,
    cut,
    impact_in_a_line,
    opening,
    report_url,
    resolved_subject,
    subject,
    uncited,
)
from worker.domain.notice import Notice
from worker.domain.text import one_line

# Services cut at different lengths, Teams' at a thousand characters; the link stands before what may be cut off.
LONGEST_LINE = 300
# Characters that look like those of markup and are none.
LOOKALIKES = str.maketrans(
    {"<": "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}", ">": "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"}
)
AT = "\N{FULLWIDTH COMMERCIAL AT}"
# What chat services take for a mention or a tag, whatever the format of the message.
MENTION = re.compile(r"(?<![\w.+-])@(?=\w)")
MARKUP = re.compile(r"[\\`*_{}\[\]()#+!|~=-]")


def opening_message(notice: Notice, *, public_url: str) -> Message:
    report = notice.report
    lines = [opening(notice.incident), report.headline, impact_in_a_line(report.impact)]
    if report.sections.recommendations:
        lines.append(f"Do first: {uncited(report.sections.recommendations[0])}")
    return _message(subject(notice.incident), lines, notice, public_url, is_good_news=False)


def update_message(notice: Notice, *, public_url: str) -> Message:
    title = resolved_subject(notice.incident) if notice.is_over else subject(notice.incident)
    return _message(title, course(notice), notice, public_url, is_good_news=notice.is_over)


def _message(title: str, lines: list[str], notice: Notice, public_url: str, *, is_good_news: bool) -> Message:
    page = report_url(public_url, notice.report)
    first, *rest = [line for line in (inert(line) for line in lines) if line]
    return Message(
        title=inert(title),
        text="\n".join([first, f"Report: {page}", *rest]),
        markdown="\n\n".join([markdown(first), f"[Open the report](<{page}>)", *map(markdown, rest)]),
        is_good_news=is_good_news,
    )


def inert(text: str) -> str:
    """On one line, and nothing that calls somebody or hides a link, even where markup is not escaped."""
    line = cut(one_line(text[: 10 * LONGEST_LINE]), LONGEST_LINE)
    line = line.translate(LOOKALIKES).replace("](", "] (")
    return MENTION.sub(AT, line)


def markdown(text: str) -> str:
    """Inert text whose Markdown characters stand for themselves."""
    return MARKUP.sub(lambda found: f"\\{found[0]}", text)
