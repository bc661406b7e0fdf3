"""Jira's wiki markup as HTML: as much of it as could do harm where text becomes markup.

https://jira.atlassian.com/secure/WikiRendererHelpAction.jspa?section=all
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from markupsafe import Markup, escape

# A reference is left as it is, and a backslash that none stands before makes the next character plain.
PLAIN = re.compile(r"&(?:#\d+|#x[0-9a-f]+|[a-z]+\d*);|(?<!\\)\\([-#*_+?^~|%{}\[\]()!@])", re.IGNORECASE)
LINK = re.compile(r"\[(?:([^|\]]*)\|)?([^\]|]+)\]")
BARE = re.compile(r"(?:https?|ftp|file|mailto|irc|news)://[^\s|\]]+|mailto:[^\s|\]]+", re.IGNORECASE)
IMAGE = re.compile(r"!([^\s!|]+\.?[^\s!|]*)(?:\|[^!]*)?!")
MACRO = re.compile(r"\{(\w+)(?::[^{}]*)?\}")
PICTURE = re.compile(r"\((?:/|x|!|i|y|n|on|off|\+|-|\?|\*[rgby]?|flag|flagoff|tm|c|r)\)")
# Looked for before references are understood, so that the end of one counts: &#42;)
SMILEY = re.compile(r"(?::-?[)(DPp]|;-?\))(?![^\W_])")
PHRASES = {"*": "strong", "_": "em", "-": "del", "+": "ins", "^": "sup", "~": "sub", "??": "cite"}
PHRASE = re.compile(r"(?<![^\W_])(\*|_|-|\+|\^|~|\?\?)(?=\S)(.+?)(?<=\S)\1(?![^\W_])|\{\*\}(.+?)\{\*\}|\{\{(.+?)\}\}")
BREAK = re.compile(r"\\\\")
DASHES = re.compile(r"(?<=\s)-{2,3}(?=\s)")
LIST = re.compile(r"([*#-])+\s+(.*)")
HEADING = re.compile(r"(h[1-6]|bq)\.\s+(.*)")
# Stands for a character that was made plain, so that nothing takes it for markup: a private one for each.
PRIVATE = 0xF0000


def to_html(text: str) -> Markup:
    return Markup("").join(_block(block) for block in text.split("\n\n"))


def _block(block: str) -> Markup:
    lines = block.split("\n")
    if lines[0].startswith("|"):
        return Markup("<table>{}</table>").format(Markup("").join(_row(line) for line in lines))
    shown = Markup("").join(_line(line) for line in lines)
    if not LIST.fullmatch(lines[0]):
        return shown
    return Markup("<{0}>{1}</{0}>").format("ol" if lines[0].startswith("#") else "ul", shown)


def _line(line: str) -> Markup:
    if heading := HEADING.fullmatch(line):
        tag = "blockquote" if heading[1] == "bq" else heading[1]
        return Markup("<{0}>{1}</{0}>").format(tag, _inline(heading[2]))
    if entry := LIST.fullmatch(line):
        return Markup("<li>{}</li>").format(_inline(entry[2]))
    if re.fullmatch(r"-{4,}", line):
        return Markup("<hr>")
    return Markup("<p>{}</p>").format(_inline(line))


def _row(line: str) -> Markup:
    tag, bar = ("th", "||") if line.startswith("||") else ("td", "|")
    cells = _apart(line.strip("|"), bar)
    return Markup("<tr>{}</tr>").format(
        Markup("").join(Markup("<{0}><p>{1}</p></{0}>").format(tag, _inline(cell.strip())) for cell in cells)
    )


def _apart(line: str, bar: str) -> Iterator[str]:
    """Cut at the bars that stand in no link."""
    cell, depth = "", 0
    for piece in re.split(r"(\[|\]|\|+)", line):
        depth += {"[": 1, "]": -1}.get(piece, 0)
        if piece == bar and depth <= 0:
            yield cell
            cell = ""
        else:
            cell += piece
    yield cell


def _inline(text: str) -> Markup:
    plain: list[str] = []

    def hide(found: re.Match[str]) -> str:
        plain.append(found[1] or html.unescape(found[0]))
        return chr(PRIVATE + len(plain) - 1)

    return _shown(_marked(PLAIN.sub(hide, SMILEY.sub("{smiley}", text))), plain)


def _shown(marked: Markup, plain: list[str]) -> Markup:
    for position, character in enumerate(plain):
        marked = marked.replace(chr(PRIVATE + position), character)
    return marked


def _marked(text: str) -> Markup:
    """The first piece of markup, with what stands before and after it."""
    for pattern, made in RENDERERS:
        if found := pattern.search(text):
            return _marked(text[: found.start()]) + made(found) + _marked(text[found.end() :])
    return escape(text)


def _link(found: re.Match[str]) -> Markup:
    shown = _marked(found[1]) if found[1] else escape(found[2])
    if not found[2].lower().startswith(("http://", "https://")):
        return Markup('<a class="other">{}</a>').format(shown)
    return Markup('<a href="{}" rel="noreferrer noopener">{}</a>').format(found[2], shown)


def _bare(found: re.Match[str]) -> Markup:
    return Markup('<a href="{0}" rel="noreferrer noopener">{0}</a>').format(found[0])


def _phrase(found: re.Match[str]) -> Markup:
    if found[4] is not None:
        return Markup("<code>{}</code>").format(_marked(found[4]))
    tag = PHRASES[found[1] or "*"]
    return Markup("<{0}>{1}</{0}>").format(tag, _marked(found[2] or found[3] or ""))


def _picture(found: re.Match[str]) -> Markup:
    return Markup('<span class="picture">{}</span>').format(found[0])


RENDERERS = [
    (LINK, _link),
    (BARE, _bare),
    (PHRASE, _phrase),
    (MACRO, _picture),
    (IMAGE, _picture),
    (PICTURE, _picture),
    (BREAK, lambda _: Markup("<br>")),
    (DASHES, lambda _: Markup('<span class="picture">–</span>')),
]
