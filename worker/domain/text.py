"""Text that came from telemetry, alerts or a model, made fit to be shown: nothing in it stays hidden."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

# Joiners make emoji and Persian what they are; tab and newline are handled by whoever lays out the text.
_HARMLESS = frozenset("\t\n\u200c\u200d")
HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
CITATION = r"\[e\d+(?:[,\s]+e\d+)*\]"


def reveal(text: str) -> str:
    """Control characters and those that turn the direction of writing, as their `\\uXXXX` names.

    A name that reads differently from what it is would send its reader to the wrong service; in JSON
    the escape means the same character, so a query that is copied from a page still finds it.
    """
    if text.isprintable():
        return text
    return "".join(_name(character) if _is_hidden(character) else character for character in text)


def _is_hidden(character: str) -> bool:
    return character not in _HARMLESS and unicodedata.category(character) in HIDDEN_CATEGORIES


def _name(character: str) -> str:
    escaped = json.dumps(character)[1:-1]
    return escaped if escaped != character else f"\\u{ord(character):04x}"


def one_line(text: str) -> str:
    return " ".join(reveal(text).split())


def paragraphs(text: str) -> list[str]:
    return [line for line in (one_line(line) for line in text.splitlines()) if line]


def first_sentence(text: str) -> tuple[str, str]:
    """The first sentence with the evidence it cites, and the rest."""
    sentence = re.match(rf".*?[.!?](?:\s*{CITATION})*(?=\s|$)", text, re.DOTALL)
    end = sentence.end() if sentence else len(text)
    return text[:end].strip(), text[end:].strip()


class Piece(NamedTuple):
    """Words, or the evidence ids that one pair of brackets held."""

    text: str
    evidence: tuple[str, ...] = ()


def pieces(text: str) -> Iterator[Piece]:
    """`text` cut at its citations: "fails [e1 e2]." gives words, a citation, words."""
    end = 0
    for citation in re.finditer(CITATION, text):
        if citation.start() > end:
            yield Piece(text[end : citation.start()])
        yield Piece(citation[0], tuple(re.findall(r"e\d+", citation[0])))
        end = citation.end()
    if end < len(text):
        yield Piece(text[end:])
