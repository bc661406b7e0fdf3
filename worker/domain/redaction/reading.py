"""A text as those read it who know its encodings: escapes decoded, what is hidden gone, full-width letters as ASCII.

A secret is no less one for being percent-encoded, written in full-width letters, or having a zero-width space in it.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

# %2540 is %40 is @.
ROUNDS = 3
# Letters that are not seen; those of category Cf are hidden as well, and marks (Mn) only lie over others.
_UNSEEN = frozenset("\u115f\u1160\u3164\uffa0")
_ENCODED = re.compile(
    r"""
    (?P<percent>(?:%[0-9A-Fa-f]{2})++)
    | \\u(?P<four>[0-9A-Fa-f]{4})
    | \\x(?P<two>[0-9A-Fa-f]{2})
    | \\(?P<letter>["'/\\nrt])
    | (?P<entity>&(?:\#[0-9]{1,7}|\#[xX][0-9A-Fa-f]{1,6}|[a-z]{2,8});)
    | (?P<other>[^\x00-\x7f])
    """,
    re.VERBOSE,
)
_LETTERS = {"n": "\n", "r": "\r", "t": "\t"}


class Reading(NamedTuple):
    """`text`, whose character i was written as `source[starts[i]:ends[i]]`."""

    text: str
    starts: list[int]
    ends: list[int]

    def in_source(self, start: int, end: int) -> tuple[int, int]:
        return self.starts[start], self.ends[end - 1]


def decode(text: str) -> Reading | None:
    """None where the text reads as it is written."""
    if text.isascii() and not any(mark in text for mark in "%\\&"):
        return None
    reading = Reading(text, list(range(len(text))), list(range(1, len(text) + 1)))
    for _ in range(ROUNDS):
        further = _decode_once(reading)
        if further.text == reading.text:
            break
        reading = further
    return None if reading.text == text else reading


def _decode_once(reading: Reading) -> Reading:
    decoded = Reading("", [], [])
    characters: list[str] = []
    for character, start, end in _characters(reading.text):
        characters.append(character)
        decoded.starts.append(reading.starts[start])
        decoded.ends.append(reading.ends[end - 1])
    return decoded._replace(text="".join(characters))


def _characters(text: str) -> Iterator[tuple[str, int, int]]:
    """(character, start, end) of what each part of `text` stands for."""
    position = 0
    for found in _ENCODED.finditer(text):
        yield from ((text[at], at, at + 1) for at in range(position, found.start()))
        if found["percent"]:
            yield from _of_percent(found)
        else:
            yield from ((character, *found.span()) for character in _meant(found))
        position = found.end()
    yield from ((text[at], at, at + 1) for at in range(position, len(text)))


def _of_percent(found: re.Match[str]) -> Iterator[tuple[str, int, int]]:
    start = at = found.start()
    try:
        decoded = bytes.fromhex(found[0].replace("%", "")).decode()
    except UnicodeDecodeError:
        yield from ((character, start + place, start + place + 1) for place, character in enumerate(found[0]))
        return
    for character in decoded:
        length = 3 * len(character.encode())
        yield character, at, at + length
        at += length


def _meant(found: re.Match[str]) -> str:
    if code := found["four"] or found["two"]:
        character = chr(int(code, 16))
        return character if character.isascii() else _plain(character)
    if letter := found["letter"]:
        return _LETTERS.get(letter, letter)
    return html.unescape(found["entity"]) if found["entity"] else _plain(found["other"])


@lru_cache(maxsize=4096)
def _plain(character: str) -> str:
    """What a character looks like in ASCII, where it looks like that; nothing where it is not seen."""
    if unicodedata.category(character) in ("Cf", "Mn") or character in _UNSEEN:
        return ""
    if (digit := unicodedata.decimal(character, None)) is not None:
        return str(digit)
    compatible = unicodedata.normalize("NFKC", character)
    return compatible if compatible.isascii() else character
