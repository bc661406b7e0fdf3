"""What a tool answers: rows as evidence, redacted and short."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from worker.domain.lookup import Reading
from worker.domain.redaction.redact import excerpt, redact_values
from worker.domain.text import one_line
from worker.domain.window import Window, iso
from worker.errors import SpikeTraceError

MOST_ROWS = 20
LONGEST_TEXT = 240
LONGEST_RESULT = 4_000

Row = dict[str, Any]


class ToolRefused(SpikeTraceError):
    """What was asked is not allowed or makes no sense; the reason is for whoever asked."""


class ToolResult(BaseModel):
    """`rows` were read from `index` in `window`. `id` (t1, t2, …) is what a text cites; empty outside a conversation.

    `left_out` counts the rows that there was no room for; `note` says what else a reader should know.
    """

    id: str = ""
    tool: str
    title: str
    index: str
    window: Window
    rows: list[Row]
    left_out: int = 0
    note: str | None = None
    arguments: dict[str, Any] = Field(default_factory=dict)

    def told(self) -> Row:
        """As a model, or another agent, is told it."""
        told = self.model_dump(mode="json", exclude={"arguments", "window", "title"}, exclude_none=True)
        return {**told, "window": [iso(self.window.start), iso(self.window.end)]}


@dataclass(frozen=True)
class Found:
    """What a tool makes of a reading, before it is made fit to be told."""

    title: str
    reading: Reading[Any]
    rows: list[Row]
    note: str | None = None


def result_of(tool: str, found: Found, arguments: Mapping[str, Any]) -> ToolResult:
    rows, left_out = _fitting([_row(row) for row in found.rows])
    notes = [note for note in (found.note, found.reading.flaw) if note]
    more = max(0, (found.reading.total or 0) - len(found.rows))
    return ToolResult(
        tool=tool,
        title=found.title,
        index=found.reading.index,
        window=found.reading.window,
        rows=rows,
        left_out=left_out + more,
        note=excerpt(one_line("; ".join(notes)), LONGEST_TEXT) or None,
        arguments=redact_values(dict(arguments)),
    )


def _row(row: Row) -> Row:
    """Redacted, without what is not known, in figures that people would write."""
    redacted: Row = redact_values({name: _value(value) for name, value in row.items() if value is not None})
    return redacted


def _value(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _value(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_value(item) for item in value]
    if isinstance(value, int):
        return value
    return figure(value) if isinstance(value, float) else _text(value)


def figure(value: float) -> float:
    """Four figures are enough, and of what is large the whole part."""
    return round(value) if 10_000 <= abs(value) < math.inf else float(f"{value:.4g}")


def _text(value: Any) -> str:
    return iso(value) if isinstance(value, datetime) else excerpt(one_line(str(value)), LONGEST_TEXT)


def _fitting(rows: list[Row]) -> tuple[list[Row], int]:
    """As many from the first on as a short answer holds, and how many it does not."""
    kept: list[Row] = []
    room = LONGEST_RESULT
    for row in rows[:MOST_ROWS]:
        room -= len(json.dumps(row, ensure_ascii=False))
        if room < 0:
            break
        kept.append(row)
    return kept, len(rows) - len(kept)


def rows_of(models: Iterable[BaseModel]) -> list[Row]:
    return [model.model_dump() for model in models]
