"""What is said to a language model and what it answers, whoever's model it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class ToolSpec(NamedTuple):
    """A tool as a model is told of it; `parameters` is JSON Schema."""

    name: str
    description: str
    parameters: dict[str, Any]


class ToolCall(NamedTuple):
    name: str
    arguments: dict[str, Any]


class ToolAnswer(NamedTuple):
    """`call` is what was asked, in the same order."""

    call: ToolCall
    content: dict[str, Any]


@dataclass(frozen=True)
class Exchange:
    """A model asked for tools, and was answered. `said` is the adapter's own record of the model's turn."""

    said: Any
    answers: list[ToolAnswer]


@dataclass(frozen=True)
class Conversation:
    """What a model is to answer. With `schema` (JSON Schema) the answer is JSON of that form, and tools are none."""

    system: str
    prompt: str
    exchanges: list[Exchange] = field(default_factory=list)
    tools: Sequence[ToolSpec] = ()
    schema: dict[str, Any] | None = None
    most_output_tokens: int = 2_048


class Usage(NamedTuple):
    """Tokens; those that a model thinks with are output."""

    input_tokens: int = 0
    output_tokens: int = 0

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens

    def plus(self, other: Usage) -> Usage:
        return Usage(self.input_tokens + other.input_tokens, self.output_tokens + other.output_tokens)


@dataclass(frozen=True)
class Reply:
    """`calls` are the tools that the model asks for; `text` is empty where it asks for tools alone.

    `flaw`: why the reply is not whole (cut off, blocked), if it is not.
    """

    text: str
    calls: list[ToolCall]
    usage: Usage
    said: Any = None
    flaw: str | None = None
