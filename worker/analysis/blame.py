"""Who is named in whose errors: the call graph as far as error messages tell it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from worker.domain.telemetry import ErrorType, ScopeDetail

SHORTEST_NAME = 3


def surging(errors: Iterable[ErrorType], window_to_baseline: float) -> list[ErrorType]:
    """Types whose count in the window is at least twice what the baseline's, scaled by length, would make it."""
    return [one for one in errors if one.in_window > 2 * max(one.in_baseline * window_to_baseline, 0.5)]


def named_services(
    caller: str, detail: ScopeDetail, services: Sequence[str], window_to_baseline: float
) -> dict[str, float]:
    """Service → share (0–1) of the caller's additional errors whose messages name it; never the caller itself."""
    others = [name for name in services if name != caller and len(name) >= SHORTEST_NAME]
    if not others:
        return {}
    pattern, spelled = _any_of(others), {name.lower(): name for name in others}
    types = surging(detail.errors, window_to_baseline)
    total = sum(one.in_window for one in types)
    shares: dict[str, float] = {}
    for one in types:
        for name, share in _named(one.messages, pattern).items():
            shares[spelled[name]] = shares.get(spelled[name], 0.0) + share * one.in_window / total
    return shares


def _any_of(names: Iterable[str]) -> re.Pattern[str]:
    longest_first = sorted(map(re.escape, names), key=len, reverse=True)
    # ASCII: letters that merely fold to the same one (a long s and s) do not spell a name.
    flags = re.IGNORECASE | re.ASCII
    return re.compile(rf"(?<![A-Za-z0-9_-])({'|'.join(longest_first)})(?![A-Za-z0-9_-])", flags)


def _named(messages: Sequence[str], pattern: re.Pattern[str]) -> Mapping[str, float]:
    counts: dict[str, float] = {}
    for message in messages:
        for name in {match.group(1).lower() for match in pattern.finditer(message)}:
            counts[name] = counts.get(name, 0.0) + 1 / len(messages)
    return counts
