"""What the stand-ins for the vendors received, as text for a terminal."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

_LINK = re.compile(r"<([^<>|]+)\|([^<>]*)>")
_BARE_LINK = re.compile(r"<(https?://[^<>|]+)>")
_BOLD = re.compile(r"(?<![\w*])\*([^*\n]+)\*(?![\w*])")
_BLOCKS = frozenset({"paragraph", "heading", "listItem", "taskItem", "tableRow"})


def issue_text(issue: Mapping[str, Any]) -> str:
    """The description of a Jira issue, in Atlassian Document Format, line by line."""
    return "\n".join(_adf_lines(issue["fields"]["description"]))


def _adf_lines(node: Mapping[str, Any]) -> Iterator[str]:
    for number, child in enumerate(node.get("content", []), start=1):
        if child["type"] == "table":
            yield from (" · ".join(_adf_text(cell) for cell in row["content"]) for row in child["content"])
        elif child["type"] in {"bulletList", "orderedList", "taskList"}:
            yield from _adf_lines(child)
        elif child["type"] in _BLOCKS:
            mark = {"orderedList": f"{number}. ", "bulletList": "- ", "taskList": "☐ "}.get(node["type"], "")
            blank = "\n" if child["type"] == "heading" else ""
            yield f"{blank}{mark}{_adf_text(child)}"


def _adf_text(node: Mapping[str, Any]) -> str:
    if node["type"] == "text":
        return str(node["text"])
    if node["type"] == "hardBreak":
        return "\n"
    return "".join(_adf_text(child) for child in node.get("content", []))


def message_text(message: Mapping[str, Any]) -> str:
    """The blocks of a Slack message as they read; its plain text if it has none."""
    lines = [text for block in message["blocks"] for text in _block_texts(block)]
    return "\n".join(_plain(line) for line in lines or [message["text"]])


def _block_texts(block: Mapping[str, Any]) -> Iterator[str]:
    parts = block.get("elements", []) if block["type"] == "context" else [block.get("text"), *block.get("fields", [])]
    yield from (str(part["text"]) for part in parts if isinstance(part, dict) and "text" in part)


def others_text(received: Mapping[str, Any]) -> str:
    """In a line, what came to the vendors whose messages are not printed: PagerDuty: 3 alerts, 2 resolved · …"""
    alerts, records = received["pagerduty"]["alerts"], received["servicenow"]["records"]
    mails, pushes = received["email"]["mails"], received["apprise"]["pushes"]
    threads = {mail["references"] or mail["message_id"] for mail in mails}
    resolved = sum(alert["status"] == "resolved" for alert in alerts)
    parts = [
        f"PagerDuty: {_count(alerts, 'alert')}, {resolved} resolved" if alerts else "",
        f"ServiceNow: {_count(records, 'record')}" if records else "",
        f"email: {_count(mails, 'mail')} in {_count(threads, 'thread')}" if mails else "",
        f"Apprise: {_count(pushes, 'message')}" if pushes else "",
    ]
    return " · ".join(part for part in parts if part)


def _count(things: Collection[Any], name: str) -> str:
    return f"{len(things)} {name}" if len(things) == 1 else f"{len(things)} {name}s"


def _plain(mrkdwn: str) -> str:
    text = _LINK.sub(r"\2 (\1)", mrkdwn)
    text = _BOLD.sub(r"\1", _BARE_LINK.sub(r"\1", text))
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
