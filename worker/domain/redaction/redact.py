"""Text without its secrets: each is replaced by a placeholder that says what it was.

Closed by default: where a text cannot be brought to rest, none of it is given. Redacting what was redacted changes
nothing; nothing is raised, whatever the text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from worker.domain.redaction.kinds import PLACEHOLDER, Kind
from worker.domain.redaction.reading import Reading, decode
from worker.domain.redaction.rules import RULES, WRAPPED, Rule, Span, unwrapped

# What one pass uncovers by what it takes away, the next one takes.
MOST_PASSES = 5
# Base64 within base64 is looked into once.
MOST_WRAPPINGS = 2
# Before it is cut, a text is read so much further that no secret is cut in two.
MARGIN = 4_096
_NEEDED = [(need, place) for place, rule in enumerate(RULES) for need in rule.needs]
_ALWAYS = {place for place, rule in enumerate(RULES) if not rule.needs}


def redact(text: str) -> str:
    """`text` with a placeholder for each secret. redact(redact(text)) == redact(text)."""
    return _redact_short(text) if len(text) <= 512 else _redact(text, MOST_WRAPPINGS)


@lru_cache(maxsize=8_192)
def _redact_short(text: str) -> str:
    return _redact(text, MOST_WRAPPINGS)


def excerpt(text: str, limit: int) -> str:
    """At most `limit` characters of `text`, redacted before it is cut; of a long one only the beginning is read."""
    redacted = redact(text[: limit + MARGIN])
    if len(redacted) > limit:
        return _without_half_placeholder(redacted, limit)
    if len(text) <= limit + MARGIN:
        return redacted
    # So much was taken out that what was read last would be told, and that may be half a token.
    return redacted[: max(redacted.rfind(" "), redacted.rfind("]") + 1)]


def _without_half_placeholder(text: str, limit: int) -> str:
    cut = next((found for found in PLACEHOLDER.finditer(text) if found.start() < limit < found.end()), None)
    return text[: cut.start() if cut else limit]


def redact_values(value: Any) -> Any:
    """A document with every text in it redacted, its keys as well."""
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return redact(value)
        case Mapping():
            return _redact_mapping(value)
        case list():
            return [redact_values(item) for item in value]
        case tuple():
            return tuple(redact_values(item) for item in value)
        case _:
            return value


def _redact_mapping(mapping: Mapping[Any, Any]) -> dict[Any, Any]:
    redacted: dict[Any, Any] = {}
    for key, item in mapping.items():
        name = numbered = redact(key) if isinstance(key, str) else key
        number = 1
        while numbered in redacted:
            number += 1
            numbered = f"{name} ({number})"
        redacted[numbered] = _redact_item(name, item)
    return redacted


def _redact_item(key: Any, item: Any) -> Any:
    """{"password": "x"} tells as much as the text `password=x`."""
    if not (isinstance(key, str) and isinstance(item, str)):
        return redact_values(item)
    head = f"{key}="
    together = redact(head + item)
    return together.removeprefix(head) if together.startswith(head) else redact(item)


def count_redacted(value: Any) -> dict[str, int]:
    """How many secrets of each kind were taken from the texts in `value`."""
    return dict(sorted(Counter(_placeholders(value)).items()))


def _placeholders(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield from PLACEHOLDER.findall(value)
        case Mapping():
            for key, item in value.items():
                yield from _placeholders(key)
                yield from _placeholders(item)
        case list() | tuple():
            for item in value:
                yield from _placeholders(item)


def _redact(text: str, wrappings: int) -> str:
    for _ in range(MOST_PASSES):
        redacted = _pass(text, wrappings)
        if redacted == text:
            return text
        text = redacted
    return Kind.TEXT.placeholder


def _pass(text: str, wrappings: int) -> str:
    """Every rule applied to what stands between placeholders: those are never part of a secret."""
    parts = _split(text)
    for rule in _rules_for(text):
        parts = [piece for part in parts for piece in _apply(part, _spans_of(rule, part), rule.kind)]
    if wrappings:
        parts = [piece for part in parts for piece in _unwrap(part, wrappings)]
    return "".join(part.placeholder if isinstance(part, Kind) else part.text for part in parts)


def _rules_for(text: str) -> list[Rule]:
    """Most texts hold nothing that any rule but a few could begin with."""
    readings = Plain(text).lowered
    places = {place for need, place in _NEEDED if need in readings}
    return [RULES[place] for place in sorted(places | _ALWAYS)]


@dataclass
class Plain:
    """A stretch of text without placeholders."""

    text: str

    @cached_property
    def readings(self) -> list[Reading | None]:
        """As it is written (None), and as it reads."""
        decoded = decode(self.text)
        return [None, decoded] if decoded else [None]

    @cached_property
    def lowered(self) -> str:
        return "\n".join((reading.text if reading else self.text).lower() for reading in self.readings)


Part = Plain | Kind


def _split(text: str) -> list[Part]:
    """PLACEHOLDER has one group, so its pieces are plain text and a kind's name in turn."""
    pieces = PLACEHOLDER.split(text)
    return [Kind(piece) if place % 2 else Plain(piece) for place, piece in enumerate(pieces) if piece]


def _apply(part: Part, spans: list[Span], kind: Kind) -> list[Part]:
    if isinstance(part, Kind) or not spans:
        return [part]
    pieces: list[Part] = []
    position = 0
    for start, end in spans:
        pieces += [Plain(part.text[position:start])] if start > position else []
        pieces.append(kind)
        position = end
    return pieces + ([Plain(part.text[position:])] if position < len(part.text) else [])


def _spans_of(rule: Rule, part: Part) -> list[Span]:
    """In the text's own places, in order, those that overlap as one."""
    if isinstance(part, Kind):
        return []
    found: list[Span] = []
    for reading in part.readings:
        for start, end in _matches(rule, reading.text if reading else part.text):
            found.append(reading.in_source(start, end) if reading else (start, end))
    return _merged(found)


def _matches(rule: Rule, text: str) -> Iterator[Span]:
    position = 0
    while found := rule.pattern.search(text, position):
        span = rule.span_of(found)
        if span and span[1] > span[0]:
            yield span
            position = max(found.start() + 1, span[1])
        else:
            # What was refused may hold another: `token: "password=x"`.
            position = found.start() + 1


def _merged(spans: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _unwrap(part: Part, wrappings: int) -> list[Part]:
    """Base64 or hexadecimal of a text that holds a secret goes as a whole, as what it holds first."""
    if isinstance(part, Kind):
        return [part]
    pieces: list[Part] = []
    position = 0
    for found in WRAPPED.finditer(part.text):
        held = _held_in(found[0], wrappings)
        if held:
            pieces += [Plain(part.text[position : found.start()])] if found.start() > position else []
            pieces.append(held)
            position = found.end()
    return [*pieces, Plain(part.text[position:])] if position < len(part.text) else pieces


def _held_in(wrapped: str, wrappings: int) -> Kind | None:
    for text in unwrapped(wrapped):
        if held := PLACEHOLDER.search(_pass(text, wrappings - 1)):
            return Kind(held[1])
    return None
