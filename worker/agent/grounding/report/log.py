"""What the evidence of a report tells of log lines: types of errors with their counts, and patterns of lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from worker.domain.report import Report


def types(result: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Of one piece of evidence, each type of errors: `name`, `in_window`, `in_baseline`, `messages`."""
    return _listed(result, "types")


def patterns(report: Report) -> Iterator[Mapping[str, Any]]:
    """Each pattern of log lines that has a text: `text`, `example`, `service`, `within`, `before`, `expected`."""
    for item in report.evidence:
        yield from (one for one in _listed(item.result, "patterns") if isinstance(one.get("text"), str))


def _listed(result: Mapping[str, Any], field: str) -> Iterator[Mapping[str, Any]]:
    found = result.get(field)
    yield from (one for one in (found if isinstance(found, list | tuple) else ()) if isinstance(one, Mapping))
