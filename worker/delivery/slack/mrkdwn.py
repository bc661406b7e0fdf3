"""Text of others as Slack's markup, which then means nothing.

All of it is escaped and marked as verbatim: nothing that telemetry says becomes a link, a mention or a channel
(https://docs.slack.dev/messaging/formatting-message-text#escaping).
"""

from __future__ import annotations

from typing import Any

from worker.domain.text import one_line

# https://docs.slack.dev/reference/block-kit/composition-objects/text-object allows 3000; a phone's screen holds less.
LONGEST_LINE = 700
LONGEST_TEXT = 3000
ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "*": "\u2217", "`": "'"}

Json = dict[str, Any]


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


def section(text: str) -> Json:
    return {"type": "section", "text": _text(text)}


def context(text: str) -> Json:
    return {"type": "context", "elements": [_text(text)]}


def button(text: str, *, action: str, value: str, is_primary: bool = False) -> Json:
    """https://docs.slack.dev/reference/block-kit/block-elements/button-element"""
    style = {"style": "primary"} if is_primary else {}
    label = {"type": "plain_text", "text": text, "emoji": True}
    return {"type": "button", "action_id": action, "value": value, "text": label, **style}


def listed(title: str, lines: list[str]) -> list[Json]:
    """A title over its lines, as many of them as one block holds; nothing without lines."""
    text = f"*{title}*" if lines else ""
    for line in lines:
        if len(text) + 1 + len(line) > LONGEST_TEXT:
            break
        text += f"\n{line}"
    return [section(text)] if text else []


def _text(text: str) -> Json:
    return {"type": "mrkdwn", "text": text, "verbatim": True}
