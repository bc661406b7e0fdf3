"""What asking a language model takes."""

from __future__ import annotations

from typing import Literal, NamedTuple

# What a model was asked for.
Of = Literal["narratives", "answers", "embeddings"]


class Spending(NamedTuple):
    calls: int = 0
    tokens: int = 0
    seconds: float = 0.0
    usd: float = 0.0

    def plus(self, other: Spending) -> Spending:
        return Spending(*(a + b for a, b in zip(self, other, strict=True)))  # type: ignore[arg-type]

    def minus(self, other: Spending) -> Spending:
        return Spending(*(a - b for a, b in zip(self, other, strict=True)))  # type: ignore[arg-type]

    def times(self, count: int) -> Spending:
        return Spending(self.calls * count, self.tokens * count, self.seconds * count, self.usd * count)

    def beyond(self, limit: Spending) -> str | None:
        """The first part that is more than `limit` allows."""
        return next((name for name in self._fields if getattr(self, name) > getattr(limit, name)), None)


def in_words(part: str) -> str:
    """A part of a Spending, as people call it."""
    return "US dollars" if part == "usd" else part
