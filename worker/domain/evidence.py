"""What was read, and what could not be."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, Field

from worker.domain.window import Window


class Evidence(BaseModel):
    """One thing that was read: enough to read it again.

    `query` is the body that was sent to `index`; `result` the figures the report rests on.
    """

    id: str
    title: str
    index: str
    query: dict[str, Any]
    window: Window
    result: dict[str, Any]
    link: str | None = None


def last_number(evidence: Iterable[Evidence]) -> int:
    """Of e1, e2, …; 0 where there is none."""
    return max((int(item.id[1:]) for item in evidence), default=0)


class Gap(BaseModel):
    """Evidence that could not be read, or a figure that could not be given."""

    what: str
    reason: str
    effect: str


class EvidenceLog(BaseModel):
    """Numbers evidence in the order it was read: e1, e2, …"""

    items: list[Evidence] = Field(default_factory=list)
    gaps: list[Gap] = Field(default_factory=list)

    def add(
        self,
        title: str,
        *,
        index: str,
        query: dict[str, Any],
        window: Window,
        result: dict[str, Any],
        link: str | None = None,
    ) -> str:
        evidence_id = f"e{len(self.items) + 1}"
        self.items.append(
            Evidence(id=evidence_id, title=title, index=index, query=query, window=window, result=result, link=link)
        )
        return evidence_id

    def miss(self, what: str, *, reason: str, effect: str) -> None:
        gap = Gap(what=what, reason=reason, effect=effect)
        if gap not in self.gaps:
            self.gaps.append(gap)
