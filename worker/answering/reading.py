"""The text of a question while it is read: what was understood is taken out, and the rest stays in its place."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from worker.domain.text import HIDDEN_CATEGORIES
from worker.errors import RequestRefused

LONGEST = 1_000
# In the place of what was taken: no pattern matches it, so that words on both sides of it are no neighbours.
TAKEN = "\0"
_QUOTES = re.compile(r"`([^`]+)`|\"([^\"]+)\"|“([^”]+)”|«([^»]+)»|(?<!\w)'([^']+)'(?!\w)")
_WHOLE = re.compile(r"""(["'`])((?:(?!\1).)+)\1""")
# What a question may hold around its words; none of it is a query.
WORD = re.compile(r"(?:\.{0,2}/){0,8}[^\W_](?:[\w./:@-]*\w)?(?:'[a-z]+)?")


@dataclass
class QuestionText:
    """`text` is the question on one line; `left` is as long, in small letters, with TAKEN for what was understood."""

    text: str
    left: str

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """The first match of what is left, which is taken out."""
        found = pattern.search(self.left)
        if found:
            self.take_out(*found.span())
        return found

    def take_out(self, start: int, end: int) -> None:
        self.left = self.left[:start] + TAKEN * (end - start) + self.left[end:]

    def cut(self, start: int, end: int) -> None:
        """As if it had not been said: what stands on both sides of it meets."""
        for name in ("text", "left"):
            whole = getattr(self, name)
            setattr(self, name, f"{whole[:start].rstrip(' (,')} {whole[end:].lstrip(' ),')}".strip())

    def words(self) -> list[re.Match[str]]:
        """The words that are left, in their order."""
        return list(WORD.finditer(self.left))

    def said(self, match: re.Match[str]) -> str:
        """As the asker wrote it."""
        return self.text[match.start() : match.end()]


def read(question: str) -> QuestionText:
    """Raises RequestRefused for what is no question: nothing, too much, or no words."""
    if len(question) > LONGEST:
        raise RequestRefused(f"A question has at most {LONGEST:,} characters, and this one has {len(question):,}.")
    text = " ".join("".join(_visible(letter) for letter in question.replace("’", "'")).split())
    if whole := _WHOLE.fullmatch(text):
        text = whole[2].strip()
    if not WORD.search(text):
        raise RequestRefused("That is no question: it has no words.")
    return QuestionText(text, "".join(_small(letter) for letter in text))


def quoted(reading: QuestionText) -> list[tuple[str, int]]:
    """What stands in quotes or backticks, verbatim, with its place; it is taken out."""
    found = []
    while match := reading.take(_QUOTES):
        if TAKEN in match[0]:
            continue
        number = next(index for index, name in enumerate(match.groups(), 1) if name is not None)
        start, end = match.span(number)
        found.append((reading.text[start:end].strip(), start))
    return [(name, place) for name, place in found if name]


def _visible(letter: str) -> str:
    """Control characters and those that turn the direction of writing part words, and are nothing else."""
    return " " if unicodedata.category(letter) in HIDDEN_CATEGORIES else letter


def _small(letter: str) -> str:
    """In small letters, but never more than one for one."""
    lowered = letter.lower()
    return lowered if len(lowered) == 1 else letter
