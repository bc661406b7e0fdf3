"""Atlassian Document Format, built from plain text.

The format is a tree: what telemetry says stands in text nodes, and cannot become anything but text
(https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from worker.delivery.words import cut
from worker.domain.text import one_line, pieces

Node = dict[str, Any]
# A document as an edition of Jira takes it: as it is, or as wiki markup.
Markup = Callable[[Node], Any]

LONGEST_PARAGRAPH = 1500
LONGEST_CELL = 120
LONGEST_ITEM = 400
MOST_CITATIONS = 8
STRONG: Node = {"type": "strong"}


def document(blocks: Sequence[Node]) -> Node:
    return {"type": "doc", "version": 1, "content": list(blocks)}


def heading(title: str) -> Node:
    return {"type": "heading", "attrs": {"level": 3}, "content": [text(title)]}


def paragraph(content: Iterable[Node]) -> Node:
    return {"type": "paragraph", "content": list(content)}


def items(kind: str, entries: Iterable[list[Node]]) -> Node:
    """`kind` is bulletList or orderedList."""
    return {"type": kind, "content": [{"type": "listItem", "content": [paragraph(entry)]} for entry in entries]}


def tasks(name: str, entries: Iterable[list[Node]]) -> Node:
    """Boxes that people tick (https://developer.atlassian.com/platform/framework/adf-builder/reference/nodes/taskItem/)."""
    boxes = [
        {"type": "taskItem", "attrs": {"localId": f"{name}-{number}", "state": "TODO"}, "content": entry}
        for number, entry in enumerate(entries, start=1)
    ]
    return {"type": "taskList", "attrs": {"localId": name}, "content": boxes}


def table(head: list[str], rows: Iterable[list[str]]) -> Node:
    return {"type": "table", "content": [_row("tableHeader", head), *(_row("tableCell", row) for row in rows)]}


def _row(kind: str, cells: list[str]) -> Node:
    return {"type": "tableRow", "content": [{"type": kind, "content": [_cell(cell)]} for cell in cells]}


def _cell(content: str) -> Node:
    shown = cut(one_line(content), LONGEST_CELL)
    return paragraph([text(shown)] if shown else [])


def inline(content: str, page: str, limit: int, *marks: Node) -> list[Node]:
    """Words as text that bears `marks`, and citations such as [e1 e2] as links to the evidence on the report's page."""
    nodes: list[Node] = []
    words, citations = "", 0
    for piece in pieces(cut(one_line(content[: 10 * limit]), limit)):
        citations += len(piece.evidence)
        if piece.evidence and citations <= MOST_CITATIONS:
            nodes += _words(words, marks)
            nodes += [link(f"[{name}]", f"{page}#{name}") for name in piece.evidence]
            words = ""
        else:
            words += piece.text
    return [*nodes, *_words(words, marks)]


def _words(words: str, marks: Sequence[Node]) -> list[Node]:
    """Marks are for words: a full stop that is left over needs none."""
    is_word = any(character.isalnum() for character in words)
    return [text(words, *(marks if is_word else ()))] if words else []


def link(shown: str, address: str) -> Node:
    return text(shown, {"type": "link", "attrs": {"href": address}})


def text(shown: str, *marks: Node) -> Node:
    return {"type": "text", "text": shown, **({"marks": list(marks)} if marks else {})}


def last_text(body: Any) -> str:
    """Of a document, what its last text says; wiki markup as it is. Of anything else nothing."""
    if isinstance(body, str):
        return body
    if not isinstance(body, dict):
        return ""
    shown = [last_text(child) for child in body.get("content") or []]
    return next((words for words in reversed(shown) if words), str(body.get("text", "")))
