"""A document in Jira Data Center's wiki markup, where no text may become markup.

https://jira.atlassian.com/secure/WikiRendererHelpAction.jspa?section=all
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

Node = dict[str, Any]

# A backslash escapes only where none stands before it, and escapes no colon and no full stop: a character reference
# is safe wherever it stands, since the renderer leaves references as they are and looks for none of their characters.
SPECIAL = re.compile(
    r"""
      [\\&*+^~|{}\[\]!@?#%<>]       # phrases, cells, macros, links, images, quotes, references
    | (?<![^\W_])[-_] | [-_](?![^\W_])  # a hyphen or an underscore, unless it stands within a word
    | \((?=[^()\s]{1,7}\))          # (x), (/), (flag): a picture
    | ^\)                           # whatever it follows
    | [:;](?![\s\d])                # :D, and https: or mailto: before an address
    | (?<=\bh[1-6])\. | (?<=\bbq)\. # a heading or a quotation at the beginning of a line
    """,
    re.VERBOSE | re.IGNORECASE,
)
# The end of a reference and a bracket are a picture, too: ;)
AFTER_REFERENCE = re.compile(r"(?<=;)\)+")
CITED = re.compile(r"\[(e\d+)\]")
# What would end an address, or be read as markup within it.
NOT_IN_ADDRESS = re.compile(r"[\s|\]\[{}\\^\"<>]")


def to_wiki(document: Node) -> str:
    return "\n\n".join(BLOCKS[block["type"]](block) for block in document["content"])


def escape(text: str) -> str:
    """`text`, which stands on one line, as markup that shows exactly it."""
    return AFTER_REFERENCE.sub(_referred, SPECIAL.sub(_referred, text))


def _referred(found: re.Match[str]) -> str:
    return "".join(f"&#{ord(character)};" for character in found[0])


def _inline(node: Node) -> str:
    return "".join(_text(child) for child in node.get("content", []))


def _text(node: Node) -> str:
    shown = node["text"]
    for mark in node.get("marks", []):
        if mark["type"] == "link":
            return _link(shown, _address(mark["attrs"]["href"]))
        if mark["type"] == "strong":
            return _strong(escape(shown))
    return escape(shown)


def _link(shown: str, address: str) -> str:
    """A citation, [e1], keeps its brackets outside of the link."""
    if citation := CITED.fullmatch(shown):
        return f"{escape('[')}[{citation[1]}|{address}]{escape(']')}"
    return f"[{escape(shown)}|{address}]"


def _strong(shown: str) -> str:
    """A star marks a phrase only where it stands beside a word; braces make it one anywhere."""
    words = shown.strip()
    return shown.replace(words, f"{{*}}{words}{{*}}") if words else shown


def _address(href: str) -> str:
    return NOT_IN_ADDRESS.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), href)


def _paragraph(node: Node) -> str:
    return _inline(node)


def _heading(node: Node) -> str:
    return f"h{node['attrs']['level']}. {_inline(node)}"


def _list(sign: str) -> Callable[[Node], str]:
    return lambda node: "\n".join(f"{sign} {_inline(entry['content'][0])}" for entry in node["content"])


def _tasks(node: Node) -> str:
    return "\n".join(f"* ☐ {_inline(entry)}" for entry in node["content"])


def _table(node: Node) -> str:
    return "\n".join(_row(row) for row in node["content"])


def _row(row: Node) -> str:
    """Header cells stand between two bars. An empty cell needs its blank, or two bars would make one of the next."""
    bar = "||" if row["content"][0]["type"] == "tableHeader" else "|"
    cells = [_inline(cell["content"][0]) or " " for cell in row["content"]]
    return f"{bar}{bar.join(cells)}{bar}"


BLOCKS: dict[str, Callable[[Node], str]] = {
    "paragraph": _paragraph,
    "heading": _heading,
    "bulletList": _list("*"),
    "orderedList": _list("#"),
    "taskList": _tasks,
    "table": _table,
}
