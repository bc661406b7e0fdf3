"""Atlassian Document Format: whether a document is one, and as HTML.

https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/
"""

from __future__ import annotations

from typing import Any

from markupsafe import Markup, escape

# What each node may hold; a text node holds text instead.
CHILDREN: dict[str, frozenset[str]] = {
    "doc": frozenset({"paragraph", "heading", "bulletList", "orderedList", "table", "rule", "taskList"}),
    "paragraph": frozenset({"text", "hardBreak"}),
    "heading": frozenset({"text"}),
    "bulletList": frozenset({"listItem"}),
    "orderedList": frozenset({"listItem"}),
    "listItem": frozenset({"paragraph", "bulletList", "orderedList"}),
    "table": frozenset({"tableRow"}),
    "tableRow": frozenset({"tableHeader", "tableCell"}),
    "tableHeader": frozenset({"paragraph"}),
    "tableCell": frozenset({"paragraph", "bulletList"}),
    "taskList": frozenset({"taskItem", "taskList"}),
    "taskItem": frozenset({"text", "hardBreak"}),
    "rule": frozenset(),
    "hardBreak": frozenset(),
}
MAY_BE_EMPTY = frozenset({"doc", "paragraph", "heading", "taskItem", "rule", "hardBreak"})
# What a node is nothing without: https://developer.atlassian.com/platform/framework/adf-builder/reference/nodes/taskItem/
ATTRIBUTES = {"heading": {"level"}, "taskList": {"localId"}, "taskItem": {"localId", "state"}}
MARKS = frozenset({"strong", "em", "code", "link"})
TAGS = {
    "paragraph": "p",
    "bulletList": "ul",
    "orderedList": "ol",
    "listItem": "li",
    "taskList": "ul",
    "table": "table",
    "tableRow": "tr",
    "tableHeader": "th",
    "tableCell": "td",
}


def is_valid(document: Any) -> bool:
    return (
        isinstance(document, dict)
        and document.get("type") == "doc"
        and document.get("version") == 1
        and _fits(document)
    )


def _fits(node: Any) -> bool:
    if not isinstance(node, dict):
        return False
    if node.get("type") == "text":
        return _is_text(node)
    allowed = CHILDREN.get(node.get("type", ""))
    content = node.get("content", [])
    if allowed is None or not isinstance(content, list) or not (content or node["type"] in MAY_BE_EMPTY):
        return False
    if not ATTRIBUTES.get(node["type"], set()) <= set(node.get("attrs", {})):
        return False
    return all(isinstance(child, dict) and child.get("type") in allowed and _fits(child) for child in content)


def _is_text(node: dict[str, Any]) -> bool:
    """An empty text is no text: Jira refuses the whole document for it."""
    marks = node.get("marks", [])
    linked = [mark for mark in marks if mark.get("type") == "link"]
    return (
        isinstance(node.get("text"), str)
        and node["text"] != ""
        and all(mark.get("type") in MARKS for mark in marks)
        and all(isinstance(mark.get("attrs", {}).get("href"), str) for mark in linked)
    )


def to_html(node: dict[str, Any]) -> Markup:
    if node["type"] == "text":
        return _text(node)
    inner = Markup("").join(to_html(child) for child in node.get("content", []))
    if node["type"] == "taskItem":
        return Markup("<li>{} {}</li>").format("☑" if node["attrs"]["state"] == "DONE" else "☐", inner)
    tag = f"h{node['attrs']['level']}" if node["type"] == "heading" else TAGS.get(node["type"])
    return Markup("<{0}>{1}</{0}>").format(tag, inner) if tag else inner


def _text(node: dict[str, Any]) -> Markup:
    shown = escape(node["text"])
    for mark in node.get("marks", []):
        if mark["type"] == "strong":
            shown = Markup("<strong>{}</strong>").format(shown)
        if mark["type"] == "link":
            shown = link(mark["attrs"]["href"], shown)
    return shown


def link(address: str, shown: Markup) -> Markup:
    """A link to the web; anything else stays text."""
    if not address.lower().startswith(("http://", "https://")):
        return shown
    return Markup('<a href="{}" rel="noreferrer noopener">{}</a>').format(address, shown)
