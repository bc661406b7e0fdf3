"""Log patterns: lines that differ only in their values are one pattern, and patterns are compared before and within.

The patterns are Drain's (He et al., ICWS 2017): a tree of fixed depth by a line's number of words and its first
words, then the most similar known pattern. Values that give themselves away (numbers, ids, times, quoted text) are
masked before. Own code, since the published implementation is no longer kept and pins an old dependency.
"""

from __future__ import annotations

import json
import re
import string
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from worker.analysis.system.calls import CHANCE_BITS, surprise
from worker.domain.telemetry import Line, Lines

ANY = "<*>"
LONGEST = 1000
MOST_WORDS = 60
DEPTH = 3
SIMILAR = 0.7
MOST_CHILDREN = 100
# Lines come in bursts: their counts' variance beyond Poisson's, per squared mean.
OVERDISPERSION = 0.1
FEWEST_ERRORS = 3
FEWEST_GONE = 5
# A pattern is expected as often as the service's other lines, together with this many that everyone's volume tells.
PRIOR_LINES = 5

Trend = Literal["new", "surging", "gone"]

VALUE = re.compile(
    r"""
    (?:"[^"]{0,200}"|'[^']{0,200}')                                   # quoted text
    | \b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b        # UUIDs
    | (?<![\w])(?=[\w-]*\d)[\w-]{9,}(?![\w])                          # words with digits: ids, hashes, dates
    | (?:\d+[.:/\-T])*\d+(?:\.\d+)?(?:ns|us|ms|s|Z|%|[kKMG]i?B)?\b    # numbers, times, addresses, sizes
    """,
    re.VERBOSE,
)
# What follows a colon within brackets is the value of what stands before it.
BRACKETED = re.compile(r"\[([^\[\]:]{1,60}): ?[^\[\]]*\]")
# Brackets are words of their own: a list is another pattern than a single value.
BRACKETS = frozenset("[](){}")
WORD = re.compile(r"[\[\](){}]|[^\s\[\](){}]+")
COUNTED = re.compile(r"<\*>(?:[,;:.]?\s*<\*>)+")
WITHIN_WORDS = string.ascii_letters + string.digits + "@.+%=_/-"
TROUBLE = re.compile(
    r"error|exception|fail|panic|fatal|refused|timed? ?out|timeout|unavailable|denied|rejected|reset by peer"
    r"|unhealthy|unreachable|invalid|expired|exceeded|aborted|no instances|not found|out of memory|no space",
    re.IGNORECASE,
)


@dataclass
class Pattern:
    words: list[str]

    @property
    def text(self) -> str:
        return " ".join(self.words)

    def similarity(self, words: Sequence[str]) -> float:
        """Share of equal words; 0 where the brackets differ."""
        if any(
            (known in BRACKETS or word in BRACKETS) and known != word
            for known, word in zip(self.words, words, strict=True)
        ):
            return 0.0
        same = sum(known in (word, ANY) for known, word in zip(self.words, words, strict=True))
        return same / max(len(words), 1)

    def widen(self, words: Sequence[str]) -> None:
        self.words = [known if known == word else ANY for known, word in zip(self.words, words, strict=True)]


@dataclass
class Miner:
    """Finds a line's pattern. A masked line that was seen before costs one look-up."""

    _leaves: dict[tuple[object, ...], list[Pattern]] = field(default_factory=lambda: defaultdict(list))
    _known: dict[str, Pattern] = field(default_factory=dict)
    _children: dict[tuple[object, ...], set[str]] = field(default_factory=lambda: defaultdict(set))

    def pattern(self, message: str) -> Pattern:
        masked = mask(message)
        if masked not in self._known:
            self._known[masked] = self._find(WORD.findall(masked)[:MOST_WORDS])
        return self._known[masked]

    def _find(self, words: list[str]) -> Pattern:
        leaf = self._leaves[self._place(words)]
        best = max(leaf, key=lambda known: known.similarity(words), default=None)
        if best is None or best.similarity(words) < SIMILAR:
            best = Pattern(list(words))
            leaf.append(best)
        best.widen(words)
        return best

    def _place(self, words: list[str]) -> tuple[object, ...]:
        place: tuple[object, ...] = (len(words),)
        for word in words[:DEPTH]:
            place = (*place, self._branch(place, word))
        return place

    def _branch(self, place: tuple[object, ...], word: str) -> str:
        """Words with values, and words beyond what a node may hold, share a branch."""
        children = self._children[place]
        if word == ANY or (word not in children and len(children) >= MOST_CHILDREN):
            return ANY
        children.add(word)
        return word


@lru_cache(maxsize=65_536)
def mask(message: str) -> str:
    text = BRACKETED.sub(rf"[\1: {ANY}]", _beginning(spoken(message)))
    return COUNTED.sub(ANY, VALUE.sub(ANY, text))


def _beginning(text: str) -> str:
    """Cut before a word, not in it: half a token is no longer known for one."""
    if len(text) <= LONGEST:
        return text
    return text[:LONGEST].rstrip(WITHIN_WORDS) or text[:LONGEST]


def spoken(message: str) -> str:
    """The message of a line that is a JSON object, and any other line as it is."""
    if not message.startswith("{"):
        return message
    try:
        fields = json.loads(message)
    except ValueError:
        return message
    inner = next((fields[name] for name in ("message", "msg", "log") if isinstance(fields.get(name), str)), None)
    return message if inner is None else inner


@dataclass(frozen=True)
class PatternChange:
    """A pattern of one service that is new, surging or gone within the window.

    `expected` lines within, from how often it came before and how many lines the service logs now; `bits` of surprise
    beyond chance; `share` of the service's lines within; `names`: other services that the example names.
    """

    service: str
    trend: Trend
    text: str
    example: str
    before: int
    within: int
    expected: float
    bits: float
    share: float
    is_error: bool
    names: tuple[str, ...] = ()


@dataclass
class _Counts:
    before: int = 0
    within: int = 0
    example: str = ""
    is_error: bool = False


def compare(lines: Lines, services: Iterable[str]) -> list[PatternChange]:
    """What changed, the most surprising first. Of errors what is new or surging, of other lines what is gone.

    More ordinary lines than before are more work, or other work, and say nothing of a fault.
    """
    if not lines.before or not lines.within:
        return []
    counts = _count(lines)
    volume = len(lines.within) / len(lines.before)
    others = _namer(services)
    found = [
        change
        for service, patterns in sorted(counts.items())
        for text, one in sorted(patterns.items())
        if (change := _change(service, text, one, _expected(one, patterns, volume), patterns, others))
    ]
    return sorted(found, key=lambda change: -change.bits)


def _count(lines: Lines) -> dict[str, dict[str, _Counts]]:
    miners: dict[str, Miner] = defaultdict(Miner)
    spans = ((lines.before, "before"), (lines.within, "within"))
    placed = [(miners[line.service].pattern(line.message), line, span) for found, span in spans for line in found]
    counts: dict[str, dict[str, _Counts]] = defaultdict(lambda: defaultdict(_Counts))
    # Patterns widen while lines are read, so their text is known only afterwards.
    for pattern, line, span in placed:
        one = counts[line.service][pattern.text]
        setattr(one, span, getattr(one, span) + 1)
        if span == "within" or not one.example:
            one.example = spoken(line.message)
        one.is_error = one.is_error or tells_of_trouble(line)
    return counts


def tells_of_trouble(line: Line) -> bool:
    """An error by its level, or a warning or a line without a level that speaks of trouble."""
    if line.severity in ("error", "normal"):
        return line.severity == "error"
    return bool(TROUBLE.search(spoken(line.message)[:LONGEST]))


def _expected(one: _Counts, patterns: dict[str, _Counts], volume: float) -> float:
    """By the service's other lines; its errors say nothing of how much it does."""
    others = [other for other in patterns.values() if other is not one and not other.is_error]
    before, within = sum(other.before for other in others), sum(other.within for other in others)
    return one.before * (within + PRIOR_LINES * volume) / (before + PRIOR_LINES)


def _change(
    service: str, text: str, one: _Counts, expected: float, patterns: dict[str, _Counts], others: re.Pattern[str] | None
) -> PatternChange | None:
    if not one.is_error:
        # More of other work makes nothing disappear: less is expected where the service does less, never more.
        expected = min(expected, float(one.before))
    trend = _trend(one, expected)
    if trend is None:
        return None
    bits = surprise(one.within, expected, OVERDISPERSION) - CHANCE_BITS
    if bits <= 0:
        return None
    names = sorted(set(others.findall(one.example)) - {service}) if others else []
    total = sum(other.within for other in patterns.values())
    share = one.within / total if total else 0.0
    return PatternChange(
        service, trend, text, one.example, one.before, one.within, expected, bits, share, one.is_error, tuple(names)
    )


def _trend(one: _Counts, expected: float) -> Trend | None:
    if one.is_error and one.within > expected and one.within >= FEWEST_ERRORS:
        return "surging" if one.before else "new"
    if not one.is_error and one.within < expected and one.before >= FEWEST_GONE:
        return "gone"
    return None


def _namer(services: Iterable[str]) -> re.Pattern[str] | None:
    """Finds whole names of services in a line."""
    names = sorted({name for name in services if len(name) >= 3}, key=len, reverse=True)
    if not names:
        return None
    return re.compile(rf"(?<![A-Za-z0-9_-])({'|'.join(map(re.escape, names))})(?![A-Za-z0-9_-])", re.ASCII)
